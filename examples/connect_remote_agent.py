"""Connect to a remote A2A agent: print its agent card, send messages, and stream an answer.

Usage, with a running server: python examples/connect_remote_agent.py --url http://localhost:8080
"""

from __future__ import annotations

import argparse
import asyncio
import os

from agora_sdk.a2a import A2AClient


async def ask(agent: A2AClient, question: str) -> str:
    print(f"→ User: {question}")
    answer = await agent.send(question)
    print(f"← Remote agent: {answer.text}")
    return answer.text


def read_question() -> str:
    try:
        return input("> ").strip()
    except EOFError:
        return ""


async def converse(agent: A2AClient) -> None:
    """Send each input line until an empty one. The answer to a question of the agent continues its task."""
    context_id = task_id = None
    while question := await asyncio.to_thread(read_question):
        answer = await agent.send(question, context_id=context_id, task_id=task_id)
        print(f"← Remote agent: {answer.text}")
        context_id = answer.context_id
        task_id = answer.task_id if answer.state == "input_required" else None


def show(agent: A2AClient) -> None:
    print("\nRemote Agent Card:")
    print(f"  Name: {agent.name}\n  Speaks: A2A {agent.endpoint.version} over {agent.endpoint.binding}")
    print(f"  Capabilities:\n    - Streaming: {agent.streams}")
    print("  Skills:")
    for skill in agent.skills:
        print(f"    - {skill['id']}: {skill['description']}")


async def main(url: str, token: str | None, interactive: bool) -> None:
    async with await A2AClient.connect(url, token=token) as agent:
        print(f"✓ Connected to remote agent: {agent.name}")
        print(f"  Description: {agent.description}\n  Skills: {len(agent.skills)} available\n")
        if interactive:
            await converse(agent)
            return
        result = await ask(agent, "Calculate 100 / 4")
        await ask(agent, f"Store '{result}' with key 'remote_result'")  # pass the answer of one agent to another
        print("→ User, streaming: Analyze this text")
        async for update in agent.stream("Analyze this text: remote agents are a pleasure to work with."):
            if update.text:
                print(f"← Remote agent: {update.text}")
        show(agent)


if __name__ == "__main__":
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--url", default=os.environ.get("AGORA_URL", "http://127.0.0.1:8080"))
    arguments.add_argument("--auth", help="bearer token for the agent")
    arguments.add_argument("--interactive", action="store_true")
    options = arguments.parse_args()
    asyncio.run(main(options.url, options.auth, options.interactive))
