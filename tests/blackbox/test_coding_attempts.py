"""Attempts at one prompt by a real worker, from the command line: run in parallel, compared, one chosen, no branch
lost."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

from tests.blackbox.coding_worker import WorkerProcess, create_repository, wait_for_status
from tests.blackbox.server import ServerProcess
from tests.polling import poll_until

PROMPT = "EDIT: answer.txt=42\nRECALL"
PROFILES = "profiles: {small: {model: stub/small}, large: {model: stub/large}}"


def test_models_attempt_one_prompt_and_one_is_chosen(shared_server: ServerProcess, tmp_path: Path) -> None:
    repository = create_repository(tmp_path / "api")
    profiles = tmp_path / "profiles.yaml"
    profiles.write_text(PROFILES)
    options = ("--auto-approve", "all", "--check", "test -f answer.txt", "--profiles", str(profiles))
    worker = WorkerProcess(shared_server, tmp_path / "home", repository, *options, name="rivals").start()
    try:
        _compare_and_choose(shared_server, repository)
    finally:
        worker.close()


def _compare_and_choose(server: ServerProcess, repository: Path) -> None:
    operator = server.operator
    variants = ["profile:small", "profile:large"]

    def run_job_command(*words: str) -> Any:
        done = server.run_cli("job", *words, "--json", token=server.admin_token)
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    def find_codebase() -> str | None:
        page = operator.get("/v1/agent/codebases?search=api")
        return next((each["codebase_id"] for each in page["codebases"] if each["path"] == str(repository)), None)

    codebase = poll_until(find_codebase, "the worker registers its codebase")
    attempts = [word for variant in variants for word in ("--attempt", variant)]
    group = run_job_command("run", PROMPT, "--codebase", codebase, "--title", "Answer", *attempts)
    jobs = [attempt["task_id"] for attempt in group["attempts"]]
    for job in jobs:
        wait_for_status(operator, job, "completed")
    compared = run_job_command("compare", group["group_id"])["attempts"]
    assert [(each["variant"], each["review"], each["files"], each["check"]) for each in compared] == [
        (variant, "open", 1, 0) for variant in variants
    ]
    assert ["stub/small" in compared[0]["text"], "stub/large" in compared[1]["text"]] == [True, True]
    table = server.run_cli("job", "compare", group["group_id"], token=server.admin_token).stdout
    assert "Answer" in table
    assert "passed" in table
    chosen = run_job_command("choose", group["group_id"], "2")
    assert chosen["chosen"] == jobs[1]
    assert [each["review"] for each in chosen["attempts"]] == ["dismissed", "open"]
    branches = subprocess.run(["git", "branch"], cwd=repository, capture_output=True, text=True, check=True).stdout
    assert all(f"agora/{job}" in branches for job in jobs), "what was not chosen is still there"
    delivery = operator.post(f"/v1/agent/reviews/{jobs[1]}/approve", {"action": "merge"})["delivery_task_id"]
    wait_for_status(operator, delivery, "completed")
    assert (repository / "answer.txt").read_text().strip() == "42"
    refused = server.run_cli("job", "run", PROMPT, "--attempt", variants[0], token=server.admin_token)
    assert refused.returncode == 2
    assert "--codebase" in refused.stderr
