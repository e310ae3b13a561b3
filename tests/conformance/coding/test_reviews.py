"""Reviews: submitted by the worker, commented on by line, returned as one follow-up, approved once."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from pydantic_core import from_json

from agora.core.jobs import JobContext
from agora.domains.admin.retention import RetentionController
from agora_sdk.errors import Conflict, InvalidRequest, NotFound, PermissionDenied, StaleLease
from tests.conformance.coding.test_follow_ups import Job
from tests.conformance.engines import Engine, PostgresEngine, RunsOn
from tests.conformance.store.test_migrated_rows import list_updates
from tests.market import Market

RUNS_ON = RunsOn.BOTH
PATCH = "diff --git a/a.py b/a.py\n--- a/a.py\n+++ b/a.py\n@@ -1,3 +1,3 @@\n first\n-second\n+zweite\n third\n"
FILES = [
    {"path": "a.py", "status": "M", "additions": 1, "deletions": 1, "patch": PATCH},
    {"path": "big.bin", "status": "A", "truncated": True},
]
HEADS = ["a" * 40, "b" * 40]


@pytest.fixture
async def job(market: Market) -> Job:
    coder, person = await market.agent("Coder"), await market.agent("Person")
    worker = await market.call(coder, "worker.register", worker_name="laptop", capabilities=["coding"])
    place = {"name": "api", "path": "/src/api", "worker_id": worker.worker_id}
    codebase = await market.call(coder, "codebase.register", **place)
    return Job(market, coder, person, worker.worker_id, codebase.codebase_id)


async def submit(job: Job, job_id: str, head: str = HEADS[0], *, result: Any = {}, **changes: Any) -> Any:
    """Submit a review and complete the job."""
    fence = {"task_id": job.task_id, "fencing_token": job.fence}
    values = {"branch": f"agora/{job_id}", "base": "0" * 40, "head": head, "files": FILES, "target": "main"}
    values |= {"codebase_id": job.codebase, "title": "Mend it", **changes}
    review = await job.market.call(job.coder, "review.submit", job_id=job_id, **fence, **values)
    await job.market.call(job.coder, "follow_up.take", **fence, closing=True)
    await job.market.call(job.coder, "task.complete", **fence, result=result)
    return review


async def decide(job: Job, operation: str, job_id: str, **arguments: Any) -> Any:
    return await job.market.call(job.person, f"review.{operation}", job_id=job_id, **arguments)


@pytest.mark.parametrize("engine", ["postgres"], indirect=True)
@pytest.mark.parametrize("operation", ["request_changes", "approve", "dismiss"])
async def test_decision_locks_the_job_before_the_review(job: Job, engine: PostgresEngine, operation: str) -> None:
    """In the order of a job that submits its review, which would otherwise deadlock with the decision."""
    job_id = await job.begin()
    await submit(job, job_id)
    text = {"text": "And a test."} if operation == "request_changes" else {}
    await engine.run_before(
        f"select from tasks where task_id = '{job_id}' for update",
        decide(job, operation, job_id, **text),
        then="select from coding_reviews for update nowait",
    )


async def test_comments_become_one_follow_up_with_path_line_and_code(job: Job) -> None:
    job_id = await job.begin()
    assert (await submit(job, job_id)).state == "open"
    await decide(job, "comment", job_id, path="a.py", line=2, text="In English, please.")
    removed = await decide(job, "comment", job_id, path="a.py", line=3, text="And this?")
    await decide(job, "remove_comment", job_id, comment_id=removed.comment_id)
    old = await decide(job, "comment", job_id, path="a.py", line=2, side="old", text="This was better.")
    assert (old.code, old.line) == ("second", 2)
    for path, line, side in (("a.py", 9, "new"), ("a.py", 3, "older"), ("none.py", 1, "new"), ("big.bin", 1, "new")):
        with pytest.raises(InvalidRequest):
            await decide(job, "comment", job_id, path=path, line=line, side=side, text="x")
    follow_up = await decide(job, "request_changes", job_id, text="And a test.")
    assert follow_up.text == (
        "Your changes were reviewed. Please work on this:\n\nAnd a test.\n\n"
        "a.py:2\n> zweite\nIn English, please.\n\na.py:2 (as it was before)\n> second\nThis was better."
    )
    told = (await decide(job, "comments", job_id)).comments
    assert [comment.follow_up_id for comment in told] == [follow_up.follow_up_id] * 2
    assert (await decide(job, "get", job_id)).state == "changes_requested"
    with pytest.raises(Conflict, match="The agent works on it"):
        await decide(job, "approve", job_id)
    with pytest.raises(InvalidRequest, match="nothing to send"):
        await decide(job, "request_changes", job_id)
    with pytest.raises(Conflict, match="has already received"):
        await decide(job, "remove_comment", job_id, comment_id=told[0].comment_id)
    await job.claim()
    assert job.task_id == follow_up.task_id
    again = await submit(job, job_id, HEADS[1])
    assert (again.state, again.revision, again.task_id) == ("open", 2, follow_up.task_id)
    page = await decide(job, "files", job_id, limit=1)
    assert [(file.path, file.patch) for file in page.files] == [("a.py", PATCH)]
    rest = await decide(job, "files", job_id, cursor=page.next_cursor)
    assert [(file.path, file.truncated) for file in rest.files] == [("big.bin", True)]


async def test_approval_is_applied_once_and_conflicts_return_to_the_agent(job: Job) -> None:
    job_id = await job.begin()
    await submit(job, job_id)
    with pytest.raises(Conflict, match="The branch is at"):
        await decide(job, "approve", job_id, head=HEADS[1])
    approved = await decide(job, "approve", job_id, head=HEADS[0])
    assert approved.state == "delivering"
    for operation in ("approve", "dismiss", "request_changes"):
        with pytest.raises(Conflict, match="is delivering its changes"):
            await decide(job, operation, job_id)
    task = await job.claim()
    assert (task.task_id, task.task_type, task.created_by) == (
        approved.delivery_task_id,
        "coding.delivery",
        job.person.subject,
    )
    assert (task.payload["action"], task.payload["head"], task.payload["target"]) == ("merge", HEADS[0], "main")
    fence = {"job_id": job_id, "task_id": job.task_id, "fencing_token": job.fence}
    stale = fence | {"fencing_token": job.fence - 1}
    with pytest.raises(StaleLease):
        await job.market.call(job.coder, "review.conclude", **stale, outcome="merged")
    conflicted = await job.market.call(job.coder, "review.conclude", **fence, outcome="conflicted", conflicts=["a.py"])
    assert (conflicted.state, conflicted.conflicts) == ("conflicted", ["a.py"])
    await job.market.call(job.coder, "review.conclude", **fence, outcome="conflicted", conflicts=["a.py"])
    await job.market.call(job.coder, "task.complete", task_id=job.task_id, fencing_token=job.fence, result={})
    await job.claim()
    told = (await job.take()).follow_up
    assert "conflicts with main in:\n\n- a.py" in told.text
    assert (await job.take(1)).follow_up is None, "a repeated report gives it back once"
    assert (await submit(job, job_id)).state == "open"
    lost = await decide(job, "approve", job_id, action="patch")
    await job.market.call(job.person, "task.cancel", task_id=lost.delivery_task_id)
    assert (await decide(job, "get", job_id)).state == "open", "no worker applies it any more"
    assert (await decide(job, "dismiss", job_id)).state == "dismissed"
    states = [review.state for review in (await decide_list(job)).reviews]
    assert states == ["dismissed"]
    assert not (await decide_list(job, state="merged")).reviews


async def decide_list(job: Job, **filters: Any) -> Any:
    return await job.market.call(job.person, "review.list", **filters)


async def test_reviews_are_visible_only_to_participants_and_submitted_within_a_session(job: Job) -> None:
    stranger = await job.market.agent("Stranger")
    job_id = await job.begin()
    await submit(job, job_id)
    for operation, arguments in (
        ("get", {}),
        ("files", {}),
        ("comments", {}),
        ("approve", {}),
        ("dismiss", {}),
        ("request_changes", {"text": "x"}),
        ("comment", {"path": "a.py", "line": 1, "text": "x"}),
        ("remove_comment", {"comment_id": "rc_" + "0" * 32}),
    ):
        with pytest.raises(NotFound):
            await job.market.call(stranger, f"review.{operation}", job_id=job_id, **arguments)
    assert not (await job.market.call(stranger, "review.list")).reviews
    with pytest.raises(PermissionDenied):
        await job.market.call(job.coder, "review.approve", job_id=job_id)
    other = await job.market.call(
        job.person, "task.assign", prompt="Another", codebase_id=job.codebase, context_id="other"
    )
    await job.claim()
    assert job.task_id == other.task_id
    with pytest.raises(InvalidRequest, match="not a job of the session"):
        await submit(job, job_id)
    bad: list[dict[str, Any]] = [
        {"path": ""},
        {"path": "a\nb"},
        {"path": "a", "patch": 1},
        {"path": "a", "status": "?"},
    ]
    for file in [*bad, {"path": "a", "additions": -1}, {"path": "a", "patch": "x" * 262_145}]:
        with pytest.raises(InvalidRequest):
            await submit(job, other.task_id, files=[file])
    for changes in ({"branch": "-x"}, {"branch": "a b"}, {"head": "HEAD"}, {"files": FILES * 501}):
        with pytest.raises(InvalidRequest):
            await submit(job, other.task_id, **changes)


async def test_reviewer_of_a_job_remains_a_participant(job: Job) -> None:
    job_id = await job.begin()
    await submit(job, job_id)
    await decide(job, "request_changes", job_id, text="And a test.")
    await job.claim()
    await submit(job, job_id, HEADS[1])
    await job.market.call(job.market.operator, "review.approve", job_id=job_id, action="push")
    people = await job.market.call(job.person, "transcript.participants", task_id=job_id)
    assert [(one.by, one.decision, one.head) for one in people.reviewed] == [
        (job.person.subject, "changes_requested", HEADS[0]),
        (job.market.operator.subject, "push", HEADS[1]),
    ]
    assert people.commented_by == [job.person.subject, job.market.operator.subject]


async def test_queued_jobs_are_held_at_the_limit_of_open_reviews(job: Job) -> None:
    """New jobs wait until reviews are decided; jobs requested by a review, and resumed ones, continue."""
    place = {"codebase_id": job.codebase}

    async def assign(context: str) -> str:
        receipt = await job.market.call(job.person, "task.assign", prompt="Mend it", context_id=context, **place)
        return str(receipt.task_id)

    async def claim_all() -> list[str]:
        claim = await job.market.call(job.coder, "task.claim", worker=job.worker, limit=10)
        return [task.task_id for task in claim.tasks]

    started = await job.market.call(job.coder, "codebase.start_watch", **place, review_limit=2)
    assert (started.review_limit, started.open_reviews, started.held) == (2, 0, False)
    with pytest.raises(PermissionDenied):
        await job.market.call(job.person, "codebase.start_watch", **place, review_limit=9)
    for wrong in (-1, 1001):
        with pytest.raises(InvalidRequest):
            await job.market.call(job.coder, "codebase.start_watch", **place, review_limit=wrong)
    first = await assign("one")
    await job.claim()
    await submit(job, first)
    second = await assign("two")
    await job.claim()
    await submit(job, second)
    third = await assign("three")
    assert await claim_all() == [], "two reviews are open"
    with pytest.raises(Conflict):
        await job.market.call(job.coder, "task.claim", worker=job.worker, task_id=third)
    state = await job.market.call(job.person, "codebase.watch_status", **place)
    assert (state.watching, state.held, state.open_reviews, state.queued) == (True, True, 2, 1)

    follow_up = await decide(job, "request_changes", first, text="And a test.")
    assert sorted(await claim_all()) == sorted([follow_up.task_id, third]), "one is with its agent: there is room again"
    fourth = await assign("four")
    assert (await job.claim()).task_id == fourth
    await submit(job, fourth)
    fifth = await assign("five")
    assert await claim_all() == []
    approved = await decide(job, "approve", fourth)
    assert sorted(await claim_all()) == sorted([approved.delivery_task_id, fifth])

    await job.market.call(job.coder, "codebase.start_watch", **place, review_limit=1)
    sixth = await assign("six")
    assert await claim_all() == [], "the limit was lowered"
    assert (await job.market.call(job.coder, "codebase.start_watch", **place)).held, "left out, it stays"
    assert not (await job.market.call(job.coder, "codebase.start_watch", **place, review_limit=0)).held
    assert await claim_all() == [sixth]


async def test_review_is_open_again_if_its_delivery_ended_without_a_report(job: Job) -> None:
    place = {"codebase_id": job.codebase}
    await job.market.call(job.coder, "codebase.start_watch", **place, review_limit=1)
    job_id = (await job.market.call(job.person, "task.assign", prompt="Mend it", context_id="one", **place)).task_id
    await job.claim()
    await submit(job, job_id)
    queued = (await job.market.call(job.person, "task.assign", prompt="Mend it", context_id="two", **place)).task_id
    approved = await decide(job, "approve", job_id)
    assert not (await job.market.call(job.person, "codebase.watch_status", **place)).held
    job.market.events.clear()

    await job.market.call(job.person, "task.cancel", task_id=approved.delivery_task_id)
    state = await job.market.call(job.person, "codebase.watch_status", **place)
    assert (state.open_reviews, state.held) == (1, True)
    assert not (await job.market.call(job.coder, "task.claim", worker=job.worker)).tasks
    assert [review.job_id for review in (await decide_list(job, state="open")).reviews] == [job_id]
    assert not (await decide_list(job, state="delivering")).reviews
    assert [from_json(event.data)["state"] for event in job.market.of_type("agora.review.changed")] == ["open"]

    again = await decide(job, "approve", job_id)
    claim = await job.market.call(job.coder, "task.claim", worker=job.worker, limit=10)
    assert sorted(task.task_id for task in claim.tasks) == sorted([again.delivery_task_id, queued])
    token = {task.task_id: task.fencing_token for task in claim.tasks}[again.delivery_task_id]
    fence = {"task_id": again.delivery_task_id, "fencing_token": token}
    assert (
        await job.market.call(job.coder, "review.conclude", job_id=job_id, **fence, outcome="merged")
    ).state == "merged"
    await job.market.call(job.coder, "task.fail", **fence, error="the report was already given", retry=False)
    assert (await decide(job, "get", job_id)).state == "merged"


async def test_pull_request_of_an_earlier_head_is_recorded(job: Job) -> None:
    job_id = await job.begin()
    await submit(job, job_id)
    approved = await decide(job, "approve", job_id, action="pull_request")
    await job.claim()
    assert job.task_id == approved.delivery_task_id
    delivery = {"job_id": job_id, "task_id": job.task_id, "fencing_token": job.fence}
    await job.market.call(job.person, "follow_up.add", task_id=job_id, text="And a test.")
    await job.claim()
    assert (await submit(job, job_id, HEADS[1])).state == "open"
    with pytest.raises(Conflict, match=f"{delivery['task_id']} is delivering its changes"):
        await decide(job, "approve", job_id, action="pull_request")
    url = "https://forge.test/o/api/pull/7"
    for _ in range(2):
        review = await job.market.call(job.coder, "review.conclude", **delivery, outcome="proposed", pull_request=url)
        assert (review.state, review.head, review.pull_request) == ("open", HEADS[1], url), "the new head is undecided"
    fence = {name: delivery[name] for name in ("task_id", "fencing_token")}
    await job.market.call(job.coder, "task.complete", **fence, result={})
    approved = await decide(job, "approve", job_id, action="pull_request")
    assert (approved.state, approved.pull_request) == ("delivering", url)


@pytest.mark.parametrize("outcome", ["proposed", "failed"])
async def test_reported_delivery_is_approved_again_at_once(job: Job, outcome: str) -> None:
    """The worker completes the task a moment after its report."""
    job_id = await job.begin()
    await submit(job, job_id)
    first = await decide(job, "approve", job_id, action="pull_request")
    await job.claim()
    fence = {"task_id": job.task_id, "fencing_token": job.fence}
    error = "No forge." if outcome == "failed" else None
    await job.market.call(job.coder, "review.conclude", job_id=job_id, **fence, outcome=outcome, error=error)
    second = await decide(job, "approve", job_id, action="pull_request")
    assert second.state == "delivering"
    assert second.delivery_task_id != first.delivery_task_id


async def test_changes_are_requested_after_the_newest_job_was_deleted(job: Job, job_context: JobContext) -> None:
    job_id = await job.begin()
    first = {"task_id": job.task_id, "fencing_token": job.fence}
    await job.market.call(job.coder, "follow_up.take", **first, closing=True)
    await job.say("And a test.")
    await job.claim()
    values = {"branch": "agora/x", "base": "0" * 40, "head": HEADS[0], "files": FILES, "codebase_id": job.codebase}
    newest = {"task_id": job.task_id, "fencing_token": job.fence}
    await job.market.call(job.coder, "review.submit", job_id=job_id, **newest, **values)
    await job.market.call(job.person, "task.cancel", task_id=job.task_id)
    job.market.clock.advance(100 * 86_400)
    await RetentionController(job_context).reconcile("default")
    with pytest.raises(NotFound):
        await job.market.call(job.person, "task.get", task_id=newest["task_id"])
    follow_up = await decide(job, "request_changes", job_id, text="Mend it")
    assert follow_up.task_id not in (job_id, newest["task_id"])
    assert (await job.claim()).task_id == follow_up.task_id


async def test_migration_opens_reviews_whose_delivery_had_ended_without_a_report(job: Job, engine: Engine) -> None:
    states = {}
    for context in ("ended", "waiting"):
        place = {"codebase_id": job.codebase, "context_id": context}
        job_id = (await job.market.call(job.person, "task.assign", prompt="Mend it", **place)).task_id
        await job.claim()
        await submit(job, job_id)
        approved = await decide(job, "approve", job_id)
        if context == "ended":
            await job.market.call(job.person, "task.cancel", task_id=approved.delivery_task_id)
            await engine.run("update coding_reviews set state = 'delivering'")
        states[job_id] = "open" if context == "ended" else "delivering"
    (statement,) = list_updates(engine.dialect, 60)
    await engine.run(statement)
    rows = await engine.run("select job_id, state from coding_reviews")
    assert {row["job_id"]: row["state"] for row in rows} == states


async def test_concurrently_opened_reviews_are_all_counted(job: Job) -> None:
    place = {"codebase_id": job.codebase}
    await job.market.call(job.coder, "codebase.start_watch", **place, review_limit=6)
    jobs = []
    for number in range(6):
        await job.market.call(job.person, "task.assign", prompt="Mend it", context_id=f"c{number}", **place)
        await job.claim()
        jobs.append((job.task_id, job.fence))

    async def hand_over(task_id: str, fence: int) -> None:
        values = {"branch": "agora/x", "base": "0" * 40, "head": HEADS[0], "files": FILES, **place}
        await job.market.call(
            job.coder, "review.submit", job_id=task_id, task_id=task_id, fencing_token=fence, **values
        )

    await asyncio.gather(*(hand_over(*each) for each in jobs))
    await job.market.call(job.person, "task.assign", prompt="Mend it", context_id="late", **place)
    assert not (await job.market.call(job.coder, "task.claim", worker=job.worker)).tasks
    assert (await job.market.call(job.person, "codebase.watch_status", **place)).open_reviews == 6
