"""The Agent Communication Protocol over HTTP, with the messages of its documentation."""

from __future__ import annotations

import asyncio
from typing import Any

import httpx
import pytest

from agora.scheduling import MAX_WAITING_CALLS
from tests.harness import Running, admin_token
from tests.unit.protocols.agentify.conftest import APP, CALCULATOR, Pair, register

ORCHESTRATOR = "agent.marketplace.orchestrator"
REQUEST: dict[str, Any] = {
    "type": "request",
    "sender": APP,
    "to": [CALCULATOR],
    "intent": "calculate",
    "payload": {"a": 5, "b": 3, "op": "+"},
}
INFORM: dict[str, Any] = {
    "type": "inform",
    "sender": CALCULATOR,
    "to": [APP],
    "intent": "result",
    "payload": {"result": 8},
}


def core(message: dict[str, Any]) -> dict[str, Any]:
    return {name: message.get(name) for name in ("type", "sender", "to", "intent", "payload")}


async def answer_first(client: httpx.AsyncClient, agent: str, reply: dict[str, Any]) -> dict[str, Any]:
    """Wait for the first message of an agent and answer it."""
    page = (await client.get(f"/agents/{agent}/pending", params={"wait": 10})).json()
    message: dict[str, Any] = page["messages"][0]
    sent = await client.post("/agent/message", json=reply)
    assert sent.status_code in (200, 202), sent.text
    return message


async def test_request_is_answered_in_the_same_response(pair: Pair) -> None:
    asking = asyncio.create_task(pair.app.post("/agent/message", json=REQUEST))
    seen = await answer_first(pair.calculator, "Calculation", INFORM)
    assert core(seen) == REQUEST
    answer = await asking
    assert answer.status_code == 200
    assert core(answer.json()) == INFORM
    assert answer.json()["correlation"]["reply_to"] == seen["id"]
    inbox = (await pair.app.get("/agora/messaging/receive", params={"unread": True})).json()
    assert inbox["messages"] == [], "the answer was taken"


async def test_message_with_all_fields_is_accepted(pair: Pair) -> None:
    base = REQUEST | {
        "id": "msg-uuid-123",
        "ts": "2026-01-16T10:30:00Z",
        "task": "Calculate 5 + 3",
        "context": {"customer_id": "customer-123", "session_id": "session-456"},
        "correlation": {"conversation_id": "conv-789", "reply_to": "msg-uuid-000"},
        "expected": {"type": "inform", "timeout": 5000},
        "status": {"state": "pending", "progress": 0.0},
        "security": {"token": "jwt-token-here", "permissions": ["calculate"]},
    }
    asking = asyncio.create_task(pair.app.post("/agent/message", json=base))
    seen = await answer_first(pair.calculator, "Calculation", INFORM | {"correlation": {"reply_to": "msg-uuid-123"}})
    slot = seen.pop("agora")
    assert slot["message_id"].startswith("msg_")
    assert {name: value for name, value in seen.items() if value is not None} == base | {
        "security": {"permissions": ["calculate"]}
    }
    answer = (await asking).json()
    assert core(answer) == INFORM
    assert answer["correlation"] == {"conversation_id": "conv-789", "reply_to": "msg-uuid-123"}
    found = (await pair.app.get("/agora/conversations/conv-789")).json()
    assert [message["type"] for message in found["messages"]] == ["request", "inform"]
    assert (found["state"], found["intent"], found["message_count"]) == ("informed", "calculate", 2)


async def test_agents_are_discovered(pair: Pair) -> None:
    found = await pair.app.post(
        "/agent/message",
        json={
            "type": "discover",
            "sender": APP,
            "to": [ORCHESTRATOR],
            "intent": "find_agent",
            "payload": {"capability": "calculation", "customer_id": "customer-123"},
        },
    )
    assert found.status_code == 200
    offer = found.json()
    assert (offer["type"], offer["sender"], offer["to"]) == ("offer", ORCHESTRATOR, [APP])
    assert (offer["intent"], offer["payload"]["agent_id"]) == ("agent_found", CALCULATOR)
    assert offer["payload"]["capabilities"] == ["calculation"]
    address = offer["payload"]["address"]
    asking = asyncio.create_task(pair.app.post(f"{address}/agent/message", json=REQUEST | {"to": []}))
    await answer_first(pair.calculator, "Calculation", INFORM)
    assert core((await asking).json()) == INFORM


async def test_find_agent_returns_deployment_details(server: Running, pair: Pair) -> None:
    manifest = {
        "repository": {"url": "https://github.com/company/calculation-agent", "branch": "main"},
        "build_config": {
            "type": "docker",
            "build_command": "docker build -t calc-agent .",
            "start_command": "docker run -p 8000:8000 calc-agent",
        },
        "host_requirements": {"min_memory_mb": 512, "min_cpu_cores": 0.5, "co_location_required": False},
    }
    await pair.calculator.patch(
        "/agents/Calculation",
        json={"metadata": manifest | {"name": "Calculation Agent"}, "endpoints": {"http": "http://calc-cust-123:8000"}},
    )
    discover = {
        "type": "discover",
        "sender": APP,
        "to": [ORCHESTRATOR],
        "intent": "find_agents",
        "payload": {"capability": "calculation", "min_rating": 8.0},
    }
    nobody = (await pair.app.post("/agent/message", json=discover)).json()
    assert (nobody["type"], nobody["intent"], nobody["payload"]["agents"]) == ("inform", "agents_found", [])
    await pair.app.post("/agents/Calculation/rate", json={"rating": 9})
    found = (await pair.app.post("/agent/message", json=discover)).json()
    (agent,) = found["payload"]["agents"]
    assert {name: agent[name] for name in manifest} == manifest
    assert (agent["agent_id"], agent["name"], agent["address"]) == (
        CALCULATOR,
        "Calculation Agent",
        "http://calc-cust-123:8000",
    )
    discover["payload"] = {"capability": "flying"}
    assert (await pair.app.post("/agent/message", json=discover | {"intent": "find_agent"})).json()["type"] == "failure"


async def test_usage_is_recorded(pair: Pair) -> None:
    tracked = await pair.calculator.post(
        "/agent/message",
        json={
            "type": "inform",
            "sender": CALCULATOR,
            "to": [ORCHESTRATOR],
            "intent": "track_usage",
            "payload": {
                "agent_id": CALCULATOR,
                "customer_id": "customer-123",
                "action": "calculate",
                "duration": 50,
                "timestamp": "2026-01-16T10:30:00Z",
            },
        },
    )
    assert (tracked.status_code, tracked.json()["intent"]) == (200, "usage_recorded")
    (record,) = (await pair.calculator.get("/agora/conversation/usage")).json()["records"]
    assert (record["customer_id"], record["action"], record["duration"]) == ("customer-123", "calculate", 50)
    assert record["timestamp"] == "2026-01-16T10:30:00Z"
    forged = INFORM | {"sender": APP, "to": [ORCHESTRATOR], "intent": "track_usage"}
    refused = await pair.app.post("/agent/message", json=forged | {"payload": {"agent_id": CALCULATOR}})
    assert (refused.status_code, refused.json()["type"]) == (403, "refuse")


async def test_failure_is_an_answer(pair: Pair) -> None:
    failure = {
        "type": "failure",
        "sender": CALCULATOR,
        "to": [APP],
        "intent": "calculation_failed",
        "payload": {"error": "Division by zero", "code": "MATH_ERROR", "details": {"a": 5, "b": 0, "op": "/"}},
    }
    asking = asyncio.create_task(pair.app.post("/agent/message", json=REQUEST))
    await answer_first(pair.calculator, "Calculation", failure)
    answer = await asking
    assert (answer.status_code, core(answer.json())) == (200, failure)


async def test_timeout_is_a_failure_and_a_late_answer_still_arrives(pair: Pair) -> None:
    request = REQUEST | {"id": "msg-uuid-123", "expected": {"type": "inform", "timeout": 50}}
    answer = await pair.app.post("/agent/message", json=request)
    assert answer.status_code == 200
    assert core(answer.json()) == {
        "type": "failure",
        "sender": APP,
        "to": [CALCULATOR],
        "intent": "timeout",
        "payload": {"error": "Request timeout", "timeout": 50, "original_message_id": "msg-uuid-123"},
    }
    pending = (await pair.calculator.get("/agents/Calculation/pending")).json()["messages"]
    assert [message["type"] for message in pending] == ["request", "failure"], "both sides know"
    late = await pair.calculator.post("/agent/message", json=INFORM)
    assert late.status_code == 202
    assert "'msg-uuid-123'" in late.json()["payload"]["warning"]
    (message,) = (await pair.app.get("/agents/App/pending")).json()["messages"]
    assert core(message) == INFORM
    assert "reply_to" not in message["correlation"], "it names no message, and may be meant for another"


async def test_intent_requires_its_permission(pair: Pair) -> None:
    await pair.calculator.patch("/agents/Calculation", json={"metadata": {"permissions": {"calculate": ["Other"]}}})
    refused = await pair.app.post("/agent/message", json=REQUEST)
    assert refused.status_code == 403
    document = refused.json()
    assert (document["type"], document["sender"], document["to"]) == ("refuse", CALCULATOR, [APP])
    assert document["intent"] == "permission_denied"
    assert document["payload"]["error"] == "Insufficient permissions"
    assert document["payload"]["required"] == ["calculate"]
    assert (await pair.calculator.get("/agents/Calculation/pending")).json()["messages"] == []
    await pair.calculator.patch("/agents/Calculation", json={"metadata": {"permissions": {"calculate": [APP]}}})
    asked = {"Prefer": "respond-async"}
    assert (await pair.app.post("/agent/message", json=REQUEST, headers=asked)).status_code == 202
    narrow = REQUEST | {"security": {"permissions": ["something_else"]}}
    assert (await pair.app.post("/agent/message", json=narrow)).status_code == 403


@pytest.mark.parametrize("field", ["token", "api_key"])
async def test_credential_may_be_in_the_message(pair: Pair, field: str) -> None:
    secret = pair.tokens[APP]
    message = INFORM | {"sender": APP, "to": [CALCULATOR], "security": {field: secret, "provider": "coresense"}}
    async with httpx.AsyncClient(base_url=pair.url) as stranger:
        answer = await stranger.post("/agent/message", json=message)
        assert answer.status_code == 202, answer.text
        assert secret not in answer.text
        wrong = message | {"security": {field: "jwt-token-here"}}
        refused = await stranger.post("/agent/message", json=wrong)
        assert (refused.status_code, refused.json()["type"]) == (401, "refuse")
    everything = await pair.calculator.get("/agora/messaging/receive")
    assert secret not in everything.text
    assert everything.json()["messages"][0]["metadata"]["agentify"]["security"] == {"provider": "coresense"}


async def test_messages_wait_for_offline_and_unregistered_recipients(server: Running, pair: Pair) -> None:
    late = INFORM | {"sender": APP, "to": ["agent.late.comer"], "payload": {"n": 1}}
    receipt = await pair.app.post("/agent/message", json=late)
    assert receipt.status_code == 202
    assert (receipt.json()["type"], receipt.json()["intent"]) == ("confirm", "accepted")
    assert "agent.late.comer" in receipt.json()["payload"]["warning"]
    comer, _ = await register(server.url, "Comer", alias="agent.late.comer")
    async with comer:
        (message,) = (await comer.get("/agents/agent.late.comer/pending")).json()["messages"]
    assert core(message) == late


async def test_operation_is_called_by_name(pair: Pair) -> None:
    call = {
        "type": "request",
        "sender": APP,
        "to": [ORCHESTRATOR],
        "intent": "agora.messaging.send",
        "payload": {"to_agent": "Calculation", "content": "Hello"},
    }
    answer = await pair.app.post("/agent/message", json=call)
    assert (answer.status_code, answer.json()["type"], answer.json()["intent"]) == (200, "inform", "result")
    (message,) = (await pair.calculator.get("/agents/Calculation/pending")).json()["messages"]
    assert message["id"] == answer.json()["payload"]["message_id"]
    assert (message["type"], message["payload"], message["sender"]) == ("inform", {"text": "Hello"}, "App")
    wrong = await pair.app.post("/agent/message", json=call | {"intent": "agora.messaging.sendd"})
    assert (wrong.status_code, wrong.json()["type"]) == (404, "failure")


async def test_plain_marketplace_reply_answers_a_request(pair: Pair) -> None:
    asking = asyncio.create_task(pair.app.post("/agent/message", json=REQUEST | {"id": "mine"}))
    page = (await pair.calculator.get("/agora/messaging/receive", params={"wait": 10})).json()
    (message,) = page["messages"]
    assert (message["message_type"], message["content"]) == ("request", '{"a":5,"b":3,"op":"+"}')
    assert message["metadata"]["agentify"]["intent"] == "calculate"
    reply = {"to_agent": "App", "content": '{"result":8}', "reply_to": message["message_id"]}
    assert (await pair.calculator.post("/agora/messaging/send", json=reply)).status_code == 200
    answer = (await asking).json()
    assert (answer["type"], answer["payload"]) == ("inform", {"result": 8})
    assert answer["correlation"]["reply_to"] == "mine"


@pytest.mark.parametrize(
    ("change", "status", "field"),
    [
        ({"intent": None}, 422, "intent"),
        ({"type": "shout"}, 422, "type"),
        ({"to": ["x"] * 101}, 422, "to"),
        ({"payload": []}, 422, "payload"),
        ({"expected": {"timeout": 0}}, 422, "expected.timeout"),
        ({"status": {"progress": 2}}, 422, "status.progress"),
        ({"type": "failure", "payload": {}}, 422, "payload.error"),
        ({"type": "scale", "payload": {}}, 422, "payload.agent_id"),
        ({"sender": CALCULATOR}, 403, None),
        ({"sender": "agent.no.body"}, 404, "sender"),
        ({"to": ["agent_" + "0" * 32]}, 404, None),
        ({"type": "agree"}, 409, None),
        ({"type": "confirm", "correlation": {"reply_to": "nothing"}}, 404, "correlation.reply_to"),
    ],
)
async def test_errors_are_reported(pair: Pair, change: dict[str, Any], status: int, field: str | None) -> None:
    message = {name: value for name, value in (REQUEST | change).items() if value is not None}
    answer = await pair.app.post("/agent/message", json=message)
    assert answer.status_code == status, answer.text
    document = answer.json()
    assert document["type"] in ("failure", "refuse")
    assert document["payload"]["error"]
    if field is not None:
        assert field in answer.text


@pytest.mark.parametrize("body", [b"", b"[]", b"{", b"null", b'"x"', b"\xff", b"[" * 5000])
async def test_invalid_message_is_refused(pair: Pair, body: bytes) -> None:
    answer = await pair.app.post("/agent/message", content=body, headers={"content-type": "application/json"})
    assert answer.status_code in (400, 422)
    assert answer.json()["type"] == "failure"


async def test_invalid_json_and_methods_are_refused(pair: Pair) -> None:
    plain = await pair.app.post("/agent/message", content=b"{}", headers={"content-type": "text/plain"})
    assert plain.status_code == 415
    assert (await pair.app.get("/agent/message")).status_code == 405
    large = await pair.app.post("/agent/message", json=INFORM | {"payload": {"x": "y" * 1_100_000}})
    assert large.status_code == 413


async def test_message_repeated_with_its_id_is_sent_once(pair: Pair) -> None:
    message = INFORM | {"sender": APP, "to": [CALCULATOR], "id": "once"}
    first = await pair.app.post("/agent/message", json=message)
    again = await pair.app.post("/agent/message", json=message)
    assert first.json()["payload"]["message_id"] == again.json()["payload"]["message_id"]
    assert len((await pair.calculator.get("/agents/Calculation/pending")).json()["messages"]) == 1
    other = await pair.app.post("/agent/message", json=message | {"payload": {}})
    assert (other.status_code, other.json()["payload"]["code"]) == (409, "IDEMPOTENCY_CONFLICT")


async def test_local_operator_may_send_for_its_agents(server: Running, pair: Pair) -> None:
    async with httpx.AsyncClient(base_url=server.url, timeout=60) as local:
        asking = asyncio.create_task(local.post("/agent/message", json=REQUEST))
        await answer_first(pair.calculator, "Calculation", INFORM)
        assert core((await asking).json()) == INFORM
    token = admin_token(server.app.settings)
    async with httpx.AsyncClient(base_url=server.url, headers={"X-API-Key": token}) as operator:
        mine = (await operator.get("/agora/conversations", params={"agent_id": "App"})).json()
    assert mine["count"] == 1


async def test_stopping_server_ends_waiting_requests(server: Running, pair: Pair) -> None:
    server.app.feed.end_streams_and_refuse_new()
    async with asyncio.timeout(60):
        answer = await pair.app.post("/agent/message", json=REQUEST)
    assert (answer.status_code, answer.json()["intent"]) == (202, "accepted")


async def fill_waiting_calls(server: Running, token: str) -> None:
    """Let as many calls of a caller wait for their turn as may wait."""
    caller = await server.app.authenticator.authenticate(token)
    share = server.app.dispatcher.scheduler.get_or_create_share(caller.owner)
    share.waiting.extend(asyncio.get_running_loop().create_future() for _ in range(MAX_WAITING_CALLS))


async def test_body_is_not_parsed_before_the_turn_of_its_sender(pair: Pair, server: Running) -> None:
    await fill_waiting_calls(server, pair.tokens[APP])
    json_type = {"Content-Type": "application/json"}
    refusal = await pair.app.post("/agent/message", content=b"[" * 9_999, headers=json_type)
    assert (refusal.status_code, refusal.json()["intent"]) == (503, "overloaded"), refusal.text
    answer = await pair.calculator.post("/agent/message", content=b"[", headers=json_type)
    assert answer.status_code == 400, "others are not held up"


async def test_refused_credential_is_reported_with_the_message(pair: Pair) -> None:
    headers = {"Authorization": "Bearer agora_agent_invalid"}
    answer = await pair.app.post("/agent/message", json=REQUEST | {"id": "m-1"}, headers=headers)
    assert answer.status_code == 401
    assert answer.json()["correlation"]["reply_to"] == "m-1"
