"""Model prices: from the catalog shipped with the server, or set by operators for their tenant.

A model without a price is refused, or charged at the price of the setting ``billing_unknown_model_price``; it is never
free.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal

from agora.clock import to_datetime
from agora.core import pagination as paging
from agora.core.call import Call
from agora.core.errors import not_found
from agora.domains.identity.authority import check_and_record_administration
from agora.store.port import write_record
from agora.value_classes import value_class
from agora_sdk.contract.billing.models import ModelPrice, ModelPricePage, ModelTokens, RemovedPrice
from agora_sdk.errors import InvalidRequest, field_error

from . import model_queries as statements
from .model_catalog import CATALOG, CatalogPrice, Rate
from .money import MICROS, from_micros, to_micros
from .records import ModelPriceRow

__all__ = [
    "ANY_MODEL",
    "ModelPriceRequest",
    "TokenRates",
    "build_reported_rates",
    "delete_model_price",
    "list_model_prices",
    "resolve_model_price",
    "set_default_markup",
    "set_model_price",
    "split_model_name",
]

ANY_MODEL = "*"
BASIS_POINTS = 10_000  #: hundredths of a percent per whole
REFUSE_UNPRICED = "refuse"
SEPARATOR = re.compile("[:/]")


@value_class
class TokenRates:
    """Rates of a model: prices per million tokens in millionths of a currency, markup in basis points."""

    provider: str
    model: str
    currency: str
    input: Rate
    output: Rate
    cache_read: Rate
    cache_write: Rate
    reasoning: Rate
    markup: int = 0

    @property
    def name(self) -> str:
        """PROVIDER:MODEL."""
        return f"{self.provider}:{self.model}"

    def compute_base_cost(self, tokens: ModelTokens) -> int:
        """Compute the cost of tokens excluding markup, in millionths, rounded up."""
        return -(-self._sum_token_prices(tokens) // MICROS)

    def compute_cost(self, tokens: ModelTokens) -> int:
        """Compute the charge for tokens in millionths, rounded up so that priced usage is never free."""
        # One division at the end, so that cost and markup are rounded once.
        return -(-self._sum_token_prices(tokens) * (BASIS_POINTS + self.markup) // (MICROS * BASIS_POINTS))

    def without_rate_thresholds(self) -> TokenRates:
        """Return the rates without thresholds, for sums of several calls."""
        rates = {
            name: getattr(self, name)[:1] for name in ("input", "output", "cache_read", "cache_write", "reasoning")
        }
        return replace(self, **rates)

    def add_markup(self, base_cost: int) -> int:
        """Add the markup to a provider's cost, in millionths, rounded up."""
        return -(-base_cost * (BASIS_POINTS + self.markup) // BASIS_POINTS)

    def _sum_token_prices(self, tokens: ModelTokens) -> int:
        total = tokens.input_tokens
        cache_read, cache_write = tokens.cache_read_tokens, tokens.cache_write_tokens
        parts = (
            # Providers count cached tokens among the input; max guards against those that report them apart.
            (max(0, total - cache_read - cache_write), self.input),
            (cache_read, self.cache_read),
            (cache_write, self.cache_write),
            (max(0, tokens.output_tokens - tokens.reasoning_tokens), self.output),
            (tokens.reasoning_tokens, self.reasoning),
        )
        return sum(count * _choose_rate_for_input(rate, total) for count, rate in parts)


def _choose_rate_for_input(rate: Rate, input_tokens: int) -> int:
    """Choose the rate for a number of input tokens: that of the highest exceeded threshold."""
    price = rate[0]
    for start, above in zip(rate[1::2], rate[2::2], strict=True):
        if input_tokens > start:
            price = above
    return price


def split_model_name(name: str) -> tuple[str, str]:
    """Split a model name into provider and model, such as ``anthropic:claude-sonnet-4-5`` or ``openai/gpt-5``; '' for
    no provider."""
    # The first separator of either kind, since the model's own name may have the other one: meta-llama/llama-3:free.
    match = SEPARATOR.search(name)
    if match is None or match.end() == len(name):
        return "", name
    return name[: match.start()].lower(), name[match.end() :]


async def resolve_model_price(call: Call, provider: str, model: str, url: str = "") -> TokenRates:
    """Resolve the current price of a model. url: of the endpoint, which identifies the provider of a custom name.

    Raises InvalidRequest for a model without a price.
    """
    catalog_provider = CATALOG.find_provider(provider, url, model)
    own_provider = provider or catalog_provider
    rows = await call.tx.all(statements.select_prices_of_model, provider=own_provider, model=model)
    by_place = {(row.provider, row.model): row for row in rows}
    # Taken out: it holds the markup, and would be a price of zero for a model reported without any name.
    default = by_place.pop(("", ""), None)
    markup = (default.markup or 0) if default is not None else 0
    # An operator's price precedes the catalog; the price of one model precedes that of all of its provider.
    row = by_place.get((own_provider, model)) or by_place.get((own_provider, ANY_MODEL))
    if row is not None:
        return _build_rates_from_row(row, own_provider, model, markup)
    catalog_price = CATALOG.find_price(catalog_provider, model)
    if catalog_price is not None:
        return _build_rates_from_catalog(catalog_price, provider or catalog_price.provider, model, markup)
    return _build_rates_of_unknown_model(call, provider, model, markup)


async def build_reported_rates(call: Call, provider: str, model: str, currency: str) -> TokenRates:
    """Build the rates of a model whose cost is reported as an amount: no token prices, only the markup."""
    markup, nothing = await _read_default_markup(call), (0,)
    return TokenRates(provider, model, currency, nothing, nothing, nothing, nothing, nothing, markup)


def _build_rates_from_row(row: ModelPriceRow, provider: str, model: str, markup: int) -> TokenRates:
    input, output = (row.input_price,), (row.output_price,)
    cache_read, cache_write, reasoning = row.cache_read_price, row.cache_write_price, row.reasoning_price
    return TokenRates(
        provider=provider,
        model=model,
        currency=row.currency,
        input=input,
        output=output,
        cache_read=input if cache_read is None else (cache_read,),
        cache_write=input if cache_write is None else (cache_write,),
        reasoning=output if reasoning is None else (reasoning,),
        markup=markup if row.markup is None else row.markup,
    )


def _build_rates_from_catalog(price: CatalogPrice, provider: str, model: str, markup: int) -> TokenRates:
    return TokenRates(
        provider=provider,
        model=model,
        currency=CATALOG.currency,
        input=price.input,
        output=price.output,
        cache_read=price.cache_read or price.input,
        cache_write=price.cache_write or price.input,
        reasoning=price.reasoning or price.output,
        markup=markup,
    )


def _build_rates_of_unknown_model(call: Call, provider: str, model: str, markup: int) -> TokenRates:
    settings = call.context.settings
    if settings.billing_unknown_model_price == REFUSE_UNPRICED:
        name = f"{provider}:{model}" if provider else model
        raise InvalidRequest(
            f"The model {name!r} has no price, and is not used without one.",
            fix=f"An operator sets it: agora token-billing set-price {provider or 'PROVIDER'} {model or 'MODEL'} INPUT OUTPUT, "
            "in dollars for a million tokens (0 0 for a model that costs nothing); or the setting "
            "billing_unknown_model_price for all such models.",
            errors=[field_error("model", "no price")],
        )
    input, output = ((int(Decimal(part) * MICROS),) for part in settings.billing_unknown_model_price.split("/"))
    return TokenRates(provider, model, settings.billing_currency, input, output, input, input, output, markup)


# -- setting and listing ---------------------------------------------------------------------------


@value_class(kw_only=True)
class ModelPriceRequest:
    """A price to set, in units of the currency per million tokens; None for kinds without a specific price."""

    provider: str
    model: str
    currency: str
    input: float
    output: float
    cache_read: float | None
    cache_write: float | None
    reasoning: float | None
    markup_percent: float | None


async def set_model_price(call: Call, request: ModelPriceRequest) -> ModelPrice:
    """Set the price of a model."""
    call.target = f"{request.provider}:{request.model}"
    await check_and_record_administration(call, f"model-price:{call.target}")
    row = ModelPriceRow(
        tenant_id=call.caller.tenant,
        provider=request.provider,
        model=request.model,
        currency=request.currency,
        input_price=to_micros(request.input),
        output_price=to_micros(request.output),
        cache_read_price=None if request.cache_read is None else to_micros(request.cache_read),
        cache_write_price=None if request.cache_write is None else to_micros(request.cache_write),
        reasoning_price=None if request.reasoning is None else to_micros(request.reasoning),
        markup=convert_markup_to_basis_points(request.markup_percent),
        updated_at=call.now,
        updated_by=call.caller.subject,
    )
    await write_record(call.tx, statements.upsert_model_price, row)
    return _build_price_from_row(row, await _read_default_markup(call))


def convert_markup_to_basis_points(percent: float | None) -> int | None:
    """Parse a markup in percent to hundredths of a percent."""
    return None if percent is None else round(percent * 100)


async def set_default_markup(call: Call, percent: float) -> None:
    """Set the default markup."""
    await check_and_record_administration(call, "model-price:markup")
    row = ModelPriceRow(
        tenant_id=call.caller.tenant,
        provider="",
        model="",
        currency="",
        input_price=0,
        output_price=0,
        cache_read_price=None,
        cache_write_price=None,
        reasoning_price=None,
        markup=convert_markup_to_basis_points(percent),
        updated_at=call.now,
        updated_by=call.caller.subject,
    )
    await write_record(call.tx, statements.upsert_model_price, row)


async def _read_default_markup(call: Call) -> int:
    rows = await call.tx.all(statements.select_prices_of_model, provider="", model="")
    return next((row.markup or 0 for row in rows if not row.provider), 0)


async def delete_model_price(call: Call, provider: str, model: str) -> RemovedPrice:
    """Delete a price set by an operator. Raises NotFound."""
    call.target = f"{provider}:{model}"
    rows = await call.tx.all(statements.select_prices_of_model, provider=provider, model=model)
    if not any((row.provider, row.model) == (provider, model) for row in rows):
        raise not_found(
            "model",
            f"No price of {provider}:{model} was set here.",
            fix="Those that were are listed first by agora.token_billing.pricing.",
        )
    await check_and_record_administration(call, f"model-price:{call.target}")
    await call.tx.execute(statements.delete_model_price, provider=provider, model=model)
    return RemovedPrice(provider=provider, model=model)


async def list_model_prices(
    call: Call, provider: str | None, model: str | None, limit: int, cursor: str | None
) -> ModelPricePage:
    """List model prices: those set here by name, then the catalog's by name; or the price of one model."""
    markup = await _read_default_markup(call)
    if model is not None:
        prices = [await _require_model_price(call, provider or "", model)]
        return ModelPricePage(pricing=prices, count=1, total=1, source=CATALOG.source)
    origin, *after = paging.decode_cursor(cursor, str, str, str) if cursor else ["operator", "", ""]
    prices = []
    if origin == "operator":
        rows = await call.tx.all(
            statements.list_model_prices, provider=provider or "", after=after[0], model_after=after[1], limit=limit + 1
        )
        prices = [_build_price_from_row(row, markup) for row in rows]
        after = ["", ""]
    if len(prices) <= limit:
        for price in CATALOG.list_prices(provider, (after[0], after[1])):
            prices.append(_build_price_from_catalog(price, markup))
            if len(prices) > limit:
                break
    page, more = prices[:limit], len(prices) > limit
    last = page[-1] if more else None
    following = None if last is None else paging.encode_cursor(last.set_by, last.provider, last.model)
    return ModelPricePage(pricing=page, count=len(page), has_more=more, next_cursor=following, source=CATALOG.source)


async def _require_model_price(call: Call, provider: str, model: str) -> ModelPrice:
    """Find the price of one model. Raises InvalidRequest if it has none."""
    rates = await resolve_model_price(call, provider, model)
    rows = await call.tx.all(statements.select_prices_of_model, provider=rates.provider, model=model)
    row = next((row for row in rows if row.provider), None)
    return _build_price(
        rates,
        row is None,
        CATALOG.date if row is None else to_datetime(row.updated_at).date().isoformat(),
    )


def _build_price_from_row(row: ModelPriceRow, markup: int) -> ModelPrice:
    rates = _build_rates_from_row(row, row.provider, row.model, markup)
    return _build_price(rates, False, to_datetime(row.updated_at).date().isoformat())


def _build_price_from_catalog(price: CatalogPrice, markup: int) -> ModelPrice:
    return _build_price(_build_rates_from_catalog(price, price.provider, price.model, markup), True, CATALOG.date)


def _build_price(rates: TokenRates, is_of_catalog: bool, day: str) -> ModelPrice:
    thresholds: Sequence[int] = sorted({start for rate in (rates.input, rates.output) for start in rate[1::2]})
    return ModelPrice(
        id=rates.name,
        provider=rates.provider,
        model=rates.model,
        currency=rates.currency,
        input_cost_per_m=from_micros(rates.input[0]),
        output_cost_per_m=from_micros(rates.output[0]),
        cache_read_cost_per_m=from_micros(rates.cache_read[0]),
        cache_write_cost_per_m=from_micros(rates.cache_write[0]),
        reasoning_cost_per_m=None if rates.reasoning == rates.output else from_micros(rates.reasoning[0]),
        markup_percent=rates.markup / 100,
        above_tokens=list(thresholds),
        set_by="package" if is_of_catalog else "operator",
        as_of=day,
    )
