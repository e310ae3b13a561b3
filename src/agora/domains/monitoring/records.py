"""Records of monitoring: rows of the message log, of calls by the minute, and counts."""

from __future__ import annotations

from agora.store.records import record

__all__ = [
    "ActiveTaskCount",
    "AgentStatusCount",
    "CurrencyCost",
    "DeliveryState",
    "MessageLogRow",
    "MessagePosition",
    "StateCount",
    "WaitingMessageCount",
]


@record
class AgentStatusCount:
    """How many agents have a status. established: those of them that were reachable for long enough in all."""

    status: str
    agents: int
    established: int


@record
class MessagePosition:
    """Where a window of the message log ends."""

    message_id: str
    created_at: int


@record
class DeliveryState:
    """The state of one delivery of a message."""

    message_id: str
    state: str


@record
class ActiveTaskCount:
    """How many tasks an agent has in progress."""

    agent_id: str
    tasks: int


@record
class WaitingMessageCount:
    """How many messages wait for an agent."""

    agent_id: str
    messages: int


@record
class CurrencyCost:
    """Charges of a day in one currency, in millionths."""

    currency: str
    amount: int


@record
class MessageLogRow:
    """A message as the monitor lists it: a row of ``messages``."""

    tenant_id: str
    message_id: str
    from_agent: str
    from_name: str
    to_agent: str
    content: str
    message_type: str
    priority: str
    correlation_id: str | None
    reply_to: str | None
    metadata: str
    broadcast: int
    created_at: int
    expires_at: int | None


@record
class StateCount:
    """How many agents, tasks, deliveries or instances are in a state."""

    state: str
    number: int
