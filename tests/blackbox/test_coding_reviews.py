"""Approved branches of a real worker: merged, returned on conflict, proposed at forges, exported as a patch."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.blackbox.coding_worker import GIT, WorkerProcess, create_repository, submit_job, wait_for_status
from tests.blackbox.forge_server import GITHUB_TOKEN, ForgeServer, serve_forge
from tests.blackbox.server import Account, ServerProcess
from tests.polling import poll_until


@pytest.fixture(scope="module")
def forge() -> Iterator[ForgeServer]:
    with serve_forge() as forge:
        yield forge


@pytest.fixture(scope="module")
def worker(
    shared_server: ServerProcess, forge: ForgeServer, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[WorkerProcess]:
    directory = tmp_path_factory.mktemp("reviews")
    repository = create_repository(directory / "api", **{"a.txt": "one\n"})
    for path in (directory / "o", directory / "g"):
        path.mkdir()
        git(path, "init", "-q", "--bare", "api.git")
    git(repository, "config", f"url.{directory}/o/.insteadOf", "https://github.com/o/")
    git(repository, "config", f"url.{directory}/g/.insteadOf", "https://gitlab.com/g/")
    git(repository, "remote", "add", "origin", "https://github.com/o/api.git")
    options = ("--auto-approve", "all")
    home = directory / "home"
    worker = WorkerProcess(
        shared_server, home, repository, *options, name="merger", variables=forge.environment
    ).start()
    yield worker
    worker.close()


def git(path: Path, *arguments: str) -> str:
    return subprocess.run([*GIT, *arguments], cwd=path, check=True, capture_output=True, text=True).stdout.strip()


def repository_of(worker: WorkerProcess) -> Path:
    return worker.home.parent / "api"


def finish_job(account: Account, prompt: str, worker: WorkerProcess) -> str:
    job = submit_job(account, prompt, worker=worker.name)
    wait_for_status(account, job, "completed")
    return job


def approve(account: Account, job: str, action: str, **options: Any) -> Any:
    """Approve, and wait until the worker has applied the approval. Returns the review."""
    account.post(f"/v1/agent/reviews/{job}/approve", {"action": action, **options})

    def look() -> Any:
        review = account.get(f"/v1/agent/reviews/{job}")
        return review if review["state"] != "delivering" else None

    return poll_until(look, "it is carried out")


def test_branch_is_merged_after_its_conflict_was_returned(shared_server: ServerProcess, worker: WorkerProcess) -> None:
    operator, repository = shared_server.operator, repository_of(worker)
    first = finish_job(operator, "EDIT: a.txt=two", worker)
    second = finish_job(operator, "EDIT: a.txt=three\nRUN: echo b > b.txt", worker)
    (file,) = operator.get(f"/v1/agent/reviews/{first}/files")["files"]
    assert "-one\n" in file["patch"]
    assert approve(operator, first, "merge")["state"] == "merged"
    assert (repository / "a.txt").read_text().strip() == "two"
    (repository / "b.txt").write_text("mine, and not committed")
    review = approve(operator, second, "merge")
    assert (review["state"], review["conflicts"]) == ("conflicted", ["a.txt"])
    told = poll_until(lambda: operator.get(f"/v1/agent/tasks?context_id={review['context_id']}")["tasks"][1:], "told")
    wait_for_status(operator, told[0]["task_id"], "completed")
    assert "conflicts with main in:\n\n- a.txt" in told[0]["payload"]["prompt"]
    identity = (
        "export GIT_COMMITTER_NAME=A GIT_COMMITTER_EMAIL=a@localhost GIT_AUTHOR_NAME=A GIT_AUTHOR_EMAIL=a@localhost"
    )
    solve = "git merge -q main || { git checkout -q --ours a.txt; git add a.txt; git commit -qm merged; }"
    say = {"text": f"RUN: {identity}; {solve}"}
    follow_up = operator.post(f"/v1/agent/reviews/{second}/request-changes", say)
    wait_for_status(operator, follow_up["task_id"], "completed")
    review = approve(operator, second, "merge")
    assert (review["state"], review["revision"]) == ("open", 3), review
    assert "would be overwritten" in review["error"], "what lies uncommitted in the codebase is not overwritten"
    assert (repository / "b.txt").read_text() == "mine, and not committed"
    (repository / "b.txt").unlink()
    assert approve(operator, second, "merge")["state"] == "merged"
    assert (repository / "a.txt").read_text().strip() == "three"
    assert git(repository, "branch", "--list", "agora/*").split("\n") != [""], "branches stay"


def test_pull_request_is_opened_and_updated(
    shared_server: ServerProcess, worker: WorkerProcess, forge: ForgeServer
) -> None:
    operator, repository = shared_server.operator, repository_of(worker)
    job = finish_job(operator, "EDIT: c.txt=1", worker)
    review = approve(operator, job, "pull_request", title="Add c", body="It is needed.")
    assert (review["state"], review["pull_request"]) == ("proposed", "https://github.com/o/api/pull/7"), review
    pushed = git(repository.parent / "o" / "api.git", "rev-parse", f"agora/{job}")
    assert pushed == review["head"]
    say = operator.post(f"/v1/agent/tasks/{job}/follow-ups", {"text": "EDIT: c.txt=2"})
    wait_for_status(operator, say["task_id"], "completed")
    assert operator.get(f"/v1/agent/reviews/{job}")["state"] == "open"
    review = approve(operator, job, "pull_request", title="Add c, twice")
    assert git(repository.parent / "o" / "api.git", "rev-parse", f"agora/{job}") == review["head"] != pushed
    branch = {"head": f"agora/{job}", "base": "main"}
    assert forge.requests == [
        ("POST", "/repos/o/api/pulls", {**branch, "title": "Add c", "body": "It is needed."}),
        ("PATCH", "/repos/o/api/pulls/7", {"title": "Add c, twice", "body": ""}),
    ]
    everything = json.dumps(operator.get(f"/v1/agent/tasks/{review['delivery_task_id']}")) + worker.log()
    assert GITHUB_TOKEN not in everything
    patched = approve(operator, job, "patch")
    history = operator.get(f"/v1/agent/tasks/{patched['delivery_task_id']}/history?types=artifact")["entries"]
    (part,) = history[0]["data"]["artifact"]["parts"]
    assert patched["state"] == "patched"
    assert "Subject: [PATCH" in part["text"]
    assert "+++ b/c.txt" in part["text"]


def test_expired_token_is_reported_and_the_review_can_be_decided_again(
    shared_server: ServerProcess, worker: WorkerProcess, forge: ForgeServer
) -> None:
    operator = shared_server.operator
    job = finish_job(operator, "EDIT: e.txt=1", worker)
    token = forge.tokens["authorization"]
    forge.tokens["authorization"] = "Bearer another"
    review = approve(operator, job, "pull_request")
    assert review["state"] == "open"
    assert "was answered with 401" in review["error"]
    assert "Bad credentials" in review["error"]
    assert GITHUB_TOKEN not in json.dumps(operator.get(f"/v1/agent/tasks/{review['delivery_task_id']}"))
    forge.tokens["authorization"] = token
    assert approve(operator, job, "pull_request")["state"] == "proposed"


def test_approval_waits_for_a_dead_worker_and_is_applied_once(
    shared_server: ServerProcess, worker: WorkerProcess
) -> None:
    operator, repository = shared_server.operator, repository_of(worker)
    job = finish_job(operator, "EDIT: f.txt=1", worker)
    worker.kill()
    operator.post(f"/v1/agent/reviews/{job}/approve", {"action": "merge"})
    second = operator.post(f"/v1/agent/reviews/{job}/approve", {"action": "push"}, expect=409)  # another reviewer
    assert "has been approved" in json.dumps(second)
    assert operator.get(f"/v1/agent/reviews/{job}")["state"] == "delivering"
    worker.start()
    poll_until(lambda: operator.get(f"/v1/agent/reviews/{job}")["state"] == "merged", "it is merged")
    merges = git(repository, "log", "--merges", "--format=%P", "main").splitlines()
    head = operator.get(f"/v1/agent/reviews/{job}")["head"]
    assert sum(head in parents for parents in merges) == 1


def test_gitlab_merge_request_is_opened_and_updated(
    shared_server: ServerProcess, worker: WorkerProcess, forge: ForgeServer
) -> None:
    operator, repository = shared_server.operator, repository_of(worker)
    git(repository, "remote", "set-url", "origin", "https://gitlab.com/g/api.git")
    worker.stop()
    worker.start()
    forge.requests.clear()
    job = finish_job(operator, "EDIT: d.txt=1", worker)
    for title in ("Add d", "Add d again"):
        review = approve(operator, job, "pull_request", title=title)
        assert (review["state"], review["pull_request"]) == (
            "proposed",
            "https://gitlab.com/g/api/-/merge_requests/7",
        ), review
    place, branches = "/projects/g%2Fapi/merge_requests", {"source_branch": f"agora/{job}", "target_branch": "main"}
    assert forge.requests == [
        ("POST", place, {**branches, "title": "Add d", "description": ""}),
        ("PUT", f"{place}/7", {"title": "Add d again", "description": ""}),
    ]
