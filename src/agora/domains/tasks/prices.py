"""Prices of tasks: agreed when a task is assigned to a named agent, and reserved against the payer's budgets.

A task in the pool has no price: its creator did not choose the agent.
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import Any

from agora.core.lazy import Lazy

from .draft import TaskDraft

__all__ = ["charge_reserved_price", "release_price_reservation", "reserve_price_of_agent"]

RESERVE_PRICE: Lazy[Callable[..., Coroutine[Any, Any, int | None]]] = Lazy(
    "agora.domains.billing.reservations:reserve_agent_price"
)
RELEASE_RESERVATION: Lazy[Callable[..., Coroutine[Any, Any, None]]] = Lazy(
    "agora.domains.billing.reservations:release_reservation"
)
SETTLE_RESERVATION: Lazy[Callable[..., Coroutine[Any, Any, None]]] = Lazy(
    "agora.domains.billing.reservations:charge_and_release_reservation"
)


async def reserve_price_of_agent(draft: TaskDraft, *, among: bool = False) -> None:
    """Reserve the price of the task's new agent, replacing any earlier reservation.

    among: the agent is one of several that the creator named. Raises BudgetExceeded, CreditExhausted.
    """
    # Released first: the budget that the old reservation takes may be what the new price needs.
    await release_price_reservation(draft)
    assignee = draft.row.assignee
    if among or (assignee is not None and not assignee.startswith("capability:")):
        draft.set_columns(price_version=await RESERVE_PRICE.get()(draft.call, draft.row))


async def release_price_reservation(draft: TaskDraft) -> None:
    """Release the reservation of a task that ended without completion or changes its assignee. Idempotent."""
    if draft.row.price_version is not None:
        await RELEASE_RESERVATION.get()(draft.call, draft.task_id)
        draft.set_columns(price_version=None)


async def charge_reserved_price(draft: TaskDraft) -> None:
    """Charge the agreed price of a completed task."""
    if draft.row.price_version is not None:
        await SETTLE_RESERVATION.get()(draft.call, draft.task_id)
