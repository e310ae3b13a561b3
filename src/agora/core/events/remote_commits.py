"""Delivery of events committed by other servers on the same store, exactly once and in order.

A notification of another server is only a hint; the log is authoritative. A late, repeated or lost hint loses no event:
the next hint or poll delivers it.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence

from agora.store.port import Store, StoredEvent
from agora_sdk.errors import CursorTooOld

from . import log as event_log
from .filter import UNFILTERED, Viewer

__all__ = ["RemoteCommits"]

log = logging.getLogger(__name__)

SYSTEM = Viewer("system", sees_all=True)
RETRY_SECONDS = 0.5
MIN_POLL_SECONDS = 0.005
MAX_POLL_SECONDS = 0.1


class RemoteCommits:
    """Follows each tenant's log and skips this server's own commits.

    deliver_events: awaited with the events of one tenant. on_missed_events: awaited with a tenant when events were deleted unread.
    has_waiting_reader: whether a reader waits for a tenant's events; otherwise one read covers many commits.
    """

    def __init__(
        self,
        store: Store,
        deliver_events: Callable[[str, Sequence[StoredEvent]], Awaitable[None]],
        on_missed_events: Callable[[str], Awaitable[None]],
        has_waiting_reader: Callable[[str], bool],
    ) -> None:
        self._store, self._deliver_events = store, deliver_events
        self._on_missed_events, self._has_waiting_reader = on_missed_events, has_waiting_reader
        self._last_sequence: dict[str, int] = {}
        self._own_sequences: dict[str, set[int]] = {}
        self._ahead: dict[str, int] = {}  # highest announced sequence
        self._readers: dict[str, asyncio.Task[None]] = {}

    @property
    def is_idle(self) -> bool:
        """Whether no log is being read."""
        return not self._readers

    async def start(self) -> None:
        """Start at the current end of each log."""
        for tenant in await self._store.tenants():
            self._last_sequence[tenant] = await self._store.read(tenant, event_log.read_head)

    async def stop(self) -> None:
        readers = list(self._readers.values())
        for reader in readers:
            reader.cancel()
        await asyncio.gather(*readers, return_exceptions=True)

    def receive_committed_events(self, events: Sequence[StoredEvent]) -> None:
        """Advance past this server's own commits, so that they are not delivered twice."""
        for event in events:
            tenant = event.tenant_id
            position = self._last_sequence.setdefault(tenant, 0)
            if event.seq <= position:  # read from the log before the commit was reported here
                continue
            # While a reader runs, the position is its own: it would set it back to the end of the page that it is
            # reading.
            if event.seq == position + 1 and tenant not in self._readers:
                self._last_sequence[tenant] = event.seq
            else:
                self._own_sequences.setdefault(tenant, set()).add(event.seq)
                self.schedule_delivery_up_to(tenant, event.seq)

    def schedule_delivery_up_to(self, tenant: str, head: int) -> None:
        """Deliver a tenant's events up to an announced sequence number, in a task."""
        position = self._last_sequence.setdefault(tenant, 0)
        self._ahead[tenant] = max(head, self._ahead.get(tenant, 0))
        if self._ahead[tenant] > position and tenant not in self._readers:
            self._readers[tenant] = asyncio.get_running_loop().create_task(self._deliver_until_caught_up(tenant))

    async def poll_logs(self) -> None:
        """Check every log, in case notifications were missed."""
        for tenant in await self._store.tenants():
            self._last_sequence.setdefault(tenant, 0)
            self.schedule_delivery_up_to(tenant, await self._store.read(tenant, event_log.read_head))

    async def _deliver_until_caught_up(self, tenant: str) -> None:
        try:
            while self._last_sequence[tenant] < self._ahead[tenant]:
                try:
                    await self._deliver_page(tenant)
                    # Collects further commits in one read; nobody notices a tenth of a second if no reader waits.
                    await asyncio.sleep(MIN_POLL_SECONDS if self._has_waiting_reader(tenant) else MAX_POLL_SECONDS)
                except Exception:
                    log.exception("reading what other servers committed failed")
                    await asyncio.sleep(RETRY_SECONDS)
        finally:
            del self._readers[tenant]

    async def _deliver_page(self, tenant: str) -> None:
        """Deliver one page. The log, not the notification, decides where it ends."""
        after, target = self._last_sequence[tenant], self._ahead[tenant]

        try:
            page_read = await self._store.read(
                tenant, lambda reader: event_log.read_events(reader, after, event_filter=UNFILTERED, viewer=SYSTEM)
            )
        except CursorTooOld:
            # Retention has deleted events that were never delivered: caches that follow the log must be loaded again.
            self._last_sequence[tenant] = self._ahead[tenant] = await self._store.read(tenant, event_log.read_head)
            await self._on_missed_events(tenant)
            return
        own_commits = self._own_sequences.pop(tenant, set())
        if events := [event for event in page_read.events if event.seq not in own_commits]:
            await self._deliver_events(tenant, events)
        self._last_sequence[tenant] = page_read.position
        # The log decides where it ends: a head that it does not reach would keep this reader going for ever. A hint
        # that came during the read may name a later head, and stays.
        if self._ahead[tenant] == target:
            self._ahead[tenant] = page_read.head
        # Own commits beyond this page come with a later one, and must be skipped there too.
        if later := {seq for seq in own_commits | self._own_sequences.get(tenant, set()) if seq > page_read.position}:
            self._own_sequences[tenant] = later
