"""google-adk's RemoteA2aAgent: a remote agent as a sub-agent. It streams; it supports neither push notifications nor
cancelling."""

from __future__ import annotations

from typing import Any

from google.adk.agents.remote_a2a_agent import RemoteA2aAgent
from google.adk.runners import InMemoryRunner
from google.genai import types
from scenarios import NotOffered, Target, check, run

CARD = "/.well-known/agent-card.json"
PICTURE = bytes(range(256))


class Conversation:
    """One session with the agent."""

    def __init__(self, target: Target) -> None:
        agent = RemoteA2aAgent(name="remote", agent_card=target.url + CARD)
        self.runner = InMemoryRunner(agent=agent, app_name="clients")
        self.session: Any = None

    async def say(self, text: str, *parts: types.Part) -> list[Any]:
        if self.session is None:
            self.session = await self.runner.session_service.create_session(app_name="clients", user_id="user")
        content = types.Content(role="user", parts=[types.Part(text=text), *parts])
        run = self.runner.run_async(user_id="user", session_id=self.session.id, new_message=content)
        return [event async for event in run]


def texts(events: list[Any]) -> list[str]:
    errors = [event.error_message for event in events if event.error_message]
    check(not errors, f"errors {errors}")
    return [part.text for event in events if event.content for part in event.content.parts or () if part.text]


async def send(target: Target) -> None:
    answer = texts(await Conversation(target).say(target.words("hello")))
    check("hello" in answer, f"answer {answer}")


async def message(target: Target) -> None:
    answer = texts(await Conversation(target).say("say hello"))
    check(answer == ["hello"], f"answer {answer}")


async def stream(target: Target) -> None:
    if target.kind == "built-in":
        await send(target)
        return
    answer = texts(await Conversation(target).say("work 3"))
    check("done" in answer, f"answer {answer}")


async def ask_back(target: Target) -> None:
    conversation = Conversation(target)
    events = await conversation.say("ask me")
    calls = [call for event in events for call in event.get_function_calls()]
    asked = any("Which one?" in str(event.content) for event in events if event.content)
    check(asked, f"no question in {events}")
    if calls:  # the question is a long-running call; its response is the answer
        response = types.FunctionResponse(id=calls[0].id, name=calls[0].name, response={"result": "the red one"})
        run = conversation.runner.run_async(
            user_id="user",
            session_id=conversation.session.id,
            new_message=types.Content(role="user", parts=[types.Part(function_response=response)]),
        )
        answer = texts([event async for event in run])
    else:
        answer = texts(await conversation.say("the red one"))
    check(any("You chose" in text for text in answer), f"answer {answer}")


async def files(target: Target) -> None:
    part = types.Part(inline_data=types.Blob(data=PICTURE, mime_type="image/png"))
    events = await Conversation(target).say("file", part)
    texts(events)
    back = [
        part.inline_data.data for event in events if event.content for part in event.content.parts if part.inline_data
    ]
    check(PICTURE in back, "the file did not come back")


async def not_offered(target: Target) -> None:
    raise NotOffered("by RemoteA2aAgent")


if __name__ == "__main__":
    run(
        {
            "send": send,
            "message": message,
            "stream": stream,
            "polling": not_offered,
            "ask back": ask_back,
            "cancel": not_offered,
            "resubscribe": not_offered,
            "push": not_offered,
            "files": files,
            "extended card": not_offered,
        }
    )
