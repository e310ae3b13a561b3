"""Inbound bridge: authenticates entries of the Redis stream and publishes them in the marketplace.

An entry is acknowledged after its commit. After a crash in between, it is delivered again and recognised by its
``message_id``. An invalid entry becomes a dead letter with the reason. An entry that is only temporarily refused (halt,
full queue, rate limit) waits in a bounded buffer (:mod:`.held_entries`).
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, datetime
from functools import partial
from typing import Any

from agora.clock import to_datetime
from agora.core.call import Caller
from agora.core.jobs import JobContext
from agora.core.overrides import SYSTEM_WIDE
from agora.core.usage import DEFAULT_TENANT
from agora.domains.agents.records import AgentRow
from agora.domains.agents.references import find_agent
from agora.domains.dead_letters.letters import record_dead_letters
from agora.domains.dead_letters.port import NewDeadLetter
from agora.store.port import Reader
from agora.telemetry import use_protocol
from agora.value_classes import value_class
from agora_sdk.contract import Operation
from agora_sdk.errors import (
    AgoraError,
    Halted,
    InternalError,
    InvalidRequest,
    Overloaded,
    RateLimited,
    StorageUnavailable,
    Unauthenticated,
    UpstreamUnavailable,
)

from .engines import wire
from .engines.port import BridgeBus, Delivery, Fields, strip_dead_letter_fields
from .held_entries import HeldEntries, Sender

__all__ = ["Authenticate", "Inbound", "Refusal"]

log = logging.getLogger(__name__)

Authenticate = Callable[[str], Awaitable[Caller]]
Entry = tuple[Delivery, Caller | None]  #: with its authenticated sender; None if it was buffered: authenticate again

MAX_BATCH = 100
DEAD_LETTER_SOURCE = "bus_inbound"  #: source name of dead letters from the inbound stream
EXHAUSTED_REASON = "tried too often"
TOUCHES_PER_DELIVERY = 3
MAX_CLOCK_SKEW_SECONDS = 300  # maximum seconds by which a signer's clock may be ahead
SERVER_ERRORS = (InternalError, StorageUnavailable, UpstreamUnavailable)  # server errors: the entry is retried
MAX_TENANT_CHARACTERS = 64  # characters of a tenant's name


@value_class
class Refusal:
    """A refused entry and the reason."""

    entry_id: str
    sender: str
    reason: str


class Inbound:
    """Processes inbound entries. consumer: this server's name in the group."""

    def __init__(
        self, context: JobContext, bus: BridgeBus, authenticate: Authenticate, publish: Operation, consumer: str
    ) -> None:
        self._context, self._bus, self._authenticate, self._publish = context, bus, authenticate, publish
        self.consumer = consumer
        self._loop, self._touch_at, self._taking = asyncio.get_running_loop(), 0.0, asyncio.Lock()
        self.held = HeldEntries()

    @property
    def has_buffered_entries(self) -> bool:
        """Whether entries wait in the buffer."""
        return bool(self.held)

    @property
    def _stream_and_group(self) -> tuple[str, str]:
        settings = self._context.server.settings
        return settings.bus_stream, settings.bus_group

    async def process_new_entries(self, block: float) -> tuple[list[Caller], list[Refusal]]:
        """Process buffered and new entries; wait ``block`` seconds for a first one. Returns publishers and refusals."""
        block = 0 if self.held else block
        deliveries = await self._bus.read(*self._stream_and_group, self.consumer, count=MAX_BATCH, block=block)
        return await self.process_deliveries(deliveries)

    async def recover_pending_entries(self) -> tuple[list[Caller], list[Refusal]]:
        """Process entries that were delivered to any server and not acknowledged. Exhausted ones become dead letters, and
        silent consumers are removed."""
        # Buffered entries stay pending; resetting their idle time keeps other servers from recovering them.
        if self.held and self._loop.time() >= self._touch_at:
            self._touch_at = self._loop.time() + self._context.server.settings.bus_stale / TOUCHES_PER_DELIVERY
            await self._bus.reset_idle_time(*self._stream_and_group, self.consumer, self.held.entry_ids)
        maintenance = await self._bus.maintain(*self._stream_and_group)
        recovery = await self._bus.recover(*self._stream_and_group, self.consumer, count=MAX_BATCH)
        dead = [*maintenance.dead, *recovery.dead]
        await self.record_dead_letters([(dead_letter, EXHAUSTED_REASON) for dead_letter in dead])
        callers, refused = await self.process_deliveries(recovery.entries)
        return callers, [*(_build_refusal(each, EXHAUSTED_REASON) for each in dead), *refused]

    async def remove_foreign_consumers(self) -> tuple[Sequence[str], tuple[list[Caller], list[Refusal]]]:
        """Remove foreign consumers of the marketplace's own group, process their entries; return names and outcome."""
        names, entries = await self._bus.remove_foreign_consumers(*self._stream_and_group, self.consumer)
        return names, (await self.process_deliveries(entries) if entries else ([], []))

    async def process_deliveries(self, deliveries: Sequence[Delivery]) -> tuple[list[Caller], list[Refusal]]:
        """Process entries: those of one sender in order, after its buffered ones; different senders concurrently."""
        async with self._taking:  # new and recovered entries come from separate loops; each sender has one order
            return await self._process_in_order(deliveries)

    async def _process_in_order(self, deliveries: Sequence[Delivery]) -> tuple[list[Caller], list[Refusal]]:
        new_deliveries = await self._acknowledge_and_drop_own_entries(deliveries)
        # All senders are authenticated concurrently before any entry is published, in order, below.
        senders = await asyncio.gather(*map(self._authenticate_or_refuse_entry, new_deliveries))
        turns = await self._take_buffered_entries()
        for delivery, result in zip(new_deliveries, senders, strict=True):
            if isinstance(result, Caller):
                sender = result.tenant, result.subject
                if not self.held.defer_if_sender_has_deferred(sender, delivery.entry_id):
                    turns.setdefault(sender, []).append((delivery, result))
        refused = [result for result in senders if isinstance(result, Refusal)]
        outcomes = await asyncio.gather(
            *(self._publish_or_refuse_in_order(sender, entries) for sender, entries in turns.items())
        )
        callers = {(caller.tenant, caller.subject): caller for result, _ in outcomes for caller in result}
        return list(callers.values()), [*refused, *(each for _, more in outcomes for each in more)]

    async def _acknowledge_and_drop_own_entries(self, deliveries: Sequence[Delivery]) -> list[Delivery]:
        """Select foreign entries. The marketplace's own are acknowledged: publishing them again would cause a loop."""
        own_ids = [each.entry_id for each in deliveries if each.fields.get("origin") == wire.ORIGIN_SERVER]
        if own_ids:
            await self._bus.ack(*self._stream_and_group, own_ids)
        return [each for each in deliveries if each.fields.get("origin") != wire.ORIGIN_SERVER]

    async def _take_buffered_entries(self) -> dict[Sender, list[Entry]]:
        """Take buffered entries by sender, in order; then as many deferred ones as fit, fetched by id."""
        deferred = self.held.take_deferred_ids()
        ids = [each for entry_ids in deferred.values() for each in entry_ids]
        try:
            fetched = {each.entry_id: each for each in await self._bus.fetch_entries(self._stream_and_group[0], ids)}
        except AgoraError:
            self.held.return_deferred_ids(deferred)
            raise
        turns: dict[Sender, list[Entry]] = {
            sender: [(each, None) for each in buffered] for sender, buffered in self.held.take_all_entries().items()
        }
        for sender, entry_ids in deferred.items():
            turns.setdefault(sender, []).extend((fetched[each], None) for each in entry_ids if each in fetched)
        return turns

    async def _authenticate_or_refuse_entry(self, delivery: Delivery) -> Caller | Refusal | None:
        """Identify the sender of an entry, or refuse the entry; None if it will be delivered again."""
        try:
            _check_utf8(delivery)
            return await self._authenticate_entry(delivery)
        except AgoraError as error:
            return None if _is_transient(error) else await self._dead_letter_unless_server_error(delivery, error)

    async def _publish_or_refuse_in_order(
        self, sender: Sender, entries: Sequence[Entry]
    ) -> tuple[list[Caller], list[Refusal]]:
        callers, refused, entered = [], [], []
        for at, (delivery, caller) in enumerate(entries):
            try:
                callers.append(await self._publish_as_sender(delivery, caller))
            except AgoraError as error:
                if _is_transient(error):
                    self.held.add_or_defer_entries(sender, [each for each, _ in entries[at:]])  # preserves their order
                    break
                refusal = await self._dead_letter_unless_server_error(delivery, error)
                refused += [refusal] if refusal is not None else []
            else:
                entered.append(delivery.entry_id)
        # Acknowledged after the commit: a crash in between causes a redelivery, which is recognised by its message_id.
        if entered:
            await self._bus.ack(*self._stream_and_group, entered)
        return callers, refused

    async def _dead_letter_unless_server_error(self, delivery: Delivery, error: AgoraError) -> Refusal | None:
        """Dead-letter an entry; None if the error is transient and the entry is retried."""
        if isinstance(error, SERVER_ERRORS):
            log.warning("entry %s of the bus is tried again later: %s", delivery.entry_id, error)
            return None
        reason = f"{error.code}: {error}"[:1000]
        await self.record_dead_letters([(delivery, reason)])  # before Redis: after a crash, the entry is refused again
        await self._bus.dead_letter_entry(*self._stream_and_group, delivery, reason)
        return _build_refusal(delivery, str(error))

    async def record_dead_letters(self, letters: Sequence[tuple[Delivery, str]]) -> None:
        """Store refused entries, each with its reason, as dead letters of the operators. Idempotent."""
        records = [
            NewDeadLetter(
                source=DEAD_LETTER_SOURCE,
                key=f"{self._stream_and_group[0]}/{dead_letter.entry_id}",
                owner="",
                destination=self._stream_and_group[0],
                reason=reason,
                attempts=dead_letter.deliveries,
                detail={"fields": _strip_credentials_and_repair_utf8(dead_letter.fields)},
            )
            for dead_letter, reason in letters
        ]
        if records:
            work = partial(record_dead_letters, letters=records, once=True)
            # The inbound stream is common to all tenants: what was refused there belongs to the installation's
            # operators.
            await self._context.dispatcher.write_as_system(DEFAULT_TENANT, work, label="bus.refuse")

    async def import_dead_letters_from_redis(self) -> None:
        """Store dead letters that are only in Redis, due to a crash or because they predate their storage."""
        letters = await self._bus.read_dead(self._stream_and_group[0])
        await self.record_dead_letters(
            [(dead_letter, dead_letter.fields.get("dead_reason") or EXHAUSTED_REASON) for dead_letter in letters]
        )

    async def _publish_as_sender(self, delivery: Delivery, caller: Caller | None) -> Caller:
        """Publish an entry. A buffered one is authenticated again, because its credential may have been revoked."""
        caller = caller or await self._authenticate_entry(delivery)
        arguments = _build_publish_arguments(delivery, caller, f"{self._stream_and_group[0]}/{delivery.entry_id}")
        with use_protocol("bus"):
            await self._context.dispatcher.invoke(self._publish, caller, arguments)
        return caller

    # -- authentication --------------------------------------------------------------------------

    async def _authenticate_entry(self, delivery: Delivery) -> Caller:
        """Authenticate an entry by its signature, else by its key. Raises Unauthenticated."""
        fields = delivery.fields
        if fields.get("signature"):
            return await self._authenticate_by_signature(delivery)
        if fields.get("key"):
            return await self._authenticate(fields["key"])
        raise Unauthenticated(
            "The entry has neither key nor signature.", fix="Add one of them: see the page about the bus."
        )

    async def _authenticate_by_signature(self, delivery: Delivery) -> Caller:
        fields = delivery.fields
        tenant = fields.get("tenant", DEFAULT_TENANT)[:MAX_TENANT_CHARACTERS]
        sender = fields.get("sender", "")[:200]

        async def find_signing_agent(reader: Reader) -> AgentRow | None:
            return await find_agent(reader, sender) if sender else None

        row = await self._context.store.read(tenant, find_signing_agent)
        # The same error as for a wrong signature: it does not tell which agents exist.
        if row is None:
            raise _build_signature_error()
        # Tokens are derived and not stored, so the server knows the secret that the sender signed with.
        token = self._context.server.signer.sign_agent_token(tenant, row.agent_id, row.token_generation)
        try:
            genuine = wire.verify_signature(fields, token)
        except ValueError as error:
            raise InvalidRequest(f"The signature cannot be checked: {error}.") from None
        if not genuine:
            raise _build_signature_error()
        self._check_signature_age(fields.get("timestamp", ""))
        # The signature proves the agent; this checks that it has neither left nor been suspended.
        return await self._authenticate(token)

    def _check_signature_age(self, timestamp: str) -> None:
        """Check a signed entry's age against replay: it is valid only while repeated ids are recognised."""
        try:
            at = datetime.fromisoformat(timestamp)
        except ValueError:
            at = datetime.min
        if at.tzinfo is None:
            raise InvalidRequest(
                "A signed entry needs a timestamp.", fix="Write RFC 3339 with an offset, such as 2026-01-31T12:00:00Z."
            )
        age = (to_datetime(self._context.clock.now()) - at.astimezone(UTC)).total_seconds()
        lifetime = self._context.server.settings.idempotency_lifetime
        if not -MAX_CLOCK_SKEW_SECONDS <= age <= lifetime:
            raise Unauthenticated(
                f"The entry was signed {age:.0f} s ago; it is valid from {-MAX_CLOCK_SKEW_SECONDS} to {lifetime} s."
            )


def _strip_credentials_and_repair_utf8(fields: Fields) -> dict[str, str]:
    """Remove the credentials; replace invalid UTF-8, because the store holds text."""
    texts = strip_dead_letter_fields(fields).items()
    return {name.encode(errors="replace").decode(): value.encode(errors="replace").decode() for name, value in texts}


def _build_refusal(delivery: Delivery, reason: str) -> Refusal:
    return Refusal(delivery.entry_id, delivery.fields.get("sender", "")[:200], reason[:1000])


def _is_transient(error: AgoraError) -> bool:
    """Whether the error is temporary: the marketplace is halted, a queue is full, or the sender exceeds its rate."""
    if isinstance(error, Halted):
        return error.extra.get("target_id") == SYSTEM_WIDE
    return isinstance(error, Overloaded | RateLimited)


def _build_signature_error() -> Unauthenticated:
    return Unauthenticated(
        "The signature is not that of the sender.",
        fix="Sign all fields with the agent's own token: see the page about the bus.",
    )


def _check_utf8(delivery: Delivery) -> None:
    for name, value in delivery.fields.items():
        try:
            (name + value).encode()
        except UnicodeEncodeError:
            raise InvalidRequest("A field of the entry is not UTF-8.") from None


def _build_publish_arguments(delivery: Delivery, caller: Caller, own_id: str) -> dict[str, Any]:
    """Build the arguments of the publish operation. An entry without an id gets one from its stream position."""
    entry = wire.decode_fields(delivery.fields)
    sender = entry.pop("sender", None)
    if sender not in (None, caller.subject, caller.name):
        # Publishing for another sender is decided by the operation, which checks the rights of the caller.
        entry["sender"] = sender
    return {"message_id": own_id} | entry
