"""An upstream behind OAuth: two servers of ours, federated, with npm's ``oidc-provider`` as the upstream's authorization server.

The provider registers clients dynamically, rotates refresh tokens, and gives tokens for one resource each.
"""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from urllib.parse import parse_qs, urlsplit

import anyio.to_thread
import httpx
import httpx2
import mcp_types as types
import pytest
from mcp import Client
from mcp.client.streamable_http import streamable_http_client

from tests.blackbox.browser_session import CALLBACK, Browser
from tests.blackbox.server import Account, ServerProcess
from tests.harness import free_port
from tests.oidc.provider import provider
from tests.polling import poll_until

__all__ = ["provider"]

LIST = "agora_agent_list"


@pytest.fixture(scope="module")
def far(provider: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    """The upstream: users sign in at the provider, with few requested scopes at first."""
    port = free_port()
    server = ServerProcess(
        tmp_path_factory.mktemp("far") / "data",
        port=port,
        auth_required="true",
        public_url=f"http://127.0.0.1:{port}",
        oidc_issuers=provider,
        oidc_client_id="agora",
        oidc_scope="openid read:agents",
    ).start()
    yield server
    server.close()


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    """The server whose callers use the upstream."""
    server = ServerProcess(tmp_path_factory.mktemp("home") / "data", mcp_private_networks="true").start()
    yield server
    server.close()


def _add(home: ServerProcess, far: ServerProcess, name: str, mode: str, **more: Any) -> Any:
    url = f"{far.url}/mcp?names=underscore&toolsets=agent,messaging"
    return home.operator.post("/upstreams", {"name": name, "url": url, "oauth": mode, **more})


def _call(account: Account, upstream: str, tool: str = LIST, **arguments: Any) -> httpx.Response:
    return account.http.post(f"/tools/{upstream}/{tool}", json={"arguments": arguments}, timeout=60)


def _wait_for_tools(home: ServerProcess, name: str) -> None:
    poll_until(lambda: home.operator.get(f"/upstreams/{name}")["tools"] > 0, "its tools are listed")


@pytest.fixture(scope="module")
def listed(home: ServerProcess, far: ServerProcess) -> str:
    """Yield the name of an upstream that requires a token of each caller, and whose listing the operator has
    authorized."""
    _add(home, far, "each", "user")
    with Browser(home, home.admin_token) as browser:
        wide = {"shared": True, "scope": "openid read:agents write:messages"}  # the upstream lists tools by scope
        browser.authorize(home.operator.post("/upstreams/each/authorize", wide)["url"])
    _wait_for_tools(home, "each")
    return "each"


def test_operator_authorizes_for_all_callers(home: ServerProcess, far: ServerProcess) -> None:
    added = _add(home, far, "shared", "shared")
    assert (added["oauth"], added["authorized"], added["tools"]) == ("shared", False, 0)
    agent = home.register("Shared user")
    begun = home.operator.post("/upstreams/shared/authorize")
    query = parse_qs(urlsplit(begun["url"]).query)
    assert query["resource"] == [f"{far.url}/mcp"]
    assert query["code_challenge_method"] == ["S256"]
    assert query["redirect_uri"] == [home.url + CALLBACK]
    assert agent.post("/upstreams/shared/authorize", expect=403)["required"] == "admin"
    with Browser(home, home.admin_token) as browser:
        browser.authorize(browser.begin_by_button("shared"))
    _wait_for_tools(home, "shared")
    assert home.operator.get("/upstreams/shared")["authorized"] is True
    answer = _call(agent, "shared")
    assert answer.status_code == 200, answer.text
    assert answer.json()["is_error"] is False, answer.text
    files = [path for path in (*home.directory.rglob("*"), home.log_file) if path.is_file()]
    assert files
    assert not [path for path in files if b"eyJhbGciOi" in path.read_bytes()]  # the prefix of the provider's tokens
    ended = home.operator.post("/upstreams/shared/deauthorize")
    assert ended == {"upstream": "shared", "shared": True, "revoked": True}
    refused = _call(agent, "shared")
    assert refused.status_code == 424, refused.text
    assert "agora upstream authorize shared" in refused.json()["fix"]
    assert "url" not in refused.json()


def test_each_caller_authorizes_separately(home: ServerProcess, listed: str) -> None:
    ada, bob = home.register("Ada"), home.register("Bob")
    problem = _call(ada, listed).json()
    assert problem["code"] == "upstream_authorization_required"
    assert problem["url"] in problem["fix"]
    with Browser(home, ada.token) as browser:
        browser.authorize(problem["url"])
    assert ada.get(f"/upstreams/{listed}")["authorized"] is True
    assert _call(ada, listed).status_code == 200
    assert bob.get(f"/upstreams/{listed}")["authorized"] is False
    assert _call(bob, listed).status_code == 424
    assert ada.post(f"/upstreams/{listed}/deauthorize")["revoked"] is True
    assert _call(ada, listed).status_code == 424


def test_callback_is_valid_once_and_only_for_its_initiator(home: ServerProcess, listed: str) -> None:
    eve, victim = home.register("Eve"), home.register("Victim")
    url = eve.post(f"/upstreams/{listed}/authorize")["url"]
    with Browser(home, victim.token) as browser:
        callback = browser.grant(url)  # an attacker led the victim to her own authorization URL
        assert browser.come_back(callback).status_code == 404
    assert eve.get(f"/upstreams/{listed}")["authorized"] is False
    fields = dict(callback.params)
    assert set(fields) == {"state", "code", "iss"}
    wrong = {"state": "x" * 43}
    assert eve.post("/upstream-authorizations", fields | wrong, expect=404)["code"] == "not_found"
    tenant = home.operator.post("/tenants", {"tenant_id": "other"})
    stranger = home.account(tenant["token"], "stranger")
    stranger.post("/upstream-authorizations", fields, expect=404)
    done = eve.post("/upstream-authorizations", fields)
    assert (done["upstream"], done["authorized"]) == (listed, True)
    eve.post("/upstream-authorizations", fields, expect=404)
    assert _call(eve, listed).status_code == 200

    fields = dict(_grant(home, eve, listed).params) | {"iss": "https://evil.example"}
    mixed = eve.post("/upstream-authorizations", fields, expect=502)
    assert "another authorization server" in mixed["detail"]
    eve.post("/upstream-authorizations", fields, expect=404)  # the attempt has consumed it
    fields = dict(_grant(home, eve, listed).params) | {"code": fields["code"]}
    assert eve.post("/upstream-authorizations", fields, expect=502)["detail"]  # a code of another authorization: PKCE


def _grant(home: ServerProcess, account: Account, upstream: str) -> httpx.URL:
    """Return a callback URL that was not opened yet."""
    with Browser(home, account.token) as browser:
        return browser.grant(account.post(f"/upstreams/{upstream}/authorize")["url"])


@pytest.mark.parametrize("mode", ["legacy", "2026-07-28"])
async def test_client_with_url_elicitation_authorizes_and_steps_up(
    home: ServerProcess, far: ServerProcess, listed: str, mode: str
) -> None:
    agent = home.register(f"Client of {mode}")
    peer = far.register(f"Peer of {mode}")
    scopes: list[set[str]] = []

    async def visit(context: Any, params: Any) -> types.ElicitResult:
        assert isinstance(params, types.ElicitRequestURLParams)
        scopes.append(set(parse_qs(urlsplit(str(params.url)).query)["scope"][0].split()) - {"offline_access"})

        def authorize() -> None:
            with Browser(home, agent.token) as browser:
                browser.authorize(str(params.url))

        await anyio.to_thread.run_sync(authorize)
        return types.ElicitResult(action="accept")

    async with (
        httpx2.AsyncClient(headers={"authorization": f"Bearer {agent.token}"}, timeout=60) as http,
        Client(
            streamable_http_client(f"{home.url}/mcp", http_client=http),
            mode=mode,
            cache=None,
            elicitation_callback=visit,
        ) as client,
    ):
        page = await client.call_tool(f"{listed}.{LIST}", {})
        assert not page.is_error, page.content
        assert scopes == [{"openid", "read:agents"}]
        message = {"to_agent": peer.agent_id, "content": "hello"}
        sent = await client.call_tool(f"{listed}.agora_messaging_send", message)
        assert not sent.is_error, sent.content
        assert scopes[1:] == [{"openid", "read:agents", "write:messages"}]


def test_tokens_are_refreshed_once_and_requested_again_after_revocation(
    home: ServerProcess, far: ServerProcess, provider: str, listed: str
) -> None:
    """The provider revokes a grant if a refresh token is used twice."""
    agent = home.register("Renewing")
    resource = f"{far.url}/mcp"
    httpx.post(f"{provider}/tests/lives", data={"resource": resource, "seconds": "20"}).raise_for_status()
    try:
        with Browser(home, agent.token) as browser:
            browser.authorize(agent.post(f"/upstreams/{listed}/authorize")["url"])
        with ThreadPoolExecutor(8) as pool:  # a token with a lifetime of 20 seconds is refreshed before each use
            answers = list(pool.map(lambda _: _call(agent, listed).status_code, range(16)))
        assert answers == [200] * 16
        assert _stored(home, "generation", agent) > 1
        httpx.post(f"{provider}/tests/end-grants", data={"resource": resource}).raise_for_status()
        refused = _call(agent, listed)
        assert refused.status_code == 424, refused.text
        assert refused.json()["url"].startswith(provider)
    finally:
        httpx.post(f"{provider}/tests/lives", data={"resource": resource, "seconds": "300"}).raise_for_status()


def test_client_credentials_need_no_person(home: ServerProcess, far: ServerProcess) -> None:
    client = {"oauth_client_id": "robot", "oauth_client_secret": "another-secret", "oauth_scope": "read:agents"}
    added = _add(home, far, "machine", "machine", **client)
    assert added["authorized"] is True
    assert added["tools"] > 0
    agent = home.register("Machine user")
    assert _call(agent, "machine").status_code == 200
    wrong = client | {"oauth_client_secret": "wrong"}
    url = f"{far.url}/mcp"
    home.operator.post("/upstreams", {"name": "wrong", "url": url, "oauth": "machine", **wrong}, expect=503)
    for body in ({"oauth_client_id": "x"}, {"oauth": "machine"}, {"oauth": "user", "oauth_client_secret": "x"}):
        home.operator.post("/upstreams", {"name": "wrong", "url": url, **body}, expect=422)


def test_grants_of_an_agent_are_deleted_with_it(home: ServerProcess, listed: str) -> None:
    agent = home.register("Leaving")
    with Browser(home, agent.token) as browser:
        browser.authorize(agent.post(f"/upstreams/{listed}/authorize")["url"])
    agent.call("DELETE", f"/agents/{agent.agent_id}")
    assert _stored(home, "count(*)", agent) == 0


def _stored(home: ServerProcess, value: str, agent: Account) -> int:
    """Return an agent's stored grants."""
    with contextlib.closing(sqlite3.connect(home.directory / "agora.db")) as database:
        query = f"select {value} from upstream_grants where subject = ?"
        return int(database.execute(query, (agent.agent_id,)).fetchone()[0])
