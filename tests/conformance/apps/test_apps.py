"""Apps: published, listed, changed, installed and removed."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import Any

import pytest

from agora.core.call import Caller
from agora_sdk.errors import Conflict, InvalidRequest, NameTaken, NotFound, Overloaded, PermissionDenied
from tests.conformance.engines import RunsOn
from tests.market import Market

RUNS_ON = RunsOn.BOTH

STEPS = [{"name": "read", "capability": ["ocr"]}, {"name": "book", "agent": "Clerk"}]
MANIFEST: dict[str, Any] = {
    "name": "Invoice desk",
    "alias": "app.acme.invoices",
    "version": "1.0",
    "description": "Reads invoices and books them.",
    "industry": "Finance",
    "orchestrator_agent": "Clerk",
    "uses": ["ocr"],
    "pricing": {"type": "per_request", "price": 0.5},
    "agents": [
        {"name": "Clerk", "model": "default", "instructions": "Books."},
        {"name": "Reader", "model": "default", "capabilities": ["ocr"]},
    ],
    "workflow": {"steps": STEPS, "input": {"currency": "EUR", "year": 2026}},
}


async def install(market: Market, caller: Caller | None = None, **changes: Any) -> Any:
    return await market.call(caller or market.operator, "app.install", **{**MANIFEST, **changes})


async def names_of_apps(market: Market, caller: Caller, **filters: Any) -> list[str]:
    return [app.name for app in (await market.call(caller, "app.list", **filters)).apps]


async def test_app_is_published_changed_and_removed(market: Market) -> None:
    ada, bob = await market.agent("Ada"), await market.agent("Bob")
    await market.agent("Scribe", capabilities=["writing"])
    fields = {"alias": "app.acme.letters", "description": "Writes letters.", "industry": "Office", "uses": ["writing"]}
    app = await market.call(ada, "app.create", name="Letters", orchestrator_agent="Ada", **fields)
    assert (app.revision, app.orchestrator_agent, app.problem, app.runnable) == (1, "Ada", None, False)
    assert app.app_id.startswith("app_")
    for ref in (app.app_id, "app.acme.letters", "Letters", "LETTERS"):
        assert (await market.call(bob, "app.get", ref=ref)).app_id == app.app_id
    with pytest.raises(NameTaken):
        await market.call(bob, "app.create", name="letters")
    with pytest.raises(NameTaken):
        await market.call(bob, "app.create", name="Others", alias="app.acme.letters")
    with pytest.raises(PermissionDenied):
        await market.call(bob, "app.update", ref="Letters", description="Mine now.")
    with pytest.raises(PermissionDenied):
        await market.call(bob, "app.delete", ref="Letters")
    changed = await market.call(ada, "app.update", ref="Letters", version="2", uses=["writing", "stamps"])
    assert (changed.revision, changed.version, changed.industry) == (2, "2", "Office")
    assert changed.problem == "Nobody here has the capability stamps."
    assert await names_of_apps(market, bob, query="letter office") == ["Letters"]
    assert await names_of_apps(market, bob, industry="office", capability="stamps") == ["Letters"]
    assert await names_of_apps(market, bob, query="invoices") == []
    with pytest.raises(Conflict, match="no workflow"):
        await market.call(bob, "app.run", ref="Letters")
    await market.call(ada, "app.delete", ref="Letters")
    with pytest.raises(NotFound):
        await market.call(ada, "app.get", ref="Letters")
    types = [stored.event.type for stored in market.events if stored.event.type.startswith("agora.app.")]
    assert types == ["agora.app.created", "agora.app.updated", "agora.app.deleted"]


async def test_private_apps_are_visible_only_to_their_owner(market: Market) -> None:
    ada, bob = await market.agent("Ada"), await market.agent("Bob")
    colleague = replace(bob, account="acme")
    app = await market.call(replace(ada, account="acme"), "app.create", name="Secret", visibility="private")
    assert (await market.call(ada, "app.get", ref="Secret")).account == "acme"
    for ref in ("Secret", app.app_id):
        with pytest.raises(NotFound):
            await market.call(bob, "app.get", ref=ref)
        with pytest.raises(NotFound):
            await market.call(bob, "app.delete", ref=ref)
    assert (await names_of_apps(market, bob), await names_of_apps(market, colleague)) == ([], ["Secret"])
    assert await names_of_apps(market, market.operator) == ["Secret"]
    with pytest.raises(NameTaken):
        await market.call(bob, "app.install", name="Secret")
    with pytest.raises(PermissionDenied):
        await market.call(
            colleague, "app.update", ref="Secret", description="An agent of the account is not its owner."
        )
    key = Caller("default", "key_1", "key", "key", frozenset({"read:agents", "write:agents"}), account="acme")
    assert (await market.call(key, "app.update", ref="Secret", visibility="public")).revision == 2
    shown = await market.call(bob, "app.get", ref="Secret")
    assert (shown.name, shown.account) == ("Secret", None)


async def test_list_is_paged(market: Market) -> None:
    for number in range(5):
        await market.call(market.operator, "app.create", name=f"App {number}")
    first = await market.call(market.operator, "app.list", limit=3)
    rest = await market.call(market.operator, "app.list", limit=3, cursor=first.next_cursor)
    assert [app.name for app in (*first.apps, *rest.apps)] == [f"App {number}" for number in range(5)]
    assert (first.has_more, rest.has_more) == (True, False)


async def test_app_is_installed_updated_and_removed(market: Market) -> None:
    app = await install(market)
    assert (app.change, app.agents, app.runnable, app.problem) == ("created", ["Clerk", "Reader"], True, None)
    assert (app.orchestrator_agent, app.pricing.price) == ("Clerk", 0.5)
    again = await install(market)
    assert (again.change, again.changed, again.revision) == ("unchanged", [], 1)
    preview = await install(market, description="Other.", dry_run=True)
    assert (preview.change, preview.changed) == ("updated", ["description"])
    assert (await install(market)).change == "unchanged", "a preview changes nothing"
    books = [{"name": "Booker", "model": "default", "instructions": "Books."}]
    preview = await install(market, orchestrator_agent="Booker", agents=books, dry_run=True)
    assert preview.changed.count("orchestrator_agent") == 1
    agents = [{"name": "Clerk", "model": "default", "instructions": "Books twice."}]
    price = {"type": "per_request", "price": 0.75}
    updated = await install(market, version="1.1", agents=agents, uses=[], pricing=price)
    assert updated.change == "updated"
    assert updated.changed == ["version", "uses", "agents.Clerk", "agents.Reader", "pricing"]
    assert (updated.app_id, updated.revision, updated.agents) == (app.app_id, 2, ["Clerk"])
    with pytest.raises(NotFound):
        await market.call(market.operator, "declared_agent.get", name="Reader")
    removal = await market.call(market.operator, "app.delete", ref="app.acme.invoices")
    assert removal.agents == ["Clerk"]
    assert (await market.call(market.operator, "declared_agent.list")).agents == []
    assert await names_of_apps(market, market.operator) == []
    with pytest.raises(NotFound):
        await market.call(market.operator, "agent.get", agent_id="Clerk")


async def test_tasks_of_removed_agents_end(market: Market) -> None:
    """Tasks assigned by name fail; tasks assigned to a capability wait for the next agent that has it."""
    await install(market)

    async def assign(**order: object) -> str:
        task = await market.call(market.operator, "task.assign", task_type="look", payload={}, **order)
        return str(task.task_id)

    async def read_state(task_id: str) -> tuple[str, str | None]:
        task = await market.call(market.operator, "task.get", task_id=task_id)
        return task.status, task.error

    by_name, by_capability = await assign(assignee="Reader"), await assign(required_capabilities=["ocr"])
    await install(market, agents=MANIFEST["agents"][:1], uses=[])
    assert await read_state(by_name) == ("failed", "The app 'Invoice desk' no longer includes its agent.")
    of_clerk = await assign(assignee="Clerk")
    receipt = await market.call(market.operator, "app.run", ref="Invoice desk")
    await market.call(market.operator, "app.delete", ref="Invoice desk")
    assert await read_state(of_clerk) == ("failed", "The app 'Invoice desk' was removed.")
    assert await read_state(by_capability) == ("pending", None)
    reader = await market.agent("Other", capabilities=["ocr"])
    claimed = [(await market.call(reader, "task.claim")).tasks[0] for _ in range(2)]
    assert {task.task_id for task in claimed} > {by_capability}
    flow = await market.call(market.operator, "workflow.status", workflow_id=receipt.workflow_id)
    assert flow.status == "running"


async def test_failed_installation_leaves_nothing(market: Market) -> None:
    await market.call(market.operator, "declared_agent.apply", name="Reader", specification={"model": "default"})
    with pytest.raises(Conflict, match="'Reader'"):
        await install(market)
    with pytest.raises(InvalidRequest, match="steps are invalid"):
        await install(market, agents=MANIFEST["agents"][:1], workflow={"steps": [{"name": "a", "depends_on": ["b"]}]})
    with pytest.raises(NotFound):
        await install(market, agents=MANIFEST["agents"][:1], orchestrator_agent="Nobody")
    with pytest.raises(InvalidRequest, match="twice"):
        await install(market, agents=[MANIFEST["agents"][0]] * 2)
    with pytest.raises(InvalidRequest, match="price"):
        await install(market, agents=[], orchestrator_agent=None, workflow=None)
    assert await names_of_apps(market, market.operator) == []
    declared = await market.call(market.operator, "declared_agent.list")
    assert [agent.name for agent in declared.agents] == ["Reader"]
    assert market.of_type("agora.app.created") == []


async def test_only_operators_install_apps_with_agents(market: Market) -> None:
    ada = await market.agent("Ada")
    with pytest.raises(PermissionDenied, match=r"agora\.declared_agent\.apply"):
        await install(market, ada)
    assert (await market.call(ada, "app.install", name="Plain")).change == "created"
    with pytest.raises(PermissionDenied):
        await market.call(ada, "app.install", name="Plain", orchestrator_agent="Ada", agents=MANIFEST["agents"])
    await market.agent("Grace")
    price = {"type": "per_request", "price": 9}
    with pytest.raises(PermissionDenied):
        await market.call(ada, "app.install", name="Plain", orchestrator_agent="Grace", pricing=price)
    assert (await market.call(ada, "app.get", ref="Plain")).orchestrator_agent is None


async def test_lower_authority_cannot_undo_a_higher_one(market: Market) -> None:
    ada = await market.agent("Ada")
    await market.call(ada, "app.create", name="Letters")
    await market.call(market.operator, "app.update", ref="Letters", visibility="private")
    for operation, more in (("app.update", {"visibility": "public"}), ("app.delete", {})):
        with pytest.raises(PermissionDenied, match="authority"):
            await market.call(ada, operation, ref="Letters", **more)
    with pytest.raises(PermissionDenied, match="authority"):
        await market.call(ada, "app.install", name="Letters")


async def test_workflow_runs_as_the_caller(market: Market) -> None:
    await install(market)
    ada = await market.agent("Ada")
    receipt = await market.call(ada, "app.run", ref="Invoice desk", input={"year": 2027})
    flow = await market.call(ada, "workflow.status", workflow_id=receipt.workflow_id)
    assert (flow.workflow_name, [step.name for step in flow.steps]) == ("Invoice desk", ["read", "book"])
    assert flow.input == {"currency": "EUR", "year": 2027}
    reader = Caller("default", "key_1", "key", "key", frozenset({"write:workflows"}))
    assert (await market.call(reader, "app.run", ref="Invoice desk")).workflow_id != receipt.workflow_id


async def test_agent_of_category_app_is_an_app(market: Market) -> None:
    ledger = await market.agent("Ledger", category="app", tags=["Finance"], description="Keeps books.")
    app = await market.call(ledger, "app.get", ref="Ledger")
    assert (app.app_id, app.industry) == (ledger.subject.replace("agent_", "app_"), "Finance")
    assert (app.orchestrator_agent, app.pricing.type) == ("Ledger", "free")
    assert (await market.call(ledger, "app.update", ref="Ledger", version="3")).version == "3"
    await market.call(market.operator, "app.create", name="Wrapper", orchestrator_agent="Ledger")
    await market.call(ledger, "agent.deregister", agent_id=ledger.subject)
    with pytest.raises(NotFound):
        await market.call(market.operator, "app.get", ref="Ledger")
    wrapper = await market.call(market.operator, "app.get", ref="Wrapper")
    assert (wrapper.orchestrator_agent, wrapper.problem) == (None, "Its orchestrator agent was deregistered.")


async def test_number_of_apps_of_one_registrar_is_bounded(market: Market) -> None:
    ada = await market.agent("Ada")
    await market.call(ada, "app.create", name="One")
    settings = market.app.context.configuration
    settings.current = settings.current.model_copy(update={"max_agents_each": 2})
    await market.call(ada, "app.create", name="Two")
    with pytest.raises(Overloaded, match="You have published 2 apps"):
        await market.call(ada, "app.create", name="Three")
    await market.call(market.operator, "app.create", name="Three")
    bob = await market.agent("Bob")
    calls = (market.call(bob, "app.create", name=f"Bobs {number}") for number in range(6))
    outcomes = await asyncio.gather(*calls, return_exceptions=True)
    assert sum(isinstance(outcome, Overloaded) for outcome in outcomes) == 4, outcomes
