"""The cast: agents that find each other, talk, publish, watch, and report what they observed.

Each is an ordinary :class:`agora_sdk.Agent`. Reports are JSON lines on standard output.
"""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Awaitable, Callable, Sequence
from typing import TYPE_CHECKING, Any

from agora_sdk import Agent, AgoraError
from agora_sdk.errors import Halted

from .troupe import Troupe

if TYPE_CHECKING:
    from agora_sdk.contract.events import Event
    from agora_sdk.contract.messaging import Message, MessageReceipt

__all__ = ["Coordinator", "Observer", "Player", "Researcher", "Reviewer", "Translator", "Writer", "player"]

REPLY_SECONDS = 5.0


class Player(Agent):
    """An agent of the demo: reports its arrival and each message, and stops when its director is gone.

    after: the sequence number after which an observer's event stream begins.
    """

    max_concurrent_tasks = 4

    def __init__(self, troupe: Troupe, role: str, after: int = 0) -> None:
        super().__init__(name=troupe.name(role))
        self.troupe, self.after = troupe, after
        self.capabilities = troupe.capabilities(role)
        self.description = f"{role} of the demo {troupe.mark}"
        self._watching: list[asyncio.Task[None]] = []

    def report(self, kind: str, **observed: Any) -> None:
        """Tell the director."""
        sys.stdout.write(json.dumps({"kind": kind, **observed}) + "\n")
        sys.stdout.flush()

    async def serve(self) -> None:
        asyncio.get_running_loop().add_reader(sys.stdin.fileno(), self._director_is_gone)
        await super().serve()

    def _director_is_gone(self) -> None:
        """Nothing is ever written to standard input: it is readable at its end."""
        asyncio.get_running_loop().remove_reader(sys.stdin.fileno())
        self.stop()

    async def on_start(self) -> None:
        assert self.registration is not None
        registered = self.registration
        self.report("arrived", agent_id=self.agent_id, created=registered.created, pending=registered.pending_messages)
        await self.prepare()
        await self.publish_event(self.troupe.event("arrived"), {"name": self.name})
        self.report("ready")

    async def on_stop(self) -> None:
        for task in self._watching:
            task.cancel()

    async def on_message(self, message: Message) -> None:
        names = ("message_id", "from_name", "content", "message_type", "correlation_id", "broadcast")
        self.report("message", **{name: getattr(message, name) for name in names})
        await self.handle(message)

    async def prepare(self) -> None:
        """What a role does before it counts as ready."""

    async def handle(self, message: Message) -> None:
        """What a role does with a message."""

    async def find(self, skill: str) -> list[str]:
        """Names of the agents that have a capability, this one left out."""
        page = await self.client.query.agents([self.troupe.skill(skill)])
        return [agent.agent_name async for agent in page if agent.agent_id != self.agent_id]

    async def watch(
        self, types: Sequence[str], handle: Callable[[Event], Awaitable[None]], after: int | None = None
    ) -> None:
        """Begin to follow events; when this returns the server listens for us."""
        stream = await self.client.event.stream(list(types), last_event_id=None if after is None else str(after))

        async def follow() -> None:
            try:
                async for event in stream:
                    await handle(event)
            except AgoraError as error:
                self.report("stream_lost", error=str(error))

        self._watching.append(asyncio.create_task(follow()))


class Coordinator(Player):
    """Gives out the work: finds the others by what they can do, and tells everybody when it is done."""

    async def prepare(self) -> None:
        receipt = await self.send_message_to_agent(
            self.troupe.name("Writer"), "Please write the report on tides.", message_type="task", expires_in=600
        )
        self.report("held", message_id=receipt.message_id, status=receipt.status, warning=receipt.warning)

    async def handle(self, message: Message) -> None:
        if message.message_type == "task_completion":
            text = f"Agora demo {self.troupe.mark}: the report is ready."
            self._sent("everyone", await self.send_message_to_agent("broadcast", text, priority="low", expires_in=600))
        elif message.content == "meet":
            await self._meet()
        elif message.content == "work":
            await self._hand_out()

    async def _meet(self) -> None:
        found = {skill: await self.find(skill) for skill in ("research", "writing", "review", "translation")}
        self.report("found", skills=found)
        if found["research"]:
            group = f"capability:{self.troupe.skill('research')}"
            self._sent("capability", await self.send_message_to_agent(group, "The deadline is noon."))
        for reviewer in found["review"]:
            reply = await self.request(
                reviewer, "Can you review today?", message_type="question", timeout=REPLY_SECONDS
            )
            self.report("reply", from_name=reply.from_name, content=reply.content, correlation_id=reply.correlation_id)

    async def _hand_out(self) -> None:
        observer = self.troupe.name("Observer")
        self._sent("observer", await self.send_message_to_agent(observer, "The minutes of our meeting."))
        if researchers := await self.find("research"):
            receipt = await self.client.messaging.send(researchers, "What makes the tides?", message_type="task")
            self._sent("several", receipt)

    def _sent(self, to: str, receipt: MessageReceipt) -> None:
        self.report("sent", to=to, message_id=receipt.message_id, recipients=receipt.recipients)


class Researcher(Player):
    """Finds something out, and publishes it as an event of its own type."""

    async def handle(self, message: Message) -> None:
        if message.message_type == "task":
            finding = {"name": self.name, "finding": f"{message.content} The moon."}
            receipt = await self.publish_event(self.troupe.event("finding"), finding)
            self.report("published", event_id=receipt.event_id)


class Writer(Player):
    """Reacts to the researchers' events: writes, has it reviewed, and passes it on."""

    async def prepare(self) -> None:
        self._findings: dict[str, str] = {}
        for role in ("ResearcherA", "ResearcherB"):
            name = self.troupe.name(role)
            await self.subscribe_to_agent_events(name, self.troupe.event("finding"), self._note)

    async def _note(self, event_type: str, data: dict[str, str]) -> None:
        self._findings[data["name"]] = data["finding"]
        self.report("reaction", event_type=event_type, to=data["name"])
        if len(self._findings) == 2:
            await self._write()

    async def _write(self) -> None:
        draft = " ".join(self._findings.values())
        for reviewer in await self.find("review"):
            verdict = await self.request(reviewer, draft, message_type="review", timeout=REPLY_SECONDS)
            self.report("verdict", from_name=verdict.from_name, content=verdict.content)
            for translator in await self.find("translation"):
                await self.send_message_to_agent(translator, draft, message_type="task")


class Reviewer(Player):
    """Answers questions and judges drafts."""

    async def handle(self, message: Message) -> None:
        answers = {"question": "Yes, gladly.", "review": "Approved."}
        if message.message_type in answers:
            await self.reply(message, answers[message.message_type])


class Translator(Player):
    """Translates; and, when an operator pauses it, tries to act all the same."""

    async def prepare(self) -> None:
        await self.watch(["agora.override.*"], self._supervised)

    async def handle(self, message: Message) -> None:
        if message.message_type == "task":
            for coordinator in await self.find("coordination"):
                text = "Qu'est-ce qui fait les marées ? La lune."
                await self.send_message_to_agent(coordinator, text, message_type="task_completion")

    async def _supervised(self, event: Event) -> None:
        if event.subject != self.agent_id:
            return
        word = "defied" if event.type == "agora.override.applied" else "returned"
        try:
            await self.publish_event(self.troupe.event(word), {"name": self.name})
        except Halted as error:
            self.report("refused", code=error.code, detail=error.detail)
        else:
            self.report(word)


class Observer(Player):
    """Watches what happens, and goes on after the last event it saw when it is started again."""

    async def prepare(self) -> None:
        official = ["agora.agent.*", "agora.broadcast.sent", "agora.message.received"]
        await self.watch([self.troupe.event("*"), *official], self._saw, self.after)

    async def _saw(self, event: Event) -> None:
        data = event.data if isinstance(event.data, dict) else {}
        self.report(
            "event",
            sequence=event.sequence,
            id=event.id,
            type=event.type,
            subject=event.subject,
            recipients=data.get("recipients"),
        )


PARTS: dict[str, type[Player]] = {
    "Coordinator": Coordinator,
    "ResearcherA": Researcher,
    "ResearcherB": Researcher,
    "Writer": Writer,
    "Reviewer": Reviewer,
    "Translator": Translator,
    "Observer": Observer,
}


def player(role: str, mark: str, after: int = 0) -> Player:
    """The agent that plays a role in the run of that mark."""
    return PARTS[role](Troupe(mark), role, after)
