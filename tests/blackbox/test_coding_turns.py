"""Checkpoints of a real worker: files and conversation are reverted, a session is forked, and no work is lost."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from typing import Any

import pytest

from tests.blackbox.coding_worker import WorkerProcess, create_repository, submit_job, wait_for_status
from tests.blackbox.server import Account, ServerProcess


@pytest.fixture(scope="module")
def worker(shared_server: ServerProcess, tmp_path_factory: pytest.TempPathFactory) -> Iterator[WorkerProcess]:
    directory = tmp_path_factory.mktemp("turns")
    repository = create_repository(directory / "api", **{"a.txt": "zero\n", "old.txt": "old\n"})
    options = ("--auto-approve", "all")
    worker = WorkerProcess(shared_server, directory / "home", repository, *options, name="rewinder").start()
    yield worker
    worker.close()


def git(worker: WorkerProcess, *arguments: str) -> str:
    path = worker.home.parent / "api"
    return subprocess.run(["git", *arguments], cwd=path, check=True, capture_output=True, text=True).stdout.strip()


def names(worker: WorkerProcess, commit: str) -> list[str]:
    return git(worker, "ls-tree", "-r", "--name-only", commit).split()


def finish(account: Account, receipt: Any) -> Any:
    return wait_for_status(account, receipt["task_id"], "completed")


def test_files_and_conversation_are_reverted_and_forked(shared_server: ServerProcess, worker: WorkerProcess) -> None:
    operator = shared_server.operator
    job = submit_job(operator, "EDIT: a.txt=one\nRUN: echo new > new.txt\nSAY: first", worker=worker.name)
    wait_for_status(operator, job, "completed")
    place, branch = f"/v1/agent/tasks/{job}", f"agora/{job}"
    say = {"text": "EDIT: a.txt=two\nRUN: rm old.txt new.txt; echo later > later.txt\nSAY: second"}
    finish(operator, operator.post(f"{place}/follow-ups", say))
    assert names(worker, branch) == ["README", "a.txt", "later.txt"]
    later = git(worker, "rev-parse", branch)
    turns = operator.get(f"{place}/turns")["turns"]
    assert [(turn["number"], turn["prompt"].splitlines()[0]) for turn in turns] == [
        (1, "EDIT: a.txt=one"),
        (2, "EDIT: a.txt=two"),
    ]
    preview = operator.get(f"{place}/turns/1/preview")
    assert [(file["path"], file["change"]) for file in preview["files"]] == [
        ("a.txt", "change"),
        ("later.txt", "remove"),
        ("new.txt", "restore"),
        ("old.txt", "restore"),
    ]
    assert (preview["turns"], preview["messages"]) == (1, 2)

    finish(operator, operator.post(f"{place}/turns/1/rewind", {"what": "files"}))
    assert names(worker, branch) == ["README", "a.txt", "new.txt", "old.txt"]
    assert git(worker, "show", f"{branch}:a.txt") == "one"
    git(worker, "merge-base", "--is-ancestor", later, branch)  # the reverted turns stay in the history
    assert operator.get(f"/v1/agent/reviews/{job}")["head"] == git(worker, "rev-parse", branch)

    task = finish(operator, operator.post(f"{place}/turns/2/rewind", {"what": "both", "prompt": "RECALL"}))
    assert names(worker, branch) == ["README", "a.txt", "later.txt"]
    assert "Agent:" in task["result"]["text"]
    assert "second" in task["result"]["text"], "the fresh session has the transcript"
    task = finish(operator, operator.post(f"{place}/turns/1/rewind", {"what": "conversation", "prompt": "RECALL"}))
    assert "first" in task["result"]["text"]
    assert "second" not in task["result"]["text"], "what was taken back is not known to the agent"
    assert names(worker, branch) == ["README", "a.txt", "later.txt"], "the files stay"

    forked = operator.post(f"{place}/turns/1/fork", {"prompt": "RUN: echo fork > fork.txt\nRECALL"})["task_id"]
    task = wait_for_status(operator, forked, "completed")
    assert task["result"]["branch"] == f"agora/{forked}"
    assert names(worker, f"agora/{forked}") == ["README", "a.txt", "fork.txt", "new.txt", "old.txt"]
    assert "first" in task["result"]["text"]
    assert names(worker, branch) == ["README", "a.txt", "later.txt"], "the forked job is as it was"
    paths = [file["path"] for file in operator.get(f"/v1/agent/reviews/{forked}/files")["files"]]
    assert paths == ["a.txt", "fork.txt", "new.txt"]
