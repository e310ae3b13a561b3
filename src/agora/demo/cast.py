"""The agents: what a user of the SDK would write. ``python -m agora.demo.cast ROLE RUN`` plays one.

An agent tells what it observed as one JSON object a line on standard output.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
from pathlib import Path
from typing import Any, ClassVar

from agora_sdk import Agent, AgoraClient
from agora_sdk.contract.messaging import Message

__all__ = ["ROLES"]

RUN = sys.argv[2] if len(sys.argv) > 2 else "demo"


def tell(what: str, **facts: Any) -> None:
    """Tell the director."""
    sys.stdout.write(json.dumps({"what": what, **facts}, default=str) + "\n")
    sys.stdout.flush()


def named(role: str) -> str:
    """The name of a role in this run."""
    return f"{role}-{RUN}"


class Player(Agent):
    """Tells of every message."""

    async def on_start(self) -> None:
        tell("started", name=self.name)

    async def on_message(self, message: Message) -> None:
        tell("message", name=self.name, sender=message.from_name, content=message.content, broadcast=message.broadcast)
        await self.act(message)

    async def act(self, message: Message) -> None:
        """What the role does about it."""


class Researcher(Player):
    capabilities: ClassVar[list[str]] = [f"research-{RUN}"]

    async def act(self, message: Message) -> None:
        if message.message_type == "question":
            await self.reply(message, f"{self.name} on {message.content}")


class Writer(Player):
    capabilities: ClassVar[list[str]] = [f"writing-{RUN}"]

    async def act(self, message: Message) -> None:
        if message.message_type != "assignment":
            return
        found = await self.client.query.agents(capabilities=[f"research-{RUN}"])
        tell("discovered", names=sorted([agent.agent_name async for agent in found]))
        answers = await asyncio.gather(
            *(self.client.request(agent.agent_id, message.content, "question", timeout=10) for agent in found.agents)
        )
        await self.client.messaging.send(f"capability:review-{RUN}", "a draft to review", "draft")
        await self.reply(message, "; ".join(sorted(answer.content for answer in answers)))


class Reviewer(Player):
    capabilities: ClassVar[list[str]] = [f"review-{RUN}"]

    async def act(self, message: Message) -> None:
        if message.message_type == "draft":
            await self.publish_event(f"review.done.{RUN}", {"verdict": "good", "author": message.from_name})


ROLES: dict[str, tuple[type[Player], str]] = {
    "ResearcherA": (Researcher, "Finds things out"),
    "ResearcherB": (Researcher, "Finds things out, differently"),
    "Writer": (Writer, "Writes what researchers found"),
    "Reviewer": (Reviewer, "Reviews what the writer wrote"),
}


async def observe() -> None:
    """Follow the agents' events, telling each; remembers the last one in a file, as a real observer would."""
    place = Path(os.environ["AGORA_DEMO_PLACE"])
    client = AgoraClient()
    registration = await client.register(named("Observer"), capabilities=[f"observe-{RUN}"])
    tell("registered", pending=registration.pending_messages, created=registration.created)
    last = place.read_text() if place.exists() else str(os.environ["AGORA_DEMO_SINCE"])
    stream = await client.event.stream(last_event_id=last)
    tell("started", name=named("Observer"))
    for message in (await client.messaging.receive(unread=True)).messages:
        tell("inbox", content=message.content)
        await client.messaging.mark([message.message_id])
    async for event in stream:
        tell("event", sequence=event.sequence, type=event.type)
        place.write_text(str(event.sequence))


def play(role: str) -> None:
    """Play a role until SIGTERM."""
    if role == "Observer":
        asyncio.run(observe())
        return
    kind, description = ROLES[role]
    agent = type(role, (kind,), {"name": named(role), "description": description})
    agent().run()


if __name__ == "__main__":
    play(sys.argv[1])
