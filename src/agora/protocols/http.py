"""Parts shared by all HTTP protocols: authentication, request bodies, error responses."""

from __future__ import annotations

import asyncio
import hashlib
import ipaddress
from collections.abc import Awaitable, Callable, Coroutine, Iterable, Mapping, MutableMapping, Sequence
from contextlib import nullcontext
from dataclasses import replace
from typing import Any, Protocol, TypeVar

from pydantic_core import to_json

from agora.core.call import Caller
from agora.core.dispatcher import MAX_KEY_CHARACTERS
from agora.domains.identity.authenticator import Authenticator
from agora.net.backpressure import Backpressure, Connection
from agora.protocols.host_header import DEFAULT_PORTS, list_own_host_names, parse_host_or_none, parse_origin_or_none
from agora.settings import Settings
from agora_sdk.errors import AgoraError, InvalidRequest, PayloadTooLarge, RateLimited, Unauthenticated, field_error

__all__ = [
    "HttpApp",
    "Message",
    "Receive",
    "RequestAuthenticator",
    "Scope",
    "Send",
    "StatusRecordingSend",
    "abort_connection",
    "derive_batch_item_key",
    "find_connection",
    "find_transport",
    "read_body",
    "read_header",
    "require_json_weight_within_limit",
    "run_while_connected",
    "send_problem",
    "send_response",
    "wait_for_disconnect",
]

T = TypeVar("T")

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]

TENANT_HEADER = b"x-agora-tenant"
JSON_HEADER = (b"content-type", b"application/json")
PROBLEM_HEADER = (b"content-type", b"application/problem+json")
BYTES_PER_VALUE = 10  # bytes of the body limit per permitted JSON value
MIN_VALUES = 10_000  # permitted at any body limit
FORWARDING_HEADERS = frozenset(
    {b"forwarded", b"via", b"x-real-ip", b"x-client-ip", b"true-client-ip", b"cf-connecting-ip"}
)
SECURITY_HEADERS = ((b"x-content-type-options", b"nosniff"), (b"cache-control", b"no-store"))


def derive_batch_item_key(key: str | None, position: int) -> str | None:
    """Derive the idempotency key of a request in a JSON-RPC batch from that of the HTTP request; None without one.

    Under one key, the second request of a batch would get the answer of the first, or a conflict.
    """
    if key is None:
        return None
    own_key = f"{key}[{position}]"
    # A valid key can be too long for a position; its digest identifies it as well.
    if len(key) <= MAX_KEY_CHARACTERS < len(own_key):
        return f"{hashlib.sha256(key.encode()).hexdigest()}[{position}]"
    return own_key


def read_header(scope: Scope, name: bytes) -> str | None:
    """Read the first header with a (lower-case) name; None without one."""
    index = scope.get("agora.headers")
    if index is None:
        # Reversed: the first of repeated headers is kept.
        index = scope["agora.headers"] = dict(reversed(scope["headers"]))
    value: bytes | None = index.get(name)
    return None if value is None else value.decode("latin-1")


def find_connection(scope: Scope) -> Connection | None:
    """Return the underlying connection; None if the server does not expose it, as over gRPC."""
    return scope.get("agora.connection")


class HttpApp(Protocol):
    """An application for a subset of requests, which ``owns_request`` selects by path and headers."""

    def owns_request(self, scope: Scope, /) -> bool: ...

    def __call__(self, scope: Scope, receive: Receive, send: Send, /) -> Awaitable[None]: ...


class StatusRecordingSend:
    """Sends one response and stores its status; 0 before the response has started.

    connection: used for the response. headers: additional ones; the response's own take precedence.
    """

    __slots__ = ("connection", "headers", "status", "wrapped_send")

    def __init__(
        self, send: Send, connection: Connection | None = None, headers: Sequence[tuple[bytes, bytes]] = ()
    ) -> None:
        self.wrapped_send, self.connection, self.headers, self.status = send, connection, headers, 0

    def __call__(self, message: Message) -> Awaitable[None]:
        if message["type"] == "http.response.start":
            self.status = message["status"]
            if self.headers:
                message = {**message, "headers": _merge_headers(message["headers"], self.headers)}
        return self.wrapped_send(message)


def _merge_headers(
    headers: Iterable[tuple[bytes, bytes]], extra: Sequence[tuple[bytes, bytes]]
) -> list[tuple[bytes, bytes]]:
    own_headers = list(headers)
    # Several Vary headers add up (RFC 9110, section 12.5.5).
    names = {name for name, _ in own_headers} - {b"vary"}
    return own_headers + [header for header in extra if header[0] not in names]


class RequestAuthenticator:
    """Identifies the caller of a request. Without a token, a local caller acts as the operator, any other is anonymous.

    With the setting auth_required, callers on this machine are anonymous, too.
    """

    def __init__(self, authenticator: Authenticator, settings: Settings, backpressure: Backpressure) -> None:
        self._authenticator, self._trusts_local = authenticator, settings.trusts_local_callers
        self._backpressure = backpressure
        self._port, self._events_port = settings.port, settings.events_port
        self._key_headers = frozenset({b"x-api-key", settings.auth_header.lower().encode()} - {b"authorization"})
        self._names, self._scheme = list_own_host_names(settings), settings.scheme

    async def authenticate_request(self, scope: Scope, credential: str | None = None) -> Caller:
        """Authenticate a request or WebSocket handshake, and assign the connection to the caller.

        Raises Unauthenticated for a bad credential; RateLimited, Overloaded if there are too many connections.
        """
        credential = credential or self.read_credential(scope)
        local = credential is None and self.is_local(scope)
        caller = self._authenticator.find_cached_or_anonymous_caller(credential, local=local)
        caller = caller or await self._authenticator.authenticate(credential, local=local)
        tenant = read_header(scope, TENANT_HEADER)
        if tenant is not None:
            caller = await self._authenticator.act_in_tenant(caller, tenant)
        if caller.subject == "anonymous":
            caller = _assign_address_limits(caller, scope)
        connection = find_connection(scope)
        # By identity: all requests of a connection usually have the same cached caller.
        if connection is not None and connection.caller is not caller:
            self._backpressure.bind_caller(connection, caller)
        return caller

    async def authenticate_or_anonymous(self, scope: Scope, credential: str | None = None) -> Caller:
        """Like :meth:`authenticate_request`, but a refused caller is anonymous: for what is done before it is refused."""
        try:
            return await self.authenticate_request(scope, credential)
        except AgoraError:
            return _assign_address_limits(self._authenticator.anonymous, scope)

    def read_credential(self, scope: Scope) -> str | None:
        """Read the token of ``Authorization: Bearer``, ``X-API-Key``, or the configured header; None without one. Raises
        Unauthenticated for another kind of ``Authorization``.
        """
        key = None
        for name, value in scope["headers"]:
            if name == b"authorization":
                scheme, _, token = value.decode("latin-1").partition(" ")
                # Not ignored: on this machine, a caller whose credential is not understood would act as the operator.
                if scheme.lower() != "bearer" or not token.strip():
                    raise Unauthenticated(
                        "The Authorization header is not a bearer token.", fix="Send 'Authorization: Bearer TOKEN'."
                    )
                return str(token.strip())
            if name in self._key_headers:
                key = value.decode("latin-1").strip() or None
        return key

    def is_local(self, scope: Scope) -> bool:
        """Whether the request comes from a program on this machine: not through a proxy, not from a web page.

        A web page of another site reaches a loopback server through the visitor's browser; its Origin, its
        Host (DNS rebinding) or its fetch metadata identify it.
        """
        client = scope.get("client")
        if not self._trusts_local or client is None or not _is_loopback(client[0]):
            return False
        for name, value in scope["headers"]:
            if name in FORWARDING_HEADERS or name.startswith(b"x-forwarded-"):
                return False
            if name == b"host" and not self.is_own_host(value.decode("latin-1")):
                return False
            if name == b"origin" and not self._is_own_origin(scope, value.decode("latin-1")):
                return False
            if name == b"sec-fetch-site" and value not in (b"same-origin", b"none"):
                return False
        return True

    def is_own_host(self, host: str | None) -> bool:
        """Whether a Host header has a configured name of this server: other names that resolve to it are not trusted."""
        parsed = parse_host_or_none(host) if host is not None else None
        return parsed is not None and parsed.name in self._names

    def _is_own_origin(self, scope: Scope, origin: str) -> bool:
        """Whether a page is from this server: another port of this machine may serve untrusted pages."""
        parsed = parse_origin_or_none(origin)
        if parsed is None or parsed.scheme != self._scheme or parsed.host.name not in self._names:
            return False
        own_ports = {self._port, self._events_port, (scope.get("server") or (None, None))[1]}
        port = parsed.host.port or DEFAULT_PORTS[parsed.scheme]
        return port in own_ports or parsed.host == parse_host_or_none(read_header(scope, b"host") or "")


def _assign_address_limits(caller: Caller, scope: Scope) -> Caller:
    """Give an anonymous caller the share and the limits of its address."""
    client = scope.get("client")
    return caller if client is None else replace(caller, registrar=f"address:{_build_client_network_key(client[0])}")


def _build_client_network_key(address: str) -> str:
    """Build the key of an anonymous client: its address, for IPv6 its /64 network."""
    if ":" not in address:
        return address
    try:
        # A subscriber usually has a whole /64: limits by single addresses would be without effect.
        return str(ipaddress.ip_network((address, 64), strict=False))
    except ValueError:
        return address


def _is_loopback(address: str) -> bool:
    try:
        return ipaddress.ip_address(address).is_loopback
    except ValueError:
        return False


async def read_body(scope: Scope, receive: Receive, limit: int) -> bytes:
    """Read the whole body.

    limit: in bytes; it also determines the permitted number of values, see :func:`require_json_weight_within_limit`.
    Raises PayloadTooLarge above the limit, before reading if the length is announced; RateLimited or Overloaded if
    too many bytes of the sender's other bodies and answers are buffered here.
    """
    announced = read_header(scope, b"content-length")
    if announced is not None and announced.isdigit() and int(announced) > limit:
        raise _build_too_large_error(limit)
    message = _require_body_message(await receive())
    document: bytes = message.get("body", b"")
    if message.get("more_body"):  # small bodies arrive in one message
        document = await _read_remaining_parts(document, find_connection(scope), receive, limit)
    if len(document) > limit:
        raise _build_too_large_error(limit)
    require_json_weight_within_limit(document, limit)
    return document


def _require_body_message(message: Message) -> Message:
    """Return a message with a part of the body. Raises InvalidRequest if the client has disconnected."""
    if message["type"] == "http.disconnect":
        raise InvalidRequest("The request ended before its body was complete.")
    return message


class _RequestBody:
    """The received part of a request's body, counted by the backpressure of its connection."""

    def __init__(self, first_part: bytes) -> None:
        self.parts, self.size = [first_part], len(first_part)

    def add_part(self, part: bytes) -> None:
        self.parts.append(part)
        self.size += len(part)


async def _read_remaining_parts(
    first_part: bytes, connection: Connection | None, receive: Receive, limit: int
) -> bytes:
    body = _RequestBody(first_part)
    with nullcontext() if connection is None else connection.count_queue(body):
        more = True
        while more:
            if body.size > limit:
                raise _build_too_large_error(limit)
            if connection is not None:
                connection.update_unsent_size()
                connection.require_room_for_answer(body.size)
            message = _require_body_message(await receive())
            body.add_part(message.get("body", b""))
            more = bool(message.get("more_body"))
    return b"".join(body.parts)


def require_json_weight_within_limit(document: bytes, limit: int) -> None:
    """Reject JSON whose parsing costs far more than its length suggests, such as 100,000 small values in a mebibyte.

    Each value weighs 1, each name 1, each list or object 4 more; the maximum weight is a tenth of the limit in bytes.
    The check does not parse the document. Raises PayloadTooLarge.
    """
    value_limit = max(MIN_VALUES, limit // BYTES_PER_VALUE)
    # Four, because a byte adds at most 4 to the estimate.
    if len(document) * 4 <= value_limit or _estimate_json_weight(document) <= value_limit:
        return
    # Backslashes first: the quote after an escaped backslash ends its string.
    unescaped = document.replace(rb"\\", b"").replace(rb"\"", b"")
    if (
        _estimate_json_weight(b"".join(unescaped.split(b'"')[::2])) > value_limit
    ):  # the content of strings has no weight
        raise PayloadTooLarge(
            f"The body holds too many values: more than {value_limit:,}, where a list or object counts as five.",
            fix="Send it in parts, or as one text; the bound is a tenth of the setting body_limit.",
            errors=[field_error("body", "too many values")],
        )


def _estimate_json_weight(document: bytes) -> int:
    count = document.count
    return count(b",") + count(b":") + 4 * (count(b"[") + count(b"{"))


def _build_too_large_error(limit: int) -> PayloadTooLarge:
    return PayloadTooLarge(
        f"The body is larger than {limit} bytes.",
        fix="Send less, or raise the setting body_limit.",
        errors=[field_error("body", f"longer than {limit} bytes")],
    )


async def run_while_connected(receive: Receive, work: Coroutine[Any, Any, T]) -> T:
    """Run a coroutine that may wait long, and cancel it when the caller disconnects; then raises InvalidRequest.

    Otherwise a waiting claim of a dead worker could still take a task.
    """
    working, disconnect = asyncio.create_task(work), asyncio.create_task(wait_for_disconnect(receive))
    try:
        await asyncio.wait((working, disconnect), return_when=asyncio.FIRST_COMPLETED)
        # Before the disconnect, which may arrive at the same moment: the call has committed.
        if working.done():
            return working.result()
        raise InvalidRequest("The caller left before the answer.")
    finally:
        for task in (working, disconnect):
            task.cancel()
        await asyncio.gather(working, disconnect, return_exceptions=True)


async def wait_for_disconnect(receive: Receive) -> None:
    """Return when the client has disconnected."""
    # Parts of the body that nobody has read arrive first.
    while (await receive())["type"] != "http.disconnect":
        pass


def find_transport(send: Send) -> Any:
    """Return the underlying transport; None if the server does not expose it."""
    wrapped_send = send.wrapped_send if isinstance(send, StatusRecordingSend) else send
    # uvicorn passes ``send`` as a bound method of its protocol object (ADR 27).
    return getattr(getattr(wrapped_send, "__self__", None), "transport", None)


def abort_connection(send: Send) -> bool:
    """Abort the connection of a peer that does not read; returns whether its transport was accessible."""
    transport = find_transport(send)
    if transport is not None:
        transport.abort()
    return transport is not None


async def send_response(
    send: Send,
    status: int,
    body: bytes,
    headers: Iterable[tuple[bytes, bytes]] = (),
    *,
    content_type: tuple[bytes, bytes] = JSON_HEADER,
) -> None:
    """Send one whole response. Raises RateLimited or Overloaded for a large one while too many bytes are unread."""
    # Before the start: a refusal still gets its own status.
    if isinstance(send, StatusRecordingSend) and send.connection is not None:
        send.connection.require_room_for_answer(len(body))
    length = (b"content-length", str(len(body)).encode())
    await send(
        {
            "type": "http.response.start",
            "status": status,
            "headers": [content_type, length, *SECURITY_HEADERS, *headers],
        }
    )
    await send({"type": "http.response.body", "body": body})


async def send_problem(
    send: Send, error: AgoraError, *, instance: str | None = None, extra_headers: Mapping[str, str] = {}
) -> None:
    """Send an error as problem+json (RFC 9457)."""
    document = error.problem()
    if instance:
        document["instance"] = instance
    headers = [(name.encode(), value.encode()) for name, value in extra_headers.items()]
    retry_after = error.extra.get("retry_after")
    if retry_after is not None:
        headers.append((b"retry-after", str(int(retry_after)).encode()))
    elif isinstance(error, RateLimited):
        headers.append((b"retry-after", b"1"))
    if isinstance(error, Unauthenticated):
        headers.append((b"www-authenticate", b'Bearer realm="agora"'))
    await send_response(send, error.status, to_json(document), headers, content_type=PROBLEM_HEADER)
