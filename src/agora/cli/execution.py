"""Execute a request on an instance and stream its response."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING, Any

from agora_sdk.contract import declared
from agora_sdk.retry import ConnectionLost
from agora_sdk.transport import read_answer, run_blocking, translate_errors
from agora_sdk.wire import Answer

if TYPE_CHECKING:
    import httpx

    from agora_sdk import AgoraClient
    from agora_sdk.contract.instances import ExecutionResult
    from agora_sdk.transport import BlockingTransport
    from agora_sdk.wire import Answer, Request

__all__ = ["execute_streaming"]

EVENT_STREAM_TYPE = "text/event-stream"


def execute_streaming(
    client: AgoraClient, on_chunk: Callable[[str], None], *args: Any, **kwargs: Any
) -> ExecutionResult:
    """Call ``agora.instance.execute``. on_chunk: called with each chunk of a streamed response. Raises like the
    call."""

    # The public call returns only the whole answer: the transport below it sees the pieces.
    session = client._session
    result: ExecutionResult = run_blocking(
        session.bind_and_call(
            _ChunkForwardingTransport(session.server.blocking_transport, on_chunk),
            declared("instance", "execute"),
            *args,
            **kwargs,
        )
    )
    return result


class _ChunkForwardingTransport:
    """HTTP I/O that requests a stream, forwards each chunk, and returns the whole response."""

    def __init__(self, transport: BlockingTransport, on_chunk: Callable[[str], None]) -> None:
        self._transport, self._on_chunk = transport, on_chunk

    async def exchange(self, request: Request, seconds: float) -> Answer:
        headers = request.headers | {"accept": EVENT_STREAM_TYPE}
        with (
            translate_errors(),
            self._transport.client().stream(
                request.method, request.target, content=request.content, headers=headers, timeout=seconds
            ) as response,
        ):
            if not response.headers.get("content-type", "").startswith(EVENT_STREAM_TYPE):
                response.read()
                return read_answer(response)
            return self._forward_events(response)

    def _forward_events(self, response: httpx.Response) -> Answer:
        """Forward the chunks; returns the last event of the stream."""

        headers = {name.lower(): value for name, value in response.headers.items()}
        for name, data in _parse_events(response.iter_lines()):
            if name == "piece":
                self._on_chunk(json.loads(data)["content"])
            elif name == "result":
                return Answer(response.status_code, headers | {"content-type": "application/json"}, data.encode())
            elif name == "error":
                kind = {"content-type": "application/problem+json"}
                return Answer(json.loads(data)["status"], headers | kind, data.encode())
        raise ConnectionLost("the answer was cut off")

    async def pause(self, seconds: float) -> None:
        await self._transport.pause(seconds)

    def now(self) -> float:
        return self._transport.now()


def _parse_events(lines: Iterable[str]) -> Iterator[tuple[str, str]]:
    """Parse server-sent events into names and data."""
    name, data = "", ""
    for line in lines:
        if line.startswith("event: "):
            name = line.removeprefix("event: ")
        elif line.startswith("data: "):
            data = line.removeprefix("data: ")
        elif not line and name:
            yield name, data
            name, data = "", ""
