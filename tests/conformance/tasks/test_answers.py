"""Answers to the question of a task: the first one counts, and whoever comes second is told."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from agora.core.call import Caller
from agora_sdk.errors import Conflict
from tests.conformance.engines import RunsOn
from tests.market import Market

RUNS_ON = RunsOn.BOTH


async def ask(market: Market, worker: Caller, **message: Any) -> tuple[str, str]:
    """A task that waits for an answer, and the id of its question."""
    (task,) = (await market.call(worker, "task.claim")).tasks
    fence = {"task_id": task.task_id, "fencing_token": task.fencing_token}
    await market.call(worker, "task.message", **fence, text="May I?", status="input_required", **message)
    document = await market.call(market.operator, "a2a.get", task_id=task.task_id)
    return task.task_id, document.status.message.message_id


async def test_of_two_answers_to_a_question_the_second_is_refused(market: Market) -> None:
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


async def test_an_answer_does_not_reach_the_next_question(market: Market) -> None:
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
