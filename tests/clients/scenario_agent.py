"""An ordinary agent of the public SDK, controlled by the first word of a message, or of its MCP tool's text.

Arguments: the server's URL, a token.

========  =====================================================================================================
word      what it does
========  =====================================================================================================
echo      answers with the text
ask       asks "Which one?", and answers with the choice and the earlier messages
work      reports progress and writes output until it is cancelled, or the number of tenths of a second is over
say       answers with a message instead of a task
file      returns the received files
fail      fails
========  =====================================================================================================

The second agent "Talker" always answers with a message. Prints the id of the first one when both listen.
"""

from __future__ import annotations

import asyncio
import base64
import sys
from typing import Any

from agora_sdk import Agent, AgoraClient, InputRequired, Message, Part, PermanentFailure, TaskRun

NAME = "Scenario Agent"
TALKER = "Talker"
QUESTION = "Which one?"
LONGEST = 600  #: limit in tenths of a second
TEXT = {"type": "object", "properties": {"text": {"type": "string"}}, "required": ["text"]}


class ScenarioAgent(Agent):
    """Executes the first word of a message."""

    description = "Does what the first word of a message says."
    capabilities = ("scenarios", "mcp_tools")
    max_concurrent_tasks = 32
    answers_with = "message"
    metadata = {
        "mcp_tools": {"scenarios": {"description": "Does what the text's first word says.", "input_schema": TEXT}},
        "a2a": {
            "skills": [
                {"id": "scenarios", "name": "Scenarios", "description": "By the first word.", "tags": ["test"]},
            ]
        },
    }

    async def on_task(self, task: TaskRun) -> Any:
        if task.history and task.history[-1].role == "agent":
            earlier = ", ".join(message.text for message in task.history)
            return f"You chose {task.message.text} ({earlier})."
        text = task.payload["arguments"]["text"] if "arguments" in task.payload else task.message.text
        word, _, rest = text.partition(" ")
        match word:
            case "ask":
                raise InputRequired(QUESTION)
            case "work":
                await self._work(task, int(rest or LONGEST))
                return "done"
            case "say":
                await task.answer(rest)
            case "file":
                files = [part.wire() for part in task.message.parts if part.type in ("file", "url")]
                size = sum(len(base64.b64decode(file.get("raw", ""))) for file in files)
                await task.artifact([{"text": f"{size} bytes"}, *files], name="files")
                return None
            case "fail":
                raise PermanentFailure(rest)
        return rest

    async def _work(self, task: TaskRun, tenths: int) -> None:
        for number in range(tenths):
            await task.report(100 * (number + 1) / LONGEST, notes=f"step {number + 1}")
            await asyncio.sleep(0.1)  # takes time, so that clients can observe its progress


class Talker(Agent):
    """Always answers with messages."""

    description = "Answers with messages."
    answers_with = "message"

    async def process_message(self, message: Message) -> Message:
        return Message(parts=[Part(content=message.text), Part("data", {"length": len(message.text)})])


async def main(url: str, token: str = "") -> None:
    client = AgoraClient(url, token=token or None, mode="async")
    async with ScenarioAgent(NAME, client=client) as agent, Talker(TALKER, client=client):
        print(agent.agent_id, flush=True)
        await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
