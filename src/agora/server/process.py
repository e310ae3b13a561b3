"""The server process: runs an App on its sockets until a signal."""

from __future__ import annotations

import asyncio
import contextlib
import ctypes
import errno
import gc
import logging
import os
import resource
import signal
import socket
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import FrameType

import uvicorn

from agora import __version__
from agora.net.backpressure import limit_kernel_send_queue
from agora.net.tls import CertificateError, ReloadableContext, TlsFiles
from agora.net.uvicorn_protocols import create_http_protocol, create_websocket_protocol
from agora.settings import ConfigurationError, Settings

from . import logging as logs
from .app import App

__all__ = ["PortTaken", "open_listeners", "run_server"]

log = logging.getLogger(__name__)

LISTEN_BACKLOG = 2048
MAX_ENVELOPE_BYTES = 65_536  # bytes that a call over a WebSocket may add to its body
CLOSE_TIMEOUT = 2.0
M_MMAP_THRESHOLD = -3  # of mallopt(3)
LARGE_BLOCK = 131_072  # bytes, glibc's initial threshold
GC_THRESHOLDS = (
    10_000,
    10,
    10,
)  # net allocations; requests in flight alone exceed the default of 700, a collection costs 3 % of a send


class PortTaken(ConfigurationError):
    """The main port is in use."""


def _open_listener(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    # A restarted server must not wait for connections of its predecessor in TIME_WAIT.
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    limit_kernel_send_queue(listener)
    try:
        listener.bind((host, port))
        listener.listen(LISTEN_BACKLOG)
    except BaseException:
        listener.close()
        raise
    listener.setblocking(False)
    return listener


def open_listeners(settings: Settings, print_line: Callable[[str], None]) -> list[socket.socket]:
    """Open the API's socket and, if its port is free, the events socket."""
    try:
        listeners = [_open_listener(settings.host, settings.port)]
    except OSError as error:
        # Any other reason, such as a privileged port or an address of another machine, is not mended by another port.
        if error.errno != errno.EADDRINUSE:
            raise PortTaken(f"Cannot listen on {settings.host}:{settings.port}: {error.strerror}.") from None
        raise PortTaken(
            f"Port {settings.port} is in use. Stop the program that uses it, or choose another with --port or AGORA_PORT."
        ) from None
    if settings.events_port and settings.events_port != settings.port:
        try:
            listeners.append(_open_listener(settings.host, settings.events_port))
        except OSError:
            # Only a notice: this second address serves what the main port serves as well.
            print_line(f"The events port {settings.events_port} is in use: events are served on the main port only.")
    if settings.mcp_port and settings.mcp_port not in (settings.port, settings.events_port):
        try:
            listeners.append(_open_listener(settings.host, settings.mcp_port))
        except OSError:
            print_line(f"The MCP port {settings.mcp_port} is in use: MCP is served on the main port only.")
    return listeners


def _describe_addresses(settings: Settings, listeners: list[socket.socket]) -> list[str]:
    host = f"[{settings.host}]" if ":" in settings.host else settings.host
    ports = [listener.getsockname()[1] for listener in listeners]
    base = f"{host}:{ports[0]}"
    events_port = settings.events_port if settings.events_port in ports else ports[0]
    http, ws = ("https", "wss") if settings.scheme == "https" else ("http", "ws")
    lines = [
        f"Agora {__version__} is ready",
        f"  monitor   {http}://{base}/v1/monitor/",
        f"  REST      {http}://{base}/",
        f"  docs      {http}://{base}/docs",
        f"  MCP       {http}://{base}/mcp",
        f"  A2A       {http}://{base}/   {http}://{base}/a2a/AGENT",
        f"  events    {ws}://{host}:{events_port}/ws   {http}://{base}/events",
        f"  admin     {settings.secrets_dir / 'admin-token'} (token for operators)",
    ]
    if not settings.trusts_local_callers:
        reason = "auth_required is set" if settings.loopback else "Not on loopback"
        lines.append(
            f"  {reason}: every caller needs a credential; agents enrol with `agora token create --kind enrolment`."
        )
    return lines


def _create_data_directory(directory: Path) -> None:
    """Create the data directory. Raises ConfigurationError if it is not writable."""
    try:
        directory.mkdir(parents=True, exist_ok=True)
        # Checked before the start: SQLite would report it as "unable to open database file".
        reason = "" if os.access(directory, os.W_OK | os.X_OK) else "Permission denied"
    except OSError as error:
        reason = error.strerror or str(error)
    if reason:
        raise ConfigurationError(
            f"The data directory {directory} cannot be written: {reason}. Choose another with --data-dir or AGORA_DATA_DIR."
        )


def _raise_file_limit() -> None:
    """Raise the limit of open files to the maximum that the system allows, as each connection is a file."""
    _, hard_limit = resource.getrlimit(resource.RLIMIT_NOFILE)
    with contextlib.suppress(OSError, ValueError):
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard_limit, hard_limit))


def _let_malloc_return_large_blocks() -> None:
    """Make glibc return each large block to the system when it is freed.

    By default, glibc raises this threshold with each freed large block (up to 32 MB) and keeps smaller blocks on a
    heap, which fragments: after a hundred large answers, 100 MB stayed allocated in an idle server.
    """
    with contextlib.suppress(OSError, AttributeError):  # another C library
        ctypes.CDLL(None).mallopt(M_MMAP_THRESHOLD, LARGE_BLOCK)


class _Server(uvicorn.Server):
    """A uvicorn server that closes streams before it waits for running requests. tls: of its sockets; None for plain HTTP."""

    def __init__(
        self,
        config: uvicorn.Config,
        app: App,
        tls: ReloadableContext | None,
        print_line: Callable[[str], None],
        lines: list[str],
    ) -> None:
        super().__init__(config)
        self._app, self._tls, self._print_line, self._lines = app, tls, print_line, lines
        self._loop: asyncio.AbstractEventLoop | None = None
        self._exit_requested = asyncio.Event()

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Stop at SIGTERM and SIGINT; a requested stop is a success, not a death by signal."""
        previous_handlers = {
            number: signal.signal(number, self.handle_exit) for number in (signal.SIGINT, signal.SIGTERM)
        }
        if self._tls is not None:
            previous_handlers[signal.SIGHUP] = signal.signal(signal.SIGHUP, self._schedule_certificate_reload)
        try:
            yield
        finally:
            for number, handler in previous_handlers.items():
                signal.signal(number, handler)

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        super().handle_exit(sig, frame)
        if self._loop is not None:  # a signal may arrive between any two bytecodes, also while the loop sleeps
            self._loop.call_soon_threadsafe(self._exit_requested.set)

    def _schedule_certificate_reload(self, sig: int, frame: FrameType | None) -> None:
        if self._loop is not None:  # before that, the start itself reads the files
            self._loop.call_soon_threadsafe(self._reload_certificate)

    def _reload_certificate(self) -> None:
        assert self._tls is not None
        try:
            self._tls.reload_files()
        # The old certificate stays in use: a half-copied file must not take the server down.
        except CertificateError as error:
            log.error("the certificate was not reloaded: %s", error)
        else:
            log.info("the certificate in %s is used for new connections", self._tls.files.cert)

    async def main_loop(self) -> None:
        """Wait for a signal. uvicorn's own loop polls for one ten times a second, and for limits not used here."""
        self._loop = asyncio.get_running_loop()
        if not await self.on_tick(0):  # True if the signal arrived before the line above
            await self._exit_requested.wait()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup([])  # the application; uvicorn would allow a TLS handshake a whole minute
        if self.started:
            await self._accept_connections(sockets or [])
            gc.freeze()  # objects of the start are permanent: exclude them from collections
            gc.set_threshold(*GC_THRESHOLDS)
            self._app.watchdog.start()
            for line in self._lines:
                self._print_line(line)

    async def _accept_connections(self, sockets: list[socket.socket]) -> None:
        """Accept connections. A TLS handshake has the time limit of a request."""
        loop, config = asyncio.get_running_loop(), self.config
        timeout = None if self._tls is None else self._app.settings.request_timeout
        for listener in sockets:
            server = await loop.create_server(
                self._create_protocol,
                sock=listener,
                ssl=self._tls,
                ssl_handshake_timeout=timeout,
                backlog=config.backlog,
            )
            self.servers.append(server)

    def _create_protocol(self) -> asyncio.Protocol:
        protocol: Callable[..., asyncio.Protocol] = self.config.http_protocol_class
        return protocol(config=self.config, server_state=self.server_state, app_state=self.lifespan.state)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        # First, while calls are still answered: the server's own clients release the tasks that they have claimed.
        await self._app.stop_own_clients()
        self._app.drain()
        if self.server_state.tasks:  # let sockets send the reason before they are closed
            # Bounded: a peer that does not read must not delay the stop.
            await asyncio.wait(tuple(self.server_state.tasks), timeout=CLOSE_TIMEOUT)
        await super().shutdown(sockets)
        # Last, so that a stall during the stop is reported, too.
        self._app.watchdog.stop()


def _print_line(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


def _log_line(line: str) -> None:
    log.info("%s", " ".join(line.split()))


def run_server(settings: Settings, *, print_line: Callable[[str], None] | None = None) -> int:
    """Serve until SIGTERM or SIGINT; return the exit code.

    Raises ConfigurationError if the settings cannot be served: a port in use, a locked data directory.
    """
    # First, so that everything below is logged in the configured form, without secrets.
    logs.configure_logging(settings.log_level, settings.log_format, settings.secret_values)
    if settings.variables_notice:
        log.warning("%s", settings.variables_notice)
    _raise_file_limit()
    _let_malloc_return_large_blocks()
    if print_line is None:  # machine-readable output must contain nothing else
        print_line = _print_line if settings.log_format == "text" else _log_line
    files = TlsFiles.from_settings(settings)
    tls = None if files is None else ReloadableContext.load_files(files)
    _create_data_directory(settings.data_dir)
    # Before the database is opened: a second server on the port must fail without touching the data.
    listeners = open_listeners(settings, print_line)
    app = App(settings)
    config = uvicorn.Config(
        app,
        loop="uvloop",
        http=create_http_protocol(settings.request_timeout, app.backpressure),
        ws=create_websocket_protocol(app.backpressure),
        # Compression would cost CPU time per subscriber; without it, an event is encoded once for all of them.
        ws_per_message_deflate=False,
        ws_max_size=settings.body_limit + MAX_ENVELOPE_BYTES,
        ws_ping_interval=20.0,
        ws_ping_timeout=20.0,
        lifespan="on",
        log_config=None,
        access_log=False,
        server_header=False,
        date_header=False,
        timeout_graceful_shutdown=settings.shutdown_grace,
        # Longer than the 60 s for which HAProxy, nginx and load balancers keep idle connections to a server: if it closed
        # first, a request sent at that moment would be lost.
        timeout_keep_alive=75,
        h11_max_incomplete_event_size=65_536,
        # Forwarded addresses would be trusted from anybody; rate limits and local trust go by the socket's peer.
        proxy_headers=False,
    )
    server = _Server(config, app, tls, print_line, _describe_addresses(settings, listeners))
    try:
        with contextlib.suppress(SystemExit):  # raised by uvicorn for a failed start; ``failure`` has the reason
            server.run(sockets=listeners)
    finally:
        for listener in listeners:
            listener.close()
    if app.failure is not None:
        raise app.failure
    return 0 if server.started else 1
