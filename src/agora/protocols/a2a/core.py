"""What every binding does with a request: call its operation, or open its stream."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from pydantic_core import from_json

from agora.core.call import Caller
from agora.core.dispatcher import Dispatcher
from agora.core.events.stream import LiveStream
from agora_sdk.errors import NotFound

from .dialects import Dialect
from .methods import CARD, Method

__all__ = ["Core", "OpenedStream", "Request"]


@dataclass(slots=True)
class Request:
    """One request of any binding.

    agent: whose address it came to; None is the front agent's. base_url: under which the client reached the
    server. extensions: URIs of those that the client supports. resume: the Last-Event-ID of a stream. valid: raises when the credential has ended.
    """

    method: Method
    arguments: dict[str, Any]
    dialect: Dialect
    caller: Caller
    agent: str | None = None
    base_url: str | None = None
    extensions: tuple[str, ...] = ()
    resume: str | None = None
    key: str | None = None
    valid: Callable[[], Awaitable[None]] | None = None

    @property
    def task_id(self) -> str | None:
        """The task that it names."""
        task_id = self.arguments.get("task_id") or self.arguments.get("message", {}).get("taskId")
        return str(task_id) if task_id else None


@dataclass(slots=True)
class OpenedStream:
    """A stream about to be read. first: an item before those of the stream, with its number."""

    stream: LiveStream | None
    first: tuple[int, bytes] | None = None
    interrupts: bool = field(default=False)


class Core:
    """Calls operations as A2A's methods mean them. wait: seconds that a SendMessage waits for its task."""

    def __init__(self, dispatcher: Dispatcher, wait: float) -> None:
        self.dispatcher, self._long_poll_seconds = dispatcher, wait

    @property
    def buffer_limit(self) -> int:
        """Bytes that the reader of a stream may lag behind."""
        return self.dispatcher.feed.buffer_limit

    @property
    def page_bytes(self) -> int:
        """Bytes after which a page is cut short."""
        return self.dispatcher.context.settings.page_bytes

    async def invoke_operation(
        self, name: str, caller: Caller, arguments: Mapping[str, Any], key: str | None = None
    ) -> bytes:
        """JSON of an operation's result. Raises an AgoraError."""
        operation = self.dispatcher.context.registry.find(name, None, caller.tenant)
        return (await self.dispatcher.invoke(operation, caller, arguments, idempotency_key=key)).body

    async def call_operation(self, request: Request) -> bytes:
        """The result of a method that does not stream, in the request's dialect. Raises an AgoraError."""
        method, arguments = request.method, self._add_addressed_agent(request)
        if method.name == "SendMessage":
            arguments["wait"] = self._long_poll_seconds
        elif method.name == CARD:
            arguments["base_url"] = request.base_url
        elif method.name == "GetTaskPushNotificationConfig" and "config_id" not in arguments:
            return request.dialect.encode_result(method.name, await self._find_first_push_config(request, arguments))
        body = await self.invoke_operation(method.operation, request.caller, arguments, request.key)
        return request.dialect.encode_result(method.name, body)

    def _add_addressed_agent(self, request: Request) -> dict[str, Any]:
        """The arguments, with the agent whose address was used."""
        arguments = dict(request.arguments)
        if request.agent is not None:
            arguments["agent"] = request.agent
        if request.extensions and "message" in arguments:
            arguments["extensions"] = list(request.extensions)
        return arguments

    async def _find_first_push_config(self, request: Request, arguments: Mapping[str, Any]) -> bytes:
        """In 0.3 a push configuration may be asked for by its task alone: the first is meant."""
        page = from_json(await self.invoke_operation("agora.a2a.list_push_configs", request.caller, arguments))
        configs = page.get("configs")
        if not configs:
            raise NotFound("The task has no push notification configuration.", fix="Set one first.")
        config_arguments = {**arguments, "config_id": configs[0]["id"]}
        return await self.invoke_operation(request.method.operation, request.caller, config_arguments)

    async def open_stream(self, request: Request) -> OpenedStream:
        """Open the stream of a method that streams. Raises an AgoraError: nothing was opened."""
        arguments = self._add_addressed_agent(request)
        if request.method.name == "SubscribeToTask":
            return OpenedStream(await self._open_task_stream(request, arguments))
        arguments["return_immediately"] = True
        body = await self.invoke_operation(request.method.operation, request.caller, arguments, request.key)
        result = from_json(body)
        task = result.get("task")
        if task is None:
            return OpenedStream(None, (0, body))
        stream_arguments = {"task_id": task["id"], "until": "interrupted"}
        if request.resume is not None:
            return OpenedStream(await self._open_task_stream(request, stream_arguments), interrupts=True)
        position = int(task.get("metadata", {}).get("agora", {}).get("position", 0))
        stream_arguments["last_event_id"] = str(position)
        return OpenedStream(await self._open_task_stream(request, stream_arguments), (position, body), interrupts=True)

    async def _open_task_stream(self, request: Request, arguments: dict[str, Any]) -> LiveStream:
        if request.resume is not None:
            arguments["last_event_id"] = request.resume
        operation = self.dispatcher.context.registry.find("agora.a2a.subscribe", None, request.caller.tenant)
        return await self.dispatcher.open_stream(operation, request.caller, arguments, valid=request.valid)
