"""The MCP endpoint: access, server information, sessions, and the plain endpoints."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from agora.domains.client_sessions.sessions import MAX_SUBSCRIPTIONS
from agora.protocols.mcp import sessions
from agora.server.app import App
from tests.harness import ManualClock, Running, admin_token, local_client, make_settings
from tests.unit.protocols.mcp.conftest import register
from tests.unit.protocols.mcp.mcp_clients import ACCEPT, ERAS, LEGACY, MODERN, Wire, answer, connect, envelope

METADATA = "/.well-known/oauth-protected-resource"


@pytest.fixture
async def public(tmp_path: Path, clock: ManualClock) -> AsyncIterator[App]:
    """A public server."""
    app = App(make_settings(tmp_path / "public", host="0.0.0.0", public_url="https://agora.example/"), clock=clock)
    await app.start()
    yield app
    await app.stop()


@pytest.fixture
async def stranger(public: App) -> AsyncIterator[Wire]:
    transport = httpx.ASGITransport(public, client=("203.0.113.7", 50000))
    async with httpx.AsyncClient(transport=transport, base_url="http://agora.example") as http:
        yield Wire(http)


# -- authentication ------------------------------------------------------------------------------


@pytest.mark.parametrize("era", ERAS)
async def test_strangers_see_registration_if_it_is_open(tmp_path: Path, clock: ManualClock, era: str) -> None:
    app = App(make_settings(tmp_path / "open", host="0.0.0.0", open_registration=True), clock=clock)
    await app.start()
    try:
        transport = httpx.ASGITransport(app, client=("203.0.113.7", 50000))
        async with httpx.AsyncClient(transport=transport, base_url="http://agora.example") as http:
            newcomer = Wire(http)
            for query, spell in (("", "_"), ("?view=full", ".")):
                newcomer.query = query
                names = {tool["name"] for tool in (await newcomer.call(era, "tools/list"))["result"]["tools"]}
                assert spell.join(("agora", "agent", "register")) in names
                assert spell.join(("agora", "messaging", "send")) not in names
            send = newcomer.modern if era == "modern" else newcomer.legacy
            assert (await send("tools/call", {"name": "agora.agent.list"})).status_code == 401
    finally:
        await app.stop()


@pytest.mark.parametrize("era", ERAS)
@pytest.mark.parametrize(
    ("method", "params"),
    [
        ("tools/list", {}),
        ("tools/call", {"name": "agora.discovery.list"}),
        ("tools/call", {"name": "agora.agent.list"}),
        ("tools/call", {"name": "agora.messaging.receive", "arguments": {"wait": 5}}),
        ("tools/call", {"name": "agora.event.stream"}),
        ("resources/read", {"uri": "agora://agents/Alice"}),
    ],
)
async def test_protected_calls_request_a_credential(
    stranger: Wire, era: str, method: str, params: dict[str, Any]
) -> None:
    response = await (stranger.modern if era == "modern" else stranger.legacy)(method, params)
    assert response.status_code == 401
    challenge = response.headers["www-authenticate"]
    assert f'resource_metadata="https://agora.example{METADATA}/mcp"' in challenge
    assert "error=" not in challenge


async def test_listening_requires_a_credential(stranger: Wire) -> None:
    assert (await stranger.modern("subscriptions/listen", {"notifications": {}})).status_code == 401


async def test_watched_resources_of_one_stream_are_bounded(wire: Wire) -> None:
    uris = [f"agora://agents/a{number}" for number in range(MAX_SUBSCRIPTIONS + 1)]
    async with asyncio.timeout(30):
        response = await wire.modern("subscriptions/listen", {"notifications": {"resourceSubscriptions": uris}})
    assert response.json()["error"]["code"] == -32602


async def test_invalid_credential_is_refused(stranger: Wire) -> None:
    stranger.token = "agfy_made_up"
    response = await stranger.modern("tools/list")
    assert response.status_code == 401
    assert 'error="invalid_token"' in response.headers["www-authenticate"]
    stranger.token = ""
    response = await stranger.modern("tools/list", authorization="Basic eDp5")
    assert response.status_code == 401


async def test_credential_gives_access_to_everything(public: App, stranger: Wire) -> None:
    stranger.token = admin_token(public.settings)
    found = await stranger.call("modern", "tools/call", {"name": "agora.agent.list"})
    assert found["result"]["structuredContent"]["agents"] == []


@pytest.mark.parametrize("path", [METADATA, f"{METADATA}/mcp"])
async def test_resource_metadata_is_served(stranger: Wire, path: str) -> None:
    found = (await stranger.http.get(path)).json()
    assert found["resource"] == "https://agora.example/mcp"
    assert found["bearer_methods_supported"] == ["header"]
    assert "write:messages" in found["scopes_supported"]


async def test_resource_metadata_uses_the_requested_host(wire: Wire) -> None:
    found = (await wire.http.get(METADATA, headers={"host": "localhost:99"})).json()
    assert found["resource"] == "http://localhost:99/mcp"
    assert (await wire.http.get(METADATA, headers={"host": 'localhost:99"x'})).status_code == 400


# -- pages of other sites ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("headers", "allowed"),
    [
        ({}, True),
        ({"origin": "http://evil.example"}, False),
        ({"origin": "null"}, False),
        ({"host": "evil.example"}, False),
        ({"origin": "http://localhost:8080", "host": "localhost:8080"}, True),
    ],
)
async def test_pages_of_other_origins_are_refused(app: App, headers: dict[str, str], allowed: bool) -> None:
    async with local_client(app) as http:
        own = ACCEPT | {"mcp-protocol-version": MODERN, "mcp-method": "tools/list"} | headers
        body = {"jsonrpc": "2.0", "id": 1, "method": "tools/list", "params": {"_meta": envelope()}}
        response = await http.post("/mcp", json=body, headers=own)
        assert response.status_code == (200 if allowed else 403)


async def test_page_with_a_token_may_have_any_origin(app: App) -> None:
    async with local_client(app) as http:
        wire = Wire(http, admin_token(app.settings))
        response = await wire.modern("tools/list", origin="http://other.example")
        assert response.status_code == 200


async def test_local_page_without_a_token_is_anonymous(app: App) -> None:
    """Another port of this machine may serve any page: it is admitted, but not as the operator."""
    async with local_client(app) as http:
        response = await Wire(http).modern("tools/call", {"name": "agora.agent.list"}, origin="http://localhost:6274")
        assert response.status_code == 401


# -- sessions ------------------------------------------------------------------------------------


@pytest.mark.parametrize("version", ["2024-11-05", "2025-03-26", "2025-06-18", "2025-11-25"])
async def test_older_clients_perform_a_handshake(wire: Wire, version: str) -> None:
    result = await wire.shake_hands(version)
    assert result["protocolVersion"] == version
    assert result["serverInfo"]["name"] == "agora"
    assert result["capabilities"]["tools"]["listChanged"] is True
    assert result["capabilities"]["resources"] == {"subscribe": True, "listChanged": True}
    found = answer(await wire.legacy("tools/call", {"name": "agora.agent.list"}, mcp_protocol_version=version))
    assert found["result"]["structuredContent"]["agents"] == []


async def test_batch_is_refused_with_an_explanation(wire: Wire) -> None:
    response = await wire.post([wire.request("ping", None)])
    assert response.status_code == 400
    assert "separately" in response.json()["fix"]


async def test_unknown_version_gets_the_newest(wire: Wire) -> None:
    assert (await wire.shake_hands("1999-12-31"))["protocolVersion"] == LEGACY


async def test_session_is_usable_only_by_its_owner(wire: Wire) -> None:
    alice, mallory = await register(wire, "Alice"), await register(wire, "Mallory")
    await alice.shake_hands()
    mallory.session = alice.session
    for method, params in (
        ("tools/list", None),
        ("resources/subscribe", {"uri": "agora://catalogue"}),
        ("tools/call", {"name": "agora.event.stream", "arguments": {"wait": 0.1}}),
    ):
        assert (await mallory.legacy(method, params)).status_code == 404
        assert (await alice.legacy(method, params)).status_code == 200
    headers = mallory.headers({"mcp-session-id": alice.session})
    assert (await wire.http.delete("/mcp", headers=headers)).status_code == 404
    assert (await wire.http.get("/mcp", headers=headers)).status_code == 404


async def test_deleted_session_is_unknown(wire: Wire, server: Running) -> None:
    await wire.shake_hands()
    headers = wire.headers({"mcp-session-id": wire.session})
    assert (await wire.http.delete("/mcp", headers=headers)).status_code == 200
    assert (await wire.legacy("tools/list")).status_code == 404
    assert len(server.app.mcp.sessions) == 0


async def test_request_without_a_session_is_refused(wire: Wire) -> None:
    await wire.shake_hands()
    wire.session = "made-up"
    response = await wire.legacy("tools/list")
    assert response.status_code == 404
    assert "initialize" in response.text


async def test_unused_session_is_evicted_and_restored(wire: Wire, server: Running) -> None:
    app = server.app.mcp
    now = [0.0]
    app.sessions = sessions.Sessions(lambda: now[0])
    await wire.shake_hands()
    now[0] = sessions.IDLE_SECONDS - 1
    assert (await wire.legacy("ping")).status_code == 200  # a short call counts as use too
    now[0] += sessions.IDLE_SECONDS - 1
    assert app.sessions.list_idle_sessions() == []
    now[0] += 2
    (idle,) = app.sessions.list_idle_sessions()
    await app.forget_session(idle)
    assert len(app.sessions) == 0
    assert (await wire.legacy("resources/subscribe", {"uri": "agora://catalogue"})).status_code == 200


async def test_whitespace_around_header_values_is_ignored(app: App) -> None:
    async with local_client(app) as http:
        response = await Wire(http).modern("tools/call", {"name": "agora.agent.list"}, mcp_name=" agora.agent.list ")
        assert response.is_success


async def test_open_stream_ends_when_the_server_drains(wire: Wire, server: Running) -> None:
    await wire.shake_hands()
    headers = wire.headers({"mcp-session-id": wire.session, "accept": "text/event-stream"})
    async with asyncio.timeout(60), wire.http.stream("GET", "/mcp", headers=headers) as response:
        assert response.status_code == 200
        server.app.drain()
        assert [line async for line in response.aiter_lines() if line.removeprefix("data:").startswith(" {")] == []
    assert (await wire.legacy("ping")).status_code == 200  # short calls are answered to the end


# -- server information -------------------------------------------------------------------------


async def test_discover_returns_server_information(wire: Wire) -> None:
    result = (await wire.call("modern", "server/discover"))["result"]
    assert result["supportedVersions"] == [MODERN]
    assert result["capabilities"]["tools"] == {"listChanged": True}
    assert result["_meta"]["io.modelcontextprotocol/serverInfo"]["name"] == "agora"
    assert result["resultType"] == "complete"


async def test_sdk_is_not_imported_for_quick_calls(wire: Wire, server: Running) -> None:
    assert (await wire.modern("tools/call", {"name": "agora.agent.list"})).is_success
    assert (await wire.modern("tools/list")).is_success
    assert not server.app.mcp.has_sdk


async def test_health_reports_the_endpoint_as_enabled(wire: Wire) -> None:
    result = (await wire.call("modern", "tools/call", {"name": "agora.admin.health"}))["result"]
    component = result["structuredContent"]["components"]["mcp_server"]
    assert component["status"] == "healthy"
    assert component["metrics"]["endpoint_enabled"] == 1


# -- the plain endpoints -------------------------------------------------------------------------


async def _rpc(wire: Wire, message: Any, **options: Any) -> httpx.Response:
    return await wire.http.post("/mcp/v1/rpc", json=message, **options)


async def test_plain_endpoint_calls_tools(wire: Wire) -> None:
    await register(wire, "Bob")
    call = {"name": "agora.messaging.send", "arguments": {"to_agent": "Bob", "content": "hi"}}
    body = {"jsonrpc": "2.0", "id": "a", "method": "tools/call", "params": call}
    first, second = [(await _rpc(wire, body, headers={"idempotency-key": "k"})).json() for _ in range(2)]
    assert first["id"] == "a"
    assert first["result"]["structuredContent"] == second["result"]["structuredContent"]


async def test_plain_endpoint_serves_every_method(wire: Wire) -> None:
    await register(wire, "Bob")
    expected = {
        "initialize": ({}, "serverInfo"),
        "ping": ({}, None),
        "tools/list": ({}, "tools"),
        "resources/list": ({}, "resources"),
        "resources/templates/list": ({}, "resourceTemplates"),
        "resources/read": ({"uri": "agora://agents/Bob"}, "contents"),
        "prompts/list": ({}, "prompts"),
        "prompts/get": ({"name": "supervise"}, "messages"),
    }
    for method, (params, member) in expected.items():
        body = {"jsonrpc": "2.0", "id": 1, "method": method, "params": params}
        result = (await _rpc(wire, body)).json()["result"]
        assert member is None or member in result, method


@pytest.mark.parametrize(
    ("message", "code"),
    [
        ({"jsonrpc": "2.0", "id": 1, "method": "nothing"}, -32601),
        ({"jsonrpc": "2.0", "id": 1, "method": "tools/call"}, -32602),
        ({"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": {"name": "x"}}, -32602),
        ({"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": {"name": "x", "arguments": 7}}, -32602),
        ({"jsonrpc": "2.0", "id": 1, "method": "tools/list", "params": {"cursor": 7}}, -32602),
        ({"jsonrpc": "2.0", "id": 1, "method": "tools/list", "params": []}, -32602),
        ({"jsonrpc": "2.0", "id": 1, "method": "prompts/get", "params": {"name": "x", "arguments": {"a": 1}}}, -32602),
        ({"jsonrpc": "2.0", "id": 1, "method": "resources/read", "params": {"uri": "agora://agents/No"}}, -32002),
        ({"id": 1}, -32600),
        ([], -32600),
    ],
)
async def test_plain_endpoint_reports_errors(wire: Wire, message: Any, code: int) -> None:
    assert (await _rpc(wire, message)).json()["error"]["code"] == code


async def test_plain_endpoint_accepts_batches(wire: Wire) -> None:
    ping = {"jsonrpc": "2.0", "id": 1, "method": "ping"}
    found = (await _rpc(wire, [ping, {"jsonrpc": "2.0", "method": "note"}, ping | {"id": 2}, 7])).json()
    assert [part["id"] for part in found] == [1, 2, None]
    assert (await _rpc(wire, {"jsonrpc": "2.0", "method": "note"})).status_code == 202


@pytest.mark.parametrize("key", ["k", "k" * 200])
async def test_requests_of_a_batch_have_their_own_idempotency_keys(wire: Wire, key: str) -> None:
    await register(wire, "Bob")
    batch = [
        {
            "jsonrpc": "2.0",
            "id": n,
            "method": "tools/call",
            "params": {"name": "agora.messaging.send", "arguments": {"to_agent": "Bob", "content": text}},
        }
        for n, text in enumerate(["a", "b", "b"])
    ]
    first, again = [(await _rpc(wire, batch, headers={"idempotency-key": key})).json() for _ in range(2)]
    ids, repeated_ids = [
        [answer["result"]["structuredContent"]["message_id"] for answer in answers] for answers in (first, again)
    ]
    assert len(set(ids)) == 3
    assert repeated_ids == ids, "the repeated batch is answered from the stored results"


async def test_answers_to_a_batch_share_a_size_limit(wire: Wire, server: Running) -> None:
    listing = {"jsonrpc": "2.0", "id": 1, "method": "tools/list"}
    limit = 3 * len((await _rpc(wire, listing)).content)
    server.app.mcp.plain._byte_limit = limit
    requests = [listing | {"id": n} for n in range(10)]
    response = await _rpc(wire, [*requests, {"jsonrpc": "2.0", "method": "note"}, 7])
    answers = response.json()
    assert [answer["id"] for answer in answers] == [*range(10), None]
    executed = ["result" in answer for answer in answers]
    assert executed == sorted(executed, reverse=True)
    assert executed.count(True) == 3
    assert {answer["error"]["code"] for answer in answers if "error" in answer} == {-32600}
    assert "not executed" in answers[9]["error"]["message"]


async def test_plain_endpoint_requires_a_credential_of_strangers(stranger: Wire) -> None:
    call = {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": {"name": "agora.agent.list"}}
    assert (await _rpc(stranger, call)).status_code == 401
    assert (await _rpc(stranger, [call])).status_code == 401


async def test_client_of_the_older_transport_gets_a_hint(wire: Wire) -> None:
    response = await wire.http.get("/mcp", headers={"accept": "text/event-stream"})
    assert response.status_code == 400
    assert "Streamable HTTP" in response.json()["fix"]
    assert "agora mcp" in response.json()["fix"]


async def test_plain_listing_of_tools(wire: Wire) -> None:
    tools = (await wire.http.get("/mcp/v1/tools?names=underscore&toolsets=messaging")).json()["tools"]
    assert "agora_messaging_send" in {tool["name"] for tool in tools}


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/mcp/v1/rpc", 405),
        ("POST", "/mcp/v1/tools", 405),
        ("GET", "/mcp/v1/nothing", 404),
        ("PUT", "/mcp", 405),
        ("GET", "/mcp", 400),
        ("POST", f"{METADATA}/mcp", 404),
    ],
)
async def test_other_methods_and_paths_are_refused(wire: Wire, method: str, path: str, status: int) -> None:
    assert (await wire.http.request(method, path)).status_code == status


async def test_invalid_json_is_refused(wire: Wire) -> None:
    response = await wire.http.post("/mcp/v1/rpc", content=b"{", headers={"content-type": "application/json"})
    assert response.status_code == 400


async def test_resource_metadata_names_the_authorization_servers(tmp_path: Path, clock: ManualClock) -> None:
    """It lists the token issuers and the scopes to request there; our own scopes follow from roles."""
    issuers = "https://sso.example/realms/market,acme=https://id.acme.example/"
    settings = make_settings(tmp_path / "sso", oidc_issuers=issuers, oidc_client_id="agora")
    app = App(settings, clock=clock)
    await app.start()
    transport = httpx.ASGITransport(app, client=("127.0.0.1", 50000))
    async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1:8080") as http:
        found = (await http.get(METADATA)).json()
    await app.stop()
    assert found["authorization_servers"] == ["https://sso.example/realms/market", "https://id.acme.example/"]
    assert found["scopes_supported"] == ["openid", "profile", "email"]


async def test_sdk_that_failed_to_start_is_started_again(server: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    from mcp.server.streamable_http_manager import StreamableHTTPSessionManager

    def fail(manager: StreamableHTTPSessionManager) -> Any:
        raise OSError("no more memory")

    endpoint = server.app.mcp
    with monkeypatch.context() as patch:
        patch.setattr(StreamableHTTPSessionManager, "run", fail)
        with pytest.raises(OSError, match="no more memory"):
            await endpoint.get_or_load_sdk()
    assert not endpoint.has_sdk
    async with connect(f"{server.url}/mcp", "legacy") as client:
        assert (await client.list_tools()).tools
