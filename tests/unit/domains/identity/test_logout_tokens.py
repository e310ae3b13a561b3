"""Back-channel logout tokens: accepted once, only from the provider, and only for the session or person that they name."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from agora.server.app import App
from agora.settings import Settings
from agora_sdk.errors import Unauthenticated
from tests.harness import ManualClock, make_settings
from tests.market import Market
from tests.oidc.issuer import OTHER, Issuer, issuing

PATH = "/v1/auth/backchannel-logout"
EVENT = "http://schemas.openid.net/event/backchannel-logout"
ASIDE = int(time.time()) + 100_000


@pytest.fixture
async def issuer() -> AsyncIterator[Issuer]:
    async with issuing() as issuer:
        yield issuer


@pytest.fixture
def settings(tmp_path: Path, issuer: Issuer) -> Settings:
    return make_settings(
        tmp_path / "data", oidc_issuers=issuer.url, oidc_client_id="agora", host="0.0.0.0", oidc_tenant_claim="org"
    )


@pytest.fixture
async def provider(app: App) -> AsyncIterator[httpx.AsyncClient]:
    """The provider's connection to us, which is anonymous."""
    transport = httpx.ASGITransport(app, client=("203.0.113.7", 50000))
    async with httpx.AsyncClient(transport=transport, base_url="http://agora.example") as http:
        yield http


@pytest.fixture
async def market(app: App, clock: ManualClock) -> Market:
    return Market(app, clock)


def token(issuer: Issuer, **changes: Any) -> str:
    """Build an access token."""
    return issuer.token(**({"org": "default", "sid": "s1"} | changes))


def logout(issuer: Issuer, header: dict[str, Any] | None = None, key: Any = None, **changes: Any) -> str:
    """Build a logout token of a session."""
    bare = dict.fromkeys(("typ", "preferred_username", "realm_access"))
    said = {"sid": "s1", "jti": "one", "exp": int(time.time()) + 120, "events": {EVENT: {}}} | changes
    given = {"typ": "logout+jwt"} | (header or {})
    return issuer.token(header=given, **bare | said) if key is None else issuer.token(key, header=given, **bare | said)


async def tell(http: httpx.AsyncClient, logout_token: str, **more: str) -> httpx.Response:
    return await http.post(PATH, data={"logout_token": logout_token, **more})


async def who(market: Market, credential: str) -> Any:
    return await market.app.authenticator.authenticate(credential)


WRONG: dict[str, dict[str, Any]] = {
    "for another client": {"aud": "other"},
    "for nobody": {"aud": None},
    "of another issuer": {"iss": "https://evil.test"},
    "of a list of issuers": {"iss": ["https://evil.test"]},
    "made at no time": {"iat": None},
    "made at a text": {"iat": "now"},
    "made in the future": {"iat": ASIDE},
    "expired": {"exp": ASIDE - 100_200, "iat": ASIDE - 100_300},
    "old, whatever it says": {"exp": ASIDE, "iat": ASIDE - 104_000},
    "old, and not saying for how long": {"exp": None, "iat": ASIDE - 100_300},
    "with a nonce": {"nonce": "n"},
    "without events": {"events": None},
    "with another event": {"events": {"http://schemas.openid.net/event/other": {}}},
    "with events that are a list": {"events": [EVENT]},
    "with an event that is no object": {"events": {EVENT: "yes"}},
    "without a jti": {"jti": None},
    "with an endless jti": {"jti": "x" * 256},
    "with a jti that is a number": {"jti": 7},
    "about nobody": {"sid": None, "sub": None},
    "of a session that is a list": {"sid": ["s1"]},
    "of a session with a zero": {"sid": "s\0"},
}


async def test_invalid_logout_tokens_are_refused(market: Market, issuer: Issuer, provider: httpx.AsyncClient) -> None:
    ada = token(issuer)
    await who(market, ada)
    said = {why: logout(issuer, **changes) for why, changes in WRONG.items()} | {
        "an access token": ada,
        "of another key": logout(issuer, key=OTHER, header={"kid": "first"}),
        "unsigned": logout(issuer).rpartition(".")[0] + ".",
        "critical": logout(issuer, header={"crit": ["b64"], "b64": True}),
        "of another type": logout(issuer, header={"typ": "at+jwt"}, events=None),
        "no token": "x",
    }
    for why, word in said.items():
        refused = await tell(provider, word)
        assert refused.status_code == 400, (why, refused.text)
        assert refused.headers["cache-control"] == "no-store"
        problem = refused.json()
        assert (problem["error"], problem["error_description"]) == ("invalid_request", problem["detail"])
        assert problem["fix"], why
        assert word not in refused.text or word == "x"
    assert (await provider.post(PATH, data={})).status_code == 422
    assert (await provider.post(PATH, content=b"logout_token=%ff", headers=FORM)).status_code == 400
    assert (await provider.post(PATH, content=b"logout_token=a&logout_token=b", headers=FORM)).status_code == 422
    assert (await tell(provider, "x" * 9000)).status_code == 422
    assert (await tell(provider, "x" * 40_000)).status_code == 413
    assert (await provider.get(PATH)).status_code == 405
    market.app.authenticator.forget_all()
    assert (await who(market, ada)).kind == "user"
    assert not market.of_type("agora.session.ended")


FORM = {"content-type": "application/x-www-form-urlencoded"}


async def test_logout_token_ends_a_session_once(market: Market, issuer: Issuer, provider: httpx.AsyncClient) -> None:
    ada, elsewhere, bob = token(issuer), token(issuer, sid="s2"), token(issuer, sub="bob", sid="s3")
    callers = [await who(market, each) for each in (ada, elsewhere, bob)]
    word = logout(issuer)
    taken = await tell(provider, word, unknown="is ignored")
    assert (taken.status_code, taken.headers["cache-control"]) == (200, "no-store")
    assert taken.json() == {"user_id": callers[0].subject, "whole_person": False}
    with pytest.raises(Unauthenticated, match="logged out"):
        await who(market, ada)
    assert [(await who(market, each)).subject for each in (elsewhere, bob)] == [each.subject for each in callers[1:]]
    for _ in range(2):
        again = await tell(provider, word)
        assert (again.status_code, "taken before" in again.text) == (400, True)
    (event,) = market.of_type("agora.session.ended")
    assert (event.subject, event.audience) == (callers[0].subject, (callers[0].subject,))
    late = token(issuer, iat=int(time.time()) + 5)
    assert (await who(market, late)).subject == callers[0].subject, "the provider may let them in again"
    older = logout(issuer, jti="two", iat=int(time.time()) - 60)
    assert (await tell(provider, older)).status_code == 200
    with pytest.raises(Unauthenticated, match="logged out"):
        await who(market, ada)  # a late token undoes nothing


async def test_concurrent_copies_of_a_token_are_applied_once(
    market: Market, issuer: Issuer, provider: httpx.AsyncClient
) -> None:
    word = logout(issuer)
    answers = await asyncio.gather(*(tell(provider, word) for _ in range(6)))
    assert sorted(answer.status_code for answer in answers) == [200, 400, 400, 400, 400, 400]
    assert len(market.of_type("agora.session.ended")) == 1


async def test_logout_token_may_name_only_a_session(
    market: Market, issuer: Issuer, provider: httpx.AsyncClient
) -> None:
    ada = token(issuer)
    caller = await who(market, ada)
    taken = await tell(provider, logout(issuer, sub=None, header={"typ": "JWT"}, exp=None))
    assert taken.json() == {"user_id": None, "whole_person": False}
    (event,) = market.of_type("agora.session.ended")
    assert event.subject in caller.person.login
    with pytest.raises(Unauthenticated, match="logged out"):
        await who(market, ada)


async def test_logout_token_ends_sessions_in_every_tenant(
    market: Market, issuer: Issuer, provider: httpx.AsyncClient
) -> None:
    """The token does not name the tenant."""
    await market.call(market.operator, "tenant.create", tenant_id="acme", name="Acme")
    here, there = token(issuer, sid=None), token(issuer, sid="s9", org="acme")
    bob = token(issuer, sub="bob", org="acme")
    tenants = [(await who(market, each)).tenant for each in (here, there, bob)]
    assert tenants == ["default", "acme", "acme"]
    stream = await stream_of(market, there)
    taken = await tell(provider, logout(issuer, sid=None))
    assert taken.json()["whole_person"] is True
    for each in (here, there):
        with pytest.raises(Unauthenticated, match="logged out"):
            await who(market, each)
    assert (await who(market, bob)).kind == "user"
    with pytest.raises(Unauthenticated, match="logged out"):
        async with asyncio.timeout(60):
            await anext(aiter(stream))
    operator = {"authorization": f"Bearer {(market.app.settings.data_dir / 'admin-token').read_text().strip()}"}
    word = {"logout_token": logout(issuer, jti="two")}
    refused = await provider.post(PATH, data=word, headers=operator | {"x-agora-tenant": "acme"})
    assert (refused.status_code, "X-Agora-Tenant" in refused.text) == (422, True)


async def stream_of(market: Market, credential: str) -> Any:
    async def valid() -> None:
        await who(market, credential)

    operation = market.app.registry.resolve("agora.event.stream")
    return await market.app.dispatcher.open_stream(operation, await who(market, credential), {}, valid=valid)


async def test_logout_token_is_not_a_credential(market: Market, issuer: Issuer, provider: httpx.AsyncClient) -> None:
    for header in ("logout+jwt", "JWT"):
        word = logout(issuer, header={"typ": header}, org="default")
        with pytest.raises(Unauthenticated):
            await who(market, word)
        assert (await provider.get("/v1/auth/userinfo", headers={"authorization": f"Bearer {word}"})).status_code == 401


async def test_logout_token_is_refused_while_the_provider_is_unreachable(
    market: Market, issuer: Issuer, provider: httpx.AsyncClient
) -> None:
    issuer.broken = True
    answer = await tell(provider, logout(issuer))
    assert answer.status_code in (502, 503)
    market.clock.advance(11)
    issuer.broken = False
    assert (await tell(provider, logout(issuer))).status_code == 200, "the provider tries again, with the same word"
    assert (await tell(provider, logout(issuer, key=OTHER, jti="two"))).status_code == 400, (
        "of a key it does not publish"
    )


async def test_logout_route_requires_a_provider(tmp_path: Path) -> None:
    app = App(make_settings(tmp_path / "data"))
    await app.start()
    try:
        transport = httpx.ASGITransport(app, client=("127.0.0.1", 50000))
        async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1:8080") as http:
            assert (await tell(http, "x")).status_code == 404
    finally:
        await app.stop()
