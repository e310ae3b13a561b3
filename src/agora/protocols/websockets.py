"""Shared parts of WebSocket protocols: rejection of handshakes, and credentials of browsers."""

from __future__ import annotations

import asyncio
import contextlib
from typing import Any

from agora.protocols.http import Receive, Scope, Send, send_problem
from agora_sdk.errors import AgoraError

__all__ = ["MAX_REASON_BYTES", "read_subprotocol_token", "refuse_handshake"]

MAX_REASON_BYTES = 123  # bytes, RFC 6455 section 5.5
LINGER_SECONDS = 1.0
TOKEN_PROTOCOL_PREFIX = "bearer."  # noqa: S105 - the subprotocol in which a browser can send a token


def read_subprotocol_token(scope: Scope) -> str | None:
    """Read the token of the subprotocol ``bearer.TOKEN``: browsers cannot set headers on a handshake."""
    for protocol in scope.get("subprotocols", ()):
        if protocol.startswith(TOKEN_PROTOCOL_PREFIX):
            return str(protocol.removeprefix(TOKEN_PROTOCOL_PREFIX))
    return None


async def refuse_handshake(scope: Scope, receive: Receive, send: Send, error: AgoraError) -> None:
    """Reject the handshake with a problem document if the server supports it, else with 403.

    Returns when the connection is closed: uvicorn logs an error for applications that return earlier.
    """
    await _send_refusal(scope, send, error)
    with contextlib.suppress(TimeoutError, RuntimeError):
        async with asyncio.timeout(LINGER_SECONDS):
            await receive()  # the refusal
            await receive()  # the connection's end


async def _send_refusal(scope: Scope, send: Send, error: AgoraError) -> None:
    if "websocket.http.response" not in scope.get("extensions", {}):
        await send({"type": "websocket.close", "code": error.close_code, "reason": str(error)[:MAX_REASON_BYTES]})
        return

    async def send_denial(message: Any) -> None:
        await send({**message, "type": f"websocket.{message['type']}"})

    await send_problem(send_denial, error, instance=scope["path"])
