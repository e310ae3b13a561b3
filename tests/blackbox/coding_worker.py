"""A coding worker, started as by a user, with its own codebase and a test agent."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tests.blackbox.server import Account, ServerProcess
from tests.polling import TIMEOUT, poll_until
from tests.processes import spawn_tethered

__all__ = [
    "GIT",
    "RECORDED_AGENT",
    "WorkerProcess",
    "create_repository",
    "read_output",
    "submit_job",
    "wait_for_status",
]

RECORDED_AGENT = Path(__file__).parents[1] / "coding" / "recorded_agent.py"
GIT = ("git", "-c", "user.name=Test", "-c", "user.email=test@localhost")
ENDED = {"completed", "failed", "cancelled", "dead_lettered", "rejected", "expired"}


def create_repository(path: Path, **files: str) -> Path:
    """Create a git repository with one commit."""
    path.mkdir(parents=True, exist_ok=True)
    subprocess.run(["git", "init", "-q", "-b", "main"], cwd=path, check=True)
    for name, content in {"README": "a codebase\n", **files}.items():
        (path / name).write_text(content)
    subprocess.run(["git", "add", "."], cwd=path, check=True)
    subprocess.run([*GIT, "commit", "-qm", "start"], cwd=path, check=True)
    return path


class WorkerProcess:
    """``agora worker run`` in a separate process.

    home: its HOME, where its agent stores sessions. agent: None for the worker's choice.
    """

    def __init__(
        self,
        server: ServerProcess,
        home: Path,
        repository: Path,
        *options: str,
        name: str = "coder",
        agent: str | None = f"{sys.executable} {RECORDED_AGENT}",
        variables: Mapping[str, str] | None = None,
    ) -> None:
        home.mkdir(exist_ok=True)
        self.name, self.home, self.agent, self.log_file = name, home, agent, home / f"{name}.log"
        command = [sys.executable, "-m", "agora.cli", "worker", "run", "--server", server.url, "--name", name]
        command += ["--codebases", f"{repository}:api", "--lease-seconds", "5", "--drain-seconds", "2"]
        command += ["--agent", agent] if agent is not None else []
        self.command = [*command, "--state", str(home / "state"), *options]
        self.environment = server.environment | {"HOME": str(home), "AGORA_TOKEN": server.admin_token}
        self.environment |= dict(variables or {})
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> WorkerProcess:
        with self.log_file.open("ab") as log:
            self.process = spawn_tethered(self.command, env=self.environment, stdout=log, stderr=log)
        return self

    def log(self) -> str:
        return self.log_file.read_text(errors="replace")

    def agent_pids(self, program: str = RECORDED_AGENT.name) -> list[int]:
        """Return the processes of its agent, identified by their HOME."""
        pids = []
        for entry in Path("/proc").iterdir():
            if entry.name.isdigit() and int(entry.name) != os.getpid():
                try:
                    line = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode()
                    mine = f"HOME={self.home}\0".encode() in (entry / "environ").read_bytes()
                except OSError:
                    continue
                if mine and program in line and " worker run " not in line:
                    pids.append(int(entry.name))
        return pids

    def kill(self) -> None:
        """Send SIGKILL."""
        assert self.process is not None
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()

    def stop(self, timeout: float = 60.0) -> int:
        """Send SIGTERM and wait. Returns the exit code."""
        assert self.process is not None
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(timeout)

    def close(self) -> None:
        if self.process is not None and self.process.poll() is None:
            self.kill()


def submit_job(account: Account, prompt: str, worker: str | None = None, **options: Any) -> str:
    """Queue a job for the codebase api, for any worker or a given one. Returns its task's id."""
    payload = {"prompt": prompt, "codebase": "api"} | options.pop("payload", {})
    body = {"task_type": "coding.job", "payload": payload, "assignee": worker or "capability:codebase:api", **options}
    return str(account.post("/agora/task/assign", body)["task_id"])


def wait_for_status(account: Account, task_id: str, *statuses: str, timeout: float = TIMEOUT) -> Any:
    """Wait until the task has one of these statuses; fail if it ends with another one."""

    def look() -> Any:
        task = account.get(f"/v1/agent/tasks/{task_id}")
        if task["status"] in (statuses or ENDED):
            return task
        assert task["status"] not in ENDED, json.dumps(task, indent=1)
        return None

    return poll_until(look, lambda: f"{statuses}: {account.get(f'/v1/agent/tasks/{task_id}')}", timeout)


def read_output(account: Account, task_id: str) -> str:
    """Read the whole output of a task."""
    return str(account.get(f"/v1/agent/tasks/{task_id}/output")["content"])
