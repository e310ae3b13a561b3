"""Isolation of tenants: every operation of the contract is called in one tenant with ids of another.

Both tenants contain the same kinds of objects. A call with a foreign id must have the same outcome as one with an
unknown id: the same error or answer, identical except for the id. No answer may contain data of the other tenant, and
none of its rows may change.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from typing import Any

import pytest
from pydantic_core import to_json

from agora.core.call import Caller
from agora.core.scopes import ALL_SCOPES
from agora_sdk.contract import Kind, Operation, operations
from agora_sdk.errors import AgoraError, InternalError, NotFound
from tests.conformance.engines import Engine, RunsOn
from tests.market import Market

RUNS_ON = RunsOn.BOTH

MINE, THEIRS = "acme", "globex"
OWN_SUGGESTION = re.compile(rf"Did you mean {MINE}-account\? ")
ID = re.compile(r"\b([a-z]+)_[0-9a-f]{32}\b")
FRESH = re.compile(
    r"\bt[0-9a-f]{16}\b|\b(agt|agfy|enr|ses)_[\w.-]+|\b[a-z]+_[0-9a-f]{32}|\d{4}-\d\d-\d\dT[\d:.]+(Z|\+00:00)|\b\d+(\.\d+)?(e-?\d+)?\b"
)
#: parameters that name an object, and the kind of object (prefixes of ids, kinds of names)
REFERENCES = {
    "agent": ("agent", "agent_name"),
    "agent_id": ("agent", "agent_name"),
    "assignee": ("agent", "agent_name"),
    "from_agent": ("agent", "agent_name"),
    "to_agent": ("agent", "agent_name"),
    "to": ("agent", "agent_name"),
    "actor": ("agent", "agent_name"),
    "owner": ("agent", "agent_name"),
    "target": ("agent", "agent_name", "task", "key"),
    "target_id": ("agent", "agent_name"),
    "assigned_agents": ("agent",),
    "created_by": ("agent",),
    "subject": ("agent", "task"),
    "task_id": ("task",),
    "parent_id": ("task",),
    "depends_on": ("task",),
    "context_id": ("ctx",),
    "message_id": ("msg",),
    "message_ids": ("msg",),
    "reply_to": ("msg",),
    "correlation_id": ("msg",),
    "conversation_id": ("msg", "conv"),
    "worker_id": ("wrk",),
    "worker": ("wrk",),
    "upstream": ("upstream",),
    "host": ("host", "host_name"),
    "preferred_host": ("host", "host_name"),
    "key": ("memory",),
    "account": ("account",),
    "tenant_id": ("tenant",),
    "subscription_id": ("sub",),
    "instance_id": ("inst",),
    "service": ("tool",),
}
UNHARMED = frozenset({"agora.test.sleep"})


@dataclass
class Goods:
    """Objects of a tenant: ids by prefix, and names."""

    secret: str
    names: dict[str, str] = field(default_factory=dict)


def operator(tenant: str) -> Caller:
    """Return a caller with maximum permissions in one tenant."""
    return Caller(tenant, "operator", "operator", "operator", ALL_SCOPES, authority=255)


async def filled(market: Market, tenant: str) -> Goods:
    """Create one of everything that does not need external systems."""
    secret = f"{tenant}-secret-{secrets.token_hex(8)}"
    goods, chief = Goods(secret), operator(tenant)
    names = {"agent_name": f"{tenant}Ada", "memory": f"{tenant}-plan", "upstream": f"{tenant}-up"}
    names |= {"host_name": f"{tenant}-host", "account": f"{tenant}-account", "tenant": tenant, "tool": f"{tenant}-up.x"}
    kept = market.app.registry

    async def call(caller: Caller, name: str, /, **arguments: Any) -> Any:
        operation = kept.resolve(f"agora.{name}")
        result = (await market.app.dispatcher.invoke(operation, caller, arguments)).result
        for match in ID.finditer(to_json(result.model_dump(mode="json")).decode()):
            goods.names.setdefault(match[1], match[0])
        return result

    registered = await call(chief, "agent.register", agent_name=names["agent_name"], description=secret)
    ada = Caller(tenant, registered.agent_id, names["agent_name"], "agent", ALL_SCOPES, account=names["account"])
    await call(chief, "agent.register", agent_name=f"{tenant}Bob", visibility="private")
    await call(ada, "messaging.send", to_agent=f"{tenant}Bob", content=secret)
    await call(chief, "messaging.send", to_agent=names["agent_name"], content=secret)
    await call(ada, "messaging.send", to_agent="broadcast", content=secret)
    await call(ada, "task.assign", task_type="dig", payload={"why": secret}, assignee=names["agent_name"])
    await call(ada, "task.comment", task_id=goods.names["task"], text=secret)
    await call(ada, "worker.register", worker_name=f"{tenant}-worker", metadata={"why": secret})
    await call(ada, "workflow.create", workflow_name=secret, steps=[{"name": "one", "task_type": "dig"}])
    await call(ada, "memory.store", key=names["memory"], value=secret)
    await call(ada, "messaging.subscribe")
    await call(ada, "event.publish", event_type="note", data={"why": secret})
    await call(ada, "bus.publish", type="state_update", content={"why": secret})
    await call(ada, "a2a.send", message={"role": "ROLE_USER", "messageId": "m1", "parts": [{"text": secret}]})
    await call(ada, "conversation.list")
    await call(chief, "token.create", label=secret, account=names["account"])
    await call(chief, "billing.credit", account=names["account"], amount=5, reason=secret)
    await call(chief, "billing.set_price", agent_id=registered.agent_id, type="per_request", price=0.01)
    await call(chief, "host.register", name=names["host_name"], agent_id=registered.agent_id, region=secret[:20])
    await call(
        chief,
        "upstream.add",
        name=names["upstream"],
        url="http://upstream.invalid/mcp",
        description=secret,
        verify=False,
    )
    await call(chief, "admin.override", target_id=f"{tenant}Bob", action="pause", reason=secret)
    goods.names |= names
    return goods


def sample(schema: dict[str, Any], definitions: dict[str, Any]) -> Any:
    """Build the minimal value of a schema."""
    if "$ref" in schema:
        return sample(definitions[schema["$ref"].rsplit("/", 1)[1]], definitions)
    if "const" in schema:
        return schema["const"]
    if "enum" in schema:
        return schema["enum"][0]
    for form in schema.get("anyOf", schema.get("oneOf", schema.get("allOf", []))):
        if form.get("type") != "null":
            return sample(form, definitions)
    match schema.get("type"):
        case "integer" | "number":
            return schema.get("minimum", schema.get("exclusiveMinimum", 0) + 1)
        case "boolean":
            return False
        case "array":
            return [sample(schema["items"], definitions)] if schema.get("minItems") or "items" in schema else []
        case "object":
            properties = schema.get("properties", {})
            return {name: sample(properties[name], definitions) for name in schema.get("required", [])}
        case _:
            return _text(schema)


def _text(schema: dict[str, Any]) -> str:
    pattern = schema.get("pattern", "")
    if found := re.match(r"\^\(?([a-z]+)_\[0-9a-f\]", pattern):
        return f"{found[1]}_{secrets.token_hex(16)}"
    if "https?" in pattern:
        return "http://nowhere.invalid/x"
    if "[0-9]{4}" in pattern:
        return "2026-01"
    known = {"date-time": "2026-01-01T00:00:00Z", "date": "2026-01-01"}
    return known.get(schema.get("format", ""), f"t{secrets.token_hex(8)}")


@cache
def alike(value: str) -> str:
    """Return a non-existing value of the same form, constant, so that calls on both can be compared."""
    prefix, _, digits = value.rpartition("_")
    if re.fullmatch("[0-9a-f]{32}", digits):
        return f"{prefix}_{digits[:12]}7{secrets.token_hex(10)[:19]}"
    return f"nobody{secrets.token_hex(8)}{value[-2:]}"


def ordinary(schema: dict[str, Any], mine: Goods) -> dict[str, Any]:
    """Return the required arguments of a call: the caller's own objects, and new values."""
    given = {}
    for name in schema.get("required", []):
        about = schema["properties"][name]
        own = [mine.names[kind] for kind in REFERENCES.get(name, ()) if kind in mine.names]
        given[name] = ([own[0]] if about.get("type") == "array" else own[0]) if own else None
        if not own:
            given[name] = sample(about, schema.get("$defs", {}))
    return given


def cases(schema: dict[str, Any], theirs: Goods) -> Iterator[tuple[str, Any]]:
    """Yield (parameter, foreign value) for each parameter that can name a foreign object."""
    for name, about in schema.get("properties", {}).items():
        text = to_json(about).decode()
        kinds = [found[1] for found in re.finditer(r"\^\(?([a-z]+)_\[0-9a-f\]", text)] or list(REFERENCES.get(name, ()))
        for kind in kinds:
            if kind in theirs.names:
                yield name, ([theirs.names[kind]] if '"array"' in text else theirs.names[kind])


async def outcome(market: Market, operation: Operation, caller: Caller, arguments: dict[str, Any]) -> str:
    """Return the outcome of a call as text."""
    try:
        if operation.kind is Kind.STREAM:
            live = await market.app.dispatcher.open_stream(operation, caller, arguments)
            live.close()
            return "a stream"
        return (await market.app.dispatcher.invoke(operation, caller, arguments)).body.decode()
    except InternalError as error:
        raise AssertionError(f"{operation.name} failed: {arguments}") from error
    except AgoraError as error:
        return f"{type(error).__name__} {error.status} {to_json(error.problem()).decode()}"


def plain(text: str, value: str) -> str:
    """Remove from an outcome the id it is about, new values, and the caller's own names that resemble the id."""
    return OWN_SUGGESTION.sub("", FRESH.sub("*", text.replace(value, "@")))


async def rows(engine: Engine, tenant: str) -> dict[str, list[str]]:
    found = {}
    for table in await tables(engine):
        found[table] = sorted(map(str, await engine.run(f"select * from {table} where tenant_id = '{tenant}'")))
    return found


async def tables(engine: Engine) -> list[str]:
    """Return every table with tenants."""
    if engine.dialect == "sqlite":
        text = """select m.name from sqlite_master m join pragma_table_info(m.name) c
            where m.type = 'table' and c.name = 'tenant_id' order by 1"""
    else:
        text = "select tablename as name from rls_status order by 1"
    return [row["name"] for row in await engine.run(text)]


@pytest.fixture
async def still(market: Market) -> Market:
    """An application without loops: all changes are made by calls."""
    await market.app.stop_controllers()
    return market


async def test_no_call_reaches_another_tenant(still: Market, engine: Engine) -> None:
    for tenant in (MINE, THEIRS):
        await still.call(still.operator, "tenant.create", tenant_id=tenant)
    mine, theirs = await filled(still, MINE), await filled(still, THEIRS)
    assert theirs.names.keys() >= {"agent", "task", "msg", "wrk", "wf", "key", "sub", "ovr", "host"}
    before = await rows(engine, THEIRS)
    assert sum(map(bool, before.values())) > 25
    caller, tried, absent = operator(MINE), 0, 0
    for operation in operations():
        if operation.name in UNHARMED:
            continue
        schema = operation.input.model_json_schema()
        for name, value in cases(schema, theirs):
            their_id = value[0] if isinstance(value, list) else value
            random_id = alike(their_id)
            results = []
            for each in (their_id, random_id):
                given = ordinary(schema, mine) | {name: [each] if isinstance(value, list) else each}
                results.append(await outcome(still, operation, caller, given))
                assert theirs.secret not in results[-1], f"{operation.name}({given}) tells of another tenant"
            shown, expected = plain(results[0], their_id), plain(results[1], random_id)
            assert shown == expected, f"{operation.name}({name}={value}) knows it: {results}"
            tried, absent = tried + 1, absent + shown.startswith(NotFound.__name__)
    after = await rows(engine, THEIRS)
    assert {name: found for name, found in after.items() if found != before[name]} == {}
    assert tried > 200
    assert absent > 70


async def test_no_list_shows_another_tenant(still: Market) -> None:
    """Covers every operation that can be called without naming an object."""
    for tenant in (MINE, THEIRS):
        await still.call(still.operator, "tenant.create", tenant_id=tenant)
    theirs = await filled(still, THEIRS)
    asked = 0
    for operation in operations():
        if operation.kind is Kind.QUERY and not operation.input.model_json_schema().get("required"):
            for caller in (operator(MINE), still.operator):
                shown = await outcome(still, operation, caller, {})
                known = [kind for kind, value in theirs.names.items() if value in shown and kind != "tenant"]
                assert not known, f"{operation.name} shows {known}"
                assert theirs.secret not in shown, operation.name
            asked += 1
    assert asked > 50
