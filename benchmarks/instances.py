"""Instances as processes: start to first answer next to the bare program, and what many idle ones cost to watch."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from agora.runtime.process import Options, ProcessRuntime
from agora.runtime.spec import BuildConfig, Directory, Limits, Port, Spec
from benchmarks.process import cpu_of, free_port

PROGRAM = """
import os
from http.server import BaseHTTPRequestHandler, HTTPServer
class Answer(BaseHTTPRequestHandler):
    def log_message(self, *_): pass
    def do_GET(self):
        self.send_response(200); self.send_header("Content-Length", "2"); self.end_headers(); self.wfile.write(b"ok")
HTTPServer(("127.0.0.1", int(os.environ["PORT"])), Answer).serve_forever()
"""
PERIOD = 30.0  # seconds between two looks at an instance


@contextlib.contextmanager
def engine(first_port: int) -> Iterator[tuple[ProcessRuntime, Path]]:
    root = Path(tempfile.mkdtemp(prefix="agora-bench-"))
    try:
        yield (
            ProcessRuntime(
                Options(
                    root / "runtime",
                    "benchmark",
                    (root,),
                    ports=(first_port, first_port + 2000),
                    path=os.environ["PATH"],
                )
            ),
            root,
        )
    finally:
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
    """Milliseconds from start to answer: (an instance, the bare program), medians."""
    instances, bare = [], []
    with engine(21_000) as (runtime, root):
        (root / "program").mkdir()
        (root / "program" / "main.py").write_text(PROGRAM)
        start = f"exec {sys.executable} main.py"
        spec = Spec(
            "bench", 1, "default", BuildConfig("custom", start), Directory(str(root / "program")), ports=(Port(),)
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
            process = subprocess.Popen(  # noqa: ASYNC220
                ["/bin/sh", "-c", start], cwd=root / "program", env=os.environ | {"PORT": str(port)}
            )
            await answered(port)
            bare.append(time.perf_counter() - began)
            process.kill()
            process.wait()
        await runtime.close()
    return sorted(instances)[rounds // 2] * 1000, sorted(bare)[rounds // 2] * 1000


async def watching(count: int, seconds: float) -> dict[str, float]:
    """Costs of idle instances, all of them looked at once a period."""
    with engine(23_000) as (runtime, root):
        (root / "program").mkdir()
        spec = Spec(
            "idle", 1, "default", BuildConfig("custom", "exec sleep 100000"), Directory(str(root / "program")), ports=(),
            limits=Limits.parse("512M", "0.5"),
        )  # fmt: skip
        build = await runtime.build(spec)
        began = time.process_time()
        handles = [await runtime.start(replace(spec, instance_id=f"idle-{number}"), build) for number in range(count)]
        starting = time.process_time() - began
        await asyncio.sleep(12)  # until their guards take them for settled
        guards = [int(handle.data["pid"]) for handle in handles]
        before = sum(map(cpu_of, guards))
        looks = []
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            began = time.process_time()
            seen = await runtime.inspect_all(handles)
            looks.append(time.process_time() - began)
            assert all(one.state == "running" for one in seen)
            await asyncio.sleep(seconds / 10)
        guarding = (sum(map(cpu_of, guards)) - before) / seconds
        memory = sum(map(_private, guards)) / count
        for handle in handles:
            await runtime.remove(handle)
        await runtime.close()
    look = sorted(looks)[len(looks) // 2]
    return {
        "server CPU per start, ms": starting / count * 1000,
        "one look at all, ms of CPU": look * 1000,
        "looking, % of a core": look / PERIOD * 100,
        "guards, % of a core": guarding * 100,
        "together, % of a core": (look / PERIOD + guarding) * 100,
        "memory of a guard, MB": memory / 1e6,
    }


def _private(pid: int) -> int:
    lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    return sum(int(line.split()[1]) * 1024 for line in lines if line.startswith("Private_Dirty"))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--instances", type=int, default=500)
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--seconds", type=float, default=20.0)
    options = parser.parse_args()
    instance, bare = asyncio.run(first_answer(options.rounds))
    print(f"start to first answer: instance {instance:.0f} ms, bare program {bare:.0f} ms: x{instance / bare:.2f}")
    print(f"{options.instances} idle instances, each looked at every {PERIOD:g} s:")
    for name, value in asyncio.run(watching(options.instances, options.seconds)).items():
        print(f"  {name}: {value:.2f}")


if __name__ == "__main__":
    main()
