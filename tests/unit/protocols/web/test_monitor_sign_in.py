"""Signing in to and out of the monitor: identity, lifetime and protection of sessions."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import httpx

from agora.server.app import App
from tests.harness import admin_token, falsify_text, make_settings
from tests.market import Market
from tests.unit.protocols.web.http_browser import HOME, Browser, csrf_of


async def token_of(market: Market, **fields: Any) -> Any:
    return await market.call(market.operator, "token.create", **fields)


async def test_only_browsers_are_redirected_to_the_monitor(market: Market, browser: Browser) -> None:
    assert (await browser.get("/")).headers["location"] == HOME
    assert (await browser.get("/v1/monitor")).headers["location"] == HOME
    plain = await browser.get("/", accept="*/*")
    assert plain.status_code == 404
    assert plain.headers["content-type"] == "application/problem+json"


async def test_local_person_signs_in_with_one_click(browser: Browser) -> None:
    sent_away = await browser.get("tasks?status=pending")
    assert (sent_away.status_code, sent_away.headers["location"]) == (
        303,
        f"{HOME}sign-in?next=%2Fv1%2Fmonitor%2Ftasks%3Fstatus%3Dpending",
    )
    entered = await browser.sign_in(next=f"{HOME}tasks?status=pending")
    assert (entered.status_code, entered.headers["location"]) == (303, f"{HOME}tasks?status=pending")
    (cookie,) = [given for given in entered.headers.get_list("set-cookie") if given.startswith("agora_session=")]
    assert cookie.endswith("; Path=/; Max-Age=43200; HttpOnly; SameSite=Strict")
    assert (await browser.get()).status_code == 200


async def test_admin_token_keys_and_agents_can_sign_in(market: Market) -> None:
    agent = await market.call(market.operator, "agent.register", agent_name="Alice")
    key = await token_of(market, label="viewer", scopes=["read:agents"])
    for token in (admin_token(market.app.settings), f"  {agent.token}\n", key.token):
        browser = Browser(market.app, "203.0.113.9")
        assert 'value="local"' not in (await browser.get("sign-in")).text
        assert (await browser.sign_in(token)).status_code == 303
        page = await browser.get()
        assert page.status_code == 200
        assert token.strip() not in page.text + browser.cookie


async def test_invalid_token_is_refused(browser: Browser) -> None:
    for token in ("nonsense-of-somebody", "agt_e30.e30", "x" * 5000, "ünïcode", "a\x00b"):
        refused = await browser.sign_in(token)
        assert refused.status_code == 401
        assert "agora_session" not in browser.http.cookies
        assert token not in refused.text


async def test_enrolment_token_is_refused(market: Market, browser: Browser) -> None:
    enrolment = await token_of(market, label="e", kind="enrolment")
    assert (await browser.sign_in(enrolment.token)).status_code == 403


async def test_remote_browser_is_never_the_operator(market: Market) -> None:
    browser = Browser(market.app, "203.0.113.9")
    assert (await browser.sign_in()).status_code == 401
    # a session of this machine, used on another one
    at_home = Browser(market.app)
    await at_home.sign_in()
    browser.http.cookies.set("agora_session", at_home.cookie)
    assert (await browser.get()).headers["location"] == f"{HOME}sign-in"
    forwarded = await at_home.get("", **{"x-forwarded-for": "203.0.113.9"})
    assert forwarded.status_code == 303
    rebound = await at_home.get("", host="evil.example")
    assert rebound.status_code == 303


EVIL = (
    "//evil.example",
    "/\\evil.example",
    "https://evil.example/v1/monitor/",
    "/v1/monitor/../../evil",
    "/v1/monitor/\r\nset-cookie: a=b",
    "javascript:alert(1)",
    "/v1/monitor/\\..\\x",
    "/v1/monitorevil",
    "/v1/monitor/" + "x" * 3000,
    "",
)


async def test_redirect_stays_on_this_server(browser: Browser) -> None:
    for next in EVIL:
        assert (await browser.sign_in(next=next)).headers["location"] == HOME
        page = (await browser.http.get(f"{HOME}sign-in", params={"next": next})).text
        assert 'name="next" value="/v1/monitor/"' in page


async def test_login_csrf_is_prevented(market: Market, browser: Browser) -> None:
    page = await browser.get("sign-in")
    fields = {"csrf": csrf_of(page), "way": "local"}
    for headers in (
        {"origin": "https://evil.example"},
        {"origin": "null"},
        {"origin": "http://127.0.0.1:9"},
        {"sec-fetch-site": "cross-site"},
        {"sec-fetch-site": "same-site"},
    ):
        assert (await browser.post("sign-in", fields, **headers)).status_code == 403
    other = Browser(market.app)
    assert (await other.post("sign-in", fields)).status_code == 403  # without the cookie of that page
    await other.get("sign-in")
    assert (await other.post("sign-in", fields)).status_code == 403  # with the cookie of another page
    assert (await browser.post("sign-in", fields | {"csrf": ""})).status_code == 403
    assert "agora_session" not in browser.http.cookies
    page = await browser.get("sign-in")
    own = {"origin": "http://127.0.0.1:8080", "sec-fetch-site": "same-origin"}
    assert (await browser.post("sign-in", {"csrf": csrf_of(page), "way": "local"}, **own)).status_code == 303


async def test_sign_in_creates_a_new_session(market: Market, browser: Browser) -> None:
    await browser.sign_in()
    first = browser.cookie
    for forged in (falsify_text(first), first[:40], "A" * 200, "%00", first + "x", "A" * 5000):
        browser.http.cookies.set("agora_session", forged, domain="127.0.0.1")
        assert (await browser.get()).status_code == 303
    browser.http.cookies.clear()
    browser.http.cookies.set("agora_session", first)  # a planted cookie
    await browser.sign_in()
    assert first not in [cookie.value for cookie in browser.http.cookies.jar if cookie.domain]
    # one of our cookies that is not a session
    page = await browser.get("sign-in")
    browser.http.cookies.clear()
    browser.http.cookies.set("agora_session", page.cookies["agora_sign_in"])
    assert (await browser.get()).status_code == 303
    other = App(make_settings(market.app.settings.data_dir / "other"))
    await other.start()
    try:
        stranger = Browser(other)
        stranger.http.cookies.set("agora_session", first)
        assert (await stranger.get()).status_code == 303
    finally:
        await other.stop()


async def test_session_ends_with_its_lifetime_token_or_person(market: Market, browser: Browser) -> None:
    key = await token_of(market, label="k", scopes=["read:agents"])
    await browser.sign_in(key.token)
    assert (await browser.get()).status_code == 200
    await market.call(market.operator, "token.revoke", token_id=key.token_id)
    gone = await browser.get()
    assert gone.headers["location"] == f"{HOME}sign-in"
    assert "agora_session=; Path=/; Max-Age=0" in gone.headers["set-cookie"]

    await browser.sign_in()
    market.clock.advance(12 * 3600 - 60)
    assert (await browser.get()).status_code == 200
    market.clock.advance(120)
    assert (await browser.get()).status_code == 303

    agent = await market.call(market.operator, "agent.register", agent_name="Alice")
    await browser.sign_in(agent.token)
    await market.call(market.operator, "agent.deregister", agent_id=agent.agent_id)
    assert (await browser.get()).status_code == 303


async def test_sign_out_ends_copied_sessions(browser: Browser) -> None:
    await browser.sign_in()
    copy, token = browser.cookie, await browser.csrf()
    assert (await browser.post("sign-out", {"csrf": "guessed"})).status_code == 403
    assert (await browser.get("sign-out")).status_code == 404
    assert (await browser.get()).status_code == 200
    left = await browser.post("sign-out", {"csrf": token})
    assert left.status_code == 200
    assert f'content="0;url={HOME}sign-in"' in left.text
    browser.http.cookies.set("agora_session", copy)
    assert (await browser.get()).status_code == 303


async def test_cookie_has_the_host_prefix_under_https(tmp_path: Path) -> None:
    app = App(make_settings(tmp_path, public_url="https://agora.example"))
    await app.start()
    try:
        browser = Browser(app, url="https://agora.example")
        entered = await browser.sign_in(admin_token(app.settings))
        (cookie,) = [given for given in entered.headers.get_list("set-cookie") if "Max-Age=43200" in given]
        assert cookie.startswith("__Host-agora_session=")
        assert cookie.endswith("; HttpOnly; SameSite=Strict; Secure")
        assert "Domain" not in cookie
        assert (await browser.get()).status_code == 200
        plain = Browser(app, url="https://agora.example")
        plain.http.cookies.set("agora_session", cookie.split("=", 1)[1].split(";")[0])
        assert (await plain.get()).status_code == 303
    finally:
        await app.stop()


class Provider:
    """An identity provider as the monitor sees it. It accepts only what it issued."""

    def __init__(self, credential: str, next: str) -> None:
        self.credential, self.next = credential, next
        self.url, self.cookie, self.max_age = "https://id.example/authorize?state=1", "sealed", 600
        self.asked: list[tuple[str, str]] = []

    async def begin_sign_in(self, next: str, redirect_uri: str) -> Provider:
        self.asked.append((next, redirect_uri))
        return self

    async def finish_sign_in(self, query: Any, cookie: str | None, redirect_uri: str) -> Provider:
        from agora_sdk.errors import Unauthenticated

        self.asked.append((query.get("state", ""), redirect_uri))
        if cookie != self.cookie:
            raise Unauthenticated("This sign-in was not begun by this browser.")
        return self


async def test_person_signs_in_through_a_provider(market: Market, browser: Browser) -> None:
    key = await token_of(market, label="k", scopes=["read:agents"])
    provider = Provider(key.token, f"{HOME}agents")
    market.app.monitor_app.sign_in.sign_on = provider
    assert f'href="{HOME}sso' in (await browser.get("sign-in")).text
    away = await browser.get("sso?next=//evil.example")
    assert (away.status_code, away.headers["location"]) == (303, provider.url)
    assert "Path=/v1/monitor/callback; Max-Age=600; HttpOnly; SameSite=Lax" in away.headers["set-cookie"]
    back = await browser.get("callback?state=1&code=2")
    assert f'content="0;url={HOME}agents"' in back.text
    assert provider.asked == [
        (HOME, f"http://127.0.0.1:8080{HOME}callback"),
        ("1", f"http://127.0.0.1:8080{HOME}callback"),
    ]
    assert (await browser.get()).status_code == 200
    refused: httpx.Response = await browser.get("callback?state=1")
    assert refused.status_code == 401
    assert "not begun by this browser" in refused.text


async def test_provider_sign_in_requires_a_provider(browser: Browser) -> None:
    for path in ("sso", "callback?code=1&state=2"):
        assert (await browser.get(path)).status_code == 404


async def test_callback_url_does_not_use_the_host_header(market: Market) -> None:
    provider = market.app.monitor_app.sign_in.sign_on = Provider("", HOME)
    stranger = Browser(market.app, url="http://evil.example:8080")
    for path in ("sso", "callback?code=1&state=2"):
        answer = await stranger.get(path)
        assert answer.status_code == 409
        assert "public_url" in answer.text
    assert provider.asked == []


async def test_sealed_cookie_is_valid_for_one_purpose_only(market: Market) -> None:
    sessions = market.app.monitor_app.sessions
    fields: list[str | int] = ["token", "adm_1", "csrf", 2**40, "default"]
    assert sessions.unseal_or_none(sessions.seal(fields, "session"), "session") == fields
    for use in ("sign-in", "notice"):
        assert sessions.unseal_or_none(sessions.seal(fields, use), "session") is None
        assert sessions.unseal_or_none(sessions.seal(fields, "session"), use) is None
