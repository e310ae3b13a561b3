"""Stand-ins: workers with the same repository, which take the jobs of a codebase while its own worker is gone.

A job for a codebase requires the capability ``codebase:ID``. While the codebase's worker is not seen, other workers
with a clone of that repository receive the capability; when it is back, they lose it. A stand-in finishes the jobs that
it has claimed.
"""

from __future__ import annotations

from collections.abc import Sequence

from agora.clock import SECOND
from agora.core.call import Call, decode_json, encode_json
from agora.domains.tasks import queries as tasks
from agora.domains.tasks import queues
from agora.domains.tasks import worker_queries as workers
from agora.domains.tasks.access import lock_task
from agora.domains.tasks.claims import MAX_QUEUES
from agora.domains.tasks.records import WorkerRow
from agora.domains.tasks.transitions import announce_available, build_pool_queue_name, reassign_task

from . import queries as statements
from .records import CodebaseRow
from .worker_capabilities import (
    ONLINE_SECONDS,
    add_worker_capability,
    announce_worker_change,
    build_codebase_capability,
    is_worker_online,
    remove_worker_capability,
)

__all__ = [
    "announce_waiting_jobs",
    "appoint_stand_ins_if_worker_gone",
    "dismiss_stand_ins_if_worker_back",
    "remove_stand_ins",
]

MAX_STAND_INS = 20
MAX_MOVED = 200  #: tasks of one codebase per pass


async def appoint_stand_ins_if_worker_gone(call: Call, codebase_id: str) -> bool:
    """Appoint stand-ins for the worker of a codebase if it is still gone. Returns whether anything has changed."""
    row = await call.tx.one(statements.select_codebase, codebase_id=codebase_id)
    if (
        row is None
        or row.repository is None
        or await _are_queued_jobs_held(call, row)
        or await is_worker_online(call, row)
    ):
        return False
    seen_since = call.now - ONLINE_SECONDS * SECOND
    candidates = await call.tx.all(
        statements.select_workers_of_repository,
        repository=row.repository,
        owner=row.owner,
        seen_since=seen_since,
        limit=MAX_STAND_INS,
    )
    capability, changed = build_codebase_capability(codebase_id), False
    for worker in candidates:
        if capability not in decode_json(worker.capabilities):
            await add_worker_capability(call, worker.worker_id, capability)
            announce_worker_change(call, worker)
            changed = True
    if not candidates:
        return False
    # Earlier ones stay listed, though they may be offline now: whoever has the capability must lose it at the end.
    earlier = decode_json(row.stand_ins)
    stand_ins = encode_json(list(dict.fromkeys([*earlier, *(worker.worker_id for worker in candidates)])))
    if stand_ins != row.stand_ins:
        await call.tx.execute(statements.update_stand_ins, codebase_id=codebase_id, stand_ins=stand_ins)
        call.target, changed = codebase_id, True
    # Also if no stand-in is new: further jobs may have been assigned to the absent worker since the last pass.
    moved = await _move_jobs_to_shared_queue(call, row)
    if changed:
        await announce_waiting_jobs(call, capability, candidates)
    return changed or moved


async def dismiss_stand_ins_if_worker_back(call: Call, codebase_id: str) -> bool:
    """Dismiss the stand-ins of a codebase whose worker is back. Returns whether there were any."""
    row = await call.tx.one(statements.select_codebase, codebase_id=codebase_id)
    if row is None or row.stand_ins == "[]" or not await is_worker_online(call, row):
        return False
    await remove_stand_ins(call, row)
    return True


async def remove_stand_ins(call: Call, row: CodebaseRow) -> None:
    """Remove the capability for a codebase from all its stand-ins."""
    capability = build_codebase_capability(row.codebase_id)
    for worker_id in decode_json(row.stand_ins):
        worker = await call.tx.one(workers.select_worker, ref=worker_id, owner="")
        # The codebase's own worker keeps its capability.
        if worker is not None and worker.worker_id != row.worker_id:
            await remove_worker_capability(call, worker.worker_id, capability)
            announce_worker_change(call, worker)
    await call.tx.execute(statements.update_stand_ins, codebase_id=row.codebase_id, stand_ins="[]")
    call.target = row.codebase_id


async def _are_queued_jobs_held(call: Call, row: CodebaseRow) -> bool:
    held = await call.tx.all(statements.select_held_codebases, worker_id=row.worker_id)
    return row.codebase_id in (codebase.codebase_id for codebase in held)


async def _move_jobs_to_shared_queue(call: Call, row: CodebaseRow) -> bool:
    """Move jobs assigned to the absent worker, such as the next prompt of a session, to the queue of the capability."""
    queue = queues.build_queue_name(f"worker:{row.worker_id}", "coding.job")
    moved = False
    for head in await call.tx.all(tasks.select_queue_heads, queue=queue, limit=MAX_MOVED):
        draft = await lock_task(call, head.task_id)
        # Read again under the lock: it may have been claimed or moved since the queue was read.
        if build_codebase_capability(row.codebase_id) in decode_json(draft.row.requirements) and draft.row.waiting:
            await reassign_task(
                draft, build_pool_queue_name(draft), None, None, "its worker is gone; another one has the repository"
            )
            moved = True
    return moved


async def announce_waiting_jobs(call: Call, capability: str, holders: Sequence[WorkerRow]) -> None:
    """Announce the jobs that wait for a capability again, because these workers have it now."""
    tokens = {capability}
    for worker in holders:
        tokens.update(queues.build_requirement_tokens(decode_json(worker.capabilities), decode_json(worker.models)))
    # A queue's requirements are sorted: those with the capability begin with it or with a token that sorts before it.
    ranges = queues.build_queue_ranges((), sorted(token for token in tokens if token <= capability), open=False)
    waiting = await call.tx.all(tasks.select_waiting_queues, ranges=encode_json(ranges), limit=MAX_QUEUES)
    for queue in [queue for queue in waiting if capability in queues.parse_queue_requirements(queue)][:MAX_STAND_INS]:
        for head in await call.tx.all(tasks.select_queue_heads, queue=queue, limit=MAX_STAND_INS):
            announce_available(await lock_task(call, head.task_id))
