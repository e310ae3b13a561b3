"""a2a-sdk 1.x, the Python SDK of A2A 1.0, over both of its HTTP bindings."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator
from typing import Any
from uuid import uuid4

import httpx
from a2a.client import A2ACardResolver, Client, ClientConfig, ClientFactory
from a2a.types import a2a_pb2
from scenarios import SECONDS, Target, check, run

PICTURE = bytes(range(256))  #: not valid text in any encoding
S = a2a_pb2


@contextlib.asynccontextmanager
async def connect(
    target: Target, binding: str, *, streaming: bool = False, polling: bool = False
) -> AsyncIterator[Client]:
    async with httpx.AsyncClient(timeout=30, headers={"A2A-Version": "1.0"}) as http:
        card = await A2ACardResolver(http, target.url).get_agent_card()
        config = ClientConfig(
            httpx_client=http, streaming=streaming, polling=polling, supported_protocol_bindings=[binding]
        )
        yield ClientFactory(config).create(card)


def request(text: str, *parts: Any, **more: Any) -> Any:
    message = S.Message(message_id=uuid4().hex, role=S.ROLE_USER, parts=[S.Part(text=text), *parts], **more)
    return S.SendMessageRequest(message=message)


async def send(client: Client, text: str, *parts: Any, **more: Any) -> list[Any]:
    return [event async for event in client.send_message(request(text, *parts, **more))]


def text_of(task: Any) -> str:
    return "".join(part.text for artifact in task.artifacts for part in artifact.parts)


def scenarios_of(binding: str) -> dict:
    async def send_(target: Target) -> None:
        async with connect(target, binding) as client:
            (event,) = await send(client, target.words("hello"))
            check(event.task.status.state == S.TASK_STATE_COMPLETED, f"state {event.task.status.state}")
            check(text_of(event.task) == "hello", f"answer {text_of(event.task)!r}")

    async def message(target: Target) -> None:
        async with connect(target, binding) as client:
            (event,) = await send(client, "say hello")
            check(event.message.parts[0].text == "hello", f"answer {event}")

    async def stream(target: Target) -> None:
        async with connect(target, binding, streaming=True) as client:
            events = await send(client, target.words("hello") if target.kind == "built-in" else "work 3")
            check(events[-1].status_update.status.state == S.TASK_STATE_COMPLETED, f"last {events[-1]}")

    async def polling(target: Target) -> None:
        async with connect(target, binding, polling=True) as client:
            (event,) = await send(client, "work 100")
            check(event.task.status.state != S.TASK_STATE_COMPLETED, "it was waited for")
            await client.cancel_task(S.CancelTaskRequest(id=event.task.id))

    async def ask_back(target: Target) -> None:
        async with connect(target, binding) as client:
            (event,) = await send(client, "ask me")
            check(event.task.status.state == S.TASK_STATE_INPUT_REQUIRED, f"state {event.task.status.state}")
            (done,) = await send(client, "the red one", task_id=event.task.id)
            check(text_of(done.task).startswith("You chose the red one"), text_of(done.task))

    async def cancel(target: Target) -> None:
        async with connect(target, binding, polling=True) as client:
            (event,) = await send(client, "work")
            cancelled = await client.cancel_task(S.CancelTaskRequest(id=event.task.id))
            check(cancelled.status.state == S.TASK_STATE_CANCELED, f"state {cancelled.status.state}")

    async def resubscribe(target: Target) -> None:
        async with connect(target, binding, streaming=True) as client:
            stream = client.send_message(request("work 20"))
            first = await anext(stream)
            await stream.aclose()
            again = client.subscribe(S.SubscribeToTaskRequest(id=first.task.id))
            events = [event async for event in again]
            check(events[-1].status_update.status.state == S.TASK_STATE_COMPLETED, f"last {events[-1]}")

    async def push(target: Target) -> None:
        async with connect(target, binding, polling=True) as client, httpx.AsyncClient() as http:
            (event,) = await send(client, "work 10")
            config = S.TaskPushNotificationConfig(task_id=event.task.id, id="mine", url=target.receiver)
            await client.create_task_push_notification_config(config)
            answer = await http.get(f"{target.receiver}/{event.task.id}", timeout=SECONDS)
            check(answer.is_success, "no notification came")

    async def files(target: Target) -> None:
        async with connect(target, binding) as client:
            part = S.Part(raw=PICTURE, media_type="image/png", filename="p.png")
            (event,) = await send(client, "file", part)
            back = [part for artifact in event.task.artifacts for part in artifact.parts if part.raw]
            if target.kind == "sdk":
                check(text_of(event.task) == f"{len(PICTURE)} bytes", f"the agent got {text_of(event.task)}")
            check(len(back) == 1 and back[0].raw == PICTURE, "the file came back changed")

    async def extended_card(target: Target) -> None:
        async with connect(target, binding) as client:
            card = await client.get_extended_agent_card(S.GetExtendedAgentCardRequest())
            check(card.name, "no name")

    named = (
        ("send", send_),
        ("message", message),
        ("stream", stream),
        ("polling", polling),
        ("ask back", ask_back),
        ("cancel", cancel),
        ("resubscribe", resubscribe),
        ("push", push),
        ("files", files),
        ("extended card", extended_card),
    )
    return {f"{name}: {binding}": scenario for name, scenario in named}


if __name__ == "__main__":
    run(scenarios_of("JSONRPC") | scenarios_of("HTTP+JSON"))
