"""The protocol of stream engines: streams and consumer groups.

An entry is a mapping of strings. A group delivers each entry to one of its consumers and keeps it pending until it is
acknowledged; a stream may have any number of groups, and each gets every entry. Delivery is at least once:

* ``publish`` returns when the entry is as durable as :attr:`Bus.durability` says;
* an entry not acknowledged after ``RedeliveryPolicy.stale_seconds`` seconds can be taken over, and each further delivery doubles that
  time; after ``RedeliveryPolicy.max_deliveries`` deliveries it becomes a dead letter (stream ``STREAM/dead``);
* a consumer silent for ``RedeliveryPolicy.silent_seconds`` seconds is removed, once its pending entries were taken back;
* ``trim`` never deletes an entry that a group has not acknowledged.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from agora.core.ports import Port
from agora.value_classes import value_class

__all__ = [
    "BRIDGE",
    "DEAD_LETTER_SUFFIX",
    "EXHAUSTED_REASON",
    "MAX_DEAD_LETTERS",
    "PARKED_GROUP",
    "Bridge",
    "BridgeBus",
    "Bus",
    "Consumer",
    "Delivery",
    "Fields",
    "Group",
    "MaintenanceReport",
    "Pending",
    "ReappendedEntry",
    "Recovery",
    "RedeliveryPolicy",
    "RedeliveryReport",
    "build_dead_letter",
    "compute_entry_sort_key",
    "parse_dead_letter",
    "strip_dead_letter_fields",
]

Fields = Mapping[str, str]

DEAD_LETTER_SUFFIX = "/dead"  #: suffix of the stream of dead letters; agents' names have no slash
MAX_DEAD_LETTERS = 1000  #: examined dead letters per stream
EXHAUSTED_REASON = "delivered too often without an acknowledgement"
LETTER_FIELDS = frozenset({"dead_entry_id", "dead_group", "dead_deliveries", "dead_reason"})
CREDENTIAL_FIELDS = frozenset({"key", "signature"})
PARKED_GROUP = "agora:parked"  #: Redis consumer that holds entries taken back


@value_class
class RedeliveryPolicy:
    """Parameters of redelivery.

    stale_seconds: after which an unacknowledged entry can be taken over. silent_seconds: after which a consumer without
    pending entries is removed. max_deliveries: of one entry.
    """

    stale_seconds: float = 30.0
    silent_seconds: float = 90.0
    max_deliveries: int = 3


@value_class
class Delivery:
    """An entry delivered to a consumer. deliveries: number of deliveries, including this one.

    ref: in the store, the id of the message or task that it refers to.
    """

    entry_id: str
    fields: Fields
    deliveries: int = 1
    ref: str | None = None


@value_class
class Pending:
    """An unacknowledged entry. consumer: None if it was taken back. idle: seconds since its delivery."""

    entry_id: str
    consumer: str | None
    idle: float
    deliveries: int


@value_class
class Consumer:
    """A consumer. idle: seconds since its last request."""

    name: str
    pending: int
    idle: float


@value_class
class Group:
    """A group. lag: entries not delivered to it yet."""

    name: str
    pending: int
    lag: int
    consumers: int


@value_class
class Recovery:
    """Entries taken over, and those that became dead letters instead."""

    entries: Sequence[Delivery] = ()
    dead: Sequence[Delivery] = ()


@value_class
class MaintenanceReport:
    """Result of :meth:`Bus.maintain`. taken_back: ids of entries. removed: names of consumers."""

    taken_back: Sequence[str] = ()
    dead: Sequence[Delivery] = ()
    removed: Sequence[str] = ()


@value_class
class ReappendedEntry:
    """An entry that was appended again for redelivery. deliveries: including those of its earlier copies."""

    entry_id: str
    previous_id: str
    deliveries: int


@value_class
class RedeliveryReport:
    """Result of :meth:`BridgeBus.redeliver`. pending: examined entries.

    active_idle: seconds since the last request of any consumer, None without one.
    """

    dead: Sequence[Delivery] = ()
    pending: int = 0
    active_idle: float | None = None


@dataclass(slots=True)
class Bridge:
    """State of the bridge to Redis, updated in the background so that reading it never blocks.

    lag: inbound entries that are not processed yet. delivered: by tenant and agent, the last entry of its stream that
    was delivered to a consumer. create_group: creates an agent's stream and group, by tenant and name.
    """

    connected: bool = False
    error: str | None = None
    durability: str = "not known: Redis was not reached yet"
    warnings: Sequence[str] = ()
    lag: int = 0
    delivered: dict[tuple[str, str], str] = field(default_factory=dict)
    create_group: Callable[[str, str], Awaitable[None]] | None = None


def build_dead_letter(delivery: Delivery, group: str, reason: str) -> dict[str, str]:
    """Build the fields of an entry's dead letter, without credentials."""
    reason_fields = {
        "dead_entry_id": delivery.entry_id,
        "dead_group": group,
        "dead_deliveries": str(delivery.deliveries),
        "dead_reason": reason,
    }
    return {**strip_dead_letter_fields(delivery.fields), **reason_fields}


def strip_dead_letter_fields(fields: Fields) -> dict[str, str]:
    """Remove credentials and dead-letter fields from the fields of an entry or a dead letter."""
    return {
        name: value for name, value in fields.items() if name not in LETTER_FIELDS and name not in CREDENTIAL_FIELDS
    }


def parse_dead_letter(fields: Fields) -> Delivery:
    """Restore the delivery from a dead letter; its fields still contain the reason."""
    deliveries = fields.get("dead_deliveries", "")
    return Delivery(
        fields.get("dead_entry_id", ""), fields, int(deliveries) if deliveries.isascii() and deliveries.isdigit() else 1
    )


def compute_entry_sort_key(entry: str) -> tuple[int, int]:
    """Compute the key by which ids of Redis entries are ordered."""
    stamp, _, number = entry.partition("-")
    return int(stamp), int(number or 0)


class Bus(Protocol):
    """A stream engine. All errors are AgoraErrors.

    NotFound: no such group. Overloaded: too many entries wait to be published.
    UpstreamUnavailable: the broker is unreachable; ``outcome="unknown"`` if an entry may have been published.

    on_change: called on the event loop after a change of ``connected``, ``error`` or ``epoch``.
    """

    on_change: Callable[[], None]

    @property
    def connected(self) -> bool:
        """Whether the broker is connected."""

    @property
    def error(self) -> str | None:
        """Reason for a missing connection."""

    @property
    def epoch(self) -> int:
        """Number of the connection: after a change, the broker may have lost entries."""

    @property
    def durability(self) -> str:
        """Description of the failures that a published entry survives."""

    @property
    def warnings(self) -> Sequence[str]:
        """Warnings about broker settings that could lose entries."""

    async def start(self) -> None:
        """Connect."""

    async def close(self) -> None:
        """Finish pending writes, and disconnect."""

    async def refresh_durability(self) -> None:
        """Check the broker's durability again. Raises InternalError if its version is too old."""

    async def publish(self, stream: str, fields: Fields) -> str:
        """Append an entry; return its id."""

    async def create_group(self, stream: str, group: str, *, from_start: bool = True) -> bool:
        """Create a group if it does not exist, at the stream's start (``from_start``) or end; return whether it was created."""

    async def read(
        self, stream: str, group: str, consumer: str, *, count: int = 10, block: float = 0
    ) -> Sequence[Delivery]:
        """Deliver entries that are new to the group; wait ``block`` seconds for a first one."""

    async def ack(self, stream: str, group: str, ids: Sequence[str]) -> int:
        """Acknowledge entries; return how many were pending."""

    async def reset_idle_time(self, stream: str, group: str, consumer: str, ids: Sequence[str]) -> None:
        """Reset the idle time of a consumer's entries without counting a delivery."""

    async def recover(
        self, stream: str, group: str, consumer: str, *, idle: float | None = None, count: int = 100
    ) -> Recovery:
        """Take over entries that are stale or were taken back. idle: seconds, instead of
        ``RedeliveryPolicy.stale_seconds``."""

    async def dead_letter_entry(self, stream: str, group: str, delivery: Delivery, reason: str) -> None:
        """Atomically append an entry to the dead letters and acknowledge it."""

    async def find_acknowledged(self, stream: str, group: str, ids: Sequence[str]) -> Collection[str]:
        """Find the entries that were delivered to the group and acknowledged."""

    async def read_dead(self, stream: str) -> Sequence[Delivery]:
        """Read the last :data:`MAX_DEAD_LETTERS` dead letters (see :func:`build_dead_letter`), oldest first."""

    async def maintain(self, stream: str, group: str, *, count: int = 100) -> MaintenanceReport:
        """Take back stale entries, dead-letter exhausted ones, remove silent consumers."""

    async def list_pending(self, stream: str, group: str, *, count: int = 100) -> Sequence[Pending]:
        """List pending entries, oldest first."""

    async def trim_stream(self, stream: str, length: int = 0) -> int:
        """Delete the oldest entries beyond ``length`` that every group has acknowledged; all of them without groups."""

    async def list_groups(self, stream: str) -> Sequence[Group]:
        """List the groups of a stream by name."""

    async def list_consumers(self, stream: str, group: str) -> Sequence[Consumer]:
        """List the consumers of a group by name."""

    async def set_owner(self, stream: str, owner: str) -> bool:
        """Set a stream's owner, deleting a previous owner's entries; return whether the owner changed."""

    async def find_existing(self, stream: str, ids: Sequence[str]) -> Collection[str]:
        """Find the entries that exist on the stream."""

    async def count_entries(self, stream: str) -> int:
        """Count the entries on the stream."""


class BridgeBus(Bus, Protocol):
    """Additional operations for the bridge: groups whose consumers use the broker directly."""

    async def fetch_entries(self, stream: str, ids: Sequence[str]) -> Sequence[Delivery]:
        """Fetch entries by id without delivering them; missing ones are omitted."""

    async def redeliver(self, stream: str, group: str, earlier_deliveries: Mapping[str, int]) -> RedeliveryReport:
        """Redeliver entries that were not acknowledged in time, dead-letter those that were delivered too often.

        For groups whose consumers may read only new entries: a copy of the entry is appended and the original
        acknowledged atomically, as reported by :meth:`read_reappended_entries`. The timeout is ``RedeliveryPolicy.stale_seconds`` for every
        delivery, because consumers that claim entries themselves do not wait longer. The last delivery has a slightly
        shorter timeout, so that a consumer that claims at ``RedeliveryPolicy.stale_seconds`` does not get a further one.
        Removes silent consumers.

        earlier_deliveries: deliveries of earlier copies, by entry. Raises NotFound if there is no such group.
        """

    async def read_reappended_entries(self, stream: str) -> Sequence[ReappendedEntry]:
        """Read the entries that :meth:`redeliver` appended, oldest first, until :meth:`forget_moved`."""

    async def forget_moved(self, stream: str, ids: Sequence[str]) -> None:
        """Delete the moves of settled entries."""

    async def remove_foreign_consumers(
        self, stream: str, group: str, consumer: str
    ) -> tuple[Sequence[str], Sequence[Delivery]]:
        """Remove consumers that belong to no server and take over their entries. Returns their names and the entries.

        consumer: this server's name, which the call announces to the other servers.
        """

    async def last_delivered(self, stream: str, group: str) -> str:
        """Return the id of the last entry delivered to a consumer of the group; ``0-0`` if none was."""


#: state of the bridge, if configured
BRIDGE: Port[Bridge] = Port("bridge to Redis")
