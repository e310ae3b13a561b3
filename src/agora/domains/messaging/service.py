"""Operations of messaging: send, receive, mark."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from operator import attrgetter
from typing import Any

from pydantic_core import to_json

from agora.clock import SECOND, new_id, to_datetime, to_microseconds
from agora.core import pagination as paging
from agora.core.admission import ADMISSION
from agora.core.call import BoundService, WaitForEvent, cast_encoded_to_result, encode_json
from agora.core.errors import not_found
from agora.domains.agents import queries as agents
from agora.domains.agents.names import check_name
from agora.domains.agents.records import Addressee, AgentRow
from agora.domains.agents.references import (
    OPERATOR,
    build_address_of_name,
    check_may_act_for,
    find_addressee,
    find_agent,
    load_agent,
    looks_like_alias,
    looks_like_id,
    looks_like_key,
    require_agent_id_from_operator,
)
from agora.domains.events.service import EventService
from agora.telemetry import add_trace_to_metadata
from agora.value_classes import value_class
from agora_sdk.contract import implements
from agora_sdk.contract import messaging as contract
from agora_sdk.contract.fields import DeliveryState, DeliveryStateLike, JsonObject, Priority, PriorityLike, Recipients
from agora_sdk.errors import Conflict, InvalidRequest, NotFound, field_error

from . import queries as statements
from .endpoints import Endpoint, append_endpoint_delivery, find_http_endpoint
from .records import DELIVERIES, MESSAGES, DeliveryRow, InboxRow, MessageRow, MessageSender
from .signals import REPLY_COMPOSED, REPLY_STORED, ReplyComposed, ReplyStored
from .views import build_message_from_row, compute_expiry_horizon, emit_message_event

__all__ = ["ARRIVAL_EVENTS", "Destination", "MessageDraft", "MessagingService", "StoredMessage"]

# A misspelt name never registers, so what waits for one is bounded. MAX_CAPABILITY_RECIPIENTS bounds the deliveries of one call.
MAX_HELD_MESSAGES = 1000
MAX_CAPABILITY_RECIPIENTS = 1000
LARGE_PAGE_BYTES = 65_536  # bytes
STATE_RANKS = {DeliveryState.DELIVERED: 2, DeliveryState.READ: 3, DeliveryState.ACKNOWLEDGED: 4}
ARRIVAL_EVENTS = frozenset({"agora.message.received", "agora.broadcast.sent"})
#: metadata sections reserved for the protocols, which interpret them
RESERVED_METADATA = ("agentify", "bus")


@dataclass(slots=True, kw_only=True)
class MessageDraft:
    """A message to send, as given by its author. expires_in: seconds."""

    to_agent: Recipients
    content: str
    message_type: str
    priority: Priority
    from_agent: str | None = None
    correlation_id: str | None = None
    reply_to: str | None = None
    expires_in: int | None = None
    metadata: JsonObject


@dataclass(slots=True)
class Destination:
    """Resolved recipients of a message: ids of agents, and unregistered names for which it is held.

    endpoints: HTTP endpoints by agent id, for agents that take messages by HTTP. answer_by: deadline of the sender for
    an answer, in microseconds since 1970.
    """

    agents: list[str]
    held: list[str]
    broadcast: bool = False
    endpoints: dict[str, Endpoint] = field(default_factory=dict)
    answer_by: int | None = None

    @property
    def recipient_addresses(self) -> list[str]:
        """List the recipients of its deliveries: agent ids, and held addresses of names."""
        return [*self.agents, *map(build_address_of_name, self.held)]


@dataclass(slots=True)
class StoredMessage:
    """A message that was sent. recipients: their number; None for a broadcast. warning: why it may arrive late."""

    message_id: str
    recipients: int | None
    warning: str | None


class MessagingService(BoundService, contract.Messaging):
    @implements
    async def send(
        self,
        to_agent: Recipients,
        content: str,
        message_type: str = "info",
        priority: PriorityLike = Priority.NORMAL,
        *,
        from_agent: str | None = None,
        correlation_id: str | None = None,
        reply_to: str | None = None,
        expires_in: int | None = None,
        metadata: JsonObject = {},
    ) -> contract.MessageReceipt:
        _check_unreserved_metadata(metadata)
        draft = MessageDraft(
            to_agent=to_agent,
            content=content,
            message_type=message_type,
            priority=Priority(priority),
            from_agent=from_agent,
            correlation_id=correlation_id,
            reply_to=reply_to,
            expires_in=expires_in,
            metadata=metadata,
        )
        return cast_encoded_to_result(
            _encode_receipt(await self.send_draft(draft), self.call.now), contract.MessageReceipt
        )

    async def send_draft(self, draft: MessageDraft) -> StoredMessage:
        """Like :meth:`send`, for internal use: metadata may contain reserved sections."""
        call, to_agent, reply_to = self.call, draft.to_agent, draft.reply_to
        sender, sender_name = await self._resolve_authorized_sender(draft.from_agent)
        destination = await self.resolve_destination(to_agent)
        correlation_id = draft.correlation_id
        if reply_to and not correlation_id:
            correlation_id = await self._resolve_correlation_id(reply_to)
        metadata = dict(add_trace_to_metadata(draft.metadata))
        row = MessageRow(
            tenant_id=call.caller.tenant,
            message_id=new_id("msg"),
            from_agent=sender,
            from_name=sender_name,
            to_agent=to_agent if isinstance(to_agent, str) else ",".join(to_agent),
            content=draft.content,
            message_type=draft.message_type,
            priority=draft.priority.value,
            correlation_id=correlation_id,
            reply_to=reply_to,
            metadata=encode_json(metadata),
            broadcast=int(destination.broadcast),
            created_at=call.now,
            expires_at=call.now + draft.expires_in * SECOND if draft.expires_in else None,
        )
        if reply_to:
            # A handler may replace the row, so the metadata parsed before is not passed on.
            reply = await call.publish(REPLY_COMPOSED, ReplyComposed(row, destination.recipient_addresses))
            message = self.insert_and_emit_message(reply.row, destination)
        else:
            message = self.insert_and_emit_message(row, destination, metadata)
        if reply_to:
            await call.publish(REPLY_STORED, ReplyStored(sender, reply_to, draft.content, draft.metadata))
        call.target = message.message_id
        return message

    def insert_and_emit_message(
        self, row: MessageRow, destination: Destination, metadata: JsonObject | None = None
    ) -> StoredMessage:
        """Insert a message and its deliveries. metadata: the parsed metadata of the row, if available."""
        self.call.tx.append(MESSAGES, row)
        self._append_and_emit_deliveries(row, destination, metadata)
        recipients = None if destination.broadcast else len(destination.agents) + len(destination.held)
        return StoredMessage(row.message_id, recipients, _build_unregistered_warning(destination.held))

    @implements
    async def send_legacy(self, to_agent: str, content: str) -> contract.MessageReceipt:
        return await self.send(to_agent, content)

    async def _resolve_authorized_sender(self, from_agent: str | None) -> tuple[str, str]:
        caller = self.call.caller
        if from_agent is None or from_agent in (caller.subject, caller.name):
            return caller.subject, caller.name
        # Sending in another's name is forgery unless the caller acts for that agent.
        row = await load_agent(self.call.tx, from_agent, "from_agent")
        check_may_act_for(caller, row.agent_id)
        return row.agent_id, row.agent_name

    async def _resolve_correlation_id(self, reply_to: str) -> str:
        """Find the correlation id of a reply: that of the message it answers, or its id. Raises NotFound."""
        answered = await self.call.tx.one(statements.select_message, message_id=reply_to)
        if answered is None:
            raise not_found("reply_to", f"There is no message {reply_to} to reply to.")
        return answered.correlation_id or reply_to

    async def resolve_destination(self, to_agent: Recipients) -> Destination:
        """Resolve recipients. Raises NotFound for unknown ids and capabilities, InvalidRequest for too many."""
        refs = [to_agent] if isinstance(to_agent, str) else list(dict.fromkeys(to_agent))
        # A broadcast has no delivery rows: recipients' inboxes read it from the messages, so its cost does not grow with the agents.
        if refs == ["broadcast"]:
            return Destination([], [], broadcast=True)
        destination = Destination([], [])
        for ref in refs:
            if ref == "broadcast":
                raise InvalidRequest(
                    "'broadcast' cannot be combined with other recipients.",
                    errors=[field_error("to_agent", "mixed with other recipients")],
                )
            if ref.startswith("capability:"):
                await self._add_capable_agents(ref.removeprefix("capability:"), destination)
            else:
                await self._add_recipient_or_hold(ref, destination)
        # One agent may be named by id, name and capability at once; its delivery is one row with a unique key.
        destination.agents = list(dict.fromkeys(destination.agents))
        if len(destination.agents) > MAX_CAPABILITY_RECIPIENTS:
            raise _build_too_many_recipients_error(
                f"These are {len(destination.agents)} recipients; at most {MAX_CAPABILITY_RECIPIENTS} are possible."
            )
        return destination

    async def _add_capable_agents(self, capability: str, destination: Destination) -> None:
        rows = await self.call.tx.all(
            agents.select_agents_to_address, capability=capability, limit=MAX_CAPABILITY_RECIPIENTS + 1
        )
        # A sender that has the capability itself asks the others.
        recipients = [row for row in rows if row.agent_id != self.call.caller.subject]
        if not recipients:
            raise NotFound(
                f"No agent has the capability {capability!r}.",
                fix="Capabilities are listed with GET /agora/query/agents.",
                errors=[field_error("to_agent", "unknown capability")],
            )
        if len(rows) > MAX_CAPABILITY_RECIPIENTS:
            raise _build_too_many_recipients_error(
                f"More than {MAX_CAPABILITY_RECIPIENTS} agents have the capability {capability!r}."
            )
        for row in recipients:
            self.add_agent_as_recipient(destination, row)

    def add_agent_as_recipient(self, destination: Destination, row: Addressee | AgentRow) -> None:
        """Add an agent to the recipients of a message."""
        destination.agents.append(row.agent_id)
        if (endpoint := find_http_endpoint(row, self.call.context.settings)) is not None:
            destination.endpoints[row.agent_id] = endpoint

    async def _add_recipient_or_hold(self, ref: str, destination: Destination) -> None:
        row = await find_addressee(self.call.tx, ref)
        if row is not None and row.retired_at is None:
            self.add_agent_as_recipient(destination, row)
            return
        if looks_like_id(ref):
            raise NotFound(
                f"No agent has the id {ref}." if row is None else f"The agent {ref} has left the marketplace.",
                fix="Agents are found with GET /agora/query/agents.",
                errors=[field_error("to_agent", "unknown agent")],
            )
        # Operators, keys and aliases have inboxes without the syntax of an agent's name.
        if ref != OPERATOR and not looks_like_key(ref) and not looks_like_alias(ref):
            check_name(ref)
        message_counts = await self.call.tx.one(
            statements.count_held_messages, address=build_address_of_name(ref), limit=MAX_HELD_MESSAGES
        )
        # The operator's inbox is never full: its messages are `queued` and not held, and expire like all others.
        if ref != OPERATOR and message_counts is not None and message_counts >= MAX_HELD_MESSAGES:
            raise Conflict(
                f"{MAX_HELD_MESSAGES} messages already wait for {ref!r}, which is not registered.",
                fix="Check the name; it is not among GET /agora/query/agents.",
                errors=[field_error("to_agent", "too many held messages")],
            )
        destination.held.append(ref)

    def _append_and_emit_deliveries(
        self, row: MessageRow, destination: Destination, metadata: JsonObject | None
    ) -> None:
        call, tenant, message_id = self.call, self.call.caller.tenant, row.message_id
        states = dict.fromkeys(destination.agents, "queued")
        for name in destination.held:
            states[build_address_of_name(name)] = "queued" if name == OPERATOR else "held"
        for recipient, state in states.items():
            delivery = DeliveryRow(
                tenant_id=tenant, recipient=recipient, message_id=message_id, state=state, updated_at=call.now
            )
            call.tx.append(DELIVERIES, delivery)
        for endpoint in destination.endpoints.values():
            append_endpoint_delivery(call, row, endpoint, destination.answer_by)
        recipients = [*destination.agents, *(name for name in destination.held if name == OPERATOR)]
        if destination.broadcast or recipients:
            emit_message_event(call, row, recipients, metadata)
        if held_names := [name for name in destination.held if name != OPERATOR]:
            data = {"message_id": message_id, "names": held_names, "from_agent": row.from_agent}
            call.emit("agora.message.held", data, subject=message_id, audience=(row.from_agent,))

    @implements
    async def receive(
        self,
        agent_id: str | None = None,
        since: datetime | None = None,
        message_type: str | None = None,
        *,
        priority: PriorityLike | None = None,
        unread: bool | None = None,
        status: DeliveryStateLike | None = None,
        from_agent: str | None = None,
        correlation_id: str | None = None,
        reply_to: str | None = None,
        wait: float = 0,
        limit: int = 50,
        offset: int = 0,
        cursor: str | None = None,
    ) -> contract.MessagePage:
        if correlation_id is None:  # a filter by correlation id makes the filter by agent optional
            require_agent_id_from_operator(self.call.caller, agent_id)
        owner = await self._resolve_authorized_inbox(agent_id)
        criteria: dict[str, Any] = {
            "since": to_microseconds(since) if since else None,
            "message_type": message_type,
            "priority": priority and Priority(priority).value,
            "status": status and DeliveryState(status).value,
            "from_agent": await self._resolve_sender_filter(from_agent),
            "correlation_id": correlation_id,
            "reply_to": reply_to,
            "after": paging.decode_cursor(cursor)[0] if cursor else None,
        }
        filters = {name for name, value in criteria.items() if value is not None}
        if unread is not None:
            filters.add("unread" if unread else "seen")
        parameters = {name: criteria[name] for name in filters if name in criteria}
        parameters |= {"agent_id": owner.agent_id, "address": owner.address, "joined": owner.joined}
        parameters |= {"now": self.call.now, "horizon": compute_expiry_horizon(self.call)}
        page = await self._load_message_page(owner, frozenset(filters), parameters, limit, offset)
        if not page.messages and wait:
            # Without a condition: each arrival for the caller runs the filters again in the query.
            raise WaitForEvent(ARRIVAL_EVENTS, wait, page)
        return page

    async def _resolve_sender_filter(self, from_agent: str | None) -> str | None:
        """Resolve a sender filter: senders are stored by id; an unregistered sender is compared literally."""
        row = await find_agent(self.call.tx, from_agent) if from_agent else None
        return from_agent if row is None else row.agent_id

    async def _load_message_page(
        self, owner: _Inbox, filters: frozenset[str], parameters: dict[str, Any], limit: int, offset: int
    ) -> contract.MessagePage:
        rows, more = await self._read_inbox_page(filters, parameters, limit, offset)
        total, estimate = offset + len(rows), False
        if more or "after" in filters:
            large = sum(len(row.content) for row in rows) > LARGE_PAGE_BYTES
            if large:
                rows = []  # the count may wait for a slot: a large page is dropped and read again, to bound memory
            whole = {name: value for name, value in parameters.items() if name != "after"}
            counts = await self.call.tx.one(
                statements.build_inbox_count_query(filters - {"after"}), **whole, limit=paging.MAX_EXACT_TOTAL + 1
            )
            total, estimate = paging.split_bounded_total(counts if counts else 0)
            if large:
                self.call.context.ports.get(ADMISSION).check_backpressure(self.call.caller)
                rows, more = await self._read_inbox_page(filters, parameters, limit, offset)
        messages = [build_message_from_row(row, owner.agent_id, row.state) for row in rows]
        return contract.MessagePage.model_construct(
            messages=messages,
            total=total,
            total_is_estimate=estimate,
            **paging.build_uncounted_page_fields(messages, "message_id", more=more),
        )

    async def _read_inbox_page(
        self, filters: frozenset[str], parameters: Mapping[str, Any], limit: int, offset: int
    ) -> tuple[list[InboxRow], bool]:
        """Return the rows of a page, and whether there are more. Long messages make a page shorter."""

        async def read_inbox_rows(after: str | None, count: int) -> Sequence[InboxRow]:
            position_parameters = {} if after is None else {"after": after}
            query = statements.build_inbox_query(filters.union(position_parameters))
            skipped = offset if after is None else 0
            rows = await self.call.tx.all(query, **{**parameters, **position_parameters}, limit=count, offset=skipped)
            return sorted(rows, key=attrgetter("message_id"))

        return await paging.read_page(read_inbox_rows, None, "message_id", limit, self.call.context.settings.page_bytes)

    async def _resolve_authorized_inbox(self, agent_id: str | None) -> _Inbox:
        """Resolve the caller's inbox, or that of an agent it may act for. Raises NotFound, PermissionDenied."""
        caller = self.call.caller
        ref = agent_id or caller.subject
        row = await find_agent(self.call.tx, ref)
        if row is None:
            if ref == caller.subject or (ref == OPERATOR and caller.acts_for_others):
                # Beyond every message id, which begins with the time: without an agent there is no time from which
                # broadcasts count.
                return _Inbox(ref, build_address_of_name(ref), "msg_f")
            row = await load_agent(self.call.tx, ref)
        check_may_act_for(caller, row.agent_id)
        # Message ids begin with milliseconds in hexadecimal: this is the first possible id since the registration.
        joined = f"msg_{row.registered_at // 1000:012x}"
        return _Inbox(row.agent_id, build_address_of_name(row.agent_name), joined)

    @implements
    async def mark(
        self, message_ids: list[str], status: DeliveryStateLike = DeliveryState.READ, agent_id: str | None = None
    ) -> contract.Marked:
        call = self.call
        state = DeliveryState(status)
        rank = STATE_RANKS.get(state)
        if rank is None:
            raise InvalidRequest(
                f"A message cannot be marked {state.value}.",
                fix=f"Use one of {', '.join(mark.value for mark in STATE_RANKS)}.",
                errors=[field_error("status", "not a mark")],
            )
        owner = await self._resolve_authorized_inbox(agent_id)
        call.target = owner.agent_id
        ids = list(dict.fromkeys(message_ids))
        where = {"agent_id": owner.agent_id, "address": owner.address, "ids": encode_json(ids)}
        # Locked, so that of two concurrent first marks of a delivery each sees the other's.
        delivered = {row.message_id for row in await call.tx.all(statements.lock_delivery_states, **where)}
        origins = {row.message_id: row for row in await call.tx.all(statements.select_senders, ids=encode_json(ids))}
        updated = await call.tx.execute(
            statements.advance_deliveries, **where, state=state.value, rank=rank, now=call.now
        )
        # A broadcast has no delivery rows when it is sent; a recipient gets its own with the first mark.
        first = [i for i in ids if i not in delivered and i > owner.joined and i in origins and origins[i].broadcast]
        for message_id in first:
            call.tx.append(
                DELIVERIES,
                DeliveryRow(
                    tenant_id=call.caller.tenant,
                    recipient=owner.agent_id,
                    message_id=message_id,
                    state=state.value,
                    updated_at=call.now,
                ),
            )
        self._emit_marked(owner, [i for i in ids if i in delivered or i in first], state, origins)
        return contract.Marked(
            updated=updated + len(first),
            status=state,
            # Ids of foreign messages are reported like unknown ones, which discloses nothing.
            unknown=[i for i in ids if i not in delivered and i not in first],
        )

    def _emit_marked(
        self, owner: _Inbox, ids: Sequence[str], status: DeliveryState, origins: dict[str, MessageSender]
    ) -> None:
        if not ids:
            return
        audience = dict.fromkeys([owner.agent_id, *(origins[i].from_agent for i in ids if i in origins)])
        data = {"message_ids": list(ids), "status": status.value, "agent_id": owner.agent_id}
        self.call.emit("agora.message.marked", data, subject=owner.agent_id, audience=tuple(audience))

    @implements
    async def subscribe(self, agent_id: str | None = None, event_types: list[str] = []) -> contract.SubscriptionReceipt:
        return await EventService(self.call).subscribe(event_types, agent_id)


@value_class
class _Inbox:
    """An inbox: its agent, the agent's address before registration, and the id after which it starts."""

    agent_id: str
    address: str
    joined: str


def _check_unreserved_metadata(metadata: JsonObject) -> None:
    """Reject reserved metadata sections: they would bypass the protocols' checks of permissions and senders."""
    for name in RESERVED_METADATA:
        if name in metadata:
            raise InvalidRequest(
                f"The name {name!r} in metadata is reserved for the protocols.",
                fix="Send messages of the agent protocol with agora.conversation.send, or choose another name.",
                errors=[field_error(f"metadata.{name}", "reserved")],
            )


def _build_too_many_recipients_error(detail: str) -> InvalidRequest:
    return InvalidRequest(
        detail,
        fix="Send a broadcast, or choose recipients with GET /agora/query/agents.",
        errors=[field_error("to_agent", "too many recipients")],
    )


def _encode_receipt(message: StoredMessage, now: int) -> bytes:
    """Encode a :class:`contract.MessageReceipt`; building and serializing the model would cost a send 4 % more."""
    return to_json(
        {
            "message_id": message.message_id,
            "status": DeliveryState.QUEUED,
            "timestamp": to_datetime(now),
            "recipients": message.recipients,
            "warning": message.warning,
        }
    )


def _build_unregistered_warning(held: Sequence[str]) -> str | None:
    names = [name for name in held if name != OPERATOR]
    if not names:
        return None
    return f"Not registered yet: {', '.join(map(repr, names))}. The message is held until the recipient registers."
