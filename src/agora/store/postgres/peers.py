"""Messages to the other servers on the same database, by LISTEN and NOTIFY.

A message may be lost with a connection; a commit is not, because it is in the log. A server that listens again is
notified that it may have missed messages.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Callable
from typing import Any
from uuid import uuid4

import asyncpg

from .connections import CONNECT_SECONDS, redact_url
from .schema import RUNTIME_ROLE

__all__ = ["CHANNEL", "COMMIT_TOPIC", "LISTENING_TOPIC", "Peers"]

log = logging.getLogger(__name__)

CHANNEL = "agora"
COMMIT_TOPIC = "news"  #: topic of a commit; its text: tenant, sequence of the last event, number of events
LISTENING_TOPIC = "listening"  #: topic of the local notice that this server listens again and may have missed messages
MAX_PAYLOAD_BYTES = 7_900  # maximum bytes of a message; PostgreSQL closes the connection on larger ones
MAX_QUEUED_MESSAGES = 1000  # maximum number of unsent messages; beyond it, the oldest are dropped
HEARTBEAT_SECONDS = 5.0  # between heartbeats on a quiet connection
RECONNECT_SECONDS = 0.5  # until a lost connection is tried again


class Peers:
    """One connection for LISTEN and NOTIFY. A notification is a topic and a text, together at most 7,900 bytes.

    ``on_message(origin, topic, text)`` is called on the event loop for each message of another server, and with
    :data:`LISTENING_TOPIC` when this one listens (again). ``others``: whether another server listens for commits.
    """

    def __init__(self, url: str) -> None:
        self.url, self.origin = url, uuid4().hex[:12]
        self.on_message: Callable[[str, str, str], None] = lambda origin, topic, text: None
        self.listening = self.others = self._closing = False
        self._unsent_messages: asyncio.Queue[str] = asyncio.Queue(MAX_QUEUED_MESSAGES)
        self._connection_task: asyncio.Task[None] | None = None

    def open(self) -> None:
        self._connection_task = asyncio.get_running_loop().create_task(self._keep_connected())

    async def close(self) -> None:
        """Close the connection, even if a cancellation is lost."""
        self._closing = True
        while self._connection_task is not None and not self._connection_task.done():
            self._connection_task.cancel()
            await asyncio.wait({self._connection_task}, timeout=1)

    def send(self, topic: str, text: str = "") -> None:
        """Send a message to every other server without waiting. Raises ValueError for an invalid message."""
        message = f"{self.origin} {topic} {text}"
        if len(message.encode()) > MAX_PAYLOAD_BYTES or "\0" in message:
            raise ValueError(f"a message about {topic!r} is too long, or has a NUL")
        # The oldest is the least loss: a later message about a tenant has a later sequence, and the log is read up to
        # that.
        if self._unsent_messages.full():
            self._unsent_messages.get_nowait()
        self._unsent_messages.put_nowait(message)

    def find_notification_prefix(self) -> str | None:
        """Prefix of a transaction's notification; None if no other server listens."""
        return f"{self.origin} {COMMIT_TOPIC}" if self.others else None

    # -- life ------------------------------------------------------------------------------------

    async def _keep_connected(self) -> None:
        while not self._closing:
            try:
                await self._run_connection()
            except Exception as error:  # an internal error of the client is not one of its usual exceptions
                # A single server without peers misses nothing: no warning.
                if self.listening and self.others:
                    log.warning(
                        "Messages of the other servers at %s cannot be received now: %s", redact_url(self.url), error
                    )
                self.listening = False
                await asyncio.sleep(RECONNECT_SECONDS)

    async def _run_connection(self) -> None:
        """Listen and send until the connection is lost."""
        connection = await asyncpg.connect(self.url, timeout=CONNECT_SECONDS, server_settings=_SESSION_SETTINGS)
        try:
            await connection.add_listener(CHANNEL, self._receive_notification)
            self.listening = True
            # After LISTEN: what was committed before it is found in the log, what comes later is heard.
            self.on_message(self.origin, LISTENING_TOPIC, "")
            while not self._closing:
                await self._send_next(connection)
        finally:
            with contextlib.suppress(Exception):
                await connection.close(timeout=1)

    async def _send_next(self, connection: Any) -> None:
        """Send the next message, or a heartbeat if the connection is quiet."""
        try:
            async with asyncio.timeout(HEARTBEAT_SECONDS):
                message = await self._unsent_messages.get()
        except TimeoutError:
            # A connection that only listens would never notice that its server is gone.
            await connection.fetchval("select 1", timeout=HEARTBEAT_SECONDS)
        else:
            await connection.execute("select pg_notify($1, $2)", CHANNEL, message, timeout=HEARTBEAT_SECONDS)

    def _receive_notification(self, connection: Any, pid: int, channel: str, payload: Any) -> None:
        origin, _, body = str(payload).partition(" ")
        topic, _, text = body.partition(" ")
        # NOTIFY reaches its own sender, too.
        if origin != self.origin and topic:
            try:
                self.on_message(origin, topic, text)
            except Exception:
                log.exception("a message of another server could not be handled")


_SESSION_SETTINGS = {"application_name": "agora peers", "role": RUNTIME_ROLE}
