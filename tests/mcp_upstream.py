"""A test upstream: a small MCP server with the official SDK, over HTTP and over standard streams.

Its tools can be changed at run time. ``python -m tests.mcp_upstream`` serves it on its standard streams.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

import mcp_types as types
import uvicorn
from mcp.server.lowlevel import Server
from mcp.server.lowlevel.server import NotificationOptions
from mcp.server.stdio import stdio_server
from mcp.server.subscriptions import InMemorySubscriptionBus, ListenHandler, ServerEvent, ToolsListChanged
from mcp.shared.exceptions import MCPError

from tests.harness import PromptServer, free_port

__all__ = ["Far", "serving", "tool"]

Asgi = Callable[..., Awaitable[None]]


def tool(name: str, description: str | None = "Does it.", **more: Any) -> types.Tool:
    more.setdefault("input_schema", {"type": "object"})
    return types.Tool(name=name, description=description, **more)


def _tools() -> dict[str, types.Tool]:
    text = {"type": "object", "properties": {"text": {"type": "string"}}, "required": ["text"]}
    found = (
        tool("echo", "Says it again.", input_schema=text, annotations=types.ToolAnnotations(read_only_hint=True)),
        tool("slow", "Waits until it is told to go on."),
        tool("count", "Counts to three, and tells how far it is."),
        tool("fail", "Says that it failed."),
        tool("refuse", "Answers a JSON-RPC error."),
        tool("shape", "Answers structured content that is not what it said.", output_schema={"type": "object"}),
        tool("die", "Ends the process."),
        tool("environment", "Shows a variable."),
    )
    return {each.name: each for each in found}


class ObservedBus(InMemorySubscriptionBus):
    """Reports when a client subscribes to changes."""

    def __init__(self) -> None:
        super().__init__()
        self.listened_to = asyncio.Event()

    def subscribe(self, listener: Callable[[ServerEvent], None]) -> Callable[[], None]:
        self.listened_to.set()
        return super().subscribe(listener)


@dataclass
class Far:
    """The upstream: its items, the requests it received, and an event that resumes slow calls."""

    tools: dict[str, types.Tool] = field(default_factory=_tools)
    asked: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)
    methods: list[str] = field(default_factory=list)
    began: asyncio.Event = field(default_factory=asyncio.Event)
    cancelled: asyncio.Event = field(default_factory=asyncio.Event)
    go: asyncio.Event = field(default_factory=asyncio.Event)
    listings: int = 0
    modern: bool = True
    token: str = ""
    status: int = 0  # of every response, if not 0
    sessions: list[Any] = field(default_factory=list)
    bus: ObservedBus = field(default_factory=ObservedBus)

    def server(self) -> Server[Any]:
        return Server(
            "far",
            version="2.1",
            instructions="Ask for an echo.",
            get_tool_input_schema=lambda name: self.tools[name].input_schema if name in self.tools else None,
            on_list_tools=self._list_tools,
            on_call_tool=self._call_tool,
            on_list_resources=self.list_resources,
            on_list_resource_templates=self._list_templates,
            on_read_resource=self._read_resource,
            on_list_prompts=self._list_prompts,
            on_get_prompt=self._get_prompt,
            on_subscriptions_listen=ListenHandler(self.bus),
        )

    def app(self) -> Asgi:
        """Build an ASGI application with its own sessions."""
        inner = self.server().streamable_http_app()

        async def app(scope: Any, receive: Any, send: Any) -> None:
            if scope["type"] == "http":
                headers = {name.decode(): value.decode() for name, value in scope["headers"]}
                self.headers.append(headers)
                self.methods.append(scope["method"])
                if status := self._refused(headers):
                    await send({"type": "http.response.start", "status": status, "headers": []})
                    await send({"type": "http.response.body", "body": b""})
                    return
            await inner(scope, receive, send)

        return app

    def _refused(self, headers: dict[str, str]) -> int:
        if self.token and headers.get("authorization") != f"Bearer {self.token}":
            return 401
        if not self.modern and headers.get("mcp-protocol-version", "") >= "2026":
            return 400
        return self.status

    async def change(self, *tools: types.Tool) -> None:
        """Replace the tools and notify clients."""
        self.tools |= {each.name: each for each in tools}
        await self.tell()

    async def tell(self) -> None:
        await self.bus.publish(ToolsListChanged())
        for session in self.sessions:
            await session.send_tool_list_changed()

    # -- handlers --------------------------------------------------------------------------------

    async def _list_tools(self, ctx: Any, params: Any) -> types.ListToolsResult:
        self.listings += 1
        if not self.modern and ctx.session not in self.sessions:
            self.sessions = [ctx.session]
        names = sorted(self.tools)
        start = int(params.cursor) if params is not None and params.cursor else 0
        page = [self.tools[name] for name in names[start : start + 5]]
        following = str(start + 5) if start + 5 < len(names) else None
        return types.ListToolsResult(tools=page, next_cursor=following)

    async def _call_tool(self, ctx: Any, params: Any) -> types.CallToolResult:
        arguments = params.arguments or {}
        self.asked.append((params.name, arguments))
        if params.name not in self.tools:
            raise MCPError(types.INVALID_PARAMS, f"there is no tool {params.name}")
        act = getattr(self, f"_tool_{params.name}", self._tool_echo)
        result: types.CallToolResult = await act(ctx, arguments)
        return result

    async def _tool_echo(self, ctx: Any, arguments: dict[str, Any]) -> types.CallToolResult:
        return _says(arguments.get("text", ""))

    async def _tool_slow(self, ctx: Any, arguments: dict[str, Any]) -> types.CallToolResult:
        self.began.set()
        try:
            await self.go.wait()
        except BaseException:
            self.cancelled.set()
            raise
        return _says("done")

    async def _tool_count(self, ctx: Any, arguments: dict[str, Any]) -> types.CallToolResult:
        for number in (1, 2, 3):
            await ctx.session.report_progress(number, 3, f"at {number}")
        return _says("three")

    async def _tool_fail(self, ctx: Any, arguments: dict[str, Any]) -> types.CallToolResult:
        return _says("it did not work", is_error=True)

    async def _tool_refuse(self, ctx: Any, arguments: dict[str, Any]) -> types.CallToolResult:
        raise MCPError(-32050, "not today")

    async def _tool_shape(self, ctx: Any, arguments: dict[str, Any]) -> types.CallToolResult:
        odd = {"n": 1.5, "list": [1, None, {"ä": "ö"}], "text": "x" * 10}
        return types.CallToolResult(content=[], structured_content=odd, _meta={"k": "v"})

    async def _tool_die(self, ctx: Any, arguments: dict[str, Any]) -> types.CallToolResult:
        os._exit(3)

    async def _tool_environment(self, ctx: Any, arguments: dict[str, Any]) -> types.CallToolResult:
        return _says(os.environ.get(arguments["name"], ""))

    async def list_resources(self, ctx: Any, params: Any) -> types.ListResourcesResult:
        return types.ListResourcesResult(resources=[types.Resource(uri="far://note", name="note")])

    async def _list_templates(self, ctx: Any, params: Any) -> types.ListResourceTemplatesResult:
        return types.ListResourceTemplatesResult(
            resource_templates=[types.ResourceTemplate(uri_template="far://notes/{id}", name="notes")]
        )

    async def _read_resource(self, ctx: Any, params: Any) -> types.ReadResourceResult:
        contents = types.TextResourceContents(uri=params.uri, text=f"at {params.uri}")
        return types.ReadResourceResult(contents=[contents])

    async def _list_prompts(self, ctx: Any, params: Any) -> types.ListPromptsResult:
        arguments = [types.PromptArgument(name="who", required=True)]
        return types.ListPromptsResult(prompts=[types.Prompt(name="greet", description="Greets.", arguments=arguments)])

    async def _get_prompt(self, ctx: Any, params: Any) -> types.GetPromptResult:
        text = types.TextContent(type="text", text=f"Hello {(params.arguments or {})['who']}")
        return types.GetPromptResult(messages=[types.PromptMessage(role="user", content=text)])


def _says(text: str, **more: Any) -> types.CallToolResult:
    return types.CallToolResult(content=[types.TextContent(type="text", text=text)], **more)


@contextlib.asynccontextmanager
async def serving(app: Asgi, port: int = 0) -> AsyncIterator[str]:
    """Serve an ASGI application on the loopback until the block ends. Yields its URL for MCP."""
    port = port or free_port()
    config = uvicorn.Config(app, host="127.0.0.1", port=port, log_config=None, timeout_graceful_shutdown=0)
    server = PromptServer(config)
    server.install_signal_handlers = lambda: None  # type: ignore[attr-defined]
    task = asyncio.create_task(server.serve())
    await server.wait_started(task)
    try:
        yield f"http://127.0.0.1:{port}/mcp"
    finally:
        server.should_exit = True
        await task


async def _main() -> None:
    server = Far().server()
    async with stdio_server() as (read, write):
        options = server.create_initialization_options(NotificationOptions(tools_changed=True))
        await server.run(read, write, options)


if __name__ == "__main__":
    asyncio.run(_main())
