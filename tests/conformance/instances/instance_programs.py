"""Instances for conformance tests: real programs, run by the process engine."""

from __future__ import annotations

import itertools
import os
import sys
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, TypeVar

import pytest

from agora.core import scopes
from agora.core.call import Caller
from agora.domains.instances.hosted_reconciler import HostedInstanceReconciler
from agora.domains.instances.maintenance import InstanceMaintenance
from agora.domains.instances.ports import LOCAL_HOST
from agora.domains.instances.reconciler import InstanceReconciler
from agora.domains.instances.records import InstanceRow
from agora.runtimes.process import orphans
from agora.server.app import App
from agora.store.port import Query
from tests.conformance.engines import Engine
from tests.dict_rows import DictQuery
from tests.harness import ManualClock, make_settings, running
from tests.market import Market
from tests.polling import eventually

__all__ = ["AGENT", "Site", "served", "site", "whatever_the_store"]

T = TypeVar("T")
PYTHON = sys.executable
_numbers = itertools.count()

#: for behaviour of programs and engines: on PostgreSQL only in the long suite
whatever_the_store = pytest.mark.parametrize(
    "engine", ["sqlite", pytest.param("postgres", marks=pytest.mark.long)], indirect=True
)
#: answers over HTTP with the request; some paths trigger actions; fast to start
AGENT = """
import json, os, signal, socket, sys, threading, time
state = os.environ["AGORA_STATE_DIR"]
well = True

def answer(client):
    global well
    with client:
        data = b""
        while b"\\r\\n\\r\\n" not in data:
            part = client.recv(65536)
            if not part:
                return
            data += part
        head, _, body = data.partition(b"\\r\\n\\r\\n")
        method, path, _ = head.split(b"\\r\\n")[0].decode().split()
        size = [int(line.split(b":")[1]) for line in head.lower().split(b"\\r\\n") if line.startswith(b"content-length")]
        while size and len(body) < size[0]:
            body += client.recv(65536)
        status, kind, out = 200, "application/json", b""
        given = json.loads(body) if body else None
        if path == "/health":
            status = 200 if well else 500
        elif path == "/sick":
            well = False
        elif path == "/exit":
            os._exit(given["code"])
        elif path == "/slow":
            time.sleep(given["seconds"])  # a program this slow is what the test asks for
        elif path == "/status":
            status, out = given["status"], b'{"error": "no"}'
        elif path == "/env":
            out = json.dumps(dict(os.environ)).encode()
        elif path == "/say":
            print(given, flush=True)
        elif path == "/keep":
            open(os.path.join(state, "kept"), "w").write(given)
        elif path == "/kept":
            name = os.path.join(state, "kept")
            out = json.dumps(open(name).read() if os.path.exists(name) else None).encode()
        elif path == "/text":
            kind, out = "text/plain", "grün".encode()
        elif path == "/bytes":
            kind, out = "application/octet-stream", bytes([0, 255])
        elif path == "/large":
            kind, out = "text/plain", b"x" * given
        elif path == "/hangup":
            return
        elif path == "/stream":
            client.sendall(b"HTTP/1.1 200 OK\\r\\nContent-Type: text/event-stream\\r\\nConnection: close\\r\\n\\r\\n")
            for number in range(3):
                client.sendall(f"data: {number}\\n\\n".encode())
                time.sleep(0.05)  # the pieces come apart
                while number == 0 and given and not os.path.exists(given["until"]):
                    time.sleep(0.01)
            return
        out = out or json.dumps({"method": method, "path": path, "given": given, "pid": os.getpid()}).encode()
        client.sendall(f"HTTP/1.1 {status} X\\r\\nContent-Type: {kind}\\r\\nContent-Length: {len(out)}\\r\\n".encode()
            + b"Connection: close\\r\\n\\r\\n" + out)

server = socket.create_server(("127.0.0.1", int(os.environ["PORT"])))
print("listening", flush=True)
while True:
    threading.Thread(target=answer, args=server.accept()[:1], daemon=True).start()
"""


@dataclass
class Site:
    """A marketplace whose server is a host."""

    market: Market
    sources: Path
    url: str = ""

    @property
    def app(self) -> App:
        return self.market.app

    @property
    def clock(self) -> ManualClock:
        return self.market.clock

    @property
    def operator(self) -> Caller:
        return self.market.operator

    @property
    def host_id(self) -> str:
        return self.app.context.ports.get(LOCAL_HOST).host_id

    def controller(self, kind: type[T]) -> T:
        return next(found for found in self.app.controllers if isinstance(found, kind))

    @property
    def instances(self) -> InstanceReconciler:
        return self.controller(InstanceReconciler)

    async def upkeep(self) -> None:
        """Reconcile all instances now."""
        await self.controller(InstanceMaintenance).run_full_pass("default")

    async def elsewhere(self) -> None:
        """Run one step of the controller of hosting agents."""
        await self.controller(HostedInstanceReconciler).step()

    def pass_time(self, seconds: float) -> None:
        """Advance the wall clock and the server's monotonic clock."""
        self.clock.advance(seconds)
        self.pass_ticks(seconds)

    def pass_ticks(self, seconds: float) -> None:
        """Advance only the server's monotonic clock."""
        local = self.app.context.ports.get(LOCAL_HOST)
        ticks = local.ticks
        local.ticks = lambda: ticks() + int(seconds * 1_000_000)

    async def checked(self) -> None:
        """Run all due periodic checks now."""
        await self.instances.reconcile("default")
        await self.instances.wait_until_idle()

    def customer(self, account: str, *more: str, tenant: str = "default") -> Caller:
        """Return a caller of an account with the permissions of an agent."""
        held = scopes.AGENT | set(more)
        return replace(
            self.operator,
            tenant=tenant,
            subject=f"key_{account}",
            name=account,
            kind="key",
            scopes=held,
            account=account,
            authority=0,
        )

    def source(self, files: Mapping[str, str]) -> str:
        directory = self.sources / f"source-{next(_numbers)}"
        directory.mkdir(parents=True)
        for name, content in files.items():
            (directory / name).write_text(content)
        return str(directory)

    def manifest(self, name: str, program: str = AGENT, /, **more: Any) -> dict[str, Any]:
        start = f"exec {PYTHON} -S main.py"
        return {
            "name": name,
            "directory": self.source({"main.py": program}),
            "build_config": {"type": "custom", "start_command": start},
            "health": "/health",
        } | more

    async def agent(self, name: str = "Worker", program: str = AGENT, /, **more: Any) -> Any:
        """Register an agent whose instances can be created."""
        return await self.call("deployment.register", manifest=self.manifest(name, program, **more))

    async def call(self, name: str, caller: Caller | None = None, /, **arguments: Any) -> Any:
        return await self.market.call(caller or self.operator, name, **arguments)

    async def create(self, agent: str = "Worker", caller: Caller | None = None, **arguments: Any) -> Any:
        """Create a running instance."""
        made = await self.call("instance.create", caller, agent_id=agent, wait=50, **arguments)
        assert made.status == "running", (made.status, made.reason)
        return made

    async def execute(self, instance: str, endpoint: str, parameters: Any = None, **more: Any) -> Any:
        caller = more.pop("caller", None)
        return await self.call(
            "instance.execute", caller, instance_id=instance, endpoint=endpoint, parameters=parameters, **more
        )

    async def get(self, instance_id: str, caller: Caller | None = None) -> Any:
        return await self.call("instance.get", caller, instance_id=instance_id)

    async def until(self, instance_id: str, is_right: Callable[[Any], bool] | str) -> Any:
        """Wait until an instance has a state or satisfies a condition."""
        if isinstance(is_right, str):
            state = is_right
            return await eventually(lambda: self.get(instance_id), lambda found: found.status == state)
        return await eventually(lambda: self.get(instance_id), is_right)

    async def rows(self, sql: str) -> list[dict[str, Any]]:
        query = DictQuery(sql)
        return list(await self.app.store.read("default", lambda reader: reader.all(query)))  # type: ignore[arg-type]

    async def instance_rows(self) -> list[InstanceRow]:
        query = Query("select * from instances where tenant_id = :tenant", InstanceRow)
        return list(await self.app.store.read("default", lambda reader: reader.all(query)))  # type: ignore[arg-type]

    def told(self, instance_id: str) -> list[str]:
        """Return short names of the events about an instance."""
        return [
            stored.event.type.removeprefix("agora.instance.")
            for stored in self.market.events
            if stored.event.subject == instance_id
        ]


def settings_of(directory: Path, **settings: Any) -> Any:
    first = 20_000 + (os.getpid() * 37 + next(_numbers) * 20) % 9_900
    defaults: dict[str, Any] = {
        "instance_sources": str(directory / "programs"),
        "instance_ports": f"{first}-{first + 19}",
        "host_name": "here",
    }
    return make_settings(directory / "data", **defaults | settings)


@asynccontextmanager
async def site(
    directory: Path, engine: Engine, clock: ManualClock | None = None, *, keep: bool = False, **settings: Any
) -> AsyncIterator[Site]:
    """Run an application; nothing that it started outlives the block unless ``keep`` is set."""
    clock = clock or ManualClock()
    app = App(settings_of(directory, **settings), clock=clock, store=engine.store(clock))
    await app.start()
    async with _cleared(Site(Market(app, clock), directory / "programs"), keep) as found:
        yield found
    await app.stop()


@asynccontextmanager
async def served(directory: Path, engine: Engine, **settings: Any) -> AsyncIterator[Site]:
    """Run an application that listens on a socket."""
    clock = ManualClock()
    app = App(settings_of(directory, **settings), clock=clock, store=engine.store(clock))
    async with (
        running(app) as server,
        _cleared(Site(Market(app, clock), directory / "programs", server.url), keep=False) as found,
    ):
        yield found


@asynccontextmanager
async def _cleared(found: Site, keep: bool) -> AsyncIterator[Site]:
    """Remove remaining instances at the end."""
    clean = False
    try:
        yield found
        clean = True
    finally:
        if not keep or not clean:
            await found.instances.wait_until_idle()
            for runtime in found.app.context.ports.get(LOCAL_HOST).engines.values():
                for each in await runtime.list_instances():
                    await runtime.remove(each.handle)
            orphans.kill_processes_with_variables([f"AGORA_INSTALLATION={found.host_id}".encode()])
