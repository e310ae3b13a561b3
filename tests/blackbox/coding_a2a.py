"""Use of the official A2A client with a coding worker."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any
from uuid import uuid4

import httpx
from a2a.client import A2ACardResolver, Client, ClientConfig, ClientFactory
from a2a.types import a2a_pb2

from tests.blackbox.server import ServerProcess

__all__ = ["Outcome", "cancel_while_it_speaks", "connect_official_client", "read_artifacts", "send_message"]

Outcome = tuple[list[Any], str, int]


@asynccontextmanager
async def connect_official_client(server: ServerProcess, agent: str) -> AsyncIterator[Client]:
    """Connect the official client, streaming, with the operator's credential."""
    headers = {"A2A-Version": "1.0", "Authorization": f"Bearer {server.admin_token}"}
    async with httpx.AsyncClient(timeout=180, headers=headers) as http:
        card = await A2ACardResolver(http, f"{server.url}/a2a/{agent}").get_agent_card()
        assert card.capabilities.streaming
        yield ClientFactory(ClientConfig(httpx_client=http, streaming=True)).create(card)


def build_request(text: str, **ids: str) -> a2a_pb2.SendMessageRequest:
    message = a2a_pb2.Message(message_id=uuid4().hex, role=a2a_pb2.ROLE_USER, **ids)
    message.parts.append(a2a_pb2.Part(text=text))
    return a2a_pb2.SendMessageRequest(message=message)


async def send_message(client: Client, text: str, **ids: str) -> Outcome:
    """Send a message. Returns the events of the turn, the id of its task, and its final state."""
    events = [event async for event in client.send_message(build_request(text, **ids))]
    states = [event.status_update.status.state for event in events if event.HasField("status_update")]
    first = events[0]
    task_id = first.task.id if first.HasField("task") else first.status_update.task_id
    return events, task_id, states[-1]


async def cancel_while_it_speaks(client: Client, text: str) -> int | None:
    """Cancel a task when its output begins. Returns the resulting state."""
    task_id, state = "", None
    async for event in client.send_message(build_request(text)):
        if event.HasField("task"):
            task_id = event.task.id
        if event.HasField("artifact_update") and task_id and state is None:
            cancelled = await client.cancel_task(a2a_pb2.CancelTaskRequest(id=task_id))
            state = cancelled.status.state
    return state


def read_artifacts(events: list[Any]) -> dict[str, str]:
    """Return the texts of the artifacts by name."""
    texts: dict[str, str] = {}
    for event in events:
        if event.HasField("artifact_update"):
            artifact = event.artifact_update.artifact
            texts[artifact.name] = texts.get(artifact.name, "") + "".join(part.text for part in artifact.parts)
    return texts
