"""The client of one remote A2A agent: calls and streams, bounded in size and time.

The HTTP client pools connections, checks the address of each new one against the egress policy, follows no redirects
and does not retry. Bytes are counted before they are parsed.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any, Final

from agora.net.egress_policy import AddressRefused, EgressPolicy, Resolve, resolve_host
from agora.net.http_client import ConnectionLost, HttpClient, Reply
from agora.telemetry import build_trace_headers, open_span
from agora_sdk.mcp_wire import Events

from . import wire
from .errors import RemoteError, build_malformed_answer_error
from .wire import A2ARequest, Interface

__all__ = ["A2AClient", "A2AStream", "OriginClient"]

CONNECT_SECONDS: Final = 10.0  # seconds
MAX_RESPONSE_BYTES: Final = 8 * 1024 * 1024  #: bytes of a response, or of one stream item
MAX_ERROR_BYTES: Final = 65_536
# In total: an agent that never ends a stream must not fill the store with its artifacts.
MAX_STREAM_BYTES: Final = 256 * 1024 * 1024  #: bytes
MAX_STREAM_ITEMS: Final = 100_000  #: limit of one stream
#: seconds to wait for the end of a stream after its last item, so that its connection can be reused
STREAM_END_SECONDS: Final = 0.02


class OriginClient:
    """HTTP requests to one origin with fixed headers. seconds: the idle timeout.

    headers: by lower-case names.
    """

    def __init__(
        self, url: str, headers: Mapping[str, str], *, private: bool, seconds: float, resolver: Resolve = resolve_host
    ) -> None:
        self._egress = EgressPolicy(private=private, resolver=resolver)
        self._http = HttpClient(url, self._egress, min(CONNECT_SECONDS, seconds), None)
        # Not compressed: the limits count the bytes as they are received.
        own_headers = {"host": self._http.host, "user-agent": "agora", "accept-encoding": "identity"}
        self._headers: dict[str, str] = {**own_headers, **headers}
        self.seconds = seconds

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    async def send_request(self, request: A2ARequest) -> Reply:
        """Send a request, and wait for the head of its response. Raises RemoteError."""
        with open_span("a2a.request", "client", **{"server.address": self._http.host}) as span:
            reply = await self._send_with_timeout(
                request, {**self._headers, **request.headers, **build_trace_headers()}
            )
            span.set_attribute("http.response.status_code", reply.status)
            return reply

    async def _send_with_timeout(self, request: A2ARequest, headers: Mapping[str, str]) -> Reply:
        try:
            async with asyncio.timeout(self.seconds):
                return await self._http.request(request.method, request.target, headers, request.body)
        except AddressRefused as error:
            raise RemoteError(
                f"{error}, and the setting a2a_private_networks does not allow that.", away=True
            ) from None
        except TimeoutError:
            raise self._build_timeout_error() from None
        except OSError as error:
            # The host may have moved: its name is resolved again for the next attempt.
            self._egress.clear_cache()
            raise RemoteError(f"It cannot be reached ({error}).", transient=True, away=True) from None
        except ConnectionLost as error:
            raise RemoteError(f"The connection broke ({error}).", transient=True) from None
        except ValueError as error:
            raise RemoteError(f"Its stored headers cannot be sent: {error}.") from None

    async def read_body(self, reply: Reply, limit: int = MAX_RESPONSE_BYTES) -> bytes:
        """Read the body of an answer. Raises RemoteError if it is larger than ``limit`` bytes."""
        parts, size = [], 0
        try:
            async with asyncio.timeout(self.seconds) as timeout:
                async for part in reply:
                    size += len(part)
                    if size > limit:
                        raise RemoteError(f"Its answer is larger than {limit} bytes.")
                    parts.append(part)
                    # An idle timeout: a long answer may take longer as a whole.
                    timeout.reschedule(asyncio.get_running_loop().time() + self.seconds)
        except TimeoutError:
            raise self._build_timeout_error() from None
        except ConnectionLost as error:
            raise RemoteError(f"The connection broke ({error}).", transient=True) from None
        return b"".join(parts)

    def _build_timeout_error(self) -> RemoteError:
        return RemoteError(f"It sent nothing for {self.seconds:g} seconds.", transient=True)


class A2AClient:
    """Calls methods of A2A 1.0 at one agent."""

    def __init__(self, interface: Interface, origin_client: OriginClient) -> None:
        self.interface, self._origin_client = interface, origin_client

    @property
    def timeout(self) -> float:
        """The idle timeout in seconds."""
        return self._origin_client.seconds

    def close(self) -> None:
        """Close the connections."""
        self._origin_client.close()

    async def call(self, method: str, params: Mapping[str, Any], *, task: bool = False) -> dict[str, Any]:
        """Call a method and return its answer as a StreamResponse. task: the answer is a Task. Raises RemoteError."""
        reply = await self._origin_client.send_request(wire.build_a2a_request(self.interface, method, params))
        try:
            return await self._read_answer(reply, task=task)
        finally:
            reply.close()

    async def open_stream(self, method: str, params: Mapping[str, Any]) -> A2AStream:
        """Open a stream, which the caller must close. Raises RemoteError."""
        reply = await self._origin_client.send_request(wire.build_a2a_request(self.interface, method, params))
        try:
            _reject_compressed_answer(reply)
            if reply.status >= 400:
                raise wire.build_http_error(reply.status, await self._origin_client.read_body(reply, MAX_ERROR_BYTES))
            if _is_stream(reply):
                return A2AStream(self, reply, [])
            return A2AStream(self, reply, [await self._read_answer(reply)])
        except BaseException:
            reply.close()
            raise

    async def _read_answer(self, reply: Reply, *, task: bool = False) -> dict[str, Any]:
        _reject_compressed_answer(reply)
        if reply.status >= 300:
            raise wire.build_http_error(reply.status, await self._origin_client.read_body(reply, MAX_ERROR_BYTES))
        if _is_stream(reply):
            raise build_malformed_answer_error("it is a stream, which was not requested")
        event = self.parse_event_or_none(await self._origin_client.read_body(reply), task=task)
        if event is None:
            raise build_malformed_answer_error("it says nothing")
        return event

    def parse_event_or_none(self, body: bytes, *, task: bool = False) -> dict[str, Any] | None:
        """Parse an answer; None for an empty item. Raises RemoteError."""
        return wire.convert_stream_event(
            self.interface, wire.read_rpc_result(self.interface, wire.parse_json(body)), task=task
        )


class A2AStream:
    """An open stream of events. first_events: events that were already received."""

    def __init__(self, client: A2AClient, reply: Reply, first_events: list[dict[str, Any]]) -> None:
        self._client, self._reply, self._first_events = client, reply, first_events
        self._events = Events(MAX_RESPONSE_BYTES)
        self._size = self._count = 0

    def close(self) -> None:
        """Close the stream."""
        self._reply.close()

    async def drain_if_ended(self) -> None:
        """Read to the end if the server ends the stream immediately, so that the connection can be reused."""
        try:
            async with asyncio.timeout(STREAM_END_SECONDS):
                while await self._reply.read_part():
                    pass
        except (TimeoutError, ConnectionLost):
            pass

    async def read_next_events(self) -> list[dict[str, Any]] | None:
        """Wait for the next events. None at the end of the stream. Raises RemoteError."""
        if self._first_events:
            events, self._first_events = self._first_events, []
            return events
        try:
            async with asyncio.timeout(self._client.timeout) as timeout:
                while part := await self._reply.read_part():
                    if events := self._parse_chunk(part):
                        return events
                    timeout.reschedule(asyncio.get_running_loop().time() + self._client.timeout)
        except TimeoutError:
            raise RemoteError(f"It sent nothing for {self._client.timeout:g} seconds.", transient=True) from None
        except ConnectionLost as error:
            raise RemoteError(f"The connection broke ({error}).", transient=True) from None
        return None

    def _parse_chunk(self, part: bytes) -> list[dict[str, Any]]:
        self._size += len(part)
        if self._size > MAX_STREAM_BYTES:
            raise RemoteError(f"Its stream is longer than {MAX_STREAM_BYTES} bytes.")
        try:
            bodies = [event.data for event in self._events.feed(part) if event.data]
        except ValueError as error:
            raise build_malformed_answer_error(str(error)) from None
        self._count += len(bodies)
        # Each item is a transaction of this server, however small it is.
        if self._count > MAX_STREAM_ITEMS:
            raise RemoteError(f"Its stream has more than {MAX_STREAM_ITEMS} items.")
        return [item for body in bodies if (item := self._client.parse_event_or_none(body)) is not None]


def _is_stream(reply: Reply) -> bool:
    return reply.headers.get("content-type", "").lower().startswith("text/event-stream")


def _reject_compressed_answer(reply: Reply) -> None:
    encoding = reply.headers.get("content-encoding", "identity").lower()
    if encoding != "identity":
        raise build_malformed_answer_error(f"it is compressed with {encoding[:40]!r}, which was not requested")
