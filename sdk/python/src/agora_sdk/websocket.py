"""Channels over WebSocket, in both kinds of I/O."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from typing import TYPE_CHECKING, Any

from websockets.exceptions import ConnectionClosed, InvalidHandshake, InvalidMessage, InvalidStatus

from .channels import MAX_FRAME_BYTES, Channel, Disconnected, Frame, Refused, decode_frame
from .retry import TRANSIENT_STATUSES, ConnectionLost
from .transport import CONNECT_SECONDS, BlockingTransport
from .wire import Answer, parse_error

if TYPE_CHECKING:
    from .transport import AsyncTransport

__all__ = ["open_channel"]


async def open_channel(io: BlockingTransport | AsyncTransport, target: str, headers: dict[str, str]) -> Channel:
    """Connect. Raises Refused, ConnectionLost, or the server's error."""
    url = io.endpoint.url
    # http becomes ws, and https wss.
    address = "ws" + url.removeprefix("http") + target
    with _translate_handshake_errors(url):
        if isinstance(io, BlockingTransport):
            from websockets.sync.client import connect as connect_blocking

            life = ExitStack()
            return _BlockingSocket(
                life.enter_context(connect_blocking(address, **_build_connect_options(io, headers))), life
            )
        from websockets.asyncio.client import connect

        return _AsyncSocket(await connect(address, **_build_connect_options(io, headers)))


def _build_connect_options(io: BlockingTransport | AsyncTransport, headers: dict[str, str]) -> dict[str, Any]:
    options: dict[str, Any] = {
        "additional_headers": headers,
        "user_agent_header": io.endpoint.headers["user-agent"],
        "compression": None,  # costs the server CPU time per subscriber: without it, an event is encoded once for all
        "max_size": MAX_FRAME_BYTES,
        "open_timeout": CONNECT_SECONDS,
        "close_timeout": 1.0,
    }
    # A proxy from the environment cannot reach the loopback interface of this machine.
    if io.endpoint.is_local:
        options["proxy"] = None
    return options


@contextmanager
def _translate_handshake_errors(url: str) -> Iterator[None]:
    """Translate the exceptions of a handshake into those of this package."""
    try:
        yield
    except InvalidStatus as error:
        response = error.response
        headers = {name.lower(): value for name, value in response.headers.raw_items()}
        # A problem document comes from Agora itself; other answers may come from an intermediary.
        if "application/problem+json" in headers.get("content-type", ""):
            raise parse_error(Answer(response.status_code, headers, bytes(response.body or b"")), url) from None
        if response.status_code in TRANSIENT_STATUSES:
            raise ConnectionLost(f"HTTP {response.status_code}") from None
        raise Refused(f"HTTP {response.status_code}") from None
    except InvalidMessage as error:
        raise ConnectionLost(str(error)) from error
    except InvalidHandshake as error:
        raise Refused(str(error)) from error
    except (OSError, ConnectionClosed) as error:
        raise ConnectionLost(str(error) or type(error).__name__) from error


def _read_close_reason(error: ConnectionClosed) -> Disconnected:
    return Disconnected(error.rcvd.code, error.rcvd.reason) if error.rcvd else Disconnected()


class _BlockingSocket:
    def __init__(self, connection: Any, life: ExitStack) -> None:
        self._connection, self._life = connection, life

    async def receive(self) -> Frame:
        try:
            return decode_frame(self._connection.recv())
        except ConnectionClosed as error:
            raise _read_close_reason(error) from None

    async def acknowledge(self, sequence: int) -> None:
        # The next receive() reports the closed connection.
        with suppress(ConnectionClosed):
            self._connection.send(f'{{"ack":{sequence}}}')

    async def close(self) -> None:
        self._life.close()


class _AsyncSocket:
    def __init__(self, connection: Any) -> None:
        self._connection = connection

    async def receive(self) -> Frame:
        try:
            # Without a timeout: the library pings every 20 s, and a dead connection ends in ConnectionClosed.
            return decode_frame(await self._connection.recv())
        except ConnectionClosed as error:
            raise _read_close_reason(error) from None

    async def acknowledge(self, sequence: int) -> None:
        # The next receive() reports the closed connection.
        with suppress(ConnectionClosed):
            await self._connection.send(f'{{"ack":{sequence}}}')

    async def close(self) -> None:
        await self._connection.close()
