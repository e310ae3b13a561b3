"""A federated upstream behaves through the server as it does directly: the protocol's server-everything is called both
ways.

The test compares results, and the requests and notifications that the client receives.
"""

from __future__ import annotations

import asyncio
import base64
import contextlib
import gzip
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from typing import Any

import mcp_types as types
import pytest
from mcp import Client
from mcp.client.subscriptions import listen
from mcp.shared.exceptions import MCPDeprecationWarning
from mcp.shared.subscriptions import ResourceUpdated

from tests.blackbox.mcp_host import MODES, Host
from tests.blackbox.monitor_browser import Browser
from tests.blackbox.server import ServerProcess
from tests.everything import CALLS, START_SECONDS, accepts_connections, everything, normalize_result
from tests.harness import free_port
from tests.mcp_upstream import Far, serving, tool
from tests.polling import passing, wait_until
from tests.processes import spawn_tethered

__all__ = ["everything"]

DEADLINE = 90.0


@pytest.fixture(scope="module")
def federated(everything: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    server = ServerProcess(tmp_path_factory.mktemp("federated") / "data", mcp_private_networks="true").start()
    server.operator.post("/upstreams", {"name": "everything", "url": everything})
    yield server
    server.close()


async def _call(host: Host, url: str, prefix: str, tool: str, mode: Any, token: str = "") -> tuple[Any, list[str], int]:
    async with host.connect(url, mode, token) as client:
        call = client.call_tool(prefix + tool, CALLS[tool], progress_callback=host.progress)
        result = await asyncio.wait_for(call, DEADLINE)
    return (
        normalize_result(result.model_dump(by_alias=True, mode="json", exclude_none=True)),
        sorted(set(host.asked) - {"roots"}),
        len(set(host.told)),
    )


@pytest.mark.long
@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("tool", CALLS)
async def test_every_tool_behaves_as_when_called_directly(
    everything: str, federated: ServerProcess, tool: str, mode: str
) -> None:
    direct = await _call(Host(), everything, "", tool, "legacy")
    relayed = await _call(Host(), f"{federated.url}/mcp", "everything.", tool, mode, federated.admin_token)
    assert relayed == direct


@pytest.mark.long
async def test_logs_arrive_during_and_after_a_call(federated: ServerProcess) -> None:
    host = Host()
    async with host.connect(f"{federated.url}/mcp", token=federated.admin_token) as client:
        with pytest.warns(MCPDeprecationWarning):
            await client.set_logging_level("debug")
        await client.call_tool("everything.toggle-simulated-logging", {})
        await wait_until(lambda: len(host.logs) >= 2, "two log messages", DEADLINE)


@pytest.mark.long
@pytest.mark.parametrize("mode", MODES)
async def test_resource_link_of_the_session_can_be_read(federated: ServerProcess, mode: str) -> None:
    arguments = CALLS["gzip-file-as-resource"] | {"outputType": "resourceLink"}
    async with Host().connect(f"{federated.url}/mcp", mode, federated.admin_token) as client:
        result = await client.call_tool("everything.gzip-file-as-resource", arguments)
        link = next(block for block in result.content if block.type == "resource_link")
        (content,) = (await client.read_resource(link.uri)).contents
    assert gzip.decompress(base64.b64decode(content.blob)) == b"hello"


@pytest.mark.long
@pytest.mark.parametrize("mode", MODES)
async def test_arguments_of_prompts_and_templates_are_completed(
    everything: str, federated: ServerProcess, mode: str
) -> None:
    async def complete(client: Client, prefix: str, template: str) -> Any:
        prompt = types.PromptReference(type="ref/prompt", name=f"{prefix}completable-prompt")
        first = await client.complete(prompt, {"name": "department", "value": "E"})
        second = await client.complete(
            prompt, {"name": "name", "value": ""}, context_arguments={"department": "Engineering"}
        )
        reference = types.ResourceTemplateReference(type="ref/resource", uri=template)
        third = await client.complete(reference, {"name": "resourceId", "value": "7"})
        return [each.completion.values for each in (first, second, third)]

    async with Host().connect(everything) as client:
        template = "demo://resource/dynamic/text/{resourceId}"
        direct = await complete(client, "", template)
    assert all(direct)
    async with Host().connect(f"{federated.url}/mcp", mode, federated.admin_token) as client:
        templates = (await client.list_resource_templates()).resource_templates
        local = next(each.uri_template for each in templates if "dynamic%2Ftext" in each.uri_template)
        assert await complete(client, "everything.", local) == direct


@pytest.mark.long
async def test_subscribers_receive_resource_updates(federated: ServerProcess) -> None:
    host = Host()
    async with host.connect(f"{federated.url}/mcp", token=federated.admin_token) as client:
        uri = next(each.uri for each in (await client.list_resources()).resources if "everything" in str(each.uri))
        with pytest.warns(MCPDeprecationWarning):
            await client.subscribe_resource(uri)
        await client.call_tool("everything.toggle-subscriber-updates", {})
        await wait_until(lambda: str(uri) in host.updated, "an update of the resource", DEADLINE)


@pytest.mark.long
async def test_upstream_offers_every_listed_item(everything: str, federated: ServerProcess) -> None:
    async with Host().connect(everything) as client:
        direct = {each.name for each in (await client.list_tools()).tools}
    assert direct >= CALLS.keys()
    detail = federated.operator.get("/upstreams/everything", params={"kind": "tool"})
    assert {item["name"] for item in detail["items"] if item["state"] == "active"} >= CALLS.keys()


class AskingUpstream(Far):
    """An upstream with a tool that asks a person, in the style of its protocol generation."""

    async def _tool_ask(self, ctx: Any, arguments: dict[str, Any]) -> Any:
        schema = {"type": "object", "properties": {"name": {"type": "string"}}, "required": ["name"]}
        if not self.modern:
            answer = (await ctx.session.elicit_form("Who is it?", schema)).content
        elif (responses := ctx.params.get("inputResponses")) is not None:
            assert ctx.params["requestState"] == "asked"
            answer = responses["who"]["content"]
        else:
            params = types.ElicitRequestFormParams(message="Who is it?", requested_schema=schema)
            return types.InputRequiredResult(
                input_requests={"who": types.ElicitRequest(params=params)}, request_state="asked"
            )
        return types.CallToolResult(content=[types.TextContent(type="text", text=f"Hello {answer['name']}")])


@pytest.fixture(params=["legacy upstream", "modern upstream"])
async def asking(request: pytest.FixtureRequest, shared_open_server: ServerProcess) -> AsyncIterator[ServerProcess]:
    """A server with an upstream that asks."""
    modern = request.param == "modern upstream"
    name = "modern" if modern else "legacy"
    async with serving(AskingUpstream(tools={"ask": tool("ask")}, modern=modern).app()) as url:
        new = {"name": "far", "url": url, "description": name}
        await asyncio.to_thread(shared_open_server.operator.post, "/upstreams", new)
        yield shared_open_server
        await asyncio.to_thread(shared_open_server.operator.call, "DELETE", "/upstreams/far")


@pytest.fixture(scope="module")
def shared_open_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    server = ServerProcess(tmp_path_factory.mktemp("open") / "data", mcp_private_networks="true").start()
    yield server
    server.close()


@pytest.mark.parametrize("mode", MODES)
async def test_client_answers_questions_of_an_upstream(asking: ServerProcess, mode: str) -> None:
    host = Host()
    async with host.connect(f"{asking.url}/mcp", mode, asking.admin_token) as client:
        for _ in range(2):  # over one connection to the upstream
            result = await asyncio.wait_for(client.call_tool("far.ask", {}), DEADLINE)
            assert result.content[0].text == "Hello Ada", result
    assert host.asked == ["elicitation form: Who is it?"] * 2


async def test_call_fails_if_the_client_cannot_be_asked(asking: ServerProcess) -> None:
    call = {"arguments": {}}
    response = await asyncio.to_thread(asking.operator.http.post, "/tools/far/ask", json=call, timeout=DEADLINE)
    assert "cannot be asked" in response.text, response.text


@pytest.mark.parametrize("mode", MODES)
async def test_resource_links_resolve_through_the_server(shared_open_server: ServerProcess, mode: str) -> None:
    class Linking(Far):
        async def _tool_link(self, ctx: Any, arguments: dict[str, Any]) -> Any:
            link = types.ResourceLink(type="resource_link", uri="far://note", name="note")
            inside = types.EmbeddedResource(
                type="resource", resource=types.TextResourceContents(uri="far://note", text="x")
            )
            return types.CallToolResult(content=[link, inside])

    far = Linking(tools={"link": tool("link"), "echo": tool("echo")})
    async with (
        serving(far.app()) as url,
        Host().connect(f"{shared_open_server.url}/mcp", mode, shared_open_server.admin_token) as client,
    ):
        await asyncio.to_thread(shared_open_server.operator.post, "/upstreams", {"name": "linking", "url": url})
        link, inside = (await client.call_tool("linking.link", {})).content
        assert inside.resource.uri == link.uri
        (content,) = (await client.read_resource(link.uri)).contents
        assert content.text == "at far://note"

        far.tools["echo"] = tool("echo", "Does something else now.")
        await asyncio.to_thread(shared_open_server.operator.post, "/upstreams/linking/refresh")
        for name in ("linking.echo", "linking_echo"):
            result = await client.call_tool(name, {})
            assert result.is_error
            assert "quarantined" in result.content[0].text
            assert "agora.upstream.accept" in result.content[0].text
        assert "echo" in await asyncio.to_thread(_quarantined_in_monitor, shared_open_server)
        await asyncio.to_thread(shared_open_server.operator.call, "DELETE", "/upstreams/linking")


def _quarantined_in_monitor(server: ServerProcess) -> str:
    """Return the names of quarantined items in the monitor's list of upstreams."""
    with Browser(server.url) as person:
        page = person.http.get("/v1/monitor/services/upstreams").text
    row = page[page.index(">linking</a>") :]
    row = row[: row.index("</tr>")]
    assert ">1</span>" in row
    return row.partition('<span class="sub clamp">')[2].partition("</span>")[0]


class LoggingUpstream(Far):
    """An upstream with a tool that logs messages of two levels, and one that completes its prompt's argument."""

    def server(self) -> Any:
        server = super().server()
        server.add_request_handler("logging/setLevel", types.SetLevelRequestParams, self._on_set_level)
        server.add_request_handler("completion/complete", types.CompleteRequestParams, self._on_complete)
        return server

    async def _on_set_level(self, ctx: Any, params: Any) -> dict[str, Any]:
        return {}

    async def _on_complete(self, ctx: Any, params: Any) -> types.CompleteResult:
        values = [name for name in ("Ada", "Alan", "Grace") if name.startswith(params.argument.value)]
        return types.CompleteResult(completion=types.Completion(values=values))

    async def _tool_log(self, ctx: Any, arguments: dict[str, Any]) -> types.CallToolResult:
        for level in ("debug", "warning"):
            with pytest.warns(MCPDeprecationWarning):
                await ctx.session.send_log_message(level, f"a {level}", related_request_id=ctx.request_id)
        return types.CallToolResult(content=[types.TextContent(type="text", text="logged")])


@contextlib.asynccontextmanager
async def logging_upstream(server: ServerProcess, modern: bool) -> AsyncIterator[None]:
    """An upstream that is federated under the name ``logging``."""
    far = LoggingUpstream(tools={"log": tool("log")}, modern=modern)
    async with serving(far.app()) as url:
        await asyncio.to_thread(server.operator.post, "/upstreams", {"name": "logging", "url": url})
        try:
            yield
        finally:
            await asyncio.to_thread(server.operator.call, "DELETE", "/upstreams/logging")


@pytest.mark.parametrize("modern", [False, True], ids=["legacy upstream", "modern upstream"])
@pytest.mark.parametrize("mode", MODES)
async def test_call_delivers_logs_of_its_level(shared_open_server: ServerProcess, mode: str, modern: bool) -> None:
    async with logging_upstream(shared_open_server, modern):
        for level, expected in (("warning", ["a warning"]), ("debug", ["a debug", "a warning"]), (None, [])):
            assert await _logs_of_a_call(shared_open_server, mode, level, len(expected)) == expected


async def _logs_of_a_call(server: ServerProcess, mode: str, level: Any, count: int) -> list[Any]:
    """Return the log messages received by a client with a log level, at least that many; None: no level was set."""
    host = Host()
    async with host.connect(f"{server.url}/mcp", mode, server.admin_token, level) as client:
        if mode == "legacy" and level is not None:
            with pytest.warns(MCPDeprecationWarning):
                await client.set_logging_level(level)
        result = await asyncio.wait_for(client.call_tool("logging.log", {}), DEADLINE)
        assert result.content[0].text == "logged"
        await wait_until(lambda: len(host.logs) >= count, "the log messages", DEADLINE)
    return host.logs


@pytest.mark.parametrize("modern", [False, True], ids=["legacy upstream", "modern upstream"])
@pytest.mark.parametrize("mode", MODES)
async def test_argument_of_an_upstreams_prompt_is_completed(
    shared_open_server: ServerProcess, mode: str, modern: bool
) -> None:
    reference = types.PromptReference(type="ref/prompt", name="logging.greet")
    async with (
        logging_upstream(shared_open_server, modern),
        Host().connect(f"{shared_open_server.url}/mcp", mode, shared_open_server.admin_token) as client,
    ):
        result = await client.complete(reference, {"name": "who", "value": "A"})
    assert result.completion.values == ["Ada", "Alan"]


class ChangingUpstream(Far):
    """An upstream whose resource changes on demand."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self.subscribed = asyncio.Event()
        self._subscriber: Any = None

    def server(self) -> Any:
        server = super().server()
        server.add_request_handler("resources/subscribe", types.SubscribeRequestParams, self._on_subscribe)
        return server

    async def _on_subscribe(self, ctx: Any, params: Any) -> dict[str, Any]:
        assert str(params.uri) == "far://note"
        self._subscriber = ctx.session
        self.subscribed.set()
        return {}

    async def change_note(self) -> None:
        if self.modern:
            await self.bus.publish(ResourceUpdated("far://note"))
        else:
            await self._subscriber.send_resource_updated("far://note")


@pytest.mark.parametrize("modern", [False, True], ids=["legacy upstream", "modern upstream"])
@pytest.mark.parametrize("mode", MODES)
async def test_change_of_an_upstreams_resource_is_notified(
    shared_open_server: ServerProcess, mode: str, modern: bool
) -> None:
    far, operator = ChangingUpstream(modern=modern), shared_open_server.operator
    host = Host()
    async with serving(far.app()) as url:
        await asyncio.to_thread(operator.post, "/upstreams", {"name": "changing", "url": url})
        async with host.connect(f"{shared_open_server.url}/mcp", mode, shared_open_server.admin_token) as client:
            note = next(each.uri for each in (await client.list_resources()).resources if each.name == "changing.note")
            if mode == "legacy":
                with pytest.warns(MCPDeprecationWarning):
                    await client.subscribe_resource(note)
                await asyncio.wait_for(_change_until_told(far, host, str(note)), DEADLINE)
            else:
                async with listen(client.session, resource_subscriptions=[str(note)]) as updates:
                    following = asyncio.create_task(_remember_updates(updates, host))
                    await asyncio.wait_for(_change_until_told(far, host, str(note)), DEADLINE)
                    following.cancel()
        await asyncio.to_thread(operator.call, "DELETE", "/upstreams/changing")


async def _remember_updates(updates: Any, host: Host) -> None:
    async for update in updates:
        host.updated.append(update.uri)


async def _change_until_told(far: ChangingUpstream, host: Host, uri: str) -> None:
    """Change the resource repeatedly: the start of the subscription is not notified."""
    if not far.modern:
        await far.subscribed.wait()
    while uri not in host.updated:
        await far.change_note()
        await passing(0.05)  # the maximum delay of an update, so that the changes do not flood


OLD_SERVER = """
import sys
from mcp.server.mcpserver import Context, MCPServer

server = MCPServer("old")

@server.tool()
async def ask(ctx: Context) -> str:
    schema = {"type": "object", "properties": {"name": {"type": "string"}}, "required": ["name"]}
    answer = await ctx.session.elicit_form("Who is it?", schema)
    return f"Hello {answer.content['name']}"

server.run(transport="sse", port=int(sys.argv[1]))
"""


async def test_upstream_of_the_older_transport_is_reachable(shared_open_server: ServerProcess) -> None:
    host, operator, port = Host(), shared_open_server.operator, free_port()
    process = spawn_tethered([sys.executable, "-c", OLD_SERVER, str(port)], stderr=subprocess.DEVNULL)
    try:
        await wait_until(lambda: accepts_connections(port), "the upstream listens", START_SECONDS)
        new = {"name": "old", "url": f"http://127.0.0.1:{port}/sse"}
        await asyncio.to_thread(operator.post, "/upstreams", new)
        async with host.connect(f"{shared_open_server.url}/mcp", token=shared_open_server.admin_token) as client:
            result = await asyncio.wait_for(client.call_tool("old.ask", {}), DEADLINE)
        await asyncio.to_thread(operator.call, "DELETE", "/upstreams/old")
    finally:
        process.kill()
        process.wait()
    assert result.content[0].text == "Hello Ada", result
