"""Executions on an instance over HTTP; streamed responses are forwarded in chunks."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from agora.net.egress_policy import EgressPolicy
from agora.net.http_client import ConnectionLost, HttpClient
from agora.telemetry import build_trace_headers
from agora.value_classes import value_class

__all__ = ["AnswerTooLarge", "ConnectionLost", "InstanceAnswer", "InstanceClient", "InstanceHttpRequest"]

MAX_CLIENTS = 1000  #: limit of addresses with pooled connections
CONNECT_SECONDS = 5.0  #: seconds
STREAM_TYPES = ("text/event-stream", "application/x-ndjson", "application/jsonl", "application/json-seq")

#: called with each chunk of a streamed response
ReceiveChunk = Callable[[bytes], Awaitable[None]]


class AnswerTooLarge(Exception):
    """The response exceeded the limit. limit: bytes."""

    def __init__(self, limit: int) -> None:
        super().__init__(f"the answer is larger than {limit} bytes")
        self.limit = limit


@value_class
class InstanceHttpRequest:
    """A request to an instance.

    address: such as ``http://127.0.0.1:20000``. target: path and query. limit: maximum bytes of the response.
    private: whether the address may be private.
    """

    address: str
    method: str
    target: str
    headers: dict[str, str]
    body: bytes
    limit: int
    private: bool = True


@value_class
class InstanceAnswer:
    """Response of an instance. is_streamed: whether its content type is a streamed one."""

    status: int
    content_type: str
    body: bytes
    is_streamed: bool


@dataclass(slots=True)
class _PooledClient:
    """The client of one address. requests: number of its requests in progress."""

    client: HttpClient
    requests: int = 0


class InstanceClient:
    """Sends requests to instances over pooled connections. Raises OSError if nothing was sent, ConnectionLost if that
    is unknown."""

    def __init__(self) -> None:
        self._clients: dict[tuple[str, bool], _PooledClient] = {}
        self._egress = {private: EgressPolicy(private=private) for private in (True, False)}

    async def send_request(self, request: InstanceHttpRequest, on_chunk: ReceiveChunk | None = None) -> InstanceAnswer:
        """Send a request and read the whole response; ``on_chunk`` is called with each chunk of a streamed one.

        Raises AnswerTooLarge.
        """
        pooled = self._acquire_client(request.address, request.private)
        try:
            return await _send_over_client(pooled.client, request, on_chunk)
        finally:
            pooled.requests -= 1

    def drop_connections(self, address: str) -> None:
        """Close the connections to an address whose instance has ended."""
        for private in (True, False):
            pooled = self._clients.pop((address, private), None)
            if pooled is not None:
                pooled.client.close()

    async def close(self) -> None:
        """Close all connections."""
        for pooled in self._clients.values():
            pooled.client.close()
        self._clients.clear()
        # A closed transport reports its end in the next iteration of the loop.
        await asyncio.sleep(0)

    def _acquire_client(self, address: str, private: bool) -> _PooledClient:
        """Take the client of an address for a request, and close the least recently used idle ones beyond the limit."""
        key = (address, private)
        pooled = self._clients.pop(key, None)
        if pooled is None:
            # Clients with a request in progress are kept, so the limit is exceeded by at most their number.
            while len(self._clients) >= MAX_CLIENTS:
                idle_key = next((key for key, other in self._clients.items() if not other.requests), None)
                if idle_key is None:
                    break
                self._clients.pop(idle_key).client.close()
            pooled = _PooledClient(HttpClient(address, self._egress[private], CONNECT_SECONDS, None))
        self._clients[key] = pooled  # at the end: the order is that of the last use
        pooled.requests += 1
        return pooled


async def _send_over_client(
    client: HttpClient, request: InstanceHttpRequest, on_chunk: ReceiveChunk | None
) -> InstanceAnswer:
    headers = {"host": client.host, **request.headers, **build_trace_headers()}
    reply = await client.request(request.method, request.target, headers, request.body)
    kind = reply.headers.get("content-type", "")
    is_streamed = kind.partition(";")[0].strip().lower() in STREAM_TYPES
    parts, size = [], 0
    try:
        async for part in reply:
            size += len(part)
            if size > request.limit:
                # Before the part is kept: an endless answer must not fill the memory.
                raise AnswerTooLarge(request.limit)
            parts.append(part)
            if is_streamed and on_chunk is not None:
                await on_chunk(part)
    finally:
        # An answer that was not read to its end cannot share its connection with the next request.
        reply.close()
    return InstanceAnswer(reply.status, kind, b"".join(parts), is_streamed)
