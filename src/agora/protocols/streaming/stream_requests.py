"""Requests for streams over WebSocket and SSE: their authentication and arguments."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from agora.core.call import Caller
from agora.core.dispatcher import Dispatcher
from agora.core.events.stream import LiveStream
from agora.protocols import query_string
from agora.protocols.http import Scope, abort_connection, read_header
from agora.protocols.websockets import read_subprotocol_token
from agora_sdk.contract import Operation

from . import task_offers

__all__ = ["Authenticate", "StreamRequest", "StreamingApp", "abort_connection"]


class Authenticate(Protocol):
    """Returns the caller of a request; raises Unauthenticated."""

    def __call__(self, scope: Scope, credential: str | None = None, /) -> Awaitable[Caller]: ...


class StreamingSettings(Protocol):
    """Settings of the live protocols."""

    @property
    def body_limit(self) -> int: ...
    @property
    def heartbeat_interval(self) -> float: ...


@dataclass(slots=True)
class StreamRequest:
    """A request for a stream: its credential, unless in a header, and its arguments."""

    scope: Scope
    operation: Operation
    credential: str | None
    arguments: dict[str, Any]

    @classmethod
    def from_scope(cls, scope: Scope, operation: Operation, path: Mapping[str, str] = {}) -> StreamRequest:
        """Read the arguments, the resume position, and the credential. Raises InvalidRequest.

        path: the path's arguments. A browser cannot set headers on these requests: it passes its token as the
        subprotocol ``bearer.TOKEN`` or as ``access_token``, which is removed from the query before it can be logged.
        """
        query: bytes = scope["query_string"]
        # Removed from the scope itself: access logs and traces read it from there.
        if b"access_token=" in query:
            scope["query_string"] = b"&".join(p for p in query.split(b"&") if not p.startswith(b"access_token="))
        arguments = query_string.merge_path_parameters(query_string.parse_query(query, operation), path)
        credential = arguments.pop("access_token", None)
        # The subprotocol first: it is in no log, while a URL with a token may be in one.
        credential = read_subprotocol_token(scope) or credential
        resume = read_header(scope, b"last-event-id")
        if (
            resume and "last_event_id" in operation.parameters
        ):  # a browser reconnects with the original URL: the header is more recent
            arguments["last_event_id"] = resume
        if operation.name == task_offers.STREAM_OPERATION:
            # The query is more specific than a header that a client sends with each request.
            arguments = task_offers.read_worker_headers(scope) | arguments
        return cls(scope, operation, credential, arguments)


class StreamingApp:
    """Base of the live protocols: opens the stream of a request."""

    def __init__(self, dispatcher: Dispatcher, authenticate: Authenticate, settings: StreamingSettings) -> None:
        self.dispatcher, self.authenticate, self.settings = dispatcher, authenticate, settings

    async def open_stream(self, request: StreamRequest) -> tuple[LiveStream, Callable[[], Awaitable[Caller]]]:
        """Open the stream of a request; returns it and a function that returns its current caller.

        Raises an AgoraError if the request is rejected.
        """

        async def authenticate_request() -> Caller:
            return await self.authenticate(request.scope, request.credential)

        async def reauthenticate_caller() -> None:
            await authenticate_request()

        stream = await self.dispatcher.open_stream(
            request.operation, await authenticate_request(), request.arguments, valid=reauthenticate_caller
        )
        return stream, authenticate_request
