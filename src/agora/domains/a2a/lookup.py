"""Reading tasks as A2A does: one, a page, and what happens to one."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from agora.clock import to_microseconds
from agora.core import pagination as paging
from agora.core.call import Call, WaitForEvent, as_encoded_result, decode_json, encode_json
from agora.domains.agents.references import find_agent
from agora.domains.tasks import access, states
from agora.domains.tasks import lookup as reading
from agora.domains.tasks import queries as tasks
from agora.store.port import Reader, Row
from agora_sdk.contract.a2a import A2AState, A2ATask, A2ATaskList
from agora_sdk.errors import InvalidRequest, NotFound

from . import queries as statements
from . import views as view
from .states import statuses_of

__all__ = ["CHANGES", "awaited", "belonging", "document", "get", "missing", "page"]

HISTORY = 100  #: most messages of a task's history
PIECES = 100_000  #: most entries of artifacts and output that are put together
LONG = 500  #: a log with more entries is long
#: events after which whoever waits for a task has an answer
CHANGES = frozenset(f"agora.task.{status.value}" for status in (*states.TERMINAL, *states.INTERRUPTED))


def missing(task_id: str) -> NotFound:
    """There is no such task, or not for this caller, or not with this agent."""
    return NotFound(
        f"There is no task {task_id}.",
        fix="Tasks are listed with GET /agora/a2a/list.",
        errors=[{"field": "task_id", "message": "unknown"}],
        reason="TASK_NOT_FOUND",
    )


async def belonging(call: Call, task_id: str, agent: str | None, *, lock: bool = False) -> Row:
    """A task that the caller sees, of that agent if one is given. Raises NotFound."""
    row = await call.tx.one(tasks.select_task_for_update if lock else tasks.select_task, task_id=task_id)
    if row is None or not access.can_see_task(call.caller, row):
        raise missing(task_id)
    if agent is not None and agent != row["assigned_agent"]:
        found = await find_agent(call.tx, agent)
        if found is None or found["agent_id"] != row["assigned_agent"]:
            raise missing(task_id)
    return row


async def document(
    reader: Reader, row: view.Fields | Row, history_length: int | None, *, artifacts: bool = True
) -> dict[str, Any]:
    """A task with what its log says."""
    task_id = row["task_id"]
    data = await reader.one(tasks.select_task_data, task_id=task_id)
    assert data is not None
    entry = None
    if row["status_entry"] and row["status"] != "pending":
        entry = await reader.one(statements.entry, task_id=task_id, number=row["status_entry"])
    history = await _history(reader, row, data, history_length)
    found = await _artifacts(reader, row, data["result"]) if artifacts else None
    return view.task(row, decode_json(data["metadata"]), view.status_of(row, entry), history, found)


async def _history(
    reader: Reader, row: view.Fields | Row, data: Row, length: int | None
) -> Sequence[dict[str, Any]] | None:
    """The newest messages, oldest first; the message of the status is not among them."""
    limit = HISTORY if length is None else min(length, HISTORY)
    if limit == 0:
        return None
    entries: Sequence[Row] = ()
    if row["said"]:
        entries = await reader.all(statements.said, task_id=row["task_id"], limit=limit + 1)
    said = [view.message_of(row, entry) for entry in reversed(entries) if entry["number"] != row["status_entry"]]
    messages = [message for message in said if message is not None]
    if len(messages) < limit:
        messages.insert(0, view.first_message(row, decode_json(data["payload"])))
    return messages[-limit:]


async def _artifacts(reader: Reader, row: view.Fields | Row, result: str | None) -> list[dict[str, Any]] | None:
    entries: Sequence[Row] = ()
    if row["said"] or row["output_size"]:
        many = row["entries"] > LONG
        entries = await reader.all(statements.given(many), task_id=row["task_id"], limit=PIECES + 1)
    return view.artifacts_of(entries, result, PIECES) or None


async def get(call: Call, task_id: str, agent: str | None, history_length: int | None, wait: float) -> A2ATask:
    """One task. Raises Wait while it is worked on, if asked to."""
    row = await belonging(call, task_id, agent)
    result = as_encoded_result(view.encode(await document(call.tx, row, history_length)), A2ATask)
    if wait and row["status"] in ("pending", "in_progress"):
        raise WaitForEvent(CHANGES, wait, result, subject=task_id)
    return result


async def awaited(reader: Reader, task_id: str, history_length: int | None) -> tuple[dict[str, Any], bool]:
    """A task, and whether there is nothing to wait for."""
    row = await reader.one(tasks.select_task, task_id=task_id)
    if row is None:
        raise missing(task_id)
    return await document(reader, row, history_length), row["status"] not in ("pending", "in_progress")


async def page(
    call: Call,
    agent: str | None,
    *,
    context_id: str | None,
    state: A2AState | None,
    since: datetime | None,
    size: int,
    token: str | None,
    history_length: int | None,
    artifacts: bool,
) -> A2ATaskList:
    """A page of the tasks that the caller gave."""
    given: dict[str, Any] = {}
    if agent is not None:
        row = await find_agent(call.tx, agent)
        given["agent"] = row["agent_id"] if row is not None else ""
    if context_id is not None:
        given |= reading.context_filter(context_id)
    if state is not None:
        given["statuses"] = encode_json(statuses_of(state))
    if since is not None:
        given["since"] = to_microseconds(since)
    filters = frozenset(given) - {"context_task"}
    given["viewer"] = call.caller.subject
    place = _place(token) if token else {}
    rows = await call.tx.all(statements.listing(filters, bool(place)), **given, **place, limit=size + 1)
    found = await _documents(call, rows[:size], history_length, artifacts)
    more = len(rows) > len(found)
    total = len(found)
    if more or place:
        found = []  # many may count at once: none holds a page meanwhile
        total, _ = await paging.count_rows(call.tx, statements.listing_count(filters), given)
        found = await _documents(call, rows[:size], history_length, artifacts)
    last = rows[len(found) - 1] if more else None
    rest = {
        "nextPageToken": paging.encode_cursor(last["status_at"], last["task_id"]) if last is not None else "",
        "pageSize": size,
        "totalSize": total,
    }
    return as_encoded_result(b'{"tasks":[%b],%b' % (b",".join(found), view.encode(rest)[1:]), A2ATaskList)


def _place(token: str) -> dict[str, Any]:
    try:
        time, task_id = paging.decode_cursor(token, int, str)
    except InvalidRequest:
        raise InvalidRequest(
            "The page token is not one of this server's.",
            fix="Use 'nextPageToken' of the page before, unchanged.",
            errors=[{"field": "page_token", "message": "malformed"}],
        ) from None
    return {"after_time": time, "after_id": task_id}


async def _documents(call: Call, rows: Sequence[Row], history_length: int | None, artifacts: bool) -> list[bytes]:
    """Tasks of these rows: fewer, where they are so large that the answer would be."""
    found: list[bytes] = []
    size = 0
    for row in rows:
        shown = await document(call.tx, row, history_length, artifacts=artifacts)
        if artifacts:
            shown.setdefault("artifacts", [])
        encoded = view.encode(shown)
        size += len(encoded)
        if found and size > call.context.settings.page_bytes:
            break
        found.append(encoded)
    return found
