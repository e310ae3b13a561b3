"""CORS: the server decides which origins may call it, on every protocol; no page of another site acts as the operator."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from websockets.exceptions import InvalidStatus
from websockets.sync.client import connect

from tests.blackbox.server import NO_TLS, ServerProcess

APP = "https://app.example"
PATHS = ("/agents", "/mcp", "/", "/a2a/Anybody", "/events", "/agora/messaging/send", "/no/such/path")
INITIALIZE = {
    "jsonrpc": "2.0",
    "id": 1,
    "method": "initialize",
    "params": {"protocolVersion": "2025-06-18", "capabilities": {}, "clientInfo": {"name": "page", "version": "1"}},
}


@pytest.fixture(scope="module")
def open_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    settings = {"cors_origins": f"{APP}, http://tool.example:80", "allow_loopback_origins": "true"}
    server = ServerProcess(tmp_path_factory.mktemp("cors") / "data", **settings).start()
    yield server
    server.close()


def preflight(server: ServerProcess, origin: str, path: str = "/agents") -> httpx.Response:
    headers = {
        "Origin": origin,
        "Access-Control-Request-Method": "POST",
        "Access-Control-Request-Headers": "authorization,content-type,idempotency-key",
        "Access-Control-Request-Private-Network": "true",
    }
    return httpx.options(f"{server.url}{path}", headers=headers, verify=NO_TLS)


@pytest.mark.parametrize("path", PATHS)
def test_preflight_admits_an_allowed_origin(open_server: ServerProcess, path: str) -> None:
    answer = preflight(open_server, APP, path)
    assert answer.status_code == 204, answer.text
    assert answer.headers["access-control-allow-origin"] == APP
    assert "POST" in answer.headers["access-control-allow-methods"]
    assert answer.headers["access-control-allow-headers"] == "authorization,content-type,idempotency-key"
    assert answer.headers["access-control-allow-private-network"] == "true"
    assert "access-control-allow-credentials" not in answer.headers
    assert "Origin" in answer.headers["vary"]


ALLOWED = [APP, "http://tool.example", "http://localhost:5173", "http://127.0.0.1:3000", "https://[::1]:8443"]
REFUSED = [
    "http://app.example",
    "https://app.example:8443",
    "https://app.example.evil.example",
    "https://evil.example",
    "null",
    "http://localhost.evil.example",
    "chrome-extension://localhost",
]


@pytest.mark.parametrize("origin", ALLOWED)
def test_allowed_origins(open_server: ServerProcess, origin: str) -> None:
    assert preflight(open_server, origin).headers["access-control-allow-origin"] == origin
    with connect(f"ws://127.0.0.1:{open_server.port}/ws", origin=origin, **token_of(open_server)) as socket:
        assert "connected" in str(socket.recv())


@pytest.mark.parametrize("origin", REFUSED)
def test_refused_origins(open_server: ServerProcess, origin: str) -> None:
    answer = preflight(open_server, origin)
    assert answer.status_code == 403
    assert "cors_origins" in answer.json()["fix"]
    read = httpx.get(f"{open_server.url}/health", headers={"Origin": origin}, verify=NO_TLS)
    for response in (answer, read):
        assert "access-control-allow-origin" not in response.headers
    for path in ("/ws", "/agent/ws"):
        with pytest.raises(InvalidStatus) as refusal:
            connect(f"ws://127.0.0.1:{open_server.port}{path}", origin=origin, **token_of(open_server))
        assert refusal.value.response.status_code == 403


def token_of(server: ServerProcess) -> dict[str, dict[str, str]]:
    return {"additional_headers": {"Authorization": f"Bearer {server.admin_token}"}}


def test_answers_and_errors_can_be_read(open_server: ServerProcess) -> None:
    authorized = {"Origin": APP, "Authorization": f"Bearer {open_server.admin_token}"}
    with httpx.Client(base_url=open_server.url, headers=authorized, verify=NO_TLS) as client:
        card = client.get("/.well-known/agent-card.json")
        answers = [
            client.get("/agents"),
            client.get("/agents/nobody"),
            client.post("/agora/messaging/send", content=b"{"),
            client.post("/mcp", json=INITIALIZE, headers={"Accept": "application/json, text/event-stream"}),
            client.post("/", json={"jsonrpc": "2.0", "id": 1, "method": "message/send", "params": {}}),
            client.get("/no/such/path"),
        ]
        with client.stream("GET", "/events") as events:
            assert events.headers["content-type"].startswith("text/event-stream")
            answers.append(events)
        for answer in answers:
            assert answer.headers.get_list("access-control-allow-origin") == [APP], answer.request.url
            exposed = answer.headers["access-control-expose-headers"].lower()
            assert all(name in exposed for name in ("retry-after", "mcp-session-id", "x-request-id", "deprecation"))
        assert card.headers.get_list("access-control-allow-origin") in (["*"], [APP])


def test_page_of_an_allowed_origin_is_not_the_operator(open_server: ServerProcess) -> None:
    for origin in (APP, "http://localhost:5173"):
        who = httpx.get(f"{open_server.url}/v1/auth/userinfo", headers={"Origin": origin}, verify=NO_TLS)
        assert "operator" not in who.text
        listed = httpx.post(
            f"{open_server.url}/mcp",
            json=INITIALIZE,
            headers={"Origin": origin, "Accept": "application/json, text/event-stream"},
            verify=NO_TLS,
        )
        assert listed.status_code != 403, listed.text  # the caller is a stranger, but not a hostile page


def test_no_origin_is_allowed_by_default(shared_server: ServerProcess) -> None:
    assert preflight(shared_server, APP).status_code == 403
    answer = httpx.get(f"{shared_server.url}/health", headers={"Origin": APP}, verify=NO_TLS)
    assert not [name for name in answer.headers if name.startswith("access-control-")]
    with pytest.raises(InvalidStatus) as refusal:
        connect(f"ws://127.0.0.1:{shared_server.port}/ws", origin="http://localhost:1", **token_of(shared_server))
    assert refusal.value.response.status_code == 403
    own = f"http://127.0.0.1:{shared_server.port}"
    with connect(f"ws://127.0.0.1:{shared_server.port}/ws", origin=own, **token_of(shared_server)) as socket:
        assert "connected" in str(socket.recv())


def test_malformed_origin_setting_is_refused(tmp_path: Path) -> None:
    server = ServerProcess(tmp_path / "data", cors_origins="https://app.example/path")
    try:
        server.start(wait=False)
        assert server.process is not None
        assert server.process.wait(30) == 2
        assert "cors_origins" in server.log()
    finally:
        server.close()
