"""Synchronous use of the client: find agents, send a message, read the inbox.

Usage, with a running server: python examples/sync_client.py
"""

from __future__ import annotations

from agora_sdk import AgoraClient, AgoraError


def main() -> None:
    """Send a message, then read and mark the messages of the inbox."""
    with AgoraClient() as client:
        me = client.register("SyncAgent", capabilities=["reporting"])

        for agent in client.query.agents(capabilities=["reporting"]):
            print(f"{agent.agent_name} has the capability reporting; status: {agent.status}")

        receipt = client.messaging.send(me.agent_name, "Note to myself: hello!", priority="high")
        print(f"message {receipt.status}")

        inbox = client.messaging.receive(unread=True)
        for message in inbox:
            print(f"{message.from_name}: {message.content}")
        client.messaging.mark([message.message_id for message in inbox.items], "read")

        try:
            client.agent.get("NobodyOfThisName")
        except AgoraError as error:
            print(f"{error.code}: {error.detail}")


if __name__ == "__main__":
    main()
