"""Model calls of declared agents: reserved before, charged after, paid by the original requester.

The charge and the checkpoint are stored in one transaction, so that a charged step is not repeated. An interrupted call
is charged as an estimate, in addition to the call that replaces it. For a call lost with its process, the input is
charged when the next call is reserved.
"""

from __future__ import annotations

from collections.abc import Sequence

from agora.core.call import Call
from agora.domains.billing import model_queries as models
from agora.domains.billing.accounts import resolve_paying_account
from agora.domains.billing.model_calls import (
    CallPayer,
    ModelOffer,
    ModelReport,
    charge_model_call,
    find_model_call_reservation,
    parse_project,
    release_model_call_reservation,
    reserve_first_affordable_model,
)
from agora.domains.billing.model_prices import TokenRates, resolve_model_price
from agora.domains.billing.money import format_amount, from_micros, to_micros
from agora.domains.billing.records import ReservationRow
from agora.domains.tasks import access
from agora.domains.tasks import queries as tasks
from agora.domains.tasks.records import TaskRow
from agora.domains.tasks.task_updates import RenewalRequest, append_output, renew_lease
from agora.value_classes import value_class
from agora_sdk.contract import declared_agents as contract
from agora_sdk.contract.billing.models import ModelTokens
from agora_sdk.contract.declared_agents import AgentSpecification
from agora_sdk.contract.fields import JsonObject
from agora_sdk.errors import BudgetExceeded, Conflict, InvalidRequest, PayloadTooLarge, StaleLease

from . import queries as statements
from .providers import DEFAULT_MODEL, ModelEndpoint, resolve_model_or_problem
from .rights import MAX_CHAIN_LENGTH
from .tool_calls import require_own_declaration

__all__ = [
    "CallRecord",
    "ReservationRequest",
    "charge_and_record_model_call",
    "release_reservation_of_failed_call",
    "reserve_call_and_store_checkpoint",
]


@value_class(kw_only=True)
class ReservationRequest:
    """A planned model call. step: its number in the task. models: PROVIDER:MODEL, in order. input_tokens: maximum."""

    task_id: str
    fencing_token: int
    step: int
    models: Sequence[str]
    input_tokens: int
    checkpoint: JsonObject | None
    checkpoint_number: int | None


@value_class(kw_only=True)
class CallRecord:
    """A completed model call. step: its number in the task. model: PROVIDER:MODEL. output: the end of its text."""

    task_id: str
    fencing_token: int
    step: int
    model: str
    tokens: ModelTokens
    is_estimate: bool
    is_cut: bool
    first_token: float | None
    seconds: float | None
    checkpoint: JsonObject | None
    checkpoint_number: int | None
    output: str | None
    output_offset: int | None


def _build_call_id(fencing_token: int, step: int) -> str:
    return f"{fencing_token}.{step}"


async def reserve_call_and_store_checkpoint(call: Call, request: ReservationRequest) -> contract.ModelReservation:
    """Reserve the maximum cost of a task's next call, store the checkpoint, and choose the model.

    Raises BudgetExceeded, CreditExhausted, InvalidRequest if no model has a price, Conflict if none belongs to the
    agent, StaleLease.
    """
    declaration = await require_own_declaration(call)
    specification = AgentSpecification.model_validate_json(declaration.specification)
    task_id, token = request.task_id, request.fencing_token
    # The task's lock makes the cost limit exact: a second call of the task waits here until the first is reserved.
    draft = await access.lock_held_task(call, task_id, token)
    payer = await _resolve_original_payer(call, draft.row)
    tokens = ModelTokens(input_tokens=request.input_tokens, output_tokens=specification.limits.output_tokens)
    rates = await _price_models(call, (specification.model, *specification.fallbacks), request.models)
    priced = [ModelOffer(rate, rate.compute_cost(tokens)) for rate in rates]
    # Before the reservation, which replaces that of the lost call, and before the cost limit, which must include it.
    await _charge_lost_call(call, payer, token, specification, request.input_tokens)
    offers = await _require_offers_within_cost_limit(call, specification, task_id, priced)
    offer = await reserve_first_affordable_model(call, payer, _build_call_id(token, request.step), offers)
    await _store_checkpoint_and_renew_lease(call, request)
    return contract.ModelReservation(
        model=offer.rates.name,
        reserved=from_micros(offer.amount),
        currency=offer.rates.currency,
        is_cheaper=offer is not priced[0],
    )


async def _charge_lost_call(
    call: Call, payer: CallPayer, fencing_token: int, specification: AgentSpecification, input_tokens: int
) -> None:
    """Charge the input of a call that was reserved but neither charged nor released because its process died.

    input_tokens: of the replacing call, which has the same conversation.
    """
    reservation = await find_model_call_reservation(call, payer.task_id)
    # A reservation under the same fencing token belongs to the running process, which still reports it.
    if reservation is None or reservation.description.startswith(f"{fencing_token}."):
        return
    # The reserved model may be in an earlier version of the declaration only.
    known = (specification.model, *specification.fallbacks, reservation.model, DEFAULT_MODEL)
    try:
        (rates,) = await _price_models(call, known, [reservation.model])
    except (InvalidRequest, Conflict):  # model removed from the declaration and without a price
        return
    report = ModelReport(
        call_id=f"{reservation.description}/lost",
        tokens=ModelTokens(input_tokens=input_tokens),
        is_estimate=True,
        reserved_as=reservation.description,
    )
    await charge_model_call(call, payer, rates, report)


async def release_reservation_of_failed_call(
    call: Call, task_id: str, fencing_token: int, step: int
) -> contract.ModelReservationRelease:
    """Release the reservation of a call that failed before its first token. Idempotent."""
    await require_own_declaration(call)
    reservation = await find_model_call_reservation(call, task_id)
    # A late release must not free the reservation of a later call.
    is_own = reservation is not None and _is_reserved_by(call, reservation, _build_call_id(fencing_token, step))
    if is_own:
        await release_model_call_reservation(call, task_id)
    return contract.ModelReservationRelease(is_released=is_own)


def _is_reserved_by(call: Call, reservation: ReservationRow, call_id: str) -> bool:
    return (reservation.agent_id, reservation.description) == (call.caller.subject, call_id)


async def _price_models(call: Call, known: Sequence[str], names: Sequence[str]) -> list[TokenRates]:
    """Resolve the prices of models, omitting those without one.

    Raises InvalidRequest if no known model has a price, Conflict if none is known.
    """
    rates: list[TokenRates] = []
    refusal: InvalidRequest | None = None
    for endpoint in await _find_model_endpoints(call, known, names):
        try:
            rates.append(await resolve_model_price(call, endpoint.provider, endpoint.model, endpoint.url))
        except InvalidRequest as error:
            refusal = refusal or error
    if rates:
        return rates
    raise refusal or Conflict(
        f"None of the models {', '.join(names)} is in the agent's newest declaration.",
        fix="Offer models of that declaration.",
    )


async def _find_model_endpoints(call: Call, known: Sequence[str], names: Sequence[str]) -> list[ModelEndpoint]:
    """Find the endpoints of the named models, in order, omitting unknown ones. known: names as in declarations."""
    providers = await call.tx.all(statements.select_all_providers)
    settings, tenant = call.context.settings, call.caller.tenant
    places = [resolve_model_or_problem(name, tenant, providers, settings, None) for name in known]
    by_name = {f"{one.provider}:{one.model}": one for one in places if isinstance(one, ModelEndpoint)}
    return [by_name[name] for name in dict.fromkeys(names) if name in by_name]


async def _require_offers_within_cost_limit(
    call: Call, specification: AgentSpecification, task_id: str, offers: Sequence[ModelOffer]
) -> Sequence[ModelOffer]:
    """Select the offers within a task's cost limit. Raises BudgetExceeded if there are none."""
    limit = specification.limits.cost
    if limit is None:
        return offers
    currency = offers[0].rates.currency
    spent = await call.tx.one(models.sum_task_cost, task=task_id, currency=currency) or 0
    fitting = [offer for offer in offers if spent + offer.amount <= to_micros(limit)]
    if not fitting:
        least = min(offer.amount for offer in offers)
        raise BudgetExceeded(
            f"The limit of {format_amount(to_micros(limit), currency)} for a task is reached: "
            f"{format_amount(spent, currency)} were used, and the next call may cost {format_amount(least, currency)}.",
            fix="Raise limits.cost of the declaration.",
        )
    return fitting


async def _resolve_original_payer(call: Call, task: TaskRow) -> CallPayer:
    """Resolve the payer: the original requester, following the chain of declared agents."""
    root = task
    # Bounded like the chain of rights, which refuses longer ones.
    for _ in range(MAX_CHAIN_LENGTH):
        if root.parent_id is None or await call.tx.one(statements.select_agent_by_id, agent_id=root.created_by) is None:
            break
        parent = await call.tx.one(tasks.select_task, task_id=root.parent_id)
        if parent is None or parent.assigned_agent != root.created_by:
            break
        root = parent
    details = await call.tx.one(models.select_payable_task, task_id=root.task_id)
    return CallPayer(
        account=resolve_paying_account(root.account_id, root.created_by),
        agent_id=call.caller.subject,
        task_id=task.task_id,
        project="" if details is None else parse_project(details.metadata, details.payload),
        subject=root.created_by,
    )


async def charge_and_record_model_call(call: Call, record: CallRecord) -> contract.RecordedModelCall:
    """Charge for a call and store its checkpoint. Idempotent.

    A lease lost in the meantime, for example by a cancellation, does not make the reserved call free.
    Raises StaleLease.
    """
    declaration = await require_own_declaration(call)
    specification = AgentSpecification.model_validate_json(declaration.specification)
    try:
        task, is_held = (await access.lock_held_task(call, record.task_id, record.fencing_token)).row, True
    except StaleLease:
        task, is_held = await _load_reserved_task(call, record), False
    # The declaration may have changed since the reservation.
    known = (specification.model, *specification.fallbacks, record.model, DEFAULT_MODEL)
    (rates,) = await _price_models(call, known, [record.model])
    reserved_as = _build_call_id(record.fencing_token, record.step)
    report = ModelReport(
        # several models in turn may be interrupted within a step
        call_id=f"{reserved_as}/{record.model}" if record.is_cut else reserved_as,
        reserved_as=reserved_as,
        tokens=record.tokens,
        is_estimate=record.is_estimate,
        first_token=record.first_token,
        seconds=record.seconds,
    )
    row = await charge_model_call(call, await _resolve_original_payer(call, task), rates, report)
    output_size = await _append_output(call, record) if is_held else None
    number = await _store_checkpoint_and_renew_lease(call, record) if is_held else None
    return contract.RecordedModelCall(
        entry_id=row.entry_id,
        cost=from_micros(row.cost),
        currency=row.currency,
        checkpoint_number=number,
        output_size=output_size,
    )


async def _append_output(call: Call, record: CallRecord) -> int | None:
    """Append a call's text to the task's output. Returns the end offset, None if nothing was appended."""
    if record.output is None:
        return None
    try:
        part = await append_output(call, record.task_id, record.output, record.output_offset, record.fencing_token)
    except (
        Conflict,
        PayloadTooLarge,
    ):  # the call is charged nevertheless; the agent gets the error when it appends the text
        return None
    return part.next_offset


async def _store_checkpoint_and_renew_lease(call: Call, request: ReservationRequest | CallRecord) -> int | None:
    """Store the checkpoint of a request and extend the lease. Returns its number, None without one."""
    if request.checkpoint is None:
        return None
    renewal = RenewalRequest(
        task_id=request.task_id,
        token=request.fencing_token,
        lease_seconds=None,
        progress=None,
        checkpoint=request.checkpoint,
        checkpoint_number=request.checkpoint_number,
    )
    return (await renew_lease(call, renewal)).checkpoint_number


async def _load_reserved_task(call: Call, record: CallRecord) -> TaskRow:
    """Load the task for which the agent has reserved a call. Raises StaleLease if there is no reservation."""
    reservation = await find_model_call_reservation(call, record.task_id)
    task = await call.tx.one(tasks.select_task, task_id=record.task_id)
    call_id = _build_call_id(record.fencing_token, record.step)
    if task is None or reservation is None or not _is_reserved_by(call, reservation, call_id):
        raise StaleLease(
            f"The fencing token {record.fencing_token} of {record.task_id} is not the newest, and nothing is reserved.",
            fix="Stop working on it.",
        )
    return task
