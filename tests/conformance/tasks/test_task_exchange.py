"""Questions, answers and artifacts of a task: the first answer to a question counts, and artifacts are found in a long
log."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

from agora.core.call import Caller
from agora.domains.a2a import lookup
from agora.domains.a2a.queries import PIECE_OVERHEAD
from agora.domains.tasks.jobs import TaskDeadlineController
from agora.server.app import App
from agora_sdk.errors import Conflict, InvalidRequest, StaleLease
from tests.conformance.engines import Engine, RunsOn
from tests.harness import ManualClock, make_settings
from tests.market import Market

RUNS_ON = RunsOn.BOTH


async def ask(market: Market, worker: Caller, **message: Any) -> tuple[str, str]:
    """Create a task that waits for an answer. Returns it with the id of its question."""
    (task,) = (await market.call(worker, "task.claim")).tasks
    fence = {"task_id": task.task_id, "fencing_token": task.fencing_token}
    await market.call(worker, "task.message", **fence, text="May I?", status="input_required", **message)
    document = await market.call(market.operator, "a2a.get", task_id=task.task_id)
    return task.task_id, document.status.message.message_id


async def test_second_answer_to_a_question_is_refused(market: Market) -> None:
    worker, person = await market.agent("Worker"), await market.agent("Person")
    await market.call(person, "task.assign", task_type="ask", assignee=worker.subject)
    task, question = await ask(market, worker)
    answers = [
        market.call(caller, "task.message", task_id=task, text=text, answers=question)
        for caller, text in ((person, "once"), (market.operator, "reject"))
    ]
    outcomes = await asyncio.gather(*answers, return_exceptions=True)
    assert sorted(type(outcome).__name__ for outcome in outcomes) == ["Conflict", "TaskEntry"], outcomes
    history = (await market.call(person, "task.history", task_id=task)).entries
    assert sum(entry.type == "message" for entry in history) == 2, "the question and one answer"


async def test_answer_does_not_apply_to_the_next_question(market: Market) -> None:
    worker, person = await market.agent("Worker"), await market.agent("Person")
    await market.call(person, "task.assign", task_type="ask", assignee=worker.subject)
    task, first = await ask(market, worker, message_id="question-1")
    assert first == "question-1"
    await market.call(person, "task.message", task_id=task, text="once", answers=first)
    _, second = await ask(market, worker)
    with pytest.raises(Conflict, match="not open any more"):
        await market.call(market.operator, "task.message", task_id=task, text="always", answers=first)
    await market.call(person, "task.message", task_id=task, text="once", answers=second)
    await market.call(person, "task.cancel", task_id=task)
    with pytest.raises(Conflict, match="not open any more"):
        await market.call(person, "task.message", task_id=task, text="late", answers=second)


async def test_artifacts_after_a_long_output_are_read(market: Market) -> None:
    worker = await market.agent("Worker")
    await market.call(market.operator, "task.assign", task_type="write", assignee=worker.subject)
    (task,) = (await market.call(worker, "task.claim")).tasks
    fence = {"task_id": task.task_id, "fencing_token": task.fencing_token}
    for _ in range(5):
        await market.call(worker, "task.append", **fence, content="x" * 250_000)
    for text, append in (("a", False), ("b", True)):
        await market.call(worker, "task.artifact", **fence, artifact_id="diff", text=text, append=append)
    await market.call(worker, "task.complete", task_id=task.task_id, fencing_token=task.fencing_token)
    pieces: list[str] = []
    cursor = None
    while True:
        page = await market.call(
            worker, "task.history", task_id=task.task_id, types=["artifact"], limit=1, cursor=cursor
        )
        pieces += [entry.data["artifact"]["parts"][0]["text"] for entry in page.entries]
        assert {entry.type for entry in page.entries} == {"artifact"}
        if (cursor := page.next_cursor) is None:
            break
    assert pieces == ["a", "b"]
    types = {entry.type for entry in (await market.call(worker, "task.history", task_id=task.task_id)).entries}
    assert types.isdisjoint({"artifact", "output"})
    shown = await market.call(market.operator, "a2a.get", task_id=task.task_id)
    (output,) = [artifact for artifact in shown.artifacts if artifact.artifact_id == "output"]
    assert [len(part.text) for part in output.parts] == [900_000, 100_000], "as much as one view has room for"
    without = await market.call(market.operator, "a2a.get", task_id=task.task_id, include_artifacts=False)
    assert without.artifacts is None


async def test_view_holds_a_bounded_number_of_short_pieces(market: Market, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lookup, "MAX_VIEW_BYTES", 24 * (1 + PIECE_OVERHEAD))
    worker = await market.agent("Worker")
    await market.call(market.operator, "task.assign", task_type="write", assignee=worker.subject)
    (task,) = (await market.call(worker, "task.claim")).tasks
    for _ in range(30):
        await market.call(worker, "task.append", task_id=task.task_id, fencing_token=task.fencing_token, content="x")
    (output,) = (await market.call(market.operator, "a2a.get", task_id=task.task_id)).artifacts
    assert "".join(part.text for part in output.parts) == "x" * 24
    assert output.metadata["agora"]["truncated"]


async def held_question(market: Market, worker: Caller, person: Caller) -> dict[str, Any]:
    """Create a task whose holder waits for an answer. Returns its id and fencing token."""
    await market.call(person, "task.assign", task_type="ask", assignee=worker.subject)
    (task,) = (await market.call(worker, "task.claim", lease_seconds=30)).tasks
    held = {"task_id": task.task_id, "fencing_token": task.fencing_token}
    await market.call(worker, "task.message", **held, text="May I?", status="input_required", keep_lease=True)
    return held


async def test_waiting_holder_is_not_told_to_claim_again(market: Market) -> None:
    worker, person = await market.agent("Worker"), await market.agent("Person")
    held = await held_question(market, worker, person)
    with pytest.raises(InvalidRequest) as refused:
        await market.call(worker, "task.issue_token", **held)
    assert "waits for an answer" in str(refused.value)
    assert "claim" not in (refused.value.fix or "")
    await market.call(person, "task.message", task_id=held["task_id"], text="yes")
    assert (await market.call(worker, "task.issue_token", **held)).token


async def test_task_token_has_no_scopes_after_the_creators_static_token_was_removed(
    engine: Engine, tmp_path: Path, clock: ManualClock
) -> None:
    settings = make_settings(tmp_path / "data")
    with_token = settings.model_copy(update={"auth_tokens": SecretStr("ci:secret-of-ci")})
    app = App(with_token, clock=clock, store=engine.store(clock))
    await app.start()
    market = Market(app, clock)
    creator, worker = await app.authenticator.authenticate("secret-of-ci"), await market.agent("Worker")
    await market.call(creator, "task.assign", task_type="ask", assignee=worker.subject)
    (task,) = (await market.call(worker, "task.claim")).tasks
    held = {"task_id": task.task_id, "fencing_token": task.fencing_token}
    issued = await market.call(worker, "task.issue_token", **held)
    assert issued.scopes
    assert (await app.authenticator.authenticate(issued.token)).scopes == set(issued.scopes)
    await app.stop()

    app = App(settings, clock=clock, store=engine.store(clock))
    await app.start()
    assert (await app.authenticator.authenticate(issued.token)).scopes == set()
    assert (await Market(app, clock).call(worker, "task.issue_token", **held)).scopes == []
    await app.stop()


async def test_waiting_holder_continues_under_the_same_lease(market: Market, upkeep: TaskDeadlineController) -> None:
    worker, person = await market.agent("Worker"), await market.agent("Person")
    held = await held_question(market, worker, person)
    market.clock.advance(20)
    assert (await market.call(worker, "task.renew", **held)).status == "input_required"
    market.clock.advance(20)
    await upkeep.step()
    task = await market.call(person, "task.get", task_id=held["task_id"])
    assert task.status == "input_required", "it was renewed"
    await market.call(person, "task.message", task_id=held["task_id"], text="yes")
    assert (await market.call(worker, "task.claim")).tasks == [], "no other agent claims it"
    task = await market.call(person, "task.get", task_id=held["task_id"])
    assert (task.status, task.attempts) == ("in_progress", 1)
    market.clock.advance(20)  # the answer restarted the lease
    await upkeep.step()
    assert (await market.call(worker, "task.complete", **held, result="done")).status == "completed"


async def test_question_is_withdrawn_when_the_waiting_holders_lease_expires(
    market: Market, upkeep: TaskDeadlineController
) -> None:
    worker, person = await market.agent("Worker"), await market.agent("Person")
    held = await held_question(market, worker, person)
    market.clock.advance(31)
    await upkeep.step()
    task = await market.call(person, "task.get", task_id=held["task_id"])
    assert task.status == "pending"
    history = (await market.call(person, "task.history", task_id=held["task_id"])).entries
    assert "The question is withdrawn" in (history[-1].content or "")
    with pytest.raises(StaleLease):
        await market.call(worker, "task.complete", **held, result="late")
    market.clock.advance(600)
    await upkeep.step()
    (again,) = (await market.call(worker, "task.claim")).tasks
    assert again.fencing_token > held["fencing_token"]


async def test_keeping_the_lease_requires_a_question(market: Market) -> None:
    worker, person = await market.agent("Worker"), await market.agent("Person")
    await market.call(person, "task.assign", task_type="ask", assignee=worker.subject)
    (task,) = (await market.call(worker, "task.claim")).tasks
    held = {"task_id": task.task_id, "fencing_token": task.fencing_token}
    with pytest.raises(InvalidRequest, match="question"):
        await market.call(worker, "task.message", **held, text="Hello", keep_lease=True)
    question = {"text": "May I?", "status": "input_required"}
    await market.call(worker, "task.message", **held, **question)
    with pytest.raises(Conflict, match="no lease"):
        await market.call(worker, "task.message", **held, **question, keep_lease=True)
