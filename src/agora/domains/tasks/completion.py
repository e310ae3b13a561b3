"""How a task moves on: started, given back, failed, ended, and what follows from its end."""

from __future__ import annotations

from typing import Any

from agora.core.call import decode_json, encode_json
from agora_sdk.contract.fields import TaskStatus

from . import queries as tasks
from . import queues, states
from . import views as view
from .draft import Draft, parties
from .prices import agree_on_price, charge_price, release_price
from .signals import STEP_TASK_ENDED, StepTaskEnded

__all__ = ["announce", "attempt_failed", "end", "move", "offer", "pool_queue", "requeue", "start"]

LONGEST_BACKOFF = 86_400.0  # seconds
SHOWN = 65_536  #: a result longer than so many characters is not repeated in the log
_S = TaskStatus


def announce(draft: Draft) -> None:
    """Say that a task can be claimed: to whom it is addressed, or to everyone."""
    address = queues.address_of(draft["queue"])
    if address is None:
        draft.emit("available", audience=None, **view.told(draft.row))
    elif not address.startswith("name:"):
        draft.emit("available", audience=(draft["assigned_agent"],), **view.told(draft.row))


def offer(draft: Draft) -> None:
    """Let a pending task be claimed, if nothing stands in the way."""
    if draft["blocked"] == 0 and draft["available_at"] is None:
        draft.set(waiting=1)
        announce(draft)


async def start(draft: Draft) -> None:
    """Begin a task without a claim: it has no lease then, and nobody takes it from its assignee."""
    call = draft.call
    subject = call.caller.subject
    meant = draft["assigned_agent"]
    doer = meant if call.caller.acts_for_others and meant and ":" not in meant else subject
    draft.set(
        status=_S.IN_PROGRESS.value,
        waiting=0,
        holder=doer,
        assigned_agent=doer,
        fence=draft["fence"] + 1,
        attempts=draft["attempts"] + 1,
        started_at=call.now,
        available_at=None,
        progress=0.0,
        error=None,
    )
    draft.log("status", status=_S.IN_PROGRESS, progress=0.0)
    draft.emit("started", attempt=draft["attempts"])
    call.tx.append(tasks.BUSY, (call.caller.tenant, doer, 1))


def _put_down(draft: Draft) -> None:
    """Nobody works on it any more."""
    if draft["holder"] is not None and draft["status"] not in (_S.PENDING, *states.TERMINAL):
        draft.call.tx.append(tasks.BUSY, (draft["tenant_id"], draft["holder"], -1))
    draft.set(lease_until=None, waiting=0, available_at=None)


def _home(draft: Draft) -> str | None:
    """Whose a task is that nobody has claimed."""
    address = queues.address_of(draft["queue"])
    if address is None:
        return None
    if address.startswith("agent:"):
        return address.removeprefix("agent:")
    return str(draft["assigned_agent"]) if address.startswith("worker:") else address


def pool_queue(draft: Draft) -> str:
    """The queue for anyone that fits."""
    model = [draft["required_model"]] if draft["required_model"] else []
    needed = queues.tokens(decode_json(draft["requirements"]), model)
    return queues.queue_name(queues.lane(None, needed), draft["task_type"])


async def requeue(draft: Draft, reason: str, *, available_at: int | None = None, refund: bool = False) -> None:
    """Give a task back to its queue. refund: the attempt does not count."""
    states.check(draft.task_id, draft["status"], _S.PENDING)
    holder, told = draft["holder"], parties(draft.row)
    _put_down(draft)
    if states.is_balanced(draft.row) and decode_json(draft["requirements"]):
        draft.set(queue=pool_queue(draft))  # the agent that its load chose may be gone: others need not wait for it
    draft.set(
        status=_S.PENDING.value,
        holder=None,
        worker=None,
        assigned_agent=_home(draft),
        fence=draft["fence"] + 1,
        attempts=draft["attempts"] - 1 if refund and draft["attempts"] else draft["attempts"],
        available_at=available_at,
    )
    draft.log("status", status=_S.PENDING, content=reason, data={"from": holder})
    told = tuple(dict.fromkeys((*told, *parties(draft.row))))  # who held it learns that it does no more
    draft.emit("requeued", audience=told, reason=reason, holder=holder, attempts=draft["attempts"])
    offer(draft)
    await draft.save()


async def move(
    draft: Draft, queue: str, agent: str | None, assignee: str | None, reason: str | None, *, among: bool = False
) -> None:
    """Put a task into another queue; whoever held it holds it no more.

    among: the agent is one of several that were named. Raises PaymentRequired where the price of the agent does not fit.
    """
    before = draft["assigned_agent"]
    if draft["status"] != _S.PENDING:
        states.check(draft.task_id, draft["status"], _S.PENDING)
    holder, again = draft["holder"], draft["available_at"]
    told = tuple(dict.fromkeys(who for who in (*parties(draft.row), agent) if who))
    _put_down(draft)
    draft.set(status=_S.PENDING.value, holder=None, worker=None, queue=queue, assigned_agent=agent, assignee=assignee)
    if holder is not None:
        draft.set(fence=draft["fence"] + 1)
    draft.set(available_at=again)
    await agree_on_price(draft, among=among)
    draft.log("status", status=_S.PENDING, content=reason, data={"reassigned": {"from": before, "to": agent}})
    draft.emit("reassigned", audience=told, reason=reason, previous=before)
    offer(draft)
    await draft.save()


async def attempt_failed(draft: Draft, error: str, *, retry: bool, lost: bool = False) -> None:
    """An attempt came to nothing: there is another one after a pause, or the task has failed.

    lost: nobody said so; the lease ran out.
    """
    if not lost:
        draft.set(failures=draft["failures"] + 1)
        bound = draft["max_failures"]
        retry = retry and (bound is None or draft["failures"] <= bound)
    if retry and draft["attempts"] < draft["max_attempts"]:
        pause = min(draft["retry_backoff"] * 2.0 ** min(draft["attempts"] - 1, 20), LONGEST_BACKOFF)
        again = draft.call.now + int(pause * 1_000_000) if pause > 0 else None
        draft.set(error=error)
        await requeue(draft, error, available_at=again)
    else:
        await end(draft, _S.DEAD_LETTERED if lost else _S.FAILED, error=error)


async def end(
    draft: Draft, status: TaskStatus, *, result: Any = None, error: str | None = None, content: str | None = None
) -> None:
    """End a task, and let what waited for that go on: in the same transaction."""
    ended = [draft]
    await _conclude(draft, status, result, error, content)
    while ended:
        done = ended.pop()
        if done["has_dependants"]:
            ended += await _release_dependants(done)


async def _conclude(draft: Draft, status: TaskStatus, result: Any, error: str | None, content: str | None) -> None:
    states.check(draft.task_id, draft["status"], status)
    call = draft.call
    if status is _S.COMPLETED:
        _remember_duration(draft)
        await charge_price(draft)
    else:
        await release_price(draft)
    _put_down(draft)
    draft.set(status=status.value, completed_at=call.now, error=error)
    if status is _S.COMPLETED:
        draft.set(progress=100.0)
    if result is not None:
        text = encode_json(result)
        await call.tx.execute(tasks.set_result, task_id=draft.task_id, result=text)
        shown = result if len(text) <= SHOWN else None
    else:
        shown = None
    draft.log("done", status=status, progress=draft["progress"], content=content or error, data=shown)
    draft.emit(status.value, error=error, reason=content, attempts=draft["attempts"])
    await draft.save()
    if draft["workflow_id"] is not None:
        await call.publish(STEP_TASK_ENDED, StepTaskEnded(draft.row, status, error or content))


def _remember_duration(draft: Draft) -> None:
    if draft["started_at"] is None or draft["holder"] is None:
        return
    waited, ran = draft["started_at"] - draft["created_at"], draft.call.now - draft["started_at"]
    row = (draft["tenant_id"], draft["task_type"], draft["holder"], waited / 1e6, ran / 1e6, draft.call.now)
    draft.call.tx.append(tasks.TOOK, row)


async def _release_dependants(done: Draft) -> list[Draft]:
    """Let go on what depends on an ended task; answers those that ended with it."""
    call, ended = done.call, []
    found = await call.tx.all(tasks.dependants, task_id=done.task_id)
    rows = await call.tx.all(tasks.lock_all, ids=encode_json([row["task_id"] for row in found]))
    for row in rows:
        draft = Draft(call, row)
        if draft["status"] in states.TERMINAL:
            continue
        if done["status"] == _S.COMPLETED:
            draft.set(blocked=draft["blocked"] - 1)
            if draft["status"] == _S.PENDING:
                offer(draft)
            await draft.save()
        else:
            why = f"It depends on {done.task_id}, which is {done['status']}."
            await _conclude(draft, _S.CANCELLED, None, None, why)
            ended.append(draft)
    return ended
