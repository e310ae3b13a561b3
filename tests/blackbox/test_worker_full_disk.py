"""A full disk on a worker's machine: jobs pause until there is space, report it, and continue with their work."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.blackbox.coding_worker import WorkerProcess, create_repository, read_output, submit_job, wait_for_status
from tests.blackbox.server import ServerProcess
from tests.polling import poll_until
from tests.small_disk import small_disk

MEBIBYTES = 8


def wait_for_pause(server: ServerProcess, job: str) -> Any:
    """Wait until the job is paused for the disk, and return it."""
    task = poll_until(
        lambda: (row := server.operator.get(f"/v1/agent/tasks/{job}"))["available_at"] and row,
        lambda: f"it is paused: {read_output(server.operator, job)}",
    )
    assert task["status"] == "pending"
    return task


def test_job_waits_for_disk_space_for_its_worktree(shared_server: ServerProcess, tmp_path: Path) -> None:
    operator = shared_server.operator
    with small_disk(tmp_path / "disk", MEBIBYTES) as disk:
        repository = create_repository(tmp_path / "api")
        options = ("--state", str(disk.path / "state"), "--auto-approve", "all")
        worker = WorkerProcess(shared_server, tmp_path / "home", repository, *options, name="crowded").start()
        try:
            wait_for_status(operator, submit_job(operator, "SAY: hello", worker="crowded"), "completed")
            disk.fill()
            job = submit_job(operator, "RUN: echo work > a.txt", worker="crowded")
            assert wait_for_pause(shared_server, job)["attempts"] == 0, "it counts no attempt"
            output = read_output(operator, job)
            assert f"No space left on the worker's disk at {disk.path}/state: paused." in output
            assert "agora worker disk" in output
            disk.free()
            # Retry now instead of in a minute.
            operator.post(f"/v1/agent/tasks/{job}/follow-ups", {"text": "SAY: there is room"})
            task = wait_for_status(operator, job, "completed")
            assert (task["result"]["text"], task["attempts"]) == ("there is room", 1)
        finally:
            worker.close()


@pytest.mark.long
@pytest.mark.timeout(180)
def test_changes_made_before_the_disk_was_full_are_committed(shared_server: ServerProcess, tmp_path: Path) -> None:
    """The agent has ended its turn, and its changes cannot be committed yet: they are once there is space."""
    operator = shared_server.operator
    with small_disk(tmp_path / "disk", MEBIBYTES) as disk:
        repository = create_repository(disk.path / "api")
        options = ("--state", str(disk.path / "state"), "--auto-approve", "all", "--check", "test -e a.txt")
        worker = WorkerProcess(shared_server, tmp_path / "home", repository, *options, name="filled").start()
        arrival, gate = tmp_path / "arrival", tmp_path / "gate"
        wait = f"touch {arrival}; while [ ! -e {gate} ]; do sleep 0.05; done"
        try:
            job = submit_job(operator, f"RUN: echo work >> a.txt; {wait}\nSAY: the end", worker="filled")
            poll_until(arrival.exists, "the agent works")
            disk.fill()
            gate.touch()
            task = wait_for_pause(shared_server, job)
            assert task["checkpoint"]["is_answered"] is True
            disk.free()
            task = wait_for_status(operator, job, "completed", timeout=120)
            assert (task["result"]["files"], task["attempts"]) == (["a.txt"], 1)
            assert task["result"]["text"].endswith("the end")
            show = ["git", "show", f"agora/{job}:a.txt"]
            content = subprocess.run(show, cwd=repository, capture_output=True, text=True, check=True).stdout
            assert content == "work\n", "the agent has done it once"
            assert read_output(operator, job).count("No space left") == 1
        finally:
            worker.close()
