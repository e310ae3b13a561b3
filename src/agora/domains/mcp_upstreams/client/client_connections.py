"""Connections of an upstream that belong to a single client session or subject.

An upstream with an access token per subject needs a connection per subject. An upstream also keeps state per session (a
client's roots, its log level), and its requests do not name the call that they belong to. Therefore a call whose client
can be asked has a connection of its own, which the next call of the same client reuses.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from agora.core.call import CallClient
from agora_sdk.errors import RateLimited

from ..port import Endpoint

if TYPE_CHECKING:
    from .connection import Connection

__all__ = ["ClientConnections", "may_be_asked_by_upstream"]

IDLE_SECONDS: Final = 300.0  #: lifetime of an unused connection
MAX_CONNECTIONS: Final = {"http": 64, "stdio": 8}  #: connections per upstream; each stdio connection is a process
CLIENT_CAPABILITIES: Final = ("elicitation", "sampling", "roots")

Key = tuple[tuple[str, str], str, str]  #: key of the endpoint, subject, key of the client


def may_be_asked_by_upstream(client: CallClient | None) -> bool:
    """Whether an upstream may send requests or log messages to this client during a call."""
    return client is not None and (
        client.log_level is not None or any(client.capabilities.get(name) is not None for name in CLIENT_CAPABILITIES)
    )


@dataclass(eq=False)
class _PooledConnection:
    connection: Connection
    level: str | None = None
    uses: int = 0
    watched: int = 0
    used: float = field(default_factory=time.monotonic)


def _build_connection_key(endpoint: Endpoint, subject: str, client: CallClient | None) -> Key:
    return endpoint.key, subject, client.key if client is not None else ""


class ClientConnections:
    """Provides connections to calls.

    load: waits until ``create`` may be called. create: opens a connection for a subject, with the capabilities of a
    client or None. It does not wait: between counting the connections and adding one, no other call may add one.
    """

    def __init__(
        self,
        load: Callable[[], Awaitable[object]],
        create: Callable[[Endpoint, str, Mapping[str, Any] | None], Connection],
    ) -> None:
        self._load, self._create = load, create
        self._slots: dict[Key, list[_PooledConnection]] = {}
        self._closing: set[asyncio.Task[None]] = set()

    @contextlib.asynccontextmanager
    async def share_connection(self, endpoint: Endpoint, subject: str) -> AsyncIterator[Connection]:
        """Share a connection among the calls of a subject. Raises RateLimited if there are too many."""
        await self._load()
        slots = self._list_usable_slots(endpoint, subject, None)
        # No await between looking and opening: the count of connections is exact without a lock.
        slot = slots[0] if slots else self._open_slot(endpoint, subject, None)
        slot.uses += 1
        try:
            yield slot.connection
        finally:
            slot.uses, slot.used = slot.uses - 1, time.monotonic()

    @contextlib.asynccontextmanager
    async def lend_connection(self, endpoint: Endpoint, subject: str, client: CallClient) -> AsyncIterator[Connection]:
        """Lend a connection exclusively to a call of a client. Raises RateLimited if there are too many."""
        await self._load()
        slot = next((slot for slot in self._list_usable_slots(endpoint, subject, client) if not slot.uses), None)
        if slot is None:
            slot = self._open_slot(endpoint, subject, client)
        slot.uses += 1
        try:
            # Remembered per connection, since the upstream keeps the level for its session (MCP 2025-11-25, logging).
            if client.log_level is not None and client.log_level != slot.level:
                await slot.connection.set_log_level(client.log_level)
                slot.level = client.log_level
            yield slot.connection
        finally:
            slot.uses, slot.used = slot.uses - 1, time.monotonic()

    async def watch_resource(
        self, endpoint: Endpoint, subject: str, client: CallClient | None, uri: str, updated: Callable[[], None]
    ) -> Callable[[], None]:
        """Watch a resource over a connection of the client, which stays open. Raises RateLimited."""
        await self._load()
        slots = self._list_usable_slots(endpoint, subject, client)
        slot = slots[0] if slots else self._open_slot(endpoint, subject, client)
        remove_watcher = slot.connection.resources.add_watcher(uri, updated)
        slot.watched += 1

        def stop_watching() -> None:
            slot.watched -= 1
            slot.used = time.monotonic()
            remove_watcher()

        return stop_watching

    def _list_usable_slots(
        self, endpoint: Endpoint, subject: str, client: CallClient | None
    ) -> list[_PooledConnection]:
        """List the usable connections. Refused ones are closed first, because a new access token may be available."""
        key = _build_connection_key(endpoint, subject, client)
        self._drop_slots(lambda other, slot: other == key and not slot.uses and slot.connection.challenge is not None)
        return self._slots.get(key, [])

    def _open_slot(self, endpoint: Endpoint, subject: str, client: CallClient | None) -> _PooledConnection:
        # Counted over all subjects and clients of the upstream: each connection costs it a session.
        count = sum(len(slots) for (name, _, _), slots in self._slots.items() if name == endpoint.key)
        if count >= MAX_CONNECTIONS[endpoint.transport]:
            raise RateLimited(
                f"{endpoint.name} has too many clients at once.",
                fix="Try again later.",
                retry_after=5,
            )
        capabilities = None
        if client is not None:
            capabilities = {
                name: client.capabilities[name] for name in CLIENT_CAPABILITIES if name in client.capabilities
            }
        slot = _PooledConnection(self._create(endpoint, subject, capabilities))
        self._slots.setdefault(_build_connection_key(endpoint, subject, client), []).append(slot)
        return slot

    def close_idle_connections(self) -> None:
        """Close idle connections."""
        before = time.monotonic() - IDLE_SECONDS
        self._drop_slots(lambda key, slot: not slot.uses and not slot.watched and slot.used < before)

    def close_connections_of_upstream(self, endpoint_key: tuple[str, str]) -> None:
        """Close the connections to an upstream that was removed or changed."""
        self._drop_slots(lambda key, slot: key[0] == endpoint_key)

    async def close(self) -> None:
        """Close all connections."""
        self._drop_slots(lambda key, slot: True)
        await asyncio.gather(*self._closing)

    def _drop_slots(self, matches: Callable[[Key, _PooledConnection], bool]) -> None:
        for key, slots in list(self._slots.items()):
            for slot in [slot for slot in slots if matches(key, slot)]:
                # Removed at once and closed in a task: a new call must not get a connection that is being closed.
                slots.remove(slot)
                task = asyncio.create_task(slot.connection.close())
                self._closing.add(task)
                task.add_done_callback(self._closing.discard)
            if not slots:
                del self._slots[key]
