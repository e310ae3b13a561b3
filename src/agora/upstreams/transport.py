"""Transports: streamable HTTP behind the address guard, and commands over their standard streams.

One request that fails must not take the connection of all the others with it. So what goes wrong on the way (no
connection, an answer cut short, an HTTP error without a JSON-RPC body) comes back as a JSON-RPC error of that
request, with a token under which :class:`Faults` knows what it was.
"""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, Literal

import anyio
import httpx2
from mcp import StdioServerParameters
from mcp.client.stdio import stdio_client
from mcp.client.streamable_http import streamable_http_client
from mcp.shared.exceptions import MCPError
from mcp.shared.message import SessionMessage
from pydantic_core import from_json, to_json

from .addresses import AddressRefused, Resolve, public_addresses, resolve

__all__ = ["Fault", "Faults", "Guarded", "Streams", "command_streams", "http_streams"]

LARGEST_BODY = 16 * 1024 * 1024
LARGEST_ERROR = 65_536
FAULT = -32099
REMEMBERED = 1000
PARTING = 2.0  # seconds to say good-bye
RESOLVED_FOR = 30.0  # seconds
Streams = tuple[Any, Any]


@dataclass(frozen=True, slots=True)
class Fault:
    """What went wrong on the way. kind: whether it was sent at all (not: refused, unreachable), or what came back."""

    kind: Literal["refused", "unreachable", "lost", "session", "http"]
    detail: str
    status: int | None = None


class Faults:
    """Faults of a connection by the token that stands for each; a token is good once, and hard to guess."""

    def __init__(self) -> None:
        self._waiting: dict[str, Fault] = {}

    def add(self, fault: Fault) -> str:
        token = secrets.token_hex(16)
        if len(self._waiting) >= REMEMBERED:
            self._waiting.clear()
        self._waiting[token] = fault
        return token

    def take(self, error: MCPError) -> Fault | None:
        """The fault that an error stands for, if it is one of ours."""
        if error.code != FAULT or not isinstance(error.data, str):
            return None
        return self._waiting.pop(error.data, None)


class _Broken(httpx2.StreamError):
    """A body that ended early or was too large; the SDK answers the one request with it."""


class Limited(httpx2.AsyncByteStream):
    """A body of a bounded size; a server-sent stream may go on for ever, its events are bounded by the SDK."""

    def __init__(self, inner: httpx2.AsyncByteStream, limit: int | None) -> None:
        self._inner, self._limit = inner, limit

    async def __aiter__(self) -> AsyncIterator[bytes]:
        size = 0
        try:
            async for part in self._inner:
                size += len(part)
                if self._limit is not None and size > self._limit:
                    raise _Broken(f"the answer is larger than {self._limit} bytes")
                yield part
        except httpx2.TransportError as error:
            raise _Broken(f"the answer was cut short: {error or type(error).__name__}") from error

    async def aclose(self) -> None:
        await self._inner.aclose()


class Guarded(httpx2.AsyncBaseTransport):
    """Sends to checked addresses alone, and answers what goes wrong as JSON-RPC errors.

    private: whether any address will do. resolver: from a host and port to addresses.
    """

    def __init__(
        self,
        faults: Faults,
        *,
        private: bool,
        resolver: Resolve = resolve,
        inner: httpx2.AsyncBaseTransport | None = None,
    ) -> None:
        self._faults, self._private, self._resolver = faults, private, resolver
        self._inner = inner or httpx2.AsyncHTTPTransport(trust_env=False)
        self._checked: dict[tuple[str, int], tuple[str, float]] = {}

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        try:
            async with asyncio.timeout(PARTING if request.method == "DELETE" else None):
                response = await self._inner.handle_async_request(await self._addressed(request))
        except (AddressRefused, OSError, httpx2.TransportError) as error:
            self._checked.clear()
            if request.method != "POST":
                raise httpx2.ConnectError(str(error), request=request) from error
            return self._fault(request, _fault_of(error))
        if request.method == "POST" and response.status_code >= 400:
            return await self._refused(request, response)
        streamed = response.headers.get("content-type", "").lower().startswith("text/event-stream")
        assert isinstance(response.stream, httpx2.AsyncByteStream)
        response.stream = Limited(response.stream, None if streamed else LARGEST_BODY)
        return response

    async def aclose(self) -> None:
        await self._inner.aclose()

    async def _addressed(self, request: httpx2.Request) -> httpx2.Request:
        """The request, to a checked address of its host."""
        if self._private:
            return request
        host, port = request.url.host, request.url.port or (443 if request.url.scheme == "https" else 80)
        now = asyncio.get_running_loop().time()
        address, until = self._checked.get((host, port), ("", 0.0))
        if until < now:
            address = (await public_addresses(host, port, self._resolver))[0]
            self._checked[host, port] = (address, now + RESOLVED_FOR)
        return httpx2.Request(
            request.method,
            request.url.copy_with(host=address),
            headers=request.headers,  # with the Host it had
            stream=request.stream,
            extensions={**request.extensions, "sni_hostname": host},
        )

    async def _refused(self, request: httpx2.Request, response: httpx2.Response) -> httpx2.Response:
        """An HTTP error: the JSON-RPC error in it, or one made of it."""
        body = b""
        try:
            async for part in Limited(_stream(response), LARGEST_ERROR):
                body += part
        except _Broken:
            body = b""
        await response.aclose()
        status = response.status_code
        if status == 404 and "mcp-session-id" in request.headers:
            return self._fault(request, Fault("session", "The session has ended.", status))
        if _is_jsonrpc_error(body):
            headers = {"content-type": "application/json"}
            return httpx2.Response(status, headers=headers, content=body, request=request)
        name = response.reason_phrase or "error"
        return self._fault(request, Fault("http", f"It answered HTTP {status} {name}.", status))

    def _fault(self, request: httpx2.Request, fault: Fault) -> httpx2.Response:
        error = {"code": FAULT, "message": fault.detail, "data": self._faults.add(fault)}
        body = to_json({"jsonrpc": "2.0", "id": None, "error": error})
        headers = {"content-type": "application/json"}
        return httpx2.Response(fault.status or 503, headers=headers, content=body, request=request)


def _stream(response: httpx2.Response) -> httpx2.AsyncByteStream:
    assert isinstance(response.stream, httpx2.AsyncByteStream)
    return response.stream


def _fault_of(error: Exception) -> Fault:
    words = str(error) or type(error).__name__
    if isinstance(error, AddressRefused):
        return Fault("refused", f"{words}.")
    if isinstance(error, httpx2.ConnectError | httpx2.ConnectTimeout | httpx2.PoolTimeout | OSError):
        return Fault("unreachable", f"It cannot be reached: {words}.")
    return Fault("lost", f"The connection broke: {words}.")


def _is_jsonrpc_error(body: bytes) -> bool:
    try:
        found = from_json(body)
    except ValueError:
        return False
    return isinstance(found, dict) and found.get("jsonrpc") == "2.0" and isinstance(found.get("error"), dict)


@asynccontextmanager
async def http_streams(
    url: str,
    headers: Mapping[str, str],
    faults: Faults,
    *,
    private: bool,
    connections: int,
    seconds: float,
    resolver: Resolve = resolve,
) -> AsyncIterator[Streams]:
    """Streams to a URL. seconds: to connect and to write; for an answer each request has its own limit."""
    limits = httpx2.Limits(max_connections=connections, max_keepalive_connections=connections)
    inner = httpx2.AsyncHTTPTransport(trust_env=False, limits=limits)
    guarded = Guarded(faults, private=private, resolver=resolver, inner=inner)
    patience = httpx2.Timeout(seconds, read=None, pool=None)
    client = httpx2.AsyncClient(headers=dict(headers), timeout=patience, transport=guarded, trust_env=False)
    async with client, streamable_http_client(url, http_client=client) as (read, write):
        yield read, write


@asynccontextmanager
async def command_streams(
    command: tuple[str, ...], directory: str | None, environment: Mapping[str, str], ended: asyncio.Event
) -> AsyncIterator[Streams]:
    """Streams to a program that is started here; ``ended`` is set when it says nothing any more."""
    parameters = StdioServerParameters(command=command[0], args=list(command[1:]), cwd=directory, env=dict(environment))
    async with stdio_client(parameters) as (read, write), anyio.create_task_group() as group:
        send, receive = anyio.create_memory_object_stream[SessionMessage | Exception](0)

        async def pump() -> None:
            try:
                async with send:
                    async for message in read:
                        await send.send(message)
            except (anyio.BrokenResourceError, anyio.ClosedResourceError):
                pass
            finally:
                ended.set()

        group.start_soon(pump)
        try:
            yield receive, write
        finally:
            group.cancel_scope.cancel()
            receive.close()
