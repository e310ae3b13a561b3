"""An agent of the SDK that uses the data sent by clients of OpenAI's API.

As a program, its arguments are the server's URL and a token.

==========  =====================================================================================================
word        what it does
==========  =====================================================================================================
count N     announces it, and writes the numbers up to N to its output, one by one
choose      asks "Which one?", and answers with the choice
context     answers with the client's data beside the message, as JSON
parts       answers with the kinds of the message's parts
fail        fails with the rest of the text
wait        works until it is cancelled
==========  =====================================================================================================

``blindly``: it calls a tool, offered or not. Anything else: it calls the client's first tool, if any, and answers with
its output; else it repeats the text.
"""

from __future__ import annotations

import asyncio
import json
import sys
from typing import Any

from agora_sdk import Agent, AgoraClient, InputRequired, PermanentFailure, TaskRun

__all__ = ["NAME", "QUESTION", "OpenAiAgent"]

NAME = "Assistant"
QUESTION = "Which one?"


class OpenAiAgent(Agent):
    """Executes the command in the first word of a message."""

    description = "Heeds what clients of OpenAI's API send."
    capabilities = ("assistance",)
    max_concurrent_tasks = 32

    async def on_task(self, task: TaskRun) -> Any:
        if outputs := [part.content["tool_result"] for part in task.message.parts if _is_output(part)]:
            return f"The tool says {outputs[0]['content']}."
        if task.history:
            return f"You chose {task.message.text}."
        context = task.message.metadata.get("openai") or {}
        word, _, rest = task.message.text.partition(" ")
        match word:
            case "count":
                await task.say("I begin.")
                for number in range(int(rest)):
                    await task.write(f"{number + 1} ")
                return None
            case "choose":
                raise InputRequired(QUESTION)
            case "context":
                return json.dumps(context, sort_keys=True)
            case "parts":
                return " ".join(part.type for part in task.message.parts)
            case "fail":
                raise PermanentFailure(rest)
            case "wait":
                await asyncio.Event().wait()
        tools = context.get("tools") or ([{"name": "get_weather"}] if word == "blindly" else [])
        if tools:
            call = {"id": "first", "name": tools[0]["name"], "arguments": {"location": "San Francisco"}}
            raise InputRequired("I need your tool.", data={"tool_call": call})
        return task.message.text


def _is_output(part: Any) -> bool:
    return isinstance(part.content, dict) and "tool_result" in part.content


async def main(url: str, token: str = "") -> None:
    async with OpenAiAgent(NAME, client=AgoraClient(url, token=token or None, mode="async")) as agent:
        print(agent.agent_id, flush=True)
        await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
