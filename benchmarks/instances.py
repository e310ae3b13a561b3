"""Instances as processes: time from start to first response compared with the bare program, and the cost of supervising
many idle ones.

Both are measured with the engine alone and with the whole server: an instance is created and executed by operations,
and the other work of the server (checks, observations, reconciliation, other loops) is subtracted by measuring the same
server without instances. The cost of supervision grows with the number of instances; ``--instances 500 --within 900``
is the full measurement.

All started processes end with it, also on interruption or timeout.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import os
import shutil
import signal
import statistics
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Coroutine
from dataclasses import replace
from pathlib import Path
from typing import Any

from agora.core.call import decode_json
from agora.domains.instances.ports import LOCAL_HOST
from agora.runtimes.process import Options, ProcessRuntime
from agora.runtimes.process import orphans as strays
from agora.runtimes.spec import BuildConfig, Directory, Limits, Port, Spec
from agora.server.app import App
from agora.settings import Settings
from agora.store.port import Query, Reader
from agora_sdk.contract import operations
from benchmarks.process import cpu_of, free_port
from tests.processes import spawn_tethered

PROGRAM = """
import os
from http.server import BaseHTTPRequestHandler, HTTPServer
class Answer(BaseHTTPRequestHandler):
    def log_message(self, *_): pass
    def do_GET(self):
        self.send_response(200); self.send_header("Content-Length", "2"); self.end_headers(); self.wfile.write(b"ok")
    def do_POST(self):
        self.rfile.read(int(self.headers["Content-Length"])); self.do_GET()
HTTPServer(("127.0.0.1", int(os.environ["PORT"])), Answer).serve_forever()
"""
START = f"exec {sys.executable} main.py"
PERIOD = 30.0  # seconds between two observations of an instance
SETTLED = 12.0  # seconds until the guard of an instance polls at its lowest rate
TARGET, MANY = 5.0, 500  # limit in percent of a core, for that many instances
HANDLES = Query("select handle from instances where tenant_id = :tenant and state = 'running'", str)


class House:
    """A started application without sockets, with agents that can be run."""

    def __init__(self, directory: Path, first_port: int) -> None:
        values: dict[str, Any] = {"data_dir": directory, "port": 0, "events_port": 0, "builtin_agents": False}
        values |= {"instance_ports": f"{first_port}-{first_port + 1999}", "instances_each": 10_000}
        self.app = App(Settings.load_settings(environ={}, **values))
        self.operations = {found.name: found for found in operations()}
        self.sources = directory / "sources"

    async def call(self, name: str, **arguments: Any) -> Any:
        caller = self.app.authenticator.operator
        return (await self.app.dispatcher.invoke(self.operations[f"agora.{name}"], caller, arguments)).result

    async def agent(self, name: str, start: str, **more: Any) -> None:
        directory = self.sources / name
        directory.mkdir(parents=True)
        (directory / "main.py").write_text(PROGRAM)
        config = {"type": "custom", "start_command": start}
        manifest = {"name": name, "directory": str(directory), "build_config": config}
        await self.call("deployment.register", manifest=manifest | more)

    async def running(self, number: int) -> list[str]:
        """Wait until that many instances run. Returns their handles."""

        async def work(reader: Reader) -> list[str]:
            return list(await reader.all(HANDLES))

        while True:
            handles = await self.app.store.read("default", work)
            if len(handles) >= number:
                return handles
            await asyncio.sleep(0.5)

    async def end(self) -> None:
        """Stop the application so that nothing is restarted; then end the instances."""
        local = self.app.context.ports.get(LOCAL_HOST)
        assert local is not None
        try:
            await self.app.stop()
        finally:
            ended(local.host_id)


def ended(installation: str) -> None:
    """End all processes of a host: programs and their guards carry its name."""
    strays.kill_processes_with_variables([f"AGORA_INSTALLATION={installation}".encode()])


@contextlib.asynccontextmanager
async def house(first_port: int) -> AsyncIterator[House]:
    with tempfile.TemporaryDirectory(prefix="agora-bench-", ignore_cleanup_errors=True) as directory:
        found = House(Path(directory), first_port)
        try:
            await found.app.start()
            yield found
        finally:
            await found.end()


async def created(rounds: int) -> float:
    """Measure the median of milliseconds from ``instance.create`` to the first response of ``instance.execute``."""
    took = []
    async with house(25_000) as found:
        await found.agent("Bench", START, health="/")
        for _ in range(rounds):
            began = time.perf_counter()
            made = await found.call("instance.create", agent_id="Bench", wait=30)
            done = await found.call("instance.execute", instance_id=made.instance_id, endpoint="/x")
            assert done.result == "ok"
            took.append(time.perf_counter() - began)
            await found.call("instance.terminate", instance_id=made.instance_id)
    return statistics.median(took) * 1000


async def watched(count: int, seconds: float) -> dict[str, float]:
    """Measure the CPU use of a server and its guards, in percent of a core, with that many idle instances and
    without."""
    async with house(27_000) as found:
        await found.agent("Idle", "exec sleep 100000", limits={"memory": "512M", "cpu": "0.5"})
        await asyncio.sleep(2)
        began = time.process_time()
        await asyncio.sleep(seconds)
        empty = (time.process_time() - began) / seconds
        for _ in range(count):
            await found.call("instance.create", agent_id="Idle", wait=0)
        handles = await found.running(count)
        guards = [int(decode_json(handle)["data"]["pid"]) for handle in handles]
        await asyncio.sleep(SETTLED)
        before, began = sum(map(cpu_of, guards)), time.process_time()
        await asyncio.sleep(max(seconds, PERIOD))
        passed = max(seconds, PERIOD)
        serving = (time.process_time() - began) / passed
        guarding = (sum(map(cpu_of, guards)) - before) / passed
    return {
        "the server, with none": empty * 100,
        "the server, with all": serving * 100,
        "their guards": guarding * 100,
        "for all of them": (serving - empty + guarding) * 100,
        f"for {MANY} (target: at most {TARGET:g})": (serving - empty + guarding) * 100 * MANY / count,
    }


@contextlib.asynccontextmanager
async def engine(first_port: int) -> AsyncIterator[tuple[ProcessRuntime, Path]]:
    root, installation = Path(tempfile.mkdtemp(prefix="agora-bench-")), f"benchmark-{os.getpid()}"
    ports = (first_port, first_port + 2000)
    runtime = ProcessRuntime(Options(root / "runtime", installation, (root,), ports=ports, path=os.environ["PATH"]))
    try:
        yield runtime, root
    finally:
        ended(installation)
        await runtime.close()
        shutil.rmtree(root, ignore_errors=True)


async def answered(port: int) -> None:
    while True:
        try:
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
        except OSError:
            await asyncio.sleep(0.002)
            continue
        writer.write(b"GET / HTTP/1.0\r\n\r\n")
        await reader.read()
        writer.close()
        return


async def first_answer(rounds: int) -> tuple[float, float]:
    """Measure the median milliseconds from start to response of an instance and of the bare program."""
    instances, bare = [], []
    async with engine(21_000) as (runtime, root):
        (root / "program").mkdir()
        (root / "program" / "main.py").write_text(PROGRAM)
        spec = Spec(
            "bench", 1, "default", BuildConfig("custom", START), Directory(str(root / "program")), ports=(Port(),)
        )
        build = await runtime.build(spec)
        for number in range(rounds):
            began = time.perf_counter()
            handle = await runtime.start(replace(spec, instance_id=f"bench-{number}"), build)
            await answered(handle.ports["http"])
            instances.append(time.perf_counter() - began)
            await runtime.remove(handle)
            port = free_port()
            began = time.perf_counter()
            process = spawn_tethered(
                ["/bin/sh", "-c", START], cwd=root / "program", env=os.environ | {"PORT": str(port)}
            )
            try:
                await answered(port)
                bare.append(time.perf_counter() - began)
            finally:
                process.kill()
                process.wait()
    return sorted(instances)[rounds // 2] * 1000, sorted(bare)[rounds // 2] * 1000


async def watching(count: int, seconds: float) -> dict[str, float]:
    """Measure the cost of idle instances, each observed once per period."""
    async with engine(23_000) as (runtime, root):
        (root / "program").mkdir()
        spec = Spec(
            "idle", 1, "default", BuildConfig("custom", "exec sleep 100000"), Directory(str(root / "program")), ports=(),
            limits=Limits.from_texts("512M", "0.5"),
        )  # fmt: skip
        build = await runtime.build(spec)
        began = time.process_time()
        handles = [await runtime.start(replace(spec, instance_id=f"idle-{number}"), build) for number in range(count)]
        starting = time.process_time() - began
        guards = [int(handle.data["pid"]) for handle in handles]
        looks = []
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            began = time.process_time()
            seen = await runtime.inspect_all(handles)
            looks.append(time.process_time() - began)
            assert all(one.state == "running" for one in seen)
            await asyncio.sleep(seconds / 10)
        memory = sum(map(_private, guards)) / count
    look = sorted(looks)[len(looks) // 2]
    return {
        "server CPU per start, ms": starting / count * 1000,
        "one look at all, ms of CPU": look * 1000,
        "looking, % of a core": look / PERIOD * 100,
        "memory of a guard, MB": memory / 1e6,
    }


def _private(pid: int) -> int:
    lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    return sum(int(line.split()[1]) * 1024 for line in lines if line.startswith("Private_Dirty"))


async def measured(options: argparse.Namespace) -> None:
    instance, bare = await first_answer(options.rounds)
    told(
        f"start to first answer: bare program {bare:.0f} ms (anchor), instance {instance:.0f} ms: x{instance / bare:.2f}"
    )
    operated = await created(options.rounds)
    told(f"create to first execution, by operations: {operated:.0f} ms: x{operated / bare:.2f}")
    told(f"{options.instances} idle instances, each looked at every {PERIOD:g} s:")
    for name, value in (await watching(options.instances, min(2.0, options.seconds))).items():
        told(f"  {name:<40}{value:8.2f}")
    told("the whole server, % of a core:")
    for name, value in (await watched(options.instances, options.seconds)).items():
        told(f"  {name:<40}{value:8.2f}")


def told(text: str) -> None:
    print(text, flush=True)


async def within(seconds: float, work: Coroutine[Any, Any, None]) -> None:
    try:
        async with asyncio.timeout(seconds):
            await work
    except TimeoutError:
        told(f"{seconds:g} s are over: the rest is not measured (a busy machine? give more with --within)")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--instances", type=int, default=100)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--seconds", type=float, default=5.0)
    parser.add_argument("--within", type=float, default=90.0, help="seconds after which it ends in any case")
    options = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that started processes are ended, too
    asyncio.run(within(options.within, measured(options)))


if __name__ == "__main__":
    main()
