"""The interop matrix of A2A: data sent over it is visible and answerable over every other protocol, and vice versa."""

from __future__ import annotations

import asyncio
from typing import Any

import httpx
import pytest

from tests.harness import Running
from tests.interop.connectors import CONNECTORS, A2a, Connector
from tests.interop.test_message_matrix import CONTENT, OBSERVERS, SENDERS

ASKERS: list[type[Connector]] = [CONNECTORS["a2a"], CONNECTORS["a2a-legacy"]]
SECONDS = 60


@pytest.fixture(params=ASKERS, ids=lambda kind: str(kind.name))
def asker_kind(request: pytest.FixtureRequest) -> Any:
    return request.param


@pytest.fixture(params=SENDERS)
def doer_kind(request: pytest.FixtureRequest) -> type[Connector]:
    return CONNECTORS[request.param]


@pytest.fixture(params=OBSERVERS)
def observer_kind(request: pytest.FixtureRequest) -> type[Connector]:
    return CONNECTORS[request.param]


def _said(message_id: str, text: str, **more: Any) -> dict[str, Any]:
    return {"messageId": message_id, "role": "ROLE_USER", "parts": [{"text": text}, {"data": {"n": 1}}], **more}


async def _claimed(doer: Connector) -> tuple[dict[str, Any], dict[str, Any]]:
    (task,) = (await doer.call("agora.task.claim", {"wait": SECONDS, "lease_seconds": 30}))["tasks"]
    return task, {"task_id": task["task_id"], "fencing_token": task["fencing_token"]}


async def test_a2a_conversation_is_answered_from_every_protocol(
    server: Running, asker_kind: Any, doer_kind: type[Connector]
) -> None:
    async with asker_kind(server.url, "Asker") as asker, doer_kind(server.url, "Doer") as doer:

        async def talk(message: dict[str, Any]) -> list[dict[str, Any]]:
            return [event async for event in asker.say("Doer", message)]

        asking = asyncio.create_task(talk(_said("one", CONTENT, contextId="talk")))
        task, held = await _claimed(doer)
        assert task["payload"]["text"] == CONTENT
        assert task["payload"]["message"]["parts"][1] == {"data": {"n": 1}}
        assert (task["created_by"], task["context_id"]) == (asker.agent_id, "talk")
        await doer.call("agora.task.message", held | {"text": "For when?", "status": "input_required"})
        first = await asyncio.wait_for(asking, SECONDS)
        assert first[0]["task"]["id"] == task["task_id"]
        asked = first[-1]["statusUpdate"]["status"]
        assert (asked["state"], asked["message"]["parts"][0]["text"]) == ("TASK_STATE_INPUT_REQUIRED", "For when?")
        answering = asyncio.create_task(talk(_said("two", "Monday", taskId=task["task_id"])))
        _, held = await _claimed(doer)
        await doer.call("agora.task.update", held | {"progress": 40, "notes": "counting"})
        await doer.call("agora.task.append", held | {"content": CONTENT})
        await doer.call("agora.task.artifact", held | {"name": "plan", "parts": [{"data": {"day": 1}}]})
        await doer.call("agora.task.complete", held | {"result": "booked"})
        second = await asyncio.wait_for(answering, SECONDS)
        progress = [
            event["statusUpdate"] for event in second if "message" in event.get("statusUpdate", {}).get("status", {})
        ]
        assert progress[0]["status"]["message"]["parts"][0]["text"] == "counting"
        assert progress[0]["metadata"]["agora"]["progress"] == 40
        assert second[-1]["statusUpdate"]["status"]["state"] == "TASK_STATE_COMPLETED"
        seen = await asker.look("Doer", task["task_id"])
        assert {artifact.get("name") for artifact in seen["artifacts"]} >= {"plan"}
        assert CONTENT in [part.get("text") for artifact in seen["artifacts"] for part in artifact["parts"]]
        said = [(message["role"], message["parts"][0]["text"]) for message in seen["history"]]
        assert said == [("ROLE_USER", CONTENT), ("ROLE_AGENT", "For when?"), ("ROLE_USER", "Monday")]


async def test_task_of_any_protocol_is_readable_over_a2a(server: Running, doer_kind: type[Connector]) -> None:
    async with doer_kind(server.url, "Giver") as giver, CONNECTORS["rest"](server.url, "Doer") as doer:
        payload = {"text": CONTENT}
        receipt = await giver.call("agora.task.assign", {"task_type": "review", "payload": payload, "assignee": "Doer"})
        watcher = A2a(server.url, "Giver")
        watcher.token = giver.token
        async with watcher.stack:
            await watcher.open()
            before = await watcher.look("Doer", receipt["task_id"])
            assert before["status"]["state"] == "TASK_STATE_SUBMITTED"
            _, held = await _claimed(doer)
            await doer.call("agora.task.complete", held | {"result": {"verdict": CONTENT}})
            after = await watcher.look("Doer", receipt["task_id"])
        assert after["status"]["state"] == "TASK_STATE_COMPLETED"
        assert after["artifacts"][0]["parts"][0]["data"] == {"verdict": CONTENT}


async def test_a2a_message_is_received_over_every_protocol(server: Running, observer_kind: type[Connector]) -> None:
    async with (
        A2a(server.url, "Asker") as asker,
        observer_kind(server.url, "Reader") as reader,
        httpx.AsyncClient(base_url=server.url, headers={"Authorization": f"Bearer {reader.token}"}) as http,
    ):
        wanted = {"metadata": {"a2a": {"deliver": "message"}}}
        assert (await http.patch(f"/agents/{reader.agent_id}", json=wanted)).status_code == 200

        async def talk() -> list[dict[str, Any]]:
            return [event async for event in asker.say("Reader", _said("m", CONTENT, contextId="talk"))]

        asking = asyncio.create_task(talk())
        page = (await http.get("/agora/messaging/receive", params={"wait": SECONDS})).json()
        message = await reader.message(page["messages"][0]["message_id"])
        assert (message["from_agent"], message["correlation_id"]) == (asker.agent_id, "talk")
        assert CONTENT in message["content"]
        reply = {"to_agent": "Asker", "content": "read", "reply_to": message["message_id"]}
        assert (await http.post("/agora/messaging/send", json=reply)).status_code == 200
        events = await asyncio.wait_for(asking, SECONDS)
        assert events[-1]["statusUpdate"]["status"]["state"] == "TASK_STATE_COMPLETED"
        seen = await asker.look("Reader", events[0]["task"]["id"])
        assert seen["artifacts"][0]["parts"][0]["text"] == "read"
