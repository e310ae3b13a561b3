"""An MCP server with the standard library only: tools with long descriptions and large results."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Final

__all__ = ["LARGE_RESULT", "McpUpstream"]

VERSION: Final = "2025-06-18"
METHOD_NOT_FOUND: Final = -32601
LARGE_RESULT: Final = 4_000_000  #: characters of a tool's result


class McpUpstream:
    """Serves in a thread within a ``with`` block.

    tools: number of tools. result: characters of each result. on_call: called with the arguments of each call before
    its answer.
    """

    def __init__(
        self,
        port: int,
        *,
        tools: int = 1,
        description: str = "Does it.",
        result: int = LARGE_RESULT,
        on_call: Callable[[dict[str, Any]], None] = lambda arguments: None,
    ) -> None:
        self.url = f"http://127.0.0.1:{port}/mcp"
        self.tools = [f"tool_{number}" for number in range(tools)]
        self._description, self._text, self._on_call = description, "r" * result, on_call
        upstream = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                message = json.loads(self.rfile.read(int(self.headers["content-length"])))
                answer = upstream.answer(message) if "id" in message else None
                body = b"" if answer is None else json.dumps({"jsonrpc": "2.0", "id": message["id"], **answer}).encode()
                self.send_response(202 if answer is None else 200)
                self.send_header("content-type", "application/json")
                self.send_header("content-length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def do_GET(self) -> None:
                self.send_response(405)
                self.send_header("content-length", "0")
                self.end_headers()

            def log_message(self, format: str, *values: Any) -> None:
                """Do nothing."""

        self._server = ThreadingHTTPServer(("127.0.0.1", port), Handler)
        self._server.daemon_threads = True

    def answer(self, message: dict[str, Any]) -> dict[str, Any]:
        """Return the result, or the error, of a request."""
        if message["method"] == "initialize":
            about = {"name": "far", "version": "1"}
            return {"result": {"protocolVersion": VERSION, "capabilities": {"tools": {}}, "serverInfo": about}}
        if message["method"] == "tools/list":
            schema = {"type": "object"}
            tools = [{"name": name, "description": self._description, "inputSchema": schema} for name in self.tools]
            return {"result": {"tools": tools}}
        if message["method"] == "tools/call":
            self._on_call(message["params"].get("arguments") or {})
            return {"result": {"content": [{"type": "text", "text": self._text}]}}
        return {"error": {"code": METHOD_NOT_FOUND, "message": "unknown method"}}

    def __enter__(self) -> McpUpstream:
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *error: object) -> None:
        self._server.shutdown()
        self._server.server_close()
