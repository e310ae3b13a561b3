"""Using a result as another type is an error, awaited or not."""

from __future__ import annotations

from agora_sdk import AgoraClient

client = AgoraClient()


def blocking() -> int:
    print(client.register("Me").agent_idd)  # E: attr-defined: "agent_idd"
    for agent in client.query.agents():
        print(agent.message_id)  # E: attr-defined: "message_id"
    for event in client.event.stream():
        print(event.kind)  # E: attr-defined: "kind"
    return client.agent.get("You").agent_name  # E: return-value


async def awaited() -> int:
    registration = await client.register("Me")
    print(registration.name)  # E: attr-defined: "name"
    return (await client.messaging.send("You", "Hello")).message_id  # E: return-value
