"""Routes of the monitor: content negotiation with REST, security headers, and static files."""

from __future__ import annotations

import gzip
import re
from pathlib import Path

import pytest

from agora.core.upstream_client import DOCUMENT_PATH
from agora.protocols.web.assets import ASSETS
from agora.server.app import App
from tests.harness import make_settings
from tests.market import Market
from tests.unit.protocols.web.http_browser import HOME, Browser


async def test_path_is_a_page_for_browsers_and_rest_for_programs(market: Market, browser: Browser) -> None:
    await market.agent("Alice")
    await browser.sign_in()
    page = await browser.get("agents")
    assert page.headers["content-type"] == "text/html; charset=utf-8"
    assert "Alice" in page.text
    assert "Accept" in page.headers["vary"]
    piece = await browser.get("agents", **{"accept": "*/*", "hx-request": "true"})
    assert piece.headers["content-type"] == "text/html; charset=utf-8"
    for accept in ("*/*", "application/json", ""):
        rest = await browser.get("agents", accept=accept)
        assert rest.json()["agents"][0]["agent_name"] == "Alice"
    for path in ("stats", "workers", "messages", "search?q=x", "messages/search?q=x", "count", "messages/count"):
        assert (await browser.get(path, accept="application/json")).status_code == 200, path
    told = await browser.http.post(f"{HOME}intervene", json={"agent_id": "Alice", "message": "?"})
    assert told.json()["success"] is True


async def test_session_is_not_a_credential_for_rest(market: Market) -> None:
    """Only pages accept sessions: a request by a page of another site gains nothing else."""
    at_home = Browser(market.app)
    await at_home.sign_in()
    browser = Browser(market.app, "203.0.113.9")
    key = await market.call(market.operator, "token.create", label="k", scopes=["read:agents", "write:agents"])
    await browser.sign_in(key.token)
    assert (await browser.get("agents")).status_code == 200
    assert (await browser.get("agents", accept="application/json")).status_code == 401
    assert (await browser.http.post("/agora/agent/register", json={"agent_name": "x"})).status_code == 401


async def test_every_page_has_security_headers(browser: Browser) -> None:
    answers = [await browser.get(), await browser.get("sign-in")]
    await browser.sign_in()
    answers += [await browser.get(), await browser.get("no/such/page"), await browser.act("agora.no.such")]
    assert [answer.status_code for answer in answers] == [303, 200, 200, 404, 404]
    for answer in answers:
        policy = answer.headers["content-security-policy"]
        assert "unsafe" not in policy
        assert policy.startswith("default-src 'none'; script-src 'self'; style-src 'self'")
        assert "frame-ancestors 'none'" in policy
        assert answer.headers["x-frame-options"] == "DENY"
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["cache-control"] == "no-store"
        assert answer.headers["referrer-policy"] == "same-origin"
        assert not re.search(r"<script(?![^>]*\bsrc=)|<style|\sstyle=|\son[a-z]+=|javascript:", answer.text)


async def test_page_requires_its_permission(market: Market, browser: Browser) -> None:
    key = await market.call(market.operator, "token.create", label="k", scopes=["read:agents"])
    await browser.sign_in(key.token)
    page = await browser.get()
    navigation = page.text.partition("<nav")[2].partition("</nav>")[0]
    shown = set(re.findall(rf'href="{HOME}([a-z]+)"', navigation))
    assert "agents" in shown
    assert not shown & {"audit", "tasks", "messages"}
    for path in ("audit", "tasks", "messages"):
        refused = await browser.get(path)
        assert (refused.status_code, "<h1" in refused.text) == (403, True)


async def test_unusual_requests_get_plain_errors(browser: Browser) -> None:
    await browser.sign_in()
    for path, status in (
        ("nothing", 404),
        ("agents/agent_" + "0" * 32, 404),
        ("agents/%ff", 404),
        ("agents//", 200),
        ("../../etc/passwd", 404),
        ("live/nothing", 404),
        ("act", 404),
        ("?" + "x" * 9000, 404),
        ("find?q=task_" + "%C3%A9" * 32, 200),
        ("agents?limit=%00", 200),
    ):
        assert (await browser.get(path)).status_code == status, path
    for method in ("PUT", "DELETE", "PATCH", "OPTIONS"):
        assert (await browser.http.request(method, HOME)).status_code == 405
    assert (await browser.http.head(HOME)).status_code == 200


@pytest.mark.parametrize("name", ["after", "path", "self"])
async def test_query_parameter_of_any_name_is_no_error(browser: Browser, name: str) -> None:
    await browser.sign_in()
    answer = await browser.get(f"agents?{name}=7")
    assert answer.status_code == 200
    assert f"agents?{name}=7" in answer.text or name == "after"  # kept, except for the position of the stream


async def test_pages_work_during_a_halt_and_can_end_it(market: Market, browser: Browser) -> None:
    await browser.sign_in()
    await browser.act("agora.admin.override", target_id="system_wide", action="emergency_halt", reason="look")
    assert (await browser.get()).status_code == 200
    assert (await browser.get("tasks")).status_code == 200
    await browser.act("agora.admin.override", target_id="system_wide", action="resume")
    assert (await browser.get("tasks")).status_code == 200


# -- files ---------------------------------------------------------------------------------------


async def test_versioned_files_are_cached_indefinitely(browser: Browser) -> None:
    url = ASSETS.build_url("style.css")
    first = await browser.get(url)
    assert first.headers["cache-control"] == "public, max-age=31536000, immutable"
    assert first.headers["content-type"] == "text/css; charset=utf-8"
    assert first.content == ASSETS.files["style.css"].body
    assert first.headers["content-encoding"] == "gzip"
    assert gzip.decompress(ASSETS.files["style.css"].gzipped) == first.content
    assert "content-encoding" not in (await browser.get(url, **{"accept-encoding": "identity"})).headers
    again = await browser.get(url, **{"if-none-match": first.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    other = await browser.get(f"{HOME}static/{'0' * 16}/style.css")
    assert other.headers["cache-control"] == "no-cache"


OUTSIDE = (
    "x/../app.py",
    "x/..%2fapp.py",
    "x//etc/passwd",
    "x/%2e%2e/templates/layout.html",
    "",
    "x",
    "x/",
    "x/vendor",
    "x/%00",
)


async def test_only_static_files_are_served(browser: Browser) -> None:
    for path in OUTSIDE:
        answer = await browser.http.get(f"http://127.0.0.1:8080/v1/monitor/static/{path}")
        assert answer.status_code in (303, 404), path
        assert "import" not in answer.text


def test_template_with_an_unknown_file_is_detected() -> None:
    with pytest.raises(KeyError):
        ASSETS.build_url("no-such.css")


async def test_client_metadata_document_for_upstreams_is_served(tmp_path: Path) -> None:
    """Authorization servers read it without a credential, if the server has an https URL."""
    for base_url in ("https://agora.example.test", ""):
        app = App(make_settings(tmp_path / f"data{len(base_url)}", public_url=base_url))
        await app.start()
        try:
            answer = await Browser(app, "203.0.113.9").get("upstream-client", accept="application/json")
        finally:
            await app.stop()
        if not base_url:
            assert answer.status_code == 404
            continue
        document = answer.json()
        assert (answer.status_code, answer.headers["content-type"]) == (200, "application/json")
        assert document["client_id"] == f"{base_url}{DOCUMENT_PATH}"
        assert document["redirect_uris"] == [f"{base_url}/v1/monitor/upstream-callback"]
        assert document["token_endpoint_auth_method"] == "none"
