"""Executions on an instance over HTTP; streamed responses are forwarded in chunks."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from agora.net.egress_policy import EgressPolicy
from agora.net.http_client import ConnectionLost, HttpClient
from agora.telemetry import trace_headers

__all__ = ["AnswerTooLarge", "ConnectionLost", "InstanceAnswer", "InstanceClient", "InstanceHttpRequest"]

MAX_CLIENTS = 1000  #: limit of addresses with pooled connections
CONNECT_SECONDS = 5.0  #: seconds
STREAMS = ("text/event-stream", "application/x-ndjson", "application/jsonl", "application/json-seq")

#: called with each chunk of a streamed response
Piece = Callable[[bytes], Awaitable[None]]


class AnswerTooLarge(Exception):
    """The response exceeded the limit. limit: bytes."""

    def __init__(self, limit: int) -> None:
        super().__init__(f"the answer is larger than {limit} bytes")
        self.limit = limit


@dataclass(frozen=True, slots=True)
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


@dataclass(frozen=True, slots=True)
class InstanceAnswer:
    """Response of an instance. streamed: whether its content type is a streamed one."""

    status: int
    content_type: str
    body: bytes
    streamed: bool


class InstanceClient:
    """Sends requests to instances over pooled connections. Raises OSError if nothing was sent, ConnectionLost if that
    is unknown."""

    def __init__(self) -> None:
        self._clients: dict[tuple[str, bool], HttpClient] = {}
        self._egress = {private: EgressPolicy(private=private) for private in (True, False)}

    async def send_request(self, request: InstanceHttpRequest, piece: Piece | None = None) -> InstanceAnswer:
        """Send a request and read the whole response; ``piece`` is called with each chunk of a streamed one.

        Raises AnswerTooLarge.
        """
        client = self._client_for(request.address, request.private)
        headers = {"host": client.host, **request.headers, **trace_headers()}
        reply = await client.request(request.method, request.target, headers, request.body)
        kind = reply.headers.get("content-type", "")
        streamed = kind.partition(";")[0].strip().lower() in STREAMS
        parts, size = [], 0
        try:
            async for part in reply:
                size += len(part)
                if size > request.limit:
                    raise AnswerTooLarge(request.limit)
                parts.append(part)
                if streamed and piece is not None:
                    await piece(part)
        finally:
            reply.close()
        return InstanceAnswer(reply.status, kind, b"".join(parts), streamed)

    def drop_connections(self, address: str) -> None:
        """Close the connections to an address whose instance has ended."""
        for private in (True, False):
            client = self._clients.pop((address, private), None)
            if client is not None:
                client.close()

    async def close(self) -> None:
        """Close all connections."""
        for client in self._clients.values():
            client.close()
        self._clients.clear()
        # A closed transport reports its end in the next iteration of the loop.
        await asyncio.sleep(0)

    def _client_for(self, address: str, private: bool) -> HttpClient:
        client = self._clients.get((address, private))
        if client is None:
            if len(self._clients) >= MAX_CLIENTS:
                for key in [key for key, client in self._clients.items() if not client.is_connected]:
                    del self._clients[key]
            client = self._clients[address, private] = HttpClient(address, self._egress[private], CONNECT_SECONDS, None)
        return client
