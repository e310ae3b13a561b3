"""Who may see a task, and who may do what with it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from agora.clock import to_datetime
from agora.core.call import Call, Caller
from agora.domains.agents.references import held_address
from agora.store.port import Row
from agora_sdk.errors import Conflict, NotFound, PermissionDenied, StaleLease

from . import list_queries as task_lists
from . import queries as tasks
from . import queues, states
from .draft import Draft

__all__ = ["held", "is_assignee", "loaded", "locked", "owned", "sees", "spoken_in", "visible", "worked_on"]

Fields = Mapping[str, Any]


def sees(caller: Caller, row: Fields | Row) -> bool:
    """Its creator, whoever it is or was with, and, while it is open to anyone, everyone.

    A task held for a name is open to who has that name. What ended before is nobody's: the name may have been another's.
    """
    if caller.may("read:all") or caller.acts_for_others:
        return True
    if caller.subject in (row["created_by"], row["assigned_agent"], row["holder"]):
        return True
    if row["completed_at"] is not None:
        return False
    held = caller.kind == "agent" and row["assigned_agent"] == held_address(caller.name)
    return held or row["assigned_agent"] is None


def _known(call: Call, task_id: str, row: Row | None) -> Row:
    if row is None or not sees(call.caller, row):
        raise _unknown(task_id)
    return row


def _unknown(task_id: str) -> NotFound:
    return NotFound(
        f"There is no task {task_id}.",
        fix="Tasks are found with GET /agora/task/list.",
        errors=[{"field": "task_id", "message": "unknown"}],
    )


async def visible(call: Call, task_id: str) -> Row:
    """A task as the caller may see it. Raises NotFound, whether it is hidden or not there."""
    return _known(call, task_id, await call.tx.one(tasks.of, task_id=task_id))


async def locked(call: Call, task_id: str) -> Draft:
    """As :func:`visible`, for change."""
    call.target = task_id
    return Draft(call, _known(call, task_id, await call.tx.one(tasks.lock, task_id=task_id)))


async def loaded(call: Call, task_id: str) -> Draft:
    """A task that is there, for change by the rules themselves: whoever caused it need not see it."""
    row = await call.tx.one(tasks.lock, task_id=task_id)
    assert row is not None
    return Draft(call, row)


async def owned(call: Call, task_id: str) -> Draft:
    """A task for its creator to change. Raises PermissionDenied for anyone but that one and operators."""
    draft = await locked(call, task_id)
    caller = call.caller
    if caller.subject != draft["created_by"] and not caller.acts_for_others:
        raise PermissionDenied(
            f"{task_id} was given by {draft['created_by']}; only that one decides about it.",
            fix="Its assignee can reject, release or fail it instead.",
            required="act:any",
        )
    return draft


async def held(call: Call, task_id: str, token: int) -> Draft:
    """A task for the holder of its lease to change. Raises StaleLease when the lease is another's by now."""
    call.target = task_id
    row = await call.tx.one(tasks.lock, task_id=task_id)
    if row is None or not (sees(call.caller, row) or await _took_part(call, task_id)):
        raise _unknown(task_id)
    draft = Draft(call, row)
    _check_token(call.caller, draft, token)
    return draft


async def _took_part(call: Call, task_id: str) -> bool:
    """Whether the caller once worked on a task that is another's now: it is told so, not that there is none."""
    return await call.tx.one(task_lists.by_actor, task_id=task_id, actor=call.caller.subject) is not None


async def worked_on(call: Call, task_id: str, token: int | None) -> Draft:
    """A task for whoever works on it: with the token of its claim, or without one as its assignee.

    Raises StaleLease, Conflict while somebody else's lease lives, PermissionDenied for anyone else.
    """
    if token is not None:
        return await held(call, task_id, token)
    draft = await locked(call, task_id)
    caller = call.caller
    if draft["holder"] == caller.subject:
        return draft
    if draft["lease_until"] is not None:
        raise Conflict(
            f"{task_id} is leased to {draft['holder']} until {to_datetime(draft['lease_until']):%H:%M:%S}.",
            fix="Wait until it is given back, or let its creator reassign it.",
            holder=draft["holder"],
        )
    if caller.acts_for_others or is_assignee(caller, draft):
        return draft
    if draft["assigned_agent"] is None and draft["status"] in states.UNFINISHED:
        raise PermissionDenied(
            f"{task_id} is open to anyone that fits, and you have not claimed it.", fix="Take it with agora.task.claim."
        )
    raise PermissionDenied(
        f"{task_id} is with {draft['assigned_agent']}.", fix="Only its assignee works on it.", required="act:any"
    )


async def spoken_in(call: Call, task_id: str, token: int | None) -> tuple[Draft, str]:
    """A task for somebody to say something in it, and as whom: ``ROLE_USER`` its requester, ``ROLE_AGENT`` its worker.

    Who is both answers while the task waits for an answer, and works on it otherwise.
    """
    if token is not None:
        return await held(call, task_id, token), "ROLE_AGENT"
    draft = await locked(call, task_id)
    caller = call.caller
    gave = caller.subject == draft["created_by"]
    works = caller.subject == draft["holder"] or is_assignee(caller, draft)
    if works and not (gave and draft["status"] in states.INTERRUPTED):
        return await worked_on(call, task_id, None), "ROLE_AGENT"
    if gave or caller.acts_for_others:
        return draft, "ROLE_USER"
    raise PermissionDenied(
        f"{task_id} is between {draft['created_by']} and whoever works on it.",
        fix="Add a comment with agora.task.comment.",
        required="act:any",
    )


def is_assignee(caller: Caller, draft: Draft) -> bool:
    """Whether a task is with the caller, or waits for its name."""
    meant = draft["assigned_agent"]
    return meant == caller.subject or (caller.kind == "agent" and meant == held_address(caller.name))


def _check_token(caller: Caller, draft: Draft, token: int) -> None:
    mine = draft["holder"] == caller.subject or caller.acts_for_others
    if token == draft["fence"] and mine and draft["status"] in states.UNFINISHED:
        return
    if token == draft["fence"] and mine and draft["status"] in ("completed", "failed"):
        return  # a repeated call: it finds its own work done
    raise StaleLease(
        f"{draft.task_id} is {draft['status']}; the fencing token {token} is not the newest."
        if token != draft["fence"]
        else f"{draft.task_id} is {draft['status']} and no longer yours.",
        fix="Stop working on it; whoever has it now goes on from its last checkpoint.",
        task_status=draft["status"],
        holder=draft["holder"] if queues.address_of(draft["queue"]) else None,
    )
