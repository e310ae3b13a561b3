"""Backpressure: limits on unread responses, and on connections per caller and address.

Bytes waiting to be written are counted per connection, per subject and for the whole server:

* A connection above its transport's high-water mark starts no further response until its reader has caught up.
* A subject above ``unread_each`` starts no response (429). While the server is above three quarters of ``unread``,
  subjects with waiting bytes start none; above all of it only operators do (503).
* A connection whose reader reads nothing for ``unread_timeout`` seconds while bytes wait is closed; already after
  ``PRESSURE_TIMEOUT`` if its subject or the server is above its limit. A slow reader that reads is not closed.

Connections are counted per subject and per address. Above a limit a connection is *provisional*: it is accepted, but
serves only operators, so that anonymous clients with all other connections do not lock the operator out.
"""

from __future__ import annotations

import asyncio
import resource
import socket
import struct
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any, Final, Protocol

from agora.settings import Settings
from agora.value_classes import value_class
from agora_sdk.errors import Overloaded, RateLimited

__all__ = [
    "HIGH_WATER_BYTES",
    "Backpressure",
    "Connection",
    "Limits",
    "SizedQueue",
    "SubjectUsage",
    "limit_kernel_send_queue",
]

HIGH_WATER_BYTES: Final = 16_384  #: bytes in a transport's buffer above which no more are produced for it
NOT_SENT_LOW_WATER_BYTES: Final = 65_536  #: bytes buffered by the kernel beyond those sent
PRESSURE_TIMEOUT: Final = 2.0  #: seconds before a stalled reader is closed while a limit is exceeded
SWEEP_SECONDS: Final = 1.0
DEFAULT_MAX_CONNECTIONS: Final = 10_000
RESERVED_FILES: Final = 256  #: files that the server needs beside connections
PROVISIONAL_CONNECTIONS: Final = 64  #: provisional connections
PRESSURE_SHARE: Final = 0.75  #: share of the server's limit from which only subjects without waiting bytes are served
#: minimum bytes of a response that is checked again before it is sent, because others may have started since
LARGE_RESPONSE_BYTES: Final = 65_536
TCP_INFO_BYTES_ACKED: Final = 120  # offset in struct tcp_info of Linux
RESET_AT_CLOSE: Final = struct.pack("ii", 1, 0)  # SO_LINGER: unread bytes are discarded

_SubjectKey = tuple[str, str]


class _Caller(Protocol):
    """Protocol of callers."""

    @property
    def tenant(self) -> str: ...
    @property
    def subject(self) -> str: ...
    @property
    def kind(self) -> str: ...
    @property
    def scopes(self) -> frozenset[str]: ...
    @property
    def owner(self) -> tuple[str, str]: ...


class SizedQueue(Protocol):
    """A queue of bytes for the reader of a connection."""

    @property
    def size(self) -> int: ...


@value_class
class Limits:
    """Limits. unread, unread_each: bytes of the server and of a subject. connections: all, without the reserve."""

    unread: int = 67_108_864
    unread_each: int = 8_388_608
    unread_timeout: float = 15.0
    connections: int = 10_000
    connections_each: int = 1_500
    connections_per_address: int = 7_500

    @classmethod
    def from_settings(cls, settings: Settings) -> Limits:
        """Read the limits of the settings, within the process's limit of open files."""
        files, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
        # Without free descriptors, the server could not even open its database's files.
        possible = max(files - PROVISIONAL_CONNECTIONS - RESERVED_FILES, 1)
        connections = min(settings.max_connections or DEFAULT_MAX_CONNECTIONS, possible)
        per_address = settings.max_connections_per_address or max(connections * 3 // 4, 1)
        return cls(
            settings.unread_limit,
            settings.unread_limit_each,
            settings.unread_timeout,
            connections,
            settings.max_connections_each,
            per_address,
        )


class SubjectUsage:
    """Usage of one subject: its connections and unsent bytes."""

    __slots__ = ("connections", "key", "unsent_bytes")

    def __init__(self, key: _SubjectKey) -> None:
        self.key, self.connections, self.unsent_bytes = key, 0, 0


class Connection:
    """One connection: its owner, and its unsent bytes.

    provisional: above a limit, serves operators only. paused: its transport is above its high-water mark. refuse:
    closes the connection after the next response. on_abort: called when it is aborted. count_relayed_bytes: returns the
    bytes of responses written so far, for responses that are held until their reader has room, while the transport's buffer may be empty.
    """

    __slots__ = (
        "_backpressure",
        "_held_size",
        "_last_progress",
        "_queues",
        "_resumed",
        "_stalled_since",
        "account",
        "address",
        "caller",
        "count_relayed_bytes",
        "on_abort",
        "paused",
        "provisional",
        "refuse",
        "transport",
        "unsent_bytes",
    )

    def __init__(self, backpressure: Backpressure, transport: Any, address: str, account: SubjectUsage) -> None:
        self._backpressure, self.transport, self.address, self.account = backpressure, transport, address, account
        self.caller: _Caller | None = None
        self.refuse: Callable[[], None] = _do_nothing
        self.on_abort: Callable[[], None] = _do_nothing
        self.count_relayed_bytes: Callable[[], int] | None = None
        self.provisional = self.paused = False
        self.unsent_bytes = self._held_size = 0
        self._queues: tuple[SizedQueue, ...] = ()
        self._resumed: asyncio.Event | None = None
        self._last_progress = 0
        self._stalled_since: float | None = None

    # -- unsent bytes ----------------------------------------------------------------------------

    def record_pause(self) -> None:
        """Record that the transport is above its high-water mark, so that no further response is started."""
        self.paused = True
        self.update_unsent_size()

    def record_resume(self) -> None:
        """Record that the transport has drained or is closed."""
        self.paused = False
        if self._resumed is not None:
            self._resumed.set()
            self._resumed = None
        self.update_unsent_size()

    async def wait_until_writable(self) -> None:
        """Return when the transport is below its high-water mark or closed."""
        while self.paused:
            if self._resumed is None:
                self._resumed = asyncio.Event()
            await self._resumed.wait()

    def update_unsent_size(self) -> None:
        """Update the number of unsent bytes."""
        size = self._held_size
        if self.transport is not None:
            size += self.transport.get_write_buffer_size()
        for queue in self._queues:
            size += queue.size
        change = size - self.unsent_bytes
        if change:
            self.unsent_bytes = size
            self.account.unsent_bytes += change
            self._backpressure.unsent_bytes += change

    @contextmanager
    def count_unsent_bytes(self, size: int) -> Iterator[None]:
        """Count bytes that are ready for this connection, but not yet in its transport."""
        self._held_size += size
        self.update_unsent_size()
        try:
            yield
        finally:
            self._held_size -= size
            self.update_unsent_size()

    @contextmanager
    def count_queue(self, queue: SizedQueue) -> Iterator[None]:
        """Count the bytes in a queue for this connection."""
        self._queues = (*self._queues, queue)
        try:
            yield
        finally:
            self._queues = tuple(other for other in self._queues if other is not queue)
            self.update_unsent_size()

    @property
    def exceeds_unread_limit(self) -> bool:
        """Whether the subject's unsent bytes exceed its limit."""
        return self.account.unsent_bytes > self._backpressure.limits.unread_each

    def require_room_for_answer(self, size: int) -> None:
        """Check whether a finished response of a size may be sent. Raises RateLimited or Overloaded if too many bytes wait."""
        if size > LARGE_RESPONSE_BYTES:
            self._backpressure.require_unread_below_limits(self.account, self.caller)

    # -- end -------------------------------------------------------------------------------------

    def compute_stalled_seconds(self, now: float) -> float:
        """Return the seconds in which the reader has read nothing while bytes waited in the transport or for its window."""
        size = 0 if self.transport is None else self.transport.get_write_buffer_size()
        if not size and not (self.count_relayed_bytes is not None and self._held_size):
            self._stalled_since = None
            return 0.0
        progress = 0 if self.count_relayed_bytes is None else self.count_relayed_bytes()
        if size:
            acknowledged = _read_acknowledged_bytes(self.transport)
            progress += -size if acknowledged is None else acknowledged
        if self._stalled_since is None or progress > self._last_progress:
            self._stalled_since = now
        self._last_progress = progress
        return now - self._stalled_since

    def abort_connection(self) -> None:
        """Abort the connection; unread bytes are discarded."""
        if self.transport is None:
            return
        with suppress(OSError):  # the socket is already closed
            # A reset frees the kernel's buffer at once; a normal close would keep it until the reader, who does not read, times out.
            self.transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET_AT_CLOSE)
        self.transport.abort()
        self.on_abort()


class Backpressure:
    """Counts for one server. Privileged callers (operators) are only subject to their own share."""

    def __init__(self, limits: Limits) -> None:
        self.limits = limits
        self.unsent_bytes = 0
        self.cut_off = 0  #: connections aborted because of stalled readers
        self._connections: dict[Connection, None] = {}
        self._provisional: dict[Connection, None] = {}
        self._accounts: dict[_SubjectKey, SubjectUsage] = {}
        self._addresses: Counter[str] = Counter()

    def __len__(self) -> int:
        return len(self._connections)

    # -- connections -----------------------------------------------------------------------------

    def register_connection(self, transport: Any) -> Connection | None:
        """Count a new connection and limit its write buffer; None if there is no room for it, not even provisionally."""
        limits = self.limits
        peer = transport.get_extra_info("peername")
        address = str(peer[0]) if peer else ""
        # Until its caller is known, a connection counts for its address.
        connection = Connection(self, transport, address, self._get_or_create_usage(("", address)))
        beyond = len(self._connections) >= limits.connections
        if beyond or self._addresses[address] >= limits.connections_per_address:
            if len(self._provisional) >= PROVISIONAL_CONNECTIONS and not self._evict_provisional():
                self._forget_if_empty(connection.account)
                return None
            connection.provisional = True
            self._provisional[connection] = None
        self._connections[connection] = None
        self._addresses[address] += 1
        connection.account.connections += 1
        transport.set_write_buffer_limits(high=HIGH_WATER_BYTES)
        return connection

    def unregister_connection(self, connection: Connection) -> None:
        """Remove a closed connection. Idempotent."""
        if self._connections.pop(connection, connection) is connection:
            return
        self._provisional.pop(connection, None)
        connection.transport = None
        # Wakes those who wait to write: they find the transport closed instead of waiting for ever.
        connection.record_resume()
        self._addresses[connection.address] -= 1
        if not self._addresses[connection.address]:
            del self._addresses[connection.address]
        connection.account.connections -= 1
        self._forget_if_empty(connection.account)

    def bind_caller(self, connection: Connection, caller: _Caller) -> None:
        """Assign a connection to its caller. Raises Overloaded or RateLimited if it exceeds a limit."""
        if connection.caller is caller:
            return
        # All anonymous callers share one subject, so that only their address tells them apart.
        key = ("", connection.address) if caller.subject == "anonymous" else caller.owner
        if not _is_privileged(caller):
            if connection.provisional:
                connection.refuse()
                raise Overloaded("The server has no room for more connections.", fix="Close some.", retry_after=5)
            account = self._accounts.get(key)
            full = account is not None and account.connections >= self.limits.connections_each
            if full and key[0] and account is not connection.account:  # addresses have a separate limit
                connection.refuse()
                raise RateLimited(
                    f"You have {self.limits.connections_each} connections.",
                    fix="Close some first: one connection can carry many calls, one after the other.",
                    retry_after=5,
                )
        connection.caller = caller
        if key != connection.account.key:
            self._move_connection(connection, self._get_or_create_usage(key))

    def _move_connection(self, connection: Connection, account: SubjectUsage) -> None:
        former = connection.account
        former.connections -= 1
        former.unsent_bytes -= connection.unsent_bytes
        self._forget_if_empty(former)
        account.connections += 1
        account.unsent_bytes += connection.unsent_bytes
        connection.account = account

    def _evict_provisional(self) -> bool:
        """Close the oldest provisional connection that is not an operator's; returns whether there was one."""
        for connection in self._provisional:
            if connection.caller is None:
                connection.abort_connection()
                self.unregister_connection(connection)
                return True
        return False

    def _get_or_create_usage(self, key: _SubjectKey) -> SubjectUsage:
        account = self._accounts.get(key)
        if account is None:
            account = self._accounts[key] = SubjectUsage(key)
        return account

    def _forget_if_empty(self, account: SubjectUsage) -> None:
        """Remove an account without connections or unsent bytes."""
        if not account.connections and not account.unsent_bytes:
            self._accounts.pop(account.key, None)

    # -- responses -------------------------------------------------------------------------------

    def require_room_for_call(self, caller: _Caller) -> None:
        """Check whether a call may start. Raises RateLimited or Overloaded while too many responses are unread."""
        if self.unsent_bytes > self.limits.unread_each:  # otherwise no caller can be above its own limit
            self.require_unread_below_limits(self._accounts.get(caller.owner), caller)

    def require_unread_below_limits(self, account: SubjectUsage | None, caller: _Caller | None) -> None:
        """Raise RateLimited if a subject is above its limit, Overloaded if the server is."""
        if account is not None and account.unsent_bytes > self.limits.unread_each:
            raise RateLimited(
                f"{account.unsent_bytes} bytes of your responses are unread.",
                fix="Read the responses on your other connections first. The command may have been executed: retry it "
                "with its idempotency key.",
                retry_after=2,
            )
        if caller is not None and _is_privileged(caller):
            return
        has_unread = account is not None and account.unsent_bytes > 0
        if self.unsent_bytes > self.limits.unread * (PRESSURE_SHARE if has_unread else 1):
            raise Overloaded(
                "Too many responses are waiting to be read.",
                fix="Retry in a moment, a command with its idempotency key.",
                retry_after=2,
            )

    # -- supervision -----------------------------------------------------------------------------

    async def run_stall_watchdog(self) -> None:
        """Supervise all connections until cancelled."""
        while True:
            await asyncio.sleep(min(SWEEP_SECONDS, self.limits.unread_timeout / 4))
            self.abort_stalled_connections(asyncio.get_running_loop().time())

    def abort_stalled_connections(self, now: float) -> None:
        """Update every connection, and abort those with stalled readers. now: seconds of the loop's clock."""
        limits = self.limits
        stalled: list[tuple[float, Connection]] = []
        for connection in self._connections:
            connection.update_unsent_size()
            if connection.unsent_bytes and (seconds := connection.compute_stalled_seconds(now)) > 0:
                stalled.append((seconds, connection))
        # The longest stalled first: closing them may relieve the pressure, which is checked again for each of the
        # others.
        stalled.sort(key=lambda each: each[0], reverse=True)
        for seconds, connection in stalled:
            pressed = (
                connection.account.unsent_bytes > limits.unread_each
                or self.unsent_bytes > limits.unread * PRESSURE_SHARE
            )
            if seconds >= (min(PRESSURE_TIMEOUT, limits.unread_timeout) if pressed else limits.unread_timeout):
                connection.abort_connection()
                self.unregister_connection(connection)  # now, because its transport reports it later
                self.cut_off += 1


def _do_nothing() -> None:
    """Do nothing: for connections that close themselves."""


def limit_kernel_send_queue(listener: socket.socket) -> None:
    """Limit the kernel's send queue of a connection, so that unsent bytes wait where they are counted."""
    if sys.platform == "linux":
        listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NOTSENT_LOWAT, NOT_SENT_LOW_WATER_BYTES)


def _read_acknowledged_bytes(transport: Any) -> int | None:
    """Read the bytes acknowledged by the peer, if the system reports them: buffers alone may hide slow progress."""
    if sys.platform != "linux":
        return None
    size = TCP_INFO_BYTES_ACKED + 8
    try:
        info = transport.get_extra_info("socket").getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, size)
    except OSError:
        return None
    return int.from_bytes(info[TCP_INFO_BYTES_ACKED:size], sys.byteorder) if len(info) == size else None


def _is_privileged(caller: _Caller) -> bool:
    return caller.kind in ("operator", "system") or not caller.scopes.isdisjoint(("*", "admin"))
