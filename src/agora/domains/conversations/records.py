"""Records of conversations: rows of tables and query results."""

from __future__ import annotations

from agora.store.port import Table
from agora.store.records import record

__all__ = [
    "CONVERSATIONS",
    "ENVELOPES",
    "PARTIES",
    "USAGE",
    "ConversationRow",
    "EnvelopeRow",
    "LapsedQuestion",
    "PartyRow",
    "ReportedUsageRow",
]


@record
class ConversationRow:
    """A row of ``conversations``."""

    tenant_id: str
    conversation_id: str
    label: str
    initiator: str
    type: str
    intent: str | None
    state: str
    last_type: str
    message_count: int
    started_at: int
    updated_at: int


CONVERSATIONS = Table("conversations", ConversationRow)


@record
class PartyRow:
    """A row of ``conversation_parties``."""

    tenant_id: str
    party: str
    conversation_id: str
    label: str


PARTIES = Table("conversation_parties", PartyRow)


@record
class EnvelopeRow:
    """A row of ``envelopes``. open: number of awaited answers; -1 if it timed out or was withdrawn."""

    tenant_id: str
    message_id: str
    conversation_id: str
    sender: str
    envelope_id: str
    digest: bytes
    type: str
    intent: str | None
    answers: str | None
    cause: str | None
    final: int
    open: int
    expected: str | None
    timeout: int | None
    due_at: int | None
    answer: str | None
    task_id: str | None


ENVELOPES = Table("envelopes", EnvelopeRow)


@record
class ReportedUsageRow:
    """A row of ``reported_usage``."""

    tenant_id: str
    usage_id: str
    agent_id: str
    customer_id: str | None
    action: str
    duration: float
    used_at: int
    reported_by: str
    reported_at: int
    details: str


USAGE = Table("reported_usage", ReportedUsageRow)


@record
class LapsedQuestion:
    """A question that is no longer open."""

    message_id: str
    envelope_id: str
