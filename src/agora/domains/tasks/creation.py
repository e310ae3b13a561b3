"""Task creation: resolve the assignee, check the dependencies, insert the row, and dispatch the task."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from agora.clock import SECOND, new_id, to_datetime
from agora.core.call import Call, decode_json, encode_json
from agora.domains.agents import queries as agents
from agora.domains.agents.names import check_name
from agora.domains.agents.records import AgentRow
from agora.domains.agents.references import build_address_of_name, find_agent, looks_like_id, looks_like_key
from agora.domains.identity.users import check_open_task_limit, count_daily_job
from agora.value_classes import value_class
from agora_sdk.contract import tasks as contract
from agora_sdk.contract.fields import Priority, TaskStatus
from agora_sdk.contract.tasks.coding import JOB_TYPE
from agora_sdk.errors import AgoraError, Conflict, InvalidRequest, NotFound, field_error

from . import access, queues, states, views
from . import queries as tasks
from . import worker_queries as workers
from .context_queue import insert_context_dependency, lock_tasks_under_way
from .draft import TaskDraft
from .local_dispatch import queue_started_local_task, start_if_local_slot_free
from .ordering import build_sort_key
from .prices import reserve_price_of_agent
from .records import DATA, DEPENDENCIES, TASKS, TaskData, TaskDependency, TaskRow, WorkerRow
from .transitions import announce_available, end_task

__all__ = [
    "Destination",
    "Order",
    "build_receipt",
    "create_retry_of_task",
    "create_task",
    "estimate_completion",
    "list_explicit_requirements",
    "resolve_destination",
]

# A misspelt name never registers, so the tasks that wait for one are bounded. MAX_COMPARED_LOADS bounds the subquery that counts
# open tasks, which runs once per candidate.
MAX_HELD_TASKS = 1000
MAX_CAPABILITY_CHARACTERS = 100
MAX_COMPARED_LOADS = 100


@dataclass(slots=True)
class Order:
    """The request to create a task.

    deadline: microseconds since 1970. max_failures: how many attempts may fail; lost leases do not count.
    balanced: assign it to the least loaded agent with the capabilities, if there is one.
    among: ids of candidate agents; without required capabilities no other agent gets the task.
    agent: the assignee's row, if the caller has loaded it already.
    """

    task_type: str
    payload: str
    assignee: str | None = None
    required: Sequence[str] = ()
    model: str | None = None
    priority: Priority = Priority.NORMAL
    deadline: int = tasks.NO_DEADLINE
    depends_on: Sequence[str] = ()
    parent_id: str | None = None
    retry_of: str | None = None
    max_attempts: int = 3
    max_failures: int | None = None
    retry_backoff: float = 5.0
    timeout: int | None = None
    metadata: str = "{}"
    created_by: str | None = None
    account: str | None = None
    workflow_id: str | None = None
    step: str | None = None
    item: int | None = None
    balanced: bool = False
    among: Sequence[str] = ()
    paused: bool = False
    context_id: str | None = None
    agent: AgentRow | None = None


@dataclass(slots=True)
class Destination:
    """Lane in which a task waits.

    agent: id of its assignee, or ``name:NAME`` for an unregistered agent; None in the pool. row: the assignee's row, if it
    was loaded.
    """

    lane: str
    agent: str | None = None
    requirements: list[str] = field(default_factory=list)
    warning: str | None = None
    row: AgentRow | None = None


async def resolve_destination(call: Call, order: Order) -> Destination:
    """Resolve the assignee of a task to a lane. Raises NotFound for unknown ids, InvalidRequest for missing capabilities."""
    ref, required = order.assignee, list(dict.fromkeys(order.required))
    if ref is not None and ref.startswith("capability:"):
        _check_capability_name(ref.removeprefix("capability:"))
        required = list(dict.fromkeys([*required, ref.removeprefix("capability:")]))
        ref = None
    if ref is None:
        return await _resolve_pool_destination(call, order, required)
    # Agents could be named so before workers had addresses of this form, and keep their tasks.
    if ref.startswith("worker:") and not await _is_agent_name(call, ref):
        worker = await _load_worker(call, ref.removeprefix("worker:"))
        return Destination(f"worker:{worker.worker_id}", worker.owner, required)
    if ref == "operator" or looks_like_key(ref):
        return Destination(f"agent:{ref}", ref, required)
    # Before the resolution of names: an operator and a key have inboxes and tasks, but no row among the agents.
    row = order.agent if order.agent is not None else await find_agent(call.tx, ref)
    if row is not None and row.retired_at is None:
        _check_agent_capabilities(row, required)
        return Destination(f"agent:{row.agent_id}", row.agent_id, required, row=row)
    return await _resolve_unregistered_name(call, ref, row, required)


async def _is_agent_name(call: Call, name: str) -> bool:
    """Whether an agent has the name ``worker:...``; tasks for that name go to the agent instead of a worker."""
    row = await find_agent(call.tx, name)
    return row is not None and row.retired_at is None


def _check_capability_name(name: str) -> None:
    if not 1 <= len(name) <= MAX_CAPABILITY_CHARACTERS:
        raise InvalidRequest(
            f"A capability has 1 to {MAX_CAPABILITY_CHARACTERS} characters.",
            fix="Write capability:NAME, or leave the assignee out for anyone.",
            errors=[field_error("assignee", "no capability")],
        )


async def _resolve_pool_destination(call: Call, order: Order, required: list[str]) -> Destination:
    agent_id = await _choose_least_loaded_agent(call, order, required) if order.balanced else None
    # No candidate is available: it waits for the first one. In the pool, anyone could claim a task without requirements.
    if agent_id is None and order.among and not required:
        agent_id = order.among[0]
    if agent_id is not None:
        return Destination(f"agent:{agent_id}", agent_id, required)
    target = Destination(
        queues.build_pool_lane(queues.build_requirement_tokens(required, [order.model] if order.model else [])),
        None,
        required,
    )
    for capability in required:
        if not await call.tx.all(agents.select_agents_to_address, capability=capability, limit=1):
            # A warning instead of an error: work may be ordered before the workers for it are started.
            target.warning = f"No agent has the capability {capability!r} yet; the task waits until one does."
            break
    return target


async def _choose_least_loaded_agent(call: Call, order: Order, required: list[str]) -> str | None:
    """Find the available agent with the capabilities and the lowest ratio of open tasks to its concurrency limit."""
    parameters = {"capability": required[0]} if required else {}
    parameters |= {"among": encode_json(list(order.among))} if order.among else {}
    # The index finds agents by one capability; the others are compared here, among the first hundred only.
    query = workers.build_candidates_query(bool(required), bool(order.among))
    rows = await call.tx.all(query, **parameters, limit=MAX_COMPARED_LOADS)
    qualified_rows = [row for row in rows if set(required) <= set(decode_json(row.capabilities))]
    # The id breaks ties, so that concurrent servers choose alike and tests are deterministic.
    best = min(
        qualified_rows, key=lambda row: (row.open_tasks / max(1, row.max_concurrent_tasks), row.agent_id), default=None
    )
    return None if best is None else str(best.agent_id)


async def _load_worker(call: Call, ref: str) -> WorkerRow:
    row = await call.tx.one(workers.select_worker, ref=ref, owner=call.caller.subject)
    if row is None:
        raise NotFound(
            f"There is no worker {ref!r}.",
            fix="Give its id; a name is enough for your own. See GET /v1/agent/workers.",
            errors=[field_error("assignee", "unknown worker")],
        )
    return row


def _check_agent_capabilities(row: AgentRow, required: Sequence[str]) -> None:
    lacking = sorted(set(required) - set(decode_json(row.capabilities)))
    if lacking:
        raise InvalidRequest(
            f"{row.agent_name} does not have the capability {', '.join(map(repr, lacking))}.",
            fix="Leave out the assignee to let any agent with the capability claim the task.",
            errors=[field_error("required_capabilities", "the assignee lacks some")],
        )


async def _resolve_unregistered_name(call: Call, ref: str, row: AgentRow | None, required: list[str]) -> Destination:
    """Resolve a name without an agent: the task waits until an agent registers under it. Raises NotFound, Conflict."""
    # Ids are given by the server: one without an agent can never be registered, unlike a name.
    if looks_like_id(ref):
        raise NotFound(
            f"No agent has the id {ref}." if row is None else f"The agent {ref} has left the marketplace.",
            fix="Agents are found with GET /agora/query/agents.",
            errors=[field_error("assignee", "unknown agent")],
        )
    check_name(ref, "assignee")
    address = build_address_of_name(ref)
    held_counts = await call.tx.one(tasks.count_tasks_held_for_name, address=address, limit=MAX_HELD_TASKS)
    if held_counts is not None and held_counts >= MAX_HELD_TASKS:
        raise Conflict(
            f"{MAX_HELD_TASKS} tasks already wait for {ref!r}, which is not registered.",
            fix="Check the name; it is not among GET /agora/query/agents.",
            errors=[field_error("assignee", "too many held tasks")],
        )
    warning = f"{ref!r} is not registered yet; the task waits until it is."
    return Destination(address, address, required, warning)


async def create_task(call: Call, order: Order) -> tuple[TaskDraft, Destination]:
    """Create a task and emit its events.

    Raises NotFound, InvalidRequest, Conflict for a bad assignee or dependency, RateLimited above a user's concurrency
    limit, PaymentRequired if a budget does not cover its price. Nothing is written in these cases.
    """
    # The steps of a workflow are counted when the workflow starts, not one by one.
    if order.workflow_id is None:
        await check_open_task_limit(call)
        if order.task_type == JOB_TYPE:
            await count_daily_job(call)
    target = await resolve_destination(call, order)
    # Locks the dependencies, so that none can end between this check and the insert: the task would stay blocked forever.
    blocked = await _lock_and_count_open_dependencies(call, order)
    if order.parent_id is not None:
        await access.load_visible_task(call, order.parent_id)
    turn = await _apply_busy_policy(call, order, target)
    # Priced before anything is appended: a refused budget then leaves no row, whatever the caller does with the error.
    draft = TaskDraft(call, _build_task_row(call, order, target, blocked + (turn.predecessor is not None), turn))
    await reserve_price_of_agent(draft, among=target.agent in order.among)
    draft.append_entry(
        "status", status=TaskStatus.PENDING, data={"retry_of": order.retry_of} if order.retry_of else None
    )
    # Before the insert, so that a local task is stored once, as running, instead of being inserted and updated.
    is_begun = start_if_local_slot_free(draft)
    # The row is inserted, not updated, so due_at is set here and not by TaskDraft.save.
    draft.row.due_at = states.compute_next_due_time(draft.row, call.now)
    call.tx.append(TASKS, draft.row)
    data = TaskData(
        tenant_id=call.caller.tenant,
        task_id=draft.task_id,
        payload=order.payload,
        metadata=order.metadata,
        result=None,
    )
    call.tx.append(DATA, data)
    draft.emit("assigned", created_by=draft.row.created_by, **views.build_available_event_data(draft.row))
    if is_begun:
        queue_started_local_task(draft, data)
    elif draft.row.waiting:
        announce_available(draft)
    # A started task emits `started` instead of `available`, which would invite others to claim it.
    await _insert_dependencies(draft)
    if turn.predecessor is not None:
        await insert_context_dependency(draft, turn.predecessor)
    # Rejected as a stored task instead of by an error: A2A clients expect a task in the state `rejected`.
    if turn.rejection is not None:
        await end_task(draft, TaskStatus.REJECTED, error=turn.rejection, content=turn.rejection)
    return draft, target


@value_class
class Turn:
    """Position of a task in its context. predecessor: the task it waits for. rejection: the reason, if it is rejected."""

    predecessor: str | None = None
    rejection: str | None = None


async def _apply_busy_policy(call: Call, order: Order, target: Destination) -> Turn:
    """Apply the policy of a busy agent to a task in a context. Cancels the tasks that it replaces.

    Raises Conflict for too many tasks, and if a dependency of the task ends with those that it replaces.
    """
    # A pool or worker lane has no single agent whose turns could be kept in order.
    if order.context_id is None or target.lane != f"agent:{target.agent}":
        return Turn()
    agent = target.row or await call.tx.one(agents.select_agent_by_id, ref=target.agent)
    if agent is None or agent.busy == "concurrent":
        return Turn()
    requester = order.created_by or call.caller.subject
    rows = await lock_tasks_under_way(call, order.context_id, agent.agent_id, requester)
    if not rows:
        return Turn()
    if agent.busy == "reject":
        text = f"{agent.agent_name} is busy with {rows[0].task_id} of this context."
        target.warning = target.warning or text
        return Turn(rejection=text)
    if agent.busy == "enqueue":
        target.warning = target.warning or f"It waits for {rows[-1].task_id} of its context."
        # The predecessor may already be a dependency: it counts only once.
        return Turn() if rows[-1].task_id in order.depends_on else Turn(predecessor=rows[-1].task_id)
    reason = contract.INTERRUPTED_BY_NEWER if agent.busy == "interrupt" else contract.ROLLED_BACK_FOR_NEWER
    # A dependency is continued and not replaced. It is older than the tasks that wait for it, hence the order.
    continued = set(order.depends_on)
    for row in reversed(rows):
        if row.task_id in continued:
            continued.update(decode_json(row.depends_on))
    for row in rows:
        # Locked again: the end of an earlier task of the list changes those that wait for it.
        draft = await access.lock_task(call, row.task_id)
        if row.task_id not in continued and draft.row.status in states.UNFINISHED_STATUSES:
            await end_task(draft, TaskStatus.CANCELLED, error=reason, content=reason)
    # A dependency outside of the context may have ended with them; a task that waits for it would never start.
    await _lock_and_count_open_dependencies(call, order)
    return Turn()


def _build_task_row(call: Call, order: Order, destination: Destination, blocked: int, turn: Turn) -> TaskRow:
    """Build the row of a new task. blocked: number of tasks it waits for."""
    task_id = new_id("task")
    return TaskRow(
        tenant_id=call.caller.tenant,
        task_id=task_id,
        task_type=order.task_type,
        status=TaskStatus.PENDING.value,
        priority=views.RANKS[order.priority],
        assignee=order.assignee,
        assigned_agent=destination.agent,
        queue=queues.build_queue_name(destination.lane, order.task_type),
        waiting=int(blocked == 0 and not order.paused and turn.rejection is None),
        requirements=encode_json(destination.requirements),
        required_model=order.model,
        created_by=order.created_by or call.caller.subject,
        account_id=order.account or call.caller.account,
        fence=0,
        # A default for timers of a task that starts without a claim; a claim overwrites it.
        lease_seconds=60,
        attempts=0,
        max_attempts=order.max_attempts,
        failures=0,
        max_failures=order.max_failures,
        retry_backoff=order.retry_backoff,
        timeout=order.timeout,
        blocked=blocked,
        has_dependants=0,
        depends_on=encode_json(list(order.depends_on)),
        parent_id=order.parent_id,
        retry_of=order.retry_of,
        workflow_id=order.workflow_id,
        step=order.step,
        item=order.item,
        progress=0.0,
        entries=0,
        output_size=0,
        created_at=call.now,
        updated_at=call.now,
        deadline=order.deadline,
        context_id=order.context_id,
        said=0,
        status_at=call.now,
        status_entry=0,
        holder=None,
        worker=None,
        lease_until=None,
        milestone=None,
        notes=None,
        checkpoint=None,
        checkpoint_number=None,
        error=None,
        available_at=None,
        started_at=None,
        completed_at=None,
        due_at=None,
        price_version=None,
        sort_key=build_sort_key(task_id, order.deadline),
        moved=0,
    )


async def _lock_and_count_open_dependencies(call: Call, order: Order) -> int:
    """Lock and check the dependencies; return the number that are not completed. Raises NotFound, Conflict."""
    if not order.depends_on:
        return 0
    task_ids = list(dict.fromkeys(order.depends_on))
    # Locked in id order, as everywhere, so that two creations with common dependencies cannot deadlock.
    rows = {row.task_id: row for row in await call.tx.all(tasks.lock_tasks, ids=encode_json(sorted(task_ids)))}
    blocked = 0
    for task_id in task_ids:
        row = rows.get(task_id)
        if row is None or not access.can_see_task(call.caller, row):
            raise _build_dependency_error(NotFound(f"There is no task {task_id} to depend on."))
        if row.status in states.TERMINAL_STATUSES and row.status != TaskStatus.COMPLETED:
            raise _build_dependency_error(
                Conflict(f"{task_id} is {row.status}; a task that depends on it could never start.")
            )
        if row.status != TaskStatus.COMPLETED:
            blocked += 1
    return blocked


def _build_dependency_error(error: AgoraError) -> AgoraError:
    error.extra["errors"] = [field_error("depends_on", str(error))]
    return error


async def _insert_dependencies(draft: TaskDraft) -> None:
    """Insert one row per dependency, and flag the dependencies so that their end is propagated."""
    call = draft.call
    for task_id in dict.fromkeys(decode_json(draft.row.depends_on)):
        # The row of a dependency names both tasks; the flag spares ending tasks without dependants the look-up.
        call.tx.append(
            DEPENDENCIES,
            TaskDependency(
                tenant_id=call.caller.tenant,
                depends_on=task_id,
                task_id=draft.task_id,
                in_context=0,
            ),
        )
        await call.tx.execute(
            tasks.build_task_row_update(frozenset({"has_dependants"})), task_id=task_id, has_dependants=1
        )


async def build_receipt(draft: TaskDraft, destination: Destination) -> contract.TaskReceipt:
    """Build the result of ``agora.task.assign``."""
    return contract.TaskReceipt.model_construct(
        task_id=draft.task_id,
        status=TaskStatus(draft.row.status),
        estimated_completion=await estimate_completion(draft.call, draft.row),
        assigned_agent=draft.row.assigned_agent,
        warning=destination.warning,
    )


async def estimate_completion(call: Call, row: TaskRow) -> datetime | None:
    """Estimate a task's completion time from the mean durations of its type for its agent, or for all agents."""
    if row.completed_at is not None:
        return None
    agent = row.assigned_agent
    durations = await call.tx.one(
        # An address (name:NAME) has no history of its own: the mean over all agents of this type is used.
        tasks.select_duration_estimate,
        task_type=row.task_type,
        agent_id=agent if agent and ":" not in agent else "",
    )
    if durations is None or not durations.samples or durations.waited is None or durations.ran is None:
        return None
    if row.started_at is not None and row.status != TaskStatus.PENDING:
        return to_datetime(max(call.now, int(row.started_at + durations.ran / durations.samples * SECOND)))
    return to_datetime(int(call.now + (durations.waited + durations.ran) / durations.samples * SECOND))


def list_explicit_requirements(row: TaskRow) -> list[str]:
    """Return the required capabilities of a task, except the one added by an assignee ``capability:NAME``."""
    return [name for name in decode_json(row.requirements) if f"capability:{name}" != row.assignee]


async def create_retry_of_task(
    call: Call, row: TaskRow, data: TaskData, assignee: str | None
) -> tuple[TaskDraft, Destination]:
    """Create a task with the parameters of an ended one. assignee: replaces the former assignee, if given."""
    # depends_on and deadline are not repeated: the dependencies have ended, and the deadline may have passed.
    order = Order(
        row.task_type,
        data.payload,
        assignee if assignee is not None else row.assignee,
        required=list_explicit_requirements(row),
        model=row.required_model,
        priority=views.PRIORITIES[row.priority],
        parent_id=row.parent_id,
        retry_of=row.task_id,
        max_attempts=row.max_attempts,
        retry_backoff=row.retry_backoff,
        timeout=row.timeout,
        metadata=data.metadata,
        context_id=row.context_id,
    )
    return await create_task(call, order)
