"""The transport between clients of the older era and the SDK: translates session ids of requests and responses."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping

from agora.protocols.http import Message, Receive, Scope, Send

__all__ = ["ObservedSend", "build_receive_until", "replay_body", "to_sdk_scope"]

SESSION_HEADER = b"mcp-session-id"


def to_sdk_scope(scope: Scope, sdk_session_id: str, *, without: bytes = b"") -> Scope:
    """Build the scope for the SDK. local: the SDK's session id. without: a header to remove."""
    headers = [(name, value) for name, value in scope["headers"] if name not in (SESSION_HEADER, without)]
    if sdk_session_id:
        headers.append((SESSION_HEADER, sdk_session_id.encode()))
    # Without the parsed headers that are cached there: they still hold the session id of the client.
    return {**{key: value for key, value in scope.items() if key != "agora.headers"}, "headers": headers}


def replay_body(body: bytes, receive: Receive) -> Receive:
    """Wrap ``receive`` so that a body already read is received again."""
    messages: list[Message] = [{"type": "http.request", "body": body, "more_body": False}]

    async def receive_again() -> Message:
        return messages.pop() if messages else await receive()

    return receive_again


def build_receive_until(receive: Receive, *ends: asyncio.Event) -> Receive:
    """Wrap ``receive`` to report a disconnect at the first of these events."""

    async def receive_or_disconnect() -> Message:
        # receive() comes first: a message that arrives together with an end is still delivered.
        futures = [asyncio.ensure_future(receive()), *(asyncio.ensure_future(end.wait()) for end in ends)]
        try:
            await asyncio.wait(futures, return_when=asyncio.FIRST_COMPLETED)
            if futures[0].done():
                message: Message = futures[0].result()  # type: ignore[assignment]
                return message
            return {"type": "http.disconnect"}
        finally:
            for task in futures:
                task.cancel()

    return receive_or_disconnect


class ObservedSend:
    """Passes a response on, and records its status and whether it has ended.

    id: the session id of the client. on_session_created: called with the SDK's id of a new session. first_event: sent
    after the headers. response_started: set once the headers were sent.
    """

    def __init__(self, send: Send, id: str = "", first_event: bytes = b"") -> None:
        self._send, self._id, self._first_event = send, id, first_event
        self.status = 0
        self.on_session_created: Callable[[str], None] = lambda sdk_session_id: None
        self.response_started = asyncio.Event()
        self._open = False

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.status, self._open = message["status"], True
            message = self._rewrite_session_id(message)
        elif message["type"] == "http.response.body" and not message.get("more_body"):
            self._open = False
        await self._send(message)
        # Only on success: an error has a JSON body, which an event would corrupt.
        if self._first_event and self.status == 200:
            first_event, self._first_event = self._first_event, b""
            await self._send({"type": "http.response.body", "body": first_event, "more_body": True})
        self.response_started.set()

    def _rewrite_session_id(self, message: Message) -> Message:
        headers: Mapping[bytes, bytes] = dict(message.get("headers", ()))
        sdk_session_id = headers.get(SESSION_HEADER)
        if sdk_session_id is None:
            return message
        # Only a success creates a session.
        if self.status == 200:
            self.on_session_created(sdk_session_id.decode())
        ours = [(name, self._id.encode() if name == SESSION_HEADER else value) for name, value in message["headers"]]
        return {**message, "headers": [(name, value) for name, value in ours if value]}

    async def finish(self) -> None:
        """End an open response."""
        if self._open:
            self._open = False
            await self._send({"type": "http.response.body", "body": b"", "more_body": False})
