"""Capabilities required by jobs of a codebase, and the rule for when its worker counts as online."""

from __future__ import annotations

from agora.core.call import Call
from agora.domains.agents.signals import CODEBASE_CAPABILITY
from agora.domains.tasks.records import WorkerRow
from agora.domains.tasks.states import ONLINE_SECONDS

from .records import CodebaseRow

__all__ = ["ONLINE_SECONDS", "SILENT_SECONDS", "announce_worker_change", "codebase_capability", "list_capabilities"]

SILENT_SECONDS = 45  #: a worker that was not seen for so long (heartbeat: 30 s) is skipped


def codebase_capability(codebase_id: str) -> str:
    """Return the capability that a job for a codebase requires."""
    return f"{CODEBASE_CAPABILITY}{codebase_id}"


def announce_worker_change(call: Call, worker: WorkerRow) -> None:
    """Announce that a worker's capabilities have changed, so that it renews a pending claim made with the old ones."""
    data = {"worker_id": worker.worker_id, "worker_name": worker.worker_name, "owner": worker.owner}
    call.emit("agora.worker.updated", data, subject=worker.worker_id, audience=(worker.owner,))


def list_capabilities(codebase: CodebaseRow) -> list[str]:
    """List the capabilities that jobs for a codebase may require: by its id, its name, its repository."""
    # Held capabilities are compared with what jobs require, so all three forms are listed.
    repository = [f"repository:{codebase.repository}"] if codebase.repository else []
    return [*map(codebase_capability, (codebase.codebase_id, codebase.name)), *repository]
