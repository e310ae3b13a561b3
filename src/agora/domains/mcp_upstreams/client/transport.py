"""Streamable HTTP behind the address guard.

One request that fails must not take the connection of all the others with it. So what goes wrong on the way (no
connection, an answer cut short, an HTTP error without a JSON-RPC body) comes back as a JSON-RPC error of that
request, with a token under which :class:`Faults` knows what it was.
"""

from __future__ import annotations

import asyncio
import logging
import ssl
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from functools import cache

import httpx2
from mcp.client.streamable_http import streamable_http_client
from pydantic_core import to_json

from agora.net.http_client import VIA, HttpClient

from .addresses import AddressRefused, EgressPolicy
from .bounds import LARGEST, MOST_PARTS, parts_in
from .direct import Direct
from .route import Line
from .throttle import Pace
from .transport_errors import FAULT, Fault, Faults, fault_of_answer, fault_of_form

__all__ = ["Guarded", "http_line"]

LARGEST_ERROR = 65_536
PARTING = 2.0  # seconds to say good-bye

for _talkative in ("mcp", "httpx2", "httpcore2"):  # they write down URLs, headers and the ids of sessions
    logging.getLogger(_talkative).setLevel(logging.WARNING)
logging.getLogger("mcp.client").setLevel(logging.CRITICAL)  # what an upstream says wrongly is told to who asked


class _Broken(httpx2.StreamError):
    """A body that ended early or was too large; the SDK answers the one request with it."""


class Limited(httpx2.AsyncByteStream):
    """A body of a bounded size; a stream of events (no limit) may go on for ever, at a bounded pace."""

    def __init__(self, inner: httpx2.AsyncByteStream, limit: int | None) -> None:
        self._inner, self._limit = inner, limit

    async def __aiter__(self) -> AsyncIterator[bytes]:
        size, parts, pace = 0, 0, Pace()
        try:
            async for part in self._inner:
                if self._limit is None:
                    await pace.read(part)
                size += len(part)
                parts += parts_in(part)
                if self._limit is not None and (size > self._limit or parts > MOST_PARTS):
                    raise _Broken(f"the answer is larger than {self._limit} bytes, or has too many parts")
                yield part
        except httpx2.TransportError as error:
            raise _Broken(f"the answer was cut short: {error or type(error).__name__}") from error

    async def aclose(self) -> None:
        await self._inner.aclose()


class Guarded(httpx2.AsyncBaseTransport):
    """Sends to the door's addresses alone, and answers what goes wrong as JSON-RPC errors."""

    def __init__(self, faults: Faults, door: EgressPolicy, inner: httpx2.AsyncBaseTransport) -> None:
        self._faults, self._door, self._inner = faults, door, inner

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        post = request.method == "POST"
        try:
            async with asyncio.timeout(PARTING if request.method == "DELETE" else None):
                response = await self._inner.handle_async_request(await self._addressed(request))
        except (AddressRefused, OSError, httpx2.TransportError) as error:
            self._door.forget()
            if not post:
                raise httpx2.ConnectError(str(error), request=request) from error
            return self._fault(request, _fault_of(error))
        if post and response.status_code >= 400:
            return await self._refused(request, response)
        kind, packing = response.headers.get("content-type", ""), response.headers.get("content-encoding")
        fault = fault_of_form(kind if post and response.status_code == 200 else "application/json", packing)
        if fault is not None:
            await response.aclose()
            return self._fault(request, fault)
        streamed = kind.lower().startswith("text/event-stream")
        response.stream = Limited(_stream(response), None if streamed else LARGEST)
        return response

    async def aclose(self) -> None:
        await self._inner.aclose()

    async def _addressed(self, request: httpx2.Request) -> httpx2.Request:
        """The request, to the address of its host."""
        host, port = request.url.host, request.url.port or (443 if request.url.scheme == "https" else 80)
        address = await self._door.address(host, port)
        if address == host:
            return request
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
        fault = fault_of_answer(status, body, in_session="mcp-session-id" in request.headers)
        if fault is not None:
            return self._fault(request, fault)
        return httpx2.Response(status, headers={"content-type": "application/json"}, content=body, request=request)

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


@cache
def _tls() -> ssl.SSLContext:
    """Whom to trust, the same for every upstream; reading it takes a while."""
    return httpx2.create_ssl_context()


@asynccontextmanager
async def http_line(
    url: str, headers: Mapping[str, str], faults: Faults, door: EgressPolicy, *, connections: int, seconds: float
) -> AsyncIterator[Line]:
    """A line to a URL. seconds: to connect and to write; for an answer each request has its own limit."""
    context = await asyncio.to_thread(_tls)
    own = {name.lower(): value for name, value in headers.items()} | {"accept-encoding": "identity"}
    courier = HttpClient(url, door, seconds, context)
    limits = httpx2.Limits(max_connections=connections, max_keepalive_connections=connections)
    inner = httpx2.AsyncHTTPTransport(verify=context, trust_env=False, limits=limits)
    patience = httpx2.Timeout(seconds, read=None, pool=None)
    passed = own | VIA
    client = httpx2.AsyncClient(
        headers=passed, timeout=patience, transport=Guarded(faults, door, inner), trust_env=False
    )
    async with client, streamable_http_client(url, http_client=client, max_sse_event_size=LARGEST) as streams:
        try:
            yield Line(*streams, Direct(courier, own, faults))
        finally:
            courier.close()
