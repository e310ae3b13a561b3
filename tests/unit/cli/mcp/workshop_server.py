"""The workshop server: a real MCP server over HTTP with the official SDK, whose tools report progress, fail and are
slow."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from typing import Any

import mcp_types as types
import uvicorn
from mcp import MCPError
from mcp.server.lowlevel import Server
from mcp.server.subscriptions import InMemorySubscriptionBus, ListenHandler, ToolsListChanged
from mcp.shared.message import ServerMessageMetadata
from starlette.types import ASGIApp, Receive, Scope, Send

from tests.harness import PromptServer, free_port
from tests.polling import wait_until

__all__ = ["Workshop"]

SCHEMA = {"type": "object", "properties": {"text": {"type": "string"}}}
ROUTED = {"type": "object", "properties": {"region": {"type": "string", "x-mcp-header": "Region"}}}
NAMES = ("agora.echo", "agora_busy", "fail", "problem", "routed", "count", "wait", "announce", "ask")
PAGE = 3


class Workshop:
    """The server and its recorded requests. It can be stopped and restarted at the same address."""

    def __init__(self) -> None:
        self.port = free_port()
        self.requests: list[dict[str, str]] = []
        self.calls: list[str] = []
        self.waiting = asyncio.Event()
        self.go_on = asyncio.Event()
        self.cancelled = asyncio.Event()
        self.watched: list[str] = []
        self.refusals: list[tuple[int, bytes]] = []
        self.bus = InMemorySubscriptionBus()
        self._listening = ListenHandler(self.bus)
        self._server: PromptServer | None = None
        self._serving: asyncio.Task[None] | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    async def start(self) -> None:
        app = self._noting(self._make().streamable_http_app())
        config = uvicorn.Config(app, port=self.port, log_config=None, timeout_graceful_shutdown=0)
        self._server = PromptServer(config)
        self._server.install_signal_handlers = lambda: None  # type: ignore[attr-defined]
        listener = config.bind_socket()
        self._serving = asyncio.create_task(self._server.serve(sockets=[listener]))
        await wait_until(lambda: self._server.started)

    async def stop(self, *, graceful: bool = False) -> None:
        assert self._server is not None
        assert self._serving is not None
        if graceful:
            self._listening.close()
        self._server.should_exit = True
        await self._serving

    async def tools_changed(self) -> None:
        await self.bus.publish(ToolsListChanged())

    def _noting(self, app: ASGIApp) -> ASGIApp:
        async def noted(scope: Scope, receive: Receive, send: Send) -> None:
            if scope["type"] == "http":
                headers = {name.decode(): value.decode() for name, value in scope["headers"]}
                self.requests.append({":method": scope["method"], ":query": scope["query_string"].decode(), **headers})
                if self.refusals:
                    status, body = self.refusals.pop(0)
                    kind = (b"content-type", b"application/problem+json")
                    await send({"type": "http.response.start", "status": status, "headers": [kind]})
                    await send({"type": "http.response.body", "body": body})
                    return
            await app(scope, receive, send)

        return noted

    def _make(self) -> Server[Any]:
        return Server(
            "workshop",
            version="1.0",
            on_list_tools=self._tools,
            on_call_tool=self._call,
            on_list_resources=self._resources,
            on_read_resource=self._read,
            on_subscribe_resource=self._subscribe,
            on_subscriptions_listen=self._listening,
            get_tool_input_schema=lambda name: ROUTED if name == "routed" else SCHEMA,
        )

    async def _tools(self, ctx: Any, params: types.PaginatedRequestParams | None) -> types.ListToolsResult:
        start = int(params.cursor) if params and params.cursor else 0
        tools = [
            types.Tool(name=name, description=name, input_schema=ROUTED if name == "routed" else SCHEMA)
            for name in NAMES[start : start + PAGE]
        ]
        after = start + PAGE
        return types.ListToolsResult(tools=tools, next_cursor=str(after) if after < len(NAMES) else None)

    async def _call(self, ctx: Any, params: types.CallToolRequestParams) -> types.CallToolResult:
        self.calls.append(params.name)
        text = str((params.arguments or {}).get("text", ""))
        match params.name:
            case "count":
                for step in range(3):
                    await ctx.session.report_progress(step + 1, 3, f"step {step + 1}")
            case "wait":
                await self._wait()
            case "announce":
                await ctx.session.send_tool_list_changed()
            case "ask":
                related = ServerMessageMetadata(related_request_id=ctx.request_id) if text == "here" else None
                await ctx.session.send_request(types.PingRequest(), types.EmptyResult, metadata=related)
            case "fail":
                return _said("it broke", is_error=True)
            case "problem":
                return _said(
                    "no",
                    is_error=True,
                    structured={"code": "not_found", "detail": "No such agent.", "fix": "Ask."},
                )
            case "agora_busy":
                raise MCPError(-32029, "Too many calls.", {"code": "rate_limited", "detail": "Too many calls."})
            case name if name not in NAMES:
                raise MCPError(-32602, f"Unknown tool: {name}")
        return _said(text, structured={"text": text, "name": params.name})

    async def _wait(self) -> None:
        self.waiting.set()
        try:
            await self.go_on.wait()
        except asyncio.CancelledError:
            self.cancelled.set()
            raise

    async def _resources(self, ctx: Any, params: Any) -> types.ListResourcesResult:
        return types.ListResourcesResult(resources=[types.Resource(uri="note://ä", name="a note")])

    async def _read(self, ctx: Any, params: types.ReadResourceRequestParams) -> types.ReadResourceResult:
        return types.ReadResourceResult(contents=[types.TextResourceContents(uri=params.uri, text="noted")])

    async def _subscribe(self, ctx: Any, params: types.SubscribeRequestParams) -> types.EmptyResult:
        self.watched.append(str(params.uri))
        return types.EmptyResult()


def _said(text: str, *, is_error: bool = False, structured: dict[str, Any] | None = None) -> types.CallToolResult:
    content = [types.TextContent(text=text)]
    return types.CallToolResult(content=content, is_error=is_error, structured_content=structured)


@contextlib.asynccontextmanager
async def open_workshop() -> AsyncIterator[Workshop]:
    workshop = Workshop()
    await workshop.start()
    try:
        yield workshop
    finally:
        workshop.go_on.set()
        await workshop.stop()
