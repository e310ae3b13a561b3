"""A program without an event loop: find an agent, write to it, read the inbox.

Run it with a server up: python examples/sync_client.py
"""

from __future__ import annotations

from agora_sdk import AgoraClient, AgoraError


def main() -> None:
    """Write a message and work off the inbox."""
    with AgoraClient() as client:
        me = client.register("SyncAgent", capabilities=["reporting"])

        for agent in client.query.agents(capabilities=["reporting"]):
            print(f"{agent.agent_name} can report, and is {agent.status}")

        receipt = client.messaging.send(me.agent_name, "Note to myself: hello!", priority="high")
        print(f"sent, {receipt.status}")

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
