"""Ports of billing: unmetered running time, provided by instances."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence

from agora.core.call import Call
from agora.core.lazy import Lazy
from agora.core.ports import Port
from agora.value_classes import value_class

__all__ = ["RUNNING_TIME", "ProjectedCost"]


@value_class
class ProjectedCost:
    """Running time of an agent's instances, in microseconds, and its minimum cost, in millionths."""

    account_id: str
    agent_id: str
    currency: str
    quantity: int
    amount: int


#: unmetered running time of an account (None: all) or of one instance
RUNNING_TIME: Port[Lazy[Callable[[Call, str | None, str], Awaitable[Sequence[ProjectedCost]]]]] = Port(
    "running instances"
)
