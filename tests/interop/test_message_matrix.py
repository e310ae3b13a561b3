"""The interop matrix: data sent over any protocol is observed completely over every other."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from tests.interop.conftest import Parties
from tests.interop.connectors import CONNECTORS, Connector

SENDERS = [name for name, connector in CONNECTORS.items() if connector.sends]
OBSERVERS = [name for name, connector in CONNECTORS.items() if connector.observes]
CONTENT = 'Grüße, 世界 🚀 "quoted" \\ <script>\n\ttab'


#: every pair of protocols; in the ordinary run, pairs with plain HTTP at one end represent the rest
DIALOGUES = [
    pytest.param(giver, doer, marks=() if "rest" in (giver, doer) else pytest.mark.long)
    for giver in SENDERS
    for doer in SENDERS
]
pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest.mark.parametrize("observer_kind", OBSERVERS)
@pytest.mark.parametrize("sender_kind", SENDERS)
async def test_message_is_equal_over_every_protocol(parties: Parties, sender_kind: str, observer_kind: str) -> None:
    sender, observer = await parties.get(sender_kind, "Sender"), await parties.get(observer_kind, "Observer")
    arguments: dict[str, Any] = {
        "to_agent": observer.agent_name,
        "content": CONTENT,
        "message_type": "alert",
        "priority": "urgent",
        "correlation_id": "exchange-1",
        "metadata": {"nested": {"list": [1, 2.5, None, True]}},
    }
    receipt = await sender.call("agora.messaging.send", arguments)
    message = await observer.message(receipt["message_id"])
    assert message["from_agent"] == sender.agent_id
    assert message["from_name"] == sender.agent_name
    for name in ("content", "message_type", "priority", "correlation_id", "metadata"):
        assert message[name] == arguments[name]
    assert message["timestamp"] == receipt["timestamp"]


@pytest.mark.parametrize("observer_kind", OBSERVERS)
async def test_message_of_a_v4_agent_is_equal_over_every_protocol(parties: Parties, observer_kind: str) -> None:
    observer = await parties.get(observer_kind, "Observer")
    path, args = "/v4/call/agora-marketplace/send_agent_message", ["V4Agent", observer.agent_name, "alert", CONTENT, 4]
    async with httpx.AsyncClient(base_url=observer.url) as http:
        answer = (await http.post(path, json={"args": args})).json()
    assert answer["success"], answer
    message = await observer.message(answer["message_id"])
    assert (message["from_name"], message["content"], message["message_type"]) == ("V4Agent", CONTENT, "alert")
    assert (message["priority"], message["timestamp"]) == ("urgent", answer["timestamp"])


@pytest.mark.parametrize("observer_kind", OBSERVERS)
@pytest.mark.parametrize("sender_kind", SENDERS)
async def test_event_is_equal_over_every_protocol(parties: Parties, sender_kind: str, observer_kind: str) -> None:
    sender, observer = await parties.get(sender_kind, "Sender"), await parties.get(observer_kind, "Observer")
    data = {"text": CONTENT, "numbers": [1, 2.5], "nothing": None}
    receipt = await sender.call(
        "agora.event.publish", {"event_type": "build.finished", "data": data, "subject": "build-7"}
    )
    event = await observer.event(receipt["event_id"])
    assert event["type"] == "build.finished"
    assert event["source"] == f"/agora/agents/{sender.agent_id}"
    assert (event["subject"], event["data"], event["specversion"]) == ("build-7", data, "1.0")
    assert event["time"] == receipt["timestamp"]


@pytest.mark.parametrize("doer_kind", SENDERS)
@pytest.mark.parametrize("giver_kind", SENDERS)
async def test_task_is_equal_over_every_protocol(parties: Parties, giver_kind: str, doer_kind: str) -> None:
    giver, doer = await parties.get(giver_kind, "Giver"), await parties.get(doer_kind, "Doer")
    payload = {"text": CONTENT, "nested": {"list": [1, 2.5, None, True]}}
    arguments = {"task_type": "review", "payload": payload, "assignee": doer.agent_name, "priority": "high"}
    receipt = await giver.call("agora.task.assign", arguments)
    (task,) = (await doer.call("agora.task.claim", {"wait": 30, "lease_seconds": 600}))["tasks"]
    assert (task["task_id"], task["payload"], task["priority"]) == (receipt["task_id"], payload, "high")
    assert (task["created_by"], task["assigned_agent"]) == (giver.agent_id, doer.agent_id)
    held = {"task_id": task["task_id"], "fencing_token": task["fencing_token"]}
    await doer.call("agora.task.append", held | {"content": CONTENT, "offset": 0})
    await doer.call("agora.task.complete", held | {"result": payload})
    for party in (giver, doer):
        async with httpx.AsyncClient(base_url=party.url, headers={"Authorization": f"Bearer {party.token}"}) as http:
            found = (await http.get(f"/v1/agent/tasks/{task['task_id']}")).json()
            output = (await http.get(f"/v1/agent/tasks/{task['task_id']}/output")).json()
        assert (found["status"], found["result"], output["content"]) == ("completed", payload, CONTENT)


@pytest.mark.parametrize(("giver_kind", "doer_kind"), DIALOGUES)
async def test_progress_and_questions_pass_between_any_two_protocols(
    parties: Parties, giver_kind: str, doer_kind: str
) -> None:
    """The rows "reports progress" and "asks back": the requester reads both, and answers, over its own protocol."""
    giver, doer = await parties.get(giver_kind, "Giver"), await parties.get(doer_kind, "Doer")
    receipt = await giver.call("agora.task.assign", {"task_type": "review", "assignee": doer.agent_name})
    about = {"task_id": receipt["task_id"]}
    (task,) = (await doer.call("agora.task.claim", {"wait": 30, "lease_seconds": 600}))["tasks"]
    held = about | {"fencing_token": task["fencing_token"]}
    await doer.call("agora.task.update", held | {"progress": 40, "notes": CONTENT})
    seen = await giver.call("agora.task.get", about)
    assert (seen["status"], seen["progress"], seen["notes"]) == ("in_progress", 40, CONTENT)
    await doer.call("agora.task.message", held | {"text": CONTENT, "status": "input_required"})
    assert (await giver.call("agora.task.get", about))["status"] == "input_required"
    question = await _last_message(giver, about)
    assert (question["role"], question["parts"]) == ("ROLE_AGENT", [{"text": CONTENT}])
    await giver.call("agora.task.message", about | {"text": "Monday"})
    (task,) = (await doer.call("agora.task.claim", {"wait": 30, "lease_seconds": 600}))["tasks"]
    assert (task["task_id"], (await _last_message(doer, about))["parts"]) == (receipt["task_id"], [{"text": "Monday"}])
    await doer.call("agora.task.complete", about | {"fencing_token": task["fencing_token"], "result": "booked"})
    assert (await giver.call("agora.task.get", about))["result"] == "booked"


async def _last_message(party: Connector, about: dict[str, Any]) -> dict[str, Any]:
    """Return the last message of a task."""
    entries = (await party.call("agora.task.history", about))["entries"]
    data: dict[str, Any] = [entry for entry in entries if entry["type"] == "message"][-1]["data"]
    return data


@pytest.mark.parametrize("observer_kind", OBSERVERS)
async def test_end_of_a_task_is_visible_over_every_protocol(parties: Parties, observer_kind: str) -> None:
    giver, observer = await parties.get("sdk-async", "Sender"), await parties.get(observer_kind, "Observer")
    receipt = await giver.call("agora.task.assign", {"task_type": "review", "assignee": observer.agent_name})
    await giver.call("agora.task.cancel", {"task_id": receipt["task_id"], "reason": CONTENT})
    wanted = ("agora.task.cancelled", receipt["task_id"])
    event = await giver.live(lambda event: (event["type"], event["subject"]) == wanted)
    assert await observer.event(event["id"]) == event


@pytest.mark.parametrize("observer_kind", OBSERVERS)
async def test_private_event_stays_private(parties: Parties, observer_kind: str) -> None:
    sender = await parties.get("rest", "Sender")
    friend, stranger = await parties.get(observer_kind, "Friend"), await parties.get(observer_kind, "Stranger")
    to = {"to": [friend.agent_name]}
    secret = await sender.call("agora.event.publish", {"event_type": "secret", "data": 1, **to})
    public = await sender.call("agora.event.publish", {"event_type": "public", "data": 2})
    assert (await friend.event(secret["event_id"]))["data"] == 1
    assert (await stranger.event(public["event_id"]))["data"] == 2
    with pytest.raises((StopIteration, RuntimeError, StopAsyncIteration)):
        await _listed(stranger, secret["event_id"])
    assert secret["event_id"] not in stranger.passed


async def _listed(stranger: Connector, event_id: str) -> None:
    """Look for an event in the log with the other agent's credential."""
    rest = CONNECTORS["rest"](stranger.url, stranger.agent_name)
    rest.token = stranger.token
    await rest.open()
    try:
        await rest.event(event_id)
    finally:
        await rest.stack.aclose()
