"""Capabilities required by jobs of a codebase, and the rule for when its worker counts as online."""

from __future__ import annotations

from collections.abc import Callable

from agora.clock import SECOND
from agora.core.call import Call, decode_json, encode_json
from agora.domains.agents.signals import CODEBASE_CAPABILITY
from agora.domains.tasks import worker_queries as workers
from agora.domains.tasks.records import WorkerRow
from agora.domains.tasks.states import ONLINE_SECONDS

from . import queries as statements
from .records import CodebaseRow

__all__ = [
    "MAX_SILENCE_SECONDS",
    "ONLINE_SECONDS",
    "add_worker_capability",
    "announce_worker_change",
    "build_codebase_capability",
    "is_worker_online",
    "list_capabilities_naming_codebase",
    "remove_worker_capability",
]

MAX_SILENCE_SECONDS = 45  #: a worker that was not seen for so long (heartbeat: 30 s) is skipped


def build_codebase_capability(codebase_id: str) -> str:
    """Return the capability that a job for a codebase requires."""
    return f"{CODEBASE_CAPABILITY}{codebase_id}"


async def is_worker_online(call: Call, codebase: CodebaseRow) -> bool:
    """Whether the worker of a codebase was seen recently; each claim updates the time."""
    worker = await call.tx.one(workers.select_worker, ref=codebase.worker_id, owner=codebase.owner)
    return worker is not None and call.now - worker.last_seen <= ONLINE_SECONDS * SECOND


async def add_worker_capability(call: Call, worker_id: str, capability: str) -> None:
    """Give a worker a capability."""
    await _update_capabilities_under_lock(call, worker_id, lambda names: list(dict.fromkeys([*names, capability])))


async def remove_worker_capability(call: Call, worker_id: str, capability: str) -> None:
    """Take a capability from a worker."""
    await _update_capabilities_under_lock(call, worker_id, lambda names: [name for name in names if name != capability])


async def _update_capabilities_under_lock(call: Call, worker_id: str, change: Callable[[list[str]], list[str]]) -> None:
    # The list is one column: read under the lock, so that concurrent changes of one worker do not undo each other.
    worker = await call.tx.one(statements.lock_worker, worker_id=worker_id)
    if worker is not None:
        capabilities = encode_json(change(decode_json(worker.capabilities)))
        await call.tx.execute(statements.update_worker_capabilities, worker_id=worker_id, capabilities=capabilities)


def announce_worker_change(call: Call, worker: WorkerRow) -> None:
    """Announce that a worker's capabilities have changed, so that it renews a pending claim made with the old ones."""
    data = {"worker_id": worker.worker_id, "worker_name": worker.worker_name, "owner": worker.owner}
    call.emit("agora.worker.updated", data, subject=worker.worker_id, audience=(worker.owner,))


def list_capabilities_naming_codebase(codebase: CodebaseRow) -> list[str]:
    """List the capabilities that jobs for a codebase may require: by its id, its name, its repository."""
    # Held capabilities are compared with what jobs require, so all three forms are listed.
    repository = [f"repository:{codebase.repository}"] if codebase.repository else []
    return [*map(build_codebase_capability, (codebase.codebase_id, codebase.name)), *repository]
