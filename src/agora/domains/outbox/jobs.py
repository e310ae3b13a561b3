"""The job of the outbox: claims due deliveries, posts them, and processes the results.

A claim is a lease with a fence. A result counts only in the transaction that deletes the row under that fence, so its
effects happen once even if requests are repeated: if a server crashes after the receiver has responded, the lease
expires and the request is repeated under the same key. Each destination has one worker with a small concurrency: a
destination that does not respond does not delay others, and all its deliveries are postponed together. Half of the
workers are for destinations whose last delivery was answered: many silent ones delay only those that are new.
"""

from __future__ import annotations

import asyncio
import hashlib
import logging
from collections.abc import Sequence
from contextlib import nullcontext
from enum import Enum
from functools import partial
from typing import Final
from urllib.parse import urlsplit
from weakref import WeakValueDictionary

from agora.clock import SECOND
from agora.core.call import Call
from agora.core.jobs import DueController, JobContext
from agora.core.usage import DEFAULT_TENANT
from agora.domains.dead_letters.letters import record_dead_letter
from agora.domains.dead_letters.port import NewDeadLetter
from agora.domains.identity.signing_key import KEY_FILE, SigningKey
from agora.net.backoff import compute_jittered_delay
from agora.store.port import Reader, StoredEvent, StoreUnavailable
from agora.telemetry import CURRENT_CALLER
from agora_sdk.errors import AgoraError

from . import queries as statements
from .http_sender import (
    MAX_CONCURRENT_POSTS,
    MAX_CONCURRENT_POSTS_PER_ORIGIN,
    DeliveryRejected,
    HttpResponse,
    HttpSender,
)
from .port import OUTBOX_SOURCES, OutboxRequest, OutboxSource
from .records import OutboxRow

__all__ = ["OutboxController"]

log = logging.getLogger(__name__)

DELIVERIES_PER_WORKER: Final = 4  #: concurrent deliveries per worker
#: workers that deliver at once, in all and to one destination: a delivery never waits for the sender while its lease runs
MAX_WORKERS: Final = MAX_CONCURRENT_POSTS // DELIVERIES_PER_WORKER
MAX_WORKERS_PER_DESTINATION: Final = MAX_CONCURRENT_POSTS_PER_ORIGIN // DELIVERIES_PER_WORKER
#: workers for destinations that have not responded yet, or did not respond to the last delivery
MAX_UNPROVEN_WORKERS: Final = MAX_WORKERS // 2
MAX_RESPONSIVE_DESTINATIONS: Final = 10_000  #: destinations remembered to have answered their last delivery
MAX_DESTINATIONS: Final = 1000  #: destinations read per pass
LEASE_SECONDS: Final = 90  # seconds, longer than the maximum of endpoint_timeout including the connection
FIRST_PAUSE, MAX_BACKOFF = 1.0, 3600.0  # seconds
#: statuses that a retry would receive again
PERMANENT_STATUSES: Final = frozenset({400, 410, 413, 415, 422})
#: events whose transactions add rows
WAKING_EVENTS: Final = frozenset({"agora.message.received", "agora.dead_letter.replayed"})


class Reaction(Enum):
    """How a destination reacted to a delivery."""

    ANSWERED = "answered"
    ASKED_TO_WAIT = "asked to wait"
    SILENT = "silent"
    NOT_CONTACTED = "not contacted"


class OutboxController(DueController):
    """Delivers what is due, for all sources."""

    name = "outbox"
    interval = 0.2
    next_due = statements.select_next_due_time

    def __init__(self, context: JobContext) -> None:
        super().__init__(context)
        settings = context.server.settings
        self._sender = HttpSender(limit=settings.body_limit)
        self._key = SigningKey(settings.secrets_dir / KEY_FILE)
        self._workers: dict[tuple[str, str], asyncio.Task[None]] = {}
        self._slots = asyncio.Semaphore(MAX_WORKERS)
        self._unproven_slots = asyncio.Semaphore(MAX_UNPROVEN_WORKERS)
        self._responsive: dict[str, None] = {}  # a set in the order of the responses
        # Of all tenants, by destination. Weak: they disappear with the last worker of the destination.
        self._destination_slots: WeakValueDictionary[str, asyncio.Semaphore] = WeakValueDictionary()

    async def start_up(self) -> None:
        if self.context.store.exclusive:  # a single server owns the store: every lease belongs to a dead process
            for tenant in {DEFAULT_TENANT, *await self.context.store.tenants()}:
                await self.write_as_system(tenant, _release_leases)

    def receive_committed_events(self, events: Sequence[StoredEvent], /) -> None:
        for event in events:
            if event.event.type in WAKING_EVENTS:
                self.mark_tenant_due(event.tenant_id)

    async def reconcile(self, tenant: str) -> None:
        """Start a worker for each destination with due deliveries; none while the marketplace is halted."""
        if self.context.overrides.is_halted(tenant):
            return
        now = self.context.clock.now()
        for destination in await self.read(tenant, statements.select_due_destinations, now=now, limit=MAX_DESTINATIONS):
            key = (tenant, destination)
            if key not in self._workers and not self.is_stopping:
                self._workers[key] = asyncio.get_running_loop().create_task(self._deliver_to_destination(*key))

    async def shut_down(self) -> None:
        for worker in self._workers.values():
            worker.cancel()  # an abandoned lease expires, and the request is repeated
        await asyncio.gather(*self._workers.values(), return_exceptions=True)
        self._sender.close()

    # -- one destination -------------------------------------------------------------------------

    async def _deliver_to_destination(self, tenant: str, destination: str) -> None:
        """Deliver until nothing is due for the destination, or it does not respond."""
        CURRENT_CALLER.set((tenant, "system"))
        claim = partial(_lease_due_rows, destination=destination)
        slots = self._destination_slots.setdefault(destination, asyncio.Semaphore(MAX_WORKERS_PER_DESTINATION))
        try:
            while True:
                lane = nullcontext() if destination in self._responsive else self._unproven_slots
                async with slots, lane, self._slots:
                    # Here, because a halt may begin while the worker waits for a slow destination.
                    if self.context.overrides.is_halted(tenant):
                        return
                    rows = await self.write_as_system(tenant, claim)
                    reactions = await asyncio.gather(*(self._deliver_or_record_failure(tenant, row) for row in rows))
                if any(reaction is not Reaction.NOT_CONTACTED for reaction in reactions):
                    self._record_responsiveness(destination, Reaction.SILENT not in reactions)
                if not rows or Reaction.SILENT in reactions or Reaction.ASKED_TO_WAIT in reactions:
                    return
        except Exception:
            log.exception("deliveries to %s could not be made and will be retried", destination)
        finally:
            del self._workers[tenant, destination]
            # Rows that became due while the worker ended had no worker started for them.
            self.mark_tenant_due(tenant)

    def _record_responsiveness(self, destination: str, is_responsive: bool) -> None:
        self._responsive.pop(destination, None)
        if is_responsive:
            self._responsive[destination] = None
            if len(self._responsive) > MAX_RESPONSIVE_DESTINATIONS:
                del self._responsive[next(iter(self._responsive))]

    async def _deliver_or_record_failure(self, tenant: str, row: OutboxRow) -> Reaction:
        """Make one delivery, and store its outcome. Returns how its destination reacted."""
        source = self.context.server.ports.get(OUTBOX_SOURCES)[row.source].get()
        url = row.destination
        if row.expires_at is not None and row.expires_at <= self.context.clock.now():
            await self._store_as_dead_letter(tenant, row, url, "It has expired: no answer is expected any more.", 0)
            return Reaction.NOT_CONTACTED
        reaction = Reaction.NOT_CONTACTED
        try:
            request = await self._build_request(tenant, source, row)
            if request is None:
                await self.write_as_system(tenant, partial(_delete_row, row=row))
                return reaction
            url, reaction = request.url, Reaction.SILENT
            response = await self._post_signed(row, request)
            reaction = Reaction.ANSWERED
            await self.write_as_system(
                tenant, partial(_delete_row_and_handle_response, row=row, source=source, response=response)
            )
        except DeliveryRejected as error:
            await self._retry_or_give_up(tenant, row, url, error)
            # An error response is a response: only silence, or a request to wait, holds the whole destination.
            if error.status is not None:
                reaction = Reaction.ASKED_TO_WAIT if error.retry_after else Reaction.ANSWERED
        # The delivery may have succeeded: its lease expires, and it is repeated under the same key.
        except StoreUnavailable:
            raise
        except AgoraError as error:
            await self._store_as_dead_letter(tenant, row, url, f"Its answer cannot be processed: {error}")
        except Exception as error:  # must not affect other deliveries
            log.exception("the answer to %s from %s could not be processed", row.ref, row.destination)
            failure = DeliveryRejected(f"Its answer could not be processed: {type(error).__name__}.", status=0)
            await self._retry_or_give_up(tenant, row, url, failure)
        return reaction

    async def _retry_or_give_up(self, tenant: str, row: OutboxRow, url: str, error: DeliveryRejected) -> None:
        attempts = self.context.server.settings.endpoint_attempts
        if error.permanent or error.status in PERMANENT_STATUSES or row.attempts + 1 >= attempts:
            await self._store_as_dead_letter(tenant, row, url, str(error))
        else:
            await self._postpone_delivery(tenant, row, error)

    async def _build_request(self, tenant: str, source: OutboxSource, row: OutboxRow) -> OutboxRequest | None:
        async def build_request(reader: Reader) -> OutboxRequest | None:
            return await source.build_request(reader, row, self.context.server)

        return await self.context.store.read(tenant, build_request)

    async def _post_signed(self, row: OutboxRow, request: OutboxRequest) -> HttpResponse:
        """Post, signed like a push notification. Raises DeliveryRejected."""
        now, settings = self.context.clock.now(), self.context.server.settings
        seconds = settings.endpoint_timeout
        if row.expires_at is not None:
            # A response after the deadline would be dropped, so it is not waited for.
            seconds = min(seconds, max(row.expires_at - now, 1) / SECOND)
        parts = urlsplit(request.url)
        claims = {
            "iss": settings.public_url or "urn:agora",
            "aud": f"{parts.scheme}://{parts.netloc}",
            "sub": row.recipient,
            # The same for each attempt, so that the receiver can recognize a repetition.
            "jti": request.key,
            "iat": now // SECOND,
            "request_body_sha256": hashlib.sha256(request.body).hexdigest(),
        }
        headers = {
            "content-type": "application/json",
            "accept": "application/json",
            "authorization": f"Bearer {self._key.sign_token(claims)}",
            "idempotency-key": request.key,
        }
        return await self._sender.post_request(
            request.url, headers, request.body, private=request.private, seconds=seconds
        )

    # -- results ---------------------------------------------------------------------------------

    async def _postpone_delivery(self, tenant: str, row: OutboxRow, error: DeliveryRejected) -> None:
        attempts = row.attempts + 1
        pause = max(compute_jittered_delay(attempts, FIRST_PAUSE, MAX_BACKOFF), error.retry_after)
        due_at = self.context.clock.now() + int(pause * SECOND)
        if row.expires_at is not None:
            due_at = min(due_at, row.expires_at)  # to be given up at that time
        values = {"attempts": attempts, "due_at": due_at, "error": str(error)[:1000], **_build_lease_key(row)}

        async def store_postponement(call: Call) -> None:
            await call.tx.execute(statements.postpone_delivery, **values)
            if error.status is None or error.retry_after:
                await call.tx.execute(statements.hold_destination, destination=row.destination, due_at=due_at)

        await self.write_as_system(tenant, store_postponement)

    async def _store_as_dead_letter(self, tenant: str, row: OutboxRow, url: str, reason: str, failed: int = 1) -> None:
        """Convert the row to a dead letter. failed: attempts not yet counted in the row."""
        dead_letter = NewDeadLetter(
            source=row.source,
            key=f"{row.ref}/{row.recipient}",
            owner=row.recipient,
            account=row.account,
            ref=row.ref,
            # Queries of URLs often hold keys; the letter is shown to people.
            destination=urlsplit(url)._replace(query="", fragment="").geturl(),
            reason=reason,
            attempts=row.attempts + failed,
        )

        async def store_failure(call: Call) -> None:
            if await call.tx.execute(statements.delete_delivery, **_build_lease_key(row)):
                call.target = row.ref
                await record_dead_letter(call, dead_letter)

        await self.write_as_system(tenant, store_failure)
        log.warning("the delivery of %s to %s is given up: %s", row.ref, row.destination, reason)


def _build_lease_key(row: OutboxRow) -> dict[str, str | int]:
    return {"delivery_id": row.delivery_id, "fence": row.fence}


async def _release_leases(call: Call) -> None:
    await call.tx.execute(statements.release_leases)


async def _lease_due_rows(call: Call, *, destination: str) -> Sequence[OutboxRow]:
    times = {"until": call.now + LEASE_SECONDS * SECOND, "now": call.now}
    return await call.tx.returning(
        statements.claim_deliveries, destination=destination, limit=DELIVERIES_PER_WORKER, **times
    )


async def _delete_row(call: Call, *, row: OutboxRow) -> None:
    await call.tx.execute(statements.delete_delivery, **_build_lease_key(row))


async def _delete_row_and_handle_response(
    call: Call, *, row: OutboxRow, source: OutboxSource, response: HttpResponse
) -> None:
    """Delete the row and handle the response, unless another server has claimed the row since."""
    if await call.tx.execute(statements.delete_delivery, **_build_lease_key(row)):
        await source.handle_response(call, row, response)
