"""Records of the bus: rows of its tables, and of what its queries answer."""

from __future__ import annotations

from agora.store.port import Table
from agora.store.records import record

__all__ = [
    "CONSUMERS",
    "ENTRIES",
    "GROUPS",
    "PENDING",
    "RESPONSES",
    "BridgeMember",
    "ConsumerRow",
    "ConsumerState",
    "GroupKey",
    "GroupOverview",
    "GroupPosition",
    "PendingEntry",
    "PendingEntryWithMessage",
    "PendingRow",
    "ResponseDeadline",
    "ResponseEvidence",
    "SilentConsumer",
    "StreamEntry",
    "StreamEntryRow",
    "StreamEntryWithMessage",
    "StreamGroupRow",
    "StreamHead",
    "TaskClaim",
    "WaitingMessage",
]


@record
class StreamEntryRow:
    """A row of ``bus_entries``."""

    tenant_id: str
    stream: str
    number: int
    ref: str | None
    name: str | None
    fields: str
    created_at: int


ENTRIES = Table("bus_entries", StreamEntryRow)


@record
class StreamGroupRow:
    """A row of ``bus_groups``."""

    tenant_id: str
    stream: str
    group_name: str
    last_number: int
    created_at: int


GROUPS = Table("bus_groups", StreamGroupRow)


@record
class PendingRow:
    """A row of ``bus_pending``."""

    tenant_id: str
    stream: str
    group_name: str
    number: int
    consumer: str
    deliveries: int
    delivered_at: int


PENDING = Table("bus_pending", PendingRow)


@record
class ConsumerRow:
    """A row of ``bus_consumers``."""

    tenant_id: str
    stream: str
    group_name: str
    consumer: str
    seen_at: int


CONSUMERS = Table("bus_consumers", ConsumerRow)


@record
class ResponseDeadline:
    """A row of ``bus_responses``: until when a message or a task is to be answered."""

    tenant_id: str
    ref: str
    recipient: str
    sender: str
    type: str
    priority: str
    correlation_id: str | None
    created_at: int
    due_at: int


RESPONSES = Table("bus_responses", ResponseDeadline)


@record
class StreamHead:
    """The last number of a stream, and its owner. floor: see ``append_unread_messages``."""

    last_number: int
    floor: str
    owner: str


@record
class StreamEntry:
    """What a stream hands out of an entry."""

    number: int
    ref: str | None
    name: str | None
    fields: str
    created_at: int


@record
class StreamEntryWithMessage(StreamEntry):
    """A row with the texts of its message: they count in the size of a page."""

    content: str | None
    metadata: str | None


@record
class GroupPosition:
    """A group's place on its stream: the last entry that it delivered."""

    last_number: int
    created_at: int


@record
class GroupOverview:
    """A group with its counts. agent_name: that of the agent whose stream it is, if it is one's."""

    stream: str
    group_name: str
    lag: int
    length: int
    agent_name: str | None
    pending: int
    consumers: int


@record
class PendingEntry:
    """A pending entry. What the stream has of it is null once it is trimmed."""

    number: int
    consumer: str
    deliveries: int
    delivered_at: int
    ref: str | None
    name: str | None
    fields: str | None
    created_at: int | None


@record
class PendingEntryWithMessage(PendingEntry):
    """A row with the texts of its message: they count in the size of a page."""

    content: str | None
    metadata: str | None


@record
class GroupKey:
    """A group by its key."""

    stream: str
    group_name: str


@record
class ConsumerState:
    """A consumer of a group. pending: how many entries it has."""

    consumer: str
    seen_at: int
    pending: int


@record
class SilentConsumer:
    """A consumer that was not seen for long. pending: how many entries it has."""

    stream: str
    group_name: str
    consumer: str
    pending: int


@record
class WaitingMessage:
    """A message in an inbox that is not on the stream yet."""

    message_id: str
    metadata: str


@record
class TaskClaim:
    """The claim of a task: by whom, and under which fencing token."""

    task_id: str
    status: str
    fence: int
    holder: str | None


@record
class ResponseEvidence:
    """What shows a response: state of the delivery, the latest reply's id, status of the task; null without one."""

    state: str | None
    reply: str | None
    task: str | None


@record
class BridgeMember:
    """An agent that receives by the bridge."""

    agent_id: str
    agent_name: str
    account_id: str
    service_tier: str
    status: str
    token_generation: int
    registered_at: int
