"""The MCP registry's read API over the upstreams, and the import of its entries."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from mcp import Client

from agora.server.app import App
from agora_sdk.errors import InvalidRequest, NameTaken, NotFound, PermissionDenied
from tests.conformance.engines import Engine, RunsOn
from tests.harness import ManualClock, make_settings, running
from tests.market import Market
from tests.mcp_upstream import Far, serving

RUNS_ON = RunsOn.BOTH_IF_LONG

OFFICIAL = "io.modelcontextprotocol.registry/official"


@pytest.fixture
async def market(engine: Engine, tmp_path: Path, clock: ManualClock) -> AsyncIterator[Market]:
    settings = make_settings(tmp_path / "data", mcp_private_networks=True, public_url="https://agora.example.com/")
    app = App(settings, clock=clock, store=engine.store(clock))
    await app.start()
    yield Market(app, clock)
    await app.stop()


@pytest.fixture
def far() -> Far:
    return Far(token="s3cret")


@pytest.fixture
async def url(far: Far) -> AsyncIterator[str]:
    async with serving(far.app()) as url:
        yield url


def weather(url: str, **more: Any) -> dict[str, Any]:
    """Build a server.json with variables in its URL and its headers."""
    base = url.rpartition("/")[0]
    remote = {
        "type": "streamable-http",
        "url": f"{base}/{{path}}",
        "variables": {"path": {"default": "mcp", "choices": ["mcp", "other"]}},
        "headers": [
            {"name": "Authorization", "value": "Bearer {token}", "isSecret": True, "variables": {"token": {}}},
            {"name": "X-Region", "isRequired": True},
            {"name": "X-Optional"},
            {"name": "X-Default", "default": "d"},
        ],
    }
    server = {"name": "io.github.user/Weather_API", "description": "Tells the weather.", "version": "1.2.3"}
    return {**server, "remotes": [{"type": "sse", "url": "https://old"}, remote], **more}


READY: dict[str, Any] = {"variables": {"token": "s3cret"}, "headers": {"X-Region": "eu"}}


async def test_entry_is_imported_from_its_remote(market: Market, url: str, far: Far) -> None:
    entry = {"server": weather(url), "_meta": {}}
    added = await market.call(market.operator, "registry.import", server=entry, **READY)
    assert (added.name, added.origin, added.url, added.description) == (
        "weather-api",
        "registry",
        url,
        "Tells the weather.",
    )
    assert added.has_credentials
    answer = await market.call(
        market.operator, "upstream.call", upstream="weather-api", tool="echo", arguments={"text": "rain"}
    )
    assert answer.content[0]["text"] == "rain"
    assert {(sent.get("x-region"), sent.get("x-default"), sent.get("x-optional")) for sent in far.headers} == {
        ("eu", "d", None)
    }
    with pytest.raises(NameTaken):
        await market.call(market.operator, "registry.import", server=entry, name="other", **READY)


async def test_missing_variables_are_named(market: Market, url: str) -> None:
    with pytest.raises(InvalidRequest) as caught:
        await market.call(market.operator, "registry.import", server=weather(url))
    assert [error["field"] for error in caught.value.errors] == ["variables.token", "headers.X-Region"]
    with pytest.raises(InvalidRequest, match="one of mcp, other"):
        await market.call(
            market.operator, "registry.import", server=weather(url), variables={"token": "x", "path": "etc"}
        )


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"remotes": [], "packages": [{"registryType": "npm", "identifier": "x"}]}, "would run its code"),
        ({"remotes": [{"type": "sse", "url": "https://x"}]}, "no remote of type streamable-http"),
        ({"remotes": "none"}, "no remote of type streamable-http"),
        ({"name": "no slash"}, "has a name such as"),
        ({"name": "a/..."}, "No name can be derived"),
        ({"remotes": [{"type": "streamable-http", "url": "file:///etc/passwd"}]}, "not a URL of http"),
    ],
)
async def test_unsupported_entries_are_refused(market: Market, url: str, change: dict[str, Any], words: str) -> None:
    with pytest.raises(InvalidRequest, match=words):
        await market.call(market.operator, "registry.import", server=weather(url) | change, **READY)


async def test_import_cannot_use_a_reserved_name(market: Market, url: str) -> None:
    for name in ("agora/agora", "Agora/x"):
        with pytest.raises(NameTaken, match="this server's own"):
            await market.call(market.operator, "registry.import", server=weather(url) | {"name": name}, **READY)


@pytest.mark.parametrize("header", [{"name": "Host", "value": "other"}, {"name": "X\r\nY", "value": "z"}])
async def test_import_cannot_inject_headers(market: Market, url: str, header: dict[str, str]) -> None:
    remote = {"type": "streamable-http", "url": url, "headers": [header]}
    with pytest.raises(InvalidRequest, match="header"):
        await market.call(market.operator, "registry.import", server=weather(url) | {"remotes": [remote]})


async def test_concurrent_imports_create_one_upstream(market: Market, url: str) -> None:
    calls = [
        market.call(market.operator, "registry.import", server=weather(url), name=name, verify=False, **READY)
        for name in ("one", "two")
    ]
    found = await asyncio.gather(*calls, return_exceptions=True)
    assert sorted(type(each).__name__ for each in found) == ["NameTaken", "Upstream"]


async def test_only_operators_import_entries(market: Market, url: str) -> None:
    ada = await market.agent("Ada")
    with pytest.raises(PermissionDenied):
        await market.call(ada, "registry.import", server=weather(url), **READY)


async def test_visible_upstreams_are_listed(market: Market, url: str) -> None:
    ada = await market.agent("Ada")
    await market.call(market.operator, "registry.import", server=weather(url), **READY)
    market.clock.advance(3600)
    await market.call(market.operator, "upstream.add", name="plain", url="http://127.0.0.1:1/mcp", verify=False)
    page = await market.call(ada, "registry.list")
    assert [entry.server["name"] for entry in page.servers] == [
        "agora/agora",
        "agora/plain",
        "io.github.user/Weather_API",
    ]
    imported = page.servers[2]
    assert imported.server["remotes"] == [
        {"type": "streamable-http", "url": "https://agora.example.com/mcp?toolsets=weather-api"}
    ]
    assert imported.server["version"] == "2.1", "of the server that runs"
    assert imported.meta[OFFICIAL]["isLatest"]

    async def names(**given: Any) -> list[str]:
        found = await market.call(ada, "registry.list", **given)
        return [entry.server["name"] for entry in found.servers]

    assert await names(search="WEATHER") == ["io.github.user/Weather_API"]
    assert await names(version="2.1") == ["io.github.user/Weather_API"]
    assert len(await names(version="latest")) == 3
    since = imported.meta[OFFICIAL]["updatedAt"] + timedelta(minutes=30)
    assert await names(updated_since=since) == ["agora/plain"]
    first = await market.call(ada, "registry.list", limit=2)
    assert (first.metadata.count, await names(limit=2, cursor=first.metadata.next_cursor)) == (
        2,
        ["io.github.user/Weather_API"],
    )


async def test_responses_follow_the_registrys_schema(market: Market, url: str) -> None:
    await market.call(market.operator, "registry.import", server=weather(url), **READY)
    transport = httpx.ASGITransport(market.app, client=("127.0.0.1", 50000))
    async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1:8080") as client:
        listed = (await client.get("/v0.1/servers", params={"search": "weather", "version": "latest"})).json()
        assert listed["metadata"] == {"count": 1, "nextCursor": None}
        (entry,) = listed["servers"]
        assert entry["server"]["$schema"].endswith("/2025-12-11/server.schema.json")
        assert entry["_meta"][OFFICIAL]["status"] == "active"
        path = "/v0.1/servers/io.github.user%2FWeather_API/versions"
        assert (await client.get(path)).json()["servers"] == [entry]
        assert (await client.get(f"{path}/latest")).json() == entry
        plain = path.replace("%2F", "/")
        assert (await client.get(plain)).json()["servers"] == [entry]
        assert (await client.get(f"{plain}/latest")).json() == entry
        assert (await client.get(f"{plain}/too/many")).status_code == 404
        assert (await client.post(plain)).headers["allow"] == "GET"
        assert (await client.get(f"{path}/2.1")).json() == entry
        assert (await client.get(f"{path}/9")).status_code == 404
        assert (await client.get("/v0.1/servers/no%2Fsuch/versions")).status_code == 404
    with pytest.raises(NotFound):
        await market.call(market.operator, "registry.get", server_name="no/such")


async def test_entry_connects_only_to_its_own_tools(tmp_path: Path, url: str, far: Far) -> None:
    far.token = ""
    async with running(App(make_settings(tmp_path / "data", mcp_private_networks=True))) as server:
        async with httpx.AsyncClient(base_url=server.url) as client:
            added = await client.post("/upstreams", json={"name": "far", "url": url})
            assert added.status_code == 200, added.text
            entry = (await client.get("/v0.1/servers/agora%2Ffar/versions/latest")).json()
        remote = entry["server"]["remotes"][0]["url"]
        query = remote.partition("?")[2]
        async with Client(f"{server.url}/mcp?{query}") as mcp:
            listed = {tool.name for tool in (await mcp.list_tools()).tools}
    assert {name for name in listed if not name.startswith("agora.tools.")} == {f"far.{name}" for name in far.tools}
