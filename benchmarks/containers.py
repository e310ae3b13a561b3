"""Instances as containers: time from start to first response, compared with the same container without Agora.

The anchor is the same image and program, created and started over the Docker Engine's API, with a published port and
nothing else. An instance has its own network, limits, a volume for its state, and security restrictions.
"""

from __future__ import annotations

import argparse
import asyncio
import shutil
import statistics
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

from agora.runtimes.docker import DockerRuntime, Options
from agora.runtimes.docker.client import Client
from agora.runtimes.spec import BuildConfig, Directory, Limits, Port, Spec
from benchmarks.process import free_port

PROGRAM = """
import os
from http.server import BaseHTTPRequestHandler, HTTPServer
class Answer(BaseHTTPRequestHandler):
    def log_message(self, *_): pass
    def do_GET(self):
        self.send_response(200); self.send_header("Content-Length", "2"); self.end_headers(); self.wfile.write(b"ok")
HTTPServer(("0.0.0.0", int(os.environ["PORT"])), Answer).serve_forever()
"""
START = "exec python3 main.py"
FIRST = 28_000


async def answered(port: int) -> None:
    """Wait for a response: a published port accepts connections before the program listens."""
    while not await _answers(port):  # noqa: ASYNC110 - there is no notification when a program listens
        await asyncio.sleep(0.005)


async def _answers(port: int) -> bool:
    try:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
    except OSError:
        return False
    try:
        writer.write(b"GET / HTTP/1.0\r\n\r\n")
        return bool(await reader.read())
    except OSError:
        return False
    finally:
        writer.close()


class Bare:
    """The same image and program, with the engine alone."""

    def __init__(self, client: Client, image: str) -> None:
        self._client, self._image = client, image

    async def run(self) -> str:
        """Start a container and wait for its response. Returns its id."""
        port = free_port()
        config = {
            "Image": self._image,
            "Cmd": ["/bin/sh", "-c", START],
            "WorkingDir": "/app",
            "Env": ["PORT=8080"],
            "ExposedPorts": {"8080/tcp": {}},
            "HostConfig": {
                "PortBindings": {"8080/tcp": [{"HostIp": "127.0.0.1", "HostPort": str(port)}]},
                "NetworkMode": "agora-benchmark",
            },
        }
        made: dict[str, Any] = await self._client.request_json("POST", "containers/create", body=config)
        await self._client.request_json("POST", f"containers/{made['Id']}/start")
        await answered(port)
        return str(made["Id"])

    async def remove(self, container: str) -> None:
        await self._client.request_json("DELETE", f"containers/{container}", params={"force": "1", "v": "1"})


async def compared(host: str | None, image: str, rounds: int, say: Callable[[str], None]) -> bool:
    root = Path(tempfile.mkdtemp(prefix="agora-bench-"))
    (root / "program").mkdir()
    (root / "program" / "main.py").write_text(PROGRAM)
    options = Options(root / "docker", "benchmark", host, (root,), (FIRST, FIRST + 99), python_image=image)
    runtime, client = DockerRuntime(options), Client(host)
    condition = await runtime.check()
    say(condition.detail)
    if condition.available:
        await client.request_json("POST", "networks/create", body={"Name": "agora-benchmark", "Driver": "bridge"})
        try:
            await _rounds(runtime, client, root, rounds, say)
        finally:
            for found in await runtime.list_instances():
                await runtime.remove(found.handle)
            await client.request_json("DELETE", "networks/agora-benchmark")
    await runtime.close()
    await client.close()
    shutil.rmtree(root, ignore_errors=True)
    return condition.available


async def _rounds(runtime: DockerRuntime, client: Client, root: Path, rounds: int, say: Callable[[str], None]) -> None:
    spec = Spec(
        "bench", 1, "default", BuildConfig("custom", START), Directory(str(root / "program")), ports=(Port(),),
        limits=Limits.from_texts("128M", "1"),
    )  # fmt: skip
    began = time.perf_counter()
    build = await runtime.build(spec)
    say(f"building its image: {(time.perf_counter() - began) * 1000:.0f} ms; from then on found in")
    began = time.perf_counter()
    await runtime.build(spec)
    say(f"                    {(time.perf_counter() - began) * 1000:.0f} ms")
    bare, instances, cpu = [], [], []
    plain = Bare(client, build.reference)
    for number in range(rounds):
        began = time.perf_counter()
        container = await plain.run()
        bare.append(time.perf_counter() - began)
        await plain.remove(container)
        began, used = time.perf_counter(), time.process_time()
        handle = await runtime.start(replace(spec, instance_id=f"bench-{number}"), build)
        cpu.append(time.process_time() - used)
        await answered(handle.ports["http"])
        instances.append(time.perf_counter() - began)
        await runtime.remove(handle)
    anchor, median = statistics.median(bare) * 1000, statistics.median(instances) * 1000
    say(
        f"start to first answer: bare container {anchor:.0f} ms (anchor), instance {median:.0f} ms: x{median / anchor:.2f}"
    )
    say(f"server CPU per start: {statistics.median(cpu) * 1000:.1f} ms")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--host", help="URL of the Docker Engine; the one that Docker's own client would use if left out"
    )
    parser.add_argument("--image", default="python:3.12-slim", help="Image with Python")
    parser.add_argument("--rounds", type=int, default=10)
    options = parser.parse_args()
    if not asyncio.run(compared(options.host, options.image, options.rounds, print)):
        print("skipped: there is no Docker Engine")


if __name__ == "__main__":
    main()
