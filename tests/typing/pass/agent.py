"""An agent written with the base class."""

from __future__ import annotations

from typing import Any, assert_type

from agora_sdk import Agent
from agora_sdk.contract.events import Event
from agora_sdk.contract.messaging import Message, MessageReceipt


class Echo(Agent):
    name = "Echo"
    capabilities = ["echo"]
    events = ["work.*"]

    async def on_start(self) -> None:
        await self.subscribe_to_agent_events("Other", "done", self.heard)

    async def heard(self, event_type: str, data: Any) -> None:
        await self.publish_event("heard", {"what": event_type})

    async def on_message(self, message: Message) -> None:
        assert_type(await self.reply(message, message.content), MessageReceipt)
        answer = await self.request("Other", "Well?")
        assert_type(answer, Message)
        assert_type(await self.send_message_to_agent("Other", answer.content), MessageReceipt)

    async def on_event(self, event: Event) -> None:
        assert_type(event.type, str)


if __name__ == "__main__":
    Echo.run()
