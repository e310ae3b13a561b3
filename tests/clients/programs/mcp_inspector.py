"""The Inspector's command line, with a separate process for each call: NODE and MCP_JS_HOME locate it."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

from mcp_scenarios import Connection, run

COMMAND = (os.environ["NODE"], str(Path(os.environ["MCP_JS_HOME"]) / "clients/launcher/build/index.js"), "--cli")


class _Session:
    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def _inspect(self, *arguments: str) -> Any:
        credential = ("--header", f"Authorization: Bearer {self._connection.token}")
        process = await asyncio.create_subprocess_exec(
            *(*COMMAND, self._connection.url, "--transport", "http", *credential, *arguments),
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        output, errors = await process.communicate()
        if b"Warning: tool" in errors or not output:  # warnings about portability, in strict mode
            raise RuntimeError(errors.decode()[-300:])
        return json.loads(output)

    async def list_tools(self) -> list[str]:
        return [tool["name"] for tool in (await self._inspect("--method", "tools/list", "--strict"))["tools"]]

    async def call_tool(self, name: str, arguments: dict[str, Any]) -> str:
        given = [f"{key}={value if isinstance(value, str) else json.dumps(value)}" for key, value in arguments.items()]
        options = [word for each in given for word in ("--tool-arg", each)]
        result = await self._inspect("--method", "tools/call", "--tool-name", name, *options)
        return "".join(part.get("text", "") for part in result["content"])

    async def read_resource(self, uri: str) -> str:
        return (await self._inspect("--method", "resources/read", "--uri", uri))["contents"][0]["text"]


@contextlib.asynccontextmanager
async def connect(connection: Connection) -> AsyncIterator[_Session]:
    yield _Session(connection)


if __name__ == "__main__":
    run(connect, lacks={"elicitation": "on the command line", "progress": "on the command line"})
