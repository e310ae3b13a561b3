"""The SDK's session: created on this server by repeating the client's handshake, if the SDK does not know the
session."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, Final

from pydantic_core import to_json

from agora.protocols.http import Message, Scope
from agora_sdk.errors import Overloaded

from .paths import MCP_PATH
from .sessions import Session

if TYPE_CHECKING:
    from .sdk import SdkServer

__all__ = ["end_sdk_session", "ensure_sdk_session", "initialize_sdk_session", "send_notification"]

HANDSHAKE_SECONDS: Final = 10.0  #: timeout of the handshake with the SDK
INITIALIZED: Final = {"jsonrpc": "2.0", "method": "notifications/initialized"}


async def ensure_sdk_session(server: SdkServer, session: Session) -> None:
    """Ensure that the SDK knows a session begun on another server or long ago. Raises Overloaded if its sessions are
    exhausted."""
    # Two requests of a session that was opened elsewhere would otherwise each create an SDK session, and one would leak.
    async with session.sdk_session_lock:
        if session.sdk_session_id:
            return
        request = {"jsonrpc": "2.0", "id": 0, "method": "initialize", "params": dict(session.client)}
        sdk_session_id = await _request_sdk(server, session, "POST", request, sdk_session_id="")
        if not sdk_session_id:
            raise Overloaded("Too many sessions are open.", fix="Try again later.", retry_after=15)
        session.sdk_session_id = sdk_session_id
        await send_notification(server, session, INITIALIZED)


async def initialize_sdk_session(server: SdkServer, session: Session) -> None:
    """Ensure that the SDK's session can send notifications: the client's handshake may have been at another server."""
    # Repeating "initialized" is harmless, if the client's own arrives at the same time.
    if not session.sdk_ready.is_set():
        await send_notification(server, session, INITIALIZED)
    try:
        async with asyncio.timeout(HANDSHAKE_SECONDS):
            await session.sdk_ready.wait()
    except TimeoutError:
        raise Overloaded("The session could not be set up.", fix="Try again.", retry_after=2) from None


async def send_notification(server: SdkServer, session: Session, message: Any) -> None:
    """Send the SDK a notification for a session that it knows."""
    await _request_sdk(server, session, "POST", message, sdk_session_id=session.sdk_session_id)


async def end_sdk_session(server: SdkServer, session: Session) -> None:
    """End the SDK's session."""
    # Taken before the await: two ends of one session must not send the SDK two requests.
    sdk_session_id, session.sdk_session_id = session.sdk_session_id, ""
    if sdk_session_id:
        await _request_sdk(server, session, "DELETE", None, sdk_session_id=sdk_session_id)


async def _request_sdk(server: SdkServer, session: Session, method: str, message: Any, *, sdk_session_id: str) -> str:
    """Send a request to the SDK; returns its session id, or ''."""
    headers = [
        # The SDK checks Host against DNS rebinding; this request never leaves the process.
        (b"host", b"localhost"),
        (b"content-type", b"application/json"),
        (b"accept", b"application/json, text/event-stream"),
    ]
    if sdk_session_id:
        headers.append((b"mcp-session-id", sdk_session_id.encode()))
    scope: Scope = {"type": "http", "method": method, "path": MCP_PATH, "headers": headers, "query_string": b""}
    body = [to_json(message) if message is not None else b""]
    session_id = ""

    async def receive_message() -> Message:
        if body:
            return {"type": "http.request", "body": body.pop(), "more_body": False}
        await asyncio.Event().wait()  # the bootstrap session stays open
        raise AssertionError

    async def collect_answer(answer: Message) -> None:
        nonlocal session_id
        if answer["type"] == "http.response.start" and answer["status"] == 200:
            values = [value for name, value in answer["headers"] if name == b"mcp-session-id"]
            session_id = values[0].decode() if values else ""

    await server.serve_request(scope, receive_message, collect_answer, session)
    return session_id
