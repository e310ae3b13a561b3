"""An agent whose hooks do not fit is an error."""

from __future__ import annotations

from agora_sdk import Agent
from agora_sdk.contract.messaging import Message


class Wrong(Agent):
    capabilities = 3  # E: assignment

    async def on_message(self, message: str) -> None:  # E: override
        """Takes something else."""


class Synchronous(Agent):
    def on_message(self, message: Message) -> None:  # E: override
        """Is no coroutine function."""
