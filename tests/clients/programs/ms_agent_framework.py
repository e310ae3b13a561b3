"""Microsoft's agent-framework: A2AAgent of agent-framework-a2a, over a2a-sdk 1.x."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator
from typing import Any

import httpx
from a2a.client import A2ACardResolver
from agent_framework import Content, Message
from agent_framework.a2a import A2AAgent
from scenarios import NotOffered, Target, check, run

PICTURE = bytes(range(256))


@contextlib.asynccontextmanager
async def connect(target: Target) -> AsyncIterator[A2AAgent]:
    async with httpx.AsyncClient() as http:
        card = await A2ACardResolver(http, target.url).get_agent_card(http_kwargs={"headers": {"A2A-Version": "1.0"}})
    async with A2AAgent(name="remote", agent_card=card) as agent:
        yield agent


async def send(target: Target) -> None:
    async with connect(target) as agent:
        answer = await agent.run(target.words("hello"))
        check("hello" in answer.text, f"answer {answer.text!r}")


async def message(target: Target) -> None:
    async with connect(target) as agent:
        answer = await agent.run("say hello")
        check(answer.text == "hello", f"answer {answer.text!r}")


async def stream(target: Target) -> None:
    async with connect(target) as agent:
        text = target.words("hello") if target.kind == "built-in" else "work 3"
        updates = [update async for update in agent.run(text, stream=True)]
        check(any(update.text for update in updates), f"updates {updates}")


async def polling(target: Target) -> None:
    async with connect(target) as agent:
        begun: Any = await agent.run("work 100", background=True)
        check(begun.continuation_token is not None and not begun.text, f"it was waited for: {begun.to_dict()}")


async def ask_back(target: Target) -> None:
    async with connect(target) as agent:
        session = agent.create_session()
        question = await agent.run("ask me", session=session)
        check("Which one?" in str(question.to_dict()), f"answer {question.to_dict()}")
        answer = await agent.run("the red one", session=session)
        check("You chose the red one" in answer.text, f"answer {answer.text!r}")


async def resubscribe(target: Target) -> None:
    async with connect(target) as agent:
        begun: Any = await agent.run("work 20", background=True)
        check(begun.continuation_token is not None, f"no continuation token in {begun.to_dict()}")
        answer = await agent.run(continuation_token=begun.continuation_token)
        check("done" in answer.text, f"answer {answer.text!r}")


async def files(target: Target) -> None:
    async with connect(target) as agent:
        picture = Content.from_data(PICTURE, media_type="image/png")
        answer = await agent.run(Message(role="user", contents=["file", picture]))
        check("data:image/png;base64,AAECAw" in str(answer.to_dict()), "the file did not come back")


async def not_offered(target: Target) -> None:
    raise NotOffered("by A2AAgent")


if __name__ == "__main__":
    run(
        {
            "send": send,
            "message": message,
            "stream": stream,
            "polling": polling,
            "ask back": ask_back,
            "cancel": not_offered,
            "resubscribe": resubscribe,
            "push": not_offered,
            "files": files,
            "extended card": not_offered,
        }
    )
