"""A2A messages and their tasks: sent, continued, shown and cancelled, on each engine."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from agora.clock import to_datetime
from agora.domains.a2a.states import STATES
from agora.domains.tasks.jobs import TaskDeadlineController
from agora_sdk.contract.a2a import A2AState
from agora_sdk.contract.fields import TaskStatus
from agora_sdk.errors import (
    IdempotencyConflict,
    IllegalTransition,
    InvalidRequest,
    NotFound,
    PayloadTooLarge,
    PermissionDenied,
    StaleLease,
)
from tests.conformance.a2a.a2a_calls import ask, say, shown, state_of, texts
from tests.conformance.engines import RunsOn
from tests.conformance.tasks.task_calls import claim, pass_time
from tests.market import Market

RUNS_ON = RunsOn.BOTH

FULL: dict[str, Any] = {
    "messageId": "m-1",
    "contextId": "talk-1",
    "role": "ROLE_USER",
    "parts": [
        {"text": "Zwölf Boxkämpfer 🥊", "metadata": {"n": 1, "f": 1.5, "deep": [{"a": None}]}},
        {"raw": "aGVsbG8=", "filename": "a b.txt", "mediaType": "text/plain"},
        {"url": "https://example.com/x?y=z#w", "mediaType": "image/png"},
        {"data": {"k": [1, 2.5, None, True, "x"]}},
        {"data": None},
        {"data": 0},
    ],
    "metadata": {"https://example.com/ext/v1": {"level": 3}},
    "extensions": ["https://example.com/ext/v1"],
    "referenceTaskIds": ["task_0", "elsewhere"],
}


async def test_message_creates_a_task_with_all_its_parts(market: Market) -> None:
    ann, bob = await market.agent("Ann"), await market.agent("Bob")
    task = await say(market, ann, FULL, "Bob", metadata={"trace": "t1", "nested": {"a": [1]}})
    assert task["contextId"] == "talk-1"
    assert state_of(task) == "TASK_STATE_SUBMITTED"
    assert task["history"] == [FULL | {"taskId": task["id"]}]
    assert task["metadata"]["trace"] == "t1"
    assert task["metadata"]["nested"] == {"a": [1]}
    assert "artifacts" not in task
    assert await shown(market, ann, task["id"]) == task

    taken = await claim(market, bob)
    assert taken.task_id == task["id"]
    assert taken.task_type == "a2a.message"
    assert taken.context_id == "talk-1"
    assert taken.payload["text"] == "Zwölf Boxkämpfer 🥊"
    assert taken.payload["message"] == {name: value for name, value in FULL.items() if name != "contextId"}
    await market.call(bob, "task.complete", task_id=task["id"], result="done", fencing_token=taken.fencing_token)
    done = await shown(market, ann, task["id"])
    assert state_of(done) == "TASK_STATE_COMPLETED"
    assert done["artifacts"] == [{"artifactId": "result", "name": "result", "parts": [{"text": "done"}]}]
    assert done["history"] == task["history"]


async def test_plain_text_is_accepted_as_a_message(market: Market) -> None:
    ann = await market.agent("Ann")
    await market.agent("Bob")
    task = await say(market, ann, "hello", "Bob")
    assert task["contextId"] == f"ctx_{task['id'][5:]}"
    (message,) = task["history"]
    assert message["parts"] == [{"text": "hello"}]
    assert message["role"] == "ROLE_USER"
    assert message["messageId"]


async def test_repeated_message_returns_its_task(market: Market) -> None:
    ann, cora = await market.agent("Ann"), await market.agent("Cora")
    await market.agent("Bob")
    first = await say(market, ann, FULL, "Bob")
    again = await say(market, ann, FULL, "Bob")
    assert again == first
    assert len(market.of_type("agora.task.assigned")) == 1
    with pytest.raises(IdempotencyConflict) as refused:
        await say(market, ann, FULL | {"parts": [{"text": "another"}]}, "Bob")
    assert refused.value.errors[0]["field"] == "message.messageId"
    others = [await say(market, cora, FULL, "Bob"), await say(market, ann, FULL, "Cora")]
    assert len({task["id"] for task in (first, *others)}) == 3


async def test_concurrent_repetitions_create_one_task(market: Market) -> None:
    ann = await market.agent("Ann")
    await market.agent("Bob")
    tasks = await asyncio.gather(*(say(market, ann, FULL, "Bob") for _ in range(8)))
    assert len({task["id"] for task in tasks}) == 1
    assert len(market.of_type("agora.task.assigned")) == 1


async def test_idempotency_key_replaces_a_message_id(market: Market) -> None:
    ann, bob = await market.agent("Ann"), await market.agent("Bob")
    sent = {"message": "hello", "agent": "Bob", "wait": 30.0}
    first = asyncio.ensure_future(ask(market, ann, "send", key="k1", **sent))
    taken = await claim(market, bob, wait=10)
    again = asyncio.ensure_future(ask(market, ann, "send", key="k1", **sent))
    await market.call(bob, "task.complete", task_id=taken.task_id, result={"n": 1}, fencing_token=taken.fencing_token)
    answers = [await first, await again]
    assert answers[0] == answers[1]
    assert answers[0]["task"]["artifacts"][0]["parts"] == [{"data": {"n": 1}}]
    assert len(market.of_type("agora.task.assigned")) == 1
    with pytest.raises(IdempotencyConflict):
        await ask(market, ann, "send", key="k1", message="another", agent="Bob")


async def test_sending_waits_for_the_end_or_a_question_of_the_task(market: Market) -> None:
    ann, bob = await market.agent("Ann"), await market.agent("Bob")
    sent = asyncio.ensure_future(ask(market, ann, "send", message="do it", agent="Bob", wait=30.0))
    taken = await claim(market, bob, wait=10)
    token = {"task_id": taken.task_id, "fencing_token": taken.fencing_token}
    await market.call(bob, "task.update", progress=10, **token)
    await market.call(bob, "task.message", text="which one?", status="input_required", **token)
    asked = (await sent)["task"]
    assert state_of(asked) == "TASK_STATE_INPUT_REQUIRED"
    assert asked["status"]["message"]["parts"] == [{"text": "which one?"}]
    assert asked["status"]["message"]["role"] == "ROLE_AGENT"
    assert texts(asked) == ["do it"]

    answer = {"parts": [{"text": "that one"}], "taskId": asked["id"], "messageId": "a1"}
    answered = asyncio.ensure_future(ask(market, ann, "send", message=answer, wait=30.0))
    retaken = await claim(market, bob, wait=10)
    assert retaken.task_id == asked["id"]
    assert retaken.attempts == 1
    assert retaken.fencing_token > taken.fencing_token
    with pytest.raises(StaleLease):
        await market.call(bob, "task.complete", **token)
    await market.call(
        bob, "task.complete", task_id=asked["id"], result="ok", notes="all done", fencing_token=retaken.fencing_token
    )
    done = (await answered)["task"]
    assert state_of(done) == "TASK_STATE_COMPLETED"
    assert texts(done) == ["do it", "which one?", "that one"]
    assert done["status"]["message"]["parts"] == [{"text": "all done"}]
    assert done["history"][2]["messageId"] == "a1"


async def test_waiting_ends_at_its_timeout(market: Market) -> None:
    ann = await market.agent("Ann")
    await market.agent("Bob")
    answer = await ask(market, ann, "send", message="do it", agent="Bob", wait=0.01)
    assert state_of(answer["task"]) == "TASK_STATE_SUBMITTED"
    assert state_of(await shown(market, ann, answer["task"]["id"], wait=0.01)) == "TASK_STATE_SUBMITTED"


async def test_auth_required_state_round_trips(market: Market) -> None:
    ann, bob = await market.agent("Ann"), await market.agent("Bob")
    task = await say(market, ann, "fetch it", "Bob")
    await market.call(bob, "task.update", task_id=task["id"], status="auth_required", notes="log in at https://x")
    asked = await shown(market, ann, task["id"])
    assert state_of(asked) == "TASK_STATE_AUTH_REQUIRED"
    assert asked["status"]["message"]["parts"] == [{"text": "log in at https://x"}]
    again = await say(market, ann, {"parts": [{"text": "done"}], "taskId": task["id"]})
    assert texts(again) == ["fetch it", "log in at https://x", "done"]
    assert state_of(again) == "TASK_STATE_SUBMITTED"
    await market.call(bob, "task.complete", task_id=task["id"])  # an assignee needs no claim
    assert state_of(await shown(market, ann, task["id"])) == "TASK_STATE_COMPLETED"


async def test_ended_task_refuses_messages(market: Market) -> None:
    ann, bob = await market.agent("Ann"), await market.agent("Bob")
    task = await say(market, ann, "x", "Bob")
    await market.call(bob, "task.complete", task_id=task["id"])
    with pytest.raises(IllegalTransition) as refused:
        await say(market, ann, {"parts": [{"text": "more"}], "taskId": task["id"]})
    assert refused.value.reason == "UNSUPPORTED_OPERATION"


async def test_continuation_must_match_task_context_and_agent(market: Market) -> None:
    ann, cora = await market.agent("Ann"), await market.agent("Cora")
    await market.agent("Bob")
    task = await say(market, ann, {"parts": [{"text": "x"}], "contextId": "c1"}, "Bob")
    more: dict[str, Any] = {"parts": [{"text": "more"}], "taskId": task["id"]}
    with pytest.raises(InvalidRequest) as mismatch:
        await say(market, ann, more | {"contextId": "c2"})
    assert mismatch.value.errors[0]["field"] == "message.contextId"
    for caller, message, agent in (
        (cora, more, None),
        (ann, more, "Cora"),
        (ann, more | {"taskId": "nonsense"}, None),
        (ann, more | {"taskId": "task_" + "0" * 32}, None),
    ):
        with pytest.raises(NotFound) as unknown:
            await say(market, caller, message, agent)
        assert unknown.value.reason == "TASK_NOT_FOUND"
    good = await say(market, ann, more | {"contextId": "c1"}, "Bob")
    assert texts(good) == ["x", "more"]
    assert good["contextId"] == "c1"
    with pytest.raises(InvalidRequest):
        await say(market, ann, more, task_id="task_" + "1" * 32)


async def test_context_spans_several_tasks(market: Market) -> None:
    ann = await market.agent("Ann")
    await market.agent("Bob")
    first = await say(market, ann, "one", "Bob")
    second = await say(market, ann, {"parts": [{"text": "two"}], "contextId": first["contextId"]}, "Bob")
    assert second["id"] != first["id"]
    assert second["contextId"] == first["contextId"]
    await say(market, ann, "elsewhere", "Bob")
    found = await ask(market, ann, "list", context_id=first["contextId"])
    assert [task["id"] for task in found["tasks"]] == [second["id"], first["id"]]
    page = await market.call(ann, "task.list", context_id=first["contextId"])
    assert {task.task_id for task in page.tasks} == {first["id"], second["id"]}


async def test_task_is_visible_only_to_its_participants(market: Market) -> None:
    ann, bob, cora = [await market.agent(name) for name in ("Ann", "Bob", "Cora")]
    task = await say(market, ann, "x", "Bob")
    assert (await shown(market, bob, task["id"], agent="Bob"))["id"] == task["id"]
    for caller, agent in ((cora, None), (ann, "Cora"), (ann, "Nobody")):
        with pytest.raises(NotFound) as unknown:
            await shown(market, caller, task["id"], agent=agent)
        assert unknown.value.reason == "TASK_NOT_FOUND"
    assert (await ask(market, cora, "list"))["tasks"] == []
    with pytest.raises(PermissionDenied):
        await market.call(cora, "task.message", task_id=await _pooled(market, ann), text="me too")


async def _pooled(market: Market, caller: Any) -> str:
    return str((await market.call(caller, "task.assign", task_type="open")).task_id)


async def test_only_the_requester_cancels_a_task(market: Market) -> None:
    ann, bob, cora = [await market.agent(name) for name in ("Ann", "Bob", "Cora")]
    task = await say(market, ann, "x", "Bob")
    with pytest.raises(PermissionDenied):
        await ask(market, bob, "cancel", task_id=task["id"])
    with pytest.raises(NotFound):
        await ask(market, cora, "cancel", task_id=task["id"])
    cancelled = await ask(market, ann, "cancel", task_id=task["id"], metadata={"reason": "changed my mind"})
    assert state_of(cancelled) == "TASK_STATE_CANCELED"
    assert cancelled["status"]["message"]["parts"] == [{"text": "changed my mind"}]
    assert await shown(market, ann, task["id"]) == cancelled
    with pytest.raises(IllegalTransition) as refused:
        await ask(market, ann, "cancel", task_id=task["id"])
    assert refused.value.reason == "TASK_NOT_CANCELABLE"


async def test_history_length_limits_the_messages(market: Market) -> None:
    ann = await market.agent("Ann")
    await market.agent("Bob")
    task = await say(market, ann, "m0", "Bob")
    for number in range(1, 5):
        await say(market, ann, {"parts": [{"text": f"m{number}"}], "taskId": task["id"]})
    whole = await shown(market, ann, task["id"])
    assert texts(whole) == ["m0", "m1", "m2", "m3", "m4"]
    assert "history" not in await shown(market, ann, task["id"], history_length=0)
    assert texts(await shown(market, ann, task["id"], history_length=2)) == ["m3", "m4"]
    assert texts(await shown(market, ann, task["id"], history_length=5)) == texts(whole)
    assert texts(await shown(market, ann, task["id"], history_length=1000)) == texts(whole)
    assert "history" not in await say(market, ann, "other", "Bob", history_length=0)
    more = {"parts": [{"text": "m5"}], "taskId": task["id"]}
    assert texts(await say(market, ann, more, history_length=1)) == ["m5"]
    with pytest.raises(InvalidRequest):
        await shown(market, ann, task["id"], history_length=-1)


async def test_history_shows_the_newest_hundred_messages(market: Market) -> None:
    ann = await market.agent("Ann")
    await market.agent("Bob")
    task = await say(market, ann, "m0", "Bob")
    for number in range(1, 103):
        await market.call(ann, "task.message", task_id=task["id"], text=f"m{number}")
    found = texts(await shown(market, ann, task["id"]))
    assert found == [f"m{number}" for number in range(3, 103)]


async def test_artifact_chunks_are_merged(market: Market) -> None:
    ann, bob = await market.agent("Ann"), await market.agent("Bob")
    task = await say(market, ann, "x", "Bob")
    mine = {"task_id": task["id"]}
    await market.call(bob, "task.append", content="to", **mine)
    await market.call(bob, "task.append", content="ken", **mine)
    given = {"name": "report", "description": "of it", "artifact_id": "r", "metadata": {"v": 1}, "last": False}
    await market.call(bob, "task.artifact", text="part one ", extensions=["https://e.x/1"], **given, **mine)
    await market.call(bob, "task.artifact", parts=[{"data": {"n": 2}}], artifact_id="r", append=True, **mine)
    await market.call(bob, "task.artifact", text="replaced", artifact_id="s", **mine)
    await market.call(bob, "task.artifact", text="anew", artifact_id="s", **mine)
    entry = await market.call(bob, "task.artifact", text="unnamed", **mine)
    working = await shown(market, ann, task["id"])
    assert state_of(working) == "TASK_STATE_WORKING"
    report = {
        "artifactId": "r",
        "name": "report",
        "description": "of it",
        "parts": [{"text": "part one "}, {"data": {"n": 2}}],
        "metadata": {"v": 1},
        "extensions": ["https://e.x/1"],
    }
    expected = [
        {"artifactId": "output", "name": "output", "parts": [{"text": "token"}]},
        report,
        {"artifactId": "s", "parts": [{"text": "anew"}]},
        {"artifactId": entry.data["artifact"]["artifactId"], "parts": [{"text": "unnamed"}]},
    ]
    assert working["artifacts"] == expected
    await market.call(bob, "task.complete", result={"for": "those who read tasks"}, **mine)
    assert (await shown(market, ann, task["id"]))["artifacts"] == expected
    with pytest.raises(InvalidRequest):
        await market.call(bob, "task.artifact", text="x", append=True, **mine)
    with pytest.raises(IllegalTransition):
        await market.call(bob, "task.artifact", text="late", **mine)


async def test_workers_text_is_the_status_message(market: Market) -> None:
    ann, bob = await market.agent("Ann"), await market.agent("Bob")
    task = await say(market, ann, "x", "Bob")
    mine = {"task_id": task["id"]}
    await market.call(bob, "task.message", text="looking at it", metadata={"a": 1}, message_id="b1", **mine)
    said = (await shown(market, ann, task["id"]))["status"]["message"]
    assert said["parts"] == [{"text": "looking at it"}]
    assert (said["messageId"], said["metadata"], said["role"]) == ("b1", {"a": 1}, "ROLE_AGENT")
    await market.call(bob, "task.update", progress=50, notes="half", **mine)
    half = await shown(market, ann, task["id"])
    assert half["status"]["message"]["parts"] == [{"text": "half"}]
    assert half["metadata"]["agora"]["progress"] == 50
    assert texts(half) == ["x", "looking at it"]
    await market.call(bob, "task.fail", error="no luck", retry=False, **mine)
    failed = await shown(market, ann, task["id"])
    assert state_of(failed) == "TASK_STATE_FAILED"
    assert failed["status"]["message"]["parts"] == [{"text": "no luck"}]


async def test_every_task_status_maps_to_an_a2a_state(market: Market, upkeep: TaskDeadlineController) -> None:
    assert set(STATES) == set(TaskStatus)
    ann, bob = await market.agent("Ann"), await market.agent("Bob")
    told = {}
    for end in ("rejected", "failed", "cancelled", "completed"):
        task = await say(market, ann, "x", "Bob")
        caller = ann if end == "cancelled" else bob
        await market.call(caller, "task.update", task_id=task["id"], status=end, notes=f"it is {end}")
        told[end] = await shown(market, ann, task["id"])
        assert told[end]["status"]["message"]["parts"] == [{"text": f"it is {end}"}]
    soon = market.clock.now() + 10_000_000
    late = await market.call(ann, "task.assign", task_type="t", assignee="Bob", deadline=to_datetime(soon))
    lost = await market.call(ann, "task.assign", task_type="u", assignee="Bob", max_attempts=1)
    await claim(market, bob, task_types=["u"], lease_seconds=5)
    await pass_time(market, upkeep, 11)
    told |= {"expired": await shown(market, ann, late.task_id), "dead": await shown(market, ann, lost.task_id)}
    assert {name: state_of(task) for name, task in told.items()} == {
        "rejected": A2AState.REJECTED,
        "failed": A2AState.FAILED,
        "cancelled": A2AState.CANCELED,
        "completed": A2AState.COMPLETED,
        "expired": A2AState.FAILED,
        "dead": A2AState.FAILED,
    }
    assert "deadline" in told["expired"]["status"]["message"]["parts"][0]["text"]
    assert "lease" in told["dead"]["status"]["message"]["parts"][0]["text"]


async def test_task_of_another_protocol_is_readable_over_a2a(market: Market) -> None:
    ann, bob = await market.agent("Ann"), await market.agent("Bob")
    given = await market.call(ann, "task.assign", task_type="review", assignee="Bob", payload={"file": "spec.md"})
    task = await shown(market, ann, given.task_id, agent="Bob")
    assert task["contextId"] == f"ctx_{given.task_id[5:]}"
    assert task["history"][0]["parts"] == [{"data": {"file": "spec.md"}}]
    assert [found["id"] for found in (await ask(market, ann, "list"))["tasks"]] == [given.task_id]
    more = {"parts": [{"text": "hurry"}], "taskId": given.task_id}
    await say(market, ann, more)
    history = await market.call(bob, "task.history", task_id=given.task_id)
    assert [entry.type for entry in history.entries] == ["status", "message"]
    assert history.entries[1].data["parts"] == [{"text": "hurry"}]


@pytest.mark.parametrize(
    "message",
    [
        {"parts": []},
        {"parts": [{}]},
        {"parts": [{"text": "x", "data": 1}]},
        {"parts": [{"raw": "not base64!"}]},
        {"parts": [{"text": "x"}] * 101},
        {"parts": [{"url": "has space"}]},
        {"parts": [{"text": "nul\0"}]},
        {"parts": [{"data": float("nan")}]},
        {"parts": [{"text": "x"}], "role": "ROLE_ADMIN"},
        {"parts": [{"text": "x"}], "messageId": ""},
        {"parts": [{"text": "x"}], "messageId": "m" * 201},
        {"parts": [{"text": "x"}], "messageId": "new\nline"},
        {"parts": [{"text": "x"}], "contextId": ""},
        {"parts": [{"text": "x"}], "extensions": ["x"] * 51},
        {"parts": [{"text": "x"}], "metadata": {f"k{n}": n for n in range(101)}},
        {"messageId": "m"},
        "",
        7,
        None,
    ],
)
async def test_invalid_message_is_refused(market: Market, message: Any) -> None:
    with pytest.raises(InvalidRequest):
        await say(market, market.operator, message, "operator")


async def test_unknown_agent_is_reported(market: Market) -> None:
    for agent in ("Nobody", "agent_" + "0" * 32):
        with pytest.raises(NotFound) as unknown:
            await say(market, market.operator, "x", agent)
        assert unknown.value.errors[0]["field"] == "agent"
    await market.agent("Gone")
    await market.call(market.operator, "agent.deregister", agent_id="Gone")
    with pytest.raises(NotFound):
        await say(market, market.operator, "x", "Gone")


async def test_messages_of_a_task_are_bounded(market: Market) -> None:
    ann, bob = await market.agent("Ann"), await market.agent("Bob")
    limit = {"resource": "configuration", "target": "task_output_limit", "action": "set", "value": 2000}
    await market.call(market.operator, "admin.manage", **limit)
    task = await say(market, ann, "x", "Bob")
    await market.call(bob, "task.artifact", task_id=task["id"], text="a" * 1000)
    with pytest.raises(PayloadTooLarge):
        await market.call(bob, "task.message", task_id=task["id"], text="b" * 1000)
    with pytest.raises(PayloadTooLarge):
        await say(market, ann, {"parts": [{"text": "c" * 1000}], "taskId": task["id"]})
    assert len((await shown(market, ann, task["id"]))["artifacts"]) == 1


async def test_message_needs_exactly_one_of_text_and_parts(market: Market) -> None:
    ann, bob = await market.agent("Ann"), await market.agent("Bob")
    task = {"task_id": (await say(market, ann, "x", "Bob"))["id"]}
    for wrong in ({}, {"text": "x", "parts": [{"text": "y"}]}):
        for name in ("task.message", "task.artifact"):
            with pytest.raises(InvalidRequest):
                await market.call(bob, name, **wrong, **task)
    with pytest.raises(InvalidRequest):
        await market.call(ann, "task.message", text="x", status="input_required", **task)
    with pytest.raises(PermissionDenied):
        await market.call(ann, "task.artifact", text="x", **task)
