"""The AI Catalog: prices of agents, MCP servers if the settings publish them, and the standard's own conformance test."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from agora.protocols.a2a.operations import A2AOperations
from agora.server.app import App
from agora.settings import Settings
from tests.harness import Running, make_settings, running
from tests.mcp_upstream import Far, serving

CATALOG = "/.well-known/ai-catalog.json"
STRANGER = {"X-Forwarded-For": "203.0.113.5"}  # through a proxy no caller is the operator
#: a checkout of https://github.com/ards-project/ard-spec
CONFORMANCE = "AGORA_ARD_SPEC"


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return make_settings(
        tmp_path / "data",
        builtin_agents=True,
        ai_catalog_servers=True,
        ai_catalog_search=True,
        mcp_private_networks=True,
    )


@pytest.fixture
async def http(server: Running) -> AsyncIterator[httpx.AsyncClient]:
    """An operator's client of a server that has an upstream, a virtual server and an agent with a price."""
    async with serving(Far().app()) as far, httpx.AsyncClient(base_url=server.url, timeout=60) as http:
        price = {"agent_id": "Echo Agent", "type": "per_request", "price": 0.25, "currency": "EUR"}
        for path, body in (
            ("/upstreams", {"name": "far", "url": far}),
            ("/virtual-servers", {"name": "echoes", "description": "Says it again.", "tools": ["far.echo"]}),
            ("/agora/billing/set_price", price),
        ):
            answer = await http.post(path, json=body)
            assert answer.status_code == 200, answer.text
        yield http


async def _entries(http: httpx.AsyncClient) -> dict[str, dict[str, Any]]:
    answer = await http.get(CATALOG, headers=STRANGER)
    assert answer.status_code == 200, answer.text
    return {entry["displayName"]: entry for entry in answer.json()["entries"]}


async def test_stranger_sees_only_published_entries(http: httpx.AsyncClient, server: Running) -> None:
    entries = await _entries(http)
    assert entries["Echo Agent"]["metadata"] == {
        "pricing.type": "per_request",
        "pricing.price": 0.25,
        "pricing.currency": "EUR",
        "pricing.base_price": 0.0,
        "pricing.task_price": 0.0,
        "pricing.input_price": 0.0,
        "pricing.output_price": 0.0,
    }
    assert "metadata" not in entries["Calculator Agent"]
    kinds = {name: entries[name]["identifier"].split(":")[3] for name in ("Agora", "agora", "echoes", "far")}
    assert kinds == {"Agora": "agent", "agora": "mcp", "echoes": "server", "far": "upstream"}
    assert entries["echoes"]["capabilities"] == ["far.echo"]
    assert "echo" in entries["far"]["capabilities"]
    assert {"description", "type", "data"} <= entries["far"].keys()
    urls = {name: entries[name]["data"]["remotes"][0]["url"] for name in ("agora", "echoes", "far")}
    assert urls == {
        "agora": f"{server.url}/mcp",
        "echoes": f"{server.url}/mcp/servers/echoes",
        "far": f"{server.url}/mcp?toolsets=far",
    }
    assert (await http.get("/upstreams", headers=STRANGER)).status_code == 401  # all else stays hidden


async def test_upstream_that_is_removed_during_the_listing_is_left_out(
    http: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    invoke = A2AOperations.invoke_operation

    async def invoke_after_removal(operations: A2AOperations, operation: str, *arguments: Any) -> Any:
        if operation == "agora.upstream.get":
            assert (await http.delete("/upstreams/far")).status_code == 200
        return await invoke(operations, operation, *arguments)

    monkeypatch.setattr(A2AOperations, "invoke_operation", invoke_after_removal)
    entries = await _entries(http)
    assert "far" not in entries
    assert "echoes" in entries


async def _search(http: httpx.AsyncClient, text: str, **more: Any) -> dict[str, Any]:
    filters = more.pop("filter", None)
    query = {"text": text} | ({"filter": filters} if filters else {})
    answer = await http.post("/ard/search", json={"query": query, **more}, headers=STRANGER)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def test_catalog_is_searched_in_natural_language(http: httpx.AsyncClient, server: Running) -> None:
    best, *rest = (await _search(http, "find me somebody who does arithmetic"))["results"]
    assert (best["displayName"], best["source"]) == ("Calculator Agent", f"{server.url}/ard/")
    assert 0 < best["score"] <= 100
    assert all(each["score"] <= best["score"] for each in rest)
    servers = (await _search(http, "echoes", filter={"type": ["application/mcp-server-card+json"]}))["results"]
    assert "echoes" in [each["displayName"] for each in servers]
    assert {each["type"] for each in servers} == {"application/mcp-server-card+json"}
    priced = (await _search(http, "echo agent", filter={"metadata.pricing.type": "per_request"}))["results"]
    assert [each["displayName"] for each in priced] == ["Echo Agent"]
    assert (await _search(http, "agent", filter={"publisher": "elsewhere.example"}))["results"] == []
    first = await _search(http, "agent", pageSize=1)
    second = await _search(http, "agent", pageSize=1, pageToken=first["pageToken"])
    assert first["results"][0]["identifier"] != second["results"][0]["identifier"]
    assert (await _search(http, "zymurgy", federation="referrals")) == {"results": [], "referrals": []}
    for body in (
        {},
        {"query": {"text": ""}},
        {"query": {"text": "x"}, "pageSize": 0},
        {"query": {"text": "x"}, "federation": "all"},
    ):
        refused = await http.post("/ard/search", json=body)
        assert (refused.status_code, refused.json()["errorCode"]) == (400, "INVALID_ARGUMENT")
    assert (await http.post("/ard/explore", json={})).status_code == 501
    assert (await _entries(http))["Search of Agora"]["url"] == f"{server.url}/ard/"


async def test_search_exists_only_if_enabled(tmp_path: Path) -> None:
    async with running(App(make_settings(tmp_path / "data"))) as server, httpx.AsyncClient(base_url=server.url) as http:
        assert (await http.post("/ard/search", json={"query": {"text": "x"}})).status_code == 404
        assert "registry" not in (await http.get(CATALOG)).text


async def _run_conformance_test(*arguments: str) -> str:
    """Run the standard's own test program, which must pass without warnings."""
    checkout = os.environ.get(CONFORMANCE)
    if not checkout:
        pytest.skip(f"{CONFORMANCE} does not name a checkout of ards-project/ard-spec")
    program = Path(checkout) / "conformance" / "bin" / "conformance-test"
    process = await asyncio.create_subprocess_exec(
        sys.executable, str(program), *arguments, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT
    )
    output, _ = await process.communicate()
    report = output.decode()
    assert process.returncode == 0, report
    return report.replace("'jsonschema' package not installed", "")


@pytest.mark.long
async def test_standards_conformance_test_passes(http: httpx.AsyncClient, server: Running) -> None:
    report = await _run_conformance_test("manifest", f"{server.url}{CATALOG}")
    assert "\u26a0" not in report, report
    assert report.count("Valid URN format") == len(await _entries(http)), report
    report = await _run_conformance_test("registry", f"{server.url}/ard")
    assert "POST /search returned valid results list" in report, report
    assert report.count("\u26a0") == 2, report  # the two optional methods are not implemented
