"""SQL queries of v4's documentation: table counts and an agent's messages."""

from __future__ import annotations

import re
from typing import Any, Final

from agora.clock import to_microseconds
from agora.core.call import Call, encode_json
from agora.domains.messaging.service import MessagingService
from agora_sdk.contract.fields import DeliveryState
from agora_sdk.contract.messaging import Message
from agora_sdk.contract.migration import V4Rows
from agora_sdk.errors import InvalidRequest, field_error

from . import queries as statements
from .arguments import PRIORITIES
from .identities import authorize_as_agent, find_agent_and_drop_stale_mapping

__all__ = ["run_v4_query"]

COUNT_QUERIES: Final = {
    "agent_capability": statements.count_migrated_capabilities,
    "agent_message": statements.count_migrated_messages,
}
MAPPED_TABLES: Final = (
    "task_assignment",
    "workflow_coordination",
    "workflow_step",
    "coordination_metrics",
    "coordination_error",
)
COLUMNS: Final = [
    "message_id",
    "from_agent",
    "to_agent",
    "message_type",
    "content",
    "priority",
    "timestamp",
    "delivered",
]
PAGE_SIZE: Final = 500
_NUMBERS: Final = {priority: number for number, priority in PRIORITIES.items()}
_COUNT = re.compile(r"\s*select\s+count\(\s*\*\s*\)(?:\s+as\s+\w+)?\s+from\s+(\w+)\s*;?\s*", re.IGNORECASE)
# Two literal forms, and no parser: nothing of the query's text ever reaches the database.
_INBOX = re.compile(
    r"\s*select\s+\*\s+from\s+agent_message\s+where\s+to_agent\s*=\s*'((?:[^']|'')+)'"
    r"(?:\s+limit\s+(\d{1,4}))?(?:\s+offset\s+(\d{1,4}))?\s*;?\s*",
    re.IGNORECASE,
)


async def run_v4_query(call: Call, query: str) -> V4Rows:
    """Run a query of one of the two supported forms. Raises InvalidRequest for any other."""
    if (count := _COUNT.fullmatch(query)) is not None:
        return await _count_rows(call, count[1].lower())
    if (inbox := _INBOX.fullmatch(query)) is not None:
        name, limit, offset = inbox[1].replace("''", "'"), inbox[2], inbox[3]
        return await _receive_messages(call, name, min(int(limit or PAGE_SIZE), PAGE_SIZE), int(offset or 0))
    raise InvalidRequest(
        "This query is not supported.",
        fix="Use SELECT COUNT(*) FROM table, or SELECT * FROM agent_message WHERE to_agent = 'NAME' LIMIT n OFFSET m.",
        errors=[field_error("query", "not translated")],
    )


async def _count_rows(call: Call, table: str) -> V4Rows:
    if table in COUNT_QUERIES:
        count = await call.tx.one(COUNT_QUERIES[table])
    elif table in MAPPED_TABLES:
        count = await call.tx.one(statements.count_mappings, kind=table)
    else:
        raise InvalidRequest(
            f"v4 has no table {table!r}.",
            fix=f"Tables that can be counted: {', '.join((*COUNT_QUERIES, *MAPPED_TABLES))}.",
            errors=[field_error("query", "unknown table")],
        )
    return V4Rows(columns=["count"], rows=[[count or 0]])


async def _receive_messages(call: Call, name: str, limit: int, offset: int) -> V4Rows:
    row = await find_agent_and_drop_stale_mapping(call, name)
    if row is None:
        return V4Rows(columns=COLUMNS, rows=[])
    page = await MessagingService(authorize_as_agent(call, row, "agora.messaging.receive")).receive(
        limit=limit, offset=offset
    )
    senders = list({message.from_agent for message in page.messages})
    # v4 clients know senders by their v4 names.
    names = {
        each.target: each.v4_key
        for each in await call.tx.all(statements.select_mappings_of_agents, keys=encode_json(senders))
    }
    rows = [_to_v4_row(message, names.get(message.from_agent, message.from_name), name) for message in page.messages]
    return V4Rows(columns=COLUMNS, rows=rows)


def _to_v4_row(message: Message, sender: str, recipient: str) -> list[Any]:
    return [
        message.message_id,
        sender,
        "*" if message.broadcast else recipient,
        message.message_type,
        message.content,
        _NUMBERS[message.priority],
        to_microseconds(message.timestamp),
        message.status in (DeliveryState.READ, DeliveryState.ACKNOWLEDGED),
    ]
