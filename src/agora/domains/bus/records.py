"""Records of the bus: table rows and query results."""

from __future__ import annotations

from agora.store.port import Table
from agora.store.records import record

__all__ = [
    "ENTRIES",
    "GROUPS",
    "PENDING",
    "RESPONSES",
    "BridgeMember",
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
class ResponseDeadline:
    """A row of ``bus_responses``: response deadline of a message or task."""

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
    """The last number of a stream, and its owner. floor: see ``move_unread_messages_to_stream``."""

    last_number: int
    floor: str
    owner: str


@record
class StreamEntry:
    """An entry of a stream, as delivered."""

    number: int
    ref: str | None
    name: str | None
    fields: str
    created_at: int


@record
class StreamEntryWithMessage(StreamEntry):
    """A row with the texts of its message, which count towards the size of a page."""

    content: str | None
    metadata: str | None


@record
class GroupPosition:
    """A group's position on its stream: the last delivered entry."""

    last_number: int
    created_at: int


@record
class GroupOverview:
    """A group with its counts. agent_name: owner of an agent's stream."""

    stream: str
    group_name: str
    lag: int
    length: int
    agent_name: str | None
    pending: int
    consumers: int


@record
class PendingEntry:
    """A pending entry. The entry's own fields are null after it was trimmed."""

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
    """A row with the texts of its message, which count towards the size of a page."""

    content: str | None
    metadata: str | None


@record
class GroupKey:
    """Key of a group."""

    stream: str
    group_name: str


@record
class ConsumerState:
    """A consumer of a group. pending: number of its pending entries."""

    consumer: str
    seen_at: int
    pending: int


@record
class SilentConsumer:
    """A consumer not seen for a long time. pending: number of its pending entries."""

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
    """The claim of a task: holder and fencing token."""

    task_id: str
    status: str
    fence: int
    holder: str | None


@record
class ResponseEvidence:
    """Evidence of a response: state of the delivery, id of the latest reply, status of the task; null without one."""

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
