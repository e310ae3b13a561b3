"""One server with the process engine and the Docker engine: neither kills instances of the other."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.blackbox.server import ServerProcess
from tests.dockerd import BASE, docker_host
from tests.polling import poll_until
from tests.processes import spawn_tethered

__all__ = ["docker_host"]

INSTANCES = "/marketplace/instances"
AGENT = """
import http.server, json, os

class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        body = json.dumps({"pid": os.getpid(), "started": STARTED}).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    do_POST = do_GET

STARTED = os.urandom(8).hex()
http.server.HTTPServer((os.environ["HOST"], int(os.environ["PORT"])), Handler).serve_forever()
"""


@pytest.fixture
def sleeping() -> Iterator[Callable[..., subprocess.Popen[bytes]]]:
    """Start ``sleep`` with given variables, as seen by a process engine in /proc."""
    processes: list[subprocess.Popen[bytes]] = []

    def start(variables: Mapping[str, str], *prefix: str) -> subprocess.Popen[bytes]:
        environment = {"PATH": os.environ["PATH"], **variables}
        processes.append(spawn_tethered([*prefix, "sleep", "600"], env=environment))
        return processes[-1]

    yield start
    for process in processes:
        process.kill()
        process.wait()


def test_start_kills_orphaned_processes_but_no_container(
    start_server: Callable[..., ServerProcess], sleeping: Callable[..., subprocess.Popen[bytes]]
) -> None:
    server = start_server()
    installation = (server.directory / "host-id").read_text().strip()
    server.stop()

    variables = {"AGORA_INSTALLATION": installation, "AGORA_GENERATION": "1"}
    container = sleeping(variables | {"AGORA_INSTANCE": "inst_container", "AGORA_ENGINE": "docker"})
    orphan = sleeping(variables | {"AGORA_INSTANCE": "inst_orphan", "AGORA_ENGINE": "process"})
    earlier_orphan = sleeping(variables | {"AGORA_INSTANCE": "inst_earlier"})  # as releases without AGORA_ENGINE did
    server.start()
    orphan.wait(60)
    earlier_orphan.wait(60)
    assert container.poll() is None, "the process engine killed a container's process"


@pytest.mark.skipif(os.geteuid() != 0, reason="no root: a pid namespace needs it (sudo)")
def test_containers_of_releases_without_the_marker_survive(
    start_server: Callable[..., ServerProcess], sleeping: Callable[..., subprocess.Popen[bytes]]
) -> None:
    server = start_server()
    installation = (server.directory / "host-id").read_text().strip()
    server.stop()

    variables = {"AGORA_INSTALLATION": installation, "AGORA_GENERATION": "1"}
    inner = [f"{name}={value}" for name, value in {**variables, "AGORA_INSTANCE": "inst_old"}.items()]
    container = sleeping({}, "unshare", "--pid", "--fork", "--kill-child", "env", *inner)
    children = Path(f"/proc/{container.pid}/task/{container.pid}/children")
    inside = int(poll_until(lambda: children.read_text().split(), "the command of unshare")[0])
    orphan = sleeping(variables | {"AGORA_INSTANCE": "inst_orphan", "AGORA_ENGINE": "process"})
    started = _start_time(inside)
    server.start()
    orphan.wait(60)
    assert _start_time(inside) == started != "", "the process engine killed a container's process"


def _start_time(pid: int) -> str:
    """Return the start time of a live process in clock ticks since boot; empty if there is none."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    except (FileNotFoundError, ProcessLookupError):
        return ""
    return "" if fields[0] in "ZX" else fields[19]


@pytest.mark.long
@pytest.mark.xdist_group("docker")
def test_instances_of_both_engines_survive_restarts_and_sweeps(
    docker_host: str, start_server: Callable[..., ServerProcess], tmp_path: Path
) -> None:
    programs = tmp_path / "programs"
    programs.mkdir()
    (programs / "main.py").write_text(AGENT)
    (programs / "Dockerfile").write_text(f'FROM {BASE}\nCOPY main.py /\nCMD ["python3", "-S", "/main.py"]\n')
    first = 20_000 + (os.getpid() * 37) % 9_900
    server = start_server(
        docker_host=docker_host,
        instance_sources=str(programs),
        instance_ports=f"{first}-{first + 19}",
        instance_check="0.3",
        instance_pass="0.05",  # engines are swept every 30 passes
    )
    builds: dict[str, Any] = {
        "Contained": {"type": "docker", "build_command": "docker build -t contained ."},
        "Native": {"type": "custom", "start_command": f"exec {sys.executable} -S main.py"},
    }
    instances = {name: _create(server, name, programs, build) for name, build in builds.items()}
    try:
        before = {name: _execute(server, instance) for name, instance in instances.items()}

        server.kill()
        server.start()
        assert {name: _execute(server, instance) for name, instance in instances.items()} == before
        orphan = _spawn_orphan((server.directory / "host-id").read_text().strip())
        orphan.wait(60)  # a sweep has run
        assert {name: _execute(server, instance) for name, instance in instances.items()} == before
    finally:
        for instance in instances.values():
            server.operator.call("DELETE", f"{INSTANCES}/{instance}", params={"wait": 30})


def _create(server: ServerProcess, name: str, programs: Path, build: dict[str, Any]) -> str:
    manifest = {
        "name": name,
        "directory": str(programs),
        "build_config": build,
        "health": "/health",
        "pricing": {"type": "free"},
    }
    server.operator.post("/deployments", {"manifest": manifest}, expect=201)
    instance: str = server.operator.post(INSTANCES, {"agent_id": name, "wait": 60})["instance_id"]
    return instance


def _execute(server: ServerProcess, instance: str) -> Any:
    """Execute the instance's program when it runs, and return the answer."""
    path = f"{INSTANCES}/{instance}/execute"

    def answer() -> httpx.Response | None:
        try:
            response = server.operator.http.post(path, json={})
        except httpx.TransportError:
            return None
        return response if response.is_success else None

    response = poll_until(answer, f"{instance} can be executed")
    assert response is not None
    return response.json()["result"]


def _spawn_orphan(installation: str) -> subprocess.Popen[bytes]:
    variables = {"AGORA_INSTALLATION": installation, "AGORA_INSTANCE": "inst_orphan", "AGORA_ENGINE": "process"}
    return spawn_tethered(["sleep", "600"], env={"PATH": os.environ["PATH"], **variables})
