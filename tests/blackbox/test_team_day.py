"""A working day of a team: people submit jobs while workers are killed; no job is lost or done twice, no unmerged work
is deleted."""

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

WAIT = 300.0  # seconds for one job, in parallel with all others
FIRST_MERGE, CONFLICT, SECOND_MERGE = 0, 3, 1  # approved jobs, in this order; the first two change one file


@dataclass(frozen=True)
class Day:
    """Amount of work. kills: of workers, by SIGKILL; each is restarted. groups: of attempts, in addition to the
    jobs."""

    people: int
    workers: int
    jobs: int
    kills: int
    groups: int


DAYS = [
    pytest.param(Day(people=2, workers=2, jobs=6, kills=1, groups=1), id="small"),
    pytest.param(
        Day(people=5, workers=8, jobs=200, kills=20, groups=8),
        id="whole",
        marks=[pytest.mark.long, pytest.mark.timeout(1800)],
    ),
]
ATTEMPTS = 3  # attempts in a group
LIVES = 10  # attempts at a job: each kill uses one, and a third would end the job as a dead letter


def name_file(number: int) -> str:
    """Return the file that a job writes: every third job changes the same file, each in a different way."""
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
    """Approve a job, and wait for the outcome."""
    person.post(f"/v1/agent/reviews/{job}/approve", {"action": "merge"})

    def look() -> str | None:
        state = str(person.get(f"/v1/agent/reviews/{job}")["state"])
        return state if state != "delivering" else None

    return poll_until(look, "it is carried out", WAIT)


@pytest.mark.parametrize("day", DAYS)
def test_a_team_day_with_kills_loses_and_repeats_no_job(shared_server: ServerProcess, tmp_path: Path, day: Day) -> None:
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
                max_attempts=LIVES,
            )
            for number in range(day.jobs)
        ]
        agent = find_agent(server, codebases[0])
        groups = [start_attempts(people[n % day.people], prefix, n, agent) for n in range(day.groups)]
        pace = day.jobs // (day.kills + 1)
        for number, job in enumerate(jobs):
            wait_for_status(people[number % day.people], job, "completed", timeout=WAIT)
            turn, rest = divmod(number + 1, pace)
            if rest == 0 and turn <= day.kills:
                workers[turn % day.workers].kill()
                workers[turn % day.workers].start()
        chosen = {group: choose_attempt(people[number % day.people], group) for number, group in enumerate(groups)}
        require_done_once(server, repository, jobs)
        approved = [FIRST_MERGE, CONFLICT, SECOND_MERGE]
        states = [approve_job(people[number % day.people], jobs[number]) for number in approved]
        assert states == ["merged", "conflicted", "merged"]
        root = tmp_path / "home/state/worktrees" / prefix
        require_nothing_lost(server, repository, codebases[0], jobs, root)
        require_attempts_kept(server, repository, codebases[0], chosen, root)
    finally:
        for worker in workers:
            worker.close()


def find_agent(server: ServerProcess, codebase: str) -> str:
    """Return the capability of the coding agent of all workers."""
    worker = server.operator.get(f"/v1/agent/codebases/{codebase}")["worker_id"]
    capabilities = server.operator.get(f"/v1/agent/workers/{worker}")["capabilities"]
    return next(str(name) for name in capabilities if name.startswith("coding:"))


def start_attempts(person: Account, prefix: str, number: int, agent: str) -> str:
    """Start attempts at one prompt, for any worker with the codebase. Returns their group."""
    request = {"prompt": f"SLOWLY: 10\nEDIT: attempt-{number}.txt=attempted", "codebase_id": prefix}
    return str(person.post("/v1/agent/attempts", request | {"variants": [agent] * ATTEMPTS})["group_id"])


def choose_attempt(person: Account, group: str) -> str:
    """Choose the first completed attempt, whatever the others do. Returns its job."""

    def look() -> str | None:
        attempts = person.get(f"/v1/agent/attempts/{group}")["attempts"]
        return next((each["task_id"] for each in attempts if each["status"] == "completed"), None)

    chosen = poll_until(look, "one of the attempts completes", WAIT)
    decided = person.post(f"/v1/agent/attempts/{group}/choose", {"task_id": chosen})
    assert {each["status"] for each in decided["attempts"]} <= {"completed", "cancelled"}
    return chosen


def find_codebases(server: ServerProcess, repository: Path, count: int) -> list[str] | None:
    """Return the ids of all workers' codebases, once they are registered."""
    rows = server.operator.get(f"/v1/agent/codebases?limit=200&search={repository}")["codebases"]
    ids = [row["codebase_id"] for row in rows if row["path"] == str(repository)]
    return ids if len(ids) == count else None


def require_done_once(server: ServerProcess, repository: Path, jobs: list[str]) -> None:
    """Check that every job has ended once, on its own branch, with one commit and its content."""
    for number, job in enumerate(jobs):
        entries = server.operator.get(f"/v1/agent/tasks/{job}/history?limit=500")["entries"]
        ends = Counter(entry["status"] for entry in entries)
        assert ends["completed"] == 1, (number, job, ends)
        branch = f"agora/{job}"
        assert run_git(repository, "show", f"{branch}:{name_file(number)}") == f"job {number}"
        assert run_git(repository, "rev-list", "--count", f"main..{branch}") == "1", (number, job)


def require_nothing_lost(server: ServerProcess, repository: Path, codebase: str, jobs: list[str], root: Path) -> None:
    """Check that a full clean-up removes only merged worktrees; every branch and its work stay."""
    heads: Mapping[str, str] = {job: run_git(repository, "rev-parse", f"agora/{job}") for job in jobs}
    task = server.operator.post(f"/v1/agent/codebases/{codebase}/worktrees/clean", {"job_ids": jobs})
    result = wait_for_status(server.operator, task["task_id"], "completed", timeout=WAIT)["result"]
    merged = {jobs[FIRST_MERGE], jobs[SECOND_MERGE]}
    assert set(result["removed"]) == merged
    for number, job in enumerate(jobs):
        assert run_git(repository, "merge-base", "--is-ancestor", heads[job], f"agora/{job}") == ""
        if job not in merged:
            assert (root / job / name_file(number)).exists(), (number, job, result["left"])


def require_attempts_kept(
    server: ServerProcess, repository: Path, codebase: str, chosen: Mapping[str, str], root: Path
) -> None:
    """Check that every attempt has ended once, one of each group is in review, and a clean-up keeps the work of the
    others. chosen: jobs by group."""
    names, works = [], []
    for number, (group, choice) in enumerate(chosen.items()):
        attempts = server.operator.get(f"/v1/agent/attempts/{group}")["attempts"]
        assert [each["task_id"] for each in attempts if each["review"] not in (None, "dismissed")] == [choice]
        for job in (each["task_id"] for each in attempts):
            entries = server.operator.get(f"/v1/agent/tasks/{job}/history?limit=500")["entries"]
            ends = [entry["status"] for entry in entries if entry["status"] in ("completed", "failed", "cancelled")]
            assert len(ends) == 1, (job, ends)
            names.append(job)
            works.append(root / job / f"attempt-{number}.txt")
    heads = {job: head for job in names if (head := find_branch(repository, job))}
    kept = [file for file in works if file.exists()]
    assert len(kept) >= len(chosen), "what was chosen has been made"
    task = server.operator.post(f"/v1/agent/codebases/{codebase}/worktrees/clean", {"job_ids": names})
    wait_for_status(server.operator, task["task_id"], "completed", timeout=WAIT)
    assert {job: find_branch(repository, job) for job in heads} == heads, "no branch was deleted"
    assert all(file.exists() for file in kept)


def find_branch(repository: Path, job: str) -> str:
    """Return the commit of a job's branch; empty without a branch, because the job was not started."""
    return run_git(repository, "for-each-ref", "--format=%(objectname)", f"refs/heads/agora/{job}")
