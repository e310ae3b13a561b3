"""Views of tasks on every engine: output, lists, statistics, streams."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from agora.clock import to_datetime
from agora.domains.admin.retention import RetentionController
from agora.domains.tasks.jobs import TaskDeadlineController
from agora_sdk.errors import Conflict, InvalidRequest, NotFound, PayloadTooLarge
from tests.conformance.engines import RunsOn
from tests.conformance.tasks.task_calls import assign, claim, get
from tests.market import Market

RUNS_ON = RunsOn.BOTH_IF_LONG

# -- output --------------------------------------------------------------------------------------


async def test_output_is_appended_and_read_from_any_offset(market: Market) -> None:
    giver, doer = await market.agent("Giver"), await market.agent("Doer")
    task_id = await assign(market, giver, assignee="Doer")
    claimed = await claim(market, doer)
    token = claimed.fencing_token
    for offset, chunk in ((0, "Hello, "), (7, "wörld"), (12, "!\n")):
        answer = await market.call(
            doer, "task.append", task_id=task_id, content=chunk, offset=offset, fencing_token=token
        )
        assert answer.size == offset + len(chunk)
    repeated = await market.call(doer, "task.append", task_id=task_id, content="wörld", offset=7, fencing_token=token)
    assert (repeated.next_offset, repeated.size) == (12, 14)
    with pytest.raises(Conflict, match="ends at 14"):
        await market.call(doer, "task.append", task_id=task_id, content="x", offset=3, fencing_token=token)
    for offset, limit, text in ((0, 100, "Hello, wörld!\n"), (8, 3, "örl"), (13, 5, "\n"), (14, 5, ""), (99, 5, "")):
        found = await market.call(giver, "task.output", task_id=task_id, offset=offset, limit=limit)
        assert found.content == text
        assert found.has_more is (offset + limit < 14)
        assert not found.done
    await market.call(doer, "task.complete", task_id=task_id, fencing_token=token)
    assert (await market.call(giver, "task.output", task_id=task_id)).done


async def test_output_is_bounded(market: Market) -> None:
    giver, doer = await market.agent("Giver"), await market.agent("Doer")
    task_id = await assign(market, giver, assignee="Doer")
    await market.call(
        market.operator,
        "admin.manage",
        resource="configuration",
        target="task_output_limit",
        action="set",
        value=2000,
    )
    await market.call(doer, "task.append", task_id=task_id, content="x" * 1500)
    with pytest.raises(PayloadTooLarge, match="the limit is 2000"):
        await market.call(doer, "task.append", task_id=task_id, content="x" * 501)


# -- lists and statistics --------------------------------------------------------------------------


async def test_lists_are_filtered_sorted_and_paged(market: Market) -> None:
    giver, doer = await market.agent("Giver"), await market.agent("Doer")
    now = to_datetime(market.clock.now())
    made = [
        await assign(
            market,
            giver,
            task_type=f"t{number % 2}",
            assignee="Doer",
            priority=("low", "normal", "high")[number % 3],
            deadline=now + timedelta(hours=20 - number),
        )
        for number in range(9)
    ]
    await market.call(doer, "task.complete", task_id=made[0])

    async def ids(**given: Any) -> list[str]:
        found: list[str] = []
        cursor = None
        while True:
            page = await market.call(giver, "task.list", agent_id="Doer", limit=2, cursor=cursor, **given)
            found += [task.task_id for task in page.tasks]
            assert page.has_more is (page.next_cursor is not None)
            cursor = page.next_cursor
            if cursor is None:
                return found

    assert await ids() == made
    assert await ids(descending=True) == made[::-1]
    assert await ids(status="completed") == [made[0]]
    assert await ids(status=["pending", "in_progress"]) == made[1:]
    assert await ids(task_type="t1", status="pending") == made[1::2]
    assert await ids(sort="deadline") == made[::-1]
    high_first = made[8:1:-3] + made[7:0:-3] + made[6::-3]
    assert await ids(sort="priority") == high_first
    assert await ids(sort="priority", descending=True) == high_first[::-1]
    assert await ids(priority="low") == made[0::3]
    page = await market.call(giver, "task.list", limit=4, offset=2)
    assert (len(page), page.total, page.has_more) == (4, 9, True)
    assert await ids(since=now + timedelta(hours=1)) == []
    with pytest.raises(InvalidRequest):
        await market.call(giver, "task.list", cursor="bm9uc2Vuc2U")


async def test_statistics_summarize_tasks(market: Market) -> None:
    giver, doer = await market.agent("Giver"), await market.agent("Doer")
    for _ in range(4):
        await assign(market, giver, assignee="Doer")
    for seconds in (5, 10, 15):  # far apart compared with the duration of calls on a busy machine
        claimed = await claim(market, doer)
        market.clock.advance(seconds)
        await market.call(doer, "task.complete", task_id=claimed.task_id, fencing_token=claimed.fencing_token)
    numbers = await market.call(market.operator, "task.statistics", agent_id="Doer", task_type="review")
    assert (numbers.total, numbers.by_status) == (4, {"pending": 1, "completed": 3})
    assert (numbers.waiting, numbers.by_priority, numbers.created, numbers.completed) == (1, {"normal": 1}, 4, 3)
    assert numbers.run_seconds.count == 3
    assert 9.9 < numbers.run_seconds.p50 < 14
    assert 14.9 < numbers.run_seconds.p99 < 19
    assert numbers.throughput_per_minute > 0


@pytest.mark.parametrize("place", ["x", "-1", "9" * 60, "٣", "2", "1.0"])
async def test_stream_resumes_only_after_an_existing_entry(market: Market, place: str) -> None:
    giver = await market.agent("Giver")
    task_id = await assign(market, giver)
    operation = market.app.registry.resolve("agora.task.stream")
    with pytest.raises(InvalidRequest, match=r"is not the number of an entry|last_event_id"):
        await market.app.dispatcher.open_stream(operation, giver, {"task_id": task_id, "last_event_id": place})


async def test_ended_tasks_are_deleted_after_their_retention(market: Market, upkeep: TaskDeadlineController) -> None:
    giver, doer = await market.agent("Giver"), await market.agent("Doer")
    old = [await assign(market, giver, assignee="Doer") for _ in range(2)]
    for task_id in old:
        await market.call(doer, "task.complete", task_id=task_id)
    waiting = await assign(market, giver, assignee="Doer", depends_on=old)
    steps = [{"name": "a", "agent": "Doer"}, {"name": "b", "agent": "Doer"}]
    made = await market.call(giver, "workflow.create", workflow_name="w", steps=steps)
    running = (await market.call(giver, "workflow.status", workflow_id=made.workflow_id)).steps[0].task_id
    await market.call(doer, "task.complete", task_id=running)
    market.clock.advance(91 * 86_400)
    await RetentionController(upkeep.context).step()
    for task_id in old:
        with pytest.raises(NotFound):
            await get(market, task_id)
    assert (await get(market, waiting)).status == "pending"
    assert (await get(market, running)).status == "completed", "its workflow continues"
    await market.call(giver, "workflow.cancel", workflow_id=made.workflow_id)
    market.clock.advance(91 * 86_400)
    await RetentionController(upkeep.context).step()
    assert (await market.call(market.operator, "workflow.list")).total == 0
    assert (await market.call(market.operator, "task.list")).total == 1
