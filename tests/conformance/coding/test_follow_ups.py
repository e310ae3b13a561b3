"""Follow-ups to coding jobs: ordered, editable until taken, delivered once; they resume paused or ended jobs."""

from __future__ import annotations

import json
from typing import Any

import pytest

from agora.core.call import Caller
from agora_sdk.errors import Conflict, InvalidRequest, NotFound, PermissionDenied, StaleLease
from tests.conformance.engines import RunsOn
from tests.market import Market

RUNS_ON = RunsOn.BOTH


class Job:
    """A person's job, held by a worker."""

    def __init__(self, market: Market, coder: Caller, person: Caller, worker: str, codebase: str) -> None:
        self.market, self.coder, self.person, self.worker, self.codebase = market, coder, person, worker, codebase
        self.task_id, self.fence = "", 0

    async def begin(self, **job: Any) -> str:
        receipt = await self.market.call(
            self.person, "task.assign", prompt="Mend it", codebase_id=self.codebase, context_id="talk", **job
        )
        await self.claim()
        assert self.task_id == receipt.task_id
        return self.task_id

    async def claim(self) -> Any:
        (task,) = (await self.market.call(self.coder, "task.claim", worker=self.worker)).tasks
        self.task_id, self.fence = task.task_id, task.fencing_token
        return task

    async def say(self, text: str, **options: Any) -> Any:
        return await self.market.call(self.person, "follow_up.add", task_id=self.task_id, text=text, **options)

    async def take(self, after: int = 0, **options: Any) -> Any:
        fence = {"task_id": self.task_id, "fencing_token": self.fence}
        return await self.market.call(self.coder, "follow_up.take", **fence, after=after, **options)

    async def texts(self, **filters: Any) -> list[str]:
        page = await self.market.call(self.person, "follow_up.list", task_id=self.task_id, **filters)
        return [follow_up.text for follow_up in page.follow_ups]


@pytest.fixture
async def job(market: Market) -> Job:
    coder, person = await market.agent("Coder"), await market.agent("Person")
    worker = await market.call(coder, "worker.register", worker_name="laptop", capabilities=["coding"])
    place = {"name": "api", "path": "/src/api", "worker_id": worker.worker_id}
    codebase = await market.call(coder, "codebase.register", **place)
    return Job(market, coder, person, worker.worker_id, codebase.codebase_id)


async def test_follow_ups_are_delivered_in_order_until_the_checkpoint_contains_them(job: Job) -> None:
    await job.begin()
    first, second, third = await job.say("one"), await job.say("two"), await job.say("three", mode="steering")
    place = {"task_id": job.task_id}
    await job.market.call(job.person, "follow_up.edit", **place, follow_up_id=first.follow_up_id, text="first")
    await job.market.call(job.person, "follow_up.remove", **place, follow_up_id=second.follow_up_id)
    taken = (await job.take()).follow_up
    assert (taken.text, taken.taken) == ("three", 1), "what is steering comes first"
    assert (await job.take()).follow_up == taken, "it is not in the checkpoint yet"
    assert (await job.take(1, steering=True)).follow_up is None
    assert (await job.take(1)).follow_up.text == "first"
    for change in ("edit", "remove"):
        more = {"text": "late"} if change == "edit" else {}
        with pytest.raises(Conflict, match="has already received"):
            await job.market.call(job.person, f"follow_up.{change}", **place, follow_up_id=third.follow_up_id, **more)
    assert await job.texts() == ["first", "three"]
    assert await job.texts(waiting=True) == []
    assert [await job.texts(limit=1), (await job.take(2, closing=True)).closed] == [["first"], True]
    changes = [json.loads(event.data)["change"] for event in job.market.of_type("agora.task.follow_up")]
    assert changes == ["added", "added", "added", "changed", "removed", "taken", "taken"]
    assert "first" not in str(job.market.of_type("agora.task.follow_up")), "events do not contain the text"


async def test_follow_up_to_a_closed_job_starts_another_in_its_session(job: Job) -> None:
    ended = await job.begin(priority="high", required_capabilities=["coding"])
    assert (await job.take(closing=True)).closed
    successor = await job.say("and the docs")
    assert successor.task_id != ended, "it is about to end"
    again = await job.say("and the tests")
    assert again.task_id == successor.task_id
    await job.market.call(job.coder, "task.complete", task_id=ended, fencing_token=job.fence, result={"text": "done"})
    later = await job.say("and the changes")
    assert (later.task_id, later.number) == (successor.task_id, 3)
    task = await job.claim()
    assert (task.task_id, task.context_id, task.priority) == (successor.task_id, "talk", "high")
    assert (task.assignee, task.created_by) == (f"worker:{job.worker}", job.person.subject)
    assert task.payload == {"prompt": "and the docs", "codebase_id": job.codebase, "follow_ups": True}
    assert [(await job.take(number)).follow_up.text for number in range(3)] == [
        "and the docs",
        "and the tests",
        "and the changes",
    ]


async def test_follow_up_resumes_a_failed_job(job: Job) -> None:
    failed = await job.begin()
    await job.say("try the other way")
    with pytest.raises(Conflict, match="its worker takes them"):
        await job.market.call(job.person, "follow_up.wake", task_id=failed)
    fence = {"task_id": failed, "fencing_token": job.fence}
    await job.market.call(job.coder, "task.fail", **fence, error="the check failed", retry=False)
    woken = await job.market.call(job.person, "follow_up.wake", task_id=failed)
    assert woken.follow_ups == 1
    assert (await job.claim()).task_id == woken.task_id
    assert (await job.take()).follow_up.text == "try the other way"
    with pytest.raises(Conflict, match="No follow-up waits"):
        await job.market.call(job.person, "follow_up.wake", task_id=failed)


async def test_follow_up_resumes_a_paused_job_and_steering_replaces_an_answer(job: Job) -> None:
    task_id = await job.begin()
    fence = {"task_id": task_id, "fencing_token": job.fence}
    await job.market.call(job.coder, "task.release", **fence, reason="usage limit", delay=3600)
    assert not (await job.market.call(job.coder, "task.claim", worker=job.worker)).tasks
    await job.say("use the other model")
    assert (await job.claim()).task_id == task_id
    with pytest.raises(StaleLease):
        await job.market.call(job.coder, "follow_up.take", **fence)
    question = {"text": "May I?", "status": "input_required", "fencing_token": job.fence}
    await job.market.call(job.coder, "task.message", task_id=task_id, **question)
    queued = await job.say("later")
    assert (await job.market.call(job.person, "task.get", task_id=task_id)).status == "input_required"
    change = {"task_id": task_id, "follow_up_id": queued.follow_up_id, "mode": "steering"}
    await job.market.call(job.person, "follow_up.edit", **change)
    assert (await job.claim()).task_id == task_id
    assert (await job.take(steering=True)).follow_up.text == "later"


async def test_only_participants_read_and_send_follow_ups(job: Job) -> None:
    stranger = await job.market.agent("Stranger")
    task_id = (await job.market.call(job.person, "task.assign", prompt="Mend it", codebase_id=job.codebase)).task_id
    with pytest.raises(NotFound):  # although every caller sees a task that waits in the pool
        await job.market.call(stranger, "follow_up.list", task_id=task_id)
    await job.claim()
    await job.say("secret")
    for operation, arguments in (
        ("list", {}),
        ("add", {"text": "x"}),
        ("wake", {}),
        ("take", {"fencing_token": job.fence}),
        ("remove", {"follow_up_id": "fu_" + "0" * 32}),
    ):
        with pytest.raises(NotFound):
            await job.market.call(stranger, f"follow_up.{operation}", task_id=task_id, **arguments)
    with pytest.raises(PermissionDenied):
        await job.market.call(job.coder, "follow_up.add", task_id=task_id, text="x")
    for bad in ("", "x" * 262_145, "a\x00b"):
        with pytest.raises(InvalidRequest):
            await job.say(bad)
    for _ in range(99):
        await job.say("more")
    with pytest.raises(Conflict, match="100 follow-ups wait"):
        await job.say("one too many")
    other = await job.market.call(job.person, "task.assign", task_type="cook")
    with pytest.raises(InvalidRequest, match="not a coding job"):
        await job.market.call(job.person, "follow_up.add", task_id=other.task_id, text="x")
