"""The echo agent: returns the parts it received. Used for trials and tests."""

from __future__ import annotations

from .port import BuiltinAgent, Job, Profile, Reply

__all__ = ["EchoAgent"]


class EchoAgent(BuiltinAgent):
    """Answers with the received parts."""

    profile = Profile(
        "Echo Agent",
        "Answers with what it is sent: text, data and files alike.",
        [
            {
                "id": "echo-back",
                "name": "Echo",
                "description": "Sends the parts of a message back as they came.",
                "tags": ["test", "echo"],
                "examples": ["Echo hello"],
            }
        ],
        ["builtin", "test"],
    )
    concurrency = 64

    async def perform_task(self, job: Job) -> Reply | str:
        parts = [dict(part) for part in job.parts]
        return Reply(parts) if parts else ""
