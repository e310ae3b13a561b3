"""``agora worker run``, ``agora worker doctor``, and the alias ``codetether worker``, as a user types them."""

from __future__ import annotations

import json
import os
import stat
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

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

StartWorker = Callable[..., WorkerProcess]


@pytest.fixture
def start_worker(shared_server: ServerProcess, tmp_path: Path) -> Iterator[StartWorker]:
    """Start workers with their own codebase and home: ``start_worker("name", "--once")``."""
    workers: list[WorkerProcess] = []

    def start(name: str, *options: str) -> WorkerProcess:
        repository = create_repository(tmp_path / name / "api")
        worker = WorkerProcess(shared_server, tmp_path / name / "home", repository, *options, name=name)
        workers.append(worker)
        return worker.start()

    yield start
    for worker in workers:
        worker.close()


def test_once_ends_after_one_job(shared_server: ServerProcess, start_worker: StartWorker) -> None:
    operator = shared_server.operator
    worker = start_worker("once", "--once", "--max-concurrent-tasks", "1")
    first, second = (submit_job(operator, "SAY: hello", worker="once") for _ in range(2))
    assert worker.process is not None
    assert worker.process.wait(60) == 0, worker.log()
    statuses = [operator.get(f"/v1/agent/tasks/{job}")["status"] for job in (first, second)]
    assert sorted(statuses) == ["completed", "pending"], "the other one waits for a worker"


def test_setup_prepares_each_new_worktree(shared_server: ServerProcess, start_worker: StartWorker) -> None:
    operator = shared_server.operator
    start_worker("prepared", "--auto-approve", "all", "--setup", "echo preparing $AGORA_TASK_ID; touch .git-is-ready")
    job = submit_job(operator, "RUN: test -e .git-is-ready && echo prepared > a.txt", worker="prepared")
    task = wait_for_status(operator, job, "completed")
    assert "a.txt" in task["result"]["files"]
    assert f"preparing {job}" in read_output(operator, job), "its output is shown"


def test_failing_setup_fails_the_job(shared_server: ServerProcess, start_worker: StartWorker) -> None:
    operator = shared_server.operator
    start_worker("broken", "--setup", "echo no compiler; exit 4")
    task = wait_for_status(operator, submit_job(operator, "SAY: hello", worker="broken"), "failed")
    assert "exit code 4" in task["error"]
    assert "no compiler" in task["error"]


def test_setup_of_the_repository_runs_after_its_owner_accepted_it(
    shared_server: ServerProcess, start_worker: StartWorker, tmp_path: Path
) -> None:
    """It does not run unasked, after a change, or if it was never committed; with --trust-setup it runs until the next
    change."""
    operator, script = shared_server.operator, tmp_path / "guarded/api/.agora/setup.sh"

    def run_job() -> tuple[str, Any]:
        job = submit_job(operator, "SAY: hello", worker="guarded")
        return job, wait_for_status(operator, job)

    def change_setup(content: str) -> None:
        script.parent.mkdir(exist_ok=True)
        script.write_text(content)
        subprocess.run(["git", "add", "."], cwd=script.parent, check=True)
        subprocess.run([*GIT, "commit", "-qm", "set-up"], cwd=script.parent, check=True)

    marker = tmp_path / "ran"
    worker = start_worker("guarded")
    change_setup(f"echo first >> {marker}\n")
    _, task = run_job()
    assert task["status"] == "failed"
    assert "--trust-setup" in task["error"]
    assert not marker.exists()

    worker.stop()
    worker.command.append("--trust-setup")
    worker.start()
    job, task = run_job()
    assert task["status"] == "completed", task
    assert f"echo first >> {marker}" in " ".join(worker.log().split()), "what is accepted is shown"
    assert "set-up: .agora/setup.sh" in read_output(operator, job)
    assert marker.read_text() == "first\n"
    script.write_text(f"echo uncommitted >> {marker}\n")
    assert run_job()[1]["status"] == "completed"
    assert marker.read_text() == "first\n" * 2

    change_setup(f"echo second >> {marker}\n")
    assert run_job()[1]["status"] == "failed"
    worker.stop()
    worker.command.remove("--trust-setup")
    worker.start()
    assert run_job()[1]["status"] == "failed"
    assert "Not accepted" in worker.log()
    change_setup(f"echo first >> {marker}\n")
    assert run_job()[1]["status"] == "completed", "it is remembered without the option"
    assert marker.read_text() == "first\n" * 3


def test_model_and_mode_are_chosen(shared_server: ServerProcess, start_worker: StartWorker) -> None:
    operator = shared_server.operator
    start_worker("modelled", "--model", "stub/large")
    task = wait_for_status(operator, submit_job(operator, "RECALL", worker="modelled"), "completed")
    assert task["result"]["text"].endswith("model=stub/large mode=None")
    (row,) = operator.get("/v1/agent/workers?search=modelled")["workers"]
    assert row["models"] == ["stub/large"]
    planning = submit_job(operator, "RECALL", worker="modelled", payload={"agent_type": "plan", "model": "stub/small"})
    task = wait_for_status(operator, planning, "completed")
    assert task["result"]["text"].endswith("model=stub/small mode=plan"), "a job's own model goes before the worker's"


@pytest.mark.parametrize("program", ["opencode", "claude-agent-acp", "codex-acp", "gemini"])
def test_doctor_reports_the_state_of_each_agent(tmp_path: Path, program: str) -> None:
    """States: not installed, installed without a credential, and ready, with a program of that name in PATH."""
    names = {"opencode": "opencode", "claude-agent-acp": "claude", "codex-acp": "codex", "gemini": "gemini"}
    variables = {
        "opencode": "OPENAI_API_KEY",
        "claude": "ANTHROPIC_API_KEY",
        "codex": "OPENAI_API_KEY",
        "gemini": "GEMINI_API_KEY",
    }
    name, directory = names[program], tmp_path / "bin"
    directory.mkdir()
    missing = examine(tmp_path, directory)[name]
    assert (missing["is_installed"], missing["is_ready"]) == (False, False)
    assert missing["hints"][0].startswith("install: npm install -g ")
    (directory / program).write_text("#!/bin/sh\n")
    (directory / program).chmod(stat.S_IRWXU)
    installed = examine(tmp_path, directory)[name]
    assert (installed["is_installed"], installed["is_ready"]) == (True, False)
    assert "log in" in installed["hints"][0]
    ready = examine(tmp_path, directory, **{variables[name]: "sk-secret-of-the-provider"})[name]
    assert ready["is_ready"]
    assert "sk-secret" not in json.dumps(ready), "the credential is named, not shown"


def examine(home: Path, programs: Path, **variables: str) -> dict[str, dict[str, object]]:
    """Run ``agora worker doctor --json``. Returns the reports by name."""
    clean = {"PATH": f"{programs}:/usr/bin:/bin", "HOME": str(home), **variables}
    command = [sys.executable, "-m", "agora.cli", "worker", "doctor", "--json"]
    done = subprocess.run(command, env=clean, capture_output=True, text=True, check=True, timeout=60)
    return {report["name"]: report for report in json.loads(done.stdout)}


def test_codetether_is_an_alias(shared_server: ServerProcess, tmp_path: Path) -> None:
    """``codetether worker`` with the variables of its own documentation does a job."""
    home = tmp_path / "home"
    home.mkdir()
    repository = create_repository(tmp_path / "api")
    variables = {
        "HOME": str(home),
        "AGORA_TOKEN": shared_server.admin_token,
        "A2A_SERVER_URL": shared_server.url,
        "A2A_CODEBASES": f"{repository}:api",
        "A2A_WORKER_NAME": "tethered",
        "A2A_AUTO_APPROVE": "all",
    }
    program = Path(sys.executable).parent / "codetether"
    agent = f"{sys.executable} {RECORDED_AGENT}"
    command = [program, "worker", "--agent", agent, "--state", str(home / "state"), "--once"]
    environment = shared_server.environment | variables
    with (tmp_path / "log").open("wb") as log:
        process = subprocess.Popen(command, env=environment, stdout=log, stderr=log)
    try:
        job = submit_job(shared_server.operator, "RUN: echo hi > a.txt", worker="tethered")
        task = wait_for_status(shared_server.operator, job, "completed")
        assert task["result"]["files"] == ["a.txt"]
        assert process.wait(60) == 0
    finally:
        if process.poll() is None:
            process.kill()
            process.wait()


def test_invalid_options_are_reported(tmp_path: Path) -> None:
    environment = {"PATH": os.environ["PATH"], "HOME": str(tmp_path)}
    for options, words in (
        (["--codebases", str(tmp_path / "nowhere")], "is not a directory"),
        (["--codebases", str(tmp_path), "--agent", "claude"], "Install Claude Code"),
        (
            ["--codebases", str(tmp_path), "--agent", "cat", "--auto-approve", "some"],
            "one of all, safe, none, not 'some'",
        ),
        (
            ["--codebases", str(tmp_path), "--agent", "cat", "--isolation", "jail"],
            "one of worktree, none, docker, not 'jail'",
        ),
        (["--codebases", str(tmp_path), "--agent", "cat", "--isolation", "docker"], "not an image name"),
    ):
        command = [sys.executable, "-m", "agora.cli", "worker", "run", *options]
        path = {"PATH": "/usr/bin:/bin"} if "--agent" in options else {}
        done = subprocess.run(command, env=environment | path, capture_output=True, text=True, timeout=60)
        assert done.returncode != 0
        assert words in " ".join((done.stdout + done.stderr).split())
