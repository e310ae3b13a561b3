"""CrewAI's delegation to A2A agents, over a2a-sdk 0.3: the ``a2a`` configuration of a crew's agent, without a model."""

from __future__ import annotations

import os
from typing import Any

os.environ.setdefault("OTEL_SDK_DISABLED", "true")
os.environ.setdefault("CREWAI_DISABLE_TELEMETRY", "true")

from crewai.a2a.updates import PollingConfig, StreamingConfig
from crewai.a2a.utils.delegation import aexecute_a2a_delegation
from scenarios import NotOffered, Target, check, run


async def delegate(target: Target, text: str, **options: Any) -> Any:
    return await aexecute_a2a_delegation(
        endpoint=f"{target.url}/.well-known/agent-card.json", auth=None, timeout=30, task_description=text, **options
    )


async def send(target: Target) -> None:
    result = await delegate(target, target.words("hello"), updates=PollingConfig(interval=0.2, timeout=20))
    check(result["status"] == "completed" and "hello" in result["result"], f"result {result}")


async def message(target: Target) -> None:
    result = await delegate(target, "say hello", updates=StreamingConfig())
    check(result["result"] == "hello", f"result {result}")


async def stream(target: Target) -> None:
    text = target.words("hello") if target.kind == "built-in" else "work 3"
    result = await delegate(target, text, updates=StreamingConfig())
    check(result["status"] == "completed", f"result {result}")


async def ask_back(target: Target) -> None:
    result = await delegate(target, "ask me", updates=StreamingConfig())
    check("input" in result["status"] and "Which one?" in str(result), f"result {result}")
    task_id = result["history"][-1].task_id
    answer = await delegate(target, "the red one", task_id=task_id, updates=StreamingConfig())
    check("You chose the red one" in answer["result"], f"result {answer}")


async def not_offered(target: Target) -> None:
    raise NotOffered("by CrewAI's delegation")


if __name__ == "__main__":
    run(
        {
            "send": send,
            "message": message,
            "stream": stream,
            "polling": not_offered,
            "ask back": ask_back,
            **dict.fromkeys(("cancel", "resubscribe", "push", "files", "extended card"), not_offered),
        }
    )
