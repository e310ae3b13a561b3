"""Base class of the demo's agents."""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Awaitable, Callable, Sequence
from typing import TYPE_CHECKING, Any

from agora_sdk import Agent, AgoraError

from ..participants import Participants

if TYPE_CHECKING:
    from agora_sdk.contract.events import Event
    from agora_sdk.contract.messaging import Message

__all__ = ["DemoAgent"]


class DemoAgent(Agent):
    """An agent of the demo: reports its start and each message, and stops when its director has ended.

    after: the sequence number after which an observer's event stream begins.
    """

    max_concurrent_tasks = 4

    def __init__(self, participants: Participants, role: str, after: int = 0) -> None:
        super().__init__(name=participants.name(role))
        self.participants, self.after = participants, after
        self.capabilities = participants.capabilities(role)
        self.description = f"{role} of the demo {participants.mark}"
        self._watching: list[asyncio.Task[None]] = []

    def report_to_director(self, kind: str, **observed: Any) -> None:
        """Report an observation to the director."""
        sys.stdout.write(json.dumps({"kind": kind, **observed}) + "\n")
        sys.stdout.flush()

    async def serve(self) -> None:
        # A director that is killed cannot stop its agents: the end of their input tells them.
        asyncio.get_running_loop().add_reader(sys.stdin.fileno(), self._stop_with_director)
        await super().serve()

    def _stop_with_director(self) -> None:
        """Stop because the director has ended: standard input is never written to, so it becomes readable only when it is
        closed."""
        asyncio.get_running_loop().remove_reader(sys.stdin.fileno())
        self.stop()

    async def on_start(self) -> None:
        assert self.registration is not None
        registered = self.registration
        self.report_to_director(
            "arrived", agent_id=self.agent_id, created=registered.created, pending=registered.pending_messages
        )
        await self.start_role()
        await self.publish_event(self.participants.event_type("arrived"), {"name": self.name})
        self.report_to_director("ready")

    async def on_stop(self) -> None:
        for task in self._watching:
            task.cancel()

    async def on_message(self, message: Message) -> None:
        names = ("message_id", "from_name", "content", "message_type", "correlation_id", "broadcast")
        self.report_to_director("message", **{name: getattr(message, name) for name in names})
        await self.handle_message(message)

    async def start_role(self) -> None:
        """Start what the role does on its own, before it reports ready."""

    async def handle_message(self, message: Message) -> None:
        """Handle a message."""

    async def find_agents(self, skill: str) -> list[str]:
        """Find the names of the other agents with a capability."""
        page = await self.client.query.agents([self.participants.capability_name(skill)])
        return [agent.agent_name async for agent in page if agent.agent_id != self.agent_id]

    async def start_following(
        self, types: Sequence[str], handle: Callable[[Event], Awaitable[None]], after: int | None = None
    ) -> None:
        """Begin to follow events; return when the server has opened the stream."""
        stream = await self.client.event.stream(list(types), last_event_id=None if after is None else str(after))

        async def follow_events() -> None:
            try:
                async for event in stream:
                    await handle(event)
            except AgoraError as error:
                self.report_to_director("stream_lost", error=str(error))

        self._watching.append(asyncio.create_task(follow_events()))
