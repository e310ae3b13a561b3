"""The catalog of model prices shipped with the server: ``model_prices.json``, written by ``scripts/model_prices.py``.

It is loaded on first use. Prices are tuples: millionths of a dollar per million tokens, and, if the provider
charges other prices for long inputs, pairs of a number of input tokens and the price of all tokens above it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any, Final

from agora.value_classes import value_class

__all__ = ["CATALOG", "CatalogPrice", "ModelCatalog", "Rate"]

PRICE_FILE: Final = Path(__file__).with_name("model_prices.json")
Rate = tuple[int, ...]
DATE_SUFFIX = re.compile(r"-(\d{4})(\d{2})(\d{2})$")


@value_class
class CatalogPrice:
    """Catalog price of a model; None for kinds of tokens without a specific price."""

    provider: str
    model: str
    input: Rate
    output: Rate
    cache_read: Rate | None
    cache_write: Rate | None
    reasoning: Rate | None


class ModelCatalog:
    """Model prices by provider, and identification of a provider by URL or model name."""

    def __init__(self) -> None:
        # On the instance, because a cache on the method would keep the instance alive. A price is searched by patterns.
        self.find_price = lru_cache(maxsize=4096)(self._find_price)

    @cached_property
    def _catalog_document(self) -> dict[str, Any]:
        document: dict[str, Any] = json.loads(PRICE_FILE.read_text("utf-8"))
        return document

    @property
    def source(self) -> str:
        """Source and date of the prices."""
        return f"{self._catalog_document['source']}, {self.date}"

    @property
    def date(self) -> str:
        """Date of the prices."""
        return str(self._catalog_document["date"])

    @property
    def currency(self) -> str:
        """Currency of all prices."""
        return str(self._catalog_document["currency"])

    def find_provider(self, name: str, url: str = "", model: str = "") -> str:
        """Find the provider by name, URL or model; '' if unknown.

        url: of the endpoint for that name; model: identifies the provider if name and URL do not.
        """
        providers = self._catalog_document["providers"]
        if name in providers:
            return name
        for id, provider in providers.items():
            # Patterns of the shipped file, never of a caller: they cannot be made slow from outside.
            if url and re.match(provider["url"], url):
                return str(id)
        for id, provider in providers.items():
            if (
                model
                and not url
                and not name
                and provider["models_of"]
                and _matches_clause(provider["models_of"], model.lower())
            ):
                return str(id)
        return ""

    def _find_price(self, provider: str, model: str) -> CatalogPrice | None:
        """Find the price of a provider's model; None if unknown."""
        # Providers write the date of a model in one piece or with hyphens.
        names = [model.lower(), DATE_SUFFIX.sub(r"-\1-\2-\3", model.lower())]
        for name in dict.fromkeys(names):
            for id in (provider, *self._list_fallback_providers(provider)):
                for row in self._build_model_rows(id):
                    if _matches_clause(row[1], name):
                        return _build_price(provider, row)
        return None

    def list_prices(self, provider: str | None, after: tuple[str, str]) -> Iterator[CatalogPrice]:
        """List prices by provider and model. after: provider and model of the previous page's last price."""
        for id in sorted(self._catalog_document["providers"]):
            if provider in (None, id):
                rows = sorted(self._build_model_rows(id), key=lambda row: str(row[0]))
                yield from (_build_price(id, row) for row in rows if (id, row[0]) > after)

    def _build_model_rows(self, provider: str) -> Sequence[list[Any]]:
        entry = self._catalog_document["providers"].get(provider)
        return entry["models"] if entry else ()

    def _list_fallback_providers(self, provider: str) -> Sequence[str]:
        """List providers whose models a provider offers at the same prices."""
        entry = self._catalog_document["providers"].get(provider)
        return entry["fallbacks"] if entry else ()


def _build_price(provider: str, row: list[Any]) -> CatalogPrice:
    model, _, *prices = row
    rates = [_parse_rate(price) for price in prices] + [None] * (5 - len(prices))
    # A token kind without a price is charged like the base kind: a missing price does not mean free.
    input, output = rates[0] or rates[1] or (0,), rates[1] or rates[0] or (0,)
    return CatalogPrice(provider, model, input, output, rates[2], rates[3], rates[4])


def _parse_rate(price: int | list[int] | None) -> Rate | None:
    if price is None:
        return None
    return tuple(price) if isinstance(price, list) else (price,)


def _matches_clause(clause: list[Any], name: str) -> bool:
    kind, *values = clause
    match kind:
        case "|":
            return any(_matches_clause(value, name) for value in values)
        case "&":
            return all(_matches_clause(value, name) for value in values)
        case "=":
            return bool(name == values[0])
        case "^":
            return name.startswith(values[0])
        case "$":
            return name.endswith(values[0])
        case "~":
            return values[0] in name
        case _:
            return re.search(values[0], name) is not None


CATALOG: Final = ModelCatalog()
