"""Watching: whether a codebase's worker takes queued jobs automatically.

The queued jobs of a codebase are held while it is not watched, and while its number of open reviews reaches its limit:
its worker claims no job queued by its id, name or repository (``workers.held``), and it gets no stand-ins. A job
assigned to the worker directly, such as the next prompt of a session, was requested explicitly and runs.
"""

from __future__ import annotations

from agora.core.call import Call, decode_json, encode_json
from agora.store.port import write_record
from agora_sdk.contract import codebases as contract

from . import queries as statements
from .records import CodebaseRow
from .stand_ins import announce_waiting_jobs, remove_stand_ins
from .steering import count_queued_jobs
from .worker_capabilities import announce_worker_change, list_capabilities_naming_codebase

__all__ = ["apply_review_limit", "build_watch_state", "set_watch", "update_held_jobs"]


async def set_watch(
    call: Call,
    codebase: CodebaseRow,
    *,
    watching: bool,
    interval: int | None = None,
    review_limit: int | None = None,
) -> contract.Watch:
    """Start or stop watching a codebase. interval: seconds. review_limit: 0 for none. None leaves either unchanged."""
    was_watching, codebase.watching = bool(codebase.watching), int(watching)
    codebase.watch_interval = interval or codebase.watch_interval
    codebase.review_limit = codebase.review_limit if review_limit is None else review_limit
    await write_record(call.tx, statements.update_watch, codebase)
    await update_held_jobs(call, codebase.worker_id)
    if was_watching != watching:
        data = {"codebase_id": codebase.codebase_id, "name": codebase.name, "watching": watching}
        call.emit("agora.codebase.updated", data, subject=codebase.codebase_id, audience=(codebase.owner,))
    return await build_watch_state(call, codebase)


async def build_watch_state(call: Call, codebase: CodebaseRow) -> contract.Watch:
    """Build the watch state of a codebase: watching, queued jobs, open reviews, and whether jobs are held."""
    open_reviews = await call.tx.one(statements.count_open_reviews, codebase_id=codebase.codebase_id) or 0
    return contract.Watch.model_construct(
        codebase_id=codebase.codebase_id,
        watching=bool(codebase.watching),
        interval=codebase.watch_interval,
        queued=await count_queued_jobs(call, codebase),
        review_limit=codebase.review_limit,
        open_reviews=open_reviews,
        held=not codebase.watching or 0 < codebase.review_limit <= open_reviews,
    )


async def apply_review_limit(call: Call, codebase_id: str) -> None:
    """Hold or release the queued jobs of a codebase after one of its reviews was opened or decided."""
    codebase = await call.tx.one(statements.select_codebase, codebase_id=codebase_id)
    if codebase is not None and codebase.review_limit:
        await update_held_jobs(call, codebase.worker_id)


async def update_held_jobs(call: Call, worker_id: str) -> None:
    """Update the capabilities by which a worker claims nothing because jobs are held, and announce released jobs."""
    # Lock before counting: of two concurrently opened reviews, the second transaction counts both.
    worker = await call.tx.one(statements.lock_worker, worker_id=worker_id)
    if worker is None:  # a codebase without a worker
        return
    # Ending stand-ins, below, changes the target of the call.
    target = call.target
    rows = await call.tx.all(statements.select_held_codebases, worker_id=worker_id)
    # By name and repository too: a job that names only these could otherwise be claimed past the hold.
    held = list(dict.fromkeys(capability for row in rows for capability in list_capabilities_naming_codebase(row)))
    held_before = decode_json(worker.held)
    if held != held_before:
        await call.tx.execute(statements.update_held_capabilities, worker_id=worker_id, held=encode_json(held))
        announce_worker_change(call, worker)
    # Released jobs are in queues already, so nobody is told of them by a new task.
    for capability in held_before:
        if capability not in held:
            await announce_waiting_jobs(call, capability, [worker])
    for row in rows:
        if row.stand_ins != "[]":
            await remove_stand_ins(call, row)
    call.target = target
