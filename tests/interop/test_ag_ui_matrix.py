"""The interop matrix of AG-UI.

Inbound: a run started by a page is worked on over every protocol, and the run shows all of it. Observed: a task started
over any protocol is followed in a page, and a run is followed over the OpenAI API.
"""

from __future__ import annotations

import asyncio
import json
from typing import Any

import httpx
import pytest
from ag_ui.core import Event
from pydantic import TypeAdapter

from tests.interop.conftest import Parties
from tests.interop.connectors import A2a, Connector, OpenAi
from tests.interop.test_message_matrix import CONTENT, SENDERS

EVENTS: TypeAdapter[Any] = TypeAdapter(Event)
SECONDS = 60
pytestmark = pytest.mark.asyncio(loop_scope="module")


async def _run(http: httpx.AsyncClient, agent: str, **body: Any) -> list[dict[str, Any]]:
    answer = await http.post(f"/ag-ui/{agent}", json={"messages": [], **body})
    assert answer.status_code == 200, answer.text
    blocks = answer.content.decode().split(
        "\n\n"
    )  # not splitlines: a text may contain characters that some treat as line ends
    events = [json.loads(block.removeprefix("data: ")) for block in blocks if block.startswith("data: ")]
    for event in events:
        EVENTS.validate_python(event)
    return events


@pytest.mark.parametrize(
    "kind", [pytest.param(kind, marks=() if kind in ("rest", "mcp") else pytest.mark.long) for kind in SENDERS]
)
async def test_run_is_worked_on_from_every_protocol(parties: Parties, kind: str) -> None:
    doer = await parties.get(kind, "AG-UI doer")
    watcher = await parties.get("rest", "AG-UI watcher")

    async def claim() -> dict[str, Any]:
        (task,) = (await doer.call("agora.task.claim", {"wait": SECONDS, "lease_seconds": 30}))["tasks"]
        return {"task_id": task["task_id"], "fencing_token": task["fencing_token"]}

    headers = {"Authorization": f"Bearer {watcher.token}"}
    async with httpx.AsyncClient(base_url=watcher.url, headers=headers, timeout=SECONDS) as http:
        thread = f"thread {kind}"
        said = [{"id": "1", "role": "user", "content": CONTENT}]
        asking = asyncio.create_task(_run(http, doer.agent_id, threadId=thread, runId=f"{kind} 1", messages=said))
        held = await claim()
        seen = await watcher.call("agora.task.get", {"task_id": held["task_id"]})
        assert (seen["payload"]["text"], seen["context_id"]) == (CONTENT, thread)
        await doer.call("agora.task.message", held | {"text": CONTENT, "status": "input_required"})
        first = await asyncio.wait_for(asking, SECONDS)
        (interrupt,) = first[-1]["outcome"]["interrupts"]
        assert interrupt["message"] == CONTENT
        resume = [{"interruptId": interrupt["id"], "status": "resolved", "payload": CONTENT}]
        resuming = asyncio.create_task(_run(http, doer.agent_id, threadId=thread, runId=f"{kind} 2", resume=resume))
        held = await claim()
        await doer.call("agora.task.append", held | {"content": CONTENT})
        await doer.call("agora.task.artifact", held | {"name": "plan", "parts": [{"data": {"said": CONTENT}}]})
        await doer.call("agora.task.complete", held | {"result": "booked"})
        second = await asyncio.wait_for(resuming, SECONDS)
    text = [event["delta"] for event in second if event["type"] == "TEXT_MESSAGE_CONTENT"]
    assert text[0] == CONTENT
    (artifact,) = [event["value"]["artifact"] for event in second if event["type"] == "CUSTOM"]
    assert artifact["parts"] == [{"data": {"said": CONTENT}}]
    assert second[-1]["outcome"] == {"type": "success"}


@pytest.mark.parametrize(
    "kind", [pytest.param(kind, marks=() if kind in ("rest", "mcp") else pytest.mark.long) for kind in SENDERS]
)
async def test_task_of_every_protocol_is_observed_in_a_run(parties: Parties, kind: str) -> None:
    giver = await parties.get(kind, "AG-UI giver")
    doer = await parties.get("rest", "AG-UI observed")
    arguments = {"task_type": "review", "payload": {"text": CONTENT}, "assignee": doer.agent_name}
    task_id = (await giver.call("agora.task.assign", arguments))["task_id"]
    (task,) = (await doer.call("agora.task.claim", {"wait": SECONDS, "lease_seconds": 30}))["tasks"]
    assert task["task_id"] == task_id
    held = {"task_id": task_id, "fencing_token": task["fencing_token"]}
    await doer.call("agora.task.append", held | {"content": CONTENT})
    headers = {"Authorization": f"Bearer {giver.token}"}
    async with httpx.AsyncClient(base_url=giver.url, headers=headers, timeout=SECONDS) as http:
        thread = task["context_id"] or task_id
        observing = asyncio.create_task(_run(http, doer.agent_id, threadId=thread, runId=f"{kind} 1"))
        await doer.call("agora.task.message", held | {"text": CONTENT, "status": "input_required"})
        first = await asyncio.wait_for(observing, SECONDS)
        (interrupt,) = first[-1]["outcome"]["interrupts"]
        assert interrupt["message"] == CONTENT
        assert first[-1]["outcome"]["type"] == "interrupt"
        await giver.call("agora.task.message", {"task_id": task_id, "text": "Monday"})
        (task,) = (await doer.call("agora.task.claim", {"wait": SECONDS, "lease_seconds": 30}))["tasks"]
        held |= {"fencing_token": task["fencing_token"]}
        observing = asyncio.create_task(_run(http, doer.agent_id, threadId=thread, runId=f"{kind} 2"))
        await doer.call("agora.task.complete", held | {"result": CONTENT})
        second = await asyncio.wait_for(observing, SECONDS)
    assert [_text(events) for events in (first, second)] == [CONTENT + CONTENT, CONTENT]
    assert second[-1]["outcome"] == {"type": "success"}


def _text(events: list[dict[str, Any]]) -> str:
    return "".join(event["delta"] for event in events if event["type"] == "TEXT_MESSAGE_CONTENT")


async def _begin_at_door(door: Connector, agent: str) -> None:
    """Create a task over a protocol that supports only that."""
    if isinstance(door, OpenAi):
        await door.client.responses.create(model=agent, input=CONTENT, background=True)
    elif isinstance(door, A2a):
        message = {"messageId": f"of {door.name}", "role": "ROLE_USER", "parts": [{"text": CONTENT}]}
        async for _ in door.say(agent, message):
            break  # the requester disconnects immediately
    else:
        raise AssertionError(door.name)


@pytest.mark.parametrize("kind", ["a2a", "a2a-legacy", "openai"])
async def test_task_of_another_front_end_is_observed_in_a_run(parties: Parties, kind: str) -> None:
    door, doer = await parties.get(kind, "Door"), await parties.get("rest", f"DoerFor{kind}")
    await _begin_at_door(door, doer.agent_name.replace(" ", "%20") if isinstance(door, A2a) else doer.agent_name)
    (task,) = (await doer.call("agora.task.claim", {"wait": SECONDS, "lease_seconds": 30}))["tasks"]
    held = {"task_id": task["task_id"], "fencing_token": task["fencing_token"]}
    headers = {"Authorization": f"Bearer {door.token}"}
    async with httpx.AsyncClient(base_url=door.url, headers=headers, timeout=SECONDS) as http:
        observing = asyncio.create_task(_run(http, doer.agent_id, threadId=task["context_id"], runId="observed"))
        await doer.call("agora.task.complete", held | {"result": CONTENT})
        events = await asyncio.wait_for(observing, SECONDS)
    (snapshot,) = [event["messages"] for event in events if event["type"] == "MESSAGES_SNAPSHOT"]
    assert [(each["role"], each["content"]) for each in snapshot] == [("user", CONTENT)]
    assert (_text(events), events[-1]["outcome"]) == (CONTENT, {"type": "success"})


async def test_run_is_observed_as_a_response(parties: Parties) -> None:
    asker, doer = await parties.get("openai", "Door"), await parties.get("rest", "DoerOfRuns")
    assert isinstance(asker, OpenAi)
    headers = {"Authorization": f"Bearer {asker.token}"}
    async with httpx.AsyncClient(base_url=asker.url, headers=headers, timeout=SECONDS) as http:
        said = [{"id": "1", "role": "user", "content": CONTENT}]
        asking = asyncio.create_task(_run(http, doer.agent_id, threadId="seen", runId="seen 1", messages=said))
        (task,) = (await doer.call("agora.task.claim", {"wait": SECONDS, "lease_seconds": 30}))["tasks"]
        held = {"task_id": task["task_id"], "fencing_token": task["fencing_token"]}
        stream = await asker.client.responses.retrieve(task["task_id"].replace("task_", "resp_"), stream=True)
        await doer.call("agora.task.complete", held | {"result": CONTENT})
        events = [event async for event in stream]
        assert _text(await asyncio.wait_for(asking, SECONDS)) == CONTENT
    assert events[-1].type == "response.completed"
    assert events[-1].response.output_text == CONTENT
