"""A remote agent works like a local one: the SDK's own server behind the marketplace, in every version and binding."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest
from pydantic_core import to_json

from agora.core.call import Caller
from agora.domains.a2a import messages
from tests.conformance.a2a.a2a_calls import ask, followed, say, shown, state_of, stream_of, texts
from tests.market import Market
from tests.unit.builtin_agents.remote.remote_calls import add, message, send, text_of
from tests.unit.builtin_agents.remote.scripted_agent import KINDS, Elsewhere, elsewhere


@pytest.fixture(params=KINDS)
async def far(request: pytest.FixtureRequest, market: Market) -> AsyncIterator[Elsewhere]:
    """A remote agent, added as ``Far``."""
    async with elsewhere(request.param) as found:
        await add(market, found.url)
        yield found


@pytest.fixture
async def near(market: Market) -> AsyncIterator[Elsewhere]:
    """The remote agent in the preferred version and binding."""
    async with elsewhere() as found:
        await add(market, found.url)
        yield found


async def test_answer_is_returned(market: Market, ann: Caller, far: Elsewhere) -> None:
    task = await send(market, ann, "echo hello")
    assert state_of(task) == "TASK_STATE_COMPLETED"
    assert task["artifacts"] == [{"artifactId": "echo", "name": "the echo", "parts": [{"text": "echo hello"}]}]
    plain = await market.call(ann, "task.get", task_id=task["id"])
    assert (plain.result, plain.status) == ("echo hello", "completed")


async def test_artifact_chunks_are_streamed(market: Market, ann: Caller, far: Elsewhere) -> None:
    task = await say(market, ann, "wait for me", "Far")
    stream = followed(market, ann, task["id"], last_event_id=str(task["metadata"]["agora"]["position"]))
    await far.script.waiting.wait()
    far.script.go_on.set()
    updates = [update for _, update in await stream]
    pieces = [update["artifactUpdate"] for update in updates if "artifactUpdate" in update]
    assert [(text_of(piece["artifact"]), piece.get("append", False)) for piece in pieces] == [
        ("before ", False),
        ("after", True),
    ]
    assert updates[-1]["statusUpdate"]["status"]["state"] == "TASK_STATE_COMPLETED"


async def test_task_with_progress_and_artifacts_is_relayed(market: Market, ann: Caller, far: Elsewhere) -> None:
    task = await send(market, ann, "stream a story")
    (artifact,) = task["artifacts"]
    assert text_of(artifact) == "piece 0 piece 1 piece 2 "
    assert texts(task) == ["stream a story", "on it"]
    assert task["status"]["message"]["parts"] == [{"text": "that is all"}]


@pytest.mark.parametrize(("word", "state"), [("ask", "INPUT_REQUIRED"), ("login", "AUTH_REQUIRED")])
async def test_questions_and_answers_are_relayed(
    market: Market, ann: Caller, far: Elsewhere, word: str, state: str
) -> None:
    task = await send(market, ann, f"{word} me")
    assert state_of(task) == f"TASK_STATE_{state}"
    question = "Which colour?" if word == "ask" else "Who are you?"
    assert task["status"]["message"]["parts"] == [{"text": question}]
    done = await send(market, ann, message("green", taskId=task["id"]))
    assert state_of(done) == "TASK_STATE_COMPLETED"
    assert text_of(done["artifacts"][0]) == "You said green."
    first, second = far.script.heard
    assert second["taskId"] not in (task["id"], "")
    assert second["messageId"] != first["messageId"]


@pytest.mark.parametrize(
    ("word", "state", "said"),
    [
        ("fail", "TASK_STATE_FAILED", "It broke."),
        ("reject", "TASK_STATE_REJECTED", "Not for me."),
        ("say", "TASK_STATE_COMPLETED", "only said"),
    ],
)
async def test_every_final_state_is_relayed(
    market: Market, ann: Caller, far: Elsewhere, word: str, state: str, said: str
) -> None:
    task = await send(market, ann, f"{word} so")
    assert state_of(task) == state
    assert task["status"]["message"]["parts"] == [{"text": said}]


async def test_message_may_be_the_answer(market: Market, ann: Caller, far: Elsewhere) -> None:
    """A requester that waits or streams gets a message; the task is kept for later reads."""
    for options in ({}, {"return_immediately": True}):
        answer = await ask(market, ann, "send", message="direct", agent="Far", **options)
        message = answer["message"]
        assert (message["messageId"], message["role"], message["parts"]) == (
            "direct",
            "ROLE_AGENT",
            [{"text": "straight"}],
        )
        task = await market.call(ann, "task.get", task_id=message["metadata"]["agora"]["task"])
        assert (task.status, task.result) == ("completed", "straight")


async def test_remote_task_is_shown_as_soon_as_it_exists(
    market: Market, ann: Caller, far: Elsewhere, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(messages, "DIRECT_ANSWER_SECONDS", 3600.0)  # so that only the task ends the wait for a message
    task = await say(market, ann, "hold still", "Far", wait=3600.0)
    assert state_of(task) == "TASK_STATE_SUBMITTED"
    far.script.go_on.set()
    await market.app.agent_host.wait_until_idle()
    assert state_of(await shown(market, ann, task["id"])) == "TASK_STATE_COMPLETED"


async def test_cancellation_is_relayed(market: Market, ann: Caller, far: Elsewhere) -> None:
    task = await say(market, ann, "wait for nothing", "Far")
    await far.script.waiting.wait()
    cancelled = await ask(market, ann, "cancel", task_id=task["id"])
    assert state_of(cancelled) == "TASK_STATE_CANCELED"
    await market.app.agent_host.wait_until_idle()
    (there,) = far.script.cancelled
    assert there != task["id"]


@pytest.mark.parametrize("kind", KINDS)
async def test_agent_without_streams_is_polled(market: Market, ann: Caller, kind: str) -> None:
    async with elsewhere(kind, streams=False) as far:
        await add(market, far.url)
        task = await say(market, ann, "wait a bit", "Far")
        await far.script.waiting.wait()
        far.script.go_on.set()
        done = await shown(market, ann, task["id"], wait=30)
        assert text_of(done["artifacts"][0]) == "before after"
        question = await send(market, ann, "ask me")
        answered = await send(market, ann, message("blue", taskId=question["id"]))
        assert text_of(answered["artifacts"][0]) == "You said blue."


@pytest.mark.parametrize("kind", KINDS)
async def test_cancellation_is_relayed_without_streams(market: Market, ann: Caller, kind: str) -> None:
    async with elsewhere(kind, streams=False) as far:
        await add(market, far.url)
        task = await say(market, ann, "wait for nothing", "Far")
        async for item in await stream_of(market, ann, task["id"]):
            if item.kind == "artifactUpdate":
                break
        await ask(market, ann, "cancel", task_id=task["id"])
        await market.app.agent_host.wait_until_idle()
        assert len(far.script.cancelled) == 1


async def test_conversation_continues_at_the_remote_agent(market: Market, ann: Caller, far: Elsewhere) -> None:
    first = await send(market, ann, message("echo one", contextId="ours"))
    second = await send(market, ann, message("echo two", contextId="ours"))
    own = await send(market, ann, "echo three")
    again = await send(market, ann, message("echo four", contextId=own["contextId"]))
    assert first["contextId"] == second["contextId"] == "ours"
    assert again["contextId"] == own["contextId"]
    heard = far.script.heard
    there = [said.get("contextId") for said in heard]
    assert there[0] == there[1] != "ours"
    assert there[2] == there[3] != there[0]
    bob = await market.agent("Bob")
    await send(market, bob, message("echo five", contextId="ours"))
    assert heard[4]["contextId"] not in there[:4]


async def test_remote_ids_are_hidden(market: Market, ann: Caller, near: Elsewhere) -> None:
    task = await send(market, ann, "stream secretly")
    (there,) = near.script.heard
    document = to_json([task, await ask(market, ann, "card", agent="Far")]).decode()
    assert there["contextId"] not in document
    assert near.url not in document
    stored = await market.call(ann, "task.get", task_id=task["id"])
    kept = stored.checkpoint
    assert set(kept) == {"task", "context", "said"}
    assert kept["task"] not in document


async def test_references_are_mapped_to_remote_tasks(market: Market, ann: Caller, near: Elsewhere) -> None:
    first = await send(market, ann, "echo one")
    kept = (await market.call(ann, "task.get", task_id=first["id"])).checkpoint
    await send(market, ann, message("echo two", referenceTaskIds=[first["id"], "task_of_nobody"]))
    assert near.script.heard[1]["referenceTaskIds"] == [kept["task"]]


async def test_message_fields_besides_parts_are_relayed(market: Market, ann: Caller, near: Elsewhere) -> None:
    said = {"parts": [{"data": {"a": [1]}}, {"text": "echo"}], "metadata": {"mine": "yes"}, "messageId": "of-ann"}
    await ask(market, ann, "send", message=said, agent="Far", metadata={"trace": "t1"})
    (heard,) = near.script.heard
    assert heard["metadata"] == {"mine": "yes"}
    assert heard["parts"][0] == {"data": {"a": [1.0]}}
    assert heard["messageId"] != "of-ann"  # two requesters may use equal ids


async def test_only_configured_credentials_are_sent(market: Market, ann: Caller) -> None:
    async with elsewhere() as far:
        added = await add(market, far.url, headers={"Authorization": "Bearer kept", "X-Key": "k"})
        await send(market, ann, "echo hello")
        assert {headers.get("authorization") for _, _, headers in far.requests} == {"Bearer kept"}
        assert {headers.get("x-key") for _, _, headers in far.requests} == {"k"}
        assert "kept" not in added.model_dump_json()


async def test_remote_agent_is_reachable_over_every_protocol(market: Market, ann: Caller, near: Elsewhere) -> None:
    receipt = await market.call(ann, "task.assign", task_type="play", assignee="Far", payload={"text": "echo plainly"})
    await market.app.agent_host.wait_until_idle()
    assert (await market.call(ann, "task.get", task_id=receipt.task_id)).result == "echo plainly"
    sent = await market.call(ann, "messaging.send", to_agent="Far", content="echo by mail")
    await market.app.agent_host.wait_until_idle()
    inbox = await market.call(ann, "messaging.receive")
    assert [(m.content, m.reply_to) for m in inbox.messages] == [("echo by mail", sent.message_id)]


async def test_concurrent_tasks_share_connections(market: Market, ann: Caller, near: Elsewhere) -> None:
    tasks = await asyncio.gather(*(send(market, ann, f"echo {number}") for number in range(40)))
    assert [text_of(task["artifacts"][0]) for task in tasks] == [f"echo {number}" for number in range(40)]
