"""A remote agent on a socket: the official SDK's server with a script, which records its requests."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any

import uvicorn
from a2a.helpers.proto_helpers import get_message_text, new_task_from_user_message
from a2a.server.agent_execution import AgentExecutor, RequestContext
from a2a.server.events import EventQueue
from a2a.server.request_handlers import DefaultRequestHandler
from a2a.server.routes import create_agent_card_routes, create_jsonrpc_routes, create_rest_routes
from a2a.server.tasks import InMemoryTaskStore, TaskUpdater
from a2a.types import AgentCapabilities, AgentCard, AgentInterface, AgentSkill, Message, Part, Role
from google.protobuf.json_format import MessageToDict
from starlette.applications import Starlette
from starlette.types import Receive, Scope, Send

from tests.harness import PromptServer

__all__ = ["Elsewhere", "Script", "elsewhere"]

KINDS = ("JSONRPC 1.0", "HTTP+JSON 1.0", "JSONRPC 0.3", "HTTP+JSON 0.3")


@dataclass
class Script(AgentExecutor):
    """Executes the first word of a message. go_on: event to wait for. cancelled: tasks that were cancelled."""

    heard: list[dict[str, Any]] = field(default_factory=list)
    cancelled: list[str] = field(default_factory=list)
    go_on: asyncio.Event = field(default_factory=asyncio.Event)
    waiting: asyncio.Event = field(default_factory=asyncio.Event)

    async def execute(self, context: RequestContext, event_queue: EventQueue) -> None:
        assert context.message is not None
        self.heard.append(MessageToDict(context.message))
        text = get_message_text(context.message)
        task = context.current_task
        if text == "direct":
            said = Message(message_id="direct", role=Role.ROLE_AGENT, parts=[Part(text="straight")])
            said.context_id = context.context_id or ""
            await event_queue.enqueue_event(said)
            return
        if task is None:
            task = new_task_from_user_message(context.message)
            await event_queue.enqueue_event(task)
            word = text.split()[0]
        else:
            word = "answered"
        updater = TaskUpdater(event_queue, task.id, task.context_id)
        await getattr(self, f"do_{word}")(updater, text)

    async def cancel(self, context: RequestContext, event_queue: EventQueue) -> None:
        assert context.task_id is not None
        assert context.context_id is not None
        self.cancelled.append(context.task_id)
        self.go_on.set()
        await TaskUpdater(event_queue, context.task_id, context.context_id).cancel()

    async def do_echo(self, updater: TaskUpdater, text: str) -> None:
        await updater.start_work()
        await updater.add_artifact([Part(text=text)], artifact_id="echo", name="the echo")
        await updater.complete()

    async def do_stream(self, updater: TaskUpdater, text: str) -> None:
        await updater.start_work(updater.new_agent_message([Part(text="on it")]))
        for number in range(3):
            await updater.add_artifact(
                [Part(text=f"piece {number} ")], artifact_id="story", append=number > 0, last_chunk=number == 2
            )
        await updater.complete(updater.new_agent_message([Part(text="that is all")]))

    async def do_wait(self, updater: TaskUpdater, text: str) -> None:
        await updater.start_work()
        await updater.add_artifact([Part(text="before ")], artifact_id="story")
        self.waiting.set()
        await self.go_on.wait()
        if not self.cancelled:
            await updater.add_artifact([Part(text="after")], artifact_id="story", append=True, last_chunk=True)
            await updater.complete()

    async def do_hold(self, updater: TaskUpdater, text: str) -> None:
        await updater.start_work()
        await self.go_on.wait()
        await updater.complete()

    async def do_ask(self, updater: TaskUpdater, text: str) -> None:
        await updater.requires_input(updater.new_agent_message([Part(text="Which colour?")]))

    async def do_login(self, updater: TaskUpdater, text: str) -> None:
        await updater.requires_auth(updater.new_agent_message([Part(text="Who are you?")]))

    async def do_answered(self, updater: TaskUpdater, text: str) -> None:
        await updater.add_artifact([Part(text=f"You said {text}.")])
        await updater.complete()

    async def do_say(self, updater: TaskUpdater, text: str) -> None:
        await updater.complete(updater.new_agent_message([Part(text="only said")]))

    async def do_fail(self, updater: TaskUpdater, text: str) -> None:
        await updater.failed(updater.new_agent_message([Part(text="It broke.")]))

    async def do_reject(self, updater: TaskUpdater, text: str) -> None:
        await updater.reject(updater.new_agent_message([Part(text="Not for me.")]))


@dataclass
class Elsewhere:
    """The running agent. requests: method, path and headers of each."""

    url: str
    script: Script
    requests: list[tuple[str, str, dict[str, str]]]
    server: PromptServer


def _card(url: str, kind: str, *, streams: bool) -> AgentCard:
    binding, version = kind.split()
    address = AgentInterface(url=url, protocol_binding=binding, protocol_version=version)
    return AgentCard(
        name="Sample",
        description="An agent elsewhere.",
        version="2.0",
        supported_interfaces=[address],
        capabilities=AgentCapabilities(streaming=streams),
        default_input_modes=["text/plain"],
        default_output_modes=["text/plain"],
        skills=[AgentSkill(id="play", name="Play", description="Follows a script.", tags=["test"])],
    )


@contextlib.asynccontextmanager
async def elsewhere(kind: str = "JSONRPC 1.0", *, streams: bool = True) -> AsyncIterator[Elsewhere]:
    """Serve it on the loopback until the block ends."""
    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    url = f"http://127.0.0.1:{listener.getsockname()[1]}"
    script, requests = Script(), list[tuple[str, str, dict[str, str]]]()
    card = _card(url, kind, streams=streams)
    handler = DefaultRequestHandler(script, InMemoryTaskStore(), card)
    old = kind.endswith("0.3")
    routes = [*create_agent_card_routes(card), *create_jsonrpc_routes(handler, "/", enable_v0_3_compat=old)]
    routes += create_rest_routes(handler, enable_v0_3_compat=old)
    inner = Starlette(routes=routes)

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            headers = {name.decode(): value.decode() for name, value in scope["headers"]}
            requests.append((scope["method"], scope["path"], headers))
        await inner(scope, receive, send)

    server = PromptServer(uvicorn.Config(app, log_config=None, lifespan="off", timeout_graceful_shutdown=1))
    server.install_signal_handlers = lambda: None  # type: ignore[attr-defined]
    serving = asyncio.create_task(server.serve(sockets=[listener]))
    await server.wait_started(serving)
    try:
        yield Elsewhere(url, script, requests, server)
    finally:
        script.go_on.set()
        server.should_exit = True
        await serving
