"""Declared agents: declarations, versions, rollback, and model providers."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from agora_sdk.errors import BudgetExceeded, InvalidRequest, NameTaken, NotFound, PermissionDenied
from tests.conformance.engines import RunsOn
from tests.market import Market

RUNS_ON = RunsOn.BOTH
SPECIFICATION: dict[str, Any] = {"model": "local:tiny", "instructions": "Be brief.", "capabilities": ["research"]}


async def apply(market: Market, name: str = "Ada", **fields: Any) -> Any:
    dry_run = fields.pop("dry_run", False)
    specification = SPECIFICATION | fields
    return await market.call(
        market.operator, "declared_agent.apply", name=name, specification=specification, dry_run=dry_run
    )


async def test_reapplying_changes_nothing_and_a_change_creates_a_version(market: Market) -> None:
    first = await apply(market)
    assert (first.change, first.version) == ("created", 1)
    assert (await apply(market)).change == "unchanged"
    preview = await apply(market, instructions="Be long.", dry_run=True)
    assert (preview.change, preview.version, preview.changed) == ("updated", 2, ["instructions"])
    assert (await market.call(market.operator, "declared_agent.get", name="Ada")).version == 1
    second = await apply(market, instructions="Be long.", capabilities=["research", "writing"])
    assert (second.change, second.version, second.changed) == ("updated", 2, ["instructions", "capabilities"])
    assert second.agent_id == first.agent_id
    profile = await market.call(market.operator, "agent.get", agent_id="Ada")
    assert (profile.agent_id, profile.capabilities) == (first.agent_id, ["research", "writing"])


async def test_rollback_creates_a_version_of_an_old_specification(market: Market) -> None:
    await apply(market)
    await apply(market, instructions="Be long.")
    back = await market.call(market.operator, "declared_agent.rollback", name="Ada", version=1)
    assert (back.version, back.specification.instructions) == (3, "Be brief.")
    page = await market.call(market.operator, "declared_agent.versions", name="Ada", limit=2)
    assert [row.version for row in page.versions] == [3, 2]
    rest = await market.call(market.operator, "declared_agent.versions", name="Ada", limit=2, cursor=page.next_cursor)
    assert [row.version for row in rest.versions] == [1]
    with pytest.raises(NotFound):
        await market.call(market.operator, "declared_agent.rollback", name="Ada", version=9)


async def test_deleting_deregisters_the_agent_and_frees_the_name(market: Market) -> None:
    first = await apply(market)
    await market.call(market.operator, "declared_agent.delete", name="Ada")
    with pytest.raises(NotFound):
        await market.call(market.operator, "declared_agent.get", name="Ada")
    assert (await market.call(market.operator, "agent.get", agent_id=first.agent_id)).status == "retired"
    again = await apply(market)
    assert (again.version, again.change) == (1, "created")
    assert again.agent_id != first.agent_id


async def test_deregistered_agent_is_registered_again_by_its_declaration(market: Market) -> None:
    first = await apply(market)
    await market.call(market.operator, "agent.deregister", agent_id="Ada")
    assert "deregistered" in (await market.call(market.operator, "declared_agent.get", name="Ada")).problem
    again = await apply(market)
    assert (again.change, again.version) == ("updated", 2)
    assert again.agent_id != first.agent_id


async def test_price_and_budget_follow_the_declaration(market: Market) -> None:
    async def price_and_limits() -> tuple[str, float, list[tuple[str, float | None]]]:
        (price,) = (await market.call(market.operator, "billing.prices", agent_id="Ada")).prices
        budgets = (await market.call(market.operator, "billing.budgets")).budgets
        return price.type, price.price, [(budget.currency, budget.hard_limit) for budget in budgets]

    await apply(market, price={"task": 0.6}, budget={"hard_limit": 1})
    assert await price_and_limits() == ("per_request", 0.6, [("USD", 1)])
    order = {"task_type": "think", "assignee": "Ada", "payload": {}}
    await market.call(market.operator, "task.assign", **order)
    with pytest.raises(BudgetExceeded, match="The hard limit of the agent"):
        await market.call(market.operator, "task.assign", **order)
    await apply(market, price={"task": 0.3}, budget={"hard_limit": 2, "currency": "USD"})
    assert await price_and_limits() == ("per_request", 0.3, [("USD", 2)])
    await market.call(market.operator, "task.assign", **order)
    await apply(market)
    assert await price_and_limits() == ("free", 0, [])
    await market.call(market.operator, "declared_agent.rollback", name="Ada", version=1)
    assert await price_and_limits() == ("per_request", 0.6, [("USD", 1)])


async def test_name_of_another_agent_is_not_replaced(market: Market) -> None:
    await market.agent("Ada")
    with pytest.raises(NameTaken):
        await apply(market)


@pytest.mark.parametrize(
    "fields",
    [
        {"tools": ["agora.agent.deregister"]},
        {"tools": ["agora.token.create"]},
        {"tools": ["agora.messaging.receive"]},
        {"tools": ["everything"]},
        {"tools": ["shell:rm"]},
        {"approval": ["nothing"]},
        {"output_schema": {"type": "nonsense"}},
        {"output_schema": {"type": "string"}},
        {"limits": {"steps": 0}},
        {"limits": {"depth": 11}},
        {"model": ""},
        {"colour": "blue"},
    ],
)
async def test_invalid_declaration_is_refused(market: Market, fields: dict[str, Any]) -> None:
    with pytest.raises(InvalidRequest):
        await apply(market, **fields)


async def test_only_administrators_declare(market: Market) -> None:
    visitor = await market.agent("Visitor")
    for name in ("declared_agent.list", "model_provider.list"):
        with pytest.raises(PermissionDenied):
            await market.call(visitor, name)
    with pytest.raises(PermissionDenied):
        await market.call(visitor, "declared_agent.apply", name="Ada", specification=SPECIFICATION)
    with pytest.raises(PermissionDenied):
        await market.call(visitor, "model_provider.set", name="openai", api_key="x")


async def test_keys_of_providers_are_sealed_and_never_shown(market: Market) -> None:
    assert "no provider 'local'" in (await apply(market)).problem
    url = "http://127.0.0.1:4000/v1"
    provider = await market.call(
        market.operator, "model_provider.set", name="local", base_url=url, api_key="sk-secret-key"
    )
    assert (provider.base_url, provider.wire, provider.has_key) == (url, "openai", True)
    assert (await apply(market)).problem is None
    kept = await market.call(market.operator, "model_provider.set", name="local")
    assert (kept.base_url, kept.has_key) == (url, True)
    listed = await market.call(market.operator, "model_provider.list")
    assert "sk-secret" not in listed.model_dump_json()
    audit = await market.call(market.operator, "admin.audit", limit=50)
    assert "sk-secret" not in audit.model_dump_json() + str(market.events)
    bare = await market.call(market.operator, "model_provider.set", name="local", api_key="")
    assert not bare.has_key
    await market.call(market.operator, "model_provider.delete", name="local")
    assert "no provider" in (await apply(market)).problem
    known = await market.call(market.operator, "model_provider.set", name="anthropic", api_key="k")
    assert (known.wire, known.base_url) == ("anthropic", "https://api.anthropic.com")


async def test_only_server_operators_set_a_providers_url(market: Market) -> None:
    administrator = replace(market.operator, subject="key_1", kind="key", scopes=frozenset({"admin"}), authority=100)
    with pytest.raises(PermissionDenied):
        await market.call(administrator, "model_provider.set", name="local", base_url="http://169.254.169.254/latest")
    assert (await market.call(administrator, "model_provider.set", name="openai", api_key="k")).has_key
