"""A marketplace for conformance tests: callers, and operations called by name through the dispatcher."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from agora.core.call import Caller
from agora.server.app import App
from agora.store.port import NewEvent, StoredEvent
from tests.harness import ManualClock

__all__ = ["Market"]


@dataclass
class Market:
    """A server's dispatcher with callers. Calls take the same path as those of every protocol; ``events`` are the
    committed events in order."""

    app: App
    clock: ManualClock
    events: list[StoredEvent] = field(default_factory=list)

    def __post_init__(self) -> None:
        publish = self.app.store.on_commit

        def watch(committed: Sequence[StoredEvent]) -> None:
            self.events.extend(committed)
            publish(committed)

        self.app.store.on_commit = watch

    @property
    def operator(self) -> Caller:
        return self.app.authenticator.operator

    async def call(self, caller: Caller, name: str, /, *, key: str | None = None, **arguments: Any) -> Any:
        """Call an operation by its name without the prefix ``agora.``."""
        operation = self.app.registry.resolve(f"agora.{name}")
        outcome = await self.app.dispatcher.invoke(operation, caller, arguments, idempotency_key=key)
        return outcome.result

    async def agent(self, name: str, **profile: Any) -> Caller:
        """Register an agent. Returns its caller, from its token."""
        registration = await self.call(self.operator, "agent.register", agent_name=name, **profile)
        return await self.app.authenticator.authenticate(registration.token)

    def of_type(self, type: str) -> list[NewEvent]:
        return [stored.event for stored in self.events if stored.event.type == type]
