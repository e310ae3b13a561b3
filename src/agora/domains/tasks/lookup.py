"""Reading tasks: one task, lists, the log, the output, and statistics."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from math import ceil
from typing import Any

from agora.clock import SECOND, to_datetime, to_microseconds
from agora.core import pagination as paging
from agora.core.call import Call, Entry, LogPage, encode_json
from agora.domains.agents import queries as agents
from agora.domains.agents.references import build_address_of_name, load_agent
from agora.store.port import Reader
from agora.store.records import list_record_values
from agora.value_classes import value_class
from agora_sdk.contract import tasks as contract
from agora_sdk.contract.fields import Priority, TaskStatus
from agora_sdk.errors import InvalidRequest, field_error

from . import access, states, views
from . import list_queries as task_lists
from . import queries as tasks
from .records import StatusCount, TaskRow

__all__ = [
    "TaskFilters",
    "TaskPageRequest",
    "build_context_filter",
    "compute_statistics",
    "get_task",
    "list_tasks",
    "parse_position",
    "read_history",
    "read_log_page",
    "read_output",
]

DAY = 86_400_000_000
# Percentiles are of the newest ended tasks only, so that a busy period does not load all its rows; `sampled` says so.
SAMPLE_SIZE = 10_000
MAX_CHUNKS = 500  #: most chunks of output in one result
MAX_PAGE_ENTRIES = 20  #: most log entries in one page of a stream; one entry may hold 256 KiB of output
_CURSOR_TYPES: Mapping[str, tuple[type, ...]] = {"created": (str,), "priority": (int, str, str), "deadline": (int, str)}
_CURSOR_COLUMNS = {
    "created": ("task_id",),
    "priority": ("priority", "sort_key", "task_id"),
    "deadline": ("deadline", "task_id"),
}


@dataclass(slots=True)
class TaskFilters:
    """Filters of ``agora.task.list``, as the caller passed them."""

    agent_id: str | None = None
    status: Sequence[TaskStatus] | None = None
    task_type: str | None = None
    priority: Priority | None = None
    workflow_id: str | None = None
    parent_id: str | None = None
    created_by: str | None = None
    worker: str | None = None
    since: datetime | None = None
    until: datetime | None = None
    context_id: str | None = None
    idle_before: int | None = None


@value_class(kw_only=True)
class TaskPageRequest:
    """A page of tasks that match the filters. sort: ``created``, ``priority`` or ``deadline``."""

    filters: TaskFilters
    sort: str
    descending: bool
    limit: int
    offset: int
    cursor: str | None


async def get_task(
    call: Call, task_id: str, estimate_completion: Callable[[Call, TaskRow], Awaitable[datetime | None]]
) -> contract.Task:
    """Return a task with its payload and estimated completion. Raises NotFound."""
    row = await access.load_visible_task(call, task_id)
    data = await call.tx.one(tasks.select_task_data, task_id=task_id)
    assert data is not None
    task = views.build_task(row, data)
    task.estimated_completion = await estimate_completion(call, row)
    return task


async def _resolve_subject(call: Call, ref: str, field: str) -> str:
    if (
        # Apart from the caller, these have no row among the agents, by which the reference could be resolved.
        ref == call.caller.subject
        or ref in ("operator", "system")
        or ref.startswith(("name:", "key_", "usr_", "static:"))
    ):
        return ref
    return (await load_agent(call.tx, ref, field)).agent_id


async def _build_filter_parameters(call: Call, wanted: TaskFilters) -> dict[str, Any]:
    """Build query parameters by filter name, without unused filters. Raises NotFound for an unknown agent."""
    parameters: dict[str, Any] = {
        "task_type": wanted.task_type,
        "priority": None if wanted.priority is None else views.RANKS[wanted.priority],
        "workflow_id": wanted.workflow_id,
        "parent_id": wanted.parent_id,
        "worker": wanted.worker,
        "since": wanted.since and to_microseconds(wanted.since),
        "until": wanted.until and to_microseconds(wanted.until),
        "idle_before": wanted.idle_before,
    }
    if wanted.context_id is not None:
        parameters |= build_context_filter(wanted.context_id)
    if wanted.agent_id is not None:
        await _add_agent_filter(call, wanted.agent_id, parameters)
    if wanted.created_by is not None:
        parameters["created_by"] = await _resolve_subject(call, wanted.created_by, "created_by")
    if wanted.status is not None:
        parameters["statuses"] = encode_json([status.value for status in wanted.status])
        if states.UNFINISHED_STATUSES.issuperset(wanted.status):
            # Redundant in meaning: it lets the planner use the partial index of unfinished tasks.
            parameters["open"] = True
    caller = call.caller
    if not caller.reads_all:
        parameters |= {"viewer": caller.subject, "viewer_address": build_address_of_name(caller.name)}
    return {name: value for name, value in parameters.items() if value is not None}


def build_context_filter(context_id: str) -> dict[str, str]:
    """Build query parameters for the tasks of a conversation. A task without a context is a conversation of its own."""
    task_id = f"task_{context_id[4:]}" if context_id.startswith("ctx_") else ""
    return {"context_id": context_id, "context_task": task_id}


async def _add_agent_filter(call: Call, ref: str, parameters: dict[str, Any]) -> None:
    """Filter by an agent, including tasks that wait under its name."""
    if ref == call.caller.subject:
        parameters |= {"agent": ref, "address": build_address_of_name(call.caller.name)}
        return
    if ref.startswith("name:"):
        parameters |= {"agent": ref, "address": ref}
        return
    agent = await _resolve_subject(call, ref, "agent_id")
    row = await call.tx.one(agents.select_agent_by_id, ref=agent)
    parameters |= {"agent": agent, "address": build_address_of_name(row.agent_name) if row is not None else agent}


async def list_tasks(call: Call, request: TaskPageRequest) -> contract.TaskPage:
    """Return a page of the tasks that match the filters and are visible to the caller."""
    sort, limit, cursor = request.sort, request.limit, request.cursor
    parameters_of_filters = await _build_filter_parameters(call, request.filters)
    # These are further parameters of other filters, not filters of their own.
    filters = frozenset(parameters_of_filters) - {"address", "viewer_address", "context_task"}
    query = task_lists.build_task_page_query(filters, sort, request.descending, cursor is not None)
    # "open" selects a constant condition of the statement, which has no parameter of that name.
    parameters = {name: value for name, value in parameters_of_filters.items() if name != "open"}
    # Apart from the filters' parameters, because the total counts the tasks of all pages.
    position_parameters = {}
    if cursor is not None:
        position = paging.decode_cursor(cursor, *_CURSOR_TYPES[sort])
        position_parameters = {
            f"after_{name}": value for name, value in zip(_CURSOR_COLUMNS[sort], position, strict=True)
        }
    rows = await call.tx.all(query, **parameters, **position_parameters, limit=limit + 1, offset=request.offset)
    page = await _load_tasks_within_page(call, rows[:limit])
    # Also if bytes ended the page: the next one begins after its last task that fitted.
    more = len(rows) > len(page)
    total, estimate = len(page), False
    if more or cursor or request.offset:
        page = []  # counting may wait for other counts; do not hold a page in memory meanwhile
        total, estimate = await paging.count_rows_up_to_limit(
            call.tx, task_lists.build_task_count_query(filters), parameters
        )
        page = await _load_tasks_within_page(call, rows[:limit])
    return contract.TaskPage.model_construct(
        tasks=page,
        total=total,
        total_is_estimate=estimate,
        **paging.build_uncounted_page_fields(rows[: len(page)], *_CURSOR_COLUMNS[sort], more=more),
    )


async def _load_tasks_within_page(call: Call, rows: Sequence[TaskRow]) -> list[contract.Task]:
    """Load the tasks of these rows with their payloads; fewer if the page would exceed the byte limit."""
    loaded: list[contract.Task] = []
    budget = paging.PageBudget(call.context.settings.page_bytes)
    for row in rows:
        data = await call.tx.one(tasks.select_task_data, task_id=row.task_id)
        assert data is not None
        if not budget.take_if_fits(list_record_values(data)):
            break
        loaded.append(views.build_task(row, data))
    return loaded


async def read_history(
    call: Call, task_id: str, types: Sequence[str], limit: int, cursor: str | None
) -> contract.TaskEntryPage:
    """Return a page of a task's log: entries of these types; by default all but output and artifacts. Raises NotFound."""
    await access.load_visible_task(call, task_id)
    query = task_lists.list_history_of_types if types else task_lists.list_history
    filters = {"types": encode_json(list(types))} if types else {}
    rows, more = await paging.read_query_page(call, query, "number", limit, cursor, first=0, task_id=task_id, **filters)
    entries = [views.build_entry(row) for row in rows]
    return contract.TaskEntryPage.model_construct(
        entries=entries,
        **paging.build_page_fields(entries, "number", more=more, cursor=cursor),
    )


async def read_output(call: Call, task_id: str, offset: int, limit: int) -> contract.TaskOutput:
    """Return a slice of a task's output. offset, limit: characters. Raises NotFound."""
    row = await access.load_visible_task(call, task_id)
    offset = min(offset, row.output_size)
    rows = await call.tx.all(task_lists.select_output, task_id=task_id, offset=offset, limit=MAX_CHUNKS)
    text = "".join(piece.content for piece in rows)
    # Output is stored in chunks of any size; the first may begin before the offset.
    skipped = offset - rows[0].starts_at if rows else 0
    content = text[skipped : skipped + limit]
    following = offset + len(content)
    return contract.TaskOutput.model_construct(
        task_id=task_id,
        content=content,
        offset=offset,
        next_offset=following,
        size=row.output_size,
        has_more=following < row.output_size,
        done=row.status in states.TERMINAL_STATUSES,
    )


def parse_position(last_event_id: str | None, entries: int) -> int:
    """Parse the number of the last log entry that a reader has seen. Raises InvalidRequest."""
    if last_event_id is None:
        return 0
    if not (last_event_id.isascii() and last_event_id.isdecimal()) or int(last_event_id) > entries:
        raise InvalidRequest(
            f"{last_event_id!r} is not the number of an entry; the last one is {entries}.",
            fix="Resume after the number of the last entry seen, or leave it out.",
            errors=[field_error("last_event_id", "not an entry")],
        )
    return int(last_event_id)


async def read_log_page(reader: Reader, task_id: str, after: int) -> LogPage:
    """Read the log entries after a number for a stream, which ends with the entry of the task's end."""
    rows = await reader.all(task_lists.list_entries, task_id=task_id, after=after, limit=MAX_PAGE_ENTRIES)
    rows, _ = paging.take_fitting_rows(rows, MAX_PAGE_ENTRIES, paging.MAX_PAGE_BYTES)
    entries, is_last = [], False
    for row in rows:
        # Encoded here once; the stream writes these bytes to the reader.
        entry = views.build_entry(row)
        entries.append(Entry(entry.number, entry.type, entry.model_dump_json().encode()))
        if entry.type == "done":
            is_last = True
            break
    if not rows:
        task = await reader.one(tasks.select_task, task_id=task_id)
        # A deleted task ends the stream; an ended one does when the reader had seen its last entry already.
        is_last = task is None or (task.status in states.TERMINAL_STATUSES and task.entries <= after)
    return LogPage(entries, is_last)


async def compute_statistics(
    call: Call, agent: str | None, task_type: str | None, since: datetime | None
) -> contract.TaskStatistics:
    """Compute counts, throughput and duration percentiles. since: start of the period; None: the last day."""
    begin = to_microseconds(since) if since is not None else call.now - DAY
    scope: dict[str, Any] = {}
    if agent is not None:
        scope["agent"] = await _resolve_subject(call, agent, "agent_id")
    if task_type is not None:
        scope["task_type"] = task_type
    by = (agent is not None, task_type is not None)
    counts = await call.tx.all(task_lists.build_status_counts_query(*by), **scope)
    created = await call.tx.one(task_lists.build_created_count_query(*by), **scope, since=begin)
    counts_by_status = {
        row.status: row.tasks
        for row in await call.tx.all(task_lists.build_ended_counts_query(*by), **scope, since=begin)
    }
    sample = await call.tx.all(task_lists.build_ended_times_query(*by), **scope, since=begin, limit=SAMPLE_SIZE)
    # At least a second, so that a period that begins now does not divide by zero.
    minutes = max((call.now - begin) / 60e6, 1 / 60)
    completed = counts_by_status.get(TaskStatus.COMPLETED.value, 0)
    return contract.TaskStatistics(
        total=sum(row.tasks for row in counts),
        by_status=_sum_by(counts, "status"),
        by_priority={
            views.PRIORITIES[int(rank)].value: n for rank, n in _sum_by(counts, "priority", "waiting").items() if n
        },
        waiting=sum(row.waiting for row in counts),
        since=to_datetime(begin),
        created=created if created is not None else 0,
        completed=completed,
        failed=counts_by_status.get(TaskStatus.FAILED.value, 0)
        + counts_by_status.get(TaskStatus.DEAD_LETTERED.value, 0),
        throughput_per_minute=round(completed / minutes, 4),
        wait_seconds=_summarize_durations([row.started_at - row.created_at for row in sample if row.started_at]),
        run_seconds=_summarize_durations(
            [row.completed_at - row.started_at for row in sample if row.started_at and row.completed_at]
        ),
        sampled=len(sample) == SAMPLE_SIZE,
    )


def _sum_by(rows: Sequence[StatusCount], by: str, dimension: str = "tasks") -> dict[str, int]:
    sums: dict[str, int] = {}
    for row in rows:
        name = str(getattr(row, by))
        sums[name] = sums.get(name, 0) + int(getattr(row, dimension))
    return sums


def _summarize_durations(durations: list[int]) -> contract.DurationSummary:
    """Compute percentiles by the nearest-rank method."""
    if not durations:
        return contract.DurationSummary()
    durations.sort()
    size = len(durations)

    def compute_percentile(share: float) -> float:
        return round(durations[max(0, ceil(share * size) - 1)] / SECOND, 6)

    mean = round(sum(durations) / size / SECOND, 6)
    return contract.DurationSummary(
        count=size, mean=mean, p50=compute_percentile(0.5), p90=compute_percentile(0.9), p99=compute_percentile(0.99)
    )
