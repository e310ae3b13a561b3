"""Operations of A2A for all bindings: calls the operation of a request, or opens its stream."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from pydantic_core import from_json

from agora.core.call import Caller
from agora.core.dispatcher import Dispatcher
from agora.core.events.stream import LiveStream
from agora.protocols.operation_calls import invoke_operation, open_operation_stream
from agora_sdk.errors import NotFound

from .dialects import Dialect
from .methods import CARD_METHOD, Method

__all__ = ["A2AOperations", "A2ARequest", "OpenedStream"]


@dataclass(slots=True)
class A2ARequest:
    """A request of any binding.

    agent: the addressed agent; None for the front agent. base_url: used by the client to reach the server. extensions:
    URIs of extensions that the client supports. resume: the Last-Event-ID of a stream. valid: raises if the credential
    is no longer valid.
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
        """Id of the task in the arguments; None without one."""
        task_id = self.arguments.get("task_id") or self.arguments.get("message", {}).get("taskId")
        return str(task_id) if task_id else None


@dataclass(slots=True)
class OpenedStream:
    """An opened stream. first: an item with its number, to send before those of the stream."""

    stream: LiveStream | None
    first: tuple[int, bytes] | None = None
    interrupts: bool = field(default=False)

    def close(self) -> None:
        """Close the stream. Idempotent."""
        if self.stream is not None:
            self.stream.close()


class A2AOperations:
    """Calls the operations of A2A's methods. wait: maximum seconds that SendMessage waits for its task."""

    def __init__(self, dispatcher: Dispatcher, wait: float) -> None:
        self.dispatcher, self._long_poll_seconds = dispatcher, wait

    @property
    def buffer_limit(self) -> int:
        """Maximum bytes that the reader of a stream may lag behind."""
        return self.dispatcher.feed.buffer_limit

    @property
    def page_bytes(self) -> int:
        """Maximum bytes of a page."""
        return self.dispatcher.context.settings.page_bytes

    async def invoke_operation(
        self, name: str, caller: Caller, arguments: Mapping[str, Any], key: str | None = None
    ) -> bytes:
        """Invoke an operation; returns its result as JSON. Raises an AgoraError."""
        return await invoke_operation(self.dispatcher, name, caller, arguments, idempotency_key=key)

    async def call_operation(self, request: A2ARequest) -> bytes:
        """Call a method without a stream; returns its result in the request's dialect. Raises an AgoraError."""
        method, arguments = request.method, self._build_operation_arguments(request)
        if method.name == "SendMessage":
            # A bound of the server: a blocking send would otherwise hold a connection for as long as the agent works.
            arguments["wait"] = self._long_poll_seconds
        elif method.name == CARD_METHOD:
            arguments["base_url"] = request.base_url
        elif method.name == "GetTaskPushNotificationConfig" and "config_id" not in arguments:
            return request.dialect.encode_result(method.name, await self._load_first_push_config(request, arguments))
        body = await self.invoke_operation(method.operation, request.caller, arguments, request.key)
        return request.dialect.encode_result(method.name, body)

    def _build_operation_arguments(self, request: A2ARequest) -> dict[str, Any]:
        """Build the arguments of the operation: those of the request, with the addressed agent and the extensions."""
        arguments = dict(request.arguments)
        if request.agent is not None:
            # Replaces a "tenant" of the body: a request to /a2a/X must not reach Y.
            arguments["agent"] = request.agent
        if request.extensions and "message" in arguments:
            arguments["extensions"] = list(request.extensions)
        return arguments

    async def _load_first_push_config(self, request: A2ARequest, arguments: Mapping[str, Any]) -> bytes:
        """Load the first push configuration of a task: 0.3 allows a request with only the task's id. Raises NotFound."""
        page = from_json(await self.invoke_operation("agora.a2a.list_push_configs", request.caller, arguments))
        configs = page.get("configs")
        if not configs:
            raise NotFound("The task has no push notification configuration.", fix="Set one first.")
        config_arguments = {**arguments, "config_id": configs[0]["id"]}
        return await self.invoke_operation(request.method.operation, request.caller, config_arguments)

    async def open_stream(self, request: A2ARequest) -> OpenedStream:
        """Open the stream of a streaming method. Raises an AgoraError if it cannot be opened."""
        arguments = self._build_operation_arguments(request)
        if request.method.name == "SubscribeToTask":
            return OpenedStream(await self._open_task_stream(request, arguments))
        # The stream reports the work: a call that waits would hold back its first item until the task ends.
        arguments["return_immediately"] = True
        body = await self.invoke_operation(request.method.operation, request.caller, arguments, request.key)
        result = from_json(body)
        task = result.get("task")
        if task is None:
            return OpenedStream(None, (0, body))
        # Until the task needs its requester (section 3.1.2); a subscription goes on until the task ends.
        stream_arguments = {"task_id": task["id"], "until": "interrupted"}
        # The client repeats its request after a broken connection: its message id finds the task, whose snapshot it has.
        if request.resume is not None:
            return OpenedStream(await self._open_task_stream(request, stream_arguments), interrupts=True)
        # The position of the snapshot: the stream continues exactly after what the first item shows.
        position = int(task.get("metadata", {}).get("agora", {}).get("position", 0))
        stream_arguments["last_event_id"] = str(position)
        return OpenedStream(await self._open_task_stream(request, stream_arguments), (position, body), interrupts=True)

    async def _open_task_stream(self, request: A2ARequest, arguments: dict[str, Any]) -> LiveStream:
        if request.resume is not None:
            arguments["last_event_id"] = request.resume
        return await open_operation_stream(
            self.dispatcher, "agora.a2a.subscribe", request.caller, arguments, request.valid
        )
