"""An agent that is offered as a tool asks back, and says how far it is: what the host of a language model sees of it."""

from __future__ import annotations

import asyncio
import json
import re
import threading
from collections.abc import Callable
from typing import Any

import httpx2
import mcp_types as types
import pytest
from mcp import Client
from mcp.client.streamable_http import streamable_http_client

from tests.blackbox.server import Account, ServerProcess

ERAS = ("legacy", "2026-07-28")
FORM = {
    "type": "object",
    "properties": {"size": {"type": "integer"}, "gift": {"type": "boolean"}},
    "required": ["size"],
}
DEADLINE = 60.0
Work = Callable[[Account, dict[str, Any]], Any]


def _offer(server: ServerProcess, name: str) -> Account:
    return server.register(name, capabilities=["bake", "mcp_tools"])


class _Worker:
    """Takes the agent's tasks, one after another, until one is completed, or the block ends."""

    def __init__(self, agent: Account, work: Work) -> None:
        self._agent, self._work, self._stopping = agent, work, threading.Event()
        self._thread = threading.Thread(target=self._run)

    def __enter__(self) -> None:
        self._thread.start()

    def __exit__(self, *error: object) -> None:
        self._stopping.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._stopping.is_set():
            for task in self._agent.post("/agora/task/claim", {"wait": 0.5})["tasks"]:
                held = {"task_id": task["task_id"], "fencing_token": task["fencing_token"]}
                result = self._work(self._agent, task | {"held": held})
                if result is not None:
                    self._agent.post("/agora/task/complete", held | {"result": result})


def _last_answer(agent: Account, task: dict[str, Any]) -> Any:
    """What the requester has answered; None where nothing was asked yet."""
    entries = agent.get("/agora/task/history", params={"task_id": task["task_id"]})["entries"]
    answers = [entry["data"]["parts"][0] for entry in entries if (entry.get("data") or {}).get("role") == "ROLE_USER"]
    return answers[-1] if answers else None


def _ask(form: dict[str, Any] | None = None) -> Work:
    """Work that needs an answer first."""

    def work(agent: Account, task: dict[str, Any]) -> Any:
        answer = _last_answer(agent, task)
        if answer is not None:
            return {"baked": answer.get("text") or answer["data"]}
        metadata = {"metadata": {"requestedSchema": form}} if form else {}
        question = {"text": "Which size?", "status": "input_required"} | metadata
        agent.post("/agora/task/message", task["held"] | question)
        return None

    return work


def _connect(server: ServerProcess, era: Any, token: str, **options: Any) -> tuple[httpx2.AsyncClient, Client]:
    http = httpx2.AsyncClient(headers={"authorization": f"Bearer {token}"}, timeout=60)
    return http, Client(streamable_http_client(f"{server.url}/mcp", http_client=http), mode=era, cache=None, **options)


def _person(response: types.ElicitResult, asked: list[Any]) -> Any:
    async def answer(context: Any, params: Any) -> types.ElicitResult:
        asked.append((params.message, params.requested_schema))
        return response

    return answer


@pytest.mark.parametrize("era", ERAS)
async def test_a_question_is_asked_of_the_person_at_the_client(shared_server: ServerProcess, era: str) -> None:
    agent, asked = _offer(shared_server, f"Baker {era}"), list[Any]()
    answer = _person(types.ElicitResult(action="accept", content={"answer": "large"}), asked)
    http, client = _connect(shared_server, era, shared_server.admin_token, elicitation_callback=answer)
    with _Worker(agent, _ask()):
        async with http, client:
            result = await asyncio.wait_for(client.call_tool(f"Baker_{era}.bake", {}), DEADLINE)
    assert [message for message, _ in asked] == ["Which size?"]
    assert result.structured_content == {"baked": "large"}, result


@pytest.mark.parametrize("era", ERAS)
async def test_a_form_of_the_agents_own_is_answered_as_data(shared_server: ServerProcess, era: str) -> None:
    agent, asked = _offer(shared_server, f"Former {era}"), list[Any]()
    answer = _person(types.ElicitResult(action="accept", content={"size": 3, "gift": True}), asked)
    http, client = _connect(shared_server, era, shared_server.admin_token, elicitation_callback=answer)
    with _Worker(agent, _ask(FORM)):
        async with http, client:
            result = await asyncio.wait_for(client.call_tool(f"Former_{era}.bake", {}), DEADLINE)
    assert [schema for _, schema in asked] == [FORM]
    assert result.structured_content == {"baked": {"size": 3, "gift": True}}, result


@pytest.mark.parametrize("era", ERAS)
@pytest.mark.parametrize(("action", "outcome"), [("decline", "declines"), ("cancel", "cancelled")])
async def test_who_declines_or_cancels_is_heard(
    shared_server: ServerProcess, era: str, action: Any, outcome: str
) -> None:
    agent = _offer(shared_server, f"{action} {era}")
    answer = _person(types.ElicitResult(action=action), [])
    http, client = _connect(shared_server, era, shared_server.admin_token, elicitation_callback=answer)
    with _Worker(agent, _ask()):
        async with http, client:
            result = await asyncio.wait_for(client.call_tool(f"{action}_{era}.bake", {}), DEADLINE)
    assert outcome in str(result.content)
    assert result.is_error == (action == "cancel")


@pytest.mark.parametrize("era", ERAS)
async def test_a_client_that_can_ask_nobody_is_told_how_to_answer(shared_server: ServerProcess, era: str) -> None:
    http, client = _connect(shared_server, era, shared_server.admin_token)
    with _Worker(_offer(shared_server, f"Silent {era}"), _ask()):
        async with http, client:
            result = await asyncio.wait_for(client.call_tool(f"Silent_{era}.bake", {}), DEADLINE)
            text = result.content[0].text
            assert "Which size?" in text
            match = re.search(r"\{.*\}", text)
            assert match is not None, text
            call = json.loads(match[0])
            call["arguments"]["message"] = "small"
            answer = await asyncio.wait_for(client.call_tool(call["name"], call["arguments"]), DEADLINE)
    assert "small" in str(answer.structured_content)
    assert "TASK_STATE_COMPLETED" in str(answer.structured_content)


async def test_a_state_is_no_way_to_the_task_of_another(shared_server: ServerProcess) -> None:
    _offer(shared_server, "Guarded")
    http, client = _connect(shared_server, "legacy", shared_server.admin_token)
    with _Worker(_offer(shared_server, "Private"), _ask()):
        async with http, client:
            result = await asyncio.wait_for(client.call_tool("Private.bake", {}), DEADLINE)
    task = result.meta["agora/task_id"]
    other = shared_server.register("Intruder")
    envelope = {
        "io.modelcontextprotocol/protocolVersion": "2026-07-28",
        "io.modelcontextprotocol/clientCapabilities": {"elicitation": {}},
    }
    for tool, token in (("Private.bake", other.token), ("Guarded.bake", shared_server.admin_token)):
        for state in (f"{task}.2", "nonsense"):
            response = httpx2.post(
                f"{shared_server.url}/mcp",
                headers={
                    "authorization": f"Bearer {token}",
                    "accept": "application/json, text/event-stream",
                    "mcp-protocol-version": "2026-07-28",
                    "mcp-method": "tools/call",
                    "mcp-name": tool,
                },
                json={
                    "jsonrpc": "2.0",
                    "id": 1,
                    "method": "tools/call",
                    "params": {
                        "name": tool,
                        "arguments": {},
                        "_meta": envelope,
                        "requestState": state,
                        "inputResponses": {"question": {"action": "accept", "content": {"answer": "mine"}}},
                    },
                },
            )
            assert "mine" not in response.text
            assert '"error"' in response.text or '"isError":true' in response.text, response.text
    assert shared_server.operator.get("/agora/task/get", params={"task_id": task})["status"] == "input_required"


@pytest.mark.parametrize("era", ERAS)
async def test_a_message_to_an_agent_reports_the_progress_of_its_task(shared_server: ServerProcess, era: str) -> None:
    agent = shared_server.register(f"Worker {era}")

    def work(agent: Account, task: dict[str, Any]) -> Any:
        for progress in (25, 75):
            agent.post("/agora/task/update", task["held"] | {"progress": progress, "notes": f"{progress} of 100"})
        return "done"

    told: list[tuple[float, str | None]] = []

    async def hear(progress: float, total: float | None, message: str | None) -> None:
        told.append((progress, message))

    http, client = _connect(shared_server, era, shared_server.admin_token)
    with _Worker(agent, work):
        async with http, client:
            arguments = {"agent": agent.agent_id, "message": "bake"}
            sent = await asyncio.wait_for(
                client.call_tool("agora.a2a.send", arguments, progress_callback=hear), DEADLINE
            )
    assert "TASK_STATE_COMPLETED" in str(sent.structured_content)
    assert [progress for progress, _ in told] == sorted({progress for progress, _ in told})
    assert "25 of 100" in [message for _, message in told]
