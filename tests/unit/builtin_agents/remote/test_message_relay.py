"""Messages of the requester while a remote agent works: relayed, or reported as undeliverable."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from agora.core.call import Caller
from agora.server.app import App
from tests.conformance.a2a.a2a_calls import say, shown, state_of, texts
from tests.harness import ManualClock, Running, admin_token, make_settings, running
from tests.hostile_upstream import Heard, whole
from tests.market import Market
from tests.polling import eventually
from tests.unit.builtin_agents.remote.hostile_agent import Rogue, rogue, rpc
from tests.unit.builtin_agents.remote.remote_calls import add, message

WORKING = {"id": "t1", "contextId": "c1", "status": {"state": "TASK_STATE_WORKING"}}
ASKS = WORKING | {"status": {"state": "TASK_STATE_INPUT_REQUIRED"}}
DONE = WORKING | {"status": {"state": "TASK_STATE_COMPLETED"}}
UNSUPPORTED = {"code": -32004, "message": "Only one message for each task."}


@pytest.fixture
async def there(tmp_path: Path) -> AsyncIterator[Running]:
    """Another marketplace."""
    async with running(App(make_settings(tmp_path / "there"))) as server:
        yield server


@pytest.fixture
async def slow(there: Running, market: Market) -> Caller:
    """An agent of the other marketplace, added here as ``Far``."""
    agent = await Market(there.app, ManualClock()).agent("Slow")
    headers = {"Authorization": f"Bearer {admin_token(there.app.settings)}"}
    await add(market, f"{there.url}/a2a/Slow", headers=headers)
    return agent


async def _claimed(far: Market, slow: Caller) -> Any:
    (task,) = (await far.call(slow, "task.claim", wait=30)).tasks
    return task


async def _heard(far: Market, slow: Caller, task_id: str) -> list[str]:
    page = await far.call(slow, "task.history", task_id=task_id)
    said = [entry.data for entry in page.entries if entry.type == "message"]
    return [each["parts"][0]["text"] for each in said if each["role"] == "ROLE_USER"]


async def test_message_is_relayed(market: Market, ann: Caller, there: Running, slow: Caller) -> None:
    far = Market(there.app, ManualClock())
    task = await say(market, ann, "a long job", "Far")
    work = await _claimed(far, slow)
    for words in ("make it red", "and large"):
        await say(market, ann, message(words, taskId=task["id"]))

    async def both() -> bool:
        return len(await _heard(far, slow, work.task_id)) == 2

    await eventually(both, bool)
    assert await _heard(far, slow, work.task_id) == ["make it red", "and large"]
    result = {"task_id": work.task_id, "fencing_token": work.fencing_token, "result": "large and red"}
    await far.call(slow, "task.complete", **result)
    done = await shown(market, ann, task["id"], wait=30)
    assert state_of(done) == "TASK_STATE_COMPLETED"
    assert texts(done) == ["a long job", "make it red", "and large"]
    assert len((await far.call(far.operator, "task.list")).tasks) == 1, "it is the same task there"


async def test_message_sent_during_an_outage_is_relayed_later(
    market: Market, ann: Caller, there: Running, slow: Caller, monkeypatch: pytest.MonkeyPatch
) -> None:
    far = Market(there.app, ManualClock())
    task = await say(market, ann, "a long job", "Far")
    work = await _claimed(far, slow)

    async def saved() -> Any:
        return (await market.call(ann, "task.get", task_id=task["id"])).checkpoint

    await eventually(saved, bool)
    (run,) = [run for place in market.app.agent_host.hosted_agents for run in place.runs.values()]
    run.stop_handler("stopping")
    monkeypatch.setattr(market.app.agent_host, "start_fetch_unless_running", lambda place: None)
    await market.app.agent_host.wait_until_idle()
    for words in ("first", "second"):
        await say(market, ann, message(words, taskId=task["id"]))
    monkeypatch.undo()
    for place in market.app.agent_host.hosted_agents:
        market.app.agent_host.start_fetch_unless_running(place)

    async def both() -> bool:
        return len(await _heard(far, slow, work.task_id)) == 2

    await eventually(both, bool)
    assert await _heard(far, slow, work.task_id) == ["first", "second"]


def _scripted(*, refuses: bool, then: dict[str, Any]) -> Any:
    """Answer by method: a task that runs until a second message arrives. refuses: whether that message is refused."""
    sent: list[dict[str, Any]] = []

    async def answer(heard: Heard) -> None:
        asked = heard.json
        if asked["method"] == "SendMessage":
            sent.append(asked["params"]["message"])
            if len(sent) > 1 and refuses:
                await heard.say(whole(json.dumps({"jsonrpc": "2.0", "id": "1", "error": UNSUPPORTED}).encode()))
                return
            await heard.say(rpc({"task": WORKING}))
        elif asked["method"] == "GetTask":
            await heard.say(rpc(then if len(sent) > 1 else WORKING))
        else:
            await heard.say(rpc({}))

    return answer, sent


async def test_refused_message_is_reported(market: Market, ann: Caller) -> None:
    answer, sent = _scripted(refuses=True, then=WORKING)
    async with rogue(answer, streams=False) as far:
        await add(market, far.url)
        task = await say(market, ann, "a long job", "Far")

        await eventually(_asked(far), bool)
        await say(market, ann, message("hurry", taskId=task["id"]))

        async def told() -> Any:
            found = await shown(market, ann, task["id"])
            words = [*texts(found), *(p["text"] for p in found["status"].get("message", {}).get("parts", ()))]
            return (found, words) if any("did not take" in each for each in words) else None

        found, words = await eventually(told, bool)
        assert state_of(found) == "TASK_STATE_WORKING", "the work continues"
        assert "Only one message for each task." in " ".join(words)
        assert [each["messageId"] for each in sent] == [f"{task['id']}.0", f"{task['id']}.{_number(sent)}"]
        assert (sent[1]["taskId"], sent[1]["contextId"]) == ("t1", "c1")
        await market.call(ann, "task.cancel", task_id=task["id"])
        await market.app.agent_host.wait_until_idle()


def _number(sent: list[dict[str, Any]]) -> str:
    return str(sent[1]["messageId"]).rpartition(".")[2]


async def test_lost_message_is_sent_again(market: Market, ann: Caller) -> None:
    tries: list[dict[str, Any]] = []

    async def answer(heard: Heard) -> None:
        asked = heard.json
        if asked["method"] == "SendMessage" and "taskId" in asked["params"]["message"]:
            tries.append(asked["params"]["message"])
            if len(tries) == 1:
                heard.writer.close()  # whether it was received is unknown
                return
        done = asked["method"] == "GetTask" and len(tries) > 1
        await heard.say(rpc(DONE if done else WORKING if asked["method"] == "GetTask" else {"task": WORKING}))

    async with rogue(answer, streams=False) as far:
        await add(market, far.url)
        task = await say(market, ann, "a long job", "Far")
        await eventually(_asked(far), bool)
        await say(market, ann, message("hurry", taskId=task["id"]))
        assert state_of(await shown(market, ann, task["id"], wait=30)) == "TASK_STATE_COMPLETED"
    assert len({each["messageId"] for each in tries}) == 1
    assert len(tries) == 2


def _asked(far: Rogue) -> Any:
    async def asked() -> bool:
        return bool(far.called("GetTask"))

    return asked


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        ({"message": {"messageId": "m2", "role": "ROLE_AGENT", "parts": [{"text": "Noted."}]}}, "Noted."),
        ({"task": WORKING | {"id": "t2"}}, "did not take a message while it works: Its answer is not A2A"),
        ({"nothing": 1}, "did not take a message while it works: Its answer is not A2A"),
    ],
)
async def test_immediate_answer_is_relayed(market: Market, ann: Caller, answer: dict[str, Any], words: str) -> None:
    async def script(heard: Heard) -> None:
        params = heard.json["params"]
        more = heard.json["method"] == "SendMessage" and "taskId" in params["message"]
        await heard.say(rpc(answer if more else WORKING if heard.json["method"] == "GetTask" else {"task": WORKING}))

    async with rogue(script, streams=False) as far:
        await add(market, far.url)
        task = await say(market, ann, "a long job", "Far")
        await eventually(_asked(far), bool)
        await say(market, ann, message("hurry", taskId=task["id"]))

        async def told() -> bool:
            found = await shown(market, ann, task["id"])
            return words in json.dumps([found.get("history"), found["status"]])

        await eventually(told, bool)
        assert state_of(await shown(market, ann, task["id"])) == "TASK_STATE_WORKING"
        await market.call(ann, "task.cancel", task_id=task["id"])
        await market.app.agent_host.wait_until_idle()


async def test_already_answered_question_is_not_asked(
    market: Market, ann: Caller, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The agent gets its answer before its question has arrived here."""
    asked, sent = asyncio.Event(), list[Any]()
    goes_on = asyncio.Event()

    async def answer(heard: Heard) -> None:
        method, params = heard.json["method"], heard.json["params"]
        if method == "SendMessage":
            sent.append(params["message"])
            await heard.say(rpc({"task": WORKING}))
        elif method == "GetTask" and not asked.is_set():
            asked.set()
            await goes_on.wait()
            await heard.say(rpc(ASKS))
        else:
            await heard.say(rpc(DONE if len(sent) > 1 else ASKS))

    async with rogue(answer, streams=False) as far:
        await add(market, far.url)
        task = await say(market, ann, "a job", "Far")
        await asked.wait()
        await say(market, ann, message("blue", taskId=task["id"]))
        goes_on.set()
        assert state_of(await shown(market, ann, task["id"], wait=30)) == "TASK_STATE_COMPLETED"
    assert [each["parts"][0]["text"] for each in sent] == ["a job", "blue"]
