"""Write the prices of language models that a server starts with, from the package genai-prices. Usage: model_prices.py
[DATE]

``src/agora/domains/billing/model_prices.json`` has the prices of a day (YYYY-MM-DD, by default today), so that the
server does not need the package. Prices are in millionths of a dollar per million tokens. A list has the base price,
followed by thresholds of input tokens from which another price applies to all tokens. If a price depends on the time of
day, the highest one is used. Models that are free, or not priced by the token, are omitted.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from importlib.metadata import version
from pathlib import Path
from typing import Any

from genai_prices import data, types

__all__ = ["FILE", "build_document", "main"]

FILE = Path(__file__).parents[1] / "src/agora/domains/billing/model_prices.json"
#: kinds of tokens, in the order of their prices in the file
KINDS = ("input_mtok", "output_mtok", "cache_read_mtok", "cache_write_mtok", "output_reasoning_mtok")
CLAUSES = {"equals": "=", "starts_with": "^", "ends_with": "$", "contains": "~", "regex": "r", "or_": "|", "and_": "&"}


def build_document(day: date) -> dict[str, Any]:
    """Build the content of the file."""
    providers = {}
    for provider in data.providers:
        models = [row for model in provider.models if (row := _build_model(model, day)) is not None]
        if models or provider.fallback_model_providers:
            providers[provider.id] = {
                "url": provider.api_pattern,
                "models_of": None if provider.model_match is None else _build_clause(provider.model_match),
                "fallbacks": provider.fallback_model_providers or [],
                "models": models,
            }
    return {
        "source": f"genai-prices {version('genai-prices')}",
        "license": "MIT, Copyright (c) Pydantic Services Inc. 2025 to present",
        "date": day.isoformat(),
        "currency": "USD",
        "providers": providers,
    }


def _build_model(model: types.ModelInfo, day: date) -> list[Any] | None:
    """Build a model's id, match rules and prices; None if it is not priced by the token."""
    prices = [_parse_price(getattr(_choose_price(model.prices, day), kind)) for kind in KINDS]
    while prices and prices[-1] is None:
        prices.pop()
    return [model.id, _build_clause(model.match), *prices] if len(prices) > 0 and (prices[0] or prices[1:2]) else None


def _choose_price(prices: types.ModelPrice | Sequence[types.ConditionalPrice], day: date) -> types.ModelPrice:
    if isinstance(prices, types.ModelPrice):
        return prices
    moment = datetime(day.year, day.month, day.day, tzinfo=UTC)
    lasting = [each for each in prices if not isinstance(each.constraint, types.TimeOfDateConstraint)]
    active = [each for each in lasting if each.constraint is None or each.constraint.active(moment)]
    daily = [each for each in prices if isinstance(each.constraint, types.TimeOfDateConstraint)]
    return max((each.prices for each in (active[-1], *daily)), key=_input_price)


def _input_price(price: types.ModelPrice) -> Decimal:
    value = price.input_mtok
    return value.base if isinstance(value, types.TieredPrices) else value or Decimal(0)


def _parse_price(price: Decimal | types.TieredPrices | None) -> int | list[int] | None:
    if isinstance(price, types.TieredPrices):
        tiers = [number for tier in price.tiers for number in (tier.start, _to_micros(tier.price))]
        return [_to_micros(price.base), *tiers]
    return _to_micros(price) if price else None


def _to_micros(price: Decimal) -> int:
    return round(price * 1_000_000)


def _build_clause(clause: Any) -> list[Any]:
    ((name, value),) = vars(clause).items()
    if isinstance(value, list):
        return [CLAUSES[name], *map(_build_clause, value)]
    return [CLAUSES[name], value if name == "regex" else value.lower()]


def main(arguments: Sequence[str]) -> None:
    """Write the file, one model per line."""
    day = date.fromisoformat(arguments[0]) if arguments else datetime.now(UTC).date()
    document = build_document(day)
    marks: list[str] = []
    for provider in document["providers"].values():
        marks += [json.dumps(model, separators=(",", ":"), ensure_ascii=False) for model in provider["models"]]
        provider["models"] = [f"@{len(marks) - len(provider['models']) + n}@" for n in range(len(provider["models"]))]
    text = json.dumps(document, indent=0, ensure_ascii=False)
    for number, mark in enumerate(marks):
        text = text.replace(f'"@{number}@"', mark, 1)
    FILE.write_text(f"{text}\n", "utf-8")


if __name__ == "__main__":
    main(sys.argv[1:])
