"""Independent clients: the official Python SDK in both versions and bindings, the npm SDK, and a linter."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from a2a.client import A2ACardResolver, ClientConfig, ClientFactory
from a2a.types import a2a_pb2
from a2a.utils.errors import TaskNotFoundError
from pydantic_core import from_json
from scripts import conformance_mcp as suite

from tests.harness import Running

PACKAGE = "@a2a-js/sdk@1.3.0"
BINDINGS = [("1.0", "JSONRPC"), ("1.0", "HTTP+JSON"), ("0.3", "JSONRPC"), ("0.3", "HTTP+JSON")]


@pytest.fixture
async def http() -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(timeout=60) as http:
        yield http


async def _client(http: httpx.AsyncClient, url: str, version: str, binding: str, *, streaming: bool) -> Any:
    """Create the SDK's client of one interface, chosen by the SDK from the card."""
    card = await A2ACardResolver(http, url).get_agent_card()
    wanted = [i for i in card.supported_interfaces if (i.protocol_version, i.protocol_binding) == (version, binding)]
    del card.supported_interfaces[:]
    card.supported_interfaces.extend(wanted)
    config = ClientConfig(httpx_client=http, streaming=streaming, supported_protocol_bindings=[binding])
    return ClientFactory(config).create(card)


def _request(text: str, **more: Any) -> a2a_pb2.SendMessageRequest:
    message = a2a_pb2.Message(message_id=f"m-{os.urandom(8).hex()}", role=a2a_pb2.ROLE_USER, **more)
    message.parts.append(a2a_pb2.Part(text=text))
    return a2a_pb2.SendMessageRequest(message=message)


@pytest.mark.parametrize(("version", "binding"), BINDINGS)
async def test_python_sdk_works(server: Running, http: httpx.AsyncClient, version: str, binding: str) -> None:
    url = f"{server.url}/a2a/Echo%20Agent"
    plain = await _client(http, url, version, binding, streaming=False)
    (answer,) = [event async for event in plain.send_message(_request("hello"))]
    assert answer.task.status.state == a2a_pb2.TASK_STATE_COMPLETED
    assert answer.task.artifacts[0].parts[0].text == "hello"
    found = await plain.get_task(a2a_pb2.GetTaskRequest(id=answer.task.id))
    assert found.history[0].parts[0].text == "hello"
    streaming = await _client(http, url, version, binding, streaming=True)
    events = [event async for event in streaming.send_message(_request("hello"))]
    assert events[0].WhichOneof("payload") == "task"
    assert events[-1].status_update.status.state == a2a_pb2.TASK_STATE_COMPLETED
    with pytest.raises(TaskNotFoundError):
        await plain.get_task(a2a_pb2.GetTaskRequest(id="nothing"))
    if version == "1.0":
        listed = await plain.list_tasks(a2a_pb2.ListTasksRequest(page_size=10))
        assert answer.task.id in {task.id for task in listed.tasks}
        with pytest.raises(TaskNotFoundError):
            await plain.cancel_task(a2a_pb2.CancelTaskRequest(id="nothing"))


async def test_python_sdk_resubscribes(server: Running, http: httpx.AsyncClient) -> None:
    made = (await http.post(f"{server.url}/agents/register", json={"agent_name": "Slow"})).json()
    url = f"{server.url}/a2a/{made['agent_id']}"
    for version, binding in BINDINGS:
        client = await _client(http, url, version, binding, streaming=True)
        sending = client.send_message(_request("work")).__aiter__()
        first = await anext(sending)
        again = client.subscribe(a2a_pb2.SubscribeToTaskRequest(id=first.task.id)).__aiter__()
        assert (await anext(again)).task.id == first.task.id
        cancelled = await client.cancel_task(a2a_pb2.CancelTaskRequest(id=first.task.id))
        assert cancelled.status.state == a2a_pb2.TASK_STATE_CANCELED
        for stream in (sending, again):
            *_, last = [event async for event in stream]
            assert last.status_update.status.state == a2a_pb2.TASK_STATE_CANCELED


@pytest.fixture(scope="module")
def script() -> list[str]:
    try:
        return suite.install(PACKAGE, "package.json")[:1]
    except suite.Unavailable as error:
        if os.environ.get("AGORA_REQUIRE") == "all":
            raise
        pytest.skip(str(error))


async def _run(*command: str, **environment: str) -> Any:
    process = await asyncio.create_subprocess_exec(
        *command,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        env=os.environ | environment,
    )
    async with asyncio.timeout(60):
        output, errors = await process.communicate()
    assert process.returncode == 0, (output + errors).decode()
    return from_json(output if output.startswith(b"{") else output[output.rfind(b"\n{") :])


async def test_npm_sdk_works(script: list[str], server: Running) -> None:
    program = Path(__file__).with_name("client.mjs")
    home = Path(suite.install(PACKAGE, "package.json")[1]).parent
    found = await _run(*script, str(program), f"{server.url}/a2a/Echo%20Agent", str(home))
    assert found.pop("signed") is True
    assert found.keys() == {f"{version} {binding}" for version, binding in BINDINGS}
    for name, seen in found.items():
        assert "TaskNotFound" in seen.pop("missing"), name
        assert seen == {
            "state": "TASK_STATE_COMPLETED",
            "text": "hello",
            "first": "task",
            "last": "TASK_STATE_COMPLETED",
        }, name


async def test_linter_gives_the_best_grade(server: Running) -> None:
    for url in (f"{server.url}/a2a/Echo%20Agent", f"{server.url}/a2a/Calculator%20Agent"):
        found = await _run(sys.executable, "-m", "a2a_lint.cli", url, "--live", "--json")
        assert found["summary"] == {"errors": 0, "warnings": 0, "grade": "A"}, found["findings"]
        assert found["streamEvents"] >= 2
    # a text without a suitable agent is answered by a message, without a task, and so without a last event
    front = await _run(sys.executable, "-m", "a2a_lint.cli", server.url, "--json")
    assert front["summary"]["grade"] == "A", front["findings"]
