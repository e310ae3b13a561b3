"""Invalid REST input: each request gets the right status and a problem that names the field and the fix."""

from __future__ import annotations

import json
from typing import Any

import httpx
import pytest

from agora.server.app import App

SEND = "/agora/messaging/send"
JSON = {"Content-Type": "application/json"}


async def _register(client: httpx.AsyncClient, name: str) -> dict[str, Any]:
    answer = await client.post("/agents/register", json={"agent_name": name})
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


def _problem(answer: httpx.Response, status: int, code: str, field: str | None = None) -> dict[str, Any]:
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    problem: dict[str, Any] = answer.json()
    assert (problem["status"], problem["code"]) == (status, code)
    assert problem["detail"]
    assert "Traceback" not in answer.text
    if field is not None:
        assert field in [error["field"] for error in problem["errors"]]
    return problem


@pytest.fixture(autouse=True)
async def _nothing_is_stored(app: App, client: httpx.AsyncClient) -> Any:
    await _register(client, "Victim")
    before = app.feed.head("default")
    yield
    assert app.feed.head("default") == before, "bad input left an event"


@pytest.mark.parametrize(
    ("arguments", "field"),
    [
        ({"content": "x"}, "to_agent"),
        ({"to_agent": "Victim"}, "content"),
        ({"to_agent": 7, "content": "x"}, "to_agent.constrained-str"),
        ({"to_agent": "", "content": "x"}, "to_agent.constrained-str"),
        ({"to_agent": [], "content": "x"}, "to_agent.list[constrained-str]"),
        ({"to_agent": "Victim", "content": 7}, "content"),
        ({"to_agent": "Victim", "content": "nul\x00"}, "content"),
        ({"to_agent": "Victim", "content": "x" * 900_001}, "content"),
        ({"to_agent": "Victim", "content": "x", "priority": "asap"}, "priority"),
        ({"to_agent": "Victim", "content": "x", "colour": "red"}, "colour"),
        ({"to_agent": "Victim", "content": "x", "expires_in": -1}, "expires_in"),
        ({"to_agent": "Victim", "content": "x", "expires_in": 1e300}, "expires_in"),
        ({"to_agent": "Victim", "content": "x", "metadata": []}, "metadata"),
        ({"to_agent": "Victim", "content": "x", "reply_to": "msg_1"}, "reply_to"),
        ({"to_agent": "Victim", "content": "x", "message_type": "a\nb"}, "message_type"),
    ],
)
async def test_invalid_field_is_named(client: httpx.AsyncClient, arguments: dict[str, Any], field: str) -> None:
    problem = _problem(await client.post(SEND, json=arguments), 422, "invalid_request")
    assert field.split(".")[0] in problem["errors"][0]["field"]
    assert "agora.messaging.send" in problem["fix"]


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"nonsense",
        b'{"to_agent": "Victim", "content": "\xff\xfe"}',
        b'{"to_agent": "Victim", "content": "\\ud800"}',
        b'{"to_agent": ' + b"[" * 10_000 + b"]" * 10_000 + b', "content": "x"}',
        b'{"metadata": ' + b'{"a":' * 10_000 + b"1" + b"}" * 10_000 + b"}",
        b'{"to_agent": "Victim", "content": NaN}',
    ],
)
async def test_invalid_json_is_malformed(client: httpx.AsyncClient, body: bytes) -> None:
    answer = await client.post(SEND, content=body, headers=JSON)
    assert answer.status_code in (400, 422), answer.text
    assert answer.json()["code"] in ("malformed_request", "invalid_request")


@pytest.mark.parametrize("body", [b"[]", b"null", b'"text"', b"7"])
async def test_non_object_body_is_refused(client: httpx.AsyncClient, body: bytes) -> None:
    _problem(await client.post(SEND, content=body, headers=JSON), 422, "invalid_request")


async def test_body_over_the_limit_is_refused(client: httpx.AsyncClient) -> None:
    big = json.dumps({"to_agent": "Victim", "content": "x" * 1_100_000}).encode()
    _problem(await client.post(SEND, content=big, headers=JSON), 413, "payload_too_large", "body")

    async def chunks() -> Any:
        for _ in range(20):
            yield b"x" * 100_000

    _problem(await client.post(SEND, content=chunks(), headers=JSON), 413, "payload_too_large", "body")


async def test_body_without_json_content_type_is_refused(client: httpx.AsyncClient) -> None:
    for kind in ("text/plain", "application/x-www-form-urlencoded", ""):
        headers = {"Content-Type": kind} if kind else {}
        answer = await client.post(SEND, content=b'{"to_agent":"Victim","content":"x"}', headers=headers)
        _problem(answer, 415, "unsupported_media_type")


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("limit=-1", "limit"),
        ("limit=0", "limit"),
        ("limit=501", "limit"),
        ("limit=many", "limit"),
        ("offset=-1", "offset"),
        ("since=yesterday", "since"),
        ("since=2026-13-01T00:00:00Z", "since"),
        ("since=2026-01-01T00:00:00", "since"),
        ("priority=asap", "priority"),
        ("unread=perhaps", "unread"),
        ("colour=red", "colour"),
        ("limit=1&limit=2", "limit"),
        ("cursor=%21%21%21", "cursor"),
        ("wait=1e9", "wait"),
    ],
)
async def test_invalid_query_parameter_is_named(client: httpx.AsyncClient, query: str, field: str) -> None:
    _problem(await client.get(f"/agora/messaging/receive?agent_id=Victim&{query}"), 422, "invalid_request", field)


async def test_query_with_invalid_utf8_is_malformed(client: httpx.AsyncClient) -> None:
    _problem(await client.get("/agora/messaging/receive?agent_id=%ff%fe"), 400, "malformed_request")
    _problem(await client.get("/agents/%ff%fe"), 400, "malformed_request")
    _problem(await client.get("/agora/messaging/receive?agent_id=" + "x" * 20_000), 422, "invalid_request")


async def test_list_parameters_are_repeated_or_comma_separated(client: httpx.AsyncClient) -> None:
    for query in ("capabilities=a&capabilities=b", "capabilities=a,b"):
        assert (await client.get(f"/agora/query/agents?{query}")).status_code == 200
    _problem(await client.get("/agora/query/agents?capabilities=" + "a," * 30), 422, "invalid_request", "capabilities")


async def test_unknown_paths_and_objects_are_not_found(client: httpx.AsyncClient) -> None:
    _problem(await client.get("/nowhere"), 404, "not_found")
    assert _problem(await client.put("/agents"), 405, "method_not_allowed")["allowed"] == ["GET"]
    # Encoded percent signs and slashes belong to the name: the path is that of an agent.
    for name in ("%25FF", "a%2Fb"):
        refused = _problem(await client.put(f"/agents/{name}"), 405, "method_not_allowed")
        assert "GET" in refused["allowed"]
    _problem(await client.get("/agents/Nobody"), 404, "not_found", "agent_id")
    _problem(await client.get("/agents//status"), 404, "not_found")


async def test_invalid_credentials_are_refused(client: httpx.AsyncClient) -> None:
    for header in (
        {"Authorization": "Bearer agt_forged.signature"},
        {"Authorization": "Bearer " + "x" * 5000},
        {"Authorization": "Basic YTpi"},
        {"Authorization": "Bearer"},
        {"X-API-Key": "agfy_unknown"},
        {"X-API-Key": "\xff\xfe"},
    ):
        answer = await client.get("/agents", headers=[(k, v.encode("latin-1")) for k, v in header.items()])  # type: ignore[arg-type]
        _problem(answer, 401, "unauthenticated")
        assert answer.headers["www-authenticate"].startswith("Bearer")


async def test_token_with_one_changed_bit_is_refused(app: App, client: httpx.AsyncClient) -> None:
    claims = app.context.signer.sign_agent_token("default", "agent_" + "0" * 32, 1)
    for position in range(0, len(claims), 7):
        forged = claims[:position] + chr(ord(claims[position]) ^ 1) + claims[position + 1 :]
        answer = await client.get("/agents", headers={"Authorization": f"Bearer {forged}"})
        assert answer.status_code == 401
    genuine = await client.get("/agents", headers={"Authorization": f"Bearer {claims}"})
    _problem(genuine, 401, "unauthenticated")  # correctly signed, but for an unknown agent


@pytest.mark.parametrize("key", ["x" * 300, "tab\t", "bell\x07"])
async def test_idempotency_key_format_is_validated(client: httpx.AsyncClient, key: str) -> None:
    headers = {"Idempotency-Key": key.encode()}
    answer = await client.post(SEND, json={"to_agent": "Victim", "content": "x"}, headers=headers)  # type: ignore[arg-type]
    _problem(answer, 422, "invalid_request", "Idempotency-Key")


@pytest.mark.parametrize("since", ["20.0", "1e-5", "-20", "2026-01-01", "2026-01-01T00:00:00", "soon"])
async def test_times_have_the_documented_format(client: httpx.AsyncClient, since: str) -> None:
    _problem(await client.get("/agora/task/statistics", params={"since": since}), 422, "invalid_request", "since")
    good = await client.get("/agora/task/statistics", params={"since": "2026-01-01T00:00:00Z"})
    assert good.status_code == 200, good.text


async def test_unescaped_plus_of_an_offset_is_explained(client: httpx.AsyncClient) -> None:
    answer = await client.get("/agora/messaging/receive?agent_id=Victim&since=2026-01-01T10:00:00.5+05:30")
    problem = _problem(answer, 422, "invalid_request", "since")
    assert "write + as %2B" in problem["detail"]
