"""A2A task streams: the task, then its updates; resumable after any of them without loss."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from agora.server.app import App
from agora_sdk.errors import IllegalTransition, InvalidRequest, NotFound
from tests.conformance.a2a.a2a_calls import follow, followed, say, shown, stream_of
from tests.conformance.engines import Engine, RunsOn
from tests.conformance.tasks.task_calls import claim
from tests.harness import ManualClock, make_settings
from tests.market import Market

RUNS_ON = RunsOn.BOTH_IF_LONG

Items = list[tuple[int, Any]]


def summary(items: Items) -> list[str]:
    """Summarize the items."""
    found = []
    for _, item in items:
        ((kind, body),) = item.items()
        if kind == "artifactUpdate":
            flags = ("+" if body.get("append") else "") + ("." if body.get("lastChunk") else "")
            found.append(f"{body['artifact']['artifactId']}{flags}: {body['artifact']['parts'][0].get('text')}")
        else:
            status = body["status"]
            text = status["message"]["parts"][0]["text"] if "message" in status else ""
            found.append(f"{status['state'].removeprefix('TASK_STATE_')} {text}".strip())
    return found


def folded(items: Items) -> dict[str, Any]:
    """Return the artifacts of a client that assembles the chunks."""
    found: dict[str, Any] = {}
    for _, item in items:
        if "task" in item:
            found = {artifact["artifactId"]: artifact for artifact in item["task"].get("artifacts", [])}
        elif "artifactUpdate" in item:
            update = item["artifactUpdate"]
            artifact = update["artifact"]
            known = found.get(artifact["artifactId"]) if update.get("append") else None
            parts = known["parts"] if known else []
            found[artifact["artifactId"]] = artifact | {"parts": parts + artifact["parts"]}
    return found


def plain(artifact: Any) -> str:
    return "".join(part.get("text", "") for part in artifact["parts"])


async def _a_full_life(market: Market, task_id: str) -> None:
    """Create everything that may be in the log of a task, to its end."""
    bob = await market.agent("Worker")
    await market.call(market.operator, "task.reassign", task_id=task_id, assignee="Worker")
    taken = await claim(market, bob)
    mine = {"task_id": task_id, "fencing_token": taken.fencing_token}
    await market.call(bob, "task.append", content="a", **mine)
    await market.call(bob, "task.update", progress=20, notes="on it", **mine)
    await market.call(bob, "task.append", content="b", **mine)
    await market.call(bob, "task.renew", checkpoint={"n": 1}, **mine)
    await market.call(bob, "task.comment", task_id=task_id, text="aside")
    await market.call(bob, "task.message", text="which?", status="input_required", **mine)
    await market.call(market.operator, "task.message", task_id=task_id, text="that")
    again = await claim(market, bob)
    mine = {"task_id": task_id, "fencing_token": again.fencing_token}
    await market.call(bob, "task.message", text="going on", **mine)
    await market.call(bob, "task.append", content="c", **mine)
    await market.call(bob, "task.complete", result="all", notes="done", **mine)
    await market.call(bob, "task.comment", task_id=task_id, text="nice one")


LIFE = [
    "SUBMITTED",
    "SUBMITTED",
    "WORKING",
    "output: a",
    "WORKING on it",
    "output+: b",
    "INPUT_REQUIRED which?",
    "SUBMITTED",
    "WORKING",
    "WORKING going on",
    "output+: c",
    "result.: all",
    "COMPLETED done",
]


async def test_stream_begins_with_the_task_and_ends_at_its_end(market: Market) -> None:
    await market.agent("Bob")
    task = await say(market, market.operator, "x", "Bob")
    seen = followed(market, market.operator, task["id"])
    stream = await stream_of(market, market.operator, task["id"])
    stream.close()
    await _a_full_life(market, task["id"])
    items = await seen
    assert items[0][1]["task"]["id"] == task["id"]
    told = summary(items[1:])
    assert told == LIFE[-len(told) :]
    assert [number for number, _ in items] == sorted({number for number, _ in items})
    for _, item in items[1:]:
        ((_, body),) = item.items()
        assert (body["taskId"], body["contextId"]) == (task["id"], task["contextId"])
    whole = await shown(market, market.operator, task["id"])
    mine = folded(items)
    assert [plain(artifact) for artifact in whole["artifacts"]] == [plain(mine["output"]), plain(mine["result"])]
    assert items[-1][1]["statusUpdate"]["status"] == whole["status"]


async def test_stream_resumes_after_any_item(market: Market) -> None:
    await market.agent("Bob")
    task = await say(market, market.operator, "x", "Bob")
    first = task["metadata"]["agora"]["position"]
    await _a_full_life(market, task["id"])
    whole = await follow(market, market.operator, task["id"], last_event_id=str(first))
    assert summary(whole) == LIFE[1:]
    assert summary(await follow(market, market.operator, task["id"], last_event_id="0")) == LIFE
    for seen in range(1, len(whole) + 1):
        rest = await follow(market, market.operator, task["id"], last_event_id=str(whole[seen - 1][0]))
        assert rest == whole[seen:]


async def test_slow_reader_gets_every_entry_of_a_running_task(market: Market) -> None:
    """The log has far more entries than one read, and some that are not part of the stream, before and after the reader
    connects."""
    ann, bob = await market.agent("Ann"), await market.agent("Bob")
    task = await say(market, ann, "x", "Bob")
    position = task["metadata"]["agora"]["position"]
    mine = {"task_id": task["id"]}
    for number in range(30):
        await market.call(bob, "task.comment", text=f"aside {number}", **mine)
    for number in range(20):
        await market.call(bob, "task.append", content=f"{number} ", **mine)
    seen = followed(market, ann, task["id"], last_event_id=str(position))
    for number in range(20, 40):
        await market.call(bob, "task.append", content=f"{number} ", **mine)
    await market.call(bob, "task.complete", **mine)
    items = await seen
    assert plain(folded(items)["output"]) == "".join(f"{number} " for number in range(40))
    assert summary(items)[-1] == "COMPLETED"


async def test_artifacts_are_streamed_as_submitted(market: Market) -> None:
    ann, bob = await market.agent("Ann"), await market.agent("Bob")
    task = await say(market, ann, "x", "Bob")
    seen = followed(market, ann, task["id"], last_event_id=str(task["metadata"]["agora"]["position"]))
    mine = {"task_id": task["id"], "artifact_id": "r"}
    await market.call(bob, "task.artifact", text="chunk-1 ", name="report", last=False, **mine)
    await market.call(bob, "task.artifact", text="chunk-2", append=True, **mine)
    await market.call(bob, "task.complete", task_id=task["id"], result="not an artifact any more")
    items = await seen
    assert summary(items) == ["WORKING", "r: chunk-1 ", "r+.: chunk-2", "COMPLETED"]
    assert items[1][1]["artifactUpdate"]["artifact"]["name"] == "report"
    assert "name" not in items[2][1]["artifactUpdate"]["artifact"]


async def test_stream_ends_at_a_question(market: Market) -> None:
    ann, bob = await market.agent("Ann"), await market.agent("Bob")
    task = await say(market, ann, "x", "Bob")
    position = str(task["metadata"]["agora"]["position"])
    seen = followed(market, ann, task["id"], last_event_id=position, until="interrupted")
    await market.call(bob, "task.update", task_id=task["id"], status="input_required", notes="which?")
    items = await seen
    assert summary(items) == ["WORKING", "INPUT_REQUIRED which?"]
    further = followed(market, ann, task["id"], last_event_id=str(items[-1][0]), until="interrupted")
    await say(market, ann, {"parts": [{"text": "that"}], "taskId": task["id"]})
    await market.call(bob, "task.complete", task_id=task["id"], result=7)
    assert summary(await further) == ["SUBMITTED", "WORKING", "result.: None", "COMPLETED"]


async def test_concurrent_streams_receive_the_same_items(market: Market) -> None:
    ann = await market.agent("Ann")
    bob = await market.agent("Bob")
    task = await say(market, ann, "x", "Bob")
    position = str(task["metadata"]["agora"]["position"])
    streams = [followed(market, caller, task["id"], last_event_id=position) for caller in (ann, ann, bob)]
    closed = await stream_of(market, ann, task["id"])
    closed.close()
    await market.call(bob, "task.append", task_id=task["id"], content="x")
    await market.call(bob, "task.complete", task_id=task["id"])
    first, *others = [await stream for stream in streams]
    assert summary(first) == ["WORKING", "output: x", "COMPLETED"]
    assert all(other == first for other in others)


async def test_invalid_subscription_is_refused(market: Market) -> None:
    ann, bob, cora = [await market.agent(name) for name in ("Ann", "Bob", "Cora")]
    task = await say(market, ann, "x", "Bob")
    for caller, task_id, agent in ((cora, task["id"], None), (ann, task["id"], "Cora"), (ann, "nope", None)):
        with pytest.raises(NotFound) as unknown:
            await stream_of(market, caller, task_id, agent=agent)
        assert unknown.value.reason == "TASK_NOT_FOUND"
    for wrong in ("99", "x", "-2", "1.5", "", "٣"):
        with pytest.raises(InvalidRequest):
            await stream_of(market, ann, task["id"], last_event_id=wrong)
    await market.call(bob, "task.complete", task_id=task["id"])
    with pytest.raises(IllegalTransition) as ended:
        await stream_of(market, ann, task["id"])
    assert ended.value.reason == "UNSUPPORTED_OPERATION"
    last = (await shown(market, ann, task["id"]))["metadata"]["agora"]["position"]
    assert await follow(market, ann, task["id"], last_event_id=str(last)) == []


async def test_stream_resumes_on_another_server(engine: Engine, tmp_path: Path, clock: ManualClock) -> None:
    def server() -> App:
        return App(make_settings(tmp_path / "data"), clock=clock, store=engine.store(clock))

    first = server()
    await first.start()
    market = Market(first, clock)
    ann, bob = await market.agent("Ann"), await market.agent("Bob")
    task = await say(market, ann, "x", "Bob")
    position = str(task["metadata"]["agora"]["position"])
    begun = followed(market, ann, task["id"], last_event_id=position, until="interrupted")
    await market.call(bob, "task.append", task_id=task["id"], content="before")
    await market.call(bob, "task.update", task_id=task["id"], status="input_required", notes="go on?")
    seen = await begun
    await first.stop()

    second = server()
    await second.start()
    market = Market(second, clock)
    rest = followed(market, ann, task["id"], last_event_id=str(seen[-1][0]))
    await say(market, ann, {"parts": [{"text": "yes"}], "taskId": task["id"]})
    await market.call(bob, "task.append", task_id=task["id"], content=" and after")
    await market.call(bob, "task.complete", task_id=task["id"])
    whole = [*seen, *await rest]
    assert plain(folded(whole)["output"]) == "before and after"
    assert whole == await follow(market, ann, task["id"], last_event_id=position)
    await second.stop()
