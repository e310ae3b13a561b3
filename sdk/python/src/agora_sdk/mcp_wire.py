"""Wire format of MCP over streamable HTTP, without I/O: headers, stream events and errors.

Shared by :mod:`agora_sdk.mcp` and the bridge ``agora mcp``. Two generations of the protocol are supported: up to
2025-11-25 a handshake opens a session that headers identify; from 2026-07-28 every request is self-contained,
identifies the client in its ``_meta``, and repeats in headers the fields that gateways need (specification 2026-07-28,
"Streamable HTTP").
"""

from __future__ import annotations

import json
from base64 import b64encode
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from .errors import BY_CODE, AgoraError, NotFound, from_problem

__all__ = [
    "ACCEPT",
    "CAPABILITIES_KEY",
    "CLIENT_KEY",
    "HANDSHAKE_VERSION",
    "MIRROR_KEY",
    "MODERN_VERSION",
    "SESSION_HEADER",
    "VERSION_HEADER",
    "VERSION_KEY",
    "Event",
    "EventTooLong",
    "Events",
    "build_error_of_jsonrpc",
    "build_error_of_response",
    "build_mirrored_headers",
    "build_routing_headers",
    "find_declared_version",
    "is_response",
    "list_mirrored_parameters",
]

HANDSHAKE_VERSION = "2025-11-25"  #: newest version that is negotiated by a handshake
MODERN_VERSION = "2026-07-28"  #: first version without one

VERSION_KEY = "io.modelcontextprotocol/protocolVersion"
CLIENT_KEY = "io.modelcontextprotocol/clientInfo"
CAPABILITIES_KEY = "io.modelcontextprotocol/clientCapabilities"

MIRROR_KEY = "x-mcp-header"  #: of a parameter in a tool's schema that a call repeats in a header

VERSION_HEADER = "mcp-protocol-version"
SESSION_HEADER = "mcp-session-id"
ACCEPT = {"accept": "application/json, text/event-stream", "content-type": "application/json"}

MAX_EVENT_BYTES = 64 * 1024 * 1024
MAX_RETRY_DIGITS = 9
NAME_PARAMETER_BY_METHOD = {"tools/call": "name", "prompts/get": "name", "resources/read": "uri"}
NO_SUCH_RESOURCE = -32002

_BY_RPC: dict[int, type[AgoraError]] = {}
for _kind in BY_CODE.values():
    _BY_RPC.setdefault(_kind.jsonrpc, _kind)
_BY_RPC[NO_SUCH_RESOURCE] = NotFound


def find_declared_version(message: Mapping[str, Any]) -> str | None:
    """Return the protocol version declared in a message itself: that of a request without a handshake."""
    params = message.get("params")
    meta = params.get("_meta") if isinstance(params, dict) else None
    version = meta.get(VERSION_KEY) if isinstance(meta, dict) else None
    return version if isinstance(version, str) else None


def build_routing_headers(message: Mapping[str, Any]) -> dict[str, str]:
    """Build the headers that repeat fields of a request of 2026-07-28; none for a request of the handshake
    generation."""
    version = find_declared_version(message)
    if version is None:
        return {}
    headers = {VERSION_HEADER: encode_header(version), "mcp-method": encode_header(str(message.get("method")))}
    name = message["params"].get(NAME_PARAMETER_BY_METHOD.get(str(message.get("method")), ""))
    if isinstance(name, str):
        headers["mcp-name"] = encode_header(name)
    return headers


def encode_header(value: str) -> str:
    """Encode a header value: printable ASCII verbatim, anything else in Base64 with its marker."""
    plain = value.isascii() and (value.isprintable() or not value) and value == value.strip()
    # A value that looks like an encoded one is encoded, too: otherwise it would be decoded to something else.
    if plain and not (value.startswith("=?base64?") and value.endswith("?=")):
        return value
    return f"=?base64?{b64encode(value.encode()).decode()}?="


def list_mirrored_parameters(schema: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], str]]:
    """Yield the parameters that a tool's input schema repeats in headers (``x-mcp-header``): path and header name."""
    properties = schema.get("properties") if isinstance(schema, dict) else None
    for name, part in properties.items() if isinstance(properties, dict) else ():
        if isinstance(part, dict):
            token = part.get(MIRROR_KEY)
            if isinstance(token, str) and token.isascii() and token.replace("-", "").replace("_", "").isalnum():
                yield (*path, name), token
            yield from list_mirrored_parameters(part, (*path, name))


def build_mirrored_headers(wanted: Mapping[tuple[str, ...], str], arguments: Any) -> dict[str, str]:
    """Build the headers for a call's arguments; missing parameters are omitted."""
    headers = {}
    for path, token in wanted.items():
        value = arguments
        for name in path:
            value = value.get(name) if isinstance(value, dict) else None
        if isinstance(value, (str, int, float)):
            text = ("true" if value else "false") if isinstance(value, bool) else str(value)
            headers[f"mcp-param-{token}".lower()] = encode_header(text)
    return headers


@dataclass(frozen=True, slots=True)
class Event:
    """One server-sent event. retry: reconnection delay in seconds, if given."""

    data: bytes
    id: str | None = None
    retry: float | None = None


class EventTooLong(ValueError):
    """An event exceeds the limit of its parser."""


class Events:
    """An incremental parser of server-sent events. limit: bytes of one event."""

    def __init__(self, limit: int = MAX_EVENT_BYTES) -> None:
        self._limit = limit
        self._rest: list[bytes] = []  # incomplete line
        self._data: list[bytes] = []
        self._rest_size = self._data_size = 0
        self._id: str | None = None
        self._retry: float | None = None

    def feed(self, chunk: bytes) -> Iterator[Event]:
        """Yield the events completed by this chunk. Raises EventTooLong."""
        lines, newline, incomplete_line = chunk.rpartition(b"\n")
        if newline:
            whole = b"".join((*self._rest, lines))
            self._rest, self._rest_size = [incomplete_line], len(incomplete_line)
            for line in whole.split(b"\n"):
                yield from self._feed_line(line.rstrip(b"\r"))
        else:
            # Joined only when the line is complete: joining at each chunk would take quadratic time.
            self._rest.append(incomplete_line)
            self._rest_size += len(incomplete_line)
        if self._data_size + self._rest_size > self._limit:
            raise EventTooLong(f"an event of more than {self._limit} bytes")

    def _feed_line(self, line: bytes) -> Iterator[Event]:
        if not line:
            yield from self._take_event()
            return
        name, _, value = line.partition(b":")
        value = value.removeprefix(b" ")
        if name == b"data":
            self._data.append(value)
            self._data_size += len(value) + 1
        elif name == b"id":
            self._id = value.decode("utf-8", "replace")
        # A longer number is no delay, but one that int() or the division refuses.
        elif name == b"retry" and value.isdigit() and len(value) <= MAX_RETRY_DIGITS:
            self._retry = int(value) / 1000

    def _take_event(self) -> Iterator[Event]:
        data, identity, retry = b"\n".join(self._data), self._id, self._retry
        self._data, self._data_size, self._id, self._retry = [], 0, None, None
        if data or identity is not None or retry is not None:
            yield Event(data, identity, retry)


def is_response(message: Any) -> bool:
    """Whether a message is a response to a request."""
    return isinstance(message, dict) and "method" not in message and ("result" in message or "error" in message)


def build_error_of_response(status: int, body: bytes, url: str) -> AgoraError:
    """Convert an HTTP error response, or one that is not valid MCP, to an error."""
    try:
        document = json.loads(body)
    except ValueError:
        document = None
    if isinstance(document, dict):
        if isinstance(document.get("error"), dict):
            return build_error_of_jsonrpc(document["error"])
        if "code" in document or "detail" in document:
            return from_problem(document, status)
    if status == 404:
        return NotFound(f"There is no MCP endpoint at {url}.", fix="Check the address; Agora serves it at /mcp.")
    return from_problem({"detail": f"{url} answered HTTP {status}."}, status)


def build_error_of_jsonrpc(error: Mapping[str, Any]) -> AgoraError:
    """Convert the ``error`` of a JSON-RPC response to an error; the server's own code and data are in ``extra``."""
    data, code = error.get("data"), error.get("code")
    if isinstance(data, dict) and data.get("code") in BY_CODE:
        return from_problem(data)
    kind = _BY_RPC.get(code, AgoraError) if isinstance(code, int) else AgoraError
    extra = {"rpc_code": code} | ({"data": data} if data is not None else {})
    return kind(str(error.get("message") or kind.title), **extra)
