"""Authentication of requests: closed by default on public addresses, and on loopback closed to web pages."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from agora.server.app import App
from agora.settings import Settings
from tests.harness import ManualClock, admin_token, local_client, make_settings


def _bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


@pytest.fixture
async def public_app(tmp_path: Path, clock: ManualClock) -> AsyncIterator[App]:
    """A server on a public address."""
    settings = make_settings(
        tmp_path / "public", host="0.0.0.0", auth_tokens="ci:secret123,boss:secret456:admin", rate_anonymous=3
    )
    app = App(settings, clock=clock)
    await app.start()
    yield app
    await app.stop()


@pytest.fixture
async def public(public_app: App) -> AsyncIterator[tuple[httpx.AsyncClient, Settings]]:
    """The server on a public address, called from this machine."""
    async with local_client(public_app) as client:
        yield client, public_app.settings


async def test_anonymous_loopback_caller_is_the_operator(client: httpx.AsyncClient) -> None:
    assert (await client.get("/agora/admin/audit")).status_code == 200


@pytest.mark.parametrize(
    "headers",
    [
        {"X-Forwarded-For": "203.0.113.7"},
        {"Forwarded": "for=203.0.113.7"},
        {"X-Real-IP": "203.0.113.7"},
        {"Host": "evil.example"},
        {"Host": "127.0.0.1.evil.example:8080"},
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
    ],
)
async def test_request_through_a_proxy_or_a_web_page_is_anonymous(
    client: httpx.AsyncClient, headers: dict[str, str]
) -> None:
    for method, path, body in (("GET", "/agents", None), ("POST", "/agents/register", {"agent_name": "Evil"})):
        answer = await client.request(method, path, json=body, headers=headers)
        assert answer.status_code == 401, answer.text
    assert (await client.get("/agora/admin/health", headers=headers)).status_code == 200


async def test_malformed_host_is_refused(client: httpx.AsyncClient) -> None:
    for host in ("[::1].evil.example", "127.0.0.1:80@evil.example"):
        assert (await client.get("/agents", headers={"Host": host})).status_code == 400


@pytest.mark.parametrize("host", ["localhost:8080", "127.0.0.1:8080", "[::1]:8080", "localhost"])
async def test_all_names_of_this_machine_are_local(client: httpx.AsyncClient, host: str) -> None:
    assert (await client.get("/agents", headers={"Host": host})).status_code == 200


async def test_client_of_another_machine_is_anonymous(app: App) -> None:
    transport = httpx.ASGITransport(app, client=("203.0.113.7", 4711))
    async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1:8080") as remote:
        assert (await remote.get("/agents")).status_code == 401


async def test_public_server_is_closed_by_default(public: tuple[httpx.AsyncClient, Settings]) -> None:
    client, settings = public
    assert (await client.post("/agents/register", json={"agent_name": "X"})).status_code == 401
    assert (await client.get("/agents")).status_code == 401
    admin = _bearer(admin_token(settings))
    assert (await client.get("/agents", headers=admin)).status_code == 200
    made = await client.post("/tokens", json={"label": "door", "kind": "enrolment"}, headers=admin)
    enrolment = _bearer(made.json()["token"])
    assert (await client.get("/agents", headers=enrolment)).status_code == 403, "an enrolment token only enrols"
    registered = await client.post("/agents/register", json={"agent_name": "X"}, headers=enrolment)
    assert registered.status_code == 200
    over = await client.post(
        "/agents/register", json={"agent_name": "Y", "service_tier": "enterprise"}, headers=enrolment
    )
    assert over.json()["service_tier"] == "basic", "what the enrolment token gives"
    assert over.json()["requested_tier"] == "enterprise"
    mine = _bearer(registered.json()["token"])
    assert (await client.get("/agents", headers=mine)).status_code == 200
    assert (await client.get("/agora/admin/audit", headers=mine)).status_code == 403


async def test_static_tokens_authenticate(public: tuple[httpx.AsyncClient, Settings]) -> None:
    client, _ = public
    assert (await client.get("/agents", headers=_bearer("secret123"))).status_code == 200
    assert (await client.get("/agents", headers={"X-API-Key": "secret123"})).status_code == 200
    assert (await client.get("/agora/admin/audit", headers=_bearer("secret123"))).status_code == 403
    assert (await client.get("/agora/admin/audit", headers=_bearer("secret456"))).status_code == 200


async def test_api_keys_have_scopes_and_expire(client: httpx.AsyncClient, clock: ManualClock) -> None:
    body = {"label": "reader", "scopes": ["read:agents"], "expires_in": 60}
    made = (await client.post("/tokens", json=body)).json()
    assert made["token"].startswith("agfy_")
    key = {"X-API-Key": made["token"]}
    assert (await client.get("/agents", headers=key)).status_code == 200
    refused = await client.post("/agora/messaging/send", json={"to_agent": "X", "content": "x"}, headers=key)
    assert (refused.status_code, refused.json()["required"]) == (403, "write:messages")
    clock.advance(61)
    assert (await client.get("/agents", headers=key)).status_code == 401


async def test_revoked_key_is_refused_immediately(client: httpx.AsyncClient) -> None:
    made = (await client.post("/tokens", json={"label": "brief"})).json()
    key = _bearer(made["token"])
    assert (await client.get("/agents", headers=key)).status_code == 200
    assert (await client.delete(f"/tokens/{made['token_id']}")).status_code == 200
    assert (await client.get("/agents", headers=key)).status_code == 401


async def test_anonymous_callers_are_rate_limited(public: tuple[httpx.AsyncClient, Settings], public_app: App) -> None:
    client, _ = public
    public_app.dispatcher.limiter.clock = lambda: 0.0  # no tokens are refilled meanwhile
    answers = [await client.get("/agora/admin/health") for _ in range(12)]
    limited = [answer for answer in answers if answer.status_code == 429]
    assert limited
    assert int(limited[0].headers["retry-after"]) >= 1
    assert limited[0].json()["code"] == "rate_limited"


async def test_refusals_are_audited(client: httpx.AsyncClient) -> None:
    registered = (await client.post("/agents/register", json={"agent_name": "Ada"})).json()
    refused = await client.post(
        "/agora/admin/override",
        json={"target_id": "system_wide", "action": "pause"},
        headers=_bearer(registered["token"]),
    )
    assert refused.status_code == 403
    page: dict[str, Any] = (await client.get("/agora/admin/audit?outcome=permission_denied")).json()
    assert [(e["actor"], e["operation"]) for e in page["entries"]] == [(registered["agent_id"], "agora.admin.override")]


async def test_no_secret_appears_in_answers_or_logs(
    client: httpx.AsyncClient, settings: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    registered = (await client.post("/agents/register", json={"agent_name": "Ada"})).json()
    await client.get("/agents", headers=_bearer("agt_wrong.token"))
    for path in ("/agents", "/agents/Ada", "/tokens", "/agora/admin/audit", "/agora/event/list"):
        answer = await client.get(path)
        assert registered["token"] not in answer.text
        assert admin_token(settings) not in answer.text
    assert registered["token"] not in caplog.text
    assert (settings.data_dir / "admin-token").stat().st_mode & 0o777 == 0o600
    assert (settings.data_dir / "signing.key").stat().st_mode & 0o777 == 0o600
    assert (settings.data_dir / "agora.db").stat().st_mode & 0o777 == 0o600
