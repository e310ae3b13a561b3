"""A client of MCP servers.

::

    from agora_sdk.mcp import MCPClient

    client = MCPClient()
    client.connect("http://localhost:3001")  # file system tools
    client.connect("http://localhost:3002")  # database tools
    text = client.call_tool("file_read", {"path": "/data/input.txt"})

In synchronous code the calls block; inside a running event loop the same calls are awaited. The transport is streamable
HTTP, in the negotiated protocol version, from 2025-03-26 to 2026-07-28. An Agora server is an MCP server, too: its
tools are the operations of the marketplace.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Coroutine, Iterator, Mapping
from typing import Any, TypeVar, cast

from .closing import Closing
from .contract.results import Result
from .errors import AgoraError, InvalidRequest, NotFound, UpstreamFailed, from_problem
from .mcp_peer import IO, OnProgress, Peer, Pooling
from .pending import Pending
from .session import Mode, Options, Server
from .transport import run_blocking

__all__ = ["MCPClient", "MCPServer", "Tool", "ToolResult", "Tools"]

CALL_TOOL = "agora_tools_call"  #: a server with this tool has more tools than it lists

T = TypeVar("T")
ChooseTransport = Callable[[Peer], IO]


class Tool(Result):
    """A tool of a server. input_schema, output_schema: JSON Schema."""

    name: str
    server: str
    description: str = ""
    input_schema: dict[str, Any] = {}
    output_schema: dict[str, Any] | None = None
    annotations: dict[str, Any] = {}


class Tools(Result):
    """The tools of one server or of all. errors: by server, why its tools could not be listed."""

    tools: list[Tool]
    errors: dict[str, str] = {}

    def __len__(self) -> int:
        return len(self.tools)

    def __iter__(self) -> Iterator[Tool]:  # type: ignore[override]
        return iter(self.tools)


class MCPServer(Result):
    """A connected server. name: its local name."""

    name: str
    url: str
    version: str | None = None
    protocol_version: str
    tools: list[str]


class ToolResult(Result):
    """The result of a tool. content: MCP content blocks; structured_content: its data."""

    content: list[dict[str, Any]] = []
    structured_content: Any = None
    is_error: bool = False

    @property
    def text(self) -> str:
        """Concatenated text blocks."""
        return "\n".join(str(block.get("text", "")) for block in self.content if block.get("type") == "text")

    @property
    def value(self) -> Any:
        """Structured data, if any (without the ``result`` object that some servers wrap it in), else the text, else the
        content blocks."""
        data = self.structured_content
        if data is not None:
            return data["result"] if isinstance(data, dict) and data.keys() == {"result"} else data
        return self.text if all(block.get("type") == "text" for block in self.content) else self.content


class MCPClient(Closing):
    """A client of any number of MCP servers.

    timeout: seconds for a call. max_connections: concurrent connections to one server. connection_timeout: seconds for
    connecting. pool_recycle: seconds that an idle connection is kept. mode: see :class:`agora_sdk.AgoraClient`.

    Calls raise :class:`agora_sdk.AgoraError` and its subclasses: ServerUnreachable, DeadlineExceeded, NotFound for a
    tool that no server has, UpstreamFailed for a failed tool, or the class of the server's error.
    """

    def __init__(
        self,
        *,
        timeout: float = 30.0,
        max_connections: int = 10,
        connection_timeout: float = 5.0,
        pool_recycle: float = 4.0,
        mode: Mode = "auto",
    ) -> None:
        # No retries: MCP has no idempotency keys, so a tool could run twice.
        self._options = Options(mode, timeout, 0)
        self._pooling = Pooling(max_connections, connection_timeout, pool_recycle)
        self._peers: dict[str, Peer] = {}

    def connect(
        self,
        url: str,
        *,
        name: str | None = None,
        token: str | None = None,
        headers: Mapping[str, str] | None = None,
        timeout: float | None = None,
    ) -> MCPServer:
        """Connect to a server and list its tools.

        url: its endpoint; an address without a path is tried with ``/mcp`` first. name: local name; by default the
        server's own. token, headers: credential and further headers for this server only. A server that is connected
        again replaces the earlier connection, whose session ends.
        """
        credential = {"authorization": f"Bearer {token}"} if token else {}
        peer = Peer(_normalize_server_url(url), {**credential, **(headers or {})}, self._pooling)

        async def work(choose_transport: ChooseTransport) -> MCPServer:
            try:
                await peer.initialize_and_list_tools(choose_transport(peer), timeout or self._options.timeout)
            except AgoraError:
                # The session may already be open, and nobody else could end it.
                await peer.close(choose_transport(peer))
                raise
            alias = self._choose_unique_name(
                name or str(peer.info.get("name") or peer.url), peer.url, is_given=name is not None
            )
            earlier, self._peers[alias] = self._peers.get(alias), peer
            # Servers keep a session until it is ended, and some limit their number.
            if earlier is not None:
                await earlier.close(choose_transport(earlier))
            version = peer.info.get("version")
            return MCPServer(
                name=alias, url=peer.url, version=version, protocol_version=peer.version, tools=list(peer.tools)
            )

        return self._run_or_return_pending("connect", work)

    def list_tools(self, server: str | None = None) -> Tools:
        """List the current tools of all servers or of one.

        Servers that fail are named in ``errors``; if all fail, the error of the first is raised.
        """

        async def work(choose_transport: ChooseTransport) -> Tools:
            listing, errors = [], dict[str, AgoraError]()
            peers = self._select_peers(server)
            for name, peer in peers.items():
                try:
                    tools = await peer.list_tools(choose_transport(peer), self._options.timeout)
                except AgoraError as error:
                    errors[name] = error
                else:
                    listing += [_build_tool_from_wire(name, tool) for tool in tools.values()]
            if len(errors) == len(peers):
                raise next(iter(errors.values()))
            return Tools(tools=listing, errors={name: str(error) for name, error in errors.items()})

        return self._run_or_return_pending("list_tools", work)

    def call_tool(
        self,
        name: str,
        arguments: Mapping[str, Any] | None = None,
        *,
        server: str | None = None,
        timeout: float | None = None,
        on_progress: OnProgress | None = None,
    ) -> Any:
        """Call a tool and return its result: data, or a text.

        If several servers have the tool, the first connected one is used, unless ``server`` names one. on_progress:
        called with (progress, total, message); it may be a coroutine function.
        """

        seconds = timeout or self._options.timeout

        async def work(choose_transport: ChooseTransport) -> Any:
            result = await self._call_tool(choose_transport, name, arguments, server, seconds, on_progress)
            if result.is_error:
                raise _build_tool_error(name, result)
            return result.value

        return self._run_or_return_pending("call_tool", work)

    def call_tool_result(
        self,
        name: str,
        arguments: Mapping[str, Any] | None = None,
        *,
        server: str | None = None,
        timeout: float | None = None,
        on_progress: OnProgress | None = None,
    ) -> ToolResult:
        """Call a tool and return its complete result; a failed tool raises no error."""
        seconds = timeout or self._options.timeout
        return self._run_or_return_pending(
            "call_tool_result",
            lambda choose_transport: self._call_tool(choose_transport, name, arguments, server, seconds, on_progress),
        )

    @property
    def servers(self) -> tuple[str, ...]:
        """Names of the servers, in the order of connection."""
        return tuple(self._peers)

    def close(self) -> None:
        """End the sessions and close the connections of synchronous calls."""
        for peer in self._peers.values():
            # A cached property: without an entry it was never used, and reading it would create a client only to
            # close it.
            if "blocking_transport" in peer.__dict__:
                run_blocking(peer.close(peer.blocking_transport))

    async def aclose(self) -> None:
        """End the sessions and close the connections of the running event loop."""
        for peer in self._peers.values():
            # See close(): only connections that were used.
            if "async_transport" in peer.__dict__:
                await peer.close(peer.async_transport)

    def __repr__(self) -> str:
        return f"MCPClient({', '.join(self._peers)})"

    async def _call_tool(
        self,
        choose_transport: ChooseTransport,
        name: str,
        arguments: Mapping[str, Any] | None,
        server: str | None,
        seconds: float,
        on_progress: OnProgress | None,
    ) -> ToolResult:
        peer = await self._choose_peer_for_tool(choose_transport, name, server)
        params = {"name": name, "arguments": dict(arguments or {})}
        result = await peer.request(
            choose_transport(peer), "tools/call", params, seconds=seconds, on_progress=on_progress
        )
        return ToolResult(
            content=result.get("content") or [],
            structured_content=result.get("structuredContent"),
            is_error=bool(result.get("isError")),
        )

    async def _choose_peer_for_tool(self, choose_transport: ChooseTransport, name: str, server: str | None) -> Peer:
        """Find the server that has a tool. If none is known, the servers are listed again; then one is tried that does
        not list all its tools."""
        peers = self._select_peers(server)
        for peer in peers.values():
            if name in peer.tools:
                return peer
        # Listed again before NotFound: servers may add tools after connecting.
        first_error: AgoraError | None = None
        for peer in peers.values():
            try:
                if name in await peer.list_tools(choose_transport(peer), self._options.timeout):
                    return peer
            except AgoraError as error:
                # Another server may have the tool.
                first_error = first_error or error
        for peer in peers.values():
            if CALL_TOOL in peer.tools:
                return peer
        # The server that could not list its tools may have this one, so NotFound could be wrong.
        if first_error is not None:
            raise first_error
        where = f"The server {server!r} has" if server else "No connected server has"
        raise NotFound(
            f"{where} {'no' if server else 'a'} tool {name!r}.", fix="list_tools() returns the available tools."
        )

    def _select_peers(self, server: str | None) -> dict[str, Peer]:
        if server is None:
            if not self._peers:
                raise InvalidRequest("No server is connected.", fix="Connect to one: client.connect(url).")
            return dict(self._peers)
        if server not in self._peers:
            raise NotFound(
                f"No server {server!r} is connected.", fix=f"Connected servers: {', '.join(self._peers) or 'none'}."
            )
        return {server: self._peers[server]}

    def _choose_unique_name(self, name: str, url: str, *, is_given: bool) -> str:
        """Choose a unique name for a server; a server that is connected again keeps its name."""
        unique, number = name, 1
        while not is_given and unique in self._peers and self._peers[unique].url != url:
            number += 1
            unique = f"{name}-{number}"
        return unique

    def _run_or_return_pending(self, name: str, work: Callable[[ChooseTransport], Coroutine[Any, Any, T]]) -> T:
        """Run a coroutine in the caller's mode: return its result, or an awaitable."""
        if self._options.blocking:
            return run_blocking(work(lambda peer: peer.blocking_transport))
        return cast("T", Pending(name, work(lambda peer: peer.async_transport)))


def _normalize_server_url(url: str) -> str:
    base, mark, query = (url if "://" in url else f"http://{url}").partition("?")
    return Server(base).url + mark + query


def _build_tool_from_wire(server: str, tool: Mapping[str, Any]) -> Tool:
    return Tool(
        name=tool["name"],
        server=server,
        description=tool.get("description") or "",
        input_schema=tool.get("inputSchema") or {},
        output_schema=tool.get("outputSchema"),
        annotations=tool.get("annotations") or {},
    )


def _build_tool_error(name: str, result: ToolResult) -> AgoraError:
    """Convert a failed tool to an error: Agora's own report a problem document, others a text."""
    problem = result.structured_content
    if not isinstance(problem, dict):
        try:
            problem = json.loads(result.text)
        except ValueError:
            problem = None
    if isinstance(problem, dict) and isinstance(problem.get("code"), str) and "detail" in problem:
        return from_problem(problem)
    return UpstreamFailed(f"The tool {name!r} failed: {result.text or 'no reason given'}", content=result.content)
