"""Entries of agents' streams, built from messages and tasks."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from pydantic import TypeAdapter, ValidationError

from agora.clock import SECOND
from agora.core.call import Call, decode_json, encode_json
from agora.domains.messaging.records import MessageRow
from agora.domains.messaging.views import build_message_from_row
from agora.wire.envelopes import SECTIONS, convert_to_bus_entry
from agora_sdk.contract.bus import BusDelivery, BusEntry, BusPendingEntry
from agora_sdk.contract.fields import JsonObject
from agora_sdk.contract.messaging import Message

from . import queries as statements
from .agent_streams import StreamOwner
from .engines import groups as streams
from .engines.port import Delivery, Fields
from .records import PendingEntry, TaskClaim

__all__ = ["render_entries", "to_bus_delivery", "to_entry", "to_pending_entry"]


_CONTENT_ADAPTER: TypeAdapter[JsonObject] = TypeAdapter(JsonObject)


async def render_entries(
    call: Call, owner: StreamOwner, deliveries: Sequence[Delivery]
) -> tuple[list[dict[str, Any]], list[Delivery]]:
    """Render entries as documents with ``entry_id`` and ``deliveries``.

    Also returns the entries whose message or claim no longer exists.
    """
    refs = [each.ref for each in deliveries if each.ref]
    message_rows = {
        row.message_id: row
        for row in await call.tx.all(
            statements.select_messages, ids=encode_json([ref for ref in refs if ref.startswith("msg_")])
        )
    }
    tasks = {
        row.task_id: row
        for row in await call.tx.all(
            statements.select_task_claims, ids=encode_json([ref for ref in refs if ref.startswith("task_")])
        )
    }
    documents, missing_ids = [], []
    for each in deliveries:
        if each.ref in message_rows:
            entry_document = to_entry(message_rows[each.ref], owner)
        elif each.ref in tasks and _is_claim_valid(tasks[each.ref], each.fields):
            entry = decode_json(each.fields["entry"])
            entry_document = entry | {"task_id": each.ref, "fencing_token": int(each.fields["fence"])}
        else:
            missing_ids.append(each)
            continue
        documents.append(entry_document | {"entry_id": each.entry_id, "deliveries": each.deliveries})
    return documents, missing_ids


def to_entry(row: MessageRow, owner: StreamOwner) -> dict[str, Any]:
    """Convert a stored message to an entry. The sender is always the authenticated one, not that of the metadata.

    A message that is not a valid entry (forged metadata, too deeply nested JSON) is rendered with plain text content,
    because it must not block the messages behind it.
    """
    message: Message = build_message_from_row(row, owner.agent_id, "delivered")
    whole = message.model_dump(mode="json", exclude={"status"}) | {"to_agent": row.to_agent}
    plain = whole | {"metadata": {name: value for name, value in whole["metadata"].items() if name not in SECTIONS}}
    for candidate, beside in (
        (whole, {}),
        (plain, {}),
        (plain | {"content": ""}, {"content": {"text": row.content}}),
    ):
        entry = convert_to_bus_entry(candidate) | {"sender": row.from_name} | beside
        try:
            BusEntry.model_validate(entry)
            _CONTENT_ADAPTER.validate_python(entry.get("content", {}))
        except ValidationError:
            continue
        return entry
    return convert_to_bus_entry(plain | {"content": "", "metadata": {}}) | {"content": {"text": row.content}}


def _is_claim_valid(task: TaskClaim, fields: Fields) -> bool:
    """Whether the claim that put a task on the stream is still valid."""
    return str(task.fence) == fields.get("fence") and task.status in ("in_progress", "input_required", "auth_required")


def to_bus_delivery(entry: dict[str, Any]) -> BusDelivery:
    """Convert a document to the contract's delivery object."""
    return BusDelivery.model_validate(entry)


def to_pending_entry(row: PendingEntry, now: int) -> BusPendingEntry:
    """Convert a pending row to the contract's object."""
    return BusPendingEntry.model_construct(
        entry_id=streams.format_entry_id(row.created_at or 0, row.number),
        message_id=row.name or row.ref or "",
        consumer=row.consumer or None,
        idle_seconds=(now - row.delivered_at) / SECOND,
        deliveries=row.deliveries,
    )
