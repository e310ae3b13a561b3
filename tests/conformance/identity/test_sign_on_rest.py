"""Single sign-on over HTTP, as used by programs, with a real provider."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest

from agora.server.app import App
from tests.conformance.engines import RunsOn
from tests.harness import ManualClock, make_settings
from tests.oidc.provider import CLIENT, SECRET, provider

RUNS_ON = RunsOn.SQLITE

__all__ = ["provider"]


@pytest.fixture
async def http(tmp_path: Path, clock: ManualClock, provider: str) -> AsyncIterator[httpx.AsyncClient]:
    """An anonymous connection to a public server."""
    url, _, realm = provider.rpartition("/realms/")
    keycloak = {"keycloak_url": url, "keycloak_realm": realm, "keycloak_client_id": CLIENT}
    settings = make_settings(tmp_path / "data", host="0.0.0.0", **keycloak, keycloak_client_secret=SECRET)
    app = App(settings, clock=clock)
    await app.start()
    transport = httpx.ASGITransport(app, client=("203.0.113.7", 50000))
    async with httpx.AsyncClient(transport=transport, base_url="http://agora.example") as client:
        yield client
    await app.stop()


async def test_person_signs_in_renews_and_signs_out_over_rest(http: httpx.AsyncClient) -> None:
    body = json.dumps({"username": "uma@market.test", "password": "uma-pw"})
    made = await http.post("/v1/auth/login", content=body, headers={"content-type": "application/json"})
    assert made.status_code == 200, made.text
    assert made.headers["cache-control"] == "no-store"
    tokens = made.json()
    assert tokens["expires_in"] == 300
    assert (tokens["user"]["email"], tokens["user"]["roles"]) == ("uma@market.test", ["a2a-user"])
    # as curl sends data without a content type
    plain = await http.post(
        "/v1/auth/login", content=body, headers={"content-type": "application/x-www-form-urlencoded"}
    )
    assert plain.json()["user"] == tokens["user"]
    bearer = {"authorization": f"Bearer {tokens['access_token']}"}
    me = (await http.get("/v1/auth/userinfo", headers=bearer)).json()
    assert (me["id"], me["role"], me["tenant"]) == (tokens["user"]["id"], "user", "default")
    assert (await http.get("/v1/auth/userinfo")).json()["kind"] == "anonymous"
    sent = await http.post("/agora/messaging/send", json={"to_agent": me["id"], "content": "to myself"}, headers=bearer)
    assert sent.status_code == 200, sent.text
    inbox = (await http.get("/agora/messaging/receive", headers=bearer)).json()
    assert [(mail["from_agent"], mail["content"]) for mail in inbox["messages"]] == [(me["id"], "to myself")]
    assert (await http.get("/v1/users", headers=bearer)).status_code == 403
    fresh = (await http.post("/v1/auth/refresh", json={"refresh_token": tokens["refresh_token"]})).json()
    bearer = {"x-api-key": fresh["access_token"]}
    left = await http.post("/v1/auth/logout", json={"refresh_token": fresh["refresh_token"]}, headers=bearer)
    assert left.json()["provider_logged_out"] is True
    refused = await http.get("/v1/auth/userinfo", headers=bearer)
    assert (refused.status_code, refused.json()["code"]) == (401, "unauthenticated")
    assert (await http.post("/v1/auth/logout", json={})).status_code == 422


async def test_stream_reports_the_expired_token(http: httpx.AsyncClient, clock: ManualClock) -> None:
    made = await http.post("/v1/auth/login", json={"username": "vera", "password": "vera-pw"})
    token = made.json()["access_token"]
    clock.advance(361)
    late = await http.get("/events", params={"access_token": token})
    assert late.status_code == 401
    assert "expired" in late.json()["detail"]
    assert "streams resume" in late.json()["fix"]
