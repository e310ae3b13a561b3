"""Agents of the first act: they find each other, send messages, publish and observe events."""

from __future__ import annotations

from typing import TYPE_CHECKING

from agora_sdk.errors import Halted

from .base import DemoAgent

if TYPE_CHECKING:
    from agora_sdk.contract.events import Event
    from agora_sdk.contract.messaging import Message, MessageReceipt

__all__ = ["Coordinator", "Observer", "Researcher", "Reviewer", "Translator", "Writer"]

REPLY_SECONDS = 5.0


class Coordinator(DemoAgent):
    """Assigns the work: finds agents by capability, and broadcasts when it is done."""

    async def start_role(self) -> None:
        receipt = await self.send_message_to_agent(
            self.participants.name("Writer"), "Please write the report on tides.", message_type="task", expires_in=600
        )
        self.report_to_director("held", message_id=receipt.message_id, status=receipt.status, warning=receipt.warning)

    async def handle_message(self, message: Message) -> None:
        if message.message_type == "task_completion":
            text = f"Agora demo {self.participants.mark}: the report is ready."
            self._report_sent(
                "everyone", await self.send_message_to_agent("broadcast", text, priority="low", expires_in=600)
            )
        elif message.content == "meet":
            await self._discover_agents()
        elif message.content == "work":
            await self._assign_work()

    async def _discover_agents(self) -> None:
        names_by_skill = {
            skill: await self.find_agents(skill) for skill in ("research", "writing", "review", "translation")
        }
        self.report_to_director("found", skills=names_by_skill)
        if names_by_skill["research"]:
            group = f"capability:{self.participants.capability_name('research')}"
            self._report_sent("capability", await self.send_message_to_agent(group, "The deadline is noon."))
        for reviewer in names_by_skill["review"]:
            reply = await self.request(
                reviewer, "Can you review today?", message_type="question", timeout=REPLY_SECONDS
            )
            self.report_to_director(
                "reply", from_name=reply.from_name, content=reply.content, correlation_id=reply.correlation_id
            )

    async def _assign_work(self) -> None:
        observer = self.participants.name("Observer")
        self._report_sent("observer", await self.send_message_to_agent(observer, "The minutes of our meeting."))
        if researchers := await self.find_agents("research"):
            receipt = await self.client.messaging.send(researchers, "What makes the tides?", message_type="task")
            self._report_sent("several", receipt)

    def _report_sent(self, to: str, receipt: MessageReceipt) -> None:
        self.report_to_director("sent", to=to, message_id=receipt.message_id, recipients=receipt.recipients)


class Researcher(DemoAgent):
    """Researches a topic and publishes the finding as an event of its own type."""

    async def handle_message(self, message: Message) -> None:
        if message.message_type == "task":
            finding = {"name": self.name, "finding": f"{message.content} The moon."}
            receipt = await self.publish_event(self.participants.event_type("finding"), finding)
            self.report_to_director("published", event_id=receipt.event_id)


class Writer(DemoAgent):
    """Reacts to the researchers' events: writes a text, requests a review and passes it on."""

    async def start_role(self) -> None:
        self._findings: dict[str, str] = {}
        for role in ("ResearcherA", "ResearcherB"):
            name = self.participants.name(role)
            await self.subscribe_to_agent_events(name, self.participants.event_type("finding"), self._note_finding)

    async def _note_finding(self, event_type: str, data: dict[str, str]) -> None:
        self._findings[data["name"]] = data["finding"]
        self.report_to_director("reaction", event_type=event_type, to=data["name"])
        if len(self._findings) == 2:
            await self._write_report()

    async def _write_report(self) -> None:
        draft = " ".join(self._findings.values())
        for reviewer in await self.find_agents("review"):
            verdict = await self.request(reviewer, draft, message_type="review", timeout=REPLY_SECONDS)
            self.report_to_director("verdict", from_name=verdict.from_name, content=verdict.content)
            for translator in await self.find_agents("translation"):
                await self.send_message_to_agent(translator, draft, message_type="task")


class Reviewer(DemoAgent):
    """Answers questions and judges drafts."""

    async def handle_message(self, message: Message) -> None:
        answers = {"question": "Yes, gladly.", "review": "Approved."}
        if message.message_type in answers:
            await self.reply(message, answers[message.message_type])


class Translator(DemoAgent):
    """Translates; also tries to act while paused by an operator."""

    async def start_role(self) -> None:
        await self.start_following(["agora.override.*"], self._on_override)

    async def handle_message(self, message: Message) -> None:
        if message.message_type == "task":
            for coordinator in await self.find_agents("coordination"):
                text = "Qu'est-ce qui fait les marées ? La lune."
                await self.send_message_to_agent(coordinator, text, message_type="task_completion")

    async def _on_override(self, event: Event) -> None:
        if event.subject != self.agent_id:
            return
        word = "defied" if event.type == "agora.override.applied" else "returned"
        try:
            await self.publish_event(self.participants.event_type(word), {"name": self.name})
        except Halted as error:
            self.report_to_director("refused", code=error.code, detail=error.detail)
        else:
            self.report_to_director(word)


class Observer(DemoAgent):
    """Follows events; after a restart, resumes after the last event seen."""

    async def start_role(self) -> None:
        official = ["agora.agent.*", "agora.broadcast.sent", "agora.message.received"]
        await self.start_following([self.participants.event_type("*"), *official], self._on_event, self.after)

    async def _on_event(self, event: Event) -> None:
        data = event.data if isinstance(event.data, dict) else {}
        self.report_to_director(
            "event",
            sequence=event.sequence,
            id=event.id,
            type=event.type,
            subject=event.subject,
            recipients=data.get("recipients"),
        )
