"""Upstreams declared by the operator, in settings and in existing configuration files."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import pytest

from agora.domains.mcp_upstreams.declared_upstreams import read_declared_upstreams
from agora.domains.mcp_upstreams.jobs import UpstreamReconciler
from agora.server.app import App
from agora.settings import ConfigurationError, Settings
from agora_sdk.errors import UpstreamUnavailable
from tests.harness import make_settings
from tests.market import Market
from tests.mcp_upstream import Far, serving
from tests.polling import eventually

ROOT = Path(__file__).parents[4]


def of_urls(text: str) -> list[tuple[str, str | None]]:
    return [(found.name, found.url) for found in read_declared_upstreams(Settings(mcp_server_urls=text))]  # type: ignore[arg-type]


def written(directory: Path, document: Any) -> Path:
    path = directory / "mcp.json"
    path.write_text(document if isinstance(document, str) else json.dumps(document))
    return path


def test_urls_may_have_names() -> None:
    assert of_urls("http://localhost:3001, https://mcp.example.com/x?a=b, tools=http://10.0.0.1/") == [
        ("localhost-3001", "http://localhost:3001/mcp"),
        ("mcp-example-com", "https://mcp.example.com/x?a=b"),
        ("tools", "http://10.0.0.1/"),
    ]


def test_environment_variables_of_the_source_are_read() -> None:
    environment = {"MCP_SERVER_URLS": "http://localhost:3001,http://localhost:3002", "MCP_TIMEOUT": "7"}
    settings = Settings.load_settings(environ=environment)
    assert settings.mcp_server_urls == ("http://localhost:3001", "http://localhost:3002")
    assert settings.mcp_timeout == 7


@pytest.mark.parametrize(
    "text",
    [
        "localhost:3001",
        "ftp://x/",
        "http://[::1",
        "http://a:99999/",
        "http://a.b,http://a.b",
        "agora=http://a.b",
        "messaging=http://a.b",
        "http://user:s3cret@a.b/",
    ],
)
def test_invalid_urls_are_refused(text: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        of_urls(text)
    assert "s3cret" not in str(caught.value)


@pytest.mark.parametrize("shape", ["mcpServers", "mcp.servers", "servers"])
def test_common_file_formats_are_read(shape: str, tmp_path: Path) -> None:
    servers: dict[str, Any] = {
        "Git Hub": {"type": "http", "url": "https://mcp.example.com/mcp", "headers": {"Authorization": "Bearer x"}},
        "files": {"command": "npx", "args": ["-y", "files"], "env": {"DEBUG": 1}, "cwd": "/srv", "timeout": 5},
        "off": {"command": "x", "disabled": True, "autoApprove": ["a"]},
    }
    document = {"mcp": {"servers": servers}} if shape == "mcp.servers" else {shape: servers}
    first, second = read_declared_upstreams(Settings(mcp_config=written(tmp_path, document)))
    assert (first.name, first.url, first.secrets) == (
        "git-hub",
        "https://mcp.example.com/mcp",
        {"Authorization": "Bearer x"},
    )
    assert (second.command, second.directory, second.secrets, second.timeout) == (
        ("npx", "-y", "files"),
        "/srv",
        {"DEBUG": "1"},
        5,
    )
    assert "Bearer x" not in repr(first)


def test_environment_variables_in_a_file_are_expanded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MY_TOKEN", "s3cret")
    monkeypatch.delenv("MY_HOST", raising=False)
    remote = {
        "url": "https://${MY_HOST:-mcp.example.com}/mcp",
        "headers": {"Authorization": "Bearer ${env:MY_TOKEN}", "X-Plain": "$5 {a} ${}"},
        "timeout": 5000,
    }
    program = {"command": "sh", "args": ["-c", "echo ${MY_TOKEN} ${1%x}"], "env": {"A": "${MY_TOKEN}"}}
    servers = {"mcpServers": {"remote": remote, "program": program}}
    first, second = read_declared_upstreams(Settings(mcp_config=written(tmp_path, servers)))
    assert (first.url, first.timeout) == ("https://mcp.example.com/mcp", 5)
    assert first.secrets == {"Authorization": "Bearer s3cret", "X-Plain": "$5 {a} ${}"}
    assert (second.command[2], second.secrets) == ("echo s3cret ${1%x}", {"A": "s3cret"})
    servers["mcpServers"]["remote"]["url"] = "https://${MY_HOST}/mcp"
    with pytest.raises(ConfigurationError, match="MY_HOST is not set"):
        read_declared_upstreams(Settings(mcp_config=written(tmp_path, servers)))


@pytest.mark.parametrize(
    ("document", "words"),
    [
        ("{", "is not JSON"),
        ({}, "neither mcpServers nor mcp.servers"),
        ({"mcpServers": {"a": 1}}, "not an object"),
        ({"mcpServers": {"a": {}}}, "neither a url nor a command"),
        ({"mcpServers": {"a": {"command": "x", "args": "y"}}}, "args is a list"),
        ({"mcpServers": {"a": {"command": "x", "env": []}}}, None),
        ({"mcpServers": {"a": {"url": "http://a", "type": "ws"}}}, "only streamable HTTP and SSE"),
        ({"mcpServers": {"a": {"url": "http://a", "timeout": -1}}}, "timeout"),
        ({"mcpServers": {"a": {"url": "http://a", "timeout": True}}}, "timeout"),
        ({"mcpServers": {"a": {"url": "ftp://a"}}}, "not a URL"),
        ({"mcpServers": {"a": {"url": "http://u:p@a"}}}, "credentials do not belong"),
        ({"mcpServers": {"a": {"url": "http://a", "headers": {"Host": "b"}}}}, "sets itself"),
        ({"mcpServers": {"a": {"url": "http://a", "headers": {"X": "a\r\nY: b"}}}}, "visible ASCII"),
        ({"mcpServers": {"a": {"url": "http://a", "headers": {"X: a": "b"}}}}, "not a header name"),
        ({"mcpServers": {"a": {"command": "x", "env": {"A=B": "c"}}}}, "env has invalid characters"),
        ({"mcpServers": {"???": {"url": "http://a"}}}, "no letter or digit"),
        ({"mcpServers": {"A b": {"url": "http://a"}, "a-b": {"url": "http://b"}}}, "there twice"),
    ],
)
def test_invalid_files_are_refused(document: Any, words: str | None, tmp_path: Path) -> None:
    settings = Settings(mcp_config=written(tmp_path, document))
    if words is None:
        assert read_declared_upstreams(settings)
        return
    with pytest.raises(ConfigurationError, match=words):
        read_declared_upstreams(settings)


def test_missing_file_is_reported(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="cannot be read"):
        read_declared_upstreams(Settings(mcp_config=tmp_path / "none.json"))


async def settled(app: App) -> None:
    """Wait until the items of every upstream were listed."""
    (keeper,) = [found for found in app.controllers if isinstance(found, UpstreamReconciler)]
    market = Market(app, app.clock)  # type: ignore[arg-type]

    async def ask() -> Any:
        await keeper.step()
        await keeper.wait_until_idle()
        return (await market.call(market.operator, "upstream.list")).upstreams

    await eventually(ask, lambda page: all(each.listed_at or each.state == "unavailable" for each in page))


async def test_declared_upstreams_exist_after_the_start(tmp_path: Path) -> None:
    far = Far(token="s3cret")
    async with serving(far.app()) as url:
        program = {"command": sys.executable, "args": ["-m", "tests.mcp_upstream"], "env": {"PYTHONPATH": str(ROOT)}}
        remote = {"url": url, "headers": {"Authorization": "Bearer s3cret"}}
        document = {"mcpServers": {"remote": remote, "program": program}}
        settings = make_settings(
            tmp_path / "data", mcp_config=written(tmp_path, document), mcp_commands=True, mcp_timeout=20
        )
        app = App(settings)
        await app.start()
        await settled(app)
        market = Market(app, app.clock)  # type: ignore[arg-type]
        for name in ("remote", "program"):
            answer = await market.call(
                market.operator, "upstream.call", upstream=name, tool="echo", arguments={"text": "x"}
            )
            assert answer.content[0]["text"] == "x"
        page = await market.call(market.operator, "upstream.list")
        assert [(found.name, found.origin, found.transport, found.timeout) for found in page.upstreams] == [
            ("program", "file", "stdio", 20),
            ("remote", "file", "http", 20),
        ]
        health = await market.call(market.operator, "admin.health", component="upstreams")
        assert health.components["upstreams"].detail == "2 of 2 connected"
        ids = {found.name: found.upstream_id for found in page.upstreams}
        await app.stop()

        remote["headers"] = {"Authorization": "Bearer wrong"}
        changed = {"mcpServers": {"remote": remote}}
        app = App(make_settings(tmp_path / "data", mcp_config=written(tmp_path, changed)))
        await app.start()
        market = Market(app, app.clock)  # type: ignore[arg-type]
        page = await market.call(market.operator, "upstream.list")
        assert {found.name: found.upstream_id for found in page.upstreams} == {"remote": ids["remote"]}
        assert not [found for found in app.registry.list_visible(market.operator) if found.name.startswith("program.")]
        with pytest.raises(UpstreamUnavailable, match="HTTP 401"):
            await market.call(market.operator, "upstream.call", upstream="remote", tool="echo", timeout=20)
        health = await market.call(market.operator, "admin.health", component="upstreams")
        assert (health.status, "HTTP 401" in health.components["upstreams"].detail) == ("degraded", True)
        await app.stop()


async def test_commands_require_permission(tmp_path: Path) -> None:
    document = {"mcpServers": {"program": {"command": sys.executable, "args": ["-c", "raise SystemExit"]}}}
    app = App(make_settings(tmp_path / "data", mcp_config=written(tmp_path, document)))
    await app.start()
    await settled(app)
    market = Market(app, app.clock)  # type: ignore[arg-type]
    shown = await market.call(market.operator, "upstream.get", upstream="program")
    assert (shown.state.value, "mcp_commands" in shown.error) == ("unavailable", True)
    for name in ("upstream.refresh", "upstream.call"):
        arguments = {"tool": "x"} if name == "upstream.call" else {}
        with pytest.raises(UpstreamUnavailable, match="mcp_commands"):
            await market.call(market.operator, name, upstream="program", **arguments)
    await app.stop()


async def test_invalid_file_prevents_the_start(tmp_path: Path) -> None:
    app = App(make_settings(tmp_path / "data", mcp_config=tmp_path / "none.json"))
    with pytest.raises(ConfigurationError, match="cannot be read"):
        await app.start()
