"""The push notification controller: posts a task's updates to its webhooks, in order, at least once.

A configuration is its own outbox: it has a position in its task's log. The delivering server holds a lease on it, posts
the next item and advances the position; if the server dies between these steps, the item is posted again. A failed
post is retried with backoff; after ``push_attempts`` the configuration becomes a dead letter until it is retried.
"""

from __future__ import annotations

import asyncio
import heapq
import logging
import sys
from collections.abc import Sequence
from functools import partial
from typing import Any

from pydantic_core import from_json

from agora.clock import SECOND
from agora.core.call import Call, Entry
from agora.core.jobs import Controller, JobContext
from agora.core.ports import CREDENTIAL_SEALER
from agora.core.usage import DEFAULT_TENANT
from agora.domains.identity.signing_key import KEY_FILE, SigningKey
from agora.domains.outbox.http_sender import DeliveryRejected
from agora.domains.tasks import queries as tasks
from agora.domains.tasks.records import TaskRow
from agora.net.backoff import compute_jittered_delay
from agora.store.port import Reader, StoredEvent, StoreUnavailable
from agora.telemetry import CURRENT_CALLER
from agora.wire.a2a import v03 as legacy

from . import push_queries as statements
from .push_delivery import Notification, NotificationSender
from .records import PushConfigRow

__all__ = ["PushController"]

log = logging.getLogger(__name__)

LEASE_SECONDS = 60  # seconds, renewed by each delivery; longer than a post can take
SWEEP_SECONDS = 30.0  # seconds between full scans for due configurations
PAGE_SIZE = 1000
FIRST_PAUSE, MAX_BACKOFF = 1.0, 3600.0  # seconds
#: bytes of a notification; a larger one is sent without the task's history and artifacts
MAX_NOTIFICATION_BYTES = 4_194_304
CONFIGURED_EVENT = "agora.push.configured"

Key = tuple[str, str, str]


class PushController(Controller):
    """Woken by commits; sweeps retry due notifications and take over from stopped servers."""

    name = "push"
    interval = 1.0

    def __init__(self, context: JobContext) -> None:
        super().__init__(context)
        settings, sealer = context.server.settings, context.server.ports.get(CREDENTIAL_SEALER)
        key = SigningKey(settings.secrets_dir / KEY_FILE)
        issuer = settings.public_url or "urn:agora"
        self.sender = NotificationSender(key, sealer, issuer, seconds=settings.push_timeout)
        self.counts = context.server.pushes
        self.watched: dict[tuple[str, str], set[str]] = {}  # configuration ids by tenant and task
        self._workers: dict[Key, asyncio.Task[None]] = {}
        self._retry_keys: set[Key] = set()
        self._due_heap: list[tuple[int, Key]] = []
        self._swept_at = 0
        self._closing = False

    # -- lifecycle -------------------------------------------------------------------------------

    async def start_up(self) -> None:
        # Configurations have to be known before the first event: an event of an unknown one wakes nobody.
        for tenant in {DEFAULT_TENANT, *await self.context.store.tenants()}:
            if self.context.store.exclusive:  # a single server owns the store: every lease belongs to a dead process
                await self.write_as_system(tenant, _release_all_config_leases)
            await self._watch_active_configs(tenant)

    async def _watch_active_configs(self, tenant: str) -> None:
        position = {"task_id": "", "config_id": ""}
        while rows := await self.read(tenant, statements.select_active_configs, **position, limit=PAGE_SIZE):
            for row in rows:
                self.watched.setdefault((tenant, row.task_id), set()).add(row.config_id)
            position = {"task_id": rows[-1].task_id, "config_id": rows[-1].config_id}

    def receive_committed_events(self, events: Sequence[StoredEvent]) -> None:
        """Wake the worker of each configuration whose task has an event."""
        for stored in events:
            event, subject = stored.event, stored.event.subject
            if event.type == CONFIGURED_EVENT and subject is not None:
                config_id = from_json(event.data)["config_id"]
                self.watched.setdefault((stored.tenant_id, subject), set()).add(config_id)
                self._wake_worker((stored.tenant_id, subject, config_id))
            elif self.watched and event.type.startswith("agora.task."):
                for config_id in tuple(self.watched.get((stored.tenant_id, subject or ""), ())):
                    self._wake_worker((stored.tenant_id, subject or "", config_id))

    async def step(self) -> None:
        now = self.context.clock.now()
        while self._due_heap and self._due_heap[0][0] <= now:
            self._wake_worker(heapq.heappop(self._due_heap)[1])
        if now - self._swept_at >= SWEEP_SECONDS * SECOND:
            self._swept_at = now
            await self.run_for_each_tenant(self.reconcile)

    async def _wait_for_next_step_or_stop(self, stop: asyncio.Event) -> bool:
        """Wait until the next retry or sweep is due."""
        if await super()._wait_for_next_step_or_stop(stop):
            return True
        due = min(self._swept_at + int(SWEEP_SECONDS * SECOND), self._due_heap[0][0] if self._due_heap else sys.maxsize)
        seconds = (due - self.context.clock.now()) / SECOND
        return await self._wait_for_wakeup_or_stop(stop, seconds) if seconds > 0 else False

    async def reconcile(self, tenant: str) -> None:
        """Deliver due notifications that no server is delivering."""
        for row in await self.read(
            tenant, statements.select_due_configs, now=self.context.clock.now(), limit=PAGE_SIZE
        ):
            self.watched.setdefault((tenant, row.task_id), set()).add(row.config_id)
            self._wake_worker((tenant, row.task_id, row.config_id))

    async def shut_down(self) -> None:
        self._closing = True
        for worker in self._workers.values():
            worker.cancel()  # an abandoned lease expires, and the item is posted again
        await asyncio.gather(*self._workers.values(), return_exceptions=True)
        self.sender.close()

    async def wait_until_idle(self) -> None:
        """Wait until no delivery is running."""
        while self._workers:
            await asyncio.wait(self._workers.values())

    # -- one configuration -----------------------------------------------------------------------

    def _wake_worker(self, key: Key) -> None:
        if key in self._workers:
            self._retry_keys.add(key)
        elif not self._closing:
            self._workers[key] = asyncio.get_running_loop().create_task(self._run_worker(key))

    async def _run_worker(self, key: Key) -> None:
        """Deliver pages until none is left. Each configuration has its own task: slow receivers do not delay others."""
        CURRENT_CALLER.set((key[0], "system"))
        try:
            while True:
                # Before the page is read: a commit from here on asks for another round.
                self._retry_keys.discard(key)
                if not await self._claim_and_deliver_page(key) and key not in self._retry_keys:
                    return
        except StoreUnavailable as error:
            # The store logs an outage once. Not retried at once: all due configurations fail, and the next sweep finds them.
            log.debug("notifications of %s wait for the store: %s", key[1], error)
        except Exception:
            # The lease is not released: it delays the retry, so that a permanent error does not repeat at once.
            log.exception("notifications of %s could not be delivered and will be retried", key[1])
            self._swept_at = 0
            self._wakeup.set()
        finally:
            del self._workers[key]
            self._retry_keys.discard(key)

    async def _claim_and_deliver_page(self, key: Key) -> bool:
        """Deliver a page of items; returns whether more are due now."""
        tenant, task_id, config_id = key
        rows = await self.write_as_system(tenant, partial(_claim_config, task_id=task_id, config_id=config_id))
        if not rows:
            # Most often another server holds the lease. It receives the same events, and goes on by itself.
            await self._forget_config_if_inactive(key)
            return False
        row = rows[0]
        task, entries, finished = await self._read_updates(tenant, row)
        # Releases the lease also if there is nothing to post.
        if not entries:
            state = "done" if finished else "active"
            await self._advance_position(tenant, row, row.position, state=state, held=False)
            if finished:
                self._stop_watching(key)
            return False
        for entry in entries:
            last = entry is entries[-1]
            try:
                await self._post_entry(tenant, row, task, entry)
            except DeliveryRejected as error:
                # The stored count is of the first item: each delivered one has reset it.
                await self._retry_later_or_give_up(key, row, error, 1 if entry is not entries[0] else row.attempts + 1)
                return False
            self.counts["delivered"] += 1
            state = "done" if last and finished else "active"
            # The fence has changed: the configuration was replaced or retried, and another worker goes on.
            if not await self._advance_position(tenant, row, entry.number, state=state, held=not last):
                return False
        if finished:
            self._stop_watching(key)
        return not finished

    async def _forget_config_if_inactive(self, key: Key) -> None:
        """Stop watching a configuration that could not be claimed, unless it is still active."""
        tenant, task_id, config_id = key
        rows = await self.read(tenant, statements.select_config_state, task_id=task_id, config_id=config_id)
        if not rows or rows[0] != "active":
            self._stop_watching(key)

    def _stop_watching(self, key: Key) -> None:
        watched = self.watched.get(key[:2])
        if watched is not None:
            watched.discard(key[2])
            if not watched:
                del self.watched[key[:2]]

    async def _read_updates(self, tenant: str, row: PushConfigRow) -> tuple[TaskRow | None, list[Entry], bool]:
        """Read the task, the items after the configuration's position, and whether they are the last."""

        from . import lookup, task_updates
        from . import views as view

        async def load_updates(reader: Reader) -> tuple[TaskRow | None, list[Entry], bool]:
            task = await reader.one(tasks.select_task, task_id=row.task_id)
            if task is None:
                return None, [], True
            page = await task_updates.read_updates(reader, task, row.position)
            entries = list(page.entries)
            if entries and row.version == "0.3":
                document = await lookup.build_task_document(reader, task, None)
                # 0.3 knows no updates in notifications: each is the whole task.
                # The position moves to the end of the log: the entries after this page are in the document already.
                payload, number = (
                    legacy.task_to_v03(document),
                    max(entries[-1].number, view.compute_stream_position(task.entries)),
                )
                is_ended = task.completed_at is not None
                return task, [Entry(number, "task", view.encode_document(payload))], is_ended
            return task, entries, page.done

        return await self.context.store.read(tenant, load_updates)

    async def _post_entry(self, tenant: str, row: PushConfigRow, task: TaskRow | None, entry: Entry) -> None:
        body = entry.json
        if len(body) > MAX_NOTIFICATION_BYTES and task is not None:
            body = await self._encode_shortened_body(tenant, row, task)
        # Allowed when it was configured and still allowed now: an operator may have forbidden it since.
        private = bool(row.private) and self.context.server.settings.a2a_private_networks
        notification = Notification(row, entry.number, body, self.context.clock.now())
        await self.sender.post_notification(notification, private=private)

    async def _encode_shortened_body(self, tenant: str, row: PushConfigRow, task: TaskRow) -> bytes:
        from . import lookup
        from . import views as view

        document = await self.context.store.read(
            tenant, lambda reader: lookup.build_task_document(reader, task, 0, artifacts=False)
        )
        return view.encode_document(legacy.task_to_v03(document) if row.version == "0.3" else {"task": document})

    # -- results ---------------------------------------------------------------------------------

    async def _advance_position(
        self, tenant: str, row: PushConfigRow, position: int, *, state: str, held: bool
    ) -> bool:
        """Advance the position. Returns whether the configuration still exists with the same fence."""

        async def write_mark(call: Call) -> int:
            until = call.now + LEASE_SECONDS * SECOND if held else 0
            values = {"position": position, "state": state, "until": until, "now": call.now}
            return await call.tx.execute(statements.update_config_position, **_build_config_key(row), **values)

        return bool(await self.write_as_system(tenant, write_mark))

    async def _retry_later_or_give_up(
        self, key: Key, row: PushConfigRow, error: DeliveryRejected, attempts: int
    ) -> None:
        """Schedule a retry, or give the configuration up. attempts: of this item, including the failed one."""
        from .push_configs import mark_config_dead

        tenant, why = key[0], str(error)[:1000]
        self.counts["failed"] += 1
        # Notifications are in order: the configuration stops as a whole, as nothing may be posted after a gap.
        if error.permanent or attempts >= self.context.server.settings.push_attempts:
            await self.write_as_system(tenant, partial(mark_config_dead, row=row, error=why, attempts=attempts))
            self.counts["dead"] += 1
            self._stop_watching(key)
            log.warning("notifications of %s are given up: %s", row.task_id, why)
            return
        # A receiver that names a time (Retry-After) is not asked sooner.
        pause = max(compute_jittered_delay(attempts, FIRST_PAUSE, MAX_BACKOFF), error.retry_after)
        due_at = self.context.clock.now() + int(pause * SECOND)

        async def postpone_config(call: Call) -> int:
            values = {"attempts": attempts, "due_at": due_at, "error": why, "now": call.now}
            return await call.tx.execute(statements.postpone_config, **_build_config_key(row), **values)

        if await self.write_as_system(tenant, postpone_config):
            heapq.heappush(self._due_heap, (due_at, key))
            self._wakeup.set()


def _build_config_key(row: PushConfigRow) -> dict[str, Any]:
    return {"task_id": row.task_id, "config_id": row.config_id, "fence": row.fence}


async def _release_all_config_leases(call: Call) -> None:
    await call.tx.execute(statements.release_config_leases)


async def _claim_config(call: Call, *, task_id: str, config_id: str) -> Sequence[PushConfigRow]:
    until = call.now + LEASE_SECONDS * SECOND
    return await call.tx.returning(
        statements.claim_config, task_id=task_id, config_id=config_id, until=until, now=call.now
    )
