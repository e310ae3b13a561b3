"""The bus: entries of five types on streams, with a consumer group for each agent."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Literal, TypeAlias

from pydantic import BeforeValidator, Field, JsonValue

from .fields import AgentRef, JsonObject, Timestamp, split
from .operation import Kind, Service, operation
from .results import Result

__all__ = [
    "Bus",
    "BusAck",
    "BusBatch",
    "BusConsumer",
    "BusDelivery",
    "BusEntry",
    "BusGroup",
    "BusHealth",
    "BusMembership",
    "BusPending",
    "BusPendingEntry",
    "BusPriority",
    "BusPriorityLike",
    "BusReceipt",
    "BusStats",
    "BusType",
    "BusTypeLike",
]


class BusType(StrEnum):
    """Type of an entry."""

    TASK_ASSIGNMENT = "task_assignment"
    TASK_COMPLETION = "task_completion"
    STATE_UPDATE = "state_update"
    ERROR_REPORT = "error_report"
    ASSISTANCE_REQUEST = "assistance_request"


class BusPriority(StrEnum):
    """Urgency of a response: due within 5, 30 or 120 minutes by default. Medium corresponds to normal priority in the
    marketplace."""

    HIGH = "high"
    MEDIUM = "medium"
    LOW = "low"


# Parameters accept a member, or its value as a literal. Only type checkers see the literals; models and
# implementations use the enum.
if TYPE_CHECKING:
    BusTypeLike: TypeAlias = (
        BusType | Literal["task_assignment", "task_completion", "state_update", "error_report", "assistance_request"]
    )
    BusPriorityLike: TypeAlias = BusPriority | Literal["high", "medium", "low"]
else:
    BusTypeLike = BusType
    BusPriorityLike = BusPriority


EntryId = Annotated[
    str,
    Field(
        min_length=1,
        max_length=180,
        pattern=r"^[!-~]+$",
        description="Id set by the publisher, such as a UUID; repeating it has no further effect.",
    ),
]
Target = Annotated[
    AgentRef,
    Field(
        description="Agent id, name or dotted alias, 'capability:NAME', or 'broadcast' for everyone; "
        "a task_assignment to 'broadcast' can be claimed by any agent."
    ),
]
Correlation = Annotated[
    str | None,
    Field(min_length=1, max_length=200, pattern=r"^[^\x00]*$", description="Links a response to its request."),
]
ConsumerName = Annotated[
    str,
    Field(
        min_length=1,
        max_length=128,
        pattern=r"^[^\x00-\x1f\x7f]+$",
        description="Name of the consumer in the group; each entry goes to one consumer.",
        examples=["mcp-a1b2c3d4"],
    ),
]
Count = Annotated[int, Field(ge=1, le=500, description="Maximum number of entries returned.")]
Wait = Annotated[float, Field(ge=0, le=60, description="Seconds to wait for an entry if none is available.")]
Ids = Annotated[
    list[Annotated[str, Field(min_length=1, max_length=200)]],
    BeforeValidator(lambda value: split(value) if "," in str(value) or not isinstance(value, str) else [value]),
    Field(min_length=1, max_length=500, description="Ids of entries, as returned by read: message_id or entry_id."),
]
Extensions = Annotated[
    JsonObject,
    Field(
        max_length=100,
        description="Message fields without an entry field of their own: message_type, priority, metadata, reply_to ...",
    ),
]


class BusEntry(Result):
    """An entry on a stream: the envelope of the bus."""

    message_id: str = Field(description="Id set by the publisher, else by the marketplace.")
    timestamp: Timestamp
    sender: str = Field(description="Name of the agent that published it.")
    target: str = Field(description="Recipient as given by the publisher.")
    type: BusType
    priority: BusPriority = BusPriority.MEDIUM
    content: dict[str, JsonValue] = {}
    correlation_id: str | None = None
    extensions: dict[str, JsonValue] = {}


class BusDelivery(BusEntry):
    """An entry delivered to a consumer and not acknowledged yet."""

    entry_id: str = Field(description="Position on the stream.")
    deliveries: int = Field(default=1, description="Number of deliveries, including this one.")
    task_id: str | None = Field(
        default=None, description="For a task_assignment: the task. Reading the entry claims it."
    )
    fencing_token: int | None = None


class BusReceipt(Result):
    """Receipt of an entry. The entry is committed to the store."""

    message_id: str = Field(description="Id of the stored message; for a task_assignment, of the task.")
    type: BusType
    priority: BusPriority
    timestamp: Timestamp
    task_id: str | None = None
    recipients: int | None = Field(default=None, description="Number of recipients; null for a broadcast.")
    warning: str | None = None


class BusBatch(Result):
    """Entries delivered to a consumer. Unacknowledged entries are delivered again."""

    group: str
    consumer: str
    entries: list[BusDelivery] = []
    count: int = 0

    def __len__(self) -> int:
        return len(self.entries)

    def __bool__(self) -> bool:
        return bool(self.entries)


class BusAck(Result):
    """Acknowledged entries. ``unknown``: ids that were not pending, for example acknowledged earlier."""

    acknowledged: int
    unknown: list[str] = []


class BusPendingEntry(Result):
    """An entry that was delivered and not acknowledged."""

    entry_id: str
    message_id: str
    consumer: str | None = Field(
        description="Consumer that holds it; null if it was reclaimed and waits for any consumer."
    )
    idle_seconds: float
    deliveries: int


class BusPending(Result):
    group: str
    entries: list[BusPendingEntry] = []
    count: int = 0
    total: int = 0


class BusHealth(Result):
    """Health of the bus, for the caller. ``redis_connection`` is false if no Redis is configured."""

    status: Literal["healthy", "degraded", "unhealthy"]
    redis_connection: bool
    consumer_group: str = Field(
        description="With Redis, the group that takes in what programs publish there; without, the caller's own."
    )
    message_lag: int = Field(description="Entries for the caller that no consumer has received yet, here or on Redis.")
    timestamp: Timestamp


class BusConsumer(Result):
    name: str
    pending: int
    idle_seconds: float


class BusGroup(Result):
    """A consumer group: its consumers and position."""

    stream: str
    group: str
    pending: int = 0
    lag: int = 0
    length: int = 0
    consumers: list[BusConsumer] = []


class BusStats(Result):
    """Statistics of the bus."""

    engine: Literal["embedded", "redis"]
    durability: str = Field(description="Durability of a published entry.")
    groups: list[BusGroup] = []
    dead_letters: int = 0
    awaiting_response: int = Field(default=0, description="Entries with a response that is not overdue.")
    inbound_lag: int = Field(default=0, description="Entries on the inbound Redis stream that were not imported yet.")
    bridged: int = Field(default=0, description="Agents whose messages are delivered on a Redis stream.")
    warnings: list[str] = []


class BusMembership(Result):
    """An agent whose messages are delivered on a Redis stream."""

    agent_id: str
    stream: str = Field(description="Redis stream on which its messages are delivered.")
    group: str = Field(description="Consumer group created for it on that stream.")
    inbound: str = Field(description="Stream on which it publishes.")
    active: bool


class Bus(Service, category="bus"):
    """Streams with consumer groups: every agent has its own group, so no agent blocks another's entries."""

    @operation(scope="write:messages", tools=("publish_task",))
    async def publish(
        self,
        type: BusTypeLike,
        content: Annotated[JsonObject, Field(description="Content of the entry; the keys depend on the type.")] = {},
        target: Target = "broadcast",
        priority: BusPriorityLike = BusPriority.MEDIUM,
        *,
        correlation_id: Correlation = None,
        message_id: EntryId | None = None,
        sender: AgentRef | None = None,
        timestamp: Timestamp | None = None,
        extensions: Extensions = {},
    ) -> BusReceipt:
        """Publish an entry to an agent, a capability or everyone.

        The entry is stored as a message; a task_assignment is stored as a task. With a ``task_id``, a task_completion
        completes that task, an error_report fails it, and a state_update updates it. Idempotent for each sender and
        ``message_id``: a repetition returns the first receipt.
        """

    @operation(scope="write:messages", tools=("read_tasks",))
    async def read(
        self,
        count: Count = 10,
        wait: Wait = 0,
        *,
        consumer: ConsumerName = "default",
        tasks: Annotated[bool, Field(description="Whether to claim tasks, too.")] = True,
        agent_id: AgentRef | None = None,
    ) -> BusBatch:
        """Read the next entries for an agent: reclaimed ones first, then new ones.

        Each entry goes to one consumer of the group, which holds it until it is acknowledged. Tasks for the agent, or
        for one of its capabilities, are returned as task_assignment and are claimed by reading them.
        """

    @operation(scope="write:messages", tools=("ack_task",), idempotent=True)
    async def ack(self, message_ids: Ids, *, agent_id: AgentRef | None = None) -> BusAck:
        """Acknowledge entries: they are not delivered again."""

    @operation(scope="write:messages", tools=("recover_tasks",))
    async def recover(
        self,
        count: Count = 100,
        *,
        idle: Annotated[
            float | None,
            Field(ge=0, le=86_400, description="Seconds without an acknowledgement; default: the setting bus_stale."),
        ] = None,
        consumer: ConsumerName = "default",
        agent_id: AgentRef | None = None,
    ) -> BusBatch:
        """Reclaim entries that other consumers of the group have not acknowledged in time.

        The time doubles with each delivery of an entry. After the last delivery, the entry becomes a dead letter.
        """

    @operation("GET /agora/bus/pending", scope="read:messages")
    async def pending(self, count: Count = 100, *, agent_id: AgentRef | None = None) -> BusPending:
        """List the group's pending entries (delivered, not acknowledged), oldest first."""

    @operation("GET /agora/bus/health", scope="read:messages", tools=("bus_health",))
    async def health(self) -> BusHealth:
        """Show the health of the bus, and how many entries wait for the caller."""

    @operation("GET /agora/bus/stats", scope="read:messages")
    async def stats(self) -> BusStats:
        """Show consumer groups with their consumers, lag and pending entries: your own; operators see all."""

    @operation(scope="write:messages", kind=Kind.RELAY, idempotent=True)
    async def join(self, agent_id: AgentRef | None = None) -> BusMembership:
        """Deliver an agent's messages and tasks on its Redis stream, starting with those already waiting.

        The stream and its group exist when this returns, unless Redis is unavailable; then they are created later. An
        agent that publishes an entry through Redis joins automatically.
        """

    @operation(scope="write:messages", idempotent=True)
    async def leave(self, agent_id: AgentRef | None = None) -> BusMembership:
        """Stop delivering an agent's messages on its Redis stream; delivered entries stay there."""
