"""Sign-out, at this server or at the provider, ends the session on every server."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
import uvicorn

from agora_sdk.errors import Unauthenticated
from tests.conformance.engines import PostgresEngine, RunsOn
from tests.conformance.server.test_replicas import replica, together
from tests.harness import PromptServer
from tests.market import Market
from tests.oidc.browser import browse
from tests.oidc.provider import CALLBACK, SECRET, provider
from tests.polling import wait_until
from tests.unit.protocols.web.http_browser import HOME, Browser, csrf_of

RUNS_ON = RunsOn.POSTGRES

__all__ = ["provider"]

EVENTS = {"accept": "text/event-stream"}


async def at(market: Market, cookie: str) -> Browser:
    """Create a browser with a session's cookie, at another server."""
    browser = Browser(market.app)
    browser.http.cookies.set("agora_session", cookie)
    return browser


@asynccontextmanager
async def listening(market: Market) -> AsyncIterator[str]:
    """Run a started server at a URL."""
    app = market.app

    async def door(scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "http":
            await app(scope, receive, send)

    config = uvicorn.Config(door, host="127.0.0.1", port=0, log_config=None, lifespan="off")
    listener, server = config.bind_socket(), PromptServer(config)
    server.install_signal_handlers = lambda: None  # type: ignore[attr-defined]
    serving = asyncio.create_task(server.serve(sockets=[listener]))
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    finally:
        server.should_exit = True
        await serving


async def test_sign_out_at_one_server_ends_the_session_everywhere(postgres: PostgresEngine, tmp_path: Path) -> None:
    async with together(postgres, tmp_path) as (a, b):
        here = Browser(a.app)
        await here.sign_in()
        other = Browser(a.app)
        await other.sign_in()
        there, copy = await at(b, here.cookie), here.cookie
        page = await there.get()
        assert page.status_code == 200
        stream = asyncio.create_task(there.http.get(f"{HOME}live/", headers=EVENTS))
        await wait_until(lambda: len(b.app.feed.list_streams()) == 1)
        left = await here.post("sign-out", {"csrf": csrf_of(await here.get())})
        assert left.status_code == 200
        async with asyncio.timeout(60):
            await stream  # its session has ended, and its cached entry too
        for browser in (there, await at(a, copy)):
            gone = await browser.get()
            assert (gone.status_code, gone.headers["location"]) == (303, f"{HOME}sign-in")
            refused = await browser.post("act/agora.event.publish", {"csrf": csrf_of(page), "event_type": "work.x"})
            assert (refused.status_code, refused.headers["location"]) == (303, f"{HOME}sign-in")
        assert (await other.get()).status_code == 200, "another session of the same person continues"
        assert (await (await at(b, other.cookie)).get()).status_code == 200
    again = await replica(postgres, tmp_path / "c", tmp_path / "a")
    try:
        assert (await (await at(again, copy)).get()).status_code == 303
        assert (await (await at(again, other.cookie)).get()).status_code == 200
    finally:
        await again.app.stop()


async def test_ending_sessions_requires_a_credential(postgres: PostgresEngine, tmp_path: Path) -> None:
    market = await replica(postgres, tmp_path / "a")
    try:
        ada = await market.agent("Ada")
        with pytest.raises(Unauthenticated):
            await market.call(market.app.authenticator.anonymous, "auth.sign_out", session_id="mon_" + "0" * 32)
        browser = Browser(market.app)
        await browser.sign_in()
        await market.call(ada, "auth.sign_out", session_id="mon_" + "0" * 32)
        assert (await browser.get()).status_code == 200
        await market.call(market.operator, "tenant.create", tenant_id="acme", name="Acme")
        carried = {"x-agora-tenant": "acme"}
        assert (await browser.get("", **carried)).status_code == 200
        copy, token = browser.cookie, await browser.csrf()
        assert (await browser.post("sign-out", {"csrf": token}, **carried)).status_code == 200
        kept = await at(market, copy)
        for headers in ({}, carried):
            assert (await kept.get("", **headers)).status_code == 303, "in whichever tenant one looks"
    finally:
        await market.app.stop()


async def test_logout_token_of_the_provider_ends_the_session(
    postgres: PostgresEngine, tmp_path: Path, provider: str
) -> None:
    settings: dict[str, Any] = {"oidc_issuers": provider, "oidc_client_id": "agora-told", "oidc_client_secret": SECRET}
    async with together(postgres, tmp_path, **settings) as (a, b), listening(a) as url:
        told = f"{url}/v1/auth/backchannel-logout"
        async with httpx.AsyncClient(trust_env=False) as http:
            (await http.post(f"{provider}/tests/told", data={"uri": told})).raise_for_status()
        credentials, cookies = [], httpx.Cookies()
        for name, jar in (("vera", cookies), ("otto", httpx.Cookies())):
            sign_on = a.app.sign_on
            assert sign_on is not None
            begun = await sign_on.begin_sign_in(HOME, CALLBACK)
            back = await asyncio.to_thread(browse, begun.url, name, until=CALLBACK, cookies=jar)
            credentials.append((await sign_on.finish_sign_in(dict(back.params), begun.cookie, CALLBACK)).credential)
        vera, otto = credentials
        subject = (await b.app.authenticator.authenticate(vera)).subject
        page = Browser(b.app)
        assert (await page.sign_in(vera)).status_code == 303
        assert (await page.get()).status_code == 200
        leave = f"{provider}/protocol/openid-connect/logout"
        await asyncio.to_thread(browse, leave, "vera", until=f"{leave}/success", cookies=cookies)
        (event,) = a.of_type("agora.session.ended")
        assert (event.subject, event.audience) == (subject, (subject,))
        await wait_until(lambda: b.app.authenticator.find_cached_or_anonymous_caller(vera, local=False) is None)
        for market in (a, b):
            with pytest.raises(Unauthenticated, match="logged out"):
                await market.app.authenticator.authenticate(vera)
            assert (await market.app.authenticator.authenticate(otto)).kind == "user"
        assert (await page.get()).status_code == 303
