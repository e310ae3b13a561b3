"""The capabilities that jobs for a codebase require, and when its worker counts as online."""

from __future__ import annotations

from agora.domains.agents.signals import CODEBASE_CAPABILITY

from .records import CodebaseRow

__all__ = ["ONLINE_SECONDS", "codebase_capability", "list_capabilities"]

ONLINE_SECONDS = 90  #: since a worker was seen


def codebase_capability(codebase_id: str) -> str:
    """The capability that a job for a codebase requires."""
    return f"{CODEBASE_CAPABILITY}{codebase_id}"


def list_capabilities(codebase: CodebaseRow) -> list[str]:
    """The capabilities that jobs for a codebase may require: by its id, its name, its repository."""
    repository = [f"repository:{codebase.repository}"] if codebase.repository else []
    return [*map(codebase_capability, (codebase.codebase_id, codebase.name)), *repository]
