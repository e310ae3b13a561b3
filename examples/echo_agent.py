"""An agent that replies to each message with the same text.

Usage, with a running server: python examples/echo_agent.py
Then, in another terminal: agora send Echo Hello

It runs until Ctrl-C. ``agora run examples.echo_agent:Echo`` runs it as well.
"""

from __future__ import annotations

from agora_sdk import Agent
from agora_sdk.contract.messaging import Message


class Echo(Agent):
    """Replies with the content of the message."""

    capabilities = ["echo"]

    async def on_start(self) -> None:
        print(f"{self.name} is listening", flush=True)

    async def on_message(self, message: Message) -> None:
        await self.reply(message, message.content)


if __name__ == "__main__":
    Echo.run()
