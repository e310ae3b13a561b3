"""Lookup: conversations, pending messages and reported usage."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from operator import attrgetter
from typing import Any, TypeVar

from agora.clock import to_datetime, to_microseconds
from agora.core import pagination as paging
from agora.core.call import Call, WaitForEvent
from agora.core.errors import not_found
from agora.core.record_models import build_from_record
from agora.domains.agents.references import (
    OPERATOR,
    check_may_act_for,
    find_agent,
    load_agent,
    require_agent_id_from_operator,
)
from agora.domains.messaging.records import MessageRow
from agora.domains.messaging.service import ARRIVAL_EVENTS
from agora.domains.messaging.views import compute_expiry_horizon
from agora.wire.envelopes import convert_to_agentify_envelope
from agora_sdk.contract import conversations as contract
from agora_sdk.contract.envelopes import AgentMessage

from . import queries as statements
from .correlation import Party, Sender, build_envelope_document
from .records import ConversationRow

__all__ = [
    "build_envelope_from_row",
    "list_conversations",
    "list_or_await_pending",
    "list_reported_usage",
    "read_visible_conversation",
    "resolve_authorized_party",
]

C = TypeVar("C", bound=contract.Conversation)

AFTER_EVERY_ID = "conv_g"  #: sorts after every id


def build_envelope_from_row(row: MessageRow) -> AgentMessage:
    """Build a message as its author wrote it; the section ``agora`` holds the marketplace's additions."""
    return AgentMessage.model_validate(convert_to_agentify_envelope(build_envelope_document(row)))


async def resolve_authorized_party(call: Call, agent_id: str | None) -> Party:
    """Resolve the caller, or an agent it may act for, as a party. Raises NotFound, PermissionDenied."""
    caller = call.caller
    ref = agent_id or caller.subject
    row = await find_agent(call.tx, ref)
    if row is None:
        if ref == caller.subject or (ref == OPERATOR and caller.acts_for_others):
            return Sender(ref, ref).as_party
        row = await load_agent(call.tx, ref)
    check_may_act_for(caller, row.agent_id)
    return Sender(row.agent_id, row.agent_name, row).as_party


async def read_visible_conversation(
    call: Call, ref: str, limit: int, cursor: str | None
) -> contract.ConversationDetail:
    row = await _load_visible_conversation(call, ref)
    key = row.conversation_id
    rows, more = await paging.read_query_page(
        call, statements.list_conversation_messages, "message_id", limit, cursor, conversation_id=key
    )
    return await _build_conversation(
        call,
        contract.ConversationDetail,
        row,
        messages=[build_envelope_from_row(message_row) for message_row in rows],
        next_cursor=paging.encode_cursor(rows[-1].message_id) if more else None,
    )


async def _load_visible_conversation(call: Call, ref: str) -> ConversationRow:
    """Load a conversation visible to the caller. Raises NotFound for a hidden one too, to avoid disclosing it."""
    party = await resolve_authorized_party(call, None)
    # Labels before keys: agents choose labels, and one may begin with `conv_`.
    row = await call.tx.one(statements.select_newest_conversation_by_label, label=ref, **party.sql_parameters)
    if row is None and ref.startswith("conv_"):
        candidate = await call.tx.one(statements.select_conversation, conversation_id=ref)
        inside = await call.tx.one(statements.select_own_party, conversation_id=ref, **party.sql_parameters)
        row = candidate if inside is not None or call.caller.may("read:all") else None
    if row is None:
        raise not_found(
            "conversation_id",
            f"You take part in no conversation {ref!r}.",
            fix="Yours are listed at GET /agora/conversations.",
        )
    return row


async def _build_conversation(call: Call, model: type[C], row: ConversationRow, **details: Any) -> C:
    parties = await call.tx.all(statements.select_participants, conversation_id=row.conversation_id)
    names = {"conversation_id": row.label, "key": row.conversation_id, "participants": list(parties)}
    return build_from_record(model, row, **names, **details)


async def list_conversations(
    call: Call, agent_id: str | None, state: str | None, limit: int, cursor: str | None
) -> contract.ConversationPage:
    # An agent with the scope read:all still gets its own list by default, as any agent's program expects.
    everyone = agent_id is None and call.caller.kind != "agent" and call.caller.may("read:all")
    query = statements.build_conversation_page_query(state=state is not None, everyone=everyone)
    parameters: dict[str, Any] = {
        "before": paging.decode_cursor(cursor)[0] if cursor else AFTER_EVERY_ID,
        "limit": limit + 1,
    }
    parameters |= {} if everyone else (await resolve_authorized_party(call, agent_id)).sql_parameters
    parameters |= {"state": state} if state is not None else {}
    rows = await call.tx.all(query, **parameters)
    rows, more = paging.take_fitting_rows(rows, limit, call.context.settings.page_bytes)
    conversations = [await _build_conversation(call, contract.Conversation, row) for row in rows]
    return contract.ConversationPage.model_construct(
        conversations=conversations,
        **paging.build_page_fields(conversations, "key", more=more, cursor=cursor),
    )


async def list_or_await_pending(
    call: Call, agent_id: str | None, wait: float, limit: int, cursor: str | None
) -> contract.PendingPage:
    require_agent_id_from_operator(call.caller, agent_id)
    party = await resolve_authorized_party(call, agent_id)
    after = paging.decode_cursor(cursor)[0] if cursor else ""
    alive = {"now": call.now, "horizon": compute_expiry_horizon(call), "joined": party.joined}

    async def read_pending_messages(after: str, count: int) -> Sequence[MessageRow]:
        rows = await call.tx.all(
            statements.list_pending_messages, after=after, limit=count, **alive, **party.sql_parameters
        )
        # The statement sorts ids only (see the query), so its rows arrive in no order.
        return sorted(rows, key=attrgetter("message_id"))

    rows, more = await paging.read_page(
        read_pending_messages, after, "message_id", limit, call.context.settings.page_bytes
    )
    page = contract.PendingPage.model_construct(
        messages=[build_envelope_from_row(row) for row in rows],
        **paging.build_page_fields(rows, "message_id", more=more, cursor=cursor),
    )
    if not rows and wait:
        raise WaitForEvent(ARRIVAL_EVENTS, wait, page)
    return page


async def list_reported_usage(
    call: Call, agent_id: str | None, customer_id: str | None, since: datetime | None, limit: int, cursor: str | None
) -> contract.ReportedUsePage:
    """Return a page of reported usage: of the agent, or of all agents with the scope ``read:all``."""
    if agent_id is not None or not call.caller.may("read:all"):
        agent_id = (await resolve_authorized_party(call, agent_id)).party
    filters = {"agent_id": agent_id, "customer_id": customer_id, "since": to_microseconds(since) if since else None}
    query = statements.build_reported_usage_query(
        agent=agent_id is not None, customer=customer_id is not None, since=since is not None
    )
    arguments = {name: value for name, value in filters.items() if value is not None}
    rows, more = await paging.read_query_page(call, query, "usage_id", limit, cursor, **arguments)
    records = [build_from_record(contract.ReportedUse, row, timestamp=to_datetime(row.used_at)) for row in rows]
    return contract.ReportedUsePage.model_construct(
        records=records, **paging.build_page_fields(rows, "usage_id", more=more, cursor=cursor)
    )
