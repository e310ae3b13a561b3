"""Instances for black-box tests: a controllable program, run by a server's process engine."""

from __future__ import annotations

import contextlib
import os
import signal
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tests.blackbox.server import Account, ServerProcess

__all__ = ["INSTANCES", "deploy", "end_instances", "make_instance", "serving_instances"]

INSTANCES = "/marketplace/instances"
PORTS = 30_000 + (os.getpid() * 41) % 9_900  # specific to this test process

#: the paths /env, /status, /slow, /hangup and /stream do what their names say; /health is healthy; it does not start
#: with FAIL set
PROGRAM = """
import json, os, socket, sys, threading, time
if os.environ.get("FAIL"):
    sys.exit(3)

def answer(client):
    with client:
        data = b""
        while b"\\r\\n\\r\\n" not in data:
            part = client.recv(65536)
            if not part:
                return
            data += part
        head, _, body = data.partition(b"\\r\\n\\r\\n")
        path = head.split(b" ")[1].decode()
        size = [int(line.split(b":")[1]) for line in head.lower().split(b"\\r\\n") if line.startswith(b"content-length")]
        while size and len(body) < size[0]:
            body += client.recv(65536)
        given, status, out = json.loads(body) if body else None, 200, b"{}"
        if path == "/env":
            out = json.dumps(dict(os.environ)).encode()
        elif path == "/status":
            status = given["status"]
        elif path == "/agent/message":
            out = json.dumps({"type": "inform", "intent": "result", "payload": {"echo": given["payload"]}}).encode()
        elif path == "/slow":
            time.sleep(given["seconds"])  # a program this slow is what the caller tests
        elif path == "/hangup":
            return
        elif path == "/stream":
            client.sendall(b"HTTP/1.1 200 OK\\r\\nContent-Type: text/event-stream\\r\\nConnection: close\\r\\n\\r\\n")
            for number in range(given["pieces"]):
                client.sendall(f"data: {number}\\n\\n".encode())
                time.sleep(given["pause"])  # the pieces come apart
            return
        client.sendall(f"HTTP/1.1 {status} X\\r\\nContent-Type: application/json\\r\\nContent-Length: {len(out)}\\r\\n"
            "Connection: close\\r\\n\\r\\n".encode() + out)

server = socket.create_server(("127.0.0.1", int(os.environ["PORT"])))
while True:
    threading.Thread(target=answer, args=server.accept()[:1], daemon=True).start()
"""


@contextlib.contextmanager
def serving_instances(directory: Path, **settings: Any) -> Iterator[ServerProcess]:
    """Run a server whose process engine may run the program; its instances end with the test."""
    programs = directory / "programs"
    programs.mkdir(parents=True)
    (programs / "main.py").write_text(PROGRAM)
    defaults = {
        "instance_sources": str(programs),
        "instance_ports": f"{PORTS}-{PORTS + 59}",
        "instance_check": "0.2",
        "instance_pass": "0.5",
    }
    server = ServerProcess(directory / "data", **(defaults | settings))
    try:
        yield server.start()
    finally:
        server.close()
        end_instances(server)


def end_instances(server: ServerProcess) -> None:
    """Kill the programs started by a server's process engine; they outlive the server."""
    host_id = server.directory / "host-id"
    if not host_id.exists():
        return
    mark = f"AGORA_INSTALLATION={host_id.read_text().strip()}".encode()
    for name in os.listdir("/proc"):
        if name.isdecimal() and int(name) != os.getpid():
            with contextlib.suppress(OSError):
                if mark in Path(f"/proc/{name}/environ").read_bytes().split(b"\0"):
                    os.kill(int(name), signal.SIGKILL)


def deploy(server: ServerProcess, name: str, pricing: dict[str, Any] | None = None, **manifest: Any) -> Any:
    """Register an agent whose instances run the program. Returns the registration, with its token."""
    document = {
        "name": name,
        "directory": str(server.directory.parent / "programs"),
        "build_config": {"type": "custom", "start_command": f"exec {sys.executable} -S main.py"},
        "health": "/health",
        "pricing": pricing,
        "configurable": ["FAIL"],
        **manifest,
    }
    document = {key: value for key, value in document.items() if value is not None}
    return server.operator.post("/deployments", {"manifest": document})


def make_instance(account: Account, agent: str, expect: int | None = None, **request: Any) -> Any:
    """Create an instance and wait until it runs. expect: a status other than success."""
    made = account.post(INSTANCES, {"agent_id": agent, "wait": 30, **request}, expect=expect)
    if expect is None and "wait" not in request:
        assert made["status"] == "running", made
    return made
