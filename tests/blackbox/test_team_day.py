"""A day of a team: people give jobs to workers that are killed meanwhile; none is lost, none done twice, nothing unmerged deleted."""

from __future__ import annotations

import subprocess
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.blackbox.coding_worker import WorkerProcess, create_repository, submit_job, wait_for_status
from tests.blackbox.server import Account, ServerProcess
from tests.polling import poll_until

WAIT = 300.0  #: seconds for one job, beside all others
FIRST_MERGE, CONFLICT, SECOND_MERGE = 0, 3, 1  #: jobs that are approved, in this order; the first two change one file


@dataclass(frozen=True)
class Day:
    """How much happens. kills: of workers, by SIGKILL; each is started again."""

    people: int
    workers: int
    jobs: int
    kills: int


DAYS = [
    pytest.param(Day(people=2, workers=2, jobs=6, kills=1), id="small"),
    pytest.param(
        Day(people=5, workers=8, jobs=200, kills=20), id="whole", marks=[pytest.mark.long, pytest.mark.timeout(1800)]
    ),
]


def name_file(number: int) -> str:
    """What a job writes: every third job the same file, each in its own way."""
    return "README" if number % 3 == 0 else f"out-{number}.txt"


def write_prompt(number: int) -> str:
    work = f"EDIT: {name_file(number)}=job {number}"
    if number % 5 == 1:
        return f"SLOWLY: 20\n{work}"
    if number % 5 == 2:
        return f"DIE\n{work}"
    return f"LIMIT: 1\n{work}" if number % 40 == 5 else work


def run_git(repository: Path, *arguments: str) -> str:
    command = ["git", *arguments]
    return subprocess.run(command, cwd=repository, capture_output=True, text=True, check=True).stdout.strip()


def approve_job(person: Account, job: str) -> str:
    """Approve a job, and wait for what becomes of it."""
    person.post(f"/v1/agent/reviews/{job}/approve", {"action": "merge"})

    def look() -> str | None:
        state = str(person.get(f"/v1/agent/reviews/{job}")["state"])
        return state if state != "delivering" else None

    return poll_until(look, "it is carried out", WAIT)


@pytest.mark.parametrize("day", DAYS)
def test_a_day_of_a_team(shared_server: ServerProcess, tmp_path: Path, day: Day) -> None:
    server, repository = shared_server, create_repository(tmp_path / "team")
    prefix = f"team{day.jobs}"
    options = ("--auto-approve", "all", "--max-concurrent-tasks", "2", "--codebases", f"{repository}:{prefix}")
    workers = [
        WorkerProcess(server, tmp_path / "home", repository, *options, name=f"{prefix}-{number}").start()
        for number in range(day.workers)
    ]
    people = [server.register(f"{prefix}-person-{number}") for number in range(day.people)]
    try:
        codebases = poll_until(lambda: find_codebases(server, repository, day.workers), "all are registered", 120)
        jobs = [
            submit_job(
                people[number % day.people],
                write_prompt(number),
                f"capability:codebase:{prefix}",
                payload={"codebase": prefix},
            )
            for number in range(day.jobs)
        ]
        pace = day.jobs // (day.kills + 1)
        for number, job in enumerate(jobs):
            wait_for_status(people[number % day.people], job, "completed", timeout=WAIT)
            turn, rest = divmod(number + 1, pace)
            if rest == 0 and turn <= day.kills:
                workers[turn % day.workers].kill()
                workers[turn % day.workers].start()
        require_done_once(server, repository, jobs)
        approved = [FIRST_MERGE, CONFLICT, SECOND_MERGE]
        states = [approve_job(people[number % day.people], jobs[number]) for number in approved]
        assert states == ["merged", "conflicted", "merged"]
        require_nothing_lost(server, repository, codebases[0], jobs, tmp_path / "home/state/worktrees" / prefix)
    finally:
        for worker in workers:
            worker.close()


def find_codebases(server: ServerProcess, repository: Path, count: int) -> list[str] | None:
    """Ids of the codebases of all workers, once they are registered."""
    rows = server.operator.get(f"/v1/agent/codebases?limit=200&search={repository}")["codebases"]
    ids = [row["codebase_id"] for row in rows if row["path"] == str(repository)]
    return ids if len(ids) == count else None


def require_done_once(server: ServerProcess, repository: Path, jobs: list[str]) -> None:
    """Every job has ended once, on a branch of its own, with one commit and what it was to write."""
    for number, job in enumerate(jobs):
        entries = server.operator.get(f"/v1/agent/tasks/{job}/history?limit=500")["entries"]
        ends = Counter(entry["status"] for entry in entries)
        assert ends["completed"] == 1, (number, job, ends)
        branch = f"agora/{job}"
        assert run_git(repository, "show", f"{branch}:{name_file(number)}") == f"job {number}"
        assert run_git(repository, "rev-list", "--count", f"main..{branch}") == "1", (number, job)


def require_nothing_lost(server: ServerProcess, repository: Path, codebase: str, jobs: list[str], root: Path) -> None:
    """A clean-up of everything removes the merged worktrees alone; every branch and its work stay."""
    heads: Mapping[str, str] = {job: run_git(repository, "rev-parse", f"agora/{job}") for job in jobs}
    task = server.operator.post(f"/v1/agent/codebases/{codebase}/worktrees/clean", {"job_ids": jobs})
    result = wait_for_status(server.operator, task["task_id"], "completed", timeout=WAIT)["result"]
    merged = {jobs[FIRST_MERGE], jobs[SECOND_MERGE]}
    assert set(result["removed"]) == merged
    for number, job in enumerate(jobs):
        assert run_git(repository, "merge-base", "--is-ancestor", heads[job], f"agora/{job}") == ""
        if job not in merged:
            assert (root / job / name_file(number)).exists(), (number, job, result["left"])
