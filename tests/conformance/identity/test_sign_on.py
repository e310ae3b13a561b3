"""Single sign-on with a real provider, on every engine."""

from __future__ import annotations

import asyncio
import base64
import json
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from agora.clock import SECOND, to_datetime
from agora.core.call import Caller
from agora.core.scopes import ROLES
from agora.domains.identity.jobs import UserController
from agora.domains.identity.users import DAY
from agora.server.app import App
from agora_sdk.errors import (
    AgoraError,
    InvalidRequest,
    NotFound,
    PermissionDenied,
    RateLimited,
    Unauthenticated,
    UpstreamUnavailable,
)
from tests.conformance.engines import Engine, RunsOn
from tests.harness import ManualClock, falsify_text, local_client, make_settings
from tests.market import Market
from tests.oidc.browser import browse
from tests.oidc.provider import CALLBACK, CLIENT, SECRET, provider

RUNS_ON = RunsOn.BOTH_IF_LONG

__all__ = ["provider"]

LOGIN, REFRESH, LOGOUT = "auth.login", "auth.refresh", "auth.logout"


@pytest.fixture
async def market(engine: Engine, tmp_path: Path, clock: ManualClock, provider: str) -> AsyncIterator[Market]:
    url, _, realm = provider.rpartition("/realms/")
    keycloak = {"keycloak_url": url, "keycloak_realm": realm, "keycloak_client_id": CLIENT}
    settings = make_settings(
        tmp_path / "data", **keycloak, keycloak_client_secret=SECRET, oidc_cli_client_id="agora-cli"
    )
    app = App(settings, clock=clock, store=engine.store(clock))
    await app.start()
    yield Market(app, clock)
    await app.stop()


async def login(market: Market, name: str) -> Any:
    return await market.call(market.app.authenticator.anonymous, LOGIN, username=name, password=f"{name}-pw")


async def who(market: Market, credential: str) -> Caller:
    return await market.app.authenticator.authenticate(credential)


async def written(market: Market) -> None:
    (people,) = [found for found in market.app.controllers if isinstance(found, UserController)]
    await people.flush_sightings()


async def back(url: str, name: str) -> dict[str, str]:
    """Return the parameters of the provider's redirect after a person has signed in."""
    return dict((await asyncio.to_thread(browse, url, name, until=CALLBACK)).params)


async def test_person_signs_in_and_out_with_a_password(market: Market) -> None:
    stranger = market.app.authenticator.anonymous
    assert (await market.call(stranger, "auth.configuration")).password
    made = await login(market, "ada")
    assert (made.user.username, made.user.email, made.user.role) == ("ada", "ada@market.test", "admin")
    assert "admin" in made.user.roles
    assert (made.token_type, made.expires_in) == ("Bearer", 300)
    ada = await who(market, made.access_token)
    assert (ada.subject, ada.authority, ada.scopes) == (made.user.id, 255, ROLES["admin"])
    told = await market.call(ada, "auth.userinfo")
    assert (told.preferred_username, told.name, told.role) == ("ada", "Ada Lovelace", "admin")
    fresh = await market.call(stranger, REFRESH, refresh_token=made.refresh_token)
    assert fresh.access_token != made.access_token
    assert (await who(market, fresh.access_token)).subject == ada.subject
    left = await market.call(await who(market, fresh.access_token), LOGOUT, refresh_token=fresh.refresh_token)
    assert left.provider_logged_out
    assert left.logout_url.startswith(market.app.sign_on.home.issuer)  # type: ignore[union-attr]
    for token in (fresh.access_token, made.access_token):
        with pytest.raises(Unauthenticated, match="logged out"):
            await who(market, token)
    with pytest.raises(Unauthenticated):
        await market.call(stranger, REFRESH, refresh_token=fresh.refresh_token)
    (event,) = market.of_type("agora.session.ended")
    assert event.audience == (ada.subject,)
    assert (await who(market, (await login(market, "ada")).access_token)).subject == ada.subject


async def test_invalid_sign_ins_are_refused(market: Market) -> None:
    assert market.app.sign_on is not None
    market.app.sign_on.monotonic = lambda: 0.0  # the limit of attempts is not refilled meanwhile
    stranger = market.app.authenticator.anonymous
    with pytest.raises(Unauthenticated, match="Invalid user credentials"):
        await market.call(stranger, LOGIN, username="ada", password="wrong")
    for arguments in ({"username": "", "password": "x"}, {"username": "a\0", "password": "x"}, {"username": "a"}):
        with pytest.raises(InvalidRequest):
            await market.call(stranger, LOGIN, **arguments)
    with pytest.raises(InvalidRequest, match="Idempotency-Key"):
        await market.call(stranger, LOGIN, key="k" * 20, username="ada", password="ada-pw")
    with pytest.raises(Unauthenticated):
        await market.call(stranger, REFRESH, refresh_token="made-up")
    with pytest.raises(InvalidRequest, match="client"):
        await market.call(stranger, REFRESH, refresh_token="x", client_id="other")
    with pytest.raises(InvalidRequest, match="not belong to a session"):
        await market.call(market.operator, LOGOUT)
    for _ in range(9):
        with pytest.raises(Unauthenticated):
            await market.call(stranger, LOGIN, username="Ada", password="wrong")
    with pytest.raises(RateLimited):
        await market.call(stranger, LOGIN, username="ADA", password="ada-pw")
    assert (await login(market, "vera")).user.role == "viewer"


async def test_operators_manage_people(market: Market) -> None:
    vera, uma = await login(market, "vera"), await login(market, "uma")
    with pytest.raises(PermissionDenied):
        await market.call(await who(market, vera.access_token), "user.list")
    await written(market)
    listed = await market.call(market.operator, "user.list", limit=1)
    assert [user.username for user in listed.users] == ["uma"]
    rest = await market.call(market.operator, "user.list", cursor=listed.next_cursor)
    assert [(user.username, user.role, user.role_given_here) for user in rest.users] == [("vera", "viewer", False)]
    changed = await market.call(market.operator, "user.update", user_id=vera.user.id, role="operator")
    assert (changed.role, changed.role_given_here) == ("operator", True)
    caller = await who(market, vera.access_token)
    assert caller.scopes == ROLES["operator"], "it holds at once"
    clerk = replace(market.operator, scopes=frozenset({"admin", *ROLES["viewer"]}), kind="key")
    for role in ("admin", "operator"):
        with pytest.raises(PermissionDenied):
            await market.call(clerk, "user.update", user_id=uma.user.id, role=role)
    with pytest.raises(PermissionDenied, match="authority"):
        await market.call(replace(market.operator, authority=10), "user.update", user_id=uma.user.id, role="admin")
    ada = await login(market, "ada")
    await written(market)
    with pytest.raises(PermissionDenied, match="an authority of 255"):
        await market.call(replace(market.operator, authority=10), "user.update", user_id=ada.user.id, disabled=True)
    await market.call(clerk, "user.update", user_id=vera.user.id, role="provider")
    assert (await who(market, vera.access_token)).scopes == ROLES["viewer"]
    await market.call(market.operator, "user.update", user_id=vera.user.id, disabled=True)
    with pytest.raises(PermissionDenied, match="disabled"):
        await who(market, vera.access_token)
    with pytest.raises(PermissionDenied, match="disabled"):
        await login(market, "vera")
    shown = await market.call(market.operator, "user.update", user_id=vera.user.id, disabled=False)
    assert (shown.disabled, shown.role) == (False, "viewer")
    assert await who(market, vera.access_token)
    with pytest.raises(NotFound):
        await market.call(market.operator, "user.get", user_id="usr_" + "0" * 32)


async def test_number_of_open_tasks_of_a_person_is_limited(market: Market) -> None:
    uma = await login(market, "uma")
    caller = await who(market, uma.access_token)
    await written(market)
    await market.call(market.operator, "user.update", user_id=caller.subject, concurrency_limit=2)
    caller = await who(market, uma.access_token)
    assert (await market.call(caller, "auth.userinfo")).concurrency_limit == 2

    async def give(by: Caller) -> Any:
        return await market.call(by, "task.assign", task_type="work")

    given = await asyncio.gather(*(give(caller) for _ in range(6)), return_exceptions=True)
    taken = [found for found in given if not isinstance(found, BaseException)]
    assert len(taken) == 2
    assert all(isinstance(found, RateLimited) for found in given if found not in taken)
    assert (await market.call(market.operator, "user.get", user_id=caller.subject)).open_tasks == 2
    await market.call(caller, "task.cancel", task_id=taken[0].task_id)
    await give(caller)
    with pytest.raises(RateLimited):
        await give(caller)
    await give(market.operator)
    await market.call(market.operator, "user.update", user_id=caller.subject, concurrency_limit=0)
    await give(await who(market, uma.access_token))


async def test_number_of_jobs_per_day_of_a_person_is_limited(market: Market) -> None:
    uma = await login(market, "uma")
    caller = await who(market, uma.access_token)
    await written(market)
    await market.call(market.operator, "user.update", user_id=caller.subject, daily_job_limit=3)
    caller = await who(market, uma.access_token)
    assert (await market.call(caller, "auth.userinfo")).daily_job_limit == 3

    async def submit_job(by: Caller, task_type: str = "coding.job") -> Any:
        return await market.call(by, "task.assign", task_type=task_type, payload={"prompt": "x"})

    outcomes = await asyncio.gather(*(submit_job(caller) for _ in range(7)), return_exceptions=True)
    receipts = [outcome for outcome in outcomes if not isinstance(outcome, BaseException)]
    refusals = [outcome for outcome in outcomes if isinstance(outcome, RateLimited)]
    assert (len(receipts), len(refusals)) == (3, 4)
    now = market.clock.now()
    midnight = (now // DAY + 1) * DAY
    assert refusals[0].daily_job_limit == 3
    assert datetime.fromisoformat(refusals[0].resets_at) == to_datetime(midnight)
    assert 0 < refusals[0].retry_after <= 86_400
    await market.call(caller, "task.cancel", task_id=receipts[0].task_id)
    with pytest.raises(RateLimited, match="daily maximum"):
        await submit_job(caller)  # a cancelled job counts too
    await submit_job(caller, "work")
    await submit_job(market.operator)
    user = await market.call(market.operator, "user.get", user_id=caller.subject)
    assert (user.jobs_today, user.daily_job_limit) == (3, 3)
    market.clock.advance((midnight - now) / SECOND)
    renewed = replace(caller, expires_at=None)
    assert (await market.call(market.operator, "user.get", user_id=caller.subject)).jobs_today == 0
    await submit_job(renewed)
    assert (await market.call(market.operator, "user.get", user_id=caller.subject)).jobs_today == 1


async def test_browser_signs_in(market: Market) -> None:
    sign_on = market.app.sign_on
    assert sign_on is not None
    begun = await sign_on.begin_sign_in("/v1/monitor/tasks", CALLBACK)
    other = await sign_on.begin_sign_in("https://evil.test/", CALLBACK)
    query = await back(begun.url, "otto")
    wrong: list[tuple[dict[str, str], str | None, str]] = [
        (query, None, CALLBACK),
        (query, other.cookie, CALLBACK),
        (query, falsify_text(begun.cookie), CALLBACK),
        (query, begun.cookie, CALLBACK + "x"),
        (query | {"state": "x"}, begun.cookie, CALLBACK),
        (query | {"iss": "https://evil.test"}, begun.cookie, CALLBACK),
        ({name: value for name, value in query.items() if name != "iss"}, begun.cookie, CALLBACK),
        (query | {"code": ""}, begun.cookie, CALLBACK),
    ]
    for given in wrong:
        with pytest.raises(Unauthenticated):
            await sign_on.finish_sign_in(*given)
    done = await sign_on.finish_sign_in(query, begun.cookie, CALLBACK)
    assert (done.next, done.name) == ("/v1/monitor/tasks", "otto")
    with pytest.raises(Unauthenticated):
        await sign_on.finish_sign_in(query, begun.cookie, CALLBACK)
    otto = await who(market, done.credential)
    assert (otto.kind, otto.scopes) == ("user", ROLES["operator"])
    for forged in (done.credential[:-3], "ses_e30." + done.credential.partition(".")[2], "ses_", "ses_.", "ses_x.y"):
        with pytest.raises(Unauthenticated):
            await who(market, forged)
    query = await back(other.url, "otto")
    market.clock.advance(601)
    with pytest.raises(Unauthenticated, match="too long"):
        await sign_on.finish_sign_in(query, other.cookie, CALLBACK)


async def signed_in(market: Market, name: str) -> str:
    sign_on = market.app.sign_on
    assert sign_on is not None
    begun = await sign_on.begin_sign_in("//evil.test", CALLBACK)
    done = await sign_on.finish_sign_in(await back(begun.url, name), begun.cookie, CALLBACK)
    assert done.next == "/v1/monitor/"
    return done.credential


async def test_session_is_renewed_and_expires(market: Market, monkeypatch: pytest.MonkeyPatch) -> None:
    """The provider's clock stands still, so renewed tokens expire at the same moment: our clock is advanced by less."""
    credential = await signed_in(market, "vera")
    assert market.app.sign_on is not None
    flows = market.app.sign_on.flows
    asked: list[str] = []
    refresh = flows.exchange_refresh_token

    async def counted(token: str, client_id: str) -> Any:
        asked.append(token)
        return await refresh(token, client_id)

    monkeypatch.setattr(flows, "exchange_refresh_token", counted)
    vera = await who(market, credential)
    market.clock.advance(301)
    sign_on = market.app.sign_on
    monkeypatch.setattr(sign_on, "trust", replace(sign_on.trust, skew=400_000_000))
    callers = await asyncio.gather(*(sign_on.authenticate_session("default", str(vera.token_id)) for _ in range(5)))
    assert {caller.subject for caller in callers} == {vera.subject}
    assert len(asked) == len(set(asked)) > 0, "however many ask, a refresh token is used once"
    left = await market.call(callers[0], LOGOUT)
    assert left.provider_logged_out
    with pytest.raises(Unauthenticated):
        await who(market, credential)


async def test_session_ends_with_the_providers_session(market: Market, monkeypatch: pytest.MonkeyPatch) -> None:
    credential = await signed_in(market, "vera")
    sign_on = market.app.sign_on
    assert sign_on is not None
    vera = await who(market, credential)
    kept = await sign_on.sessions.read_provider_tokens("default", str(vera.token_id))
    assert kept.refresh is not None
    assert await sign_on.flows.revoke_token(kept.refresh, CLIENT)
    market.clock.advance(301)
    monkeypatch.setattr(sign_on, "trust", replace(sign_on.trust, skew=400_000_000))

    async def down(*_: Any) -> Any:
        raise UpstreamUnavailable("down")

    with monkeypatch.context() as patched:
        patched.setattr(sign_on.flows, "exchange_refresh_token", down)
        with pytest.raises(UpstreamUnavailable):
            await sign_on.authenticate_session("default", str(vera.token_id))
    for _ in range(2):
        with pytest.raises(Unauthenticated, match="ended"):
            await sign_on.authenticate_session("default", str(vera.token_id))
    rows = await market.app.store.read("default", lambda reader: _session(reader, str(vera.token_id)))
    assert rows.ended_at is not None
    assert kept.refresh.encode() not in bytes(rows.secrets)


async def test_session_ended_by_the_provider_is_not_renewed(market: Market, monkeypatch: pytest.MonkeyPatch) -> None:
    """Not even if the provider would renew it, and not with a token issued meanwhile."""
    credential = await signed_in(market, "vera")
    sign_on = market.app.sign_on
    assert sign_on is not None
    vera = await who(market, credential)
    assert vera.person is not None

    async def signed(_: str) -> None:
        """Signed with the provider's own key."""

    async def never(*_: Any) -> Any:
        raise AssertionError("the provider was asked")

    monkeypatch.setattr(sign_on, "check_logout_token", signed)
    claims = {"iss": sign_on.home.issuer, "aud": CLIENT, "iat": market.clock.now() // 1_000_000, "jti": "1"}
    said = claims | {"sub": vera.person.subject, "events": {"http://schemas.openid.net/event/backchannel-logout": {}}}
    parts = [base64.urlsafe_b64encode(json.dumps(part).encode()).decode() for part in ({"alg": "RS256"}, said)]
    taken = await market.call(
        market.app.authenticator.anonymous,
        "auth.backchannel_logout",
        logout_token=".".join([*parts, "x"]).replace("=", ""),
    )
    assert (taken.user_id, taken.whole_person) == (vera.subject, True)
    with pytest.raises(Unauthenticated, match="logged out"):
        await who(market, credential)
    assert (await who(market, await signed_in(market, "uma"))).kind == "user"
    market.clock.advance(301)
    monkeypatch.setattr(sign_on.flows, "exchange_refresh_token", never)
    with pytest.raises(Unauthenticated, match="ended at the identity provider"):
        await sign_on.authenticate_session("default", str(vera.token_id))
    row = await market.app.store.read("default", lambda reader: _session(reader, str(vera.token_id)))
    assert row.ended_at is not None


async def _session(reader: Any, session_id: str) -> Any:
    from agora.domains.identity import queries as people

    return await reader.one(people.select_session, session_id=session_id)


async def test_expired_sessions_are_deleted(market: Market) -> None:
    await signed_in(market, "vera")
    uma = await login(market, "uma")
    await market.call(await who(market, uma.access_token), LOGOUT)
    (people,) = [found for found in market.app.controllers if isinstance(found, UserController)]
    market.clock.advance(2 * 86_400)
    await people.reconcile("default")

    async def count(reader: Any) -> list[int]:
        from agora.store.port import Query

        tables = ("user_sessions", "ended_logins")
        return [
            await reader.one(Query(f"select count(*) as n from {name} where tenant_id = :tenant", int))
            for name in tables
        ]

    assert await market.app.store.read("default", count) == [0, 0]


async def test_stream_ends_with_its_token_and_resumes_with_the_next(market: Market) -> None:
    from agora.protocols.http import RequestAuthenticator

    made = await login(market, "vera")
    operation = market.app.registry.resolve("agora.event.stream")
    request_authenticator = RequestAuthenticator(market.app.authenticator, market.app.settings, market.app.backpressure)
    scope = {"headers": [(b"authorization", f"Bearer {made.access_token}".encode())], "client": ("10.0.0.1", 1)}

    async def valid() -> None:
        await request_authenticator.authenticate_request(scope)

    caller = await request_authenticator.authenticate_request(scope)
    stream = await market.app.dispatcher.open_stream(operation, caller, {}, valid=valid)
    items = aiter(stream)
    await market.call(market.operator, "event.publish", event_type="work.one")
    first = await anext(items)
    assert first.type == "work.one"
    market.clock.advance(300 + 61)
    await stream.recheck_access()
    assert stream.close_reason is not None
    assert stream.close_reason.code == Unauthenticated.close_code
    with pytest.raises(Unauthenticated, match="expired"):
        await anext(items)
    await market.call(market.operator, "event.publish", event_type="work.two")
    again = await who(market, await signed_in_token(market))
    resumed = await market.app.dispatcher.open_stream(operation, again, {"last_event_id": str(first.sequence)})
    assert (await anext(aiter(resumed))).type == "work.two"
    resumed.close()


async def signed_in_token(market: Market) -> str:
    """Create a new token; our clock is first set to the provider's."""
    market.clock.added = 0
    token: str = (await login(market, "vera")).access_token
    return token


async def test_provider_without_password_grant_refuses_password_sign_in(
    engine: Engine, tmp_path: Path, clock: ManualClock, provider: str
) -> None:
    """A provider configured only by URL does not accept passwords; a missing client registration is reported."""
    settings = make_settings(tmp_path / "data", oidc_issuers=f"acme={provider}", oidc_client_id="unknown")
    app = App(settings, clock=clock, store=engine.store(clock))
    await app.start()
    market = Market(app, clock)
    with pytest.raises(NotFound, match="passed on"):
        await login(market, "ada")
    with pytest.raises(AgoraError, match="oidc_client_id"):
        await market.call(app.authenticator.anonymous, REFRESH, refresh_token="x")
    assert app.sign_on is not None
    object.__setattr__(app.sign_on.trust, "client_secret", "a secret that is lent to nobody")
    with pytest.raises(NotFound, match="passed on"):
        await market.call(app.authenticator.anonymous, REFRESH, refresh_token="x")
    await app.stop()


async def test_monitor_signs_in_through_the_provider(market: Market) -> None:
    """A browser session; the cookie of a pending sign-in is valid only in its own browser."""
    async with local_client(market.app) as browser, local_client(market.app) as another:
        away = await browser.get("/v1/monitor/sso", params={"next": "/v1/monitor/tasks"})
        assert away.is_redirect
        query = await back(away.headers["location"], "otto")
        stolen = await another.get(CALLBACK, params=query)
        assert stolen.status_code == 401
        home = await browser.get(CALLBACK, params=query)
        assert home.status_code == 200, home.text
        assert "/v1/monitor/tasks" in home.text
        assert "otto" in (await browser.get("/v1/monitor/")).text
        assert (await browser.get(CALLBACK, params=query)).status_code == 401
