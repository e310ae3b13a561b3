"""Lists of A2A tasks: those of the requester, last changed first, filtered, paged, bounded."""

from __future__ import annotations

from typing import Any

import pytest

from agora_sdk.errors import InvalidRequest
from tests.conformance.a2a.a2a_calls import ask, say, shown
from tests.conformance.engines import RunsOn
from tests.market import Market

RUNS_ON = RunsOn.BOTH_IF_LONG


async def test_tasks_are_listed_filtered_and_paged(market: Market) -> None:
    ann, bob = await market.agent("Ann"), await market.agent("Bob")
    await market.agent("Cora")
    ids = []
    for number in range(5):
        market.clock.advance(1)
        ids.append((await say(market, ann, f"m{number}", "Bob" if number < 4 else "Cora"))["id"])
    market.clock.advance(1)
    await market.call(bob, "task.complete", task_id=ids[1], result="r")
    market.clock.advance(1)
    await market.call(bob, "task.update", task_id=ids[0], progress=5)

    async def listed(**filters: Any) -> list[str]:
        return [task["id"] for task in (await ask(market, ann, "list", **filters))["tasks"]]

    order = [ids[0], ids[1], ids[4], ids[3], ids[2]]
    assert await listed() == order
    assert await listed(agent="Cora") == [ids[4]]
    assert await listed(agent="Nobody") == []
    assert await listed(status="TASK_STATE_COMPLETED") == [ids[1]]
    assert await listed(status="TASK_STATE_SUBMITTED") == [ids[4], ids[3], ids[2]]
    assert await listed(status="TASK_STATE_FAILED") == []
    completed = await shown(market, ann, ids[1])
    assert await listed(status_timestamp_after=completed["status"]["timestamp"]) == order[:2]

    pages, token = [], None
    while token != "":
        page = await ask(market, ann, "list", page_size=2, page_token=token)
        assert page["pageSize"] == 2
        assert page["totalSize"] == 5
        pages.append([task["id"] for task in page["tasks"]])
        token = page["nextPageToken"]
    assert pages == [order[:2], order[2:4], order[4:]]


async def test_list_includes_artifacts_and_history_on_request(market: Market) -> None:
    ann, bob = await market.agent("Ann"), await market.agent("Bob")
    done, open_ = (await say(market, ann, "x", "Bob"))["id"], (await say(market, ann, "y", "Bob"))["id"]
    await market.call(bob, "task.complete", task_id=done, result="r")
    plain = (await ask(market, ann, "list"))["tasks"]
    assert all("artifacts" not in task for task in plain)
    assert all("history" in task for task in plain)
    rich = {task["id"]: task for task in (await ask(market, ann, "list", include_artifacts=True))["tasks"]}
    assert rich[done]["artifacts"][0]["parts"] == [{"text": "r"}]
    assert rich[open_]["artifacts"] == []
    bare = (await ask(market, ann, "list", history_length=0))["tasks"]
    assert all("history" not in task for task in bare)
    for wrong in ({"page_size": 0}, {"page_size": 101}, {"page_token": "bm8"}, {"page_token": "!!"}):
        with pytest.raises(InvalidRequest):
            await ask(market, ann, "list", **wrong)
    empty = await ask(market, bob, "list", page_token="")
    assert empty == {"tasks": [], "nextPageToken": "", "pageSize": 50, "totalSize": 0}


async def test_page_of_large_tasks_is_truncated(market: Market) -> None:
    ann = await market.agent("Ann")
    await market.agent("Bob")
    for _ in range(12):
        await say(market, ann, "x" * 900_000, "Bob", history_length=0)
    seen, token = 0, None
    while token != "":
        page = await ask(market, ann, "list", page_token=token)
        assert page["totalSize"] == 12
        seen += len(page["tasks"])
        token = page["nextPageToken"]
        assert len(page["tasks"]) <= 10
    assert seen == 12
