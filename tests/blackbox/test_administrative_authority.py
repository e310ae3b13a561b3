"""Authority of administrators: nobody grants, revokes or undoes above their own authority, in every administrative
operation of the contract."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.blackbox.server import Account, ServerProcess

CONTRACT = json.loads((Path(__file__).parents[2] / "sdk" / "contract.json").read_text())
#: every operation that changes state and is restricted to operators
ADMINISTRATIVE = {
    operation["name"].removeprefix("agora."): operation
    for operation in CONTRACT["operations"]
    if operation["scope"] in ("admin", "act:any") and operation["kind"] != "query"
}


class Marketplace:
    """A server with three administrators: the operator (255), one with authority 100, and one with 1."""

    def __init__(self, server: ServerProcess) -> None:
        self.server, self.operator, self.count = server, server.operator, 0
        self.middle, self.weak = self.administrator(100), self.administrator(1)

    def administrator(self, authority: int) -> Account:
        scopes = ["admin", "act:any", "read:all", "write:agents", "write:messages", "write:billing", "read:agents"]
        body = {"label": f"admin {authority}", "scopes": scopes, "authority": authority}
        return self.server.account(self.operator.post("/tokens", body)["token"], f"admin {authority}")

    def name(self, prefix: str = "Target") -> str:
        self.count += 1
        return f"{prefix}{self.count}"

    def agent(self) -> str:
        return self.server.register(self.name()).agent_id


def call(caller: Account, operation: str, arguments: dict[str, Any]) -> int:
    """Return the status of a call by its operation name."""
    route = next(
        route
        for route in ADMINISTRATIVE[operation]["routes"]
        if not route["path_parameters"] and route["method"] == "POST"
    )
    answer = caller.http.request("POST", route["path"], json=arguments)
    assert answer.status_code != 500, answer.text
    return answer.status_code


def created(caller: Account, path: str, body: dict[str, Any], member: str) -> str:
    return str(caller.post(path, body)[member])


def manage(resource: str, target: str, action: str, value: Any = None) -> dict[str, Any]:
    return {"resource": resource, "target": target, "action": action, "value": value}


Case = tuple[str, dict[str, Any]]


def token_revoke(place: Marketplace) -> Case:
    return "token.revoke", {"token_id": created(place.operator, "/tokens", {"label": "x"}, "token_id")}


def token_create_tier(place: Marketplace) -> Case:
    return "token.create", {"label": "x", "kind": "enrolment", "service_tier": "enterprise"}


def token_create_authority(place: Marketplace) -> Case:
    return "token.create", {"label": "x", "authority": 255}


def token_create_scopes(place: Marketplace) -> Case:
    return "token.create", {"label": "x", "scopes": ["*"]}


def manage_activate(place: Marketplace) -> Case:
    agent = place.agent()
    place.operator.post("/agora/admin/manage", manage("agent", agent, "suspend"))
    return "admin.manage", manage("agent", agent, "activate")


def manage_retire(place: Marketplace) -> Case:
    return "admin.manage", manage_activate(place)[1] | {"action": "retire"}


def manage_retire_paused(place: Marketplace) -> Case:
    agent = place.agent()
    place.operator.post("/agora/admin/override", {"target_id": agent, "action": "pause"})
    return "admin.manage", manage("agent", agent, "retire")


def manage_hand_over(place: Marketplace) -> Case:
    agent = place.agent()
    place.operator.post("/agora/admin/manage", manage("agent", agent, "retire"))
    return "admin.manage", manage("agent", agent, "hand_over", place.agent())


def manage_grant_tier(place: Marketplace) -> Case:
    return "admin.manage", manage("agent", place.agent(), "set_tier", "enterprise")


def manage_take_tier(place: Marketplace) -> Case:
    agent = place.agent()
    place.operator.post("/agora/admin/manage", manage("agent", agent, "set_tier", "premium"))
    return "admin.manage", manage("agent", agent, "set_tier", "basic")


def manage_configuration(place: Marketplace) -> Case:
    return "admin.manage", manage("configuration", "rate_premium", "set", 77)


def manage_configuration_reset(place: Marketplace) -> Case:
    return "admin.manage", manage("configuration", "rate_premium", "reset")


def manage_service(place: Marketplace) -> Case:
    place.operator.post("/agora/admin/manage", manage("service", "agora.agent.rate", "deprecate"))
    return "admin.manage", manage("service", "agora.agent.rate", "reset")


def override_priority(place: Marketplace) -> Case:
    return "admin.override", {"target_id": place.agent(), "action": "pause", "priority": 255}


def override_resume(place: Marketplace) -> Case:
    agent = place.agent()
    place.operator.post("/agora/admin/override", {"target_id": agent, "action": "pause"})
    return "admin.override", {"target_id": agent, "action": "resume"}


def override_terminate(place: Marketplace) -> Case:
    agent = place.agent()
    place.operator.post("/agora/admin/manage", manage("agent", agent, "suspend"))
    return "admin.override", {"target_id": agent, "action": "terminate"}


def intervene(place: Marketplace) -> Case:
    return "monitor.intervene", {"agent_id": override_resume(place)[1]["target_id"], "action": "resume"}


def billing_discount(place: Marketplace) -> Case:
    account = place.name("account")
    place.operator.post("/tokens", {"label": account, "account": account})
    place.operator.call("PUT", "/billing/discounts", json={"account": account, "percent": 5})
    return "billing.set_discount", {"account": account, "percent": 100}


def billing_credit(place: Marketplace) -> Case:
    account = place.name("acc")
    place.operator.post("/tokens", {"label": "key of an account", "account": account})
    entry = created(place.operator, "/billing/credit", {"account": account, "amount": 5}, "entry_id")
    return "billing.reverse", {"entry_id": entry, "reason": "mine now"}


def host(place: Marketplace) -> str:
    body = {"name": place.name("host"), "agent_id": place.agent()}
    return created(place.operator, "/agora/host/register", body, "host_id")


def host_update(place: Marketplace) -> Case:
    return "host.update", {"host": host(place), "closed": True}


def host_remove(place: Marketplace) -> Case:
    return "host.remove", {"host": host(place)}


def upstream(place: Marketplace) -> str:
    body = {"name": place.name("up").lower(), "url": "https://mcp.example.com/mcp", "verify": False}
    return created(place.operator, "/upstreams", body, "upstream_id")


def upstream_refresh(place: Marketplace) -> Case:
    return "upstream.refresh", {"upstream": upstream(place)}


def upstream_accept(place: Marketplace) -> Case:
    return "upstream.accept", {"upstream": upstream(place)}


def upstream_remove(place: Marketplace) -> Case:
    return "upstream.remove", {"upstream": upstream(place)}


def remote(place: Marketplace) -> str:
    body = {"url": "https://a2a.example.com/", "name": place.name("Remote"), "verify": False}
    return created(place.operator, "/agora/a2a/add_remote", body, "agent_id")


def remote_refresh(place: Marketplace) -> Case:
    return "a2a.refresh_remote", {"agent": remote(place)}


def remote_remove(place: Marketplace) -> Case:
    return "a2a.remove_remote", {"agent": remote(place)}


def tenant(operation: str, **arguments: Any) -> Callable[[Marketplace], Case]:
    def case(place: Marketplace) -> Case:
        tenant_id = place.name("tenant-")
        if operation != "create":
            place.operator.post("/tenants", {"tenant_id": tenant_id})
        return f"tenant.{operation}", {"tenant_id": tenant_id, **arguments}

    return case


def migration(operation: str, **arguments: Any) -> Callable[[Marketplace], Case]:
    def case(place: Marketplace) -> Case:
        body = {"database": place.name("v4-"), "digest": f"{place.count:064x}"}
        run_id = created(place.operator, "/agora/migration/begin_import", body, "run_id")
        return f"migration.{operation}", {"run_id": run_id, **arguments}

    return case


def virtual_server(operation: str, **arguments: Any) -> Callable[[Marketplace], Case]:
    def case(place: Marketplace) -> Case:
        name = place.name("tools-")
        place.operator.post("/agora/virtual_server/create", {"name": name, "tools": ["agora.agent.list"]})
        return f"virtual_server.{operation}", {"name": name, **arguments}

    return case


def declared_agent(operation: str, **arguments: Any) -> Callable[[Marketplace], Case]:
    def case(place: Marketplace) -> Case:
        name = place.name("thinker-")
        place.operator.post("/declared-agents", {"name": name, "specification": {"model": "none:none"}})
        place.operator.post("/declared-agents", {"name": name, "specification": {"model": "none:other"}})
        return f"declared_agent.{operation}", {"name": name, **arguments}

    return case


def model_price(operation: str, **arguments: Any) -> Callable[[Marketplace], Case]:
    def case(place: Marketplace) -> Case:
        price = {"provider": "own", "model": place.name("model")}
        amounts = {"input_cost_per_m": 1, "output_cost_per_m": 2}
        place.operator.post("/agora/token_billing/set_price", price | amounts)
        return f"token_billing.{operation}", price | arguments

    return case


def model_provider(operation: str, **arguments: Any) -> Callable[[Marketplace], Case]:
    def case(place: Marketplace) -> Case:
        name = place.name("provider-").lower()
        place.operator.post("/model-providers", {"name": name, "api_key": "k"})
        return f"model_provider.{operation}", {"name": name, **arguments}

    return case


CASES: dict[str, list[Callable[[Marketplace], Case]]] = {
    "a2a.refresh_remote": [remote_refresh],
    "a2a.remove_remote": [remote_remove],
    "admin.manage": [
        manage_activate,
        manage_retire,
        manage_retire_paused,
        manage_hand_over,
        manage_grant_tier,
        manage_take_tier,
        manage_configuration,
        manage_configuration_reset,
        manage_service,
    ],
    "admin.override": [override_priority, override_resume, override_terminate],
    "billing.reverse": [billing_credit],
    "billing.set_discount": [billing_discount],
    "host.remove": [host_remove],
    "host.update": [host_update],
    "migration.finish_import": [migration("finish_import")],
    "migration.import_rows": [migration("import_rows", table="agent_message", position=0, rows=[{"id": 1}])],
    "migration.rollback_import": [migration("rollback_import")],
    "monitor.intervene": [intervene],
    "tenant.create": [tenant("create")],
    "tenant.create_key": [tenant("create_key")],
    "tenant.delete": [tenant("delete", confirm="x")],
    "tenant.resume": [tenant("resume")],
    "tenant.suspend": [tenant("suspend")],
    "tenant.update": [tenant("update", name="Other")],
    "token.create": [token_create_tier, token_create_authority, token_create_scopes],
    "token.revoke": [token_revoke],
    "token_billing.delete_price": [model_price("delete_price")],
    "token_billing.set_price": [model_price("set_price", input_cost_per_m=0, output_cost_per_m=0)],
    "declared_agent.apply": [declared_agent("apply", specification={"model": "none:third"})],
    "declared_agent.delete": [declared_agent("delete")],
    "declared_agent.rollback": [declared_agent("rollback", version=1)],
    "model_provider.delete": [model_provider("delete")],
    "model_provider.set": [model_provider("set", api_key="other")],
    "upstream.accept": [upstream_accept],
    "upstream.refresh": [upstream_refresh],
    "upstream.remove": [upstream_remove],
    "virtual_server.create_key": [virtual_server("create_key", label="x")],
    "virtual_server.delete": [virtual_server("delete")],
    "virtual_server.update": [virtual_server("update", tools=["agora.task.list"])],
}
#: operations that only add something of the caller's own, without changing anything of others
ADDING = {
    "a2a.add_remote",
    "billing.close",
    "billing.create_coupon",
    "billing.credit",
    "host.register",
    "migration.begin_import",
    "registry.import",
    "token_billing.credits",
    "upstream.add",
    "virtual_server.create",
}
#: users of an identity provider: tests/conformance/identity/test_sign_on_rest.py
WITH_PROVIDER = {"user.update"}


@pytest.fixture(scope="module")
def place(shared_server: ServerProcess) -> Marketplace:
    return Marketplace(shared_server)


def test_every_administrative_operation_is_covered() -> None:
    assert set(CASES) | ADDING | WITH_PROVIDER == set(ADMINISTRATIVE)


@pytest.mark.parametrize(
    ("operation", "case"),
    [pytest.param(name, case, id=f"{name}-{case.__name__}") for name, cases in CASES.items() for case in cases],
)
def test_weaker_administrator_is_refused(
    place: Marketplace, operation: str, case: Callable[[Marketplace], Case]
) -> None:
    name, arguments = case(place)
    assert name == operation
    assert call(place.weak, name, arguments) == 403
    assert call(place.middle, name, arguments) == 403
    assert call(place.operator, name, arguments) != 403


def test_administrators_undo_changes_of_equal_or_lower_authority(place: Marketplace) -> None:
    agent, other = place.agent(), place.administrator(1)
    assert call(place.weak, "admin.manage", manage("agent", agent, "suspend")) == 200
    assert call(other, "admin.manage", manage("agent", agent, "activate")) == 200
    assert call(place.middle, "admin.manage", manage("agent", agent, "suspend")) == 200
    assert call(place.weak, "admin.manage", manage("agent", agent, "activate")) == 403
    token = created(place.weak, "/tokens", {"label": "x", "kind": "enrolment"}, "token_id")
    assert call(place.middle, "token.revoke", {"token_id": token}) == 200


def test_suspension_outlives_overrides_of_weaker_administrators(place: Marketplace) -> None:
    agent = place.agent()
    place.operator.post("/agora/admin/manage", manage("agent", agent, "suspend"))
    for action in ("pause", "resume"):
        call(place.weak, "admin.override", {"target_id": agent, "action": action})
        assert place.operator.get(f"/agents/{agent}")["status"] == "suspended"
    assert place.weak.http.delete(f"/agents/{agent}").status_code == 403


def test_activating_does_not_end_an_override(place: Marketplace) -> None:
    agent = place.agent()
    place.operator.post("/agora/admin/override", {"target_id": agent, "action": "pause"})
    assert call(place.weak, "admin.manage", manage("agent", agent, "suspend")) == 200
    assert call(place.weak, "admin.manage", manage("agent", agent, "activate")) == 200
    assert place.operator.get(f"/agents/{agent}")["status"] == "paused"


def test_weaker_administrator_registers_agents_of_its_own_tier(place: Marketplace) -> None:
    body = {"agent_name": place.name(), "service_tier": "enterprise"}
    assert place.weak.post("/agora/agent/register", body)["service_tier"] == "basic"
    body["agent_name"] = place.name()
    assert place.operator.post("/agora/agent/register", body)["service_tier"] == "enterprise"


def test_weaker_administrator_cannot_raise_an_operators_budget(place: Marketplace) -> None:
    account = place.name("acc")
    place.operator.call("PUT", "/billing/budget", json={"account": account, "hard_limit": 1})
    assert place.weak.http.put("/billing/budget", json={"account": account, "hard_limit": 1000}).status_code == 403
    place.operator.call("PUT", "/billing/budget", json={"account": account, "hard_limit": 2})


def test_agents_without_authority_cannot_intervene(place: Marketplace) -> None:
    one, other = place.server.register(place.name("One")), place.server.register(place.name("Other"))
    body = {"agent_id": other.agent_id, "message": "Stop what you are doing."}
    assert one.http.post("/v1/monitor/intervene", json=body).status_code == 403
    assert other.get("/agora/messaging/receive")["messages"] == []
    place.operator.post("/v1/monitor/intervene", body)
    assert len(other.get("/agora/messaging/receive")["messages"]) == 1
