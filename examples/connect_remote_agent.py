"""Connect to an A2A agent anywhere: see what it can do, talk to it, and let an agent of ours pass its answers on.

With a server up: python examples/connect_remote_agent.py --url http://localhost:8080
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


def typed() -> str:
    try:
        return input("> ").strip()
    except EOFError:
        return ""


async def converse(agent: A2AClient) -> None:
    """Ask what is typed, until an empty line or the end; a question of the agent is answered in its task."""
    context_id = task_id = None
    while question := await asyncio.to_thread(typed):
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
        await ask(agent, f"Store '{result}' with key 'remote_result'")  # what one says, another keeps
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
    given = arguments.parse_args()
    asyncio.run(main(given.url, given.auth, given.interactive))
