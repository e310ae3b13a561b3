"""Model calls: reserved in advance, and charged when their tokens are known.

The maximum cost of a call is reserved against every applicable limit, so that concurrent calls cannot exceed a limit
together. Near a limit, the cheapest of the offered models is chosen. The ledger entry replaces the reservation; its key
consists of the task and the call, so that a call reported twice is charged once.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from agora.clock import SECOND, to_datetime
from agora.core.call import Call, decode_json, encode_json
from agora.value_classes import value_class
from agora_sdk.contract.billing import EntryKind
from agora_sdk.contract.billing.models import ModelCall, ModelTokens
from agora_sdk.errors import PaymentRequired

from . import model_queries as models
from . import queries as statements
from .allowances import lock_allowance, lock_covering_allowance, subtract_from_allowance
from .budget_enforcement import BudgetStatus, SpendingLimits, read_budget_status
from .ledger import Charge, Ledger, ModelUse
from .model_prices import TokenRates
from .money import convert_to_month_number, from_micros
from .records import RESERVATIONS, BudgetRow, LedgerEntry, ModelCallRow, ReservationRow
from .terms import PriceTerms
from .views import build_model_charge_key

__all__ = [
    "CallPayer",
    "ModelOffer",
    "ModelReport",
    "build_model_call",
    "charge_model_call",
    "find_model_call_reservation",
    "parse_project",
    "release_model_call_reservation",
    "release_reservations_of_ended_tasks",
    "reserve_first_affordable_model",
]

MAX_BATCH = 500  #: reservations released in one transaction
MAX_PROJECT_CHARACTERS = 100  #: characters


@value_class(kw_only=True)
class CallPayer:
    """The payer of a model call, and its purpose. subject: owner of the token allowance; '' for none."""

    account: str
    agent_id: str
    task_id: str = ""
    project: str = ""
    subject: str = ""


@value_class
class ModelOffer:
    """A candidate model and the maximum cost of the call, in millionths."""

    rates: TokenRates
    amount: int


@value_class(kw_only=True)
class ModelReport:
    """Report of a finished call. call_id: unique in its task. first_token, seconds: time to the first token and to the
    end.

    reserved_as: id of its reservation; '' if it is call_id.
    base_cost: the provider's charge in millionths, if reported as an amount; None for tokens at their price.
    """

    call_id: str
    tokens: ModelTokens
    is_estimate: bool = False
    first_token: float | None = None
    seconds: float | None = None
    base_cost: int | None = None
    reserved_as: str = ""


def parse_project(metadata: str, payload: str) -> str:
    """Read a task's project from JSON: ``project`` of its metadata, or the codebase of a coding job; '' for none."""
    values = (decode_json(metadata).get("project"), *map(decode_json(payload).get, ("codebase_id", "codebase")))
    # The first that is a name; metadata and payload are written by callers, and may hold anything.
    name = next((value for value in values if isinstance(value, str) and value), "")
    return name[:MAX_PROJECT_CHARACTERS]


# -- before the call -------------------------------------------------------------------------------


def _build_reservation_id(task_id: str) -> str:
    return f"{task_id}:model"


async def find_model_call_reservation(call: Call, task_id: str) -> ReservationRow | None:
    """Find the reservation for a task's next model call; its description is the call's id."""
    return await call.tx.one(statements.select_reservation, task_id=_build_reservation_id(task_id))


async def reserve_first_affordable_model(
    call: Call, payer: CallPayer, call_id: str, offers: Sequence[ModelOffer]
) -> ModelOffer:
    """Reserve the maximum cost of a task's next model call, replacing its earlier reservation.

    offers: candidate models in order. The first one within every limit is chosen, or, after the warning of an
    applicable limit, the cheapest one within every limit. Raises BudgetExceeded, CreditExhausted if there is none.
    """
    await release_model_call_reservation(call, payer.task_id)
    await lock_allowance(call, payer.subject)
    # After the release: the earlier reservation of the task must not count against its own next call.
    offer = await _choose_offer_within_limits(call, payer, offers)
    rates, amount = offer.rates, offer.amount
    if not amount:
        return offer
    # Checked before the limits and taken after them: a refused reservation takes nothing.
    spender = await lock_covering_allowance(call, payer.subject, amount, rates.currency)
    limits = _build_spending_limits(call, payer, rates)
    await limits.enforce_limits_on_reservation(amount)
    await subtract_from_allowance(call, spender, amount)
    row = ReservationRow(
        tenant_id=call.caller.tenant,
        task_id=_build_reservation_id(payer.task_id),
        account_id=payer.account,
        agent_id=payer.agent_id,
        currency=rates.currency,
        amount=amount,
        price_version=0,
        spender=spender,
        description=call_id,
        created_at=call.now,
        model=rates.name,
        project=payer.project,
    )
    call.tx.append(RESERVATIONS, row)
    return offer


def _build_spending_limits(call: Call, payer: CallPayer, rates: TokenRates) -> SpendingLimits:
    return SpendingLimits(call, payer.account, payer.agent_id, rates.currency, model=rates.name, project=payer.project)


async def _choose_offer_within_limits(call: Call, payer: CallPayer, offers: Sequence[ModelOffer]) -> ModelOffer:
    """Choose an offer within the limits. Raises BudgetExceeded, CreditExhausted."""
    names = encode_json(["", *(offer.rates.name for offer in offers)])
    # All are locked at once in a fixed order, because the order of offers varies.
    rows = await call.tx.all(
        statements.lock_model_budgets_in_scope,
        account=payer.account,
        agent=payer.agent_id,
        project=payer.project,
        models=names,
    )
    period = convert_to_month_number(call.now)
    budgets = [(row, await read_budget_status(call.tx, row, period)) for row in rows]
    affordable: list[ModelOffer] = []
    refusals: list[PaymentRequired] = []
    for offer in offers:
        try:
            _check_offer_limits(_build_spending_limits(call, payer, offer.rates), budgets, offer)
            affordable.append(offer)
        except PaymentRequired as refusal:
            refusals.append(refusal)
    if not affordable:
        # Of the first offer, which is the model that was asked for.
        raise refusals[0]
    is_near = any(_is_over_soft_limit(row, status) for row, status in _select_budgets_of_offer(budgets, offers[0]))
    return min(affordable, key=lambda offer: offer.amount) if is_near else affordable[0]


Budgets = Sequence[tuple[BudgetRow, BudgetStatus]]


def _select_budgets_of_offer(budgets: Budgets, offer: ModelOffer) -> Budgets:
    """Select the budgets that apply to an offer."""
    return [
        (row, status)
        for row, status in budgets
        if row.currency == offer.rates.currency and row.model in ("", offer.rates.name)
    ]


def _check_offer_limits(limits: SpendingLimits, budgets: Budgets, offer: ModelOffer) -> None:
    """Check an offer against the limits. Raises BudgetExceeded, CreditExhausted."""
    if not offer.amount:
        return
    limits.require_allowed_currency([row for row, _ in budgets])
    for row, status in _select_budgets_of_offer(budgets, offer):
        limits.require_amount_within_limits(row, status, offer.amount)


def _is_over_soft_limit(row: BudgetRow, status: BudgetStatus) -> bool:
    return row.soft_limit is not None and status.committed >= row.soft_limit


async def release_model_call_reservation(call: Call, task_id: str) -> None:
    """Release the reservation of a call that was not made. Idempotent."""
    row = await find_model_call_reservation(call, task_id)
    if row is not None:
        await call.tx.execute(statements.delete_reservation, task_id=row.task_id)
        await subtract_from_allowance(call, row.spender, -row.amount)


async def release_reservations_of_ended_tasks(call: Call) -> bool:
    """Release reservations of tasks that have ended; returns whether there may be more."""
    rows = await call.tx.all(
        statements.select_abandoned_reservations, before=call.now - statements.ABANDONED_AFTER, limit=MAX_BATCH
    )
    for row in rows:
        await call.tx.execute(statements.delete_reservation, task_id=row.task_id)
        await subtract_from_allowance(call, row.spender, -row.amount)
    return len(rows) == MAX_BATCH


# -- after the call --------------------------------------------------------------------------------


async def charge_model_call(call: Call, payer: CallPayer, rates: TokenRates, report: ModelReport) -> ModelCallRow:
    """Charge a finished call regardless of limits. Returns the existing entry if it was charged before."""
    key = build_model_charge_key(payer.task_id, report.call_id)
    ledger = Ledger(call)
    existing = await call.tx.one(statements.select_entry_by_key, key=key)
    if existing is not None:
        return await _require_model_call(call, existing)
    reservation = await find_model_call_reservation(call, payer.task_id) if payer.task_id else None
    fixed = report.base_cost
    amount = rates.compute_cost(report.tokens) if fixed is None else rates.add_markup(fixed)
    # A late report of an earlier call must not release the reservation of the task's present one.
    if reservation is not None and reservation.description == (report.reserved_as or report.call_id):
        await release_model_call_reservation(call, payer.task_id)  # first, or it would count twice
        # The release has returned the maximum; what the call really cost is taken instead, however much it is.
        await subtract_from_allowance(call, reservation.spender, amount)
    tokens = report.tokens
    charge = Charge(
        key,
        payer.account,
        payer.agent_id,
        EntryKind.MODEL,
        tokens.input_tokens + tokens.output_tokens,
        description=rates.name,
        use=_build_model_use(payer, rates, report),
    )
    entry = await ledger.enforce_limits_and_write_entry(charge, PriceTerms(0, rates.currency), amount, enforce=False)
    row = await _require_model_call(call, entry)
    call.emit(
        "agora.billing.model_called", _build_event_data(row), subject=row.agent_id, audience=(call.caller.subject,)
    )
    return row


def _build_model_use(payer: CallPayer, rates: TokenRates, report: ModelReport) -> ModelUse:
    return ModelUse(
        provider=rates.provider,
        model=rates.model,
        task_id=payer.task_id,
        project=payer.project,
        tokens=report.tokens,
        base_cost=rates.compute_base_cost(report.tokens) if report.base_cost is None else report.base_cost,
        is_estimate=report.is_estimate,
        first_token=None if report.first_token is None else int(report.first_token * SECOND),
        duration=None if report.seconds is None else int(report.seconds * SECOND),
    )


async def _require_model_call(call: Call, entry: LedgerEntry) -> ModelCallRow:
    row = await call.tx.one(models.select_call_of_entry, entry_id=entry.entry_id)
    assert row is not None
    return row


def _build_event_data(row: ModelCallRow) -> dict[str, Any]:
    data = build_model_call(row).model_dump(mode="json", exclude={"created_at", "account_id"})
    return {name: value for name, value in data.items() if value is not None}


def build_model_call(row: ModelCallRow) -> ModelCall:
    """Build a model call for a response."""
    return ModelCall(
        entry_id=row.entry_id,
        account_id=row.account_id,
        agent_id=row.agent_id or None,
        task_id=row.task_id or None,
        project=row.project or None,
        provider=row.provider,
        model=row.model,
        input_tokens=row.input_tokens,
        output_tokens=row.output_tokens,
        cache_read_tokens=row.cache_read_tokens,
        cache_write_tokens=row.cache_write_tokens,
        reasoning_tokens=row.reasoning_tokens,
        cost=from_micros(row.cost),
        base_cost=from_micros(row.base_cost),
        currency=row.currency,
        is_estimate=bool(row.is_estimate),
        time_to_first_token=None if row.first_token is None else from_micros(row.first_token),
        seconds=None if row.duration is None else from_micros(row.duration),
        created_at=to_datetime(row.created_at),
    )
