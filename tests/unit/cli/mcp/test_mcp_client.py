"""MCPClient against a real server, synchronous and asynchronous."""

from __future__ import annotations

import asyncio
import contextlib
import json
import sys
import threading
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from types import FrameType
from typing import Any

import pytest

from agora_sdk.errors import (
    DeadlineExceeded,
    InvalidRequest,
    NotFound,
    RateLimited,
    ServerUnreachable,
    Unauthenticated,
    UpstreamFailed,
)
from agora_sdk.mcp import MCPClient
from tests.harness import free_port
from tests.hostile_upstream import Heard, listening
from tests.stream_server import serve_streams
from tests.unit.cli.mcp.workshop_server import NAMES, Workshop, open_workshop

Call = Callable[..., Any]


@pytest.fixture(params=["blocking", "awaited"])
async def use(request: pytest.FixtureRequest) -> AsyncIterator[Callable[[MCPClient], Call]]:
    """Call a client's method ``call(name, ...)``: in a thread without a loop, or awaited in this one."""
    clients: list[MCPClient] = []

    def using(client: MCPClient) -> Call:
        clients.append(client)

        async def call(method: str, *args: Any, **kwargs: Any) -> Any:
            if request.param == "blocking":
                return await asyncio.to_thread(lambda: getattr(client, method)(*args, **kwargs))
            return await getattr(client, method)(*args, **kwargs)

        return call

    yield using
    for client in clients:
        await asyncio.to_thread(client.close)
        await client.aclose()


@pytest.fixture
async def call(use: Callable[[MCPClient], Call], workshop: Workshop) -> Call:
    call = use(MCPClient())
    await call("connect", workshop.url, token="secret")
    return call


async def test_connect_reads_server_info_and_all_tools(use: Callable[[MCPClient], Call], workshop: Workshop) -> None:
    client = MCPClient(max_connections=10, connection_timeout=30, pool_recycle=3600)
    server = await use(client)("connect", workshop.url, token="secret")
    assert (server.name, server.version, server.protocol_version) == ("workshop", "1.0", "2025-11-25")
    assert server.url == f"{workshop.url}/mcp"
    assert server.tools == list(NAMES)
    assert client.servers == ("workshop",)
    assert {request["authorization"] for request in workshop.requests} == {"Bearer secret"}
    tools = await use(client)("list_tools")
    assert [tool.name for tool in tools] == list(NAMES)
    assert tools.tools[0].input_schema["type"] == "object"


async def test_call_returns_data_or_text(call: Call) -> None:
    assert await call("call_tool", "agora.echo", {"text": "hello"}) == {"text": "hello", "name": "agora.echo"}
    result = await call("call_tool_result", "agora.echo", {"text": "hello"})
    assert (result.text, result.is_error) == ("hello", False)
    result.structured_content = None
    assert result.value == "hello"
    result.structured_content = {"result": 7}
    assert result.value == 7


async def test_progress_is_reported_live(call: Call) -> None:
    heard: list[Any] = []
    await call("call_tool", "count", on_progress=lambda *progress: heard.append(progress))
    assert heard == [(1, 3, "step 1"), (2, 3, "step 2"), (3, 3, "step 3")]


async def test_server_questions_are_answered(call: Call) -> None:
    assert (await call("call_tool", "ask", {"text": "here"}, timeout=60))["name"] == "ask"


async def test_progress_callback_may_be_a_coroutine_function(workshop: Workshop) -> None:
    heard: list[float] = []

    async def note(progress: float, total: float | None, message: str | None) -> None:
        await asyncio.sleep(0)
        heard.append(progress)

    async with MCPClient() as client:
        await client.connect(workshop.url)
        await client.call_tool("count", on_progress=note)
    assert heard == [1, 2, 3]


async def test_failed_tool_raises_with_its_reason(call: Call) -> None:
    with pytest.raises(UpstreamFailed, match="it broke"):
        await call("call_tool", "fail")
    assert (await call("call_tool_result", "fail")).is_error
    with pytest.raises(NotFound, match=r"No such agent\. Ask\."):
        await call("call_tool", "problem")
    with pytest.raises(RateLimited):
        await call("call_tool", "agora_busy")
    with pytest.raises(NotFound, match="list_tools"):
        await call("call_tool", "nothing_of_the_sort")
    with pytest.raises(NotFound, match="workshop"):
        await call("call_tool", "fail", server="elsewhere")


async def test_call_times_out_and_is_cancelled(call: Call, workshop: Workshop) -> None:
    with pytest.raises(DeadlineExceeded, match=r"within 2 s"):
        await call("call_tool", "wait", timeout=2)
    await asyncio.wait_for(workshop.cancelled.wait(), 60)


@asynccontextmanager
async def serve_with_silence(*silent: str, messages: list[Any] | None = None) -> AsyncIterator[str]:
    """Run an MCP server that never answers some HTTP methods or JSON-RPC methods. Yields its URL.

    messages: records the received messages."""

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode().lower()
        size = int(head.partition("content-length: ")[2].split("\r\n")[0] or 0)
        message = json.loads(await reader.readexactly(size) or "{}")
        if messages is not None:
            messages.append(message)
        results: dict[str, Any] = {
            "initialize": {"protocolVersion": "2025-11-25", "serverInfo": {"name": "mute", "version": "1"}},
            "tools/list": {"tools": [{"name": "echo", "inputSchema": {"type": "object"}}]},
            "tools/call": {"content": []},
        }
        if {message.get("method"), head.split()[0].upper()} & set(silent):
            await reader.read()  # until the client gives up
        else:
            result = results.get(message.get("method"))
            body = json.dumps({"jsonrpc": "2.0", "id": message["id"], "result": result}) if result else ""
            writer.write(
                f"HTTP/1.1 {200 if result else 202} X\r\ncontent-type: application/json\r\nmcp-session-id: s\r\n"
                f"content-length: {len(body)}\r\nconnection: close\r\n\r\n{body}".encode()
            )
            await writer.drain()
        writer.close()

    async with serve_streams(handle) as port:
        yield f"http://127.0.0.1:{port}/mcp"


async def test_close_does_not_wait_for_an_unresponsive_server(use: Callable[[MCPClient], Call]) -> None:
    client = MCPClient()
    call = use(client)
    async with serve_with_silence("tools/call", "notifications/cancelled", "DELETE") as url:
        await call("connect", url)
        with pytest.raises(DeadlineExceeded, match=r"tools/call within 2 s"):
            await call("call_tool", "echo", timeout=2)
        await asyncio.to_thread(client.close)
        await client.aclose()


async def test_unfinished_handshake_times_out(use: Callable[[MCPClient], Call]) -> None:
    async with serve_with_silence("notifications/initialized") as url:
        with pytest.raises(DeadlineExceeded, match=r"notifications/initialized within 2 s"):
            await use(MCPClient(timeout=2))("connect", url)


async def test_session_survives_a_server_restart(call: Call, workshop: Workshop) -> None:
    await workshop.stop()
    with pytest.raises((ServerUnreachable, UpstreamFailed)):
        await call("call_tool", "agora.echo")
    await workshop.start()
    assert (await call("call_tool", "agora.echo", {"text": "again"}))["text"] == "again"


async def test_calls_that_lose_a_session_together_both_succeed() -> None:
    sessions: list[str] = []
    ended: list[str] = []
    announced, second_handshake, answered = asyncio.Event(), asyncio.Event(), asyncio.Event()

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode().lower()
        size = int(head.partition("content-length: ")[2].split("\r\n")[0] or 0)
        message = json.loads(await reader.readexactly(size) or "{}")
        if head.startswith("delete"):
            ended.append(head.partition("mcp-session-id: ")[2].split("\r\n")[0])
        method, session = message.get("method"), head.partition("mcp-session-id: ")[2].split("\r\n")[0]
        status = 200 if "id" in message else 202
        result: dict[str, Any] = {}
        if method == "initialize":
            sessions.append(f"s{len(sessions) + 1}")
            session = sessions[-1]
            result = {"protocolVersion": "2025-11-25", "serverInfo": {"name": "x", "version": "1"}}
            if session == "s3":  # of the second call: the first call ends while its handshake is under way
                second_handshake.set()
                await answered.wait()
        elif method == "notifications/initialized" and session == "s2":
            announced.set()
            await second_handshake.wait()
        elif method == "tools/list":
            result = {"tools": [{"name": name, "inputSchema": {}} for name in ("first", "second")]}
        elif method == "tools/call" and session == "s1":
            status = 404
            if message["params"]["name"] == "second":
                await announced.wait()
        elif method == "tools/call":
            status, result = (200, {"content": [{"type": "text", "text": session}]}) if session else (400, {})
            answered.set()
        body = json.dumps({"jsonrpc": "2.0", "id": message.get("id"), "result": result}) if status == 200 else ""
        writer.write(
            f"HTTP/1.1 {status} X\r\ncontent-type: application/json\r\nmcp-session-id: {session}\r\n"
            f"connection: close\r\ncontent-length: {len(body)}\r\n\r\n{body}".encode()
        )
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(handle, "127.0.0.1", 0)
    async with server, MCPClient() as client:
        await client.connect(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/mcp")
        calls = [client.call_tool(name) for name in ("first", "second")]
        assert await asyncio.gather(*calls) == ["s2", "s2"]
        assert ended == ["s3"], "the session that no call uses is ended"
    assert ended == ["s3", "s2"]


async def test_broken_connection_is_reported(call: Call, workshop: Workshop) -> None:
    calling = asyncio.create_task(call("call_tool", "wait"))
    await asyncio.wait_for(workshop.waiting.wait(), 60)
    await workshop.stop()
    with pytest.raises(UpstreamFailed) as caught:
        await calling
    assert caught.value.outcome == "unknown"
    await workshop.start()


async def test_threads_never_share_a_request_id() -> None:
    """Between any two lines that send a request, another thread sends one, too."""
    messages: list[Any] = []
    with MCPClient() as client:

        def call_in_another_thread() -> None:
            thread = threading.Thread(target=client.call_tool, args=("echo",))
            thread.start()
            thread.join()

        def trace(frame: FrameType, event: str, argument: Any) -> Any:
            if event == "line" and frame.f_code.co_name == "_send_request":
                call_in_another_thread()
            return trace

        def call_with_a_switch_at_every_line() -> None:
            client.connect(url)
            sys.settrace(trace)
            try:
                client.call_tool("echo")
            finally:
                sys.settrace(None)

        async with serve_with_silence(messages=messages) as url:
            await asyncio.to_thread(call_with_a_switch_at_every_line)
            await asyncio.to_thread(client.close)
    ids = [message["id"] for message in messages if message.get("method") == "tools/call"]
    assert len(ids) > 2
    assert len(set(ids)) == len(ids)


async def test_connecting_again_ends_the_earlier_session(use: Callable[[MCPClient], Call], workshop: Workshop) -> None:
    client = MCPClient()
    call = use(client)
    for _ in range(2):
        await call("connect", workshop.url)
    assert client.servers == ("workshop",)
    opened = dict.fromkeys(request["mcp-session-id"] for request in workshop.requests if "mcp-session-id" in request)
    earlier, current = opened
    ended = [request["mcp-session-id"] for request in workshop.requests if request[":method"] == "DELETE"]
    assert ended == [earlier]
    assert await call("call_tool", "agora.echo", {"text": current}) == {"text": current, "name": "agora.echo"}


async def test_failed_connection_ends_its_session(use: Callable[[MCPClient], Call]) -> None:
    messages: list[Any] = []
    async with serve_with_silence("tools/list", messages=messages) as url:
        with pytest.raises(DeadlineExceeded, match="tools/list"):
            await use(MCPClient())("connect", url, timeout=2)
        assert messages[-1] == {}, "the request without a body, DELETE, is the last one"


async def test_several_servers_are_used_concurrently(use: Callable[[MCPClient], Call], workshop: Workshop) -> None:
    client = MCPClient()
    call = use(client)
    with pytest.raises(InvalidRequest, match="connect"):
        await call("call_tool", "agora.echo")
    async with open_workshop() as other:
        for url in (workshop.url, other.url, workshop.url):
            await call("connect", url)
        await call("connect", other.url, name="mine")
        assert client.servers == ("workshop", "workshop-2", "mine")
        await call("call_tool", "agora.echo")
        await call("call_tool", "agora.echo", server="mine")
        assert (workshop.calls, other.calls) == (["agora.echo"], ["agora.echo"])


async def test_new_tool_is_found_while_another_server_is_unreachable(
    use: Callable[[MCPClient], Call], workshop: Workshop, monkeypatch: pytest.MonkeyPatch
) -> None:
    call = use(MCPClient(timeout=60))
    async with open_workshop() as other:
        await call("connect", other.url, name="other")
    await call("connect", workshop.url)
    monkeypatch.setattr("tests.unit.cli.mcp.workshop_server.NAMES", (*NAMES, "added"))
    assert (await call("call_tool", "added"))["name"] == "added"
    # The unreachable server may have this tool.
    with pytest.raises(ServerUnreachable):
        await call("call_tool", "missing")


async def test_tools_are_listed_while_another_server_is_unreachable(
    use: Callable[[MCPClient], Call], workshop: Workshop
) -> None:
    call = use(MCPClient(timeout=60))
    async with open_workshop() as other:
        await call("connect", other.url, name="other")
        await call("connect", workshop.url, name="workshop")
        assert (await call("list_tools")).errors == {}
    tools = await call("list_tools")
    assert {tool.server for tool in tools} == {"workshop"}
    assert tools.errors.keys() == {"other"}
    assert "No MCP server answers" in tools.errors["other"]
    with pytest.raises(ServerUnreachable):
        await call("list_tools", "other")
    await workshop.stop()
    with pytest.raises((ServerUnreachable, UpstreamFailed)):
        await call("list_tools")
    await workshop.start()


async def test_unreachable_server_is_reported(use: Callable[[MCPClient], Call], workshop: Workshop) -> None:
    call = use(MCPClient(timeout=60))
    with pytest.raises(ServerUnreachable):
        await call("connect", f"http://127.0.0.1:{free_port()}")
    with pytest.raises(NotFound, match="no MCP endpoint"):
        await call("connect", f"{workshop.url}/elsewhere")
    with pytest.raises(InvalidRequest):
        await call("connect", "ftp://files.example.com")
    workshop.refusals.append((401, json.dumps({"code": "unauthenticated", "detail": "Who are you?"}).encode()))
    with pytest.raises(Unauthenticated, match="Who are you"):
        await call("connect", f"{workshop.url}/mcp")


async def test_server_without_handshake_is_supported(
    call: Call, workshop: Workshop, use: Callable[[MCPClient], Call]
) -> None:
    error = {"code": -32022, "message": "Unsupported", "data": {"supported": ["2026-07-28"], "requested": "2025-11-25"}}
    refusal = json.dumps({"jsonrpc": "2.0", "id": 1, "error": error}).encode()
    workshop.refusals.append((400, refusal))
    call = use(MCPClient())
    server = await call("connect", f"{workshop.url}/mcp")
    assert (server.name, server.protocol_version) == ("workshop", "2026-07-28")
    heard: list[float] = []
    await call("call_tool", "count", on_progress=lambda progress, total, message: heard.append(progress))
    assert heard == [1, 2, 3]
    assert (await call("call_tool", "routed", {"region": "Übersee"}))["name"] == "routed"
    request = workshop.requests[-1]
    assert (request["mcp-method"], request["mcp-param-region"]) == ("tools/call", "=?base64?w5xiZXJzZWU=?=")
    with pytest.raises(DeadlineExceeded):
        await call("call_tool", "wait", timeout=2)
    await asyncio.wait_for(workshop.cancelled.wait(), 60)


@pytest.mark.parametrize("kind", ["application/json", "text/event-stream"])
async def test_an_answer_without_end_is_refused(
    use: Callable[[MCPClient], Call], kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("agora_sdk.mcp_wire.MAX_EVENT_BYTES", 100_000)
    monkeypatch.setattr("agora_sdk.mcp_wire.Events.__init__.__defaults__", (100_000,))

    async def flood(request: Heard) -> None:
        await request.say(f"HTTP/1.1 200 OK\r\ncontent-type: {kind}\r\ncontent-length: 900000000\r\n\r\n".encode())
        with contextlib.suppress(ConnectionError):
            while True:
                await request.say(b"data: " + b"x" * 65_536)

    call = use(MCPClient(timeout=30))
    async with listening(flood) as url:
        with pytest.raises(UpstreamFailed, match="more than 100000 bytes"):
            await call("connect", url)
