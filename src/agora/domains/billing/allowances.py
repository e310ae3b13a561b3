"""Allowances: amounts that a credential may spend for its account.

An instance uses a credential of its customer's account, but its program comes from its developer: its token may spend
only what the customer granted, by default nothing. Other credentials have no allowance; only the budgets of their
account limit their spending.
"""

from __future__ import annotations

from agora.core.call import Call
from agora_sdk.errors import BudgetExceeded

from . import queries as statements
from .money import format_amount
from .records import ALLOWANCES, AllowanceRow

__all__ = ["grant_allowance", "lock_allowance", "lock_covering_allowance", "subtract_from_allowance"]


def grant_allowance(call: Call, subject: str, amount: int, currency: str) -> None:
    """Grant a new credential an allowance in millionths; 0: none."""
    call.tx.append(
        ALLOWANCES,
        AllowanceRow(
            tenant_id=call.caller.tenant,
            subject=subject,
            currency=currency,
            amount=amount,
            used=0,
        ),
    )


async def lock_allowance(call: Call, subject: str) -> AllowanceRow | None:
    """Lock the credential's allowance; None if it has none. Locked before budgets, so that calls do not deadlock."""
    return await call.tx.one(statements.lock_allowance, subject=subject)


async def lock_covering_allowance(call: Call, subject: str, amount: int, currency: str) -> str:
    """Find and lock the credential's allowance; '' if it has none.

    Raises BudgetExceeded if the allowance does not cover the amount.
    """
    row = await lock_allowance(call, subject)
    if row is None:
        return ""
    # An allowance in another currency covers nothing: there are no exchange rates here.
    available = row.amount - row.used if row.currency == currency else 0
    if amount > available:
        raise BudgetExceeded(
            f"This instance may commit its customer to {format_amount(available, currency)} more; this costs "
            f"{format_amount(amount, currency)}.",
            fix="The customer grants it more when the instance is made: instance_config.spend_limit.",
        )
    return subject


async def subtract_from_allowance(call: Call, subject: str, amount: int) -> None:
    """Subtract an amount from an allowance; negative amounts are returned. subject: from :func:`lock_covering_allowance`."""
    if subject:
        # A difference and not a value, so that shared commits may combine several of them (ADR 23).
        await call.tx.execute(statements.update_allowance_used, subject=subject, amount=amount)
