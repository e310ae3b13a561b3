"""Delivery of A2A messages to agents: media types, required extensions, and agents that use messages instead of tasks."""

from __future__ import annotations

import pytest

from agora_sdk.errors import InvalidRequest
from tests.conformance.a2a.a2a_calls import say, shown, state_of, texts
from tests.conformance.engines import RunsOn
from tests.market import Market

RUNS_ON = RunsOn.BOTH_IF_LONG


async def test_unsupported_media_types_are_refused(market: Market) -> None:
    ann = await market.agent("Ann")
    await market.agent("Bob", metadata={"a2a": {"input_modes": ["text/*", "application/json"]}})
    await market.agent("Painter")
    picture = {"parts": [{"text": "see"}, {"raw": "aGVsbG8=", "mediaType": "image/png"}]}
    with pytest.raises(InvalidRequest) as refused:
        await say(market, ann, picture, "Bob")
    assert refused.value.reason == "CONTENT_TYPE_NOT_SUPPORTED"
    assert refused.value.errors[0]["field"] == "message.parts.1.mediaType"
    assert await say(market, ann, picture, "Painter")
    assert await say(market, ann, {"parts": [{"text": "x", "mediaType": "Text/Markdown; charset=utf-8"}]}, "Bob")


async def test_missing_required_extension_is_refused(market: Market) -> None:
    ann, bob = await market.agent("Ann"), await market.agent("Bob")
    uri = "https://example.com/ext/v1"
    extensions = [{"uri": uri, "required": True}, {"uri": "https://example.com/other", "required": False}]
    await market.call(bob, "a2a.set_card", card={"capabilities": {"extensions": extensions}})
    with pytest.raises(InvalidRequest) as refused:
        await say(market, ann, "x", "Bob")
    assert refused.value.reason == "EXTENSION_SUPPORT_REQUIRED"
    task = await say(market, ann, "x", "Bob", extensions=["https://example.com/z", uri])
    with pytest.raises(InvalidRequest):
        await say(market, ann, {"parts": [{"text": "y"}], "taskId": task["id"]})
    assert await say(market, ann, {"parts": [{"text": "y"}], "taskId": task["id"], "extensions": [uri]})


async def test_agent_without_tasks_receives_messages_and_replies(market: Market) -> None:
    ann = await market.agent("Ann")
    bob = await market.agent("Bob", metadata={"a2a": {"deliver": "message"}})
    task = await say(market, ann, {"parts": [{"text": "hello"}], "contextId": "c9", "messageId": "m9"}, "Bob")
    (mail,) = (await market.call(bob, "messaging.receive")).messages
    assert (mail.content, mail.correlation_id, mail.message_type) == ("hello", "c9", "a2a")
    assert mail.metadata["a2a"]["task_id"] == task["id"]
    assert mail.metadata["a2a"]["message"]["messageId"] == "m9"
    question = {"metadata": {"a2a": {"status": "input_required"}}, "reply_to": mail.message_id}
    await market.call(bob, "messaging.send", to_agent="Ann", content="which?", **question)
    asked = await shown(market, ann, task["id"])
    assert state_of(asked) == "TASK_STATE_INPUT_REQUIRED"
    assert asked["status"]["message"]["parts"] == [{"text": "which?"}]
    await say(market, ann, {"parts": [{"text": "that"}], "taskId": task["id"]})
    _, second = (await market.call(bob, "messaging.receive")).messages
    await market.call(bob, "messaging.send", to_agent="Ann", content="here", reply_to=second.message_id)
    done = await shown(market, ann, task["id"])
    assert state_of(done) == "TASK_STATE_COMPLETED"
    assert done["artifacts"][0]["parts"] == [{"text": "here"}]
    assert texts(done) == ["hello", "which?", "that"]
    await market.call(bob, "messaging.send", to_agent="Ann", content="again", reply_to=second.message_id)
    assert await shown(market, ann, task["id"]) == done


async def test_forged_message_does_not_complete_a_task(market: Market) -> None:
    ann, mallory = await market.agent("Ann"), await market.agent("Mallory")
    bob = await market.agent("Bob", metadata={"a2a": {"deliver": "message"}})
    task = await say(market, ann, "hello", "Bob")
    forged = {"message_type": "a2a", "metadata": {"a2a": {"task_id": task["id"]}}}
    sent = await market.call(mallory, "messaging.send", to_agent="Bob", content="psst", **forged)
    await market.call(bob, "messaging.send", to_agent="Mallory", content="what?", reply_to=sent.message_id)
    sent = await market.call(ann, "messaging.send", to_agent="Mallory", content="psst", **forged)
    await market.call(mallory, "messaging.send", to_agent="Ann", content="mine!", reply_to=sent.message_id)
    assert state_of(await shown(market, ann, task["id"])) == "TASK_STATE_SUBMITTED"
