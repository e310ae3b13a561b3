"""Reservations: the price of a task, reserved when it is assigned to a named agent and settled when it is completed.

A reservation counts against every limit of its account from the assignment's transaction on, so that concurrently
assigned tasks cannot exceed a limit together. The transaction that completes the task replaces it by a ledger entry; a
transaction that ends the task otherwise, or removes its assignee, releases it.
"""

from __future__ import annotations

from typing import Protocol

from agora.core.call import Call
from agora.domains.agents.references import looks_like_id
from agora_sdk.contract.billing import EntryKind

from . import queries as statements
from .accounts import resolve_paying_account
from .allowances import lock_covering_allowance, subtract_from_allowance
from .budget_enforcement import SpendingLimits
from .ledger import Charge, Ledger
from .records import RESERVATIONS, ReservationRow
from .terms import PriceTerms
from .views import build_task_charge_key

__all__ = ["charge_and_release_reservation", "charge_completed_tasks", "release_reservation", "reserve_agent_price"]

MAX_BATCH = 500  #: tasks settled in one transaction


class AssignedTask(Protocol):
    """Fields of a row of ``tasks`` that a reservation needs."""

    task_id: str
    task_type: str
    account_id: str
    created_by: str
    assigned_agent: str | None


async def reserve_agent_price(call: Call, task: AssignedTask) -> int | None:
    """Reserve the price of a task's agent. Returns the price version, or None if it is free.

    task: a row of ``tasks``, not necessarily written yet.
    Raises BudgetExceeded, CreditExhausted if a limit does not allow it.
    """
    agent_id = task.assigned_agent
    # A task for a name or for anybody has no agent yet whose price could be reserved.
    if agent_id is None or not looks_like_id(agent_id):
        return None
    terms = await Ledger(call).read_terms(agent_id)
    amount = terms.execution_price
    if not amount:
        return None
    account = resolve_paying_account(task.account_id, task.created_by)
    spender = await lock_covering_allowance(call, task.created_by, amount, terms.currency)
    # May raise: nothing was written before, so the assignment fails as a whole.
    await SpendingLimits(call, account, agent_id, terms.currency).enforce_limits_on_reservation(amount)
    await subtract_from_allowance(call, spender, amount)
    row = ReservationRow(
        tenant_id=call.caller.tenant,
        task_id=task.task_id,
        account_id=account,
        agent_id=agent_id,
        currency=terms.currency,
        amount=amount,
        price_version=terms.version,
        spender=spender,
        description=task.task_type,
        created_at=call.now,
    )
    call.tx.append(RESERVATIONS, row)
    return terms.version


async def release_reservation(call: Call, task_id: str) -> None:
    """Release the reservation of a task. Idempotent."""
    row = await call.tx.one(statements.select_reservation, task_id=task_id)
    if row is not None:
        # Deleted in the same transaction: a second release finds no row and releases nothing.
        await call.tx.execute(statements.delete_reservation, task_id=task_id)
        await subtract_from_allowance(call, row.spender, -row.amount)


async def charge_and_release_reservation(call: Call, task_id: str) -> None:
    """Charge the reservation of a completed task. Idempotent."""
    row = await call.tx.one(statements.select_reservation, task_id=task_id)
    if row is None:
        return
    await call.tx.execute(statements.delete_reservation, task_id=task_id)  # first, or it would count twice
    # The allowance stays used: the reservation took it, and the charge is of the same amount.
    charge = Charge(
        build_task_charge_key(task_id), row.account_id, row.agent_id, EntryKind.TASK, 1, description=row.description
    )
    # Charged at the reserved price and regardless of limits, because the work is done.
    # The amount is that of the reservation, so the terms need no prices.
    terms = PriceTerms(row.price_version, row.currency)
    await Ledger(call).enforce_limits_and_write_entry(charge, terms, row.amount, enforce=False)


async def charge_completed_tasks(call: Call) -> bool:
    """Charge tasks completed but not charged by an earlier release; return whether there may be more."""
    rows = await call.tx.all(statements.select_unsettled_reservations, limit=MAX_BATCH)
    for row in rows:
        await charge_and_release_reservation(call, row)
    return len(rows) == MAX_BATCH
