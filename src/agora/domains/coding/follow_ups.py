"""Follow-ups to coding jobs: prompts delivered to the agent one at a time, in order, exactly once.

A worker takes a follow-up under the fencing token of its claim and records it in the job's checkpoint before prompting
the agent. After a crash, a follow-up that was taken but is not in the checkpoint is delivered again. A job that is
about to end is closed in the transaction that finds no waiting follow-up; later follow-ups begin a successor, a job in
the same session.
"""

from __future__ import annotations

from agora.clock import new_id
from agora.core import pagination as paging
from agora.core.call import BoundService, Call, decode_json, encode_json
from agora.core.errors import not_found
from agora.core.record_models import build_from_record
from agora.domains.tasks import access, states, views
from agora.domains.tasks import queries as tasks
from agora.domains.tasks import worker_queries as workers
from agora.domains.tasks.creation import Order, create_task
from agora.domains.tasks.draft import TaskDraft, list_parties
from agora.domains.tasks.records import TaskRow
from agora.domains.tasks.transitions import offer_task_if_ready, requeue_task
from agora_sdk.contract import follow_ups as contract
from agora_sdk.contract import implements
from agora_sdk.contract.fields import JsonObject, TaskStatus
from agora_sdk.contract.tasks.coding import JOB_TYPE
from agora_sdk.errors import Conflict, InvalidRequest, field_error

from . import follow_up_queries as statements
from .follow_up_records import FOLLOW_UPS, FollowUpRow

__all__ = ["FollowUpService", "add_follow_up", "build_follow_up"]

MAX_PENDING_FOLLOW_UPS = 100  #: follow-ups of one job
MAX_SUCCESSORS = 1000  #: maximum length of the chain of successors that is followed
QUEUED, STEERING = "queued", "steering"
STARTING_POINTS = ("rewind", "fork")  #: fields of a job's payload that name the turn it begins at
MAX_PROMPT_EXCERPT = 2_000  #: characters of a follow-up in the payload of the job created for it


class FollowUpService(BoundService, contract.FollowUps):
    """The contract's operations on follow-ups."""

    @implements
    async def add(self, task_id: str, text: str, *, mode: contract.Mode = "queued") -> contract.FollowUp:
        draft = await access.lock_own_task(self.call, task_id)
        return build_follow_up(await add_follow_up(self.call, draft, text, mode))

    @implements
    async def list(
        self, task_id: str, *, waiting: bool = False, limit: int = 50, cursor: str | None = None
    ) -> contract.FollowUpPage:
        call = self.call
        await self._load_readable_job(task_id)
        query = statements.list_waiting if waiting else statements.list_follow_ups
        rows, more = await paging.read_query_page(call, query, "number", limit, cursor, first=0, task_id=task_id)
        page = [build_follow_up(row) for row in rows]
        return contract.FollowUpPage.model_construct(
            follow_ups=page, **paging.build_page_fields(page, "number", more=more, cursor=cursor)
        )

    @implements
    async def edit(
        self, task_id: str, follow_up_id: str, text: str | None = None, *, mode: contract.Mode | None = None
    ) -> contract.FollowUp:
        if text is None and mode is None:
            raise InvalidRequest("There is nothing to change.", errors=[field_error("text", "give text or mode")])
        draft, row = await self._lock_waiting_follow_up(task_id, follow_up_id)
        is_steering = mode == STEERING and row.mode != STEERING
        row.text, row.mode, row.updated_at = text or row.text, mode or row.mode, self.call.now
        await self._save_follow_up(row)
        _emit_follow_up_change(draft, row, "changed")
        if is_steering and draft.row.status in states.UNFINISHED_STATUSES:
            await _wake_and_save_job(draft, row.mode)
        else:
            await draft.save()
        return build_follow_up(row)

    @implements
    async def remove(self, task_id: str, follow_up_id: str) -> contract.RemovedFollowUp:
        draft, row = await self._lock_waiting_follow_up(task_id, follow_up_id)
        await self.call.tx.execute(statements.delete_follow_up, follow_up_id=follow_up_id)
        _emit_follow_up_change(draft, row, "removed")
        await draft.save()
        return contract.RemovedFollowUp(follow_up_id=follow_up_id)

    @implements
    async def wake(self, task_id: str) -> contract.FollowUpsWoken:
        draft = await access.lock_own_task(self.call, task_id)
        waiting = await self.call.tx.all(
            statements.list_waiting, task_id=task_id, after=0, limit=MAX_PENDING_FOLLOW_UPS
        )
        if not waiting:
            raise Conflict(f"No follow-up waits for {task_id}.", fix="Add one: POST .../follow-ups.")
        if not await _is_closed_to_follow_ups(draft):
            raise Conflict(
                f"{task_id} is {draft.row.status}: its worker takes them.",
                fix="Make the follow-up steering, so that it is delivered immediately.",
            )
        successor = await _begin_successor_job(draft, waiting[0].text)
        return contract.FollowUpsWoken(task_id=successor, follow_ups=len(waiting))

    @implements
    async def take(
        self, task_id: str, fencing_token: int, *, after: int = 0, steering: bool = False, closing: bool = False
    ) -> contract.FollowUpTaken:
        call = self.call
        draft = await access.lock_held_task(call, task_id, fencing_token)
        # Taken, but not in the worker's checkpoint: it crashed before it prompted the agent, and gets it again.
        row = await call.tx.one(statements.select_taken_follow_up, task_id=task_id, after=after)
        if row is None:
            row = await call.tx.one(statements.select_next_waiting, task_id=task_id, mode=STEERING if steering else "")
            if row is not None:
                # A successor counts on from `after`: its worker's checkpoint has numbers of the job before it.
                row.taken = 1 + max(after, await call.tx.one(statements.select_last_taken_number, task_id=task_id) or 0)
                await self._save_follow_up(row)
                _emit_follow_up_change(draft, row, "taken")
                await draft.save()
        # In the transaction that found nothing waiting, under the job's lock: no follow-up can slip in between.
        if row is None and closing:
            await call.tx.execute(statements.close_job, task_id=task_id, successor=None, now=call.now)
        follow_up = None if row is None else build_follow_up(row)
        return contract.FollowUpTaken(task_id=task_id, follow_up=follow_up, closed=row is None and closing)

    # -- rows ---------------------------------------------------------------------------------------------

    async def _load_readable_job(self, task_id: str) -> TaskRow:
        """Load a job whose follow-ups the caller (creator, assignee, holder or operator) may read. Raises NotFound."""
        row, caller = await access.load_visible_task(self.call, task_id), self.call.caller
        takes_part = caller.subject in (row.created_by, row.assigned_agent, row.holder)
        if not (takes_part or caller.reads_all):
            raise not_found("task_id", f"There is no task {task_id}.", fix="Tasks are found with GET /agora/task/list.")
        return row

    async def _lock_waiting_follow_up(self, task_id: str, follow_up_id: str) -> tuple[TaskDraft, FollowUpRow]:
        """Lock a job of the caller and load an untaken follow-up to it. Raises NotFound, PermissionDenied, Conflict."""
        draft = await access.lock_own_task(self.call, task_id)
        row = await self.call.tx.one(statements.select_follow_up, task_id=task_id, follow_up_id=follow_up_id)
        if row is None:
            raise not_found(
                "follow_up_id",
                f"There is no follow-up {follow_up_id!r} to {task_id}.",
                fix=f"See GET /v1/agent/tasks/{task_id}/follow-ups; it may have moved to the job that goes on.",
            )
        if row.taken is not None:
            raise Conflict(f"The agent has already received {follow_up_id}.", fix="Add another follow-up.")
        return draft, row

    async def _save_follow_up(self, row: FollowUpRow) -> None:
        values = {"mode": row.mode, "text": row.text, "taken": row.taken, "now": row.updated_at}
        await self.call.tx.execute(statements.update_follow_up, follow_up_id=row.follow_up_id, **values)


async def add_follow_up(call: Call, draft: TaskDraft, text: str, mode: str = QUEUED) -> FollowUpRow:
    """Add a follow-up to a locked job, or to the last of its successors. Does not check the caller.

    Raises InvalidRequest, Conflict.
    """
    draft = await _lock_last_successor(draft)
    waiting = await call.tx.one(statements.count_waiting, task_id=draft.task_id) or 0
    if waiting >= MAX_PENDING_FOLLOW_UPS:
        raise Conflict(
            f"{MAX_PENDING_FOLLOW_UPS} follow-ups wait for {draft.task_id} already.",
            fix="Wait until the agent has taken some, or remove some.",
        )
    number = await call.tx.one(statements.select_last_number, task_id=draft.task_id) or 0
    row = FollowUpRow(
        tenant_id=call.caller.tenant,
        follow_up_id=new_id("fu"),
        task_id=draft.task_id,
        number=number + 1,
        mode=mode,
        text=text,
        author=call.caller.subject,
        created_at=call.now,
        updated_at=call.now,
        taken=None,
    )
    call.tx.append(FOLLOW_UPS, row)
    # The row is stored first, under the ended job: the successor takes all that wait there, in their order.
    if await _is_closed_to_follow_ups(draft):
        # The stored row has moved with the others that wait; this is the copy for the answer.
        row.task_id = await _begin_successor_job(draft, text)
    else:
        _emit_follow_up_change(draft, row, "added")
        await _wake_and_save_job(draft, mode)
    return row


async def _lock_last_successor(draft: TaskDraft) -> TaskDraft:
    """Lock the job that takes the follow-ups of a job: itself or the last of its successors.

    Raises InvalidRequest for a task that is no coding job, Conflict for too many successors.
    """
    call, first = draft.call, draft
    for _ in range(MAX_SUCCESSORS):
        if draft.row.task_type != JOB_TYPE:
            raise InvalidRequest(
                f"{draft.task_id} is not a coding job but a task of the type {draft.row.task_type}.",
                fix="Send it a message: agora.task.message.",
                errors=[field_error("task_id", "no coding job")],
            )
        closed = await call.tx.one(statements.select_closed_job, task_id=draft.task_id)
        if closed is None or closed.successor is None:
            return draft
        successor = await call.tx.one(tasks.lock_task, task_id=closed.successor)
        if successor is None:  # it ended earlier than this job, so retention has deleted it earlier
            return draft
        draft = TaskDraft(call, successor)
    raise Conflict(f"{first.task_id} has too many successors.", fix="Begin a new job.")


async def _is_closed_to_follow_ups(draft: TaskDraft) -> bool:
    """Whether a job accepts no more follow-ups because it has ended or is about to end."""
    if draft.row.status in states.TERMINAL_STATUSES:
        return True
    return await draft.call.tx.one(statements.select_closed_job, task_id=draft.task_id) is not None


async def _begin_successor_job(draft: TaskDraft, text: str) -> str:
    """Create a successor in the session of an ended job and move the waiting follow-ups to it. Returns its id."""
    call, row = draft.call, draft.row
    data = await call.tx.one(tasks.select_task_data, task_id=row.task_id)
    assert data is not None
    payload: JsonObject = decode_json(data.payload)
    # The worker has rewound or forked already: the successor would do it again, and undo the work since.
    if row.checkpoint is not None and decode_json(row.checkpoint).get("was_rewound"):
        payload = {name: value for name, value in payload.items() if name not in STARTING_POINTS}
    # The worker reads the whole text from the follow-up itself; the payload is for people who list jobs.
    payload |= {"prompt": text[:MAX_PROMPT_EXCERPT], "follow_ups": True}
    order = Order(
        JOB_TYPE,
        encode_json(payload),
        await _choose_assignee(call, row),
        required=decode_json(row.requirements),
        model=row.required_model,
        priority=views.PRIORITIES[row.priority],
        metadata=data.metadata,
        # Whoever says it: the successor belongs to the job's requester, whose account pays for it.
        created_by=row.created_by,
        account=row.account_id,
        context_id=views.get_task_context_id(row),
    )
    successor, _ = await create_task(call, order)
    task_id = str(successor.task_id)
    # Only those that wait: what the agent has received stays with the job that received it.
    await call.tx.execute(statements.move_waiting, task_id=row.task_id, successor=task_id)
    await call.tx.execute(statements.close_job, task_id=row.task_id, successor=task_id, now=call.now)
    draft.append_entry("note", content=f"goes on as {task_id}")
    await draft.save()
    call.target = task_id
    return task_id


async def _choose_assignee(call: Call, row: TaskRow) -> str | None:
    """Choose the worker that did a job, because it has the session and the worktree; else the job's assignee."""
    if row.worker is None:
        return row.assignee
    # None if it has left: then any worker with the capability may continue, from the branch.
    worker = await call.tx.one(workers.select_worker, ref=row.worker, owner="")
    return row.assignee if worker is None else f"worker:{worker.worker_id}"


async def _wake_and_save_job(draft: TaskDraft, mode: str) -> None:
    """Resume a paused job now; a steering follow-up also replaces the answer to a permission request."""
    if draft.row.status == TaskStatus.PENDING and draft.row.available_at is not None:
        draft.set_columns(available_at=None)
        offer_task_if_ready(draft)
    # With a lease, the worker waits for the answer itself and polls for steering follow-ups.
    elif mode == STEERING and draft.row.status in states.INTERRUPTED_STATUSES and draft.row.lease_until is None:
        await requeue_task(draft, "interrupted by a follow-up", refund=True, to_holder=True)
        return
    await draft.save()


def _emit_follow_up_change(draft: TaskDraft, row: FollowUpRow, change: str) -> None:
    """Emit that a follow-up was added, changed, removed or taken, to the parties of its job; without its text."""
    data = {"task_id": draft.task_id, "follow_up_id": row.follow_up_id, "mode": row.mode, "change": change}
    draft.call.emit("agora.task.follow_up", data, subject=draft.task_id, audience=list_parties(draft.row))


def build_follow_up(row: FollowUpRow) -> contract.FollowUp:
    return build_from_record(contract.FollowUp, row, mode="steering" if row.mode == STEERING else "queued")
