"""An agent with incompatible hooks is an error."""

from __future__ import annotations

from agora_sdk import Agent
from agora_sdk.contract.messaging import Message
from agora_sdk.contract.tasks import ClaimedTask


class Wrong(Agent):
    capabilities = 3  # E: assignment

    async def on_message(self, message: str) -> None:  # E: override
        """Has another parameter type."""


class Synchronous(Agent):
    def on_message(self, message: Message) -> None:  # E: override
        """Is not a coroutine function."""


class Careless(Agent):
    lease_seconds = "long"  # E: assignment

    async def on_task(self, task: ClaimedTask) -> None:
        await task.write("no")  # E: attr-defined


class Taker(Agent):
    async def on_task(self, task: str) -> None:  # E: override
        """Has another parameter type."""

    async def on_start(self) -> None:
        await self.client.task.assign(3)  # E: arg-type
        await self.client.task.claim(wait="long")  # E: arg-type
        await self.client.task.complete("task_1", token=1)  # E: call-arg
