"""Filter of a worker's event stream."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import Any

from pydantic_core import from_json

from agora.core.events.filter import EventFilter
from agora.domains.tasks import queues
from agora.store.port import NewEvent
from agora.value_classes import value_class

__all__ = ["AVAILABLE_EVENT", "UPDATED_EVENT", "OfferFilter", "build_offer_filter"]

AVAILABLE_EVENT = "agora.task.available"
UPDATED_EVENT = "agora.worker.updated"
CODEBASE_PREFIX = "codebase:"
SHARED_CODEBASES = frozenset(
    {"codebase:global", "codebase:__pending__"}
)  #: matched regardless of the requested codebases


@value_class
class OfferFilter(EventFilter):
    """Tasks whose requirements are among ``brought``, tasks assigned to the reader, and changes of its worker."""

    brought: frozenset[str] = frozenset()
    worker_id: str | None = None

    def matches_event(self, event: NewEvent) -> bool:
        # A change of its own capabilities tells the worker to claim again with the new ones.
        if event.type == UPDATED_EVENT:
            return self.worker_id is not None and event.subject == self.worker_id
        if event.type != AVAILABLE_EVENT:
            return False
        data: dict[str, Any] = from_json(event.data)
        if data["queue"] == "own":
            return True  # own queues are filtered by the viewer
        models = [data["required_model"]] if data["required_model"] else []
        return self.brought.issuperset(queues.build_requirement_tokens(data["required_capabilities"], models))


def build_offer_filter(brought: Iterable[str], codebases: Collection[str], worker_id: str | None) -> OfferFilter:
    """Build the filter of a worker's stream. codebases: requested ones, by id or name; empty for all of its own."""
    tokens = frozenset(brought)
    if codebases:
        capabilities = SHARED_CODEBASES | {CODEBASE_PREFIX + name for name in codebases}
        tokens = frozenset(token for token in tokens if not token.startswith(CODEBASE_PREFIX) or token in capabilities)
    return OfferFilter(types=(AVAILABLE_EVENT, UPDATED_EVENT), brought=tokens, worker_id=worker_id)
