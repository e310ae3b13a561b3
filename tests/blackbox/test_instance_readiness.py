"""Readiness of instances: an instance is running once its program is reachable."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.blackbox.instance_program import INSTANCES, PROGRAM, deploy, make_instance, serving_instances
from tests.blackbox.server import ServerProcess
from tests.dockerd import BASE, docker_host
from tests.polling import poll_until

__all__ = ["docker_host"]

#: listens after a delay, as programs with slow imports do
SLOW_START = "import time\ntime.sleep(0.7)\n" + PROGRAM
SILENT = "import time\nwhile True:\n    time.sleep(60)\n"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    with serving_instances(tmp_path_factory.mktemp("readiness")) as running:
        programs = Path(running.directory.parent / "programs")
        (programs / "slow.py").write_text(SLOW_START)
        (programs / "silent.py").write_text(SILENT)
        yield running


def build(program: str, *arguments: str, **variables: str) -> dict[str, Any]:
    command = " ".join(["exec", sys.executable, "-S", program, *arguments])
    return {"type": "custom", "start_command": command, "env_vars": variables}


@pytest.mark.parametrize(
    "manifest",
    [
        {"build_config": build("slow.py"), "port": 8123},
        {"build_config": build("slow.py", PORT="8123")},
        {"build_config": build("slow.py"), "endpoints": [{"path": "/env", "method": "POST"}]},
        {"build_config": build("slow.py")},
    ],
    ids=["port", "variable", "endpoints", "nothing"],
)
def test_instance_without_a_health_check_is_running_once_it_listens(
    server: ServerProcess, manifest: dict[str, Any], request: pytest.FixtureRequest
) -> None:
    name = f"Slow-{request.node.callspec.id}"
    deploy(server, name, health=None, **manifest)
    made = make_instance(server.operator, name)
    body = {"endpoint": "/env", "parameters": {}}
    answer = server.operator.post(f"{INSTANCES}/{made['instance_id']}/execute", body)
    assert answer["status"] == "completed", answer
    server.operator.call("DELETE", f"{INSTANCES}/{made['instance_id']}")


def test_instance_with_a_port_that_does_not_listen_is_not_running(server: ServerProcess) -> None:
    deploy(server, "Mute", health=None, port=8123, build_config=build("silent.py"))
    made = make_instance(server.operator, "Mute", wait=0)

    def reason_shown() -> Any:
        shown = server.operator.get(f"{INSTANCES}/{made['instance_id']}")
        assert shown["status"] in ("requested", "provisioning", "starting"), shown
        return shown if "does not listen" in str(shown) else None

    assert poll_until(reason_shown, "the instance says that nothing listens")["status"] == "starting"
    server.operator.call("DELETE", f"{INSTANCES}/{made['instance_id']}")


def test_instance_without_a_port_need_not_listen(server: ServerProcess) -> None:
    deploy(server, "Caller", health=None, build_config=build("silent.py"))
    made = make_instance(server.operator, "Caller")
    assert made["status"] == "running"
    server.operator.call("DELETE", f"{INSTANCES}/{made['instance_id']}")


# -- containers ------------------------------------------------------------------------------------

CONTAINED = """
import http.server, os, time

class Handler(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        self.send_response(200)
        self.send_header("Content-Length", "2")
        self.end_headers()
        self.wfile.write(b"{}")

time.sleep(float(os.environ.get("DELAY", "0.7")))
http.server.HTTPServer((os.environ["HOST"], int(os.environ["PORT"])), Handler).serve_forever()
"""


def _deploy_image(server: ServerProcess, name: str, **variables: str) -> None:
    programs = str(server.directory.parent / "programs")
    build = {"type": "docker", "build_command": f"docker build -t {name.lower()} .", "env_vars": variables}
    server.operator.post(
        "/deployments", {"manifest": {"name": name, "directory": programs, "build_config": build, "port": 8123}}
    )


@pytest.mark.long
@pytest.mark.xdist_group("docker")
def test_container_is_running_once_its_program_listens(docker_host: str, tmp_path: Path) -> None:
    """The engine publishes the port from the start: an accepted connection does not show that the program listens."""
    with serving_instances(tmp_path, docker_host=docker_host) as server:
        programs = tmp_path / "programs"
        (programs / "main.py").write_text(CONTAINED)
        (programs / "Dockerfile").write_text(f'FROM {BASE}\nCOPY main.py /\nCMD ["python3", "-S", "/main.py"]\n')
        _deploy_image(server, "Contained")
        made = make_instance(server.operator, "Contained")
        assert made["engine"] == "docker"
        answer = server.operator.post(f"{INSTANCES}/{made['instance_id']}/execute", {"endpoint": "/", "parameters": {}})
        assert answer["status"] == "completed", answer
        server.operator.call("DELETE", f"{INSTANCES}/{made['instance_id']}", params={"wait": 30})

        _deploy_image(server, "Silent", DELAY="600")
        made = make_instance(server.operator, "Silent", wait=0)

        def unreachable() -> bool:
            shown = server.operator.get(f"{INSTANCES}/{made['instance_id']}")
            assert shown["status"] in ("requested", "provisioning", "starting"), shown
            return "does not listen" in str(shown)

        poll_until(unreachable, "the reason why the container does not run is reported")
        server.operator.call("DELETE", f"{INSTANCES}/{made['instance_id']}", params={"wait": 30})
