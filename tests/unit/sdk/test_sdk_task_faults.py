"""Failures of the network, the server or the handler during an agent's tasks: scripted answers over real sockets."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from agora_sdk import Agent, AgoraClient, PermanentFailure, TaskRun
from agora_sdk.backoff import Backoff
from agora_sdk.errors import (
    AgoraError,
    IllegalTransition,
    InternalError,
    NotFound,
    Overloaded,
    PayloadTooLarge,
    PermissionDenied,
    RateLimited,
    StaleLease,
)
from tests.unit.sdk.scripted_server import NOW, Seen, Wire, agent_answer, event, page

WAIT = 60
TASK = "task_" + "1" * 32
CLAIM, RENEW, UPDATE, APPEND = "/agora/task/claim", "/agora/task/renew", "/agora/task/update", "/agora/task/append"
COMPLETE, FAIL, RELEASE = "/agora/task/complete", "/agora/task/fail", "/agora/task/release"


class Worker(Agent):
    """Acts as the test requires."""

    backoff = Backoff(first=0.0)

    def __init__(self, work: Callable[[TaskRun], Any], **options: Any) -> None:
        super().__init__(name="Ada", **options)
        self.work = work
        self.begun, self.over = asyncio.Event(), asyncio.Event()
        self.ends: list[str] = []

    async def on_task(self, task: TaskRun) -> Any:
        self.begun.set()
        try:
            result = await self.work(task)
        except asyncio.CancelledError:
            self.ends.append("cancelled")
            raise
        except Exception as error:
            self.ends.append(type(error).__name__)
            raise
        else:
            self.ends.append("returned")
            return result
        finally:
            self.over.set()


def claimed(**changes: Any) -> dict[str, Any]:
    """Return a task as in the answer of a claim; its lease is so short that it is renewed continuously."""
    return {
        "task_id": TASK,
        "task_type": "test",
        "payload": {"n": 1},
        "status": "in_progress",
        "created_by": "agent_" + "b" * 32,
        "created_at": NOW,
        "updated_at": NOW,
        "fencing_token": 7,
        "lease_seconds": 0,
        "lease_expires_at": NOW,
    } | changes


def updated(**changes: Any) -> dict[str, Any]:
    return {"updated_at": NOW, "task_id": TASK, "status": "in_progress", "progress": 0.0} | changes


@pytest.fixture
def script(wire: Wire) -> Wire:
    """A server with one task, which it returns once."""
    wire.answer("/agents/register", agent_answer())
    wire.answer("/agora/messaging/receive", page("messages", []))
    wire.answer(
        "/agora/agent/heartbeat", {"agent_id": "x", "status": "offline", "last_activity": NOW, "next_before": NOW}
    )
    wire.answer("/agora/task/history", page("entries", []))
    wire.answer(CLAIM, {"tasks": [claimed()], "count": 1}, {"tasks": [], "count": 0})
    return wire


@asynccontextmanager
async def working(wire: Wire, work: Callable[[TaskRun], Any], **attributes: Any) -> AsyncIterator[Worker]:
    """Run an agent until the block ends."""
    async with AgoraClient(wire.url, retries=0) as client:
        agent = Worker(work, client=client)
        for name, value in attributes.items():
            setattr(agent, name, value)
        life = asyncio.create_task(agent.serve())
        try:
            yield agent
            agent.stop()
            await asyncio.wait_for(life, WAIT)
        finally:
            life.cancel()
            await asyncio.gather(life, return_exceptions=True)


async def asked(wire: Wire, path: str, count: int = 1) -> list[Seen]:
    """Wait for that number of requests of a kind."""
    await asyncio.to_thread(wire.wait_for, lambda: len(wire.of(path)) >= count)
    return wire.of(path)


async def forever(task: TaskRun) -> None:
    await asyncio.Event().wait()


async def test_return_value_of_the_handler_completes_the_task(script: Wire) -> None:
    async def work(task: TaskRun) -> Any:
        return {"double": task.payload["n"] * 2}  # type: ignore[operator]

    script.answer(RENEW, claimed())
    script.answer(COMPLETE, updated(status="completed"))
    async with working(script, work):
        (seen, *more) = await asked(script, COMPLETE)
    assert (seen.body, more) == ({"task_id": TASK, "result": {"double": 2}, "fencing_token": 7}, [])
    assert script.of(CLAIM)[0].body == {"limit": 1, "wait": 25.0, "lease_seconds": 60}


async def test_claims_follow_the_class_attributes(script: Wire) -> None:
    script.answer(RENEW, claimed())
    script.answer(RELEASE, updated(status="pending"))
    registered = {"worker_id": "wrk_1", "worker_name": "gpu-1", "owner": "x", "registered_at": NOW, "last_seen": NOW}
    script.answer("/v1/agent/workers/register", registered)
    said = {"task_types": ["a", "b"], "models": ["m"], "lease_seconds": 9, "worker": "gpu-1"}
    async with working(script, forever, max_concurrent_tasks=4, stop_seconds=0, **said) as agent:
        await agent.begun.wait()
        await asked(script, CLAIM, 2)
    first, second = script.of(CLAIM)[:2]
    assert first.body == {"limit": 4, "wait": 25.0, **said}
    assert second.body["limit"] == 3, "a place is taken"
    assert script.of("/v1/agent/workers/register")[0].body == {"worker_name": "gpu-1", "models": ["m"]}


async def test_agent_without_on_task_claims_nothing(script: Wire) -> None:
    listening = asyncio.Event()

    class Silent(Agent):
        async def on_start(self) -> None:
            listening.set()

    async with AgoraClient(script.url) as client:
        agent = Silent(client=client, name="Ada")
        life = asyncio.create_task(agent.serve())
        await asyncio.to_thread(script.wait_for_streams, 1)
        await listening.wait()
        agent.stop()
        await asyncio.wait_for(life, WAIT)
    assert not script.of(CLAIM)
    assert "agora.task" not in str(script.streams[0].query)


async def test_no_claim_is_sent_at_full_capacity(script: Wire) -> None:
    script.answer(RENEW, claimed())
    script.answer(RELEASE, updated(status="pending"))
    async with working(script, forever, stop_seconds=0) as agent:
        await agent.begun.wait()
        await asked(script, RENEW, 20)
        assert agent.load == 1.0
        assert len(script.of(CLAIM)) == 1


async def test_lost_answer_to_a_claim_is_requested_again_with_its_key(script: Wire) -> None:
    script.answers[CLAIM].clear()
    script.answer(CLAIM, Overloaded("no"), InternalError("no"), {"tasks": [claimed()], "count": 1}, {"tasks": []})
    script.answer(RENEW, claimed())
    script.answer(RELEASE, updated(status="pending"))
    async with working(script, forever, max_concurrent_tasks=2, stop_seconds=0) as agent:
        await agent.begun.wait()
        await asked(script, CLAIM, 4)
    keys = [seen.headers["idempotency-key"] for seen in script.of(CLAIM)[:4]]
    assert len(set(keys[:3])) == 1
    assert keys[3] != keys[0]
    assert [seen.body["limit"] for seen in script.of(CLAIM)[:4]] == [2, 2, 2, 1], "one key, one request"


class Unanswered(Response):
    """An answer that does not arrive while the client is connected."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        while (await receive())["type"] != "http.disconnect":
            pass


async def test_task_claimed_during_a_stop_is_released(script: Wire) -> None:
    """The response with the lease was in transit: the agent requests it again with the same key, without waiting."""
    script.answers[CLAIM].clear()
    script.answer(CLAIM, Unanswered(), {"tasks": [claimed()], "count": 1})
    script.answer(RELEASE, updated(status="pending"))
    async with working(script, forever) as agent:
        await asked(script, CLAIM)
    first, second = script.of(CLAIM)
    assert first.headers["idempotency-key"] == second.headers["idempotency-key"]
    assert (first.body, second.body) == ({**second.body, "wait": 25.0}, {**first.body, "wait": 0})
    (release,) = script.of(RELEASE)
    assert (release.body["task_id"], release.body["fencing_token"]) == (TASK, 7)
    assert not agent.begun.is_set()


async def test_permanently_refused_claim_ends_the_agent(script: Wire) -> None:
    script.answers[CLAIM].clear()
    script.answer(CLAIM, PermissionDenied("no tasks for you"))
    async with AgoraClient(script.url, retries=0) as client:
        with pytest.raises(PermissionDenied, match="no tasks for you"):
            await asyncio.wait_for(Worker(forever, client=client).serve(), WAIT)


@pytest.mark.parametrize(
    ("raised", "body"),
    [
        (ValueError("no such row"), {"error": "ValueError: no such row"}),
        (ValueError("nul \x00 and lone \ud800"), {"error": "ValueError: nul  and lone ?"}),
        (PermanentFailure("the file is empty"), {"error": "the file is empty", "retry": False}),
        (PermanentFailure(), {"error": "PermanentFailure", "retry": False}),
        (NotFound("no such agent"), {"error": "NotFound: no such agent"}),
    ],
)
async def test_exception_of_the_handler_fails_the_attempt(
    script: Wire, raised: Exception, body: dict[str, Any]
) -> None:
    async def work(task: TaskRun) -> None:
        raise raised

    script.answer(RENEW, claimed())
    script.answer(FAIL, updated(status="pending"))
    async with working(script, work):
        (seen, *more) = await asked(script, FAIL)
    assert (seen.body, more) == ({"task_id": TASK, "fencing_token": 7, **body}, [])
    assert not script.of(COMPLETE)


@pytest.mark.parametrize("raised", [RateLimited("slowly"), Overloaded("full"), asyncio.CancelledError()])
async def test_external_failure_defers_the_task(script: Wire, raised: BaseException) -> None:
    async def work(task: TaskRun) -> None:
        raise raised

    script.answer(RENEW, claimed())
    script.answer(RELEASE, updated(status="pending"))
    async with working(script, work):
        (seen, *_) = await asked(script, RELEASE)
    assert seen.body["fencing_token"] == 7
    assert not script.of(FAIL)


async def test_handler_that_was_not_cancelled_by_the_agent_defers_the_task_with_a_delay(script: Wire) -> None:
    async def work(task: TaskRun) -> None:
        child = asyncio.create_task(asyncio.Event().wait())
        child.cancel()
        await child  # raises CancelledError, and the agent goes on

    script.answer(RENEW, claimed())
    script.answer(RELEASE, updated(status="pending"))
    async with working(script, work):
        (seen, *_) = await asked(script, RELEASE)
    assert seen.body["delay"] == Backoff().most, "without a delay it would be claimed and released in a loop"
    assert "stopped" not in seen.body["reason"]


@pytest.mark.parametrize("message", [{"parts": 5}, {"metadata": "x"}, {"parts": [{"text": "a", "metadata": [1]}]}])
async def test_malformed_message_of_a_requester_does_not_end_the_agent(script: Wire, message: Any) -> None:
    async def work(task: TaskRun) -> Any:
        return task.message.text

    script.answers[CLAIM].clear()
    script.answer(CLAIM, {"tasks": [claimed(payload={"message": message})], "count": 1}, {"tasks": [], "count": 0})
    script.answer(RENEW, claimed())
    script.answer(COMPLETE, updated(status="completed"))
    async with working(script, work):
        (seen, *_) = await asked(script, COMPLETE)
    assert seen.body["result"] == ("a" if isinstance(message.get("parts"), list) else "")


@pytest.mark.parametrize("path", [COMPLETE, FAIL, RELEASE])
async def test_outcome_is_repeated_with_one_key_until_answered(script: Wire, path: str) -> None:
    async def work(task: TaskRun) -> None:
        if path == FAIL:
            raise ValueError
        if path == RELEASE:
            raise asyncio.CancelledError

    script.answer(RENEW, claimed())
    script.answer(path, *[Overloaded("busy")] * 8, updated())
    async with working(script, work):
        await asked(script, path, 9)
    assert len({seen.headers["idempotency-key"] for seen in script.of(path)}) == 1
    assert len({str(seen.body) for seen in script.of(path)}) == 1
    assert len(script.of(path)) == 9


async def test_call_that_always_fails_is_not_retried_forever(script: Wire) -> None:
    async def work(task: TaskRun) -> str:
        return "poison"

    script.answer(RENEW, claimed())
    script.answer(COMPLETE, InternalError("cannot"))
    async with working(script, work) as agent:
        await agent.over.wait()
        await asked(script, CLAIM, 2)
    assert len(script.of(COMPLETE)) == 6


async def test_lease_is_renewed_after_an_outage_while_the_handler_continues(script: Wire) -> None:
    async def work(task: TaskRun) -> None:
        await asked(script, RENEW, 12)

    script.answer(RENEW, *[Overloaded("away")] * 10, claimed())
    script.answer(COMPLETE, updated(status="completed"))
    async with working(script, work) as agent:
        await asked(script, COMPLETE)
    assert agent.ends == ["returned"]
    assert script.of(RENEW)[0].body == {"task_id": TASK, "fencing_token": 7}
    assert "idempotency-key" not in script.of(RENEW)[0].headers, "renewals leave nothing behind"


@pytest.mark.parametrize(
    "answer",
    [
        StaleLease("another has it"),
        IllegalTransition("it has ended", allowed=[]),
        NotFound("gone"),
        PermissionDenied("not any more"),
    ],
    ids=["stale", "ended", "gone", "denied"],
)
async def test_handler_is_cancelled_after_a_lost_lease_without_further_writes(script: Wire, answer: AgoraError) -> None:
    script.answer(RENEW, claimed(), claimed(), answer)
    async with working(script, forever) as agent:
        await asyncio.wait_for(agent.over.wait(), WAIT)
        await asked(script, CLAIM, 2)
    assert agent.ends == ["cancelled"]
    assert len(script.of(RENEW)) == 3
    assert not [seen for path in (COMPLETE, FAIL, RELEASE) for seen in script.of(path)]


async def test_write_with_an_old_token_ends_even_a_handler_that_ignores_it(script: Wire) -> None:
    async def work(task: TaskRun) -> str:
        with pytest.raises(StaleLease):
            await task.report(50)
        with pytest.raises(StaleLease):
            await task.write("I go on")
        return "not to be stored"

    script.answers[CLAIM].clear()
    script.answer(CLAIM, {"tasks": [claimed(lease_seconds=3600)], "count": 1}, {"tasks": [], "count": 0})
    script.answer(UPDATE, StaleLease("another has it"))
    async with working(script, work) as agent:
        await agent.over.wait()
        await asked(script, CLAIM, 2)
    assert len(script.of(UPDATE)) == 1
    assert not [seen for path in (RENEW, APPEND, COMPLETE, FAIL, RELEASE) for seen in script.of(path)]


async def test_event_about_the_task_triggers_an_immediate_check(script: Wire) -> None:
    script.answers[CLAIM].clear()
    script.answer(CLAIM, {"tasks": [claimed(lease_seconds=3600)], "count": 1}, {"tasks": [], "count": 0})
    script.answer(RENEW, StaleLease("cancelled"))
    async with working(script, forever) as agent:
        await asyncio.to_thread(script.wait_for_streams, 1)
        await agent.begun.wait()
        other = event(1, "agora.task.cancelled", subject="task_" + "2" * 32)
        await asyncio.to_thread(script.publish, other, event(2, "agora.task.cancelled", subject=TASK))
        await asyncio.wait_for(agent.over.wait(), WAIT)
    assert agent.ends == ["cancelled"]
    assert len(script.of(RENEW)) == 1


async def test_refused_write_is_raised_in_the_handler(script: Wire) -> None:
    async def work(task: TaskRun) -> str:
        with pytest.raises(IllegalTransition):
            await task.report(10)
        with pytest.raises(PayloadTooLarge):
            await task.write("too much")
        return "done"

    script.answer(RENEW, claimed())
    script.answer(UPDATE, IllegalTransition("progress goes up"))
    script.answer(APPEND, PayloadTooLarge("the output is full"))
    script.answer(COMPLETE, updated(status="completed"))
    async with working(script, work):
        (seen, *_) = await asked(script, COMPLETE)
    assert seen.body["result"] == "done"


@pytest.mark.parametrize("result", [object(), {1: {2}}, float("nan")])
async def test_unstorable_result_fails_the_task_permanently(script: Wire, result: Any) -> None:
    async def work(task: TaskRun) -> Any:
        return result

    script.answer(RENEW, claimed())
    script.answer(FAIL, updated(status="failed"))
    async with working(script, work):
        (seen, *_) = await asked(script, FAIL)
    assert seen.body["retry"] is False
    assert "result" in seen.body["error"]


async def test_progress_output_and_checkpoints_carry_the_token_and_offset(script: Wire) -> None:
    sizes = iter((100 + 262_144, 100 + 262_145))

    async def work(task: TaskRun) -> None:
        assert (task.output_size, task.checkpoint) == (100, {"at": 1})
        await task.report(25, "a quarter", milestone="read")
        assert task.progress == 25
        await task.write("x" * 262_144 + "y")
        await task.save({"at": 2})
        await task.save({"at": 3})
        assert (task.output_size, task.checkpoint) == (100 + 262_145, {"at": 3})

    script.answers[CLAIM].clear()
    task = claimed(lease_seconds=3600, output_size=100, checkpoint={"at": 1})
    script.answer(CLAIM, {"tasks": [task], "count": 1}, {"tasks": [], "count": 0})
    script.answer(UPDATE, Overloaded("busy"), updated(progress=25.0))
    script.answer(
        APPEND,
        lambda seen: {
            "task_id": TASK,
            "content": "",
            "offset": seen.body["offset"],
            "next_offset": (size := next(sizes)),
            "size": size,
        },
    )
    script.answer(RENEW, claimed())
    script.answer(COMPLETE, updated(status="completed"))
    async with working(script, work):
        await asked(script, COMPLETE)
    assert script.of(UPDATE)[1].body == {
        "task_id": TASK,
        "fencing_token": 7,
        "progress": 25.0,
        "notes": "a quarter",
        "milestone": "read",
    }
    assert [(seen.body["offset"], len(seen.body["content"])) for seen in script.of(APPEND)] == [
        (100, 262_144),
        (100 + 262_144, 1),
    ]
    assert {seen.body["fencing_token"] for seen in script.of(APPEND)} == {7}
    saved = [(seen.body["checkpoint"], seen.body["checkpoint_number"]) for seen in script.of(RENEW)]
    assert saved == [({"at": 2}, 7_000_001), ({"at": 3}, 7_000_002)]


async def test_stopping_agent_releases_tasks_that_take_too_long(script: Wire) -> None:
    script.answer(RENEW, claimed())
    script.answer(RELEASE, Overloaded("busy"), updated(status="pending"))
    async with working(script, forever, stop_seconds=0.01) as agent:
        await agent.begun.wait()
    assert agent.ends == ["cancelled"]
    assert len(script.of(RELEASE)) == 2
    assert script.of(RELEASE)[-1].body["fencing_token"] == 7


async def test_stopping_agent_waits_for_handlers_and_renews_leases(script: Wire) -> None:
    release = asyncio.Event()

    async def work(task: TaskRun) -> str:
        await release.wait()
        return "in time"

    script.answer(RENEW, claimed())
    script.answer(COMPLETE, updated(status="completed"))
    async with working(script, work) as agent:
        await agent.begun.wait()
        agent.stop()
        before = len(script.of(RENEW))
        await asked(script, RENEW, before + 10)
        release.set()
        await asked(script, COMPLETE)
    assert agent.ends == ["returned"]
    assert not script.of(RELEASE)


def test_synchronous_on_task_is_refused() -> None:
    with pytest.raises(TypeError, match=r"Wrong\.on_task must be declared with 'async def'"):

        class Wrong(Agent):
            def on_task(self, task: TaskRun) -> Any:  # type: ignore[override]
                """Not a coroutine function."""
