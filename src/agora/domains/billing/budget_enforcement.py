"""Budgets: limits on charges and reservations.

A limit counts the entries of its month plus the reservations of unfinished tasks. The database keeps the sums with every
entry, so checking a limit costs the same for a ledger of any length. The row of a limit is locked first: charges under one
limit are serialized, so two of them cannot both take the last of it.
"""

from __future__ import annotations

from collections.abc import Sequence

from agora.clock import to_datetime
from agora.core.call import Call
from agora.domains.agents import queries as agents
from agora.store.port import Reader
from agora.value_classes import value_class
from agora_sdk.errors import BudgetExceeded, CreditExhausted

from . import queries as statements
from .accounts import list_account_members
from .money import compute_end_of_month, convert_to_month_number, format_amount, format_month, from_micros
from .records import BudgetRow
from .terms import PriceTerms

__all__ = [
    "SOFT_LIMIT_PERCENT",
    "BudgetStatus",
    "Headroom",
    "SpendingLimits",
    "find_block_reason",
    "list_headroom",
    "read_balance",
    "read_budget_status",
]

SOFT_LIMIT_PERCENT = 80  #: default warning threshold, in percent of the hard limit


@value_class
class BudgetStatus:
    """Status of a budget in the current month, in millionths.

    period: the month. spent: in the month. reserved: for unfinished tasks. balance: the account's credit, None
    if spending need not be covered by credit.
    """

    period: int
    spent: int
    reserved: int
    balance: int | None

    @property
    def committed(self) -> int:
        """Amount that counts against the limits."""
        return self.spent + self.reserved

    @property
    def available_credit(self) -> int | None:
        """Unreserved credit."""
        return None if self.balance is None else self.balance - self.reserved

    def add_to_committed_amount(self, *, charge: int = 0, reservation: int = 0) -> BudgetStatus:
        """Return the status after spending or reserving a further amount."""
        balance = None if self.balance is None else self.balance - charge
        return BudgetStatus(self.period, self.spent + charge, self.reserved + reservation, balance)


async def read_budget_status(tx: Reader, budget: BudgetRow, period: int) -> BudgetStatus:
    """Read the status of a budget in a month."""
    balance = await read_balance(tx, budget.account_id, budget.currency) if budget.prepaid else None
    return BudgetStatus(period, await _read_spent(tx, budget, period), await _read_reserved(tx, budget), balance)


async def _read_spent(tx: Reader, budget: BudgetRow, period: int) -> int:
    account, agent, currency = budget.account_id, budget.agent_id, budget.currency
    if budget.model or budget.project:
        row = await tx.one(statements.sum_spent_on_models, **_build_budget_key(budget), period=period)
    # No trigger keeps the sum of a pair (ADR 12): the few rows of the month's days are added.
    elif account and agent:
        row = await tx.one(
            statements.sum_spent_on_agent, account=account, agent=agent, currency=currency, period=period
        )
    else:
        # Sums by trigger (ADR 12): reading them costs the same however many entries there are.
        scope, ref = ("account", account) if account else ("agent", agent)
        row = await tx.one(statements.select_spent_amount, scope=scope, ref=ref, currency=currency, period=period)
    return int(row) if row is not None else 0


async def _read_reserved(tx: Reader, budget: BudgetRow) -> int:
    account, agent, currency = budget.account_id, budget.agent_id, budget.currency
    if budget.model or budget.project:
        row = await tx.one(statements.sum_reserved_for_models, **_build_budget_key(budget))
    elif account:
        row = await tx.one(statements.sum_reserved_by_account, account=account, agent=agent, currency=currency)
    else:
        row = await tx.one(statements.sum_reserved_for_agent, agent=agent, currency=currency)
    return int(row) if row is not None else 0


def _build_budget_key(budget: BudgetRow) -> dict[str, str]:
    """Build the parameters that identify a budget, and the model calls that it counts."""
    return {
        "account": budget.account_id,
        "agent": budget.agent_id,
        "currency": budget.currency,
        "model": budget.model,
        "project": budget.project,
    }


async def read_balance(tx: Reader, account: str, currency: str) -> int:
    """Read the balance of an account in millionths of the currency: what is left of its credits."""
    return int(await tx.one(statements.select_balance, account=account, currency=currency) or 0)


async def find_block_reason(
    tx: Reader, account: str, agent: str, terms: PriceTerms, now: int, *, ahead: int = 0
) -> str | None:
    """Find why an account may not use a priced agent: ``budget`` or ``credit``; None if it may.

    ahead: additional amount about to be committed, in millionths.
    """
    if not terms.is_chargeable:
        return None
    budgets = await tx.all(statements.select_budgets_in_scope, account=account, agent=agent, model="", project="")
    # Otherwise an account limited in one currency could spend without limit in another.
    if _is_limited_in_other_currency(budgets, account, terms.currency):
        return "budget"
    for row in budgets:
        if row.currency != terms.currency:
            continue
        status = await read_budget_status(tx, row, convert_to_month_number(now))
        # At least a millionth, so that an exactly exhausted limit blocks, too.
        if row.hard_limit is not None and status.committed + max(ahead, 1) > row.hard_limit:
            return "budget"
        if status.available_credit is not None and status.available_credit < max(ahead, 1):
            return "credit"
    return None


@value_class
class Headroom:
    """Remaining amount under a budget, in millionths. account_id, agent_id: its scope; empty for all."""

    account_id: str
    agent_id: str
    amount: int

    def covers_spending(self, account: str, agent: str) -> bool:
        """Whether an account's spending on an agent counts against it."""
        return self.account_id in ("", account) and self.agent_id in ("", agent)


async def list_headroom(tx: Reader, account: str, agent: str, currency: str, now: int) -> list[Headroom]:
    """Find the remaining amount under each limit of an account's spending on an agent."""
    headroom = []
    for row in await tx.all(statements.select_budgets_in_scope, account=account, agent=agent, model="", project=""):
        if row.currency != currency:
            continue
        status = await read_budget_status(tx, row, convert_to_month_number(now))
        amounts = [] if row.hard_limit is None else [row.hard_limit - status.committed]
        if status.available_credit is not None:
            amounts.append(status.available_credit)
        if amounts:
            headroom.append(Headroom(row.account_id, row.agent_id, min(amounts)))
    return headroom


class SpendingLimits:
    """Limits of one account's spending on one agent in one currency.

    model, project: of a model call, whose budgets apply, too.
    """

    def __init__(
        self, call: Call, account: str, agent: str, currency: str, *, model: str = "", project: str = ""
    ) -> None:
        self.call = call
        self.account, self.agent, self.currency = account, agent, currency
        self.model, self.project = model, project

    async def has_applicable_budget(self) -> bool:
        """Whether any budget applies."""
        return any(row.currency == self.currency for row in await self._read_budgets())

    async def _read_budgets(self) -> Sequence[BudgetRow]:
        """Read the budgets of the account and the agent in every currency."""
        return await self.call.tx.all(
            statements.select_budgets_in_scope,
            account=self.account,
            agent=self.agent,
            model=self.model,
            project=self.project,
        )

    async def enforce_limits_on_charge(self, amount: int, period: int, *, enforce: bool) -> None:
        """Add a charge of a month to the status. Called before the entry is written.

        enforce: refuse a charge above a limit; usage that has already happened is always owed.
        Raises BudgetExceeded, CreditExhausted.
        """
        await self._enforce_and_notify_budgets(amount, period, enforce=enforce, charge=amount)

    async def enforce_limits_on_reservation(self, amount: int) -> None:
        """Add a reservation to the status. Called before the reservation is written.

        Raises BudgetExceeded, CreditExhausted if a limit does not allow it.
        """
        await self._enforce_and_notify_budgets(
            amount, convert_to_month_number(self.call.now), enforce=True, reservation=amount
        )

    async def _enforce_and_notify_budgets(self, amount: int, period: int, *, enforce: bool, **change: int) -> None:
        # Free usage takes no lock and does not wait for other charges of the account.
        if not amount:
            return
        # Without a lock first: most accounts have no budget, and their charges must not wait for each other.
        budgets_in_any_currency = await self._read_budgets()
        if enforce and amount > 0:
            self.require_allowed_currency(budgets_in_any_currency)
        if not any(row.currency == self.currency for row in budgets_in_any_currency):
            return
        names = {"account": self.account, "agent": self.agent, "currency": self.currency}
        names |= {"model": self.model, "project": self.project}
        # Read again with locks, always in the same order, so that concurrent charges do not deadlock.
        budgets = await self.call.tx.all(statements.lock_budgets_in_scope, **names)
        statuses = [await read_budget_status(self.call.tx, row, period) for row in budgets]
        if enforce and amount > 0:
            for row, status in zip(budgets, statuses, strict=True):
                self.require_amount_within_limits(row, status, amount)
        for row, status in zip(budgets, statuses, strict=True):
            await self.emit_threshold_events_once(
                # The entry or reservation itself is written by the caller afterwards, so it is added here.
                row,
                status.add_to_committed_amount(**change),
                margin=max(amount, 0) if enforce else 0,
            )

    def require_allowed_currency(self, budgets: Sequence[BudgetRow]) -> None:
        """Check that the account may spend in a currency. budgets: in every currency. Raises BudgetExceeded."""
        if _is_limited_in_other_currency(budgets, self.account, self.currency):
            raise self._build_other_currency_error(budgets)

    def require_amount_within_limits(self, row: BudgetRow, status: BudgetStatus, amount: int) -> None:
        """Check an amount against the limits. Raises BudgetExceeded, CreditExhausted."""
        if row.hard_limit is not None and status.committed + amount > row.hard_limit:
            raise self._build_limit_exceeded_error(row, status, amount)
        if status.available_credit is not None and amount > status.available_credit:
            raise CreditExhausted(
                f"This costs {_format_money(amount, row)}; the credit is {_format_money(status.balance or 0, row)}"
                f"{_format_reserved_share(status, row)}.",
                fix="An operator gives credit with agora.billing.credit.",
            )

    async def emit_threshold_events_once(self, row: BudgetRow, status: BudgetStatus, *, margin: int = 0) -> None:
        """Emit at most one warning and one exhaustion event per month.

        margin: a limit counts as reached if less than this amount is left.
        """
        soft, hard, period = row.soft_limit, row.hard_limit, status.period
        warned, exhausted, committed = row.warned, row.exhausted, status.committed
        is_exceeded = hard is not None and (committed >= hard or committed + margin > hard)
        is_credit_used_up = status.available_credit is not None and (
            status.available_credit <= 0 or status.available_credit < margin
        )
        # The row stores the month of the last event: one event per month, however many charges follow.
        if (soft is not None and committed >= soft) and warned < period:
            warned = period
            await self._emit_budget_event("agora.billing.budget_warning", row, status)
        if (is_exceeded or is_credit_used_up) and exhausted < period:
            exhausted = period
            await self._emit_budget_event("agora.billing.budget_exhausted", row, status)
        # The row is locked by the caller, so that of concurrent charges only one emits the event.
        if (warned, exhausted) != (row.warned, row.exhausted):
            await self.call.tx.execute(
                statements.update_budget_notices, warned=warned, exhausted=exhausted, **_build_budget_key(row)
            )

    async def _emit_budget_event(self, type: str, row: BudgetRow, status: BudgetStatus) -> None:
        data = {
            "account_id": row.account_id or None,
            "agent_id": row.agent_id or None,
            "model": row.model or None,
            "project": row.project or None,
            "currency": row.currency,
            "period": format_month(status.period),
            "spent": from_micros(status.spent),
            "reserved": from_micros(status.reserved),
            "soft_limit": None if row.soft_limit is None else from_micros(row.soft_limit),
            "hard_limit": None if row.hard_limit is None else from_micros(row.hard_limit),
            "balance": None if status.balance is None else from_micros(status.balance),
        }
        subject = row.account_id or row.agent_id
        self.call.emit(type, data, subject=subject, audience=await _find_budget_audience(self.call.tx, row))

    def _build_other_currency_error(self, budgets: Sequence[BudgetRow]) -> BudgetExceeded:
        limited = ", ".join(sorted({row.currency for row in budgets if row.account_id == self.account}))
        return BudgetExceeded(
            f"The account {self.account} is limited in {limited}; it has no budget in {self.currency}, which this costs.",
            fix=f"Give it a budget in {self.currency} with agora.billing.budget.",
        )

    def _build_limit_exceeded_error(self, row: BudgetRow, status: BudgetStatus, amount: int) -> BudgetExceeded:
        owner = f"the account {row.account_id}" if row.account_id else f"the agent {row.agent_id}"
        if row.account_id and row.agent_id:
            owner += f" for {row.agent_id}"
        owner += f" for the model {row.model}" if row.model else ""
        owner += f" for the project {row.project}" if row.project else ""
        fix = "Raise the limit with agora.billing.budget, or wait for the next month."
        # A reservation can be freed at once, a charge only by the next month.
        if status.reserved:
            fix = "Raise the limit with agora.billing.budget, or cancel tasks for which some of it is reserved."
        return BudgetExceeded(
            f"The hard limit of {owner} is {_format_money(row.hard_limit or 0, row)} for {format_month(status.period)}; "
            f"{_format_money(status.spent, row)} are spent{_format_reserved_clause(status, row)}, and this costs "
            f"{_format_money(amount, row)}.",
            fix=fix,
            resets_at=to_datetime(compute_end_of_month(self.call.now)).isoformat(),
        )


def _format_reserved_clause(status: BudgetStatus, row: BudgetRow) -> str:
    return f" and {_format_money(status.reserved, row)} reserved for tasks" if status.reserved else ""


def _format_reserved_share(status: BudgetStatus, row: BudgetRow) -> str:
    return f", of which {_format_money(status.reserved, row)} are reserved for tasks" if status.reserved else ""


def _is_limited_in_other_currency(budgets: Sequence[BudgetRow], account: str, currency: str) -> bool:
    """Whether an account has a limit only in other currencies, which must not be evaded in this one."""
    wide = [row for row in budgets if row.account_id == account and not (row.agent_id or row.model or row.project)]
    limited = any(row.hard_limit is not None or row.prepaid for row in wide)
    return limited and not any(row.currency == currency for row in wide)


def _format_money(amount: int, row: BudgetRow) -> str:
    return format_amount(amount, row.currency)


async def _find_budget_audience(tx: Reader, row: BudgetRow) -> tuple[str, ...]:
    """Find the audience: the paying account, or for an agent's own limit the agent and its account."""
    if row.account_id:
        return await list_account_members(tx, row.account_id)
    agent = await tx.one(agents.select_agent_by_id, ref=row.agent_id)
    member_ids = await list_account_members(tx, agent.account_id) if agent is not None else ()
    return tuple(dict.fromkeys((row.agent_id, *member_ids)))
