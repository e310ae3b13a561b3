"""Official A2A clients with an agent made with the SDK, which runs in a separate process."""

from __future__ import annotations

import asyncio
import base64
from collections.abc import AsyncIterator, Iterator
from typing import Any
from uuid import uuid4

import httpx
import pytest
from a2a.client import A2ACardResolver, Client, ClientConfig, ClientFactory
from a2a.types import a2a_pb2

from tests.blackbox.server import ServerProcess
from tests.clients.running import start_scenario_agent

DIRECT = {"jsonrpc": "2.0", "id": 1, "method": "SendMessage"}


@pytest.fixture(scope="module")
def agent(shared_server: ServerProcess) -> Iterator[str]:
    """Yield the URL of the agent."""
    with start_scenario_agent(shared_server) as agent_id:
        yield f"{shared_server.url}/a2a/{agent_id}"


@pytest.fixture
async def http() -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(timeout=30, headers={"A2A-Version": "1.0"}) as http:
        yield http


async def connect(http: httpx.AsyncClient, url: str, *, streaming: bool) -> Client:
    """Connect the official client."""
    card = await A2ACardResolver(http, url).get_agent_card()
    return ClientFactory(ClientConfig(httpx_client=http, streaming=streaming)).create(card)


def request(text: str, **more: Any) -> a2a_pb2.SendMessageRequest:
    message = a2a_pb2.Message(message_id=uuid4().hex, role=a2a_pb2.ROLE_USER, **more)
    message.parts.append(a2a_pb2.Part(text=text))
    return a2a_pb2.SendMessageRequest(message=message)


async def send(client: Client, text: str, **more: Any) -> list[Any]:
    return [event async for event in client.send_message(request(text, **more))]


@pytest.mark.parametrize("streaming", [False, True])
async def test_agent_answers_with_a_message(agent: str, http: httpx.AsyncClient, streaming: bool) -> None:
    client = await connect(http, agent, streaming=streaming)
    (answer,) = await send(client, "say hello there", context_id="c-1")
    assert answer.WhichOneof("payload") == "message"
    assert answer.message.role == a2a_pb2.ROLE_AGENT
    assert [part.text for part in answer.message.parts] == ["hello there"]
    assert (answer.message.context_id, answer.message.task_id) == ("c-1", "")
    # without that word, the agent answers with a task
    for text in ("echo hello", "work 2"):
        first, *rest = await send(client, text)
        last = rest[-1].status_update.status.state if streaming else first.task.status.state
        assert last == a2a_pb2.TASK_STATE_COMPLETED


async def test_process_message_may_return_any_kind_of_message(
    shared_server: ServerProcess, agent: str, http: httpx.AsyncClient
) -> None:
    for streaming in (False, True):
        client = await connect(http, f"{shared_server.url}/a2a/Talker", streaming=streaming)
        (answer,) = await send(client, "four")
        assert answer.message.parts[0].text == "four"
        assert answer.message.parts[1].data.struct_value["length"] == 4


async def test_repeated_message_gets_the_same_answer(agent: str, http: httpx.AsyncClient) -> None:
    message = {"messageId": uuid4().hex, "role": "ROLE_USER", "parts": [{"text": "say once"}]}
    for immediately in (True, False):
        configuration = {"returnImmediately": immediately}
        body = DIRECT | {"params": {"message": message, "configuration": configuration}}
        result = (await http.post(agent, json=body)).json()["result"]
        assert result["message"]["parts"] == [{"text": "once"}]


async def test_agent_with_deliver_message_answers_with_a_message(
    shared_server: ServerProcess, http: httpx.AsyncClient
) -> None:
    bob = shared_server.register("Bob", metadata={"a2a": {"deliver": "message", "answers": "message"}})
    client = await connect(http, f"{shared_server.url}/a2a/Bob", streaming=False)
    waiting = asyncio.create_task(send(client, "hello", context_id="c-2"))
    mail = await asyncio.to_thread(bob.get, "/agora/messaging/receive?wait=10")
    parts = [{"text": "well"}, {"data": {"n": 1}}]
    reply = {
        "to_agent": mail["messages"][0]["from_agent"],
        "content": "well",
        "reply_to": mail["messages"][0]["message_id"],
    }
    bob.post("/agora/messaging/send", reply | {"metadata": {"a2a": {"message": {"parts": parts}}}})
    (answer,) = await waiting
    assert answer.message.parts[0].text == "well"
    assert answer.message.parts[1].data.struct_value["n"] == 1


async def test_answer_to_a_question_reaches_the_agent(agent: str, http: httpx.AsyncClient) -> None:
    client = await connect(http, agent, streaming=False)
    (question,) = await send(client, "ask me")
    assert question.task.status.state == a2a_pb2.TASK_STATE_INPUT_REQUIRED
    assert question.task.status.message.parts[0].text == "Which one?"
    (answer,) = await send(client, "the red one", task_id=question.task.id)
    assert answer.task.artifacts[0].parts[0].text == "You chose the red one (ask me, Which one?)."


async def test_every_sse_block_of_a_stream_has_data(agent: str, http: httpx.AsyncClient) -> None:
    """The SDK of 0.3 parses the data of each block when it resubscribes: a block without data would end it."""
    client = await connect(http, agent, streaming=False)
    config = a2a_pb2.SendMessageConfiguration(return_immediately=True)
    sending = request("work 3")
    sending.configuration.CopyFrom(config)
    (task,) = [event.task async for event in client.send_message(sending)]
    body = {"jsonrpc": "2.0", "id": 1, "method": "tasks/resubscribe", "params": {"id": task.id}}
    answer = (await http.post(agent, json=body, headers={"A2A-Version": "0.3"})).text
    blocks = answer.removesuffix("\n\n").split("\n\n")
    assert len(blocks) > 1
    assert blocks[0].startswith("retry: ")
    assert all("\ndata: {" in f"\n{block}" for block in blocks), answer


async def test_missing_blocking_field_means_false_over_http_json(agent: str, http: httpx.AsyncClient) -> None:
    """Protocol buffers omit false: in 0.3 over HTTP+JSON a request without ``blocking`` does not block; over JSON-RPC
    it does."""
    part, legacy = {"text": "work 20"}, {"A2A-Version": "0.3"}
    proto = {"request": {"messageId": uuid4().hex, "role": "ROLE_USER", "content": [part]}, "configuration": {}}
    task = (await http.post(f"{agent}/v1/message:send", json=proto, headers=legacy)).json()["task"]
    assert task["status"]["state"] in ("TASK_STATE_SUBMITTED", "TASK_STATE_WORKING")
    await http.post(f"{agent}/v1/tasks/{task['id']}:cancel", json={}, headers=legacy)
    params = {"message": {"messageId": uuid4().hex, "role": "user", "kind": "message", "parts": [part]}}
    params["message"]["parts"] = [{"kind": "text", "text": "work 2"}]
    body = {"jsonrpc": "2.0", "id": 1, "method": "message/send", "params": params}
    task = (await http.post(agent, json=body, headers=legacy)).json()["result"]
    assert task["status"]["state"] == "completed"


@pytest.mark.parametrize(("client", "times"), [("python-httpx/0.28.1", 2), ("node", 1)])
async def test_files_are_encoded_as_the_0_3_client_expects(
    agent: str, http: httpx.AsyncClient, client: str, times: int
) -> None:
    """The Python SDK of 0.3 encodes files as base64 of base64 over HTTP+JSON, in both directions."""
    content = base64.b64encode(bytes(range(256)))
    encoded = (content if times == 1 else base64.b64encode(content)).decode()
    file = {"file": {"fileWithBytes": encoded, "mimeType": "image/png"}}
    request = {"messageId": uuid4().hex, "role": "ROLE_USER", "content": [{"text": "file"}, file]}
    body = {"request": request, "configuration": {"blocking": True}}
    headers = {"A2A-Version": "0.3", "User-Agent": client}
    task = (await http.post(f"{agent}/v1/message:send", json=body, headers=headers)).json()["task"]
    size, back = task["artifacts"][0]["parts"]
    assert size == {"text": "256 bytes"}
    assert back["file"]["fileWithBytes"] == encoded


async def test_message_ids_of_anonymous_callers_do_not_collide(
    shared_server: ServerProcess, agent: str, http: httpx.AsyncClient
) -> None:
    async def send_text(text: str, **headers: str) -> Any:
        message = {"messageId": "msg-1", "role": "ROLE_USER", "parts": [{"text": f"echo {text}"}]}
        return (await http.post(agent, json=DIRECT | {"params": {"message": message}}, headers=headers)).json()

    first, other = await send_text("one"), await send_text("two")
    assert first["result"]["task"]["artifacts"][0]["parts"] == [{"text": "one"}]
    assert other["result"]["task"]["artifacts"][0]["parts"] == [{"text": "two"}]
    assert (await send_text("one"))["result"] == first["result"]
    known = {"Authorization": f"Bearer {shared_server.register('Known').token}"}
    assert "result" in await send_text("one", **known)
    assert (await send_text("two", **known))["error"]["code"] == -32049


async def test_every_skill_of_a_card_declares_input_and_output_modes(
    shared_server: ServerProcess, agent: str, http: httpx.AsyncClient
) -> None:
    modes = {"input_modes": ["text/markdown"], "skills": [{"id": "draw", "outputModes": ["image/png"]}]}
    shared_server.register("Painter", capabilities=["paint"], metadata={"a2a": modes})
    card = (await http.get(f"{shared_server.url}/a2a/Painter/.well-known/agent-card.json")).json()
    draw, paint = card["skills"]
    assert (draw["inputModes"], draw["outputModes"]) == (["text/markdown"], ["image/png"])
    assert (paint["inputModes"], paint["outputModes"]) == (["text/markdown"], ["text/plain", "application/json"])
    front = (await http.get(f"{shared_server.url}/.well-known/agent-card.json")).json()
    assert all(skill["inputModes"] and skill["outputModes"] for skill in front["skills"])
