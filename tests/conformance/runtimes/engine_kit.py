"""The kit of an engine's tests: the engine, and specifications that it can run."""

from __future__ import annotations

import asyncio
import itertools
import os
from abc import ABC, abstractmethod
from collections.abc import AsyncIterator, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from agora.runtimes.port import Handle, Observation, Runtime
from agora.runtimes.process import Options, ProcessRuntime
from agora.runtimes.process.guard import procfs
from agora.runtimes.spec import BuildConfig, BuildType, Directory, Port, Spec
from tests.polling import eventually, passing

__all__ = ["AGENT", "HTTP", "Kit", "ProcessKit", "fetch", "ours", "settled", "text", "until"]

_numbers = itertools.count()
HTTP = (Port(),)

#: a program that answers ``/env`` and ``/cwd`` over HTTP; fast to start, because it imports almost nothing
AGENT = """
import json, os, socket
server = socket.create_server(("", int(os.environ["PORT"])))
print("listening", flush=True)
while True:
    client, _ = server.accept()
    path = client.recv(4096).split()[1].decode()
    answers = {"/env": dict(os.environ), "/cwd": os.getcwd(), "/health": "well"}
    status = "200 OK" if path in answers else "404 Not Found"
    body = json.dumps(answers.get(path)).encode()
    client.sendall(f"HTTP/1.1 {status}\\r\\nContent-Length: {len(body)}\\r\\n\\r\\n".encode() + body)
    client.close()
"""


async def until(engine: Runtime, handle: Handle, state: str) -> Observation:
    return await eventually(lambda: engine.inspect(handle), lambda seen: seen.state == state)


async def text(engine: Runtime, handle: Handle) -> str:
    """Return all stored output."""
    return (await engine.logs(handle, 0, 10_000_000)).data.decode()


async def settled(engine: Runtime, handle: Handle) -> int:
    """Wait until the output no longer grows. Returns its size."""
    sizes = [-1]

    async def look() -> int:
        await passing(0.1)
        sizes.append((await engine.logs(handle)).size)
        return sizes[-1]

    return await eventually(look, lambda size: sizes[-4:] == [size] * 4)


async def fetch(handle: Handle, path: str) -> tuple[int, str]:
    """GET a path; waits until the program listens. Returns status and body."""
    assert handle.address is not None
    host, port = handle.address.removeprefix("http://").split(":")

    async def ask() -> tuple[int, str]:
        try:
            reader, writer = await asyncio.open_connection(host, int(port))
        except OSError:
            return 0, ""
        writer.write(f"GET {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n".encode())
        try:
            head, _, body = (await reader.read()).decode().partition("\r\n\r\n")
        except OSError:
            return 0, ""
        finally:
            writer.close()
        return (int(head.split()[1]), body) if head else (0, "")

    return await eventually(ask, lambda answer: answer[0] != 0)


class Kit(ABC):
    """One engine with its own directory."""

    engine: Runtime

    @abstractmethod
    def spec(
        self, start: str, *, files: Mapping[str, str] | None = None, instance_id: str | None = None, **more: Any
    ) -> Spec:
        """Build a specification: a shell command with files."""

    @abstractmethod
    def another(self) -> AbstractAsyncContextManager[Runtime]:
        """Open the engine of a new server after this one has died."""

    async def run(self, start: str, **more: Any) -> Handle:
        """Build and start an instance."""
        spec = self.spec(start, **more)
        return await self.engine.start(spec, await self.engine.build(spec))


class ProcessKit(Kit):
    """The process engine in a temporary directory."""

    def __init__(self, root: Path, **options: Any) -> None:
        self.sources = root / "sources"
        self.sources.mkdir(parents=True, exist_ok=True)
        first = 20_000 + (os.getpid() * 37 + next(_numbers) * 20) % 10_000
        defaults: dict[str, Any] = {
            "root": root / "runtime",
            "installation": f"test-{os.getpid()}-{next(_numbers)}",
            "sources": (self.sources,),
            "ports": (first, first + 19),
            "space": 0,
        }
        self.options = Options(**defaults | options)
        self.engine: ProcessRuntime = ProcessRuntime(self.options)

    def source(self, files: Mapping[str, str]) -> Directory:
        """Create a directory with these files."""
        directory = self.sources / f"source-{next(_numbers)}"
        for name, content in files.items():
            path = directory / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(content)
            path.chmod(0o755 if content.startswith("#!") else 0o644)
        directory.mkdir(exist_ok=True)
        return Directory(str(directory))

    def spec(
        self,
        start: str,
        *,
        files: Mapping[str, str] | None = None,
        instance_id: str | None = None,
        build: str | None = None,
        type: BuildType = "custom",
        env_vars: Mapping[str, str] | None = None,
        **more: Any,
    ) -> Spec:
        spec = Spec(
            instance_id=instance_id or f"inst_{next(_numbers):032x}",
            generation=1,
            tenant="acme",
            build_config=BuildConfig(type, start, build, dict(env_vars or {})),
            source=self.source(files or {}),
            ports=(),
        )
        return replace(spec, **more)

    @asynccontextmanager
    async def _another(self) -> AsyncIterator[Runtime]:
        await self.engine.close()
        self.engine = ProcessRuntime(self.options)
        yield self.engine

    def another(self) -> AbstractAsyncContextManager[Runtime]:
        return self._another()

    async def close(self) -> None:
        for found in await self.engine.list_instances():
            await self.engine.remove(found.handle)
        await self.engine.close()


def ours(kit: ProcessKit, *variables: str) -> list[int]:
    """List live processes of the kit's instances, including guards."""
    marks = [f"AGORA_INSTALLATION={kit.options.installation}".encode(), *map(str.encode, variables)]
    found = [
        int(name) for name in os.listdir("/proc") if name.isdecimal() and procfs.has_start_variables(int(name), marks)
    ]
    return [pid for pid in found if (process := procfs.read_process(pid)) is not None and not process.is_dead]
