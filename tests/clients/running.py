"""Targets of the client programs: a server with its built-in agents, an agent of the SDK, and a receiver of push
notifications."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from tests.blackbox.server import ServerProcess
from tests.polling import poll_until
from tests.processes import spawn_tethered

__all__ = [
    "PROGRAMS",
    "Targets",
    "run_program",
    "serve_mcp_target",
    "serve_push_receiver",
    "serve_targets",
    "start_scenario_agent",
]

HERE = Path(__file__).parent
ROOT = HERE.parent.parent
PROGRAMS = HERE / "programs"
SECONDS = 900  #: timeout of all scenarios of one client
PUSH_SECONDS = 50  #: seconds to wait for a notification, less than the timeout of a scenario


@dataclass(frozen=True)
class Targets:
    """URLs of the agents by kind, and of the receiver."""

    agents: dict[str, str]
    receiver: str


@contextmanager
def start_scenario_agent(server: ServerProcess) -> Iterator[str]:
    """Run the agent of :mod:`.scenario_agent`. Yields its id."""
    command = [sys.executable, str(HERE / "scenario_agent.py"), server.url]
    process = spawn_tethered(command, stdout=subprocess.PIPE, env=server.environment)
    assert process.stdout is not None
    try:
        agent_id = process.stdout.readline().decode().strip()
        assert agent_id, "the agent did not start"
        yield agent_id
    finally:
        process.terminate()
        process.wait(10)
        process.stdout.close()


@contextmanager
def serve_push_receiver() -> Iterator[str]:
    """Accept posts. GET ``/push/TEXT`` is answered when something with that text was posted, with 404 after a
    timeout."""
    bodies: list[bytes] = []
    posted = threading.Condition()

    class Receiver(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            with posted:
                bodies.append(body)
                posted.notify_all()
            self._send_status(200)

        def do_GET(self) -> None:
            text = self.path.rpartition("/")[2].encode()
            with posted:
                is_there = posted.wait_for(lambda: any(text in body for body in bodies), PUSH_SECONDS)
            self._send_status(200 if is_there else 404)

        def _send_status(self, status: int) -> None:
            self.send_response(status)
            self.send_header("content-length", "0")
            self.end_headers()

        def log_message(self, *arguments: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Receiver) as receiver:
        threading.Thread(target=receiver.serve_forever, daemon=True).start()
        try:
            yield f"http://127.0.0.1:{receiver.server_port}/push"
        finally:
            receiver.shutdown()


@contextmanager
def serve_targets(directory: Path, **settings: str) -> Iterator[Targets]:
    """Start all targets."""
    server = ServerProcess(directory / "data", builtin_agents="true", a2a_private_networks="true", **settings)
    with ExitStack() as stack:
        stack.callback(server.close)
        server.start()
        agent_id = stack.enter_context(start_scenario_agent(server))
        receiver = stack.enter_context(serve_push_receiver())
        agents = {"built-in": f"{server.url}/a2a/Echo%20Agent", "sdk": f"{server.url}/a2a/{agent_id}"}
        yield Targets(agents, receiver)


@contextmanager
def serve_mcp_target(directory: Path) -> Iterator[ServerProcess]:
    """Run a server with an upstream, an agent that is a tool, and a virtual server with some tools of each."""
    config = directory / "mcp.json"
    command = {"command": sys.executable, "args": ["-m", "tests.mcp_upstream"], "env": {"PYTHONPATH": str(ROOT)}}
    config.write_text(json.dumps({"mcpServers": {"far": command}}), "utf-8")
    server = ServerProcess(directory / "data", builtin_agents="true", mcp_commands="true", mcp_config=str(config))
    with ExitStack() as stack:
        stack.callback(server.close)
        server.start()
        stack.enter_context(start_scenario_agent(server))
        schema = "/agora/discovery/schema"
        http = server.operator.http
        poll_until(lambda: http.get(schema, params={"service": "far.echo"}).is_success, "the upstream is connected")
        tools = ["agora.agent.get", "far.echo", "far.count", "Scenario_Agent.scenarios"]
        server.operator.post("/agora/virtual_server/create", {"name": "clients", "tools": tools})
        yield server


def run_program(command: Sequence[str], variables: Mapping[str, str] = {}) -> dict[str, str]:
    """Run a client's program. Returns the outcome of each scenario by name."""
    done = subprocess.run(
        command, capture_output=True, text=True, check=False, timeout=SECONDS, env=os.environ | variables
    )
    assert done.returncode == 0, f"{command}: {done.stderr[-4000:]}"
    sys.stderr.write(done.stderr[-20_000:])
    # Some clients print to standard output at their end.
    lines = [line for line in done.stdout.splitlines() if line.startswith("{")]
    assert lines, f"{command}: {done.stdout[-2000:]} {done.stderr[-2000:]}"
    outcomes: dict[str, str] = json.loads(lines[-1])
    return outcomes
