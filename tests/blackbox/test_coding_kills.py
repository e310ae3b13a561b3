"""The worker, its agent and the server are killed at each stage of a job: the job is done once, and no process remains."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tests.blackbox.coding_worker import (
    RECORDED_AGENT,
    WorkerProcess,
    create_repository,
    read_output,
    submit_job,
    wait_for_status,
)
from tests.blackbox.server import Account, ServerProcess
from tests.blackbox.tcp_proxy import TcpProxy, running_proxy
from tests.polling import poll_until

#: The job writes one line to a file and one to the output; a second execution would write them twice.
PROMPT = "RUN: echo done >> a.txt\nSAY: the end"
STAGES = ("start", "permission", "tool", "check", "setup", "upload", "answer")
WITHOUT_AGENT = ("setup", "upload", "answer")  # stages at which the agent's process does not exist
QUICK = {("start", "server"), ("permission", "agent"), ("tool", "worker"), ("check", "worker")}
CASES = [
    pytest.param(stage, victim, marks=() if (stage, victim) in QUICK else pytest.mark.long, id=f"{stage}-{victim}")
    for stage in STAGES
    for victim in ("worker", "agent", "server")
    if not (victim == "agent" and stage in WITHOUT_AGENT)
]


@dataclass
class Scene:
    """A job on its way to a stage. gate: a file that lets it continue from there."""

    server: ServerProcess
    proxy: TcpProxy
    directory: Path
    stage: str
    workers: list[WorkerProcess] = field(default_factory=list)

    @property
    def gate(self) -> Path:
        return self.directory / "gate"

    @property
    def arrival(self) -> Path:
        """Return the path of a file that exists when the stage is reached."""
        return self.directory / "gate.waiting"

    @property
    def worker(self) -> WorkerProcess:
        return self.workers[-1]

    def start_worker(self) -> WorkerProcess:
        """Start the worker, set up to stop at the stage."""
        wait = f"touch {self.arrival}; while [ ! -e {self.gate} ]; do sleep 0.05; done"
        agent = f"{sys.executable} {RECORDED_AGENT}"
        options = ["--auto-approve", "none" if self.stage == "permission" else "all"]
        options += {"check": ["--check", wait], "setup": ["--setup", f"{wait}; touch {self.directory}/prepared"]}.get(
            self.stage, []
        )
        options += ["--server", f"http://127.0.0.1:{self.proxy.port}"]
        agent += f" --gate {self.gate}" if self.stage == "start" else ""
        repository = self.directory / "api"
        worker = WorkerProcess(self.server, self.directory / "home", repository, *options, agent=agent)
        self.workers.append(worker)
        return worker.start()

    def submit(self) -> str:
        prompt = PROMPT
        if self.stage == "tool":  # in a separate session, as OpenCode starts its shell, and in the background
            wait = f"touch {self.arrival}; while [ ! -e {self.gate} ]; do sleep 0.05; done"
            prompt = f"RUN: setsid sleep 1000 > /dev/null 2>&1 & {wait}\n{prompt}"
        if self.stage in ("upload", "answer"):
            self.proxy.loses_answer = self.stage == "answer"
            self.proxy.stall_at = b"/task/complete"
        return submit_job(self.server.operator, prompt, worker="coder")

    def wait_for_stage(self, job: str) -> None:
        if self.stage == "permission":
            wait_for_status(self.server.operator, job, "input_required")
        elif self.stage in ("upload", "answer"):
            poll_until(self.proxy.stalled.is_set, "the result is sent")
        else:
            poll_until(self.arrival.exists, lambda: f"the stage is reached: {read_output(self.server.operator, job)}")
        if self.stage == "answer":
            wait_for_status(self.server.operator, job, "completed")

    def list_processes(self) -> list[int]:
        """List the processes with the worker's home directory, except the worker."""
        return self.worker.agent_pids("")

    def kill(self, victim: str) -> None:
        if victim == "server":
            self.server.kill()
            self.proxy.release()
            self.server.start()
        elif victim == "agent":
            (agent,) = self.worker.agent_pids(RECORDED_AGENT.name)
            os.kill(agent, signal.SIGKILL)
        else:
            self.worker.kill()
            poll_until(lambda: not self.list_processes(), "no process remains", 60)
            self.proxy.release()
            self.start_worker()

    def go_on(self, job: str) -> None:
        self.gate.touch()
        if self.stage == "permission":
            self.server.operator.post("/agora/task/message", {"task_id": job, "text": "once"})


@pytest.fixture
def start_scene(start_server: Callable[..., ServerProcess], tmp_path: Path) -> Iterator[Callable[[str], Scene]]:
    scenes: list[Scene] = []
    server = start_server()
    create_repository(tmp_path / "api")
    with running_proxy(server.port) as proxy:

        def start(stage: str) -> Scene:
            scene = Scene(server, proxy, tmp_path, stage)
            scenes.append(scene)
            scene.start_worker()
            return scene

        yield start
        for scene in scenes:
            for worker in scene.workers:
                worker.close()


@pytest.mark.parametrize(("stage", "victim"), CASES)
def test_job_is_done_once_after_a_kill(start_scene: Callable[[str], Scene], stage: str, victim: str) -> None:
    scene = start_scene(stage)
    operator = scene.server.operator
    job = scene.submit()
    scene.wait_for_stage(job)
    scene.kill(victim)
    operator = scene.server.operator
    scene.go_on(job)
    task = wait_for_status(operator, job, "completed", timeout=150)
    assert task["result"]["text"].endswith("the end")
    assert task["result"]["files"] == ["a.txt"]
    lines = read_lines(scene.directory / "api", f"agora/{job}", "a.txt")
    assert lines == ["done"], read_output(operator, job)
    assert count_ends(operator, job) == 1
    assert (scene.directory / "prepared").exists() == (stage == "setup"), "a set-up that was killed is run again"
    assert len(operator.get("/v1/agent/tasks")["tasks"]) == 1
    poll_until(lambda: not scene.list_processes(), "no process is left behind")
    poll_until(lambda: scene.worker.log().count("takes jobs for") == len(scene.workers), "it has started")
    assert scene.worker.stop() == 0
    assert not list((scene.directory / "home" / "state").rglob("*.preparing"))


def read_lines(repository: Path, branch: str, name: str) -> list[str]:
    """Read a file of a branch, as left by the job."""
    command = ["git", "show", f"{branch}:{name}"]
    return subprocess.run(command, cwd=repository, capture_output=True, text=True, check=True).stdout.splitlines()


def count_ends(operator: Account, job: str) -> int:
    """Count the completions of the job reported to its requester."""
    entries = operator.get("/agora/admin/audit?operation=agora.task.complete")["entries"]
    return len([entry for entry in entries if (entry["target"], entry["outcome"]) == (job, "ok")])
