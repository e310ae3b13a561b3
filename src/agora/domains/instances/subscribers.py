"""What instances do when agents leave."""

from __future__ import annotations

from agora.core.call import Call
from agora.store.port import Row

from .retirement import check_idle, end_all

__all__ = ["end_instances", "refuse_while_running"]


async def refuse_while_running(call: Call, agent: Row) -> None:
    """Raises Conflict while there are instances of an agent that wants to leave."""
    await check_idle(call, agent)


async def end_instances(call: Call, agent: Row) -> None:
    """End the instances of an agent that has left, and let no new ones be made."""
    await end_all(call, agent)
