"""The agent under test of the A2A TCK, written with the public SDK. Arguments: the server's URL, the kit's streaming
timeout.

It implements ``scenarios/*.feature`` of the kit for 1.0, and ``SUT_REQUIREMENTS.md`` of the kit for 0.3, selected by
the prefix of a message's id. Prints its id when it listens.
"""

from __future__ import annotations

import asyncio
import base64
import sys
from typing import Any

from agora_sdk import Agent, InputRequired, Rejected, TaskRun

NAME = "TCK"
TEXT_FILE = {"filename": "output.txt", "mediaType": "text/plain"}
ARTIFACTS: dict[str, dict[str, Any]] = {
    "tck-artifact-text": {"text": "Generated text content"},
    "tck-artifact-file-url": {"url": "https://example.com/output.txt", **TEXT_FILE},
    "tck-artifact-file": {"raw": base64.b64encode(b"output\n").decode(), **TEXT_FILE},
    "tck-artifact-data": {"data": {"key": "value", "count": 42}},
    "tck-stream-001": {"text": "Stream hello from TCK"},
    "tck-stream-003": {"text": "Stream task lifecycle"},
    "tck-stream-ordering-001": {"text": "Ordered output"},
    "tck-stream-artifact-text": {"text": "Streamed text content"},
    "tck-stream-artifact-file": {"raw": base64.b64encode(b"output\n").decode(), **TEXT_FILE},
}


class TckAgent(Agent):
    """Implements the scenarios of the kit."""

    name = NAME
    description = "Does what the scenarios of the A2A Technology Compatibility Kit ask for."
    max_concurrent_tasks = 64
    answers_with = "message"
    metadata = {
        "a2a": {
            "skills": [
                {
                    "id": "tck",
                    "name": "Scenarios",
                    "description": "Behaves as the id of the message says.",
                    "tags": ["tck", "test"],
                    "examples": ["Hello from TCK"],
                }
            ]
        }
    }
    streaming_timeout = 2.0

    async def on_task(self, task: TaskRun) -> Any:
        id = task.message.message_id
        if id.startswith("test-resubscribe-message-id"):
            await task.say("working")
            await asyncio.sleep(2 * self.streaming_timeout)
            return "done"
        # its first state must be visible, and accept a message in the meantime
        if id.startswith("test-state-message-id"):
            await task.report(1)  # before it shows progress, it may answer with a message and has no state
            await asyncio.sleep(2 * self.streaming_timeout)
            return "done"
        if id.startswith("tck-message-response"):
            await task.answer("Direct message response")
            return None
        if id.startswith("tck-reject-task"):
            raise Rejected("rejected")
        if id.startswith("tck-input-required") or not id.startswith("tck-"):  # 0.3 continues its tasks, or cancels them
            raise InputRequired("What else?")
        if id.startswith("tck-stream-artifact-chunked"):
            await task.artifact([{"text": "chunk-1 "}], artifact_id="chunks", last=False)
            await task.artifact([{"text": "chunk-2"}], artifact_id="chunks", append=True)
            return None
        for prefix, part in ARTIFACTS.items():
            if id.startswith(f"{prefix}-"):
                await task.artifact([part], artifact_id="result")
                return None
        return "Hello from TCK"


async def main(url: str, streaming_timeout: str) -> None:
    """Serve until stopped."""
    TckAgent.streaming_timeout = float(streaming_timeout)
    async with TckAgent(url=url) as agent:
        print(agent.agent_id, flush=True)
        await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
