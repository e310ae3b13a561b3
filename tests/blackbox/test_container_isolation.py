"""Jobs in containers of a real Docker Engine: their access to files and network, and that no container remains after
kills."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from agora.worker.container_engine import ContainerEngine
from agora.worker.container_settings import ContainerSettings
from agora.worker.subprocesses import run_checked
from tests.blackbox.coding_worker import (
    GIT,
    RECORDED_AGENT,
    WorkerProcess,
    create_repository,
    read_output,
    submit_job,
    wait_for_status,
)
from tests.blackbox.server import ServerProcess
from tests.dockerd import BASE, docker_host
from tests.polling import poll_until

__all__ = ["docker_host"]

pytestmark = pytest.mark.long

LOOK = """\
EDIT: made.txt=hello
RUN: cat {outside}; ls /sys/class/net; echo worker=$WORKER_ONLY task=$AGORA_TASK_ID; cat /proc/self/status
RUN: touch {hooks}/post-commit; mkdir -p nested/.git; cp made.txt nested/.git/config; rm .git
RUN: echo evil > .git
RUN: mkdir .hooks; echo '#!/bin/sh' > .hooks/post-commit; echo 'touch {outside}.run' >> .hooks/post-commit; chmod +x .hooks/post-commit
"""


@pytest.fixture
def worker(shared_server: ServerProcess, docker_host: str, tmp_path: Path) -> Callable[..., WorkerProcess]:
    """Start a worker whose jobs run in containers; its agent is a file of the codebase."""
    repository = create_repository(tmp_path / "api", **{"agent.py": RECORDED_AGENT.read_text()})

    def start(*options: str) -> WorkerProcess:
        options = ("--isolation", "docker", "--docker-image", BASE, "--auto-approve", "all", *options)
        variables = {"DOCKER_HOST": docker_host, "WORKER_ONLY": "not-for-jobs"}
        home = tmp_path / "home"
        worker = WorkerProcess(
            shared_server, home, repository, *options, name="boxed", agent="python3 agent.py", variables=variables
        ).start()
        poll_until(lambda: "takes jobs for" in worker.log(), worker.log, 60)
        return worker

    return start


def list_containers(host: str, task_id: str) -> list[str]:
    words = ["docker", "ps", "--all", "--quiet", "--filter", f"label=agora.task={task_id}"]
    return subprocess.run(words, env=os.environ | {"DOCKER_HOST": host}, capture_output=True, text=True).stdout.split()


def test_job_can_access_only_its_worktree(
    shared_server: ServerProcess, docker_host: str, worker: Callable[..., WorkerProcess], tmp_path: Path
) -> None:
    outside = tmp_path / "outside.txt"
    outside.write_text("of the machine")
    running = worker("--docker-network", "none", "--check", "test -f made.txt && ls /sys/class/net")
    try:
        hooks = tmp_path / "api/.git/hooks"
        subprocess.run(["git", "config", "core.hooksPath", ".hooks"], cwd=tmp_path / "api", check=True)
        task_id = submit_job(shared_server.operator, LOOK.format(outside=outside, hooks=hooks), "boxed")
        task = wait_for_status(shared_server.operator, task_id, "completed", timeout=180)
        output = read_output(shared_server.operator, task_id)
        assert "of the machine" not in output
        assert f"The command answered: lo\nworker= task={task_id}\n" in output
        assert "CapEff:\t0000000000000000\n" in output
        assert "its container has no network" in output
        assert "the check ended with exit code 0" in output, "it ran in a container, too"
        assert not (hooks / "post-commit").exists()
        assert set(task["result"]["files"]) == {"made.txt", "nested/.git-of-job/config", ".hooks/post-commit"}
        assert not Path(f"{outside}.run").exists(), "no hook of the job's making has run"
        made = tmp_path / "home/state/worktrees/api" / task_id / "made.txt"
        assert (made.read_text(), made.stat().st_uid) == ("hello\n", os.getuid())
        log = subprocess.run(
            [*GIT, "log", "-1", "--format=%an", task["result"]["branch"]],
            cwd=tmp_path / "api",
            capture_output=True,
            text=True,
        )
        assert log.stdout == "Agora worker\n", "what the agent could not commit, the worker has"
        assert list_containers(docker_host, task_id) == []
    finally:
        running.close()


def test_killed_worker_leaves_no_container(
    shared_server: ServerProcess, docker_host: str, worker: Callable[..., WorkerProcess]
) -> None:
    running = worker()
    task_id = submit_job(shared_server.operator, "SLOWLY: 100\nEDIT: made.txt=hello", "boxed")
    poll_until(lambda: "word5 " in read_output(shared_server.operator, task_id), "it works", 120)
    before = list_containers(docker_host, task_id)
    assert len(before) == 1
    running.kill()
    running.start()
    try:
        wait_for_status(shared_server.operator, task_id, "completed", timeout=180)
        assert "was reopened with session/resume" in read_output(shared_server.operator, task_id), (
            "the home outlives a container"
        )
        poll_until(lambda: not list_containers(docker_host, task_id), "they are removed", 60)
    finally:
        running.close()


def test_container_is_paused_between_turns_and_removed_with_a_cancelled_job(
    shared_server: ServerProcess, docker_host: str, worker: Callable[..., WorkerProcess]
) -> None:
    operator, running = shared_server.operator, worker()
    try:
        job = submit_job(operator, "EDIT: one.txt=1\nSLOWLY: 60", "boxed")
        poll_until(lambda: "word5 " in read_output(operator, job), "it works", 120)
        operator.post(f"/v1/agent/tasks/{job}/follow-ups", {"text": "RECALL\nEDIT: two.txt=2"})
        task = wait_for_status(operator, job, "completed", timeout=180)
        assert set(task["result"]["files"]) == {"one.txt", "two.txt"}
        assert "I remember: EDIT: one.txt=1" in read_output(operator, job), "one agent, one session"
        assert len(operator.get(f"/v1/agent/tasks/{job}/turns")["turns"]) == 2
        job = submit_job(operator, "SLOWLY: 10000", "boxed")
        poll_until(lambda: "word5 " in read_output(operator, job), "it works", 120)
        assert len(list_containers(docker_host, job)) == 1
        operator.post("/agora/task/cancel", {"task_id": job})
        poll_until(lambda: not list_containers(docker_host, job), "it is removed", 60)
    finally:
        running.close()


async def test_only_containers_of_dead_workers_are_removed(
    docker_host: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DOCKER_HOST", docker_host)
    settings = ContainerSettings(image=BASE, network="none", memory_megabytes=64, cpus=0.5, pids=20)
    engines = [ContainerEngine(tmp_path / "state"), ContainerEngine(tmp_path / "state"), ContainerEngine(tmp_path)]
    dead, alive, other = engines
    command = ["sleep", "1000"]
    names = [
        await engine.create_container(settings, command, Path("/"), [], {"A": "b c"}, "tsk_1")
        for engine in (dead, dead, dead, alive, other)
    ]
    for name in names[1:]:  # the first container is never started
        await run_checked(["docker", "start", name], tmp_path)
    assert await dead.pause_container(names[2])
    details = json.loads(await run_checked(["docker", "inspect", names[3]], tmp_path))[0]
    limits = details["HostConfig"]
    assert (limits["Memory"], limits["NanoCpus"], limits["PidsLimit"]) == (64 << 20, 500_000_000, 20)
    assert "A=b c" in details["Config"]["Env"]
    os.close(dead.lock)  # as the system does after the worker's death
    try:
        assert sorted(await alive.remove_orphaned_containers()) == sorted(names[:3])
        assert await alive.remove_orphaned_containers() == []
        assert len(list((tmp_path / "state/containers").glob("*.lock"))) == 1, "of the one that lives"
        assert await alive.pause_container(names[0]) is False
        assert await alive.pause_container(names[3]) is True
    finally:
        for engine, name in ((alive, names[3]), (other, names[4])):
            await engine.remove_container(name)
            await engine.remove_container(name)
            engine.close()


def test_doctor_runs_the_image(docker_host: str, tmp_path: Path) -> None:
    def examine(host: str, *options: str) -> dict[str, object]:
        environment = os.environ | {"HOME": str(tmp_path), "DOCKER_HOST": host}
        command = [sys.executable, "-m", "agora.cli", "worker", "doctor", "--json", *options]
        done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=120)
        return next(report for report in json.loads(done.stdout) if report["name"] == "docker")

    ready = examine(docker_host, "--docker-image", BASE)
    assert str(ready["state"]).startswith("ready (engine ")
    assert ready["is_ready"]
    assert examine(docker_host)["is_ready"]
    missing = examine(f"unix://{tmp_path}/nobody.sock")
    assert (missing["state"], missing["is_ready"]) == ("installed, the engine does not answer", False)
