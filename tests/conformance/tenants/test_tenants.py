"""Tenants: created, selected, suspended, resumed, deleted; and permissions for that."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest

from agora.core.call import Caller
from agora.domains.monitoring.jobs import UsageCounters
from agora.domains.tenants.jobs import TenantController
from agora.server.app import App
from agora_sdk.errors import (
    Conflict,
    IllegalTransition,
    InvalidRequest,
    NameTaken,
    NotFound,
    PermissionDenied,
    Unauthenticated,
)
from tests.conformance.engines import Engine, PostgresEngine, RunsOn
from tests.conformance.tenants.test_tenant_isolation import filled, operator, rows
from tests.harness import ManualClock, local_client, make_settings
from tests.market import Market

RUNS_ON = RunsOn.BOTH


async def made(market: Market, tenant: str = "acme", **more: Any) -> tuple[Any, Caller]:
    """Create a tenant. Returns it with its administrator."""
    created = await market.call(market.operator, "tenant.create", tenant_id=tenant, **more)
    return created, await market.app.authenticator.authenticate(created.token)


@pytest.fixture
async def http(market: Market) -> AsyncIterator[httpx.AsyncClient]:
    async with local_client(market.app) as client:
        yield client


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


async def test_credential_determines_the_tenant(market: Market) -> None:
    created, chief = await made(market, name="Acme", metadata={"plan": "gold"})
    assert (created.status, created.metadata) == ("active", {"plan": "gold"})
    assert (chief.tenant, chief.kind, chief.authority) == ("acme", "key", 200)
    assert not chief.may("*")
    assert not chief.may("deploy:agents")
    registered = await market.call(chief, "agent.register", agent_name="Ada")
    ada = await market.app.authenticator.authenticate(registered.token)
    assert ada.tenant == "acme"
    enrolment = await market.call(chief, "token.create", label="in", kind="enrolment")
    newcomer = await market.app.authenticator.authenticate(enrolment.token)
    bob = await market.call(newcomer, "agent.register", agent_name="Bob")
    shown = await market.call(chief, "agent.list")
    assert {agent.agent_id for agent in shown.agents} == {registered.agent_id, bob.agent_id}
    assert (await market.call(market.operator, "agent.list")).agents == []
    details = await market.call(market.operator, "tenant.get", tenant_id="acme")
    assert (details.name, details.agents, details.instances) == ("Acme", 2, 0)


async def test_counters_of_a_tenant_being_deleted_are_not_stored(market: Market, engine: Engine) -> None:
    """They are in memory while its rows are deleted, and would be written afterwards."""
    _, chief = await made(market)
    await market.call(chief, "agent.list")
    await market.call(market.operator, "tenant.suspend", tenant_id="acme")
    await market.call(market.operator, "tenant.delete", tenant_id="acme", confirm="acme")
    tenants, counters = (
        next(job for job in market.app.controllers if isinstance(job, kind))
        for kind in (TenantController, UsageCounters)
    )
    await tenants.step()
    await counters.step()
    left = {name for name, found in (await rows(engine, "acme")).items() if found}
    assert left.isdisjoint({"call_minutes", "operation_usage"})


async def test_only_the_operator_administers_tenants(market: Market) -> None:
    _, chief = await made(market)
    await made(market, "globex")
    weak = Caller("default", "key_1", "weak", "key", frozenset({"admin"}), authority=254)
    for caller in (chief, weak, operator("acme")):
        for name, arguments in (
            ("create", {"tenant_id": "new"}),
            ("list", {}),
            ("update", {"tenant_id": "globex", "name": "x"}),
            ("suspend", {"tenant_id": "globex"}),
            ("resume", {"tenant_id": "globex"}),
            ("create_key", {"tenant_id": "globex"}),
            ("delete", {"tenant_id": "globex", "confirm": "globex"}),
        ):
            with pytest.raises(PermissionDenied):
                await market.call(caller, f"tenant.{name}", **arguments)
        for tenant in ("globex", "default", "nobody"):
            if tenant != caller.tenant:
                with pytest.raises(NotFound, match=f"There is no tenant {tenant}"):
                    await market.call(caller, "tenant.get", tenant_id=tenant)
    own = await market.call(chief, "tenant.get", tenant_id="acme")
    assert (own.status, own.agents) == ("active", None)
    with pytest.raises(PermissionDenied, match="whole installation"):
        await market.call(chief, "admin.manage", resource="configuration", target="rate_basic", action="get")


async def test_tenants_are_paged(market: Market) -> None:
    for name in ("c", "a", "b"):
        await made(market, name)
    first = await market.call(market.operator, "tenant.list", limit=3)
    assert [tenant.tenant_id for tenant in first.tenants] == ["a", "b", "c"]
    rest = await market.call(market.operator, "tenant.list", limit=3, cursor=first.next_cursor)
    assert ([tenant.tenant_id for tenant in rest.tenants], rest.has_more) == (["default"], False)
    with pytest.raises(NameTaken):
        await made(market, "a")


async def test_invalid_tenant_ids_are_refused(market: Market) -> None:
    for name in ("", "-a", "a-", "A", "a b", "a/b", "é", "a\0", "x" * 64, "a.b", "../a"):
        with pytest.raises(InvalidRequest):
            await made(market, name)


async def test_repeated_request_returns_the_key_again(market: Market) -> None:
    for arguments in ({"tenant_id": "acme"}, {"tenant_id": "acme", "label": "second"}):
        name = "tenant.create_key" if "label" in arguments else "tenant.create"
        first, again = [await market.call(market.operator, name, key="k" + name, **arguments) for _ in range(2)]
        assert (first.token, first.token_id) == (again.token, again.token_id)
        assert (await market.app.authenticator.authenticate(first.token)).tenant == "acme"


async def test_suspended_tenant_is_refused_until_resumed(market: Market) -> None:
    created, chief = await made(market)
    registered = await market.call(chief, "agent.register", agent_name="Ada")
    stream = market.app.registry.resolve("agora.event.stream")
    authenticator = market.app.authenticator

    async def valid() -> None:
        await authenticator.authenticate(registered.token)

    ada = await authenticator.authenticate(registered.token)
    live = await market.app.dispatcher.open_stream(stream, ada, {}, valid=valid)
    suspended = await market.call(market.operator, "tenant.suspend", tenant_id="acme", reason="unpaid.")
    assert suspended.status == "suspended"
    for token in (registered.token, created.token):
        with pytest.raises(PermissionDenied, match="suspended: unpaid"):
            await authenticator.authenticate(token)
    with pytest.raises(PermissionDenied, match="suspended"):
        await anext(aiter(live))  # the stream is closed
    again = await market.call(market.operator, "tenant.suspend", tenant_id="acme", reason="unpaid.")
    assert again.status_since == suspended.status_since
    with pytest.raises(IllegalTransition):
        await market.call(market.operator, "tenant.create_key", tenant_id="acme")
    await market.call(market.operator, "tenant.resume", tenant_id="acme")
    assert (await authenticator.authenticate(registered.token)).tenant == "acme"
    assert [event.subject for event in market.of_type("agora.tenant.suspended")] == ["acme"]


async def test_key_of_a_tenant_suspended_meanwhile_is_refused(
    postgres: PostgresEngine, tmp_path: Path, clock: ManualClock
) -> None:
    app = App(make_settings(tmp_path / "data"), clock=clock, store=postgres.store(clock))
    await app.start()
    market = Market(app, clock)
    await made(market)
    # The lock delays the insert of the key until the suspension is committed, after the call has read the tenant.
    suspension = "lock table tokens in share mode; update tenants set status = 'suspended' where tenant_id = 'acme'"
    with pytest.raises(Conflict, match="changed concurrently"):
        await postgres.run_before(suspension, market.call(market.operator, "tenant.create_key", tenant_id="acme"))
    await app.stop()


async def test_home_tenant_cannot_be_suspended_or_deleted(market: Market) -> None:
    with pytest.raises(IllegalTransition):
        await market.call(market.operator, "tenant.suspend", tenant_id="default")
    with pytest.raises(IllegalTransition):
        await market.call(market.operator, "tenant.delete", tenant_id="default", confirm="default")


async def test_deleted_tenant_leaves_nothing(market: Market, engine: Engine) -> None:
    created, _ = await made(market)
    await made(market, "globex")
    for tenant in ("acme", "globex"):
        await filled(market, tenant)
    kept = {name: len(found) for name, found in (await rows(engine, "globex")).items()}
    with pytest.raises(IllegalTransition, match="is active"):
        await market.call(market.operator, "tenant.delete", tenant_id="acme", confirm="acme")
    await market.call(market.operator, "tenant.suspend", tenant_id="acme")
    with pytest.raises(InvalidRequest, match="confirmation"):
        await market.call(market.operator, "tenant.delete", tenant_id="acme", confirm="globex")
    for _ in range(2):
        await market.call(market.operator, "tenant.delete", tenant_id="acme", confirm="acme")
    for name in ("resume", "suspend", "update"):
        with pytest.raises(IllegalTransition, match="being deleted"):
            await market.call(market.operator, f"tenant.{name}", tenant_id="acme")
    assert "acme" not in await market.app.store.tenants()
    with pytest.raises(Unauthenticated):
        await market.app.authenticator.authenticate(created.token)
    (keeper,) = [found for found in market.app.controllers if isinstance(found, TenantController)]
    keeper.batch = 20
    await keeper.step()
    assert market.of_type("agora.tenant.deleted") == [], "something may still be on its way"
    market.clock.advance(200)
    while not market.of_type("agora.tenant.deleted"):
        await keeper.step()
    assert {name for name, found in (await rows(engine, "acme")).items() if found} == {"tenants"}
    left = {name: len(found) for name, found in (await rows(engine, "globex")).items()}
    assert {name for name, count in kept.items() if left[name] < count} == set()
    with pytest.raises(NotFound):
        await market.call(market.operator, "tenant.get", tenant_id="acme")
    assert "acme" not in [found.tenant_id for found in (await market.call(market.operator, "tenant.list")).tenants]
    assert "acme" not in await market.app.store.tenants()
    with pytest.raises(NameTaken, match="There is, or was"):
        await made(market)
    with pytest.raises(Unauthenticated):
        await market.app.authenticator.authenticate(created.token)
    with pytest.raises(NotFound):
        await market.app.authenticator.act_in_tenant(market.operator, "acme")


async def test_tenant_with_running_instances_is_not_deleted(market: Market, engine: Engine) -> None:
    await made(market)
    await market.call(market.operator, "tenant.suspend", tenant_id="acme")
    columns = await engine.run("select * from instances")
    assert columns == []
    names = [
        row["name"]
        for row in await engine.run(
            "select name from pragma_table_info('instances')"
            if engine.dialect == "sqlite"
            else "select column_name as name from information_schema.columns where table_name = 'instances'"
        )
        if row["name"] != "stopped_at"
    ]
    values = ["'acme'" if name == "tenant_id" else "'1'" for name in names]
    await engine.run(f"insert into instances ({', '.join(names)}) values ({', '.join(values)})")
    with pytest.raises(Conflict, match="1 of its instances"):
        await market.call(market.operator, "tenant.delete", tenant_id="acme", confirm="acme")


async def test_tenant_header_is_reserved_for_operators(market: Market, http: httpx.AsyncClient) -> None:
    created, _ = await made(market)
    made_there = await http.post(
        "/agents/register", json={"agent_name": "Ada"}, headers=bearer(created.token) | {"X-Agora-Tenant": "acme"}
    )
    assert made_there.status_code == 200, "one's own may be named"
    inside = await http.get("/agora/query/agents", headers={"X-Agora-Tenant": "acme"})
    assert [agent["agent_name"] for agent in inside.json()["agents"]] == ["Ada"]
    for tenant, status in (("nobody", 404), ("x" * 5000, 404), ("a%00", 404), ("", 404)):
        refused = await http.get("/agora/query/agents", headers={"X-Agora-Tenant": tenant})
        assert refused.status_code == status, tenant
    for token in (created.token, made_there.json()["token"]):
        answers = [
            await http.get("/agora/query/agents", headers=bearer(token) | {"X-Agora-Tenant": tenant})
            for tenant in ("default", "nobody")
        ]
        assert [answer.status_code for answer in answers] == [403, 403]
        assert answers[0].json() == answers[1].json()
    await market.call(market.operator, "tenant.suspend", tenant_id="acme")
    looked = await http.get("/agora/query/agents", headers={"X-Agora-Tenant": "acme"})
    assert looked.status_code == 200, "the operator may look after it"


async def test_strangers_cannot_choose_a_tenant(tmp_path: Any) -> None:
    app = App(make_settings(tmp_path / "data", host="0.0.0.0", open_registration=True))
    await app.start()
    try:
        transport = httpx.ASGITransport(app, client=("203.0.113.5", 50000))
        async with httpx.AsyncClient(transport=transport, base_url="http://agora.example") as client:
            body = {"agent_name": "Eve"}
            answers = [
                await client.post("/agents/register", json=body, headers={"X-Agora-Tenant": tenant})
                for tenant in ("acme", "nobody")
            ]
            assert [answer.status_code for answer in answers] == [403, 403]
            assert answers[0].content == answers[1].content
    finally:
        await app.stop()


async def test_search_corrections_use_only_words_of_the_tenant(market: Market) -> None:
    """A misspelled word is corrected to words of the tenant's own agents."""
    _, acme = await made(market)
    _, globex = await made(market, "globex")
    await market.call(acme, "agent.register", agent_name="Ada", description="archaeology")
    for n in range(3):
        words = " ".join(f"archaelogy{n}{m}" for m in range(40))
        await market.call(globex, "agent.register", agent_name=f"G{n}", description=words)
    found = await market.call(acme, "query.agents", search="archaelogy")
    assert [agent.agent_name for agent in found.agents] == ["Ada"]


async def test_only_the_installation_allows_private_addresses(market: Market) -> None:
    """Behind them is the server itself, which treats programs on its machine as the operator's."""
    _, chief = await made(market)
    await market.call(chief, "agent.register", agent_name="Far")
    with pytest.raises(PermissionDenied):
        await market.call(chief, "host.register", name="far", agent_id="Far", private_addresses=True)
    assert (await market.call(chief, "host.register", name="far", agent_id="Far")).name == "far"


async def test_home_tenant_is_as_old_as_the_installation(market: Market) -> None:
    home = await market.call(market.operator, "tenant.get", tenant_id="default")
    year = datetime.now(UTC).year
    for moment in (home.created_at, home.status_since, home.updated_at):
        assert moment.year in (year - 1, year)
    (listed, *_) = (await market.call(market.operator, "tenant.list")).tenants
    assert listed.created_at == home.created_at
