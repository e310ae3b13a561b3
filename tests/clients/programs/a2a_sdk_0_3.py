"""a2a-sdk 0.3, the Python SDK of A2A 0.3, over both of its HTTP bindings."""

from __future__ import annotations

import base64
import contextlib
from collections.abc import AsyncIterator
from uuid import uuid4

import httpx
from a2a.client import A2ACardResolver, Client, ClientConfig, ClientFactory
from a2a.types import (
    FilePart,
    FileWithBytes,
    Message,
    Part,
    PushNotificationConfig,
    Role,
    Task,
    TaskIdParams,
    TaskPushNotificationConfig,
    TaskState,
    TextPart,
    TransportProtocol,
)
from scenarios import SECONDS, Target, check, run

PICTURE = bytes(range(256))  #: not valid text in any encoding


@contextlib.asynccontextmanager
async def connect(
    target: Target, binding: str, *, streaming: bool = False, polling: bool = False
) -> AsyncIterator[Client]:
    async with httpx.AsyncClient(timeout=30) as http:
        card = await A2ACardResolver(http, target.url).get_agent_card()
        transport = TransportProtocol(binding)
        config = ClientConfig(
            httpx_client=http,
            streaming=streaming,
            polling=polling,
            supported_transports=[transport],
            use_client_preference=True,
        )
        yield ClientFactory(config).create(card)


def message(text: str, *parts: Part, task_id: str | None = None) -> Message:
    content = [Part(root=TextPart(text=text)), *parts]
    return Message(message_id=uuid4().hex, role=Role.user, parts=content, task_id=task_id)


async def send(client: Client, text: str, *parts: Part, task_id: str | None = None) -> list:
    return [event async for event in client.send_message(message(text, *parts, task_id=task_id))]


def text_of(task: Task) -> str:
    return "".join(
        part.root.text for artifact in task.artifacts or () for part in artifact.parts if part.root.kind == "text"
    )


def scenarios_of(binding: str) -> dict:
    async def send_(target: Target) -> None:
        async with connect(target, binding) as client:
            ((task, _),) = await send(client, target.words("hello"))
            check(task.status.state == TaskState.completed, f"state {task.status.state}")
            check(text_of(task) == "hello", f"answer {text_of(task)!r}")

    async def message_(target: Target) -> None:
        async with connect(target, binding) as client:
            (answer,) = await send(client, "say hello")
            check(isinstance(answer, Message), f"answer {answer}")
            check(answer.parts[0].root.text == "hello", f"answer {answer}")

    async def stream(target: Target) -> None:
        async with connect(target, binding, streaming=True) as client:
            events = await send(client, target.words("hello") if target.kind == "built-in" else "work 3")
            check(events[-1][0].status.state == TaskState.completed, f"last {events[-1]}")

    async def polling(target: Target) -> None:
        async with connect(target, binding, polling=True) as client:
            ((task, _),) = await send(client, "work 100")
            check(task.status.state in (TaskState.submitted, TaskState.working), f"state {task.status.state}")
            await client.cancel_task(TaskIdParams(id=task.id))

    async def ask_back(target: Target) -> None:
        async with connect(target, binding) as client:
            ((task, _),) = await send(client, "ask me")
            check(task.status.state == TaskState.input_required, f"state {task.status.state}")
            ((done, _),) = await send(client, "the red one", task_id=task.id)
            check(text_of(done).startswith("You chose the red one"), text_of(done))

    async def cancel(target: Target) -> None:
        async with connect(target, binding, polling=True) as client:
            ((task, _),) = await send(client, "work")
            cancelled = await client.cancel_task(TaskIdParams(id=task.id))
            check(cancelled.status.state == TaskState.canceled, f"state {cancelled.status.state}")

    async def resubscribe(target: Target) -> None:
        async with connect(target, binding, streaming=True) as client:
            stream = client.send_message(message("work 20"))
            first = await anext(stream)
            task = first[0]
            await stream.aclose()
            events = [event async for event in client.resubscribe(TaskIdParams(id=task.id))]
            check(events[-1][0].status.state == TaskState.completed, f"last {events[-1]}")

    async def push(target: Target) -> None:
        async with connect(target, binding, polling=True) as client, httpx.AsyncClient() as http:
            ((task, _),) = await send(client, target.words("hello") if target.kind == "built-in" else "work 10")
            config = PushNotificationConfig(url=target.receiver, token=uuid4().hex)
            await client.set_task_callback(TaskPushNotificationConfig(task_id=task.id, push_notification_config=config))
            answer = await http.get(f"{target.receiver}/{task.id}", timeout=SECONDS)
            check(answer.is_success, "no notification came")

    async def files(target: Target) -> None:
        async with connect(target, binding) as client:
            file = FileWithBytes(bytes=base64.b64encode(PICTURE).decode(), mime_type="image/png", name="p.png")
            ((task, _),) = await send(client, "file", Part(root=FilePart(file=file)))
            back = [part.root for artifact in task.artifacts for part in artifact.parts if part.root.kind == "file"]
            if target.kind == "sdk":
                check(text_of(task) == f"{len(PICTURE)} bytes", f"the agent got {text_of(task)}")
            check(len(back) == 1 and base64.b64decode(back[0].file.bytes) == PICTURE, "the file came back changed")

    async def extended_card(target: Target) -> None:
        async with connect(target, binding) as client:
            card = await client.get_card()
            check(card.skills is not None and card.supports_authenticated_extended_card, "no extended card")

    return {
        f"{name}: {binding}": scenario
        for name, scenario in (
            ("send", send_),
            ("message", message_),
            ("stream", stream),
            ("polling", polling),
            ("ask back", ask_back),
            ("cancel", cancel),
            ("resubscribe", resubscribe),
            ("push", push),
            ("files", files),
            ("extended card", extended_card),
        )
    }


if __name__ == "__main__":
    run(scenarios_of("JSONRPC") | scenarios_of("HTTP+JSON"))
