"""Transport errors of upstreams, in a form that passes through the SDK as JSON-RPC errors."""

from __future__ import annotations

import secrets
from http.client import responses
from typing import Literal

from mcp.shared.exceptions import MCPError
from pydantic_core import from_json

from agora.value_classes import value_class

from ..oauth.challenge import Challenge

__all__ = [
    "TRANSPORT_ERROR_CODE",
    "HandshakeRefused",
    "TransportError",
    "TransportErrors",
    "find_content_type_error",
    "find_status_error",
]

TRANSPORT_ERROR_CODE = -32099
MAX_REMEMBERED_ERRORS = 1000


@value_class
class TransportError:
    """A transport error. kind: whether the request was sent (not: refused, unreachable), or the kind of response.

    challenge: from a response that requests another access token.
    """

    kind: Literal["refused", "unreachable", "lost", "session", "authorization", "http"]
    detail: str
    status: int | None = None
    challenge: Challenge | None = None


class HandshakeRefused(ConnectionError):
    """The upstream requests another access token before the handshake."""

    def __init__(self, detail: str, challenge: Challenge) -> None:
        super().__init__(detail)
        self.challenge = challenge


class TransportErrors:
    """Transport errors of a connection, each under a random single-use token."""

    def __init__(self) -> None:
        self._waiting: dict[str, TransportError] = {}

    def add_error(self, error: TransportError) -> str:
        # Random, so that an upstream cannot name the stored error of another request.
        token = secrets.token_hex(16)
        # Tokens of cancelled requests are never taken out; losing the cause of an error only makes its text less exact.
        if len(self._waiting) >= MAX_REMEMBERED_ERRORS:
            self._waiting.clear()
        self._waiting[token] = error
        return token

    def store_as_mcp_error(self, error: TransportError) -> MCPError:
        """Build an MCPError that carries the token of a transport error."""
        return MCPError(TRANSPORT_ERROR_CODE, error.detail, self.add_error(error))

    def pop_error(self, error: MCPError) -> TransportError | None:
        """Take out the transport error whose token an MCPError carries, if any. The token becomes invalid."""
        if error.code != TRANSPORT_ERROR_CODE or not isinstance(error.data, str):
            return None
        return self._waiting.pop(error.data, None)

    def peek_error(self, error: MCPError) -> TransportError | None:
        """Find the transport error of an MCPError; the token stays valid."""
        return self._waiting.get(error.data) if isinstance(error.data, str) else None


def find_content_type_error(kind: str, packing: str | None) -> TransportError | None:
    """Find an error in the content type or encoding of an answer.

    A small compressed response can expand to a large one, and no compression was requested.
    """
    if packing not in (None, "identity"):
        return TransportError("lost", "Its answer is compressed although the request did not accept compression.")
    if not kind.lower().startswith(("application/json", "text/event-stream")):
        return TransportError(
            "lost", f"It answered with {kind[:100] or 'no content type'}, which is not a content type of MCP."
        )
    return None


def find_status_error(
    status: int, body: bytes, challenge: Challenge | None, *, in_session: bool
) -> TransportError | None:
    """Convert an HTTP error to a transport error; None if its body is a JSON-RPC error, which is more specific.

    challenge: only for upstreams to which access tokens are sent.
    """
    if challenge is not None:
        scope = f" It asks for the scope {challenge.scope!r}." if challenge.scope else ""
        detail = (
            "It rejects the access token, or requires one." if status == 401 else "The access token is insufficient."
        )
        return TransportError("authorization", detail + scope, status, challenge)
    # MCP 2025-11-25, transports, session management: the client begins a new session.
    if status == 404 and in_session:
        return TransportError("session", "The session has ended.", status)
    if _is_jsonrpc_error(body):
        return None
    return TransportError("http", f"It answered HTTP {status} {responses.get(status, 'error')}.", status)


def _is_jsonrpc_error(body: bytes) -> bool:
    try:
        document = from_json(body)
    except ValueError:
        return False
    return isinstance(document, dict) and document.get("jsonrpc") == "2.0" and isinstance(document.get("error"), dict)
