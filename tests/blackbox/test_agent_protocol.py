"""The agent protocol over HTTP: built-in agents, unknown recipients, deployments, and the documented examples."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from agora_sdk import AgoraClient, MessageType
from tests.blackbox.instance_program import deploy, serving_instances
from tests.blackbox.server import Account, ServerProcess
from tests.polling import poll_until

ORCHESTRATOR = "agent.marketplace.orchestrator"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    with serving_instances(tmp_path_factory.mktemp("protocol"), builtin_agents="true") as running:
        yield running


def post(sender: Account, type: str, to: str, intent: str, payload: dict[str, Any], **fields: Any) -> Any:
    message = {"type": type, "to": [to], "intent": intent, "payload": payload} | fields
    return sender.post("/agent/message", message)


def test_calculator_answers_the_source_example(server: ServerProcess) -> None:
    app = server.register("Calculating", alias="agent.calc.app")
    payload = {"a": 5, "b": 3, "op": "+"}
    answer = post(app, "request", "Calculator Agent", "calculate", payload, expected={"timeout": 20_000})
    assert (answer["type"], answer["intent"], answer["payload"]["result"]) == ("inform", "result", 8)
    payload = {"a": 5, "b": 0, "op": "/"}
    answer = post(app, "request", "Calculator Agent", "calculate", payload, expected={"timeout": 20_000})
    assert (answer["type"], answer["intent"]) == ("failure", "calculation_failed")
    assert (answer["payload"]["code"], answer["payload"]["details"]) == ("MATH_ERROR", payload)


def test_request_to_an_unknown_name_fails_immediately(server: ServerProcess) -> None:
    app = server.register("Misspelling")
    body = {"type": "request", "to": ["agent.nobody.here"], "intent": "x", "expected": {"timeout": 3_600_000}}
    response = app.http.post("/agent/message", json=body, timeout=20)
    receipt = response.json()["payload"]
    assert (response.status_code, receipt["unregistered"]) == (202, ["agent.nobody.here"])
    assert "agent.nobody.here" in receipt["warning"]


def test_timeout_reports_that_the_recipient_is_unknown(server: ServerProcess) -> None:
    app = server.register("Waiting")
    body = {"type": "request", "to": ["Nobody At All"], "intent": "x", "expected": {"timeout": 200}}
    failure = app.call("POST", "/agent/message", json=body, headers={"prefer": "wait=10"})
    assert (failure["intent"], failure["payload"]["code"]) == ("timeout", "AGENT_NOT_FOUND")
    assert failure["payload"]["unregistered"] == ["Nobody At All"]


def test_unknown_state_is_refused_on_the_bus(server: ServerProcess) -> None:
    agent = server.register("Stateful")
    body = {"type": "state_update", "target": "broadcast", "content": {"status": "dancing"}}
    problem = agent.post("/agora/bus/publish", body, expect=422)
    assert problem["errors"][0]["field"] == "content.status"
    agent.post("/agora/bus/publish", body | {"content": {"status": "busy"}})
    assert agent.get(f"/agents/{agent.agent_id}")["status"] == "busy"


def test_pending_messages_are_acknowledged_by_their_id(server: ServerProcess) -> None:
    sender, receiver = server.register("Telling"), server.register("Reading")
    for fields in ({}, {"id": "my-own-id"}):
        post(sender, "inform", "Reading", "news", {"n": 1}, **fields)
    messages = receiver.get(f"/agents/{receiver.agent_id}/pending")["messages"]
    ids = [message.get("agora", {}).get("message_id", message["id"]) for message in messages]
    assert len(ids) == 2
    marked = receiver.post("/agora/messaging/mark", {"message_ids": ids, "status": "acknowledged"})
    assert (marked["updated"], marked["unknown"]) == (2, [])
    assert receiver.get(f"/agents/{receiver.agent_id}/pending")["messages"] == []


def test_deployment_belongs_to_its_customer_and_scale_0_ends_it(server: ServerProcess) -> None:
    app = server.register("Deploying")
    deploy(server, "Deployed")
    payload = {"agent_id": "Deployed", "customer_id": "customer-123"}
    answer = post(app, "deploy", ORCHESTRATOR, "deploy_agent", payload, expected={"timeout": 60_000})
    assert (answer["type"], answer["payload"]["customer_id"]) == ("deploy_confirm", "customer-123"), json.dumps(answer)
    instance_id = answer["payload"]["instance_id"]
    instance = app.get(f"/marketplace/instances/{instance_id}")
    assert (instance["customer_id"], instance["instance_config"]["customer_id"]) == (app.agent_id, "customer-123")

    scaled = post(app, "scale", ORCHESTRATOR, "scale_agent", {"agent_id": "Deployed", "replicas": 0})
    assert (scaled["intent"], scaled["payload"]["instances"]) == ("scaled", [])
    poll_until(lambda: app.get(f"/marketplace/instances/{instance_id}")["status"] == "stopped", "it ends")


def test_sdk_deploys_scales_and_lists_the_types(server: ServerProcess) -> None:
    deploy(server, "Helped")
    app = server.register("Helping")
    client = AgoraClient(url=server.url, token=app.token)
    confirmed = client.protocol.deploy("Helped", "customer-7")
    assert (confirmed.type, confirmed.payload["customer_id"]) == (MessageType.DEPLOY_CONFIRM, "customer-7")
    near = client.protocol.co_locate("Helped", "Helped")
    assert (near.type, near.payload["co_located"]) == (MessageType.DEPLOY_CONFIRM, True)
    scaled = client.protocol.scale("Helped", 0)
    assert (scaled.type, scaled.payload["desired_instances"]) == (MessageType.CONFIRM, 0)
    client.close()


def test_built_in_agents_are_mcp_tools(server: ServerProcess) -> None:
    app = server.register("Tooling")
    headers = {"accept": "application/json, text/event-stream", "mcp-protocol-version": "2025-06-18"}

    def ask(method: str, params: dict[str, Any]) -> Any:
        body = {"jsonrpc": "2.0", "id": 1, "method": method, "params": params}
        response = app.http.post("/mcp/v1/rpc", json=body, headers=headers)
        return response.json()["result"]

    names = {tool["name"] for tool in ask("tools/list", {})["tools"]}
    assert {"calculator", "text_analyzer"} <= names
    answer = ask("tools/call", {"name": "calculator", "arguments": {"a": 5, "b": 3, "op": "+"}})
    assert (answer["isError"], answer["structuredContent"]["result"]) == (False, 8)
    answer = ask("tools/call", {"name": "text_analyzer", "arguments": {"text": "One two. Three."}})
    assert answer["structuredContent"]["statistics"]["words"] == 3
