"""The workshop server, and bridges to it."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from tests.unit.cli.mcp.workshop_server import Workshop, open_workshop

SECONDS = 60
AGORA = (sys.executable, "-m", "agora.cli")
META = {
    "io.modelcontextprotocol/protocolVersion": "2026-07-28",
    "io.modelcontextprotocol/clientInfo": {"name": "test", "version": "1"},
    "io.modelcontextprotocol/clientCapabilities": {},
}


@pytest.fixture
async def workshop() -> AsyncIterator[Workshop]:
    async with open_workshop() as workshop:
        yield workshop


class Wire:
    """A bridge in a separate process; the test controls both ends."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self.process = process
        self.heard: list[dict[str, Any]] = []
        self._next = 0

    async def say(self, message: Any) -> None:
        line = message if isinstance(message, bytes) else json.dumps(message).encode()
        assert self.process.stdin is not None
        self.process.stdin.write(line + b"\n")
        await self.process.stdin.drain()

    async def hear(self) -> Any:
        """Read the next line, which must be JSON."""
        assert self.process.stdout is not None
        async with asyncio.timeout(SECONDS):
            line = await self.process.stdout.readline()
        assert line, "the bridge ended"
        message = json.loads(line)
        self.heard.append(message)
        return message

    async def hear_until(self, **wanted: Any) -> Any:
        """Read until a message has these members."""
        while True:
            message = await self.hear()
            if isinstance(message, dict) and all(message.get(name) == value for name, value in wanted.items()):
                return message

    async def ask(self, method: str, params: dict[str, Any] | None = None, *, modern: bool = False) -> Any:
        """Send a request and return its response."""
        self._next += 1
        given = dict(params or {}) | ({"_meta": META} if modern else {})
        await self.say({"jsonrpc": "2.0", "id": self._next, "method": method, "params": given})
        return await self.hear_until(id=self._next)

    async def shake_hands(self) -> Any:
        client = {"name": "test", "version": "1"}
        params = {"protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": client}
        answer = await self.ask("initialize", params)
        await self.say({"jsonrpc": "2.0", "method": "notifications/initialized"})
        return answer

    async def end(self) -> tuple[int, str]:
        """Close the client's side. Returns the exit code and the log. Only JSON may still be received."""
        assert self.process.stdin is not None
        self.process.stdin.close()
        return await self.ended()

    async def ended(self) -> tuple[int, str]:
        async with asyncio.timeout(SECONDS):
            out, err = await self.process.communicate()
        self.heard += [json.loads(line) for line in out.splitlines()]
        assert self.process.returncode is not None
        return self.process.returncode, err.decode()


class Bridges:
    """Starts bridges, and ends them with the test."""

    def __init__(self, directory: Path, stack: contextlib.AsyncExitStack) -> None:
        self.environment = {name: value for name, value in os.environ.items() if not name.startswith("AGORA_")} | {
            "AGORA_CREDENTIALS": str(directory / "credentials.json"),
            "AGORA_DATA_DIR": str(directory / "data"),
            "AGORA_BUILTIN_AGENTS": "false",
        }
        self._stack = stack

    async def __call__(self, *options: str, **environment: str) -> Wire:
        process = await asyncio.create_subprocess_exec(
            *AGORA,
            "mcp",
            *options,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            limit=2**26,
            env=self.environment | environment,
        )
        self._stack.push_async_callback(_killed, process)
        return Wire(process)


async def _killed(process: asyncio.subprocess.Process) -> None:
    if process.returncode is None:
        process.kill()
        await process.communicate()


@pytest.fixture
async def bridges(tmp_path: Path) -> AsyncIterator[Bridges]:
    async with contextlib.AsyncExitStack() as stack:
        yield Bridges(tmp_path, stack)
