"""Disk usage of worktrees: reported by their worker, visible to participants, removed by a task for that worker."""

from __future__ import annotations

import pytest

from agora_sdk.errors import Conflict, InvalidRequest, NotFound, PermissionDenied
from tests.conformance.coding.test_checkpoints import job
from tests.conformance.coding.test_follow_ups import Job
from tests.conformance.engines import RunsOn

RUNS_ON = RunsOn.BOTH

__all__ = ["job"]

A, B, C = (f"task_{letter * 32}" for letter in "abc")
MOMENT = "2026-01-02T03:04:05+00:00"


async def test_worker_reports_and_removes_worktrees(job: Job) -> None:
    market, place = job.market, {"codebase_id": job.codebase}
    assert (await market.call(job.coder, "worktree.list", **place)).reported_at is None
    verdicts = {A: (10, "removable"), B: (30, "unmerged"), C: (20, "recent")}
    documents = [
        {"job_id": job_id, "bytes": size, "last_used_at": MOMENT, "verdict": verdict}
        for job_id, (size, verdict) in verdicts.items()
    ]
    await market.call(job.coder, "worktree.report", **place, worktrees=documents[:1])
    await market.call(job.coder, "worktree.report", **place, worktrees=documents)
    use = await market.call(job.coder, "worktree.list", **place)
    assert (use.bytes, use.removable_bytes) == (60, 30)
    assert [worktree.job_id for worktree in use.worktrees] == [B, C, A]
    assert use.reported_at is not None
    for caller in (job.person, await market.agent("Stranger")):
        with pytest.raises(PermissionDenied):
            await market.call(caller, "worktree.list", **place)
        with pytest.raises(PermissionDenied):
            await market.call(caller, "worktree.report", **place, worktrees=[])
        with pytest.raises(PermissionDenied):
            await market.call(caller, "worktree.clean", **place, job_ids=[A])
    receipt = await market.call(market.operator, "worktree.clean", **place, job_ids=[A, A, C])
    task = await market.call(market.operator, "task.get", task_id=receipt.task_id)
    assert (task.task_type, task.assignee) == ("coding.cleaning", f"worker:{job.worker}")
    assert task.payload == {**place, "job_ids": [A, C]}

    async def clean(codebase: str, *job_ids: str) -> list[str]:
        receipt = await market.call(market.operator, "worktree.clean", codebase_id=codebase, job_ids=list(job_ids))
        payload = (await market.call(market.operator, "task.get", task_id=receipt.task_id)).payload
        assert payload["codebase_id"] == job.codebase
        return list(payload["job_ids"])

    assert await clean("api", f"agora/{B}", "cccccc", A[:12]) == [B, C, A], "by the name, branches and pieces of ids"
    unreported = f"task_{'d' * 32}"
    assert await clean(job.codebase, unreported) == [unreported], "its worker knows"
    for bad, words in (
        ("bbb", "1 worktrees"),
        ("eeeeee", "no worktree"),
        ("task_", "3 worktrees"),
        ("../x", "no worktree"),
    ):
        with pytest.raises(InvalidRequest, match=words) as refusal:
            await clean(job.codebase, bad)
        assert "{" not in str(refusal.value.fix), "the route is named with its real form, not with a placeholder"
    with pytest.raises(NotFound):
        await clean("nowhere", A)
    await market.call(job.coder, "codebase.register", name="api", path="/other", worker_id=job.worker)
    with pytest.raises(Conflict, match="several codebases"):
        await clean("api", A)
    await market.call(job.coder, "codebase.remove", **place)


async def test_later_job_of_a_session_reuses_the_worktree_of_the_first(job: Job) -> None:
    market, place = job.market, {"codebase_id": job.codebase}
    first = await job.begin()
    await market.call(job.coder, "task.complete", task_id=first, fencing_token=job.fence, result={})
    report = {"job_id": first, "bytes": 1, "last_used_at": MOMENT, "verdict": "removable"}
    await market.call(job.coder, "worktree.report", **place, worktrees=[report])
    later = await job.begin()
    receipt = await market.call(job.coder, "worktree.clean", **place, job_ids=[later])
    task = await market.call(market.operator, "task.get", task_id=receipt.task_id)
    assert task.payload["job_ids"] == [first]


@pytest.mark.parametrize("change", [{"verdict": "perhaps"}, {"bytes": "many"}, {"last_used_at": "now"}, {"job_id": 7}])
async def test_invalid_report_is_refused(job: Job, change: dict[str, object]) -> None:
    document = {"job_id": A, "bytes": 1, "last_used_at": MOMENT, "verdict": "recent"} | change
    with pytest.raises(InvalidRequest, match="worktrees"):
        await job.market.call(job.coder, "worktree.report", codebase_id=job.codebase, worktrees=[document])
