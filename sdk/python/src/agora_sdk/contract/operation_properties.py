"""Properties of operations: kind, exposure, lifecycle, and routes."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Literal, TypeAlias

__all__ = ["Exposure", "Kind", "Lifecycle", "LifecycleLike", "Route"]


class Kind(StrEnum):
    """How an operation runs."""

    QUERY = "query"  #: reads; never changes state
    COMMAND = "command"  #: changes state in one transaction
    STREAM = "stream"  #: yields items without holding a transaction
    RELAY = "relay"  #: commits an intent, calls a remote system, commits the outcome


class Exposure(StrEnum):
    """Visibility of an operation in the registry."""

    PUBLIC = "public"
    AGENT = "agent"
    OPERATOR = "operator"
    TEST = "test"


class Lifecycle(StrEnum):
    """Lifecycle status of an operation."""

    ACTIVE = "active"
    BETA = "beta"
    DEPRECATED = "deprecated"
    SUNSET = "sunset"


# Parameters accept a member, or its value as a literal. Only type checkers see the literals; models and
# implementations use the enum.
if TYPE_CHECKING:
    LifecycleLike: TypeAlias = Lifecycle | Literal["active", "beta", "deprecated", "sunset"]
else:
    LifecycleLike = Lifecycle


@dataclass(frozen=True, slots=True)
class Route:
    """An HTTP method and a path template such as ``/agents/{agent_id}/status``.

    slashed: parameters whose value contains one slash, written ``{+name}``; in a request the slash may be unencoded.
    """

    method: str
    path: str
    slashed: frozenset[str] = frozenset()

    @classmethod
    def parse(cls, text: str) -> Route:
        method, path = text.split()
        return cls(method, path.replace("{+", "{"), frozenset(re.findall(r"{\+(\w+)}", path)))

    def __str__(self) -> str:
        """Return the text that it is parsed from."""
        path = self.path
        for name in self.slashed:
            path = path.replace(f"{{{name}}}", f"{{+{name}}}")
        return f"{self.method} {path}"

    @property
    def parameters(self) -> tuple[str, ...]:
        """Names of the path parameters, in order."""
        return tuple(re.findall(r"{(\w+)}", self.path))
