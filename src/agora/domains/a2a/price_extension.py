"""Price extension of A2A agent cards (section 4.6), declared by agents with a price.

It is purely declarative: messages do not change, and clients need not support it. Payers and the effective dates of
price versions belong to :mod:`agora.domains.billing`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from agora.core.call import Call
from agora.domains.billing.terms import PriceTerms, build_pricing_fields, read_terms_in_force
from agora_sdk.contract.billing import PricingType

__all__ = ["PRICE_EXTENSION", "build_price_extension", "find_price_extension"]

PRICE_EXTENSION: Final = "urn:agora:extension:price:v1"
#: unit of ``price`` by model; a hybrid price names its own unit
_UNITS: Final[Mapping[PricingType, str]] = {
    PricingType.PER_REQUEST: "request",
    PricingType.PER_MINUTE: "minute",
    PricingType.PER_HOUR: "hour",
    PricingType.TOKEN_BASED: "million_tokens",
}


async def find_price_extension(call: Call, agent_id: str) -> dict[str, Any] | None:
    """Build the extension for an agent's price in force; None if the agent is free."""
    currency = call.context.settings.billing_currency
    return build_price_extension(await read_terms_in_force(call.tx, agent_id, call.now, currency))


def build_price_extension(terms: PriceTerms) -> dict[str, Any] | None:
    """Build an ``AgentExtension``; None for a free agent. Zero amounts are omitted."""
    if not terms.is_chargeable:
        return None
    fields = build_pricing_fields(terms)
    amounts = {name: fields[name] for name in ("price", "base_price", "task_price", "input_price", "output_price")}
    params = {
        "type": terms.type.value,
        "currency": terms.currency,
        "unit": _UNITS.get(terms.type) or terms.usage_unit,
        "version": terms.version,
        **{name: amount for name, amount in amounts.items() if amount},
    }
    return {"uri": PRICE_EXTENSION, "description": "What using this agent costs.", "params": params}
