"""Prices of tasks: agreed when a task is assigned to a named agent, and reserved against the payer's budgets.

A task in the pool has no price: its creator did not choose the agent.
"""

from __future__ import annotations

from agora.domains.billing import reservations

from .draft import TaskDraft

__all__ = ["agree_on_price", "charge_price", "release_price"]


async def agree_on_price(draft: TaskDraft, *, among: bool = False) -> None:
    """Reserve the price of the task's new agent, replacing any earlier reservation.

    among: the agent is one of several that the creator named. Raises BudgetExceeded, CreditExhausted.
    """
    await release_price(draft)
    assignee = draft.row.assignee
    if among or (assignee is not None and not assignee.startswith("capability:")):
        draft.set_columns(price_version=await reservations.reserve_price(draft.call, draft.row))


async def release_price(draft: TaskDraft) -> None:
    """Release the reservation of a task that ended without completion or changes its assignee. Idempotent."""
    if draft.row.price_version is not None:
        await reservations.release_reservation(draft.call, draft.task_id)
        draft.set_columns(price_version=None)


async def charge_price(draft: TaskDraft) -> None:
    """Charge the agreed price of a completed task."""
    if draft.row.price_version is not None:
        await reservations.settle_reservation(draft.call, draft.task_id)
