"""The interop matrix of the OpenAI API: a client's request is worked on from every protocol, and visible in every
other."""

from __future__ import annotations

import asyncio
from typing import Any

import httpx
import pytest
from openai import AsyncOpenAI
from openai.types.responses import Response, ResponseStreamEvent

from tests.interop.conftest import Parties
from tests.interop.connectors import OpenAi
from tests.interop.test_message_matrix import CONTENT, OBSERVERS, SENDERS

pytestmark = pytest.mark.asyncio(loop_scope="module")
SECONDS = 60


@pytest.mark.parametrize(
    "doer_kind", [pytest.param(kind, marks=() if kind in ("rest", "mcp") else pytest.mark.long) for kind in SENDERS]
)
async def test_request_to_a_model_is_worked_on_from_every_protocol(parties: Parties, doer_kind: str) -> None:
    asker, doer = await parties.get("openai", "Asker"), await parties.get(doer_kind, "Model")
    assert isinstance(asker, OpenAi)
    asking = asyncio.create_task(asker.respond(doer.agent_name, CONTENT))
    task, held = await _claim(parties, doer_kind)
    assert (task["payload"]["text"], task["created_by"]) == (CONTENT, asker.agent_id)
    await doer.call("agora.task.message", held | {"text": "For when?", "status": "input_required"})
    question = await asyncio.wait_for(asking, SECONDS)
    assert (question.status, question.output_text) == ("completed", "For when?")
    asking = asyncio.create_task(asker.respond(doer.agent_name, "Monday", previous_response_id=question.id))
    _, held = await _claim(parties, doer_kind)
    await doer.call("agora.task.update", held | {"progress": 40, "notes": "counting"})
    await doer.call("agora.task.append", held | {"content": CONTENT, "offset": 0})
    await doer.call("agora.task.complete", held | {"result": "booked"})
    answer = await asyncio.wait_for(asking, SECONDS)
    assert answer.output_text == f"{CONTENT}\n\nbooked"
    assert "counting" in [note.summary[0].text for note in answer.output if note.type == "reasoning"]
    kept = await asker.client.responses.retrieve(answer.id)
    assert (kept.output_text, kept.output) == (answer.output_text, answer.output)


async def _claim(parties: Parties, doer_kind: str) -> tuple[dict[str, Any], dict[str, Any]]:
    doer = await parties.get(doer_kind, "Model")
    (task,) = (await doer.call("agora.task.claim", {"wait": SECONDS, "lease_seconds": 30}))["tasks"]
    return task, {"task_id": task["task_id"], "fencing_token": task["fencing_token"]}


@pytest.mark.parametrize(
    "observer_kind",
    [pytest.param(kind, marks=() if kind in ("rest", "mcp") else pytest.mark.long) for kind in OBSERVERS],
)
async def test_response_is_observed_over_every_protocol(parties: Parties, observer_kind: str) -> None:
    asker, observer = await parties.get("openai", "Asker"), await parties.get(observer_kind, "Observed Model")
    assert isinstance(asker, OpenAi)
    begun: Response = await asker.client.responses.create(model=observer.agent_name, input=CONTENT, background=True)
    cancelled = await asker.client.responses.cancel(begun.id)
    assert (begun.status, cancelled.status) == ("in_progress", "cancelled")
    async with httpx.AsyncClient(base_url=asker.url, headers={"Authorization": f"Bearer {asker.token}"}) as http:
        query = {"subject": begun.id.replace("resp_", "task_")}
        events = (await http.get("/agora/event/list", params=query)).json()["events"]
    assert [event["type"] for event in events] == ["agora.task.assigned", "agora.task.cancelled"]
    assert await observer.event(events[-1]["id"]) == events[-1]


@pytest.mark.parametrize(
    "giver_kind", [pytest.param(kind, marks=() if kind in ("rest", "mcp") else pytest.mark.long) for kind in SENDERS]
)
async def test_task_of_every_protocol_is_observed_as_a_response(parties: Parties, giver_kind: str) -> None:
    giver, doer = await parties.get(giver_kind, "Giver"), await parties.get("rest", "Watched Model")
    arguments = {"task_type": "review", "payload": {"text": CONTENT}, "assignee": doer.agent_name}
    task_id = (await giver.call("agora.task.assign", arguments))["task_id"]
    (task,) = (await doer.call("agora.task.claim", {"wait": SECONDS, "lease_seconds": 30}))["tasks"]
    held = {"task_id": task_id, "fencing_token": task["fencing_token"]}
    assert task["task_id"] == task_id
    response_id = task_id.replace("task_", "resp_")
    async with AsyncOpenAI(base_url=f"{giver.url}/v1", api_key=giver.token, max_retries=0, timeout=SECONDS) as client:
        stream = await client.responses.retrieve(response_id, stream=True)
        await doer.call("agora.task.append", held | {"content": CONTENT})
        events: list[ResponseStreamEvent] = []
        async for event in stream:
            events.append(event)
            if event.type == "response.output_text.delta":
                break  # visible while the task is running
        await stream.close()
        resumed = await client.responses.retrieve(response_id, stream=True, starting_after=events[-1].sequence_number)
        await doer.call("agora.task.complete", held | {"result": "booked"})
        events += [event async for event in resumed]
    assert [event.sequence_number for event in events] == list(range(len(events)))
    assert events[-1].type == "response.completed"
    assert events[-1].response.output_text == f"{CONTENT}\n\nbooked"
