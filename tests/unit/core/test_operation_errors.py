"""The declared errors of operations equal those that their services' code raises."""

from __future__ import annotations

import json

import pytest
from scripts import operation_errors
from scripts.call_graph import CallGraph, Function, Value

from agora.server.app import App
from agora_sdk.contract import Kind, operations
from agora_sdk.contract.operation_errors import FILE, common_errors, service_errors
from agora_sdk.errors import BY_CODE, NotFound
from tests.declared_errors import UNDECLARED

STATUS = next(operation for operation in operations() if operation.name == "agora.agent.status")


def test_error_file_equals_the_codes_errors() -> None:
    assert FILE.read_text("utf-8") == operation_errors.errors_text(), "run `make reference`"


def test_every_operation_lists_known_codes() -> None:
    assert set(service_errors()) == {f"{each.category}.{each.action}" for each in operations()}
    assert {code for codes in service_errors().values() for code in codes} <= set(BY_CODE)


def test_errors_are_found_through_calls_signals_and_protocols() -> None:
    errors = {operation.name: operation.errors for operation in operations()}
    assert "stale_lease" in errors["agora.task.update"]  # raised in access.py, three calls away
    assert "stale_lease" not in errors["agora.task.claim"]
    assert "conflict" in errors["agora.agent.deregister"]  # raised by a subscriber of another domain
    assert "upstream_failed" in errors["agora.auth.refresh"]  # raised by the implementation of a port
    assert "not_found" not in errors["agora.monitor.stats"]


@pytest.mark.parametrize("kind", Kind)
def test_common_errors_follow_from_the_declaration(kind: Kind) -> None:
    for operation in operations():
        if operation.kind is not kind:
            continue
        codes = common_errors(kind, during_halt=operation.during_halt)
        assert ("idempotency_conflict" in codes) == (kind in (Kind.COMMAND, Kind.RELAY))
        assert ("halted" in codes) == (not operation.during_halt)
        assert len(codes) == len(set(codes))
        assert set(codes) <= set(operation.errors)


def test_exported_contract_lists_the_errors() -> None:
    contract = json.loads((FILE.parents[4] / "contract.json").read_text("utf-8"))
    exported = {entry["name"]: entry["errors"] for entry in contract["operations"]}
    assert exported[STATUS.name] == list(STATUS.errors)


@pytest.mark.long  # builds the graph of all calls twice: half a minute of processor time
def test_call_graph_follows_its_edges() -> None:
    signal = Value("agora.domains.agents.signals", "DEREGISTRATION_REQUESTED")
    handler = Function("agora.domains.instances.subscribers", "", "refuse_while_running")
    deregister = Function("agora.domains.agents.service", "AgentService", "deregister")
    assert "Conflict" not in CallGraph().error_names(deregister)
    assert "Conflict" in CallGraph(edges={signal: [handler]}).error_names(deregister)


async def test_undeclared_error_is_detected(app: App, monkeypatch: pytest.MonkeyPatch) -> None:
    async def ask() -> None:
        with pytest.raises(NotFound):
            await app.dispatcher.invoke(STATUS, app.authenticator.operator, {"agent_id": "Nobody"})

    await ask()
    assert not UNDECLARED
    monkeypatch.setitem(STATUS.__dict__, "errors", ("conflict",))
    await ask()
    assert [line.partition(",")[0] for line in UNDECLARED] == ["agora.agent.status answered not_found"]
    UNDECLARED.clear()
