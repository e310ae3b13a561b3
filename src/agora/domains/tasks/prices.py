"""Prices of tasks: agreed on when a task is assigned to an agent by name, and reserved of the limits of whoever pays.

Who leaves it open who does a task has agreed to no price. Billing is loaded when the first task is assigned to somebody.
"""

from __future__ import annotations

from .draft import TaskDraft

__all__ = ["agree_on_price", "charge_price", "release_price"]


async def agree_on_price(draft: TaskDraft, *, among: bool = False) -> None:
    """Reserve the price of the agent that a task is assigned to now, in place of what was reserved for it before.

    among: the agent is one of several that were named. Raises BudgetExceeded, CreditExhausted.
    """
    from agora.domains.billing import reservations

    await release_price(draft)
    assignee = draft["assignee"]
    if among or (assignee is not None and not assignee.startswith("capability:")):
        draft.set(price_version=await reservations.reserve_price(draft.call, draft.row))


async def release_price(draft: TaskDraft) -> None:
    """Give back what is reserved for a task that has ended, or is taken from its assignee."""
    if draft["price_version"] is not None:
        from agora.domains.billing import reservations

        await reservations.release_reservation(draft.call, draft.task_id)
        draft.set(price_version=None)


async def charge_price(draft: TaskDraft) -> None:
    """Charge for a task that is completed what was agreed on."""
    if draft["price_version"] is not None:
        from agora.domains.billing import reservations

        await reservations.settle_reservation(draft.call, draft.task_id)
