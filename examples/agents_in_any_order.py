"""Two agents that need not wait for each other: a message to a name is held until somebody has that name.

Run it with a server up: python examples/agents_in_any_order.py
"""

from __future__ import annotations

import asyncio

from agora_sdk import AgoraClient


async def main() -> None:
    """Write to an agent that is not there yet, let it come, and get its answer."""
    async with AgoraClient() as early, AgoraClient() as late:
        await early.register("EarlyAgent")
        receipt = await early.messaging.send("LateAgent", "Welcome, whenever you come!")
        print(f"{receipt.status}: {receipt.warning or 'LateAgent is registered already'}")

        registration = await late.register("LateAgent")
        print(f"LateAgent came and found {registration.pending_messages} held messages")

        for message in (await late.messaging.receive(unread=True)).items:
            print(f"LateAgent read: {message.content}")
            await late.messaging.send(message.from_agent, "Thank you!", reply_to=message.message_id)
            await late.messaging.mark([message.message_id], "acknowledged")

        answers = await early.messaging.receive(reply_to=receipt.message_id, wait=5)
        print(f"EarlyAgent read: {answers[0].content}")
        await early.messaging.mark([answers[0].message_id], "acknowledged")


if __name__ == "__main__":
    asyncio.run(main())
