"""Event filters: the types a subscriber asks for, and the events a viewer may see.

Types are named in full (``agora.message.received``), by their short name (``message_received``) or by a
pattern (``agora.message.*``, where ``*`` matches any text). A short name matches the server's own type with that name
and an agent's type of exactly that name.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import field

from pydantic_core import to_json

from agora.store.port import NewEvent
from agora.value_classes import value_class

__all__ = [
    "AGENT_SOURCE_PREFIX",
    "OPERATOR_VIEWER",
    "UNFILTERED",
    "EventFilter",
    "Viewer",
    "expand_type",
    "list_concerned_agents",
]

AGENT_SOURCE_PREFIX = "/agora/agents/"  #: prefix of the source of an agent's events
_SPECIAL = {"broadcast_message": "agora.broadcast.sent"}


def expand_type(name: str) -> tuple[str, ...]:
    """Expand a name in a filter into the types and patterns that it covers."""
    if "." in name or "_" not in name:
        return (name,)
    return (name, _SPECIAL.get(name) or f"agora.{name.replace('_', '.', 1)}")


def _compile_pattern(pattern: str) -> Callable[[str], bool]:
    """Matcher of one pattern, in linear time."""
    first, *middle, last = pattern.split("*")

    def matches_pattern(text: str) -> bool:
        if len(text) < len(first) + len(last) or not (text.startswith(first) and text.endswith(last)):
            return False
        at, end = len(first), len(text) - len(last)
        for part in middle:
            position = text.find(part, at, end)
            if position < 0:
                return False
            at = position + len(part)
        return True

    return matches_pattern


def list_concerned_agents(event: NewEvent) -> set[str]:
    """Ids of the agents an event concerns: its source, its subject, its audience."""
    concerned = set(event.audience or ())
    if event.subject is not None:
        concerned.add(event.subject)
    if event.source.startswith(AGENT_SOURCE_PREFIX):
        concerned.add(event.source[len(AGENT_SOURCE_PREFIX) :])
    return concerned


@value_class
class Viewer:
    """The viewer of events: private events are visible to their audience and to viewers of everything."""

    subject: str
    sees_all: bool = False

    def may_see(self, event: NewEvent) -> bool:
        return event.audience is None or self.sees_all or self.subject in event.audience


@value_class
class EventFilter:
    """The filter of a request; an empty one matches everything.

    types: names and patterns as given. agent: id of an agent the event must concern.
    """

    types: tuple[str, ...] = ()
    agent: str | None = None
    subject: str | None = None
    _exact: frozenset[str] = field(init=False, compare=False, repr=False)
    _patterns: tuple[Callable[[str], bool], ...] = field(init=False, compare=False, repr=False)

    def __post_init__(self) -> None:
        names = self.names
        object.__setattr__(self, "_exact", frozenset(name for name in names if "*" not in name))
        object.__setattr__(self, "_patterns", tuple(_compile_pattern(name) for name in names if "*" in name))

    @classmethod
    def from_request(
        cls, types: Iterable[str] = (), agent: str | None = None, subject: str | None = None
    ) -> EventFilter:
        """Create a filter in canonical form, so that equivalent requests give equal filters."""
        # Streams with equal filters share a group, so that an event is matched once for all of them.
        unique = tuple(sorted(set(types)))
        return cls(() if "*" in unique else unique, agent or None, subject or None)

    @property
    def names(self) -> tuple[str, ...]:
        """Full types and patterns."""
        return tuple(dict.fromkeys(full for name in self.types for full in expand_type(name)))

    def wants_type(self, type: str) -> bool:
        """Whether a type can match."""
        return not self.types or type in self._exact or any(matches(type) for matches in self._patterns)

    def matches_event(self, event: NewEvent) -> bool:
        """Whether an event matches."""
        if not self.wants_type(event.type):
            return False
        if self.subject is not None and event.subject != self.subject:
            return False
        return self.agent is None or self.agent in list_concerned_agents(event)

    def sql_parameters(self, viewer: Viewer) -> dict[str, str]:
        """SQL parameters equivalent to :meth:`matches_event` and the viewer; '' means no restriction."""
        return {
            "patterns": to_json(self.names).decode(),
            "agent": self.agent or "",
            "subject": self.subject or "",
            # With its quotes: the audience is searched as JSON text, and one id may be the beginning of another.
            "viewer": "" if viewer.sees_all else to_json(viewer.subject).decode(),
        }


UNFILTERED = EventFilter()
OPERATOR_VIEWER = Viewer("", sees_all=True)
