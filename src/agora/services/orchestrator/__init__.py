"""The marketplace asked in plain words: what is wanted (pure), and doing it with the operations there are."""

from .service import OrchestratorService

__all__ = ["OrchestratorService"]
