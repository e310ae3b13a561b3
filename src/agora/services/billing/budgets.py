"""Budgets: what a charge does to the limits that stand over it.

Sums are kept by the database as entries are written, so that a look at a limit costs the same however long the ledger is.
Where a limit stands, its row is locked first: charges under one limit come one after the other, and none is overlooked.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from agora_sdk.errors import BudgetExceeded, CreditExhausted

from ...clock import moment
from ...store.port import Reader, Row
from ...store.statements import agents
from ...store.statements import billing as statements
from ..base import Call
from .accounts import members
from .money import decimal, month_of, month_text, until_month_ends
from .terms import Terms

__all__ = ["SOFT_SHARE", "Limits", "blocked", "spent"]

SOFT_SHARE = 80  #: percent of the hard limit at which the warning comes where none was asked for

Budget = Row | Mapping[str, Any]


async def spent(tx: Reader, budget: Budget, period: int) -> int:
    """What was spent of a budget in a month."""
    account, agent, currency = budget["account_id"], budget["agent_id"], budget["currency"]
    if account and agent:
        row = await tx.one(statements.spent_on, account=account, agent=agent, currency=currency, period=period)
    else:
        scope, ref = ("account", account) if account else ("agent", agent)
        row = await tx.one(statements.spent, scope=scope, ref=ref, currency=currency, period=period)
    return int(row["spent"]) if row is not None else 0


async def balance(tx: Reader, account: str, currency: str) -> int:
    """What is left of an account's credit."""
    row = await tx.one(statements.balance, account=account, currency=currency)
    return int(row["balance"]) if row is not None else 0


async def blocked(tx: Reader, account: str, agent: str, terms: Terms, now: int) -> str | None:
    """Why an account may not use an agent that costs something: ``budget`` or ``credit``; None if it may.

    A running instance for which something stands in the way is to be paused, until nothing does.
    """
    if not terms.chargeable:
        return None
    for row in await tx.all(statements.limits, account=account, agent=agent, currency=terms.currency):
        hard = row["hard_limit"]
        if hard is not None and await spent(tx, row, month_of(now)) >= hard:
            return "budget"
        if row["prepaid"] and await balance(tx, account, terms.currency) <= 0:
            return "credit"
    return None


class Limits:
    """The limits over what one account spends on one agent in one currency."""

    def __init__(self, call: Call, account: str, agent: str, currency: str) -> None:
        self.call = call
        self._names = {"account": account, "agent": agent, "currency": currency}

    async def standing(self) -> bool:
        """Whether there are any."""
        return bool(await self.call.tx.all(statements.limits, **self._names))

    async def take(self, amount: int, period: int, *, enforce: bool) -> None:
        """Note that so much more is spent in a month. Called before the entry is written.

        enforce: refuse what a limit does not allow; what has been used already is owed in any case.
        Raises BudgetExceeded, CreditExhausted.
        """
        if not amount or not await self.standing():
            return
        for row in await self.call.tx.all(statements.limits_locked, **self._names):
            after = await spent(self.call.tx, row, period) + amount
            if enforce and row["hard_limit"] is not None and after > row["hard_limit"] and amount > 0:
                raise self._exceeded(row, after - amount, amount, period)
            left = await self._left(row, amount, enforce)
            await self.tell(row, after, period, left, margin=max(amount, 0) if enforce else 0)

    async def _left(self, row: Budget, amount: int, enforce: bool) -> int | None:
        """The credit after the charge, if it has to cover it."""
        if not row["prepaid"]:
            return None
        left = await balance(self.call.tx, row["account_id"], row["currency"]) - amount
        if enforce and left < 0 < amount:
            raise CreditExhausted(
                f"This costs {_money(amount, row)}; the credit is {_money(left + amount, row)}.",
                fix="An operator gives credit with agora.billing.credit.",
            )
        return left

    async def tell(self, row: Budget, after: int, period: int, left: int | None, *, margin: int = 0) -> None:
        """Say once a month that a limit is near, and once that it is reached.

        margin: a limit counts as reached if not even as much again is left.
        """
        soft, hard = row["soft_limit"], row["hard_limit"]
        warned, exhausted = row["warned"], row["exhausted"]
        reached = (hard is not None and after + margin > hard) or (hard is not None and after >= hard)
        if (soft is not None and after >= soft) and warned < period:
            warned = period
            await self._emit("agora.billing.budget_warning", row, after, period, left)
        if (reached or (left is not None and left - margin < 0) or left == 0) and exhausted < period:
            exhausted = period
            await self._emit("agora.billing.budget_exhausted", row, after, period, left)
        if (warned, exhausted) != (row["warned"], row["exhausted"]):
            await self.call.tx.execute(statements.tell, warned=warned, exhausted=exhausted, **_place(row))

    async def _emit(self, type: str, row: Budget, after: int, period: int, left: int | None) -> None:
        data = {
            "account_id": row["account_id"] or None,
            "agent_id": row["agent_id"] or None,
            "currency": row["currency"],
            "period": month_text(period),
            "spent": decimal(after),
            "soft_limit": None if row["soft_limit"] is None else decimal(row["soft_limit"]),
            "hard_limit": None if row["hard_limit"] is None else decimal(row["hard_limit"]),
            "balance": None if left is None else decimal(left),
        }
        subject = row["account_id"] or row["agent_id"]
        self.call.emit(type, data, subject=subject, audience=await _audience(self.call.tx, row))

    def _exceeded(self, row: Budget, before: int, amount: int, period: int) -> BudgetExceeded:
        whose = f"the account {row['account_id']}" if row["account_id"] else f"the agent {row['agent_id']}"
        if row["account_id"] and row["agent_id"]:
            whose += f" for {row['agent_id']}"
        return BudgetExceeded(
            f"The hard limit of {whose} is {_money(row['hard_limit'], row)} for {month_text(period)}; "
            f"{_money(before, row)} are spent, and this costs {_money(amount, row)}.",
            fix="Raise the limit with agora.billing.budget, or wait for the next month.",
            resets_at=moment(until_month_ends(self.call.now)).isoformat(),
        )


def _place(row: Budget) -> dict[str, Any]:
    return {"account": row["account_id"], "agent": row["agent_id"], "currency": row["currency"]}


def _money(amount: int, row: Budget) -> str:
    return f"{decimal(amount):.6f}".rstrip("0").rstrip(".") + f" {row['currency']}"


async def _audience(tx: Reader, row: Budget) -> tuple[str, ...]:
    """The account that pays, or, of an agent's own limit, the agent and its account."""
    if row["account_id"]:
        return await members(tx, row["account_id"])
    agent = await tx.one(agents.by_id, ref=row["agent_id"])
    others = await members(tx, agent["account_id"]) if agent is not None else ()
    return tuple(dict.fromkeys((row["agent_id"], *others)))
