"""Questions and progress of an agent offered as a tool, as seen by the host of a language model."""

from __future__ import annotations

import asyncio
import contextlib
import http.client
import json
import re
import socket
import threading
import uuid
from collections.abc import AsyncIterator, Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import httpx2
import mcp_types as types
import pytest
from mcp import Client
from mcp.client.streamable_http import streamable_http_client

from tests.blackbox.browser_session import Browser
from tests.blackbox.server import Account, ServerProcess
from tests.mcp_upstream import Far, serving, tool
from tests.polling import poll_until

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
    """Executes the agent's tasks one by one until one is completed, or the block ends."""

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
    """Return the requester's answer; None if there was no question yet."""
    entries = agent.get("/agora/task/history", params={"task_id": task["task_id"]})["entries"]
    answers = [entry["data"]["parts"][0] for entry in entries if (entry.get("data") or {}).get("role") == "ROLE_USER"]
    return answers[-1] if answers else None


def _ask(form: dict[str, Any] | None = None) -> Work:
    """Execute work that first needs an answer."""

    def work(agent: Account, task: dict[str, Any]) -> Any:
        answer = _last_answer(agent, task)
        if answer is not None:
            return {"baked": answer.get("text") or answer["data"]}
        metadata = {"metadata": {"requestedSchema": form}} if form else {}
        question = {"text": "Which size?", "status": "input_required"} | metadata
        agent.post("/agora/task/message", task["held"] | question)
        return None

    return work


def _connect(
    server: ServerProcess, era: Any, token: str, path: str = "/mcp", **options: Any
) -> tuple[httpx2.AsyncClient, Client]:
    http = httpx2.AsyncClient(headers={"authorization": f"Bearer {token}"}, timeout=60)
    return http, Client(streamable_http_client(server.url + path, http_client=http), mode=era, cache=None, **options)


def _person(response: types.ElicitResult, asked: list[Any]) -> Any:
    async def answer(context: Any, params: Any) -> types.ElicitResult:
        asked.append((params.message, params.requested_schema))
        return response

    return answer


@pytest.mark.parametrize("era", ERAS)
async def test_question_is_elicited_from_the_client(shared_server: ServerProcess, era: str) -> None:
    agent, asked = _offer(shared_server, f"Baker {era}"), list[Any]()
    answer = _person(types.ElicitResult(action="accept", content={"answer": "large"}), asked)
    http, client = _connect(shared_server, era, shared_server.admin_token, elicitation_callback=answer)
    with _Worker(agent, _ask()):
        async with http, client:
            result = await asyncio.wait_for(client.call_tool(f"Baker_{era}.bake", {}), DEADLINE)
    assert [message for message, _ in asked] == ["Which size?"]
    assert result.structured_content == {"baked": "large"}, result


@pytest.mark.parametrize("era", ERAS)
async def test_form_defined_by_the_agent_is_answered_as_data(shared_server: ServerProcess, era: str) -> None:
    agent, asked = _offer(shared_server, f"Former {era}"), list[Any]()
    answer = _person(types.ElicitResult(action="accept", content={"size": 3, "gift": True}), asked)
    http, client = _connect(shared_server, era, shared_server.admin_token, elicitation_callback=answer)
    with _Worker(agent, _ask(FORM)):
        async with http, client:
            result = await asyncio.wait_for(client.call_tool(f"Former_{era}.bake", {}), DEADLINE)
    assert [schema for _, schema in asked] == [FORM]
    assert result.structured_content == {"baked": {"size": 3, "gift": True}}, result


@pytest.mark.parametrize("era", ERAS)
@pytest.mark.parametrize(("action", "outcome"), [("decline", "declined"), ("cancel", "cancelled")])
async def test_declined_or_cancelled_question_reaches_the_agent(
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
@pytest.mark.parametrize("view", ["", "?view=full", "?view=model&toolsets=task"])
async def test_client_without_elicitation_is_told_how_to_answer(
    shared_server: ServerProcess, era: str, view: str
) -> None:
    http, client = _connect(shared_server, era, shared_server.admin_token, f"/mcp{view}")
    name = f"Silent {era} {len(view)}"
    with _Worker(_offer(shared_server, name), _ask()):
        async with http, client:
            listed = {tool.name for tool in (await client.list_tools()).tools}
            result = await asyncio.wait_for(client.call_tool(f"{name.replace(' ', '_')}.bake", {}), DEADLINE)
            text = result.content[0].text
            assert "Which size?" in text
            match = re.search(r"\{.*\}", text)
            assert match is not None, text
            call = json.loads(match[0].replace("YOUR ANSWER", "small"))
            assert call["name"] in listed
            answer = await asyncio.wait_for(client.call_tool(call["name"], call["arguments"]), DEADLINE)
    assert "small" in str(answer.structured_content)
    assert "TASK_STATE_COMPLETED" in str(answer.structured_content)


async def test_virtual_server_names_the_answering_tool_only_if_it_contains_it(shared_server: ServerProcess) -> None:
    agent = _offer(shared_server, "Asker")
    for name, tools, expected in (
        ("mute", ["Asker.bake"], "has no tool that answers it"),
        ("talking", ["Asker.bake", "agora.a2a.send"], '{"name":"agora_a2a_send"'),
    ):
        shared_server.operator.post("/agora/virtual_server/create", {"name": name, "tools": tools})
        http, client = _connect(shared_server, "legacy", shared_server.admin_token, f"/mcp/servers/{name}")
        with _Worker(agent, _ask()):
            async with http, client:
                result = await asyncio.wait_for(client.call_tool("Asker_bake", {}), DEADLINE)
        assert expected in result.content[0].text


async def test_request_state_gives_no_access_to_tasks_of_others(shared_server: ServerProcess) -> None:
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
    for name, token in (("Private.bake", other.token), ("Guarded.bake", shared_server.admin_token)):
        for state in (f"{task}.2", "nonsense"):
            response = httpx2.post(
                f"{shared_server.url}/mcp",
                headers={
                    "authorization": f"Bearer {token}",
                    "accept": "application/json, text/event-stream",
                    "mcp-protocol-version": "2026-07-28",
                    "mcp-method": "tools/call",
                    "mcp-name": name,
                },
                json={
                    "jsonrpc": "2.0",
                    "id": 1,
                    "method": "tools/call",
                    "params": {
                        "name": name,
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
async def test_message_to_an_agent_reports_the_progress_of_its_task(shared_server: ServerProcess, era: str) -> None:
    agent = shared_server.register(f"Worker {era}")

    told: list[tuple[float, str | None]] = []

    def has_heard(text: str) -> bool:
        return text in [message for _, message in told]

    def work(agent: Account, task: dict[str, Any]) -> Any:
        for progress in (25, 75):
            agent.post("/agora/task/update", task["held"] | {"progress": progress, "notes": f"{progress} of 100"})
            # The caller gets only the newest state: a task that ends immediately has no progress to report.
            poll_until(partial(has_heard, f"{progress} of 100"), f"{progress} of 100 is reported")
        return "done"

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
    assert has_heard("25 of 100")


class _AskingUpstream(Far):
    """An upstream with tools that ask a person, in the style of its protocol generation."""

    async def _tool_ask(self, ctx: Any, arguments: dict[str, Any]) -> Any:
        if not self.modern:
            answer = await ctx.session.elicit_form("Which size?", FORM)
        elif (responses := ctx.params.get("inputResponses")) is not None:
            answer = types.ElicitResult.model_validate(responses["size"])
        else:
            params = types.ElicitRequestFormParams(message="Which size?", requested_schema=FORM)
            return types.InputRequiredResult(
                input_requests={"size": types.ElicitRequest(params=params)}, request_state="asked"
            )
        text = f"{answer.action} {json.dumps(answer.content)}"
        return types.CallToolResult(content=[types.TextContent(type="text", text=text)])


@pytest.fixture(scope="module")
def market(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    server = ServerProcess(tmp_path_factory.mktemp("market") / "data", mcp_private_networks="true").start()
    yield server
    server.close()


@pytest.fixture(params=["legacy", "modern"])
async def far(request: pytest.FixtureRequest, market: ServerProcess) -> AsyncIterator[str]:
    """Yield the name of an upstream that asks."""
    name = f"far-{request.param}"
    async with serving(_AskingUpstream(tools={"ask": tool("ask")}, modern=request.param == "modern").app()) as url:
        await asyncio.to_thread(market.operator.post, "/upstreams", {"name": name, "url": url})
        yield name
        await asyncio.to_thread(market.operator.call, "DELETE", f"/upstreams/{name}")


class _Errand:
    """A task whose agent calls the upstream's tool; the call waits in a thread. answer: result of the call, when
    available."""

    def __init__(self, market: ServerProcess, upstream: str, **options: Any) -> None:
        self.agent = market.register(f"Doer-{uuid.uuid4().hex[:8]}")
        self._operator = market.operator
        self.task_id = self._operator.post(
            "/agora/task/assign", {"task_type": "bake", "assignee": self.agent.agent_id, "payload": {}}
        )["task_id"]
        (claim,) = self.agent.post("/agora/task/claim", {"wait": 30, **options})["tasks"]
        self.held = {"task_id": self.task_id, "fencing_token": claim["fencing_token"]}
        self.answer: str | None = None
        self._connection = http.client.HTTPConnection("127.0.0.1", market.port, timeout=60)
        self._thread = threading.Thread(target=self._call, args=(upstream,))
        self._thread.start()

    def _call(self, upstream: str) -> None:
        headers = {"authorization": f"Bearer {self.agent.token}", "content-type": "application/json"}
        body = json.dumps({"arguments": {}, **self.held})
        with (
            contextlib.suppress(OSError, http.client.HTTPException),
            contextlib.closing(self._connection) as connection,
        ):
            connection.request("POST", f"/tools/{upstream}/ask", body, headers)
            self.answer = connection.getresponse().read().decode()

    def hang_up(self) -> None:
        self._connection.sock.shutdown(socket.SHUT_RDWR)
        self._thread.join(DEADLINE)

    def task(self) -> Any:
        return self._operator.get("/agora/task/get", params={"task_id": self.task_id})

    def wait_for_question(self) -> Any:
        """Wait for the question's message."""
        poll_until(lambda: self.task()["status"] == "input_required", "the task asks")
        entries = self._operator.get("/agora/task/history", params={"task_id": self.task_id})["entries"]
        return [entry["data"] for entry in entries if (entry.get("data") or {}).get("role") == "ROLE_AGENT"][-1]

    def finish(self) -> str:
        self._thread.join(DEADLINE)
        assert self.answer is not None, self._operator.get("/agora/task/history", params={"task_id": self.task_id})
        return self.answer


def _text_of(answer: str) -> str:
    return str(json.loads(answer)["content"][0]["text"])


async def test_question_of_an_upstream_becomes_a_question_of_the_task(market: ServerProcess, far: str) -> None:
    await asyncio.to_thread(_check_question, market, far)


def _check_question(market: ServerProcess, far: str) -> None:
    errand = _Errand(market, far)
    question = errand.wait_for_question()
    assert question["parts"] == [{"text": "Which size?"}]
    assert question["metadata"]["requestedSchema"] == FORM
    assert errand.agent.post("/agora/task/claim")["tasks"] == []
    market.operator.post("/agora/task/message", {"task_id": errand.task_id, "text": "large"})  # not in the schema
    poll_until(lambda: "does not fit" in json.dumps(errand.wait_for_question()), "it asks again")
    answer = {"task_id": errand.task_id, "parts": [{"data": {"size": 3, "gift": True}}]}
    market.operator.post("/agora/task/message", answer)
    assert _text_of(errand.finish()) == 'accept {"size": 3, "gift": true}'
    assert errand.task()["status"] == "in_progress"
    done = errand.agent.post("/agora/task/complete", errand.held | {"result": "baked"})  # under the same lease
    assert done["status"] == "completed"


@pytest.mark.parametrize("way", ["cli", "a2a", "monitor", "decline", "cancel"])
async def test_question_can_be_answered_over_every_protocol(market: ServerProcess, way: str, far: str) -> None:
    await asyncio.to_thread(_check_way, market, far, way)


def _check_way(market: ServerProcess, far: str, way: str) -> None:
    errand = _Errand(market, far)
    errand.wait_for_question()
    ways: dict[str, Callable[[ServerProcess, _Errand], None]] = {
        "cli": _answer_by_cli,
        "a2a": _answer_by_a2a,
        "monitor": _answer_in_monitor,
    }
    if way in ways:
        ways[way](market, errand)
        assert _text_of(errand.finish()) == 'accept {"size": 3}'
    elif way == "decline":
        message = {"task_id": errand.task_id, "text": "No.", "metadata": {"action": "decline"}}
        market.operator.post("/agora/task/message", message)
        assert _text_of(errand.finish()).startswith("decline")
    else:
        market.operator.post("/agora/task/cancel", {"task_id": errand.task_id})
        answer = errand.finish()
        assert "cancel" in answer
        assert errand.task()["status"] == "cancelled"


def _answer_by_cli(market: ServerProcess, errand: _Errand) -> None:
    done = market.run_cli("task", "message", errand.task_id, "--text", '{"size": 3}', token=market.admin_token)
    assert done.returncode == 0, done.stderr


def _answer_by_a2a(market: ServerProcess, errand: _Errand) -> None:
    message = {
        "role": "ROLE_USER",
        "messageId": uuid.uuid4().hex,
        "taskId": errand.task_id,
        "parts": [{"data": {"size": 3}}],
    }
    body = {
        "jsonrpc": "2.0",
        "id": 1,
        "method": "SendMessage",
        "params": {"message": message, "configuration": {"returnImmediately": True}},
    }
    answer = market.operator.http.post(f"/a2a/{errand.agent.name}", json=body, headers={"a2a-version": "1.0"})
    assert "result" in answer.json(), answer.text


def _answer_in_monitor(market: ServerProcess, errand: _Errand) -> None:
    with Browser(market, market.admin_token) as browser:
        browser.act(f"tasks/{errand.task_id}", "agora.task.message", text='{"size": 3}')


async def test_question_is_withdrawn_when_its_call_ends(market: ServerProcess, far: str) -> None:
    """The calling agent disconnects, or the whole server is killed: in neither case does the task wait forever."""

    def check() -> None:
        errand = _Errand(market, far)
        errand.wait_for_question()
        errand.hang_up()
        poll_until(lambda: errand.task()["status"] == "in_progress", "the question is withdrawn")
        assert "withdrawn" in json.dumps(market.operator.get("/agora/task/history", params={"task_id": errand.task_id}))

    await asyncio.to_thread(check)


async def test_question_is_withdrawn_after_the_server_was_killed(tmp_path: Path) -> None:
    server = ServerProcess(tmp_path / "data", mcp_private_networks="true").start()
    try:
        async with serving(_AskingUpstream(tools={"ask": tool("ask")}).app()) as url:
            await asyncio.to_thread(server.operator.post, "/upstreams", {"name": "far", "url": url})
            await asyncio.to_thread(_check_death, server)
    finally:
        server.close()


def _check_death(server: ServerProcess) -> None:
    errand = _Errand(server, "far", lease_seconds=10)
    errand.wait_for_question()
    server.kill()
    server.start()
    poll_until(lambda: errand.task()["status"] == "pending", "the task goes back to its queue")
    history = json.dumps(server.operator.get("/agora/task/history", params={"task_id": errand.task_id}))
    assert "The question is withdrawn" in history
    late = {"task_id": errand.task_id, "text": "large"}
    assert server.operator.post("/agora/task/message", late)["type"] == "message"
    assert errand.task()["status"] == "pending"


def test_call_for_a_task_requires_its_lease(market: ServerProcess) -> None:
    agent, task_id = market.register("Nobody in particular"), f"task_{'0' * 32}"
    body: dict[str, Any] = {"arguments": {}, "task_id": task_id}
    assert agent.post("/tools/none/ask", body, expect=404)
