"""Send a message to an agent that is not registered yet: the server holds it until an agent registers with that name.

Usage, with a running server: python examples/agents_in_any_order.py
"""

from __future__ import annotations

import asyncio

from agora_sdk import AgoraClient


async def main() -> None:
    """Send a message, register its recipient, and receive the reply."""
    async with AgoraClient() as early, AgoraClient() as late:
        await early.register("EarlyAgent")
        receipt = await early.messaging.send("LateAgent", "Welcome!")
        print(f"{receipt.status}: {receipt.warning or 'LateAgent is registered already'}")

        registration = await late.register("LateAgent")
        print(f"LateAgent has registered; held messages: {registration.pending_messages}")

        for message in (await late.messaging.receive(unread=True)).items:
            print(f"LateAgent read: {message.content}")
            await late.messaging.send(message.from_agent, "Thank you!", reply_to=message.message_id)
            await late.messaging.mark([message.message_id], "acknowledged")

        answers = await early.messaging.receive(reply_to=receipt.message_id, wait=5)
        print(f"EarlyAgent read: {answers[0].content}")
        await early.messaging.mark([answers[0].message_id], "acknowledged")


if __name__ == "__main__":
    asyncio.run(main())
