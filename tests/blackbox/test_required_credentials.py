"""A server that requires credentials everywhere makes no exception for this machine; unknown settings are refused."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from websockets.exceptions import InvalidStatus
from websockets.sync.client import connect

from tests.blackbox.server import ServerProcess

MCP = {"content-type": "application/json", "accept": "application/json, text/event-stream"}


def _rpc(method: str, **params: Any) -> dict[str, Any]:
    return {"jsonrpc": "2.0", "id": 1, "method": method, "params": params}


def _send_message(text: str) -> dict[str, Any]:
    return _rpc("SendMessage", message={"messageId": "m1", "role": "ROLE_USER", "parts": [{"text": text}]})


@pytest.fixture(scope="module")
def closed_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("A2A_AUTH_ENABLED", "true")
        server = ServerProcess(
            tmp_path_factory.mktemp("closed") / "data",
            builtin_agents="true",
            rate_basics="7",  # a misspelt setting
            xyzzy="1",
        ).start()
        yield server
        server.close()


PROTOCOLS: dict[str, tuple[str, str, dict[str, Any]]] = {
    "rest query": ("GET", "/agents", {}),
    "rest command": ("POST", "/agora/agent/register", {"json": {"agent_name": "stranger"}}),
    "events": ("GET", "/events", {}),
    "metrics": ("GET", "/metrics", {}),
    "mcp": ("POST", "/mcp", {"json": _rpc("tools/call", name="agora_agent_list", arguments={}), "headers": MCP}),
    "a2a": ("POST", "/", {"json": _send_message("2 + 2"), "headers": {"A2A-Version": "1.0"}}),
    "a2a agent": ("POST", "/a2a/Echo", {"json": _send_message("2 + 2"), "headers": {"A2A-Version": "1.0"}}),
    "a2a http": ("GET", "/tasks", {"headers": {"A2A-Version": "1.0"}}),
    "agent protocol": (
        "POST",
        "/agent/message",
        {"json": {"type": "query", "sender": "me", "recipient": "Echo", "content": {"text": "hello"}}},
    ),
}


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_every_protocol_needs_a_credential_on_loopback(closed_server: ServerProcess, protocol: str) -> None:
    method, path, options = PROTOCOLS[protocol]
    answer = httpx.request(method, closed_server.url + path, timeout=30, **options)
    assert answer.status_code == 401, answer.text
    assert "www-authenticate" in answer.headers


def test_websockets_need_a_credential(closed_server: ServerProcess) -> None:
    url = closed_server.url.replace("http", "ws")
    with pytest.raises(InvalidStatus) as refused, connect(f"{url}/ws"):
        pass
    assert refused.value.response.status_code == 401
    with connect(f"{url}/agent/ws") as socket:  # the first message may carry the credential
        socket.send(json.dumps(PROTOCOLS["agent protocol"][2]["json"]))
        answer = json.loads(socket.recv(timeout=30))
    assert answer["type"] in ("failure", "refuse"), answer
    assert "credential" in json.dumps(answer)


def test_pages_require_a_token(closed_server: ServerProcess) -> None:
    options: dict[str, Any] = {"headers": {"accept": "text/html"}, "follow_redirects": True, "timeout": 30}
    with httpx.Client(base_url=closed_server.url, **options) as browser:
        page = browser.get("/v1/monitor/")
        field = re.search(r'name="csrf" value="([^"]+)"', page.text)
        assert field is not None, page.text
        token = field[1]
        assert 'value="local"' not in page.text
        for way in ("local", "token"):
            answer = browser.post("/v1/monitor/sign-in", data={"csrf": token, "way": way, "next": "/v1/monitor/"})
            assert answer.status_code in (401, 403), answer.text[:500]


def test_agent_card_declares_the_required_credential(closed_server: ServerProcess) -> None:
    card = httpx.get(f"{closed_server.url}/.well-known/agent-card.json").json()
    assert card["securityRequirements"]


def test_request_with_a_credential_is_accepted(closed_server: ServerProcess) -> None:
    agent = closed_server.register("Member")
    assert agent.get("/agents")["agents"]
    listing = closed_server.run_cli("--json", "agent", "list", token=closed_server.admin_token)
    assert listing.returncode == 0, listing.stderr
    assert "Member" in listing.stdout
    assert httpx.get(f"{closed_server.url}/health").status_code == 200


def test_unknown_variables_are_named_with_the_nearest_setting(closed_server: ServerProcess) -> None:
    lines = [line for line in closed_server.log().splitlines() if "AGORA_RATE_BASICS" in line]
    assert len(lines) == 1, closed_server.log()
    assert "did you mean AGORA_RATE_BASIC?" in lines[0]
    assert "AGORA_XYZZY" in lines[0]
    assert "A2A_AUTH_ENABLED (now AGORA_AUTH_REQUIRED)" in lines[0]
    for known in ("AGORA_DATA_DIR", "AGORA_CREDENTIALS"):
        assert known not in lines[0]


def test_unknown_key_in_the_file_prevents_the_start(tmp_path: Path) -> None:
    (tmp_path / "agora.toml").write_text('auth_require = "true"\n')
    started = subprocess.run(
        [sys.executable, "-m", "agora.cli", "serve", "--config", str(tmp_path / "agora.toml"), "--port", "0"],
        env={"PATH": "/bin", "AGORA_DATA_DIR": str(tmp_path / "data")},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert started.returncode == 2
    assert "did you mean auth_required?" in started.stderr


def test_auth_required_setting_requires_a_credential(start_server: Callable[..., ServerProcess]) -> None:
    server = start_server(auth_required="true")
    assert httpx.get(f"{server.url}/agents").status_code == 401
    assert httpx.get(f"{server.url}/agents", headers={"X-API-Key": server.admin_token}).status_code == 200
