"""The test harness: a real server in the test's event loop, and a manual clock."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import functools
import logging
import secrets
import socket
import tempfile
from collections.abc import AsyncIterator, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import uvicorn

from agora.clock import SystemClock
from agora.net.uvicorn_protocols import create_http_protocol, create_websocket_protocol
from agora.server.app import App
from agora.server.logging import QUIETED_LOGGERS
from agora.settings import Settings
from agora.store.sqlite import SqliteStore

__all__ = [
    "ManualClock",
    "PromptServer",
    "Running",
    "admin_token",
    "falsify_text",
    "free_port",
    "local_client",
    "make_settings",
    "restored_logging",
    "running",
]


@contextlib.contextmanager
def restored_logging() -> Iterator[None]:
    """Restore the logging of this process at the end of the block."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    levels = {name: logging.getLogger(name).level for name in QUIETED_LOGGERS}
    yield
    root.handlers[:] = handlers
    root.setLevel(level)
    for name, before in levels.items():
        logging.getLogger(name).setLevel(before)


class ManualClock:
    """The machine's clock plus an offset. While frozen, only the test advances it."""

    def __init__(self) -> None:
        self.system, self.added = SystemClock(), 0
        self._frozen_at: int | None = None

    def now(self) -> int:
        return (self.system.now() if self._frozen_at is None else self._frozen_at) + self.added

    def freeze(self) -> None:
        """Stop advancing from now on."""
        self._frozen_at = self.system.now()

    def advance(self, seconds: float) -> None:
        self.added += int(seconds * 1_000_000)


@functools.cache
def _tables() -> bytes:
    """Return a database with all tables and no rows, created once: creating it takes longer than most tests."""

    async def make(path: Path) -> None:
        store = SqliteStore(path, clock=SystemClock())
        await store.start()
        await store.close()

    with tempfile.TemporaryDirectory() as directory, ThreadPoolExecutor(1) as thread:
        path = Path(directory) / "agora.db"
        thread.submit(asyncio.run, make(path)).result()
        return path.read_bytes()


def with_tables(path: Path) -> Path:
    """Create a database at a path, unless it exists."""
    if not path.exists():
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        path.write_bytes(_tables())
    return path


def make_settings(directory: Path, **overrides: Any) -> Settings:
    """Build the settings of a test server: everything in one directory, nothing from the environment."""
    if not overrides.get("store"):
        with_tables(directory / "agora.db")
    values: dict[str, Any] = {"port": 0, "events_port": 0, "data_dir": directory, "rate_basic": 100_000}
    values["builtin_agents"] = False  # tests count their own agents; tests of built-in agents enable this
    values["declared_agents"] = False  # no process runs declared agents here; their tests start a server
    return Settings.load_settings(environ={}, **(values | overrides))


def local_client(app: App, **options: Any) -> httpx.AsyncClient:
    """Create a local client that calls the application without a socket."""
    transport = httpx.ASGITransport(app, client=("127.0.0.1", 50000))
    return httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1:8080", **options)


def admin_token(settings: Settings) -> str:
    return (settings.data_dir / "admin-token").read_text().strip()


def falsify_text(text: str) -> str:
    """Return the text with another letter in its middle.

    The last characters of base64 may hold a single byte, and a replacement of them the same one.
    """
    middle = len(text) // 2
    return f"{text[:middle]}{'B' if text[middle] == 'A' else 'A'}{text[middle + 1 :]}"


def free_port() -> int:
    """Choose a port that no program listens on.

    It is below the range from which the kernel takes the ports of outgoing connections: one of those, chosen by bind(0),
    may be given to a connection of another test before it is used.
    """
    while True:
        port = 10_000 + secrets.randbelow(10_000)
        with socket.socket() as probe, contextlib.suppress(OSError):
            probe.bind(("", port))
            return port


@dataclass
class Running:
    """A server that listens on a socket."""

    app: App
    url: str
    server: uvicorn.Server

    @property
    def transports(self) -> list[asyncio.Transport]:
        """Transports of the open connections."""
        return [connection.transport for connection in self.server.server_state.connections]

    @property
    def ws_url(self) -> str:
        return self.url.replace("http://", "ws://") + "/ws"


class PromptServer(uvicorn.Server):
    """A uvicorn server that is notified of its stop flag. Uvicorn polls the flag ten times a second, which costs each
    test a fifth of a second."""

    _loop: asyncio.AbstractEventLoop | None = None

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self._startup_ended = asyncio.Event()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets=sockets)
        self._startup_ended.set()

    async def wait_started(self, serving: asyncio.Task[None]) -> None:
        """Wait until the server accepts connections, without running the event loop. Raises the error that ended
        ``serve()``."""
        serving.add_done_callback(lambda _: self._startup_ended.set())
        await self._startup_ended.wait()
        if not self.started:
            await serving

    async def main_loop(self) -> None:
        self._loop, self._leaving = asyncio.get_running_loop(), asyncio.Event()
        await self.on_tick(0)
        if not self._exit:
            await self._leaving.wait()

    @property
    def should_exit(self) -> bool:
        return self._exit

    @should_exit.setter
    def should_exit(self, wanted: bool) -> None:
        self._exit = wanted
        if wanted and self._loop is not None:
            self._loop.call_soon_threadsafe(self._leaving.set)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        for server in self.servers:
            for listener in server.sockets:
                server.get_loop().remove_reader(listener.fileno())
        await asyncio.sleep(
            0
        )  # connections accepted last get their transport now: a closed server could not give them one
        for listener in (*self.servers, *(sockets or ())):
            listener.close()
        for connection in list(self.server_state.connections):
            connection.shutdown()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(self.config.timeout_graceful_shutdown):
                while self.server_state.connections or self.server_state.tasks:
                    await asyncio.sleep(0.001)
        for task in self.server_state.tasks:
            task.cancel()
        await self.lifespan.shutdown()


def _open_listener(config: uvicorn.Config) -> socket.socket:
    """Open a listening socket. Two processes may get the same free port until one of them listens on it."""
    while True:
        listener = config.bind_socket()
        try:
            listener.listen(config.backlog)
        except OSError as error:
            listener.close()
            if config.port or error.errno != errno.EADDRINUSE:
                raise
        else:
            return listener


@contextlib.asynccontextmanager
async def running(app: App, port: int = 0) -> AsyncIterator[Running]:
    """Serve an application on a loopback port, by default a free one, until the block ends."""
    config = uvicorn.Config(
        app,
        host="127.0.0.1",
        port=port,
        http=create_http_protocol(app.settings.request_timeout, app.backpressure),
        ws=create_websocket_protocol(app.backpressure),
        log_config=None,
        lifespan="on",
        timeout_keep_alive=75,  # as in ``agora serve``: a slow test must not use a connection that is being closed
        ws_per_message_deflate=False,
    )
    server = PromptServer(config)
    server.install_signal_handlers = lambda: None  # type: ignore[attr-defined]
    listener = _open_listener(config)
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)  # asyncio sets this only on sockets that it creates
    serving = asyncio.create_task(server.serve(sockets=[listener]))
    await server.wait_started(serving)
    try:
        yield Running(app, f"http://127.0.0.1:{listener.getsockname()[1]}", server)
    finally:
        app.drain()
        server.should_exit = True
        await serving
