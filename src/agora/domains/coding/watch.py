"""Watching: whether a codebase's worker takes queued jobs by itself.

A codebase that is not watched holds what is queued for it by its id, its name or its repository: its worker claims nothing by these
capabilities (``workers.held``), and nobody stands in for it. A job that is given to the worker itself is asked for, and runs.
"""

from __future__ import annotations

from agora.core.call import Call, encode_json
from agora.domains.tasks import worker_queries as workers
from agora_sdk.contract import codebases as contract

from . import queries as statements
from .capabilities import announce_worker_change, list_capabilities
from .records import CodebaseRow
from .stand_ins import announce_waiting_jobs, end_stand_ins
from .steering import count_queued_jobs

__all__ = ["describe_watch_state", "set_watch"]


async def set_watch(
    call: Call, codebase: CodebaseRow, *, watching: bool, interval: int | None = None
) -> contract.Watch:
    """Begin or end to watch a codebase. interval: seconds, None to leave it. Raises nothing: a repeated call changes nothing."""
    was_watching, codebase.watching = bool(codebase.watching), int(watching)
    codebase.watch_interval = interval or codebase.watch_interval
    await call.tx.execute(
        statements.set_watch,
        codebase_id=codebase.codebase_id,
        watching=codebase.watching,
        watch_interval=codebase.watch_interval,
    )
    await _hold_capabilities(call, codebase.worker_id)
    worker = await call.tx.one(workers.by_ref, ref=codebase.worker_id, owner=codebase.owner)
    if worker is not None and was_watching != watching:
        announce_worker_change(call, worker)
    if was_watching != watching:
        data = {"codebase_id": codebase.codebase_id, "name": codebase.name, "watching": watching}
        call.emit("agora.codebase.updated", data, subject=codebase.codebase_id, audience=(codebase.owner,))
    if watching and not was_watching:
        for capability in list_capabilities(codebase):
            await announce_waiting_jobs(call, capability)
    if not watching and codebase.stand_ins != "[]":
        await end_stand_ins(call, codebase)
    return await describe_watch_state(call, codebase)


async def describe_watch_state(call: Call, codebase: CodebaseRow) -> contract.Watch:
    """Whether a codebase is watched, and how much waits for it."""
    return contract.Watch.model_construct(
        codebase_id=codebase.codebase_id,
        watching=bool(codebase.watching),
        interval=codebase.watch_interval,
        queued=await count_queued_jobs(call, codebase),
    )


async def _hold_capabilities(call: Call, worker_id: str) -> None:
    """Have a worker claim nothing by the capabilities of its codebases that are not watched."""
    rows = await call.tx.all(statements.unwatched_codebases, worker_id=worker_id)
    held = [capability for row in rows for capability in list_capabilities(row)]
    await call.tx.execute(
        statements.set_held_capabilities, worker_id=worker_id, held=encode_json(list(dict.fromkeys(held)))
    )
