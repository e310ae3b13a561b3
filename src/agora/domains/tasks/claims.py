"""Claims: lease the most urgent waiting tasks to workers, each task to exactly one worker.

The database provides atomicity: one UPDATE selects and leases (``for update skip locked`` on PostgreSQL, the single writer on
SQLite), so that two claimants never get the same row.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from pydantic_core import from_json

from agora.clock import SECOND
from agora.core.call import Call, WaitForEvent, decode_json, encode_json
from agora.core.errors import not_found
from agora.domains.agents import queries as agents
from agora.domains.agents.references import build_address_of_name
from agora.store.port import NewEvent, Tx, Work
from agora.value_classes import value_class
from agora_sdk.contract import tasks as contract
from agora_sdk.errors import Conflict, InvalidRequest, field_error

from . import queries as tasks
from . import queues, views
from . import worker_queries as workers
from .draft import append_start_entry, emit_task_event, list_parties
from .records import ActiveTasksChange, QueueHead, TaskRow, WorkerRow, WorkerSighting

__all__ = ["ClaimRequest", "claim_or_await_tasks", "claim_own_tasks", "list_claimable_capabilities"]

AVAILABLE_EVENTS = frozenset({"agora.task.available"})
# Bounds the walk over queue names of a claimant with many capabilities; the queues beyond are claimed once the first are empty.
MAX_QUEUES = 1000
SPARE_CANDIDATES = 32  #: extra candidates per attempt, in case other claimants lease some concurrently
MAX_ATTEMPTS = 4
#: minimum interval between two writes of a worker's last heartbeat, in microseconds
# A third of states.ONLINE_SECONDS, so that a worker that claims steadily never looks offline.
HEARTBEAT_WRITE_INTERVAL = 30_000_000


@value_class
class Claimant:
    """The caller of a claim. brought: tokens of its capabilities and models (:func:`.queues.build_requirement_tokens`)."""

    brought: frozenset[str]
    addresses: list[str]
    worker_id: str | None
    task_types: frozenset[str]
    unassigned: bool = True

    def may_take(self, event: NewEvent) -> bool:
        """Whether an event ``agora.task.available`` announces a task that this claimant may take; ends the long poll."""
        # Decided from the event alone, without the store: each commit calls this for every waiting claim.
        data = from_json(event.data)
        models = [data["required_model"]] if data["required_model"] else []
        needed = queues.build_requirement_tokens(data["required_capabilities"], models)
        fits = data["queue"] == "own" or (self.brought.issuperset(needed) and bool(needed or self.unassigned))
        return fits and (not self.task_types or data["task_type"] in self.task_types)


@value_class(kw_only=True)
class ClaimRequest:
    """Parameters of a claim. wait: seconds to wait for a task. capabilities: None for all of the caller's. task_id: claim this task only.

    unassigned: include tasks without assignee and requirements.
    """

    limit: int
    wait: float
    task_types: Sequence[str]
    capabilities: Sequence[str] | None
    models: Sequence[str]
    worker: str | None
    lease_seconds: int
    unassigned: bool = True
    task_id: str | None = None


async def claim_or_await_tasks(call: Call, request: ClaimRequest) -> contract.Claim:
    """Lease up to ``limit`` tasks. Raises WaitForEvent if there are none: the dispatcher retries when one becomes available."""
    capabilities, addresses, worker = await _resolve_claimant_and_record_sighting(
        call, request.capabilities, request.models, request.worker
    )
    if worker is not None and worker.draining_at is not None:
        # Returns immediately: a draining worker should end instead of waiting in a long poll.
        return contract.Claim.model_construct(tasks=[], count=0)
    worker_id = None if worker is None else worker.worker_id
    claimant = Claimant(capabilities, addresses, worker_id, frozenset(request.task_types), request.unassigned)
    if request.task_id is not None:
        # A named task is not waited for: the caller saw it waiting, and an immediate conflict tells that another was faster.
        return await _claim_task_by_id(call, claimant, request.task_id, request.lease_seconds)
    task_queues = await _find_claimable_queues(call, claimant, open=request.unassigned)
    size_limit = call.context.settings.page_bytes
    rows = await _lease_tasks(call, claimant, task_queues, request.limit, request.lease_seconds, size_limit)
    if rows:
        return await _record_and_build_claim(call, rows)
    raise WaitForEvent(
        AVAILABLE_EVENTS,
        request.wait,
        contract.Claim.model_construct(tasks=[], count=0),
        claimant.may_take,
        record=_build_sighting_write(call, worker),
    )


async def claim_own_tasks(call: Call, limit: int, lease_seconds: int, max_bytes: int | None = None) -> contract.Claim:
    """Claim tasks for an agent in this process without waiting, except pool tasks that require nothing.

    max_bytes: maximum size of the result in bytes; the page limit by default.
    """
    max_bytes = call.context.settings.page_bytes if max_bytes is None else max_bytes
    capabilities, addresses, _ = await _resolve_claimant_and_record_sighting(call, None, (), None)
    claimant = Claimant(capabilities, addresses, None, frozenset())
    own_queues = await _find_claimable_queues(call, claimant, open=False)
    rows = await _lease_tasks(call, claimant, own_queues, limit, lease_seconds, max_bytes)
    return await _record_and_build_claim(call, rows) if rows else contract.Claim.model_construct(tasks=[], count=0)


async def _lease_tasks(
    call: Call, claimant: Claimant, task_queues: Sequence[str], limit: int, lease_seconds: int, max_bytes: int
) -> Sequence[TaskRow]:
    """Lease the most urgent tasks of these queues, in order of urgency, up to ``max_bytes`` bytes."""
    lease = _build_lease_columns(call, claimant, lease_seconds)
    if not task_queues:
        return ()
    # One statement that selects and leases with SKIP LOCKED; it finds nothing if all heads are locked by other claimants.
    if limit == 1 and (
        rows := await call.tx.returning(tasks.lease_first_task, queues=encode_json(list(task_queues)), **lease)
    ):
        return rows
    # Other claimants may lease candidates between the two statements: each attempt selects more of them.
    for attempt in range(MAX_ATTEMPTS):
        candidates = await _find_candidate_tasks(call, task_queues, limit + attempt * SPARE_CANDIDATES)
        if not candidates:
            break
        # A single task is claimed whatever its size; several are cut to what one response may carry.
        if limit > 1:
            candidates = await _take_leading_within_size(call, candidates, max_bytes)
        rows = await call.tx.returning(tasks.lease_tasks, ids=encode_json(candidates), limit=limit, **lease)
        if rows:
            return sorted(rows, key=_compute_urgency_key)
    return ()


def _build_lease_columns(call: Call, claimant: Claimant, lease_seconds: int) -> dict[str, Any]:
    return {
        "holder": call.caller.subject,
        "worker": claimant.worker_id,
        "lease_seconds": lease_seconds,
        "lease_until": call.now + lease_seconds * SECOND,
        "now": call.now,
    }


async def _claim_task_by_id(call: Call, claimant: Claimant, task_id: str, lease_seconds: int) -> contract.Claim:
    """Lease a task by its id. Raises Conflict if it is not waiting, or if the claimant may not claim it."""
    row = await call.tx.one(tasks.select_task, task_id=task_id)
    rows: Sequence[TaskRow] = ()
    # Read without a lock; ``lease_tasks`` checks again that the task waits, and a faster claimant wins.
    if row is not None and row.waiting and _can_claim_from(row.queue, claimant):
        lease = _build_lease_columns(call, claimant, lease_seconds)
        rows = await call.tx.returning(tasks.lease_tasks, ids=encode_json([task_id]), limit=1, **lease)
    if not rows:  # the same error for a hidden and for a missing task
        raise Conflict(
            f"{task_id} cannot be claimed by you: it does not wait, or requires what you have not registered.",
            fix="Another worker may have been faster; claim another one.",
        )
    return await _record_and_build_claim(call, rows)


def _can_claim_from(queue: str, claimant: Claimant) -> bool:
    """Whether a claimant may claim from a queue."""
    address = queues.parse_queue_address(queue)
    if address is not None:
        return address in claimant.addresses
    return queues.can_claim_from(queue, claimant.brought, claimant.task_types)


async def _take_leading_within_size(call: Call, candidates: Sequence[str], limit: int) -> Sequence[str]:
    """Return the leading tasks whose payloads and metadata together fit into ``limit`` characters; at least one."""
    rows = await call.tx.all(tasks.select_task_sizes, ids=encode_json(candidates))
    sizes = {row.task_id: row.size for row in rows}
    total = 0
    for count, task_id in enumerate(candidates):
        total += sizes.get(task_id, 0)
        # The first task is always included: an oversized one could never be claimed and would block its queue.
        if count and total > limit:
            return candidates[:count]
    return candidates


def _compute_urgency_key(row: QueueHead | TaskRow) -> tuple[int, str, str]:
    return (row.priority, row.sort_key, row.task_id)


async def _resolve_claimant_and_record_sighting(
    call: Call, narrowed: Sequence[str] | None, models: Sequence[str], worker: str | None
) -> tuple[frozenset[str], list[str], WorkerRow | None]:
    """Resolve the caller's capability and model tokens, addresses and worker. Raises InvalidRequest, NotFound."""
    caller = call.caller
    # A worker claims with its own capabilities instead of its owner's: the owner may have several, on different machines.
    addresses = [f"agent:{caller.subject}"]
    own_capabilities: list[str] | None = None
    if caller.kind == "agent":
        addresses.append(build_address_of_name(caller.name))
        row = await call.tx.one(agents.select_agent_by_id, ref=caller.subject)
        own_capabilities = decode_json(row.capabilities) if row is not None else []
    row_of_worker = None
    if worker is not None:
        row_of_worker = await _load_own_worker_and_record_sighting(call, worker)
        addresses.append(f"worker:{row_of_worker.worker_id}")
        own_capabilities = decode_json(row_of_worker.capabilities)
        models = [*models, *decode_json(row_of_worker.models)]
    # Codebases that nobody watches are withheld from claims: their jobs wait in the queue until they are watched again.
    held_capabilities = frozenset(decode_json(row_of_worker.held)) if row_of_worker is not None else frozenset()
    if narrowed is None:
        claimable = [name for name in own_capabilities or () if name not in held_capabilities]
        return frozenset(queues.build_requirement_tokens(claimable, models)), addresses, row_of_worker
    if own_capabilities is not None and (lacking := sorted(set(narrowed) - set(own_capabilities))):
        raise InvalidRequest(
            f"You have not registered the capability {', '.join(map(repr, lacking))}.",
            fix="Register it with agora.agent.update, or leave it out.",
            errors=[field_error("capabilities", "not your own")],
        )
    narrowed = [name for name in narrowed if name not in held_capabilities]
    return frozenset(queues.build_requirement_tokens(narrowed, models)), addresses, row_of_worker


def list_claimable_capabilities(worker: WorkerRow) -> list[str]:
    """List the capabilities a worker claims with: all, except those of unwatched codebases."""
    held_capabilities = frozenset(decode_json(worker.held))
    return [name for name in decode_json(worker.capabilities) if name not in held_capabilities]


async def _load_own_worker_and_record_sighting(call: Call, ref: str) -> WorkerRow:
    row = await call.tx.one(workers.select_worker, ref=ref, owner=call.caller.subject)
    # An id finds workers of any owner: the addresses of a worker must not be claimable by another subject.
    if row is None or row.owner != call.caller.subject:
        raise not_found(
            "worker", f"You have no worker {ref!r}.", fix="Register it with POST /v1/agent/workers/register."
        )
    if (sighting := _build_sighting_if_due(call, row)) is not None:
        call.tx.append(workers.WORKER_SIGHTINGS, sighting)
    return row


def _build_sighting_if_due(call: Call, worker: WorkerRow) -> WorkerSighting | None:
    # Written rarely, and appended: concurrent claims of one worker must not wait for a lock on its row.
    if call.now - worker.last_seen <= HEARTBEAT_WRITE_INTERVAL:
        return None
    return WorkerSighting(tenant_id=call.caller.tenant, worker_id=worker.worker_id, now=call.now)


def _build_sighting_write(call: Call, worker: WorkerRow | None) -> Work[None] | None:
    """Build the record of a worker that waits: waiting rolls back the claim, and the sighting in it."""
    sighting = None if worker is None else _build_sighting_if_due(call, worker)
    if sighting is None:
        return None

    async def append_sighting(tx: Tx) -> None:
        tx.append(workers.WORKER_SIGHTINGS, sighting)

    return append_sighting


async def _find_claimable_queues(call: Call, claimant: Claimant, *, open: bool = True) -> list[str]:
    """Find the queues with waiting tasks that the caller may claim. open: include queues without requirements."""
    own_ranges = queues.build_queue_ranges(claimant.addresses, (), open=False)
    # The same for equal capabilities, so that the store caches it.
    pool_ranges = queues.build_queue_ranges((), sorted(claimant.brought), open=open)
    names: list[str] = []
    for ranges in filter(None, (own_ranges, pool_ranges)):
        names += await call.tx.all(tasks.select_waiting_queues, ranges=encode_json(ranges), limit=MAX_QUEUES)
    return [queue for queue in names if queues.can_claim_from(queue, claimant.brought, claimant.task_types)]


async def _find_candidate_tasks(call: Call, task_queues: Sequence[str], limit: int) -> Sequence[str]:
    """Find the ids of the most urgent tasks of these queues, in order of urgency."""
    heads: list[QueueHead] = []
    for queue in task_queues:
        heads += await call.tx.all(tasks.select_queue_heads, queue=queue, limit=limit)
    return [row.task_id for row in sorted(heads, key=_compute_urgency_key)[:limit]]


async def _record_and_build_claim(call: Call, rows: Sequence[TaskRow]) -> contract.Claim:
    claimed = []
    for row in rows:
        data = await call.tx.one(tasks.select_task_data, task_id=row.task_id)
        assert data is not None
        claimed.append(views.build_claimed_task(row, data))
        _append_and_emit_start(call, row)
    call.target = rows[0].task_id if len(rows) == 1 else f"{len(rows)} tasks"
    if call.caller.kind == "agent":
        # An increment instead of an absolute value, so that concurrent claims of one agent lose no count.
        change = ActiveTasksChange(tenant_id=call.caller.tenant, agent_id=call.caller.subject, change=len(rows))
        call.tx.append(tasks.ACTIVE_TASKS, change)
    return contract.Claim.model_construct(tasks=claimed, count=len(claimed))


def _append_and_emit_start(call: Call, row: TaskRow) -> None:
    """Append the log entry of a claim. Its number was counted by the UPDATE that leased the task."""
    details = {"attempt": row.attempts} | ({"worker": row.worker} if row.worker else {})
    append_start_entry(call, row, call.caller.subject, details)
    emit_task_event(call, row, "started", {"attempt": row.attempts, "worker": row.worker}, list_parties(row))
