"""Records of monitoring: rows of the message log, of calls by the minute, and counts."""

from __future__ import annotations

from agora.store.records import record

__all__ = [
    "ActiveTaskCount",
    "AgentStatusCount",
    "CurrencyCost",
    "DeliveryState",
    "MessagePosition",
    "StateCount",
    "WaitingMessageCount",
]


@record
class AgentStatusCount:
    """The number of agents in a status. established: how many of them were reachable for long enough in total."""

    status: str
    agents: int
    established: int


@record
class MessagePosition:
    """The end of a window of the message log."""

    message_id: str
    created_at: int


@record
class DeliveryState:
    """The state of one delivery of a message."""

    message_id: str
    state: str


@record
class ActiveTaskCount:
    """The number of tasks that an agent has in progress."""

    agent_id: str
    tasks: int


@record
class WaitingMessageCount:
    """The number of messages that wait for an agent."""

    agent_id: str
    messages: int


@record
class CurrencyCost:
    """Charges of a day in one currency, in millionths."""

    currency: str
    amount: int


@record
class StateCount:
    """The number of agents, tasks, deliveries or instances in a state."""

    state: str
    number: int
