"""Transports: the two kinds of I/O, blocking and asynchronous, behind one set of ``async`` methods.

The client is written once, as coroutines over these methods. :class:`BlockingTransport` never suspends, so :func:`run_blocking`
runs such a coroutine to its end in synchronous code, without an event loop; :class:`AsyncTransport` suspends as usual and has a
connection pool per event loop.
"""

from __future__ import annotations

import asyncio
import ssl
import threading
import time
import weakref
from collections.abc import AsyncGenerator, Coroutine, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, TypeVar
from urllib.parse import urlsplit

import httpx

from .errors import InvalidRequest
from .retry import ConnectionLost, TimedOut
from .wire import Answer, Request

__all__ = ["AsyncTransport", "BlockingTransport", "Endpoint", "read_answer", "run_blocking", "translate_errors"]

T = TypeVar("T")

# Shorter than a call's timeout, so that an address without a server leaves time for the retries.
CONNECT_SECONDS = 5.0
#: Idle connections are closed before common servers do (5 s), to avoid races with a request.
KEEPALIVE_SECONDS = 4.0
LIMITS = httpx.Limits(max_connections=100, max_keepalive_connections=20, keepalive_expiry=KEEPALIVE_SECONDS)


def run_blocking(work: Coroutine[Any, Any, T]) -> T:
    """Run a coroutine that only awaits blocking I/O: it completes at its first step."""
    try:
        work.send(None)
    except StopIteration as done:
        value: T = done.value
        return value
    work.close()
    # A defect of this package: something in the coroutine awaited other than the blocking I/O.
    raise RuntimeError("a coroutine over blocking I/O has suspended")


@dataclass(frozen=True)
class Endpoint:
    """Address of the server, and headers of every request."""

    url: str
    headers: dict[str, str] = field(default_factory=dict)

    @cached_property
    def is_local(self) -> bool:
        """Whether the server is on this machine without TLS: no proxy is used."""
        parts = urlsplit(self.url)
        host = parts.hostname or ""
        return parts.scheme == "http" and (host in ("localhost", "::1") or host.startswith("127."))

    def client_options(self) -> dict[str, Any]:
        """Options of an httpx client. On loopback no certificates are loaded, which takes 20 ms of CPU."""
        remote = not self.is_local
        return {"base_url": self.url, "headers": self.headers, "limits": LIMITS, "trust_env": remote, "verify": remote}


def _build_timeouts(seconds: float) -> httpx.Timeout:
    return httpx.Timeout(seconds, connect=min(CONNECT_SECONDS, seconds))


@contextmanager
def translate_errors() -> Iterator[None]:
    """Translate the exceptions of httpx into those of this package."""
    try:
        yield
    except (httpx.ConnectTimeout, httpx.PoolTimeout) as error:
        # Before TimeoutException, their base class: nothing was sent, so a retry is safe and useful.
        raise ConnectionLost("connecting took too long") from error
    except httpx.TimeoutException as error:
        raise TimedOut(str(error)) from error
    except (httpx.TransportError, httpx.StreamError, ssl.SSLError) as error:
        raise ConnectionLost(str(error) or type(error).__name__) from error
    except httpx.InvalidURL as error:
        # The server's address is checked when a client is created, so it is the query: httpx limits it to 64 KiB.
        raise InvalidRequest(f"The request cannot be sent: {error}.", fix="Shorten the arguments.") from error


def read_answer(response: httpx.Response) -> Answer:
    """Read a response with its complete body."""
    return Answer(response.status_code, {k.lower(): v for k, v in response.headers.items()}, response.content)


class BlockingTransport:
    """I/O that blocks the calling thread. Threads share one connection pool."""

    def __init__(self, endpoint: Endpoint) -> None:
        self.endpoint = endpoint
        self._client: httpx.Client | None = None
        self._lock = threading.Lock()

    def client(self) -> httpx.Client:
        """The connection pool, created at first use and closed with this object at the latest."""
        with self._lock:
            if self._client is None:
                self._client = httpx.Client(**self.endpoint.client_options())
                # A bound method of the client, not of self, which the finalizer would otherwise keep alive for ever.
                weakref.finalize(self, self._client.close)
            return self._client

    async def exchange(self, request: Request, seconds: float) -> Answer:
        with translate_errors():
            return read_answer(
                self.client().request(
                    request.method,
                    request.target,
                    content=request.content,
                    headers=request.headers,
                    timeout=_build_timeouts(seconds),
                )
            )

    async def pause(self, seconds: float) -> None:
        time.sleep(seconds)  # noqa: ASYNC251  (blocking is what this kind of I/O does)

    def now(self) -> float:
        return time.monotonic()

    def close(self) -> None:
        """Close the connections; a later call opens new ones."""
        with self._lock:
            client, self._client = self._client, None
        if client is not None:
            client.close()


@dataclass(frozen=True, slots=True)
class _Pool:
    """Connections of one event loop. transport: transport of the client, if the server is on this machine.

    lifetime: ends with the loop.
    """

    client: httpx.AsyncClient
    transport: httpx.AsyncHTTPTransport | None
    lifetime: AsyncGenerator[None, None]


class AsyncTransport:
    """I/O of asyncio. Every event loop has its own connection pool, which is closed with the loop."""

    def __init__(self, endpoint: Endpoint) -> None:
        self.endpoint = endpoint
        self._pools: dict[asyncio.AbstractEventLoop, _Pool] = {}

    async def client(self) -> httpx.AsyncClient:
        """The running loop's connection pool, created at first use."""
        return (await self._get_or_open_pool()).client

    async def _get_or_open_pool(self) -> _Pool:
        loop = asyncio.get_running_loop()
        if loop in self._pools:
            return self._pools[loop]
        # A pool cannot be closed without its loop: only the reference is dropped.
        # A copy, because other threads may add their loops meanwhile.
        for pool_loop in list(self._pools):
            if pool_loop.is_closed():
                self._pools.pop(pool_loop, None)
        # No proxy on loopback: a single transport is sufficient.
        is_local = self.endpoint.is_local
        transport = httpx.AsyncHTTPTransport(verify=False, trust_env=False, limits=LIMITS) if is_local else None
        client = httpx.AsyncClient(**self.endpoint.client_options(), transport=transport)
        pool = self._pools[loop] = _Pool(client, transport, _close_with_loop(client))
        # A loop closes only those asynchronous generators that have been started in it.
        await anext(pool.lifetime)
        return pool

    async def exchange(self, request: Request, seconds: float) -> Answer:
        pool, timeout = await self._get_or_open_pool(), _build_timeouts(seconds)
        with translate_errors():
            if (
                pool.transport is not None
            ):  # without redirects, proxies and cookies, which take a fourth of a call's CPU time
                local_request = httpx.Request(
                    request.method,
                    self.endpoint.url + request.target,
                    content=request.content,
                    headers=self.endpoint.headers | request.headers,
                    extensions={"timeout": timeout.as_dict()},
                )
                response = await pool.transport.handle_async_request(local_request)
                await response.aread()
            else:
                response = await pool.client.request(
                    request.method, request.target, content=request.content, headers=request.headers, timeout=timeout
                )
            return read_answer(response)

    async def pause(self, seconds: float) -> None:
        await asyncio.sleep(seconds)

    def now(self) -> float:
        return time.monotonic()

    async def close(self) -> None:
        """Close the running loop's connections; a later call opens new ones."""
        pool = self._pools.pop(asyncio.get_running_loop(), None)
        if pool is not None:
            await pool.lifetime.aclose()


async def _close_with_loop(client: httpx.AsyncClient) -> AsyncGenerator[None, None]:
    """Close a client when its loop ends.

    A loop closes its asynchronous generators before it stops (``asyncio.run`` does so), so a program that never closes
    its client leaves no connection open.
    """
    try:
        yield
    finally:
        await client.aclose()
