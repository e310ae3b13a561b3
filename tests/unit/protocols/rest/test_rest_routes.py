"""REST routes: the source's routes, idempotency, deprecation notices, and documentation pages."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

import httpx
import pytest

from agora.protocols.rest.event_response import EventResponse
from agora.server.app import App
from agora_sdk.contract import Kind, operations


async def _token(client: httpx.AsyncClient, name: str) -> dict[str, str]:
    answer = await client.post("/agents/register", json={"agent_name": name})
    return {"Authorization": f"Bearer {answer.json()['token']}"}


async def test_routes_of_the_source_are_served(client: httpx.AsyncClient) -> None:
    registered = await client.post(
        "/agents/register",
        json={"agent_name": "PythonAgent", "capabilities": ["documentation"], "service_tier": "basic"},
    )
    agent = registered.json()
    assert {"agent_id", "agent_name", "capabilities", "status", "available_services", "token"} <= agent.keys()
    sent = await client.post(
        "/agora/messaging/send",
        json={"from_agent": agent["agent_id"], "to_agent": "broadcast", "content": "x", "message_type": "introduction"},
    )
    assert {"message_id", "status", "timestamp"} <= sent.json().keys()
    subscribed = await client.post(
        "/agora/messaging/subscribe", json={"agent_id": agent["agent_id"], "event_types": ["message_received"]}
    )
    assert subscribed.json()["status"] == "active"
    for path, fields in {
        "/agora/messaging/receive?agent_id=PythonAgent": {"messages", "count"},
        "/agora/query/agents?capabilities=documentation&status=active": {"agents", "count"},
        "/agora/query/services?category=messaging": {"services", "count"},
        "/agora/query/marketplace": {"agents_total"},
        "/agora/admin/health": {"status", "components", "timestamp"},
        f"/agents/{agent['agent_id']}/status": {"status"},
        "/discovery/list": {"services", "count"},
        "/discovery/schema/agora.messaging.send": {"name", "input_schema"},
        "/health": {"status", "version", "timestamp"},
        "/ready": {"status"},
    }.items():
        answer = await client.get(path)
        assert answer.status_code == 200, (path, answer.text)
        assert fields <= answer.json().keys(), path
    assert (await client.get("/health")).json()["status"] == "healthy"


async def test_every_operation_has_a_canonical_route(app: App) -> None:
    for operation in operations():
        method = "GET" if operation.kind in (Kind.QUERY, Kind.STREAM) else "POST"
        found = app.routes.find_route(method, f"/agora/{operation.category}/{operation.action}")
        assert found is not None
        assert found.operation is operation


async def test_repeated_idempotency_key_returns_the_stored_answer(client: httpx.AsyncClient) -> None:
    ada = await _token(client, "Ada")
    headers = ada | {"Idempotency-Key": "order-1"}
    body = {"to_agent": "Ada", "content": "once"}
    first = await client.post("/agora/messaging/send", json=body, headers=headers)
    again = await client.post("/agora/messaging/send", json=body, headers=headers)
    assert again.json() == first.json()
    assert "idempotency-replayed" not in first.headers
    assert again.headers["idempotency-replayed"] == "true"
    other = await client.post("/agora/messaging/send", json=body | {"content": "twice"}, headers=headers)
    assert (other.status_code, other.json()["code"]) == (409, "idempotency_conflict")


async def test_replacement_of_a_sunset_operation_is_named(client: httpx.AsyncClient) -> None:
    answer = await client.post("/agora/messaging/send_legacy", json={"to_agent": "Ada", "content": "x"})
    assert (answer.status_code, answer.json()["replacement"]) == (410, "agora.messaging.send@1.0.0")


async def test_contradicting_path_and_body_are_refused(client: httpx.AsyncClient) -> None:
    await _token(client, "Ada")
    answer = await client.patch("/agents/Ada", json={"agent_id": "Bob", "description": "x"})
    assert answer.status_code == 422
    assert (await client.patch("/agents/Ada", json={"agent_id": "Ada", "description": "x"})).status_code == 200


async def test_names_with_reserved_characters_work_in_a_path(client: httpx.AsyncClient) -> None:
    name = "Ünïcode & 100% ?#"
    assert (await client.post("/agents/register", json={"agent_name": name})).status_code == 200
    found = await client.get(f"/agents/{quote(name, safe='')}/status")
    assert found.json()["agent_name"] == name


@pytest.mark.parametrize("path", ["/docs", "/docs/docs.js", "/docs/docs.css", "/openapi.json"])
async def test_documentation_pages_load_no_external_resources(client: httpx.AsyncClient, path: str) -> None:
    answer = await client.get(path)
    assert answer.status_code == 200
    if path != "/openapi.json":
        assert "://" not in answer.text
    if path == "/docs":
        assert "default-src 'none'" in answer.headers["content-security-policy"]


async def test_openapi_document_covers_every_route(client: httpx.AsyncClient) -> None:
    document: dict[str, Any] = (await client.get("/openapi.json")).json()
    assert document["openapi"].startswith("3.1")
    ids = [entry["operationId"] for methods in document["paths"].values() for entry in methods.values()]
    assert len(ids) == len(set(ids))
    for operation in operations():
        for route in operation.routes:
            assert route.method.lower() in document["paths"][route.path]


async def test_line_separators_do_not_break_a_streamed_answer() -> None:
    """Several clients split a stream by Unicode's line ends."""
    sent: list[Any] = []

    async def send(message: Any) -> None:
        sent.append(message)

    await EventResponse(send).send_piece(0, None, "one\u2028two")
    lines = sent[1]["body"].decode().splitlines()
    assert lines[:2] == ["event: piece", 'data: {"content":"one\\u2028two"}']


async def test_requests_have_distinct_ids(client: httpx.AsyncClient) -> None:
    assert (await client.get("/agents", headers={"X-Request-ID": "mine-1"})).headers["x-request-id"] == "mine-1"
    assert (await client.get("/agents")).headers["x-request-id"].startswith("req_")
    assert (await client.get("/nowhere/at/all")).status_code == 404
