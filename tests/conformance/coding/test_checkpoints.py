"""Turns as checkpoints: previews of rewinding, and the jobs that rewind and fork."""

from __future__ import annotations

from typing import Any

import pytest

from agora_sdk.errors import Conflict, InvalidRequest, NotFound, PermissionDenied
from tests.conformance.coding.test_follow_ups import Job
from tests.conformance.engines import RunsOn
from tests.market import Market

RUNS_ON = RunsOn.BOTH


@pytest.fixture
async def job(market: Market) -> Job:
    coder, person = await market.agent("Coder"), await market.agent("Person")
    worker = await market.call(coder, "worker.register", worker_name="laptop", capabilities=["coding"])
    place = {"name": "api", "path": "/src/api", "worker_id": worker.worker_id}
    codebase = await market.call(coder, "codebase.register", **place)
    return Job(market, coder, person, worker.worker_id, codebase.codebase_id)


async def record(job: Job, job_id: str, number: int, *files: tuple[str, str, str], **changes: Any) -> Any:
    """Record a turn with two messages."""
    place = {"codebase_id": job.codebase, "session_id": "ses_1"}
    said = [
        {"message_id": f"{number}u", "role": "user", "parts": [{"type": "text", "text": f"do {number}"}]},
        {"message_id": f"{number}a", "role": "assistant", "parts": [{"type": "text", "text": f"did {number}"}]},
    ]
    await job.market.call(job.coder, "session.ingest", **place, messages=said, task_id=job.task_id)
    documents = [dict(zip(("path", "status", "blob"), file, strict=True)) for file in files]
    values = {**place, "prompt": f"do {number}", "commit": f"{number}" * 40, "files": documents, **changes}
    fence = {"task_id": job.task_id, "fencing_token": job.fence}
    return await job.market.call(job.coder, "turn.record", job_id=job_id, number=number, **fence, **values)


async def test_preview_lists_changes_of_rewinding(job: Job) -> None:
    job_id = await job.begin()
    await record(job, job_id, 1, ("kept", "M", "1"), ("changed", "M", "1"), ("added", "A", "1"), ("gone", "A", "1"))
    await record(job, job_id, 2, ("kept", "M", "1"), ("changed", "M", "2"), ("later", "A", "1"), ("old", "D", "0"))
    await record(job, job_id, 2, ("kept", "M", "1"), ("changed", "M", "2"), ("later", "A", "1"), ("old", "D", "0"))
    page = await job.market.call(job.person, "turn.list", job_id=job_id)
    assert [(turn.number, turn.messages, turn.files) for turn in page.turns] == [(1, 2, 4), (2, 4, 4)]
    place = {"job_id": job_id, "number": 1}
    preview = await job.market.call(job.person, "turn.preview", **place)
    assert (preview.turns, preview.messages) == (1, 2)
    assert [(file.path, file.change) for file in preview.files] == [
        ("added", "restore"),
        ("changed", "change"),
        ("gone", "restore"),
        ("later", "remove"),
        ("old", "restore"),
    ]
    assert not (await job.market.call(job.person, "turn.preview", **place, what="conversation")).files
    assert not (await job.market.call(job.person, "turn.preview", **place, what="files")).messages
    with pytest.raises(Conflict, match="The agent works on it"):
        await job.market.call(job.person, "turn.rewind", **place, what="files")


async def test_rewind_and_fork_are_jobs_of_the_worker_with_the_files(job: Job) -> None:
    job_id = await job.begin()
    for number in (1, 2):
        await record(job, job_id, number, ("a", "A", str(number)))
    await job.market.call(job.coder, "task.complete", task_id=job_id, fencing_token=job.fence, result={})
    place = {"job_id": job_id, "number": 1}
    with pytest.raises(InvalidRequest, match="next prompt"):
        await job.market.call(job.person, "turn.rewind", **place)
    await job.market.call(job.person, "turn.rewind", **place, prompt="otherwise")
    task = await job.claim()
    assert (task.assignee, task.context_id) == (f"worker:{job.worker}", "talk")
    start = task.payload["rewind"]
    assert (start["commit"], start["what"], start["is_last"]) == ("1" * 40, "both", False)
    assert start["transcript"] == "User:\ndo 1\n\nAgent:\ndid 1", "and nothing later"
    await job.market.call(job.coder, "task.complete", task_id=job.task_id, fencing_token=job.fence, result={})
    await job.market.call(job.person, "turn.fork", **place, prompt="try this", title="Fork", model="other")
    task = await job.claim()
    assert (task.payload["title"], task.payload["model"], task.payload["fork"]["number"]) == ("Fork", "other", 1)
    assert task.context_id != "talk"


@pytest.mark.parametrize("kind", ["rewind", "fork"])
async def test_follow_up_to_a_rewound_job_does_not_rewind_again(job: Job, kind: str) -> None:
    job_id = await job.begin()
    await record(job, job_id, 1, ("a", "A", "1"))
    await job.market.call(job.coder, "task.complete", task_id=job_id, fencing_token=job.fence, result={})
    await job.market.call(job.person, f"turn.{kind}", job_id=job_id, number=1, prompt="otherwise")
    await job.claim()
    lease = {"task_id": job.task_id, "fencing_token": job.fence}
    await job.market.call(job.coder, "task.fail", **lease, error="the disk is full", retry=False)
    await job.say("try again")
    assert kind in (await job.claim()).payload, "the worker had not rewound before it failed"
    lease = {"task_id": job.task_id, "fencing_token": job.fence}
    await job.market.call(job.coder, "task.renew", **lease, checkpoint={"was_rewound": True})
    await job.market.call(job.coder, "task.complete", **lease, result={})
    await job.say("and the docs")
    payload = (await job.claim()).payload
    assert payload == {"prompt": "and the docs", "codebase_id": job.codebase, "follow_ups": True}


async def test_turns_are_visible_only_to_participants_and_belong_to_one_session(job: Job) -> None:
    stranger = await job.market.agent("Stranger")
    job_id = await job.begin()
    await record(job, job_id, 1)
    place = {"job_id": job_id, "number": 1}
    for operation, arguments in (("preview", {}), ("rewind", {"what": "files"}), ("fork", {"prompt": "x"})):
        with pytest.raises(NotFound):
            await job.market.call(stranger, f"turn.{operation}", **place, **arguments)
    with pytest.raises(NotFound):
        await job.market.call(stranger, "turn.list", job_id=job_id)
    with pytest.raises(PermissionDenied):
        await job.market.call(job.coder, "turn.fork", **place, prompt="x")
    with pytest.raises(NotFound):
        await job.market.call(job.person, "turn.preview", job_id=job_id, number=2)
    for bad in (("", "M", "1"), ("a", "MM", "1"), ("a\n", "M", "1")):
        with pytest.raises(InvalidRequest):
            await record(job, job_id, 2, bad)
    with pytest.raises(InvalidRequest):
        await record(job, job_id, 2, commit="HEAD")
    await job.market.call(job.person, "task.assign", prompt="x", codebase_id=job.codebase, context_id="other")
    await job.claim()
    with pytest.raises(InvalidRequest, match="not a job of the session"):
        await record(job, job_id, 2)


async def test_worker_that_takes_over_a_job_appends_turns_without_changing_earlier_ones(job: Job) -> None:
    market = job.market
    other, thief = await market.agent("Other"), await market.agent("Thief")
    places = {}
    for caller, name in ((other, "desk"), (thief, "cellar")):
        worker = await market.call(caller, "worker.register", worker_name=name, capabilities=["spare"])
        place = {"name": "api", "path": "/src/api", "worker_id": worker.worker_id}
        places[name] = (worker.worker_id, (await market.call(caller, "codebase.register", **place)).codebase_id)
    job_id = await job.begin()
    await record(job, job_id, 1)
    await market.call(job.coder, "task.complete", task_id=job_id, fencing_token=job.fence, result={})

    async def work(caller: Any, name: str, requester: Any) -> dict[str, Any]:
        """Claim a next job of the context. Returns the arguments for recording its turns."""
        worker, codebase = places[name]
        order = {"task_type": "coding.job", "payload": {"prompt": "go on"}, "context_id": "talk"}
        await market.call(requester, "task.assign", **order, assignee="capability:spare")
        (task,) = (await market.call(caller, "task.claim", worker=worker)).tasks
        fence = {"task_id": task.task_id, "fencing_token": task.fencing_token}
        return {"job_id": job_id, **fence, "codebase_id": codebase, "session_id": "ses_2", "commit": "3" * 40}

    turn = await work(other, "desk", job.person)
    with pytest.raises(InvalidRequest, match="not a job of the session"):
        await market.call(other, "turn.record", **turn, number=1)
    await market.call(other, "turn.record", **turn, number=2)
    page = await market.call(job.person, "turn.list", job_id=job_id)
    assert [(entry.number, entry.session_id) for entry in page.turns] == [(1, "ses_1"), (2, "ses_2")]
    fence = {"task_id": turn["task_id"], "fencing_token": turn["fencing_token"]}
    await market.call(other, "task.complete", **fence, result={})
    forged = await work(thief, "cellar", thief)
    with pytest.raises(InvalidRequest, match="not a job of the session"):
        await market.call(thief, "turn.record", **forged, number=3)
