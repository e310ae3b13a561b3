"""An agent that sends back what it is sent.

Run it with a server up: python examples/echo_agent.py, and in another terminal: agora send Echo Hello
It works until Ctrl-C. ``agora run examples.echo_agent:Echo`` runs it too.
"""

from __future__ import annotations

from agora_sdk import Agent
from agora_sdk.contract.messaging import Message


class Echo(Agent):
    """Replies to every message with its own words."""

    capabilities = ["echo"]

    async def on_start(self) -> None:
        print(f"{self.name} listens", flush=True)

    async def on_message(self, message: Message) -> None:
        await self.reply(message, message.content)


if __name__ == "__main__":
    Echo.run()
