"""Setting and listing prices of agents."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from agora.clock import to_microseconds
from agora.core.call import Call
from agora.core.record_models import build_from_record
from agora.domains.agents.records import AgentRow
from agora.value_classes import value_class
from agora_sdk.contract import billing as contract
from agora_sdk.contract.billing import PricingType
from agora_sdk.errors import Conflict, InvalidRequest, RateLimited, field_error

from . import queries as statements
from .money import reject_fractional_units, to_micros
from .records import PRICES, PriceRow
from .terms import PriceTerms, build_pricing_fields

__all__ = ["AMOUNT_FIELDS", "PriceRequest", "build_price", "set_price_version"]

DAY = 86_400_000_000
MAX_DAYS_AHEAD = 366 * DAY
MAX_CHANGES_PER_DAY = 100  #: maximum number of price changes of an agent per day
AMOUNT_FIELDS = ("price", "base_price", "task_price", "input_price", "output_price")
AMOUNTS_BY_PRICING_TYPE: Mapping[PricingType, frozenset[str]] = {
    PricingType.FREE: frozenset(),
    PricingType.PER_REQUEST: frozenset({"price"}),
    PricingType.PER_MINUTE: frozenset({"price"}),
    PricingType.PER_HOUR: frozenset({"price"}),
    PricingType.HYBRID: frozenset({"price", "base_price", "task_price"}),
    PricingType.TOKEN_BASED: frozenset({"input_price", "output_price"}),
}  #: fields of each pricing type


@value_class(kw_only=True)
class PriceRequest:
    """A price to set for an agent. currency: None for that of its earlier prices, else the default."""

    type: PricingType
    currency: str | None
    price: float
    base_price: float
    task_price: float
    usage_unit: str | None
    input_price: float
    output_price: float
    effective_from: datetime | None


async def set_price_version(call: Call, agent: AgentRow, request: PriceRequest) -> contract.Price:
    """Write the next version of an agent's price.

    Raises Conflict for another currency than that of its earlier prices, InvalidRequest, RateLimited.
    """
    _check_price_amounts(request)
    currency = await _resolve_currency(call, agent, request.currency)
    reject_fractional_units(currency, **{name: getattr(request, name) for name in AMOUNT_FIELDS})
    begins = _parse_effective_from(call.now, request.effective_from)
    latest = await call.tx.one(statements.select_latest_price, agent_id=agent.agent_id)
    version = latest.version if latest is not None else 0
    # Versions are kept for ever, because ledger entries name them: their number must be limited.
    await _limit_price_changes(call, agent.agent_id, version)
    unit = (request.usage_unit or "hour") if request.type is PricingType.HYBRID else None
    row = PriceRow(
        tenant_id=call.caller.tenant,
        agent_id=agent.agent_id,
        version=version + 1,
        type=request.type.value,
        currency=currency,
        price=to_micros(request.price),
        base_price=to_micros(request.base_price),
        task_price=to_micros(request.task_price),
        usage_unit=unit,
        input_price=to_micros(request.input_price),
        output_price=to_micros(request.output_price),
        effective_from=begins,
        created_at=call.now,
        created_by=call.caller.subject,
    )
    call.tx.append(PRICES, row)
    return build_price(row, agent.agent_name)


async def _resolve_currency(call: Call, agent: AgentRow, currency: str | None) -> str:
    """Resolve the currency of a price. It cannot change after the agent's first price."""
    row = await call.tx.one(statements.select_price_currency, agent_id=agent.agent_id)
    if row is None:
        return currency or str(call.context.settings.billing_currency)
    fixed = str(row)
    if currency not in (None, fixed):
        raise Conflict(
            f"{agent.agent_name} is paid in {fixed}; limits of its customers are in that currency, so it stays.",
            fix=f"Set the price in {fixed}, or register another agent for {currency}.",
            errors=[field_error("currency", f"is {fixed}")],
        )
    return fixed


def build_price(row: PriceRow, name: str) -> contract.Price:
    """Build the result of a price version."""
    return build_from_record(contract.Price, row, **build_pricing_fields(PriceTerms.from_row(row)), agent_name=name)


def _check_price_amounts(request: PriceRequest) -> None:
    type, takes = request.type, AMOUNTS_BY_PRICING_TYPE[request.type]
    invalid_amounts = [name for name in AMOUNT_FIELDS if getattr(request, name) and name not in takes]
    if request.usage_unit and type is not PricingType.HYBRID:
        invalid_amounts.append("usage_unit")
    if invalid_amounts:
        raise InvalidRequest(
            f"A price of type {type} has no {invalid_amounts[0]}.",
            fix=f"It has {', '.join(sorted(takes))}." if takes else "It has no amounts.",
            errors=[field_error(name, f"not for {type}") for name in invalid_amounts],
        )
    if takes and not any(getattr(request, name) for name in takes):
        raise InvalidRequest(
            f"A price of type {type} needs an amount above 0.",
            fix=f"Give {' or '.join(sorted(takes))}, or the type free.",
            errors=[field_error(sorted(takes)[-1], "missing")],
        )


def _parse_effective_from(now: int, effective_from: datetime | None) -> int:
    begins = now if effective_from is None else to_microseconds(effective_from)
    if not now <= begins <= now + MAX_DAYS_AHEAD:
        raise InvalidRequest(
            "A price takes effect now or within a year: past usage is not repriced.",
            fix="Leave effective_from out, or give a time in the future.",
            errors=[field_error("effective_from", "in the past" if begins < now else "too far ahead")],
        )
    return begins


async def _limit_price_changes(call: Call, agent_id: str, version: int) -> None:
    row = await call.tx.one(
        statements.count_price_changes,
        agent_id=agent_id,
        latest=version,
        most=MAX_CHANGES_PER_DAY,
        since=call.now - DAY,
    )
    if row is not None and row >= MAX_CHANGES_PER_DAY:
        raise RateLimited(
            f"The price was changed {MAX_CHANGES_PER_DAY} times within a day.",
            fix="Try again tomorrow.",
            retry_after=3600,
        )
