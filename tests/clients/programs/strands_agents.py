"""Strands' A2AAgent: a remote agent called like a local one, over a2a-sdk 0.3."""

from __future__ import annotations

from typing import Any

from a2a.types import TaskState
from scenarios import NotOffered, Target, check, run
from strands.agent.a2a_agent import A2AAgent


def text_of(result: Any) -> str:
    return "".join(block.get("text", "") for block in result.message["content"])


async def send(target: Target) -> None:
    result = await A2AAgent(endpoint=target.url).invoke_async(target.words("hello"))
    check("hello" in text_of(result), f"answer {text_of(result)!r}")


async def message(target: Target) -> None:
    result = await A2AAgent(endpoint=target.url).invoke_async("say hello")
    check(text_of(result) == "hello", f"answer {text_of(result)!r}")


async def stream(target: Target) -> None:
    text = target.words("hello") if target.kind == "built-in" else "work 3"
    events = [event async for event in A2AAgent(endpoint=target.url).stream_async(text)]
    states = [
        update.status.state
        for event in events
        if event.get("type") == "a2a_stream" and isinstance(event["event"], tuple)
        for update in event["event"][1:]
        if update is not None and hasattr(update, "status")
    ]
    check(TaskState.completed in states and "result" in events[-1], f"states {states}")


async def ask_back(target: Target) -> None:
    result = await A2AAgent(endpoint=target.url).invoke_async("ask me")
    check("Which one?" in text_of(result), f"answer {text_of(result)!r}")
    raise NotOffered("the question is shown; A2AAgent sends no task id, so it cannot be answered")


async def not_offered(target: Target) -> None:
    raise NotOffered("by A2AAgent")


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
