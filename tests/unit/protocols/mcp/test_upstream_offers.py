"""Items of upstreams over this server: tools, resources and prompts under the upstream's name."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from pathlib import Path
from typing import Any, cast

import httpx
import pytest
from mcp_types import ToolAnnotations

from agora.protocols.mcp import upstream_watch
from agora.protocols.mcp.request_context import RequestContext
from agora.protocols.mcp.upstream_resources import UpstreamResources
from agora.server.app import App
from agora_sdk.errors import NotFound
from tests.harness import ManualClock, Running, make_settings, running
from tests.mcp_upstream import Far, serving, tool
from tests.polling import eventually, passing, wait_until
from tests.unit.protocols.mcp.mcp_clients import ERAS, Wire, connect


@pytest.fixture
def far() -> Far:
    return Far()


@pytest.fixture
async def server(far: Far, tmp_path: Path, clock: ManualClock) -> AsyncIterator[Running]:
    settings = make_settings(tmp_path / "data", mcp_private_networks=True)
    async with serving(far.app()) as url, running(App(settings, clock=clock)) as server:
        async with httpx.AsyncClient(base_url=server.url, timeout=60) as http:
            answer = await http.post("/upstreams", json={"name": "far", "url": url})
            assert answer.status_code == 200, answer.text
        yield server


async def _result(wire: Wire, method: str, **params: Any) -> Any:
    answer = await wire.call("modern", method, params)
    assert "result" in answer, answer
    return answer["result"]


async def test_tools_are_listed_as_the_upstream_defines_them(wire: Wire) -> None:
    wire.query = "?view=full&page=1000"
    tools = {each["name"]: each for each in (await _result(wire, "tools/list"))["tools"]}
    assert tools["far.echo"]["inputSchema"]["required"] == ["text"]
    assert tools["far.echo"]["annotations"] == {"readOnlyHint": True, "openWorldHint": True}
    assert tools["far.shape"]["outputSchema"] == {"type": "object"}
    wire.query = "?toolsets=far&names=underscore"
    names = {each["name"] for each in (await _result(wire, "tools/list"))["tools"]}
    assert names >= {"far_echo", "agora_tools_search"}
    assert "agora_agent_get" not in names


@pytest.mark.parametrize("tenant", ["default", "other"])
@pytest.mark.parametrize("name", ["away.region", "away_region"])
async def test_headers_that_contradict_the_arguments_are_refused_in_each_tenant(
    server: Running, far: Far, wire: Wire, tenant: str, name: str
) -> None:
    region = {"type": "string", "x-mcp-header": "Region"}
    far.tools["region"] = tool("region", input_schema={"type": "object", "properties": {"region": region}})
    headers = {}
    if tenant != "default":
        created = (await wire.http.post("/agora/tenant/create", json={"tenant_id": tenant})).json()
        headers = {"authorization": f"Bearer {created['token']}"}
    url = (await wire.http.get("/upstreams")).json()["upstreams"][0]["url"]
    added = await wire.http.post("/upstreams", json={"name": "away", "url": url}, headers=headers)
    assert added.status_code == 200, added.text
    params = {"name": name, "arguments": {"region": "eu"}}
    refused = await wire.modern("tools/call", params, **headers, mcp_param_region="us")
    assert (refused.status_code, refused.json()["error"]["code"]) == (400, -32020)
    answered = await wire.modern("tools/call", params, **headers, mcp_param_region="eu")
    assert not answered.json()["result"].get("isError"), "the upstream gets the header too"


@pytest.mark.parametrize("era", ERAS)
@pytest.mark.parametrize("name", ["far.shape", "far_shape"])
async def test_results_are_relayed_unchanged(server: Running, era: str, name: str) -> None:
    async with connect(f"{server.url}/mcp", era) as client:
        result = await client.call_tool(name, {})
    assert result.structured_content == {"n": 1.5, "list": [1, None, {"ä": "ö"}], "text": "x" * 10}
    assert result.content == []
    assert result.meta is not None
    assert result.meta["k"] == "v"
    stamp = result.meta.get("io.modelcontextprotocol/serverInfo", {"name": "agora"})
    assert stamp["name"] == "agora"


async def test_failed_and_refused_calls_are_relayed(wire: Wire) -> None:
    failed = await _result(wire, "tools/call", name="far.fail", arguments={})
    assert failed["isError"]
    assert failed["content"] == [{"type": "text", "text": "it did not work"}]
    refused = await _result(wire, "tools/call", name="far.refuse", arguments={})
    assert refused["isError"]
    assert refused["_meta"]["agora/problem"]["upstream_code"] == -32050


@pytest.mark.parametrize("era", ERAS)
async def test_progress_is_relayed(server: Running, era: str) -> None:
    told: list[tuple[float, float | None, str | None]] = []

    async def hear(progress: float, total: float | None, message: str | None) -> None:
        told.append((progress, total, message))

    async with connect(f"{server.url}/mcp", era) as client:
        await client.call_tool("far.count", {}, progress_callback=hear)
    assert told == [(1, 3, "at 1"), (2, 3, "at 2"), (3, 3, "at 3")]


@pytest.mark.parametrize("era", ERAS)
async def test_cancellation_is_relayed(server: Running, far: Far, era: str) -> None:
    async with connect(f"{server.url}/mcp", era) as client, asyncio.timeout(60):
        calling = asyncio.create_task(client.call_tool("far.slow", {}))
        await far.began.wait()
        calling.cancel()
        await asyncio.gather(calling, return_exceptions=True)
        await far.cancelled.wait()


@pytest.mark.parametrize("era", ERAS)
async def test_resources_are_read_under_the_upstreams_name(server: Running, era: str) -> None:
    async with connect(f"{server.url}/mcp", era) as client:
        found: dict[str, str] = {}
        cursor: str | None = None
        while True:
            page = await client.list_resources(cursor=cursor)
            found |= {resource.name: str(resource.uri) for resource in page.resources}
            cursor = page.next_cursor
            if cursor is None:
                break
        uri = found["far.note"]
        assert uri == "agora://upstreams/far/far%3A%2F%2Fnote"
        (content,) = (await client.read_resource(uri)).contents
        assert (str(content.uri), content.text) == (uri, "at far://note")  # type: ignore[union-attr]
        templates = (await client.list_resource_templates()).resource_templates
        template = next(each.uri_template for each in templates if each.name == "far.notes")
        (content,) = (await client.read_resource(template.replace("{id}", "7"))).contents
        assert content.text == "at far://notes/7"  # type: ignore[union-attr]


async def test_resource_of_an_upstream_that_is_added_later_is_watched(
    server: Running, far: Far, wire: Wire, monkeypatch: pytest.MonkeyPatch
) -> None:
    from mcp.client.subscriptions import listen
    from mcp.shared.subscriptions import ResourceUpdated

    monkeypatch.setattr(upstream_watch, "RETRY_SECONDS", 0.01)
    uri = "agora://upstreams/later/far%3A%2F%2Fnote"
    url = (await wire.http.get("/upstreams")).json()["upstreams"][0]["url"]
    async with (
        connect(f"{server.url}/mcp", "modern") as client,
        asyncio.timeout(60),
        listen(client.session, resource_subscriptions=[uri]) as stream,
    ):
        following = asyncio.ensure_future(anext(aiter(stream)))
        await wait_until(lambda: len(server.app.feed))
        await passing(0.1)  # the first attempt fails
        assert (await wire.http.post("/upstreams", json={"name": "later", "url": url})).status_code == 200
        while not following.done():  # the start of the watch is not notified
            await far.bus.publish(ResourceUpdated("far://note"))
            await passing(0.05)
        assert str(following.result().uri) == uri


@pytest.mark.parametrize("era", ERAS)
async def test_prompts_are_filled_in_by_the_upstream(server: Running, era: str) -> None:
    async with connect(f"{server.url}/mcp", era) as client:
        assert "far.greet" in {prompt.name for prompt in (await client.list_prompts()).prompts}
        prompt = await client.get_prompt("far.greet", {"who": "Bob"})
        assert prompt.messages[0].content.text == "Hello Bob"  # type: ignore[union-attr]


async def test_changes_of_an_upstream_are_notified(server: Running, far: Far) -> None:
    from mcp.client.subscriptions import listen

    async with connect(f"{server.url}/mcp?view=full&page=1000", "modern") as client, asyncio.timeout(60):
        async with listen(client.session, tools_list_changed=True) as stream:
            await far.change(tool("new", annotations=ToolAnnotations(read_only_hint=True)))
            assert type(await anext(aiter(stream))).__name__ == "ToolsListChanged"
        await eventually(client.list_tools, lambda page: "far.new" in {each.name for each in page.tools})


async def test_an_upstream_that_is_removed_during_a_listing_is_left_out() -> None:
    pages = {
        "removed": NotFound("There is no upstream removed."),
        "kept": {"items": [{"name": "hello", "definition": {"name": "hello"}}], "next_cursor": None},
    }

    async def invoke(request_context: RequestContext, operation: str, arguments: Mapping[str, Any]) -> Any:
        if operation == "agora.upstream.list":
            return {"upstreams": [{"name": name} for name in pages], "next_cursor": None}
        page = pages[arguments["upstream"]]
        if isinstance(page, NotFound):
            raise page
        return page

    prompts = await UpstreamResources(invoke).list_prompts(cast(RequestContext, None))
    assert [prompt["name"] for prompt in prompts] == ["kept.hello"]
