"""The catalogue of model prices equals that of the package from which it was generated."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal

import pytest

from agora.domains.billing.model_catalog import CATALOG
from agora.domains.billing.model_prices import TokenRates, split_model_name
from agora_sdk.contract.billing.models import ModelTokens

MODELS = [
    ("anthropic", "claude-sonnet-4-5-20250929"),
    ("anthropic", "claude-haiku-5-5"),
    ("anthropic", "claude-opus-4-6"),
    ("openai", "gpt-5"),
    ("openai", "gpt-4o-mini-2024-07-18"),
    ("openai", "o3"),
    ("google", "gemini-2.5-pro"),
    ("mistral", "mistral-large-4"),
    ("groq", "llama-3.3-70b-versatile"),
    ("x-ai", "grok-4.20"),
    ("azure", "gpt-4o"),
    ("deepseek", "deepseek-chat"),
]
USAGES = [
    ModelTokens(input_tokens=1_000, output_tokens=500),
    ModelTokens(input_tokens=400_000, output_tokens=2_000, cache_read_tokens=100_000, cache_write_tokens=5_000),
]


@pytest.mark.parametrize(("provider", "model"), MODELS)
def test_charges_equal_those_of_the_package(provider: str, model: str) -> None:
    genai_prices = pytest.importorskip(
        "genai_prices", reason="no genai_prices: pip install -r requirements/test.txt brings it"
    )
    price = CATALOG.find_price(provider, model)
    assert price is not None
    rates = TokenRates(
        provider,
        model,
        "USD",
        price.input,
        price.output,
        price.cache_read or price.input,
        price.cache_write or price.input,
        price.reasoning or price.output,
    )
    # At night: for providers with cheaper hours, the catalogue has the higher price.
    moments = [datetime.fromisoformat(CATALOG.date).replace(hour=hour, tzinfo=UTC) for hour in range(0, 24, 2)]
    for tokens in USAGES:
        usage = genai_prices.Usage(
            input_tokens=tokens.input_tokens,
            output_tokens=tokens.output_tokens,
            cache_read_tokens=tokens.cache_read_tokens,
            cache_write_tokens=tokens.cache_write_tokens,
        )
        dearest = max(
            genai_prices.calc_price(usage, model, provider_id=provider, genai_request_timestamp=moment).total_price
            for moment in moments
        )
        assert Decimal(rates.compute_cost(tokens)) == -(-dearest * 1_000_000 // 1)


def test_provider_is_derived_from_names_and_urls() -> None:
    assert CATALOG.find_provider("mine", "https://api.anthropic.com") == "anthropic"
    assert CATALOG.find_provider("openai", "http://127.0.0.1:4000/v1") == "openai"
    assert CATALOG.find_provider("mine", "http://127.0.0.1:4000/v1", "claude-sonnet-4-5") == ""
    assert CATALOG.find_provider("", "", "claude-sonnet-4-5") == "anthropic"
    assert split_model_name("anthropic/claude-sonnet-4-5") == ("anthropic", "claude-sonnet-4-5")
    assert split_model_name("meta-llama/llama-3:free") == ("meta-llama", "llama-3:free")
    assert split_model_name("openrouter:meta-llama/llama-3") == ("openrouter", "meta-llama/llama-3")
    assert split_model_name("opus") == ("", "opus")
    assert CATALOG.find_price("anthropic", "no-such-model") is None
    assert CATALOG.find_price("nobody", "gpt-5") is None


def test_price_is_rounded_up_and_depends_on_the_token_kind() -> None:
    rates = TokenRates(
        "p", "m", "USD", (1_000_000, 100, 2_000_000), (5_000_000,), (100_000,), (1_250_000,), (7_000_000,), 1000
    )
    assert rates.compute_cost(ModelTokens()) == 0
    assert rates.compute_base_cost(ModelTokens(input_tokens=100)) == 100
    assert rates.compute_base_cost(ModelTokens(input_tokens=101)) == 202
    kinds = ModelTokens(
        input_tokens=100, cache_read_tokens=50, cache_write_tokens=10, output_tokens=30, reasoning_tokens=10
    )
    assert rates.compute_base_cost(kinds) == 40 + 5 + 13 + 100 + 70
    assert rates.compute_cost(kinds) == 251  # 227.5 plus 10 percent markup, rounded up
    assert TokenRates("p", "m", "USD", (1,), (1,), (1,), (1,), (1,)).compute_cost(ModelTokens(input_tokens=1)) == 1
