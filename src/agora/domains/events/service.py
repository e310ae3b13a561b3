"""Operations of events: publish, list, subscribe, stream."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import cast

from pydantic import JsonValue
from pydantic_core import from_json

from agora.clock import new_id, to_datetime
from agora.core import pagination as paging
from agora.core.call import BoundService, EventStreamSpec, encode_json
from agora.core.errors import not_found
from agora.core.events import log as event_log
from agora.core.events import queries as events
from agora.core.events.filter import EventFilter, Viewer
from agora.core.events.records import SUBSCRIPTIONS, SubscriptionRow
from agora.domains.agents import references
from agora.store.port import StoredEvent
from agora_sdk.contract import events as contract
from agora_sdk.contract import implements
from agora_sdk.contract.messaging import SubscriptionReceipt
from agora_sdk.errors import InvalidRequest, PayloadTooLarge, PermissionDenied, field_error

__all__ = ["EventService"]

RESERVED_PREFIX = "agora."
NON_AGENT_SUBJECTS = frozenset(
    {"anonymous", "broadcast", "operator", "system", "system_wide"}
)  #: event subjects other than agents
MAX_SUBSCRIPTIONS = 100  #: per owner; a further one replaces the oldest

#: size of the remaining fields of an event: its id, time, sequence number and field names
ENVELOPE_PLACEHOLDER = b" " * 300


class EventService(BoundService, contract.Events):
    """The event log."""

    @implements
    async def publish(
        self, event_type: str, data: JsonValue = None, subject: str | None = None, *, to: list[str] = []
    ) -> contract.EventReceipt:
        call = self.call
        # Subscribers trust the server's own types: nobody may forge them, in any case.
        if event_type.lower().startswith(RESERVED_PREFIX):
            raise InvalidRequest(
                f"Event types that begin with {RESERVED_PREFIX!r} are the server's own.",
                fix="Choose a type of your own, such as 'build.finished'.",
                errors=[field_error("event_type", f"must not begin with {RESERVED_PREFIX!r}")],
            )
        audience = await self._resolve_audience(to) if to else None
        event_id = call.emit(event_type, data, subject=subject, audience=audience)
        # Measured as stored: encoding may be longer than the request's body.
        size, limit = len(call.events[-1].data), call.context.settings.body_limit
        if size > limit:
            # The error also takes back the event, which was emitted to measure it.
            raise PayloadTooLarge(
                f"The event's data take {size} bytes; at most {limit} are allowed.",
                fix="Publish a reference to the data instead.",
                errors=[field_error("data", f"larger than {limit} bytes")],
            )
        call.target = event_type
        return contract.EventReceipt.model_construct(
            event_id=event_id, event_type=event_type, timestamp=to_datetime(call.now)
        )

    async def _resolve_audience(self, to: list[str]) -> tuple[str, ...]:
        """Resolve the ids of the given agents and of the publisher, which always sees its own events."""
        agent_ids = [await self._resolve_agent_id(ref, "to") for ref in to]
        return tuple(dict.fromkeys([self.call.caller.subject, *agent_ids]))

    async def _resolve_agent_id(self, ref: str, field: str = "agent") -> str:
        if ref == self.call.caller.subject or ref in NON_AGENT_SUBJECTS:
            return ref
        return (await references.load_agent(self.call.tx, ref, field)).agent_id

    async def _build_filter(self, types: list[str], agent: str | None, subject: str | None) -> EventFilter:
        return EventFilter.from_request(types, agent and await self._resolve_agent_id(agent), subject)

    @property
    def _viewer(self) -> Viewer:
        caller = self.call.caller
        return Viewer(caller.subject, caller.may("read:all"))

    @implements
    async def subscribe(
        self, types: list[str] = [], agent: str | None = None, subject: str | None = None
    ) -> SubscriptionReceipt:
        call, owner = self.call, self.call.caller.subject
        event_filter = await self._build_filter(types, agent, subject)
        # Clients subscribe at each start and seldom unsubscribe, so the oldest is replaced instead of refusing the new one.
        for surplus in await call.tx.all(events.select_surplus_subscriptions, owner=owner, keep=MAX_SUBSCRIPTIONS - 1):
            await call.tx.execute(events.delete_subscription, subscription_id=surplus)
        # Read within the call: events committed after it belong to the subscription, however late its stream is opened.
        subscription_id, position = new_id("sub"), await event_log.read_head(call.tx)
        packed_filter = encode_json(
            {"types": event_filter.types, "agent": event_filter.agent, "subject": event_filter.subject}
        )
        call.tx.append(
            SUBSCRIPTIONS,
            SubscriptionRow(
                tenant_id=call.caller.tenant,
                subscription_id=subscription_id,
                owner=owner,
                filter=packed_filter,
                position=position,
                created_at=call.now,
            ),
        )
        call.target = subscription_id
        call.emit(
            "agora.subscription.created",
            {
                "subscription_id": subscription_id,
                "owner": owner,
                "event_types": event_filter.types,
                "agent": event_filter.agent,
            },
            subject=subscription_id,
            audience=(owner,),
        )
        return SubscriptionReceipt.model_construct(
            subscription_id=subscription_id,
            event_types=types,
            position=position,
            stream_url=f"/events?subscription_id={subscription_id}",
        )

    @implements
    def stream(
        self,
        types: list[str] = [],
        agent: str | None = None,
        subject: str | None = None,
        *,
        subscription_id: str | None = None,
        last_event_id: str | None = None,
    ) -> AsyncIterator[contract.Event]:
        # The dispatcher awaits the specification within a read transaction; the feed then produces the events.
        opening = self._build_stream_spec(types, agent, subject, subscription_id, last_event_id)
        return cast("AsyncIterator[contract.Event]", opening)

    async def _build_stream_spec(
        self,
        types: list[str],
        agent: str | None,
        subject: str | None,
        subscription_id: str | None,
        last_event_id: str | None,
    ) -> EventStreamSpec:
        tx, viewer = self.call.tx, self._viewer
        resumed = last_event_id is not None
        place = str(await event_log.read_head(tx)) if last_event_id is None else last_event_id
        if subscription_id is None:
            event_filter = await self._build_filter(types, agent, subject)
            return EventStreamSpec(event_filter, viewer, await event_log.resolve_position(tx, place), resumed=resumed)
        if types or agent or subject:
            raise InvalidRequest(
                "A subscription has its own filter.",
                fix="Leave out types, agent and subject, or leave out subscription_id.",
                errors=[field_error("subscription_id", "cannot be combined with a filter")],
            )
        row = await self._load_readable_subscription(subscription_id)
        position = await event_log.resolve_position(tx, place if resumed else str(row.position))
        event_filter = EventFilter.from_request(**from_json(row.filter))
        return EventStreamSpec(event_filter, viewer, position, subscription_id, resumed)

    async def _load_readable_subscription(self, subscription_id: str) -> SubscriptionRow:
        row = await self.call.tx.one(events.select_subscription, subscription_id=subscription_id)
        if row is None:
            raise not_found(
                "subscription_id",
                f"There is no subscription {subscription_id!r}.",
                fix="Make one with POST /agora/event/subscribe.",
            )
        caller = self.call.caller
        if row.owner != caller.subject and not caller.may("read:all"):
            raise PermissionDenied(
                "The subscription belongs to another owner.",
                fix="Create your own with POST /agora/event/subscribe.",
                required="read:all",
            )
        return row

    @implements
    async def list(
        self,
        types: list[str] = [],
        agent: str | None = None,
        subject: str | None = None,
        *,
        after: int | None = None,
        limit: int = 50,
        cursor: str | None = None,
    ) -> contract.EventPage:
        if cursor:
            after = _decode_nonnegative_cursor(cursor)
        event_filter = await self._build_filter(types, agent, subject)
        page = await event_log.read_events(
            self.call.tx, after, limit + 1, event_filter=event_filter, viewer=self._viewer
        )
        budget, events = paging.PageBudget(self.call.context.settings.page_bytes), []
        for stored in page.events[:limit]:
            event = stored.event
            if not budget.take_if_fits(
                (event.data, event.type, event.source, event.subject or "", ENVELOPE_PLACEHOLDER)
            ):
                break
            events.append(stored)
        # Without a cut, the position is where the log was read to, beyond events that did not match: else they would be read again.
        position = events[-1].seq if len(page.events) > len(events) else page.position
        more = position < page.head
        return contract.EventPage.model_construct(
            events=[_to_event(stored) for stored in events],
            count=len(events),
            has_more=more,
            next_cursor=paging.encode_cursor(position) if more else None,
            last_sequence=page.head,
        )


def _decode_nonnegative_cursor(cursor: str) -> int:
    (decoded,) = paging.decode_cursor(cursor, int)
    position = int(decoded)
    if position < 0:
        raise InvalidRequest(
            "The cursor does not belong to this operation.",
            fix="Use 'next_cursor' of the page before, unchanged.",
            errors=[field_error("cursor", "malformed")],
        )
    return position


def _to_event(stored: StoredEvent) -> contract.Event:
    event = stored.event
    return contract.Event.model_construct(
        id=event.event_id,
        type=event.type,
        source=event.source,
        subject=event.subject,
        time=to_datetime(event.time),
        sequence=stored.seq,
        data=from_json(event.data),
    )
