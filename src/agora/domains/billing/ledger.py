"""The ledger: immutable entries, each written once under a key.

Any service may charge in its own transaction::

    await Ledger(call).charge_unless_recorded(Charge(f"execution:{execution_id}", account, agent_id, EntryKind.REQUEST, 1),
    is_unused_key=True)

Without a limit on the account or the agent this appends one row and reads two; the database maintains the sums.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from agora.clock import SECOND, new_id
from agora.core.call import Call
from agora.core.errors import not_found
from agora.value_classes import value_class
from agora_sdk.contract.billing import EntryKind
from agora_sdk.contract.billing.models import ModelTokens
from agora_sdk.errors import InvalidRequest, field_error

from . import model_queries, reduction_queries
from . import queries as statements
from .budget_enforcement import SpendingLimits, find_block_reason
from .money import convert_to_day_number, divide_half_up
from .records import LEDGER, MODEL_CALLS, LedgerEntry, ModelCallRow
from .terms import PriceTerms, read_agreed_or_newer_terms, read_terms_in_force

__all__ = ["MAX_ENTRY_MICROS", "Charge", "Ledger", "ModelUse"]

MAX_ENTRY_MICROS = (
    10**13
)  #: maximum amount of an entry reported by callers: ten million units, so that sums stay within 64 bits
PAYMENT_KINDS = frozenset({EntryKind.CREDIT, EntryKind.PAYMENT})
REDUCTION_KINDS = (EntryKind.FREE_QUOTA, EntryKind.DISCOUNT)
BASIS_POINTS = 10_000  # basis points of the whole
#: columns of a model call that a reversal negates
REVERSED_FIELDS = (
    *("calls", "input_tokens", "output_tokens", "cache_read_tokens", "cache_write_tokens", "reasoning_tokens"),
    *("cost", "base_cost"),
)


@value_class(kw_only=True)
class ModelUse:
    """The model call of a charge. base_cost: in millionths. first_token, duration: microseconds."""

    provider: str
    model: str
    task_id: str
    project: str
    tokens: ModelTokens
    base_cost: int
    is_estimate: bool
    first_token: int | None
    duration: int | None

    @property
    def name(self) -> str:
        """PROVIDER:MODEL."""
        return f"{self.provider}:{self.model}"


@value_class
class Charge:
    """Usage to charge.

    key: permanent identifier, unique in the marketplace. quantity: of time in microseconds. began, ended: microseconds
    since 1970; default: now. use: the model call of kind model.
    """

    key: str
    account_id: str
    agent_id: str
    kind: EntryKind
    quantity: int
    instance_id: str = ""
    began: int | None = None
    ended: int | None = None
    description: str = ""
    use: ModelUse | None = None


@value_class
class Reduction:
    """A reduction of a charge. amount: in millionths, positive."""

    kind: EntryKind
    amount: int
    description: str


class Ledger:
    """Reads and writes ledger entries in the transaction of one call."""

    def __init__(self, call: Call) -> None:
        self.call = call

    async def read_terms(self, agent_id: str, at: int | None = None) -> PriceTerms:
        """Find the price terms of an agent at a time (microseconds since 1970; default: now)."""
        currency = self.call.context.settings.billing_currency
        return await read_terms_in_force(self.call.tx, agent_id, self.call.now if at is None else at, currency)

    @property
    def notice_period(self) -> int:
        """Notice period in microseconds before a new price applies to earlier agreements."""
        return int(self.call.context.settings.billing_price_notice * SECOND)

    async def read_agreed_or_newer_terms(self, agent_id: str, version: int, at: int | None = None) -> PriceTerms:
        """Find the terms at a time (default: now) for an agreed price version; newer versions apply after the notice
        period."""
        currency = self.call.context.settings.billing_currency
        return await read_agreed_or_newer_terms(
            self.call.tx, agent_id, version, self.call.now if at is None else at, self.notice_period, currency
        )

    async def charge_unless_recorded(
        self, charge: Charge, terms: PriceTerms | None = None, *, enforce: bool = True, is_unused_key: bool = False
    ) -> LedgerEntry:
        """Charge usage. Returns its entry, or the existing one if the key was used before.

        terms: agreed terms; default: those in force at the end of the usage.
        enforce: refuse a charge not covered by a hard limit or prepaid credit; False for usage that has already
        happened.
        is_unused_key: the key is new (it contains an id created in this call), so no earlier entry is looked up. Raises
        BudgetExceeded, CreditExhausted, InvalidRequest above the maximum amount.
        """
        # A unique index on the key refuses a concurrent second entry; its call is then repeated, and finds the first here.
        if not is_unused_key and (existing := await self._find_entry_by_key(charge.key)) is not None:
            return existing
        terms = terms or await self.read_terms(charge.agent_id, charge.ended)
        amount = terms.compute_amount(charge.kind, charge.quantity)
        _check_amount(amount)
        return await self.enforce_limits_and_write_entry(charge, terms, amount, enforce=enforce)

    async def enforce_limits_and_write_entry(
        self, charge: Charge, terms: PriceTerms, amount: int, *, enforce: bool
    ) -> LedgerEntry:
        """Write an entry with a known amount under an unused key.

        The amount is not limited: measured usage is owed, and one rejected entry must not block the entries after it.
        """
        call, now = self.call, self.call.now
        ended_at = now if charge.ended is None else charge.ended
        started_at = ended_at if charge.began is None else charge.began
        # The last microsecond of the interval decides: usage that ends at midnight belongs to the day before.
        day = convert_to_day_number(max(started_at, ended_at - 1))
        # Credit is negative, and is not reduced by a discount.
        reductions = await self._find_reductions(charge, amount, day // 100) if amount > 0 else []
        # Before the entry: a trigger adds it to the sums that the limits read, which would count it twice (ADR 12).
        model, project = ("", "") if charge.use is None else (charge.use.name, charge.use.project)
        limits = SpendingLimits(call, charge.account_id, charge.agent_id, terms.currency, model=model, project=project)
        await limits.enforce_limits_on_charge(
            amount - sum(each.amount for each in reductions), day // 100, enforce=enforce
        )
        entry = LedgerEntry(
            tenant_id=call.caller.tenant,
            entry_id=new_id("use"),
            key=charge.key,
            account_id=charge.account_id,
            agent_id=charge.agent_id,
            instance_id=charge.instance_id,
            kind=charge.kind.value,
            quantity=charge.quantity,
            price_version=terms.version,
            currency=terms.currency,
            amount=amount,
            began=started_at,
            ended=ended_at,
            day=day,
            description=charge.description,
            reverses=None,
            created_at=now,
            created_by=call.caller.subject,
        )
        call.tx.append(LEDGER, entry)
        for each in reductions:
            reduction = replace(
                entry,
                entry_id=new_id("use"),
                # Derived from the key of the charge, by which a reversal finds it.
                key=f"{charge.key}:{each.kind}",
                kind=each.kind.value,
                quantity=1,
                amount=-each.amount,
                description=each.description,
            )
            call.tx.append(LEDGER, reduction)
        if charge.use is not None:
            # What the call really costs: budgets of models and projects sum these rows instead of the ledger.
            net = amount - sum(each.amount for each in reductions)
            call.tx.append(MODEL_CALLS, _build_model_call(entry, charge.use, net))
        return entry

    async def _find_reductions(self, charge: Charge, amount: int, period: int) -> list[Reduction]:
        """Find the reductions of a charge: the free quota first, then the discount on the rest. period: YYYYMM."""
        tx, kind = self.call.tx, charge.kind.value
        names = {"account": charge.account_id, "agent": charge.agent_id, "kind": kind}
        reductions: list[Reduction] = []
        for rule in await tx.all(reduction_queries.select_reduction_rules, **names, now=self.call.now):
            if rule.kind == EntryKind.FREE_QUOTA:
                # Locked, so that concurrent charges do not use the same part of the quota.
                await tx.one(reduction_queries.lock_quota, agent=charge.agent_id, kind=kind)
                days = {"first": period * 100, "last": period * 100 + 99}
                # Includes reversals, which are negative: reversed usage gives its part of the quota back.
                used = await tx.one(reduction_queries.sum_used_quantity, **names, **days) or 0
                free = min(charge.quantity, max(0, rule.number - used))
                reductions.append(Reduction(EntryKind.FREE_QUOTA, amount * free // charge.quantity, "Free quota"))
            else:
                remaining = amount - sum(each.amount for each in reductions)
                part = divide_half_up(remaining * rule.number, BASIS_POINTS)
                reductions.append(Reduction(EntryKind.DISCOUNT, part, f"Discount of {rule.number / 100:g} %"))
        return [each for each in reductions if each.amount]

    async def reverse_by_key(self, key: str, reason: str = "") -> LedgerEntry | None:
        """Reverse the entry of a key; None if it does not exist. Idempotent."""
        row = await self.call.tx.one(statements.select_entry_by_key, key=key)
        return None if row is None else await self.reverse_entry(row, reason)

    async def reverse_entry(self, row: LedgerEntry, reason: str = "") -> LedgerEntry:
        """Reverse an entry by writing its opposite, for the same month. Idempotent. Raises InvalidRequest for a reversal."""
        if row.reverses is not None:
            raise InvalidRequest(
                f"{row.entry_id} is a reversal itself.",
                fix="Record the usage again, under another key.",
                errors=[field_error("entry_id", "a reversal")],
            )
        # One key for each entry: a repeated reversal finds the first one.
        key = f"reversal:{row.entry_id}"
        if (existing := await self._find_entry_by_key(key)) is not None:
            return existing
        entry = replace(
            row,
            entry_id=new_id("use"),
            key=key,
            quantity=-row.quantity,
            amount=-row.amount,
            description=reason,
            reverses=row.entry_id,
            created_at=self.call.now,
            created_by=self.call.caller.subject,
        )
        model_call = None
        if row.kind == EntryKind.MODEL:
            model_call = await self.call.tx.one(model_queries.select_call_of_entry, entry_id=row.entry_id)
        name, project = ("", "") if model_call is None else (_format_model_name(model_call), model_call.project)
        limits = SpendingLimits(self.call, row.account_id, row.agent_id, row.currency, model=name, project=project)
        # Never refused, and in the entry's own month: a reversal in May of a charge in April lowers April.
        await limits.enforce_limits_on_charge(entry.amount, row.day // 100, enforce=False)
        self.call.tx.append(LEDGER, entry)
        if model_call is not None:
            self.call.tx.append(MODEL_CALLS, _negate_model_call(model_call, entry))
        # Reductions of the charge are reversed with it; a reduction has none itself.
        if row.kind not in REDUCTION_KINDS:
            for reduction in await self.find_entries_by_keys([f"{row.key}:{kind}" for kind in REDUCTION_KINDS]):
                await self.reverse_entry(reduction, reason)
        return entry

    async def add_credit(
        self, account: str, amount: int, currency: str, kind: EntryKind, key: str, reason: str
    ) -> LedgerEntry:
        """Add credit to an account; returns its entry, or the existing one if the key was used before."""
        if (existing := await self._find_entry_by_key(key)) is not None:
            return existing
        # Credit belongs to no agent, and is negative: budgets and balances then need no special case.
        charge = Charge(key, account, "", kind, 1, description=reason)
        return await self.enforce_limits_and_write_entry(charge, PriceTerms(0, currency), -amount, enforce=False)

    async def find_block_reason(self, account: str, agent_id: str, terms: PriceTerms, *, ahead: int = 0) -> str | None:
        """Find why an account may not use an agent: ``budget`` or ``credit``; None if it may or the agent is free.

        ahead: additional amount about to be committed, in millionths.
        """
        return await find_block_reason(self.call.tx, account, agent_id, terms, self.call.now, ahead=ahead)

    async def find_running_block_reason(self, account: str, agent_id: str, version: int) -> str | None:
        """Like :meth:`find_block_reason`, for running instances; None if their running time is free."""
        terms = await self.read_agreed_or_newer_terms(agent_id, version)
        return await self.find_block_reason(account, agent_id, terms) if terms.time_price[0] else None

    async def find_entries_by_keys(self, keys: Sequence[str]) -> Sequence[LedgerEntry]:
        """Find the entries with up to four keys."""
        first, second, third, fourth = (*keys, "", "", "")[:4]
        return await self.call.tx.all(
            statements.select_entries_by_keys, first=first, second=second, third=third, fourth=fourth
        )

    async def require_entry_by_id(self, entry_id: str) -> LedgerEntry:
        """Return an entry by id. Raises NotFound."""
        row = await self.call.tx.one(statements.select_entry_by_id, entry_id=entry_id)
        if row is None:
            raise not_found(
                "entry_id", f"There is no entry {entry_id}.", fix="Entries are listed at GET /billing/usage."
            )
        return row

    async def _find_entry_by_key(self, key: str) -> LedgerEntry | None:
        return await self.call.tx.one(statements.select_entry_by_key, key=key)


def _build_model_call(entry: LedgerEntry, use: ModelUse, cost: int) -> ModelCallRow:
    tokens = use.tokens
    return ModelCallRow(
        tenant_id=entry.tenant_id,
        entry_id=entry.entry_id,
        account_id=entry.account_id,
        agent_id=entry.agent_id,
        task_id=use.task_id,
        project=use.project,
        provider=use.provider,
        model=use.model,
        calls=1,
        input_tokens=tokens.input_tokens,
        output_tokens=tokens.output_tokens,
        cache_read_tokens=tokens.cache_read_tokens,
        cache_write_tokens=tokens.cache_write_tokens,
        reasoning_tokens=tokens.reasoning_tokens,
        currency=entry.currency,
        cost=cost,
        base_cost=use.base_cost,
        is_estimate=int(use.is_estimate),
        first_token=use.first_token,
        duration=use.duration,
        period=entry.day // 100,
        created_at=entry.created_at,
    )


def _negate_model_call(row: ModelCallRow, reversal: LedgerEntry) -> ModelCallRow:
    """Negate the amounts of a model call for its reversal."""
    amounts = {name: -getattr(row, name) for name in REVERSED_FIELDS}
    return replace(row, entry_id=reversal.entry_id, created_at=reversal.created_at, **amounts)


def _format_model_name(row: ModelCallRow) -> str:
    return f"{row.provider}:{row.model}"


def _check_amount(amount: int) -> None:
    if abs(amount) > MAX_ENTRY_MICROS:
        raise InvalidRequest(
            f"A ledger entry is limited to {MAX_ENTRY_MICROS // 1_000_000:,} units of its currency.",
            fix="Record less at once.",
            errors=[field_error("quantity", "too much for one entry")],
        )
