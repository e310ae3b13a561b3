"""The port: streams, and the groups that read them.

An entry is a mapping of texts. A group gives each entry to one of its consumers, and keeps it as pending until it is
acknowledged; a stream may have any number of groups, and each gets every entry. Delivery is at least once:

* ``publish`` answers when the entry is as durable as :attr:`Bus.durability` says;
* what a consumer has not acknowledged after ``Terms.stale`` seconds can be taken over, and each further delivery
  doubles that time; after ``Terms.most`` deliveries it goes to the stream's dead letters instead (``STREAM/dead``);
* a consumer silent for ``Terms.silent`` seconds is forgotten, once what it had pending was taken back;
* ``trim`` drops nothing that a group has not read and acknowledged.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from agora.core.ports import Port

__all__ = [
    "BRIDGE",
    "BURIED",
    "DEAD",
    "PARKED",
    "Bridge",
    "Bus",
    "Consumer",
    "Delivery",
    "Fields",
    "Group",
    "MaintenanceReport",
    "Pending",
    "Recovery",
    "Terms",
    "dead_letter",
]

Fields = Mapping[str, str]

DEAD = "/dead"  #: what the name of a stream's dead letters ends with; no agent's name holds a slash
BURIED = 1000  #: dead letters of a stream that are looked at
PARKED = "agora:parked"  #: in Redis, the consumer that holds what was taken back


@dataclass(frozen=True, slots=True)
class Terms:
    """stale, silent: seconds. most: deliveries of one entry."""

    stale: float = 30.0
    silent: float = 90.0
    most: int = 3


@dataclass(frozen=True, slots=True)
class Delivery:
    """An entry handed to a consumer. deliveries: how often it was, this time included.

    ref: in the store, the message or task that it stands for.
    """

    entry_id: str
    fields: Fields
    deliveries: int = 1
    ref: str | None = None


@dataclass(frozen=True, slots=True)
class Pending:
    """An entry not acknowledged yet. consumer: None where it was taken back. idle: seconds since it was handed out."""

    entry_id: str
    consumer: str | None
    idle: float
    deliveries: int


@dataclass(frozen=True, slots=True)
class Consumer:
    """A consumer. idle: seconds since it last asked for something."""

    name: str
    pending: int
    idle: float


@dataclass(frozen=True, slots=True)
class Group:
    """A group. lag: entries it was not given yet."""

    name: str
    pending: int
    lag: int
    consumers: int


@dataclass(frozen=True, slots=True)
class Recovery:
    """Entries taken over, and those that became dead letters instead."""

    entries: Sequence[Delivery] = ()
    dead: Sequence[Delivery] = ()


@dataclass(frozen=True, slots=True)
class MaintenanceReport:
    """What :meth:`Bus.tend` did. taken_back: ids of entries. removed: names of consumers."""

    taken_back: Sequence[str] = ()
    dead: Sequence[Delivery] = ()
    removed: Sequence[str] = ()


@dataclass(slots=True)
class Bridge:
    """How the bridge to Redis fares, for whoever is asked: it is measured beforehand.

    lag: entries on the inbound stream that were not taken in yet.
    """

    connected: bool = False
    error: str | None = None
    durability: str = "not known: Redis was not reached yet"
    warnings: Sequence[str] = ()
    lag: int = 0


def dead_letter(delivery: Delivery, group: str, reason: str) -> dict[str, str]:
    """The fields under which an entry stands among the dead letters."""
    reason_fields = {
        "dead_entry_id": delivery.entry_id,
        "dead_group": group,
        "dead_deliveries": str(delivery.deliveries),
        "dead_reason": reason,
    }
    return {**delivery.fields, **reason_fields}


class Bus(Protocol):
    """An engine. Every failure is an AgoraError.

    NotFound: there is no such group. Overloaded: as many entries wait to be published as may.
    UpstreamUnavailable: the broker cannot be reached; ``outcome="unknown"`` where an entry may have been published.
    """

    @property
    def connected(self) -> bool:
        """Whether the broker can be reached now."""

    @property
    def error(self) -> str | None:
        """Why not."""

    @property
    def epoch(self) -> int:
        """Counts connections: with another one, what was there before may be gone."""

    @property
    def durability(self) -> str:
        """In words, what a published entry survives."""

    @property
    def warnings(self) -> Sequence[str]:
        """Settings of the broker by which entries could be lost."""

    async def start(self) -> None:
        """Connect."""

    async def close(self) -> None:
        """Finish what was begun, and disconnect."""

    async def examine(self) -> None:
        """Look anew how durable the broker is. Raises InternalError for one that is too old."""

    async def publish(self, stream: str, fields: Fields) -> str:
        """Append an entry; answers its id."""

    async def join(self, stream: str, group: str, *, whole: bool = True) -> bool:
        """Make a group, if there is none: of the whole stream, or of what comes from now on. Tells whether it is new."""

    async def read(
        self, stream: str, group: str, consumer: str, *, count: int = 10, block: float = 0
    ) -> Sequence[Delivery]:
        """The next entries that the group was not given yet; waits ``block`` seconds for a first one."""

    async def ack(self, stream: str, group: str, ids: Sequence[str]) -> int:
        """Acknowledge; answers how many of them were pending."""

    async def touch(self, stream: str, group: str, consumer: str, ids: Sequence[str]) -> None:
        """Say that a consumer still works on entries: their time begins anew, and they count as delivered no more often."""

    async def recover(
        self, stream: str, group: str, consumer: str, *, idle: float | None = None, count: int = 100
    ) -> Recovery:
        """Take over what is stale, or was taken back. idle: seconds instead of ``Terms.stale``."""

    async def bury(self, stream: str, group: str, letter: Delivery, reason: str) -> None:
        """Put an entry among the stream's dead letters, and acknowledge it, both or neither."""

    async def settled(self, stream: str, group: str, ids: Sequence[str]) -> Collection[str]:
        """Those of these entries that the group was given and has acknowledged."""

    async def buried(self, stream: str, group: str, ids: Sequence[str]) -> Collection[str]:
        """Those of these entries that stand among the last ``BURIED`` dead letters, put there for the group."""

    async def tend(self, stream: str, group: str, *, count: int = 100) -> MaintenanceReport:
        """Take back what is stale, bury what was delivered too often, forget consumers that are silent."""

    async def pending(self, stream: str, group: str, *, count: int = 100) -> Sequence[Pending]:
        """What is pending, oldest entry first."""

    async def trim(self, stream: str, length: int = 0) -> int:
        """Drop the oldest entries beyond ``length`` that every group has done with; of a stream without groups, all."""

    async def groups(self, stream: str) -> Sequence[Group]:
        """The groups of a stream by name."""

    async def consumers(self, stream: str, group: str) -> Sequence[Consumer]:
        """The consumers of a group by name."""

    async def lag(self, stream: str, group: str) -> int:
        """How many entries the group was not given yet."""

    async def own(self, stream: str, owner: str) -> bool:
        """Let a stream be somebody's: what it holds of anybody else is dropped. Tells whether it was another's, or nobody's."""

    async def holds(self, stream: str, ids: Sequence[str]) -> Collection[str]:
        """Those of these entries that the stream holds."""

    async def length(self, stream: str) -> int:
        """How many entries the stream holds."""


#: state of the bridge, where there is one
BRIDGE: Port[Bridge] = Port("bridge to Redis")
