"""The model of the agents in docs/how-to/frameworks.md: an agent that frameworks reach through the OpenAI API.

Asked to "tell NAME ...", it calls the tool that sends a message; otherwise it repeats the text. Argument: the server's URL.
"""

from __future__ import annotations

import asyncio
import re
import sys

from agora_sdk import Agent, AgoraClient, InputRequired, TaskRun

__all__ = ["MODEL"]

MODEL = "ScriptedModel"
TOOL = "agora_messaging_send"


class ScriptedModel(Agent):
    """Answers like a model that has tools."""

    name = MODEL
    max_concurrent_tasks = 8
    takes_unassigned = False

    async def on_task(self, task: TaskRun) -> str:
        for part in task.message.parts:
            if isinstance(part.content, dict) and "tool_result" in part.content:
                return "Done."
        tools = [tool["name"] for tool in (task.message.metadata.get("openai") or {}).get("tools", [])]
        request = re.match(r"tell (\w+) (.*)", task.message.text, re.DOTALL)
        if request and TOOL in tools:
            arguments = {"to_agent": request[1], "content": request[2]}
            raise InputRequired("I send it.", data={"tool_call": {"id": "first", "name": TOOL, "arguments": arguments}})
        return task.message.text


async def main(url: str) -> None:
    async with ScriptedModel(client=AgoraClient(url, mode="async")):
        print("ready", flush=True)
        await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1]))
