"""The SDK's client of A2A agents: every dialect against a real server, and variants of other servers."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from agora.server.app import App
from agora_sdk import Message, Part
from agora_sdk.a2a import A2AClient, is_trusted_target
from agora_sdk.a2a_wire import Endpoint, build_call, card_url, choose_endpoint, normalize_result, parse_result
from agora_sdk.backoff import Backoff
from agora_sdk.errors import AgoraError, InvalidRequest, NotFound, ServerUnreachable, Unauthenticated, UpstreamFailed
from tests.harness import Running, make_settings, running
from tests.stream_server import serve_streams

DIALECTS = [("", "JSONRPC", "1.0"), ("/", "JSONRPC", "0.3"), ("", "HTTP+JSON", "1.0")]


@pytest.fixture
async def helpful(tmp_path: Path) -> AsyncIterator[Running]:
    """A server with the built-in agents."""
    async with running(App(make_settings(tmp_path / "helpful", builtin_agents=True))) as server:
        yield server


@pytest.fixture(params=DIALECTS, ids=["json-rpc 1.0", "json-rpc 0.3", "http+json 1.0"])
async def agent(request: pytest.FixtureRequest, helpful: Running) -> AsyncIterator[A2AClient]:
    path, binding, version = request.param
    async with await A2AClient.connect(helpful.url) as client:
        client.endpoint = Endpoint(helpful.url + path, binding, version)
        yield client


async def test_card_is_read(helpful: Running) -> None:
    async with await A2AClient.connect(helpful.url) as agent:
        assert (agent.name, agent.streams, agent.endpoint.version) == ("Agora", True, "1.0")
        assert {"calculate", "memory", "analyze"} <= {skill["id"] for skill in agent.skills}
    async with await A2AClient.connect(f"{helpful.url}/a2a/Calculator%20Agent/") as agent:
        assert agent.name == "Calculator Agent"


async def test_message_is_answered(agent: A2AClient) -> None:
    answer = await agent.send("Calculate 25 * 4")
    assert (answer.state, answer.text) == ("completed", "The result is 100")
    assert answer.task_id
    again = await agent.get_task(answer.task_id)
    assert (again.state, again.text, again.context_id) == ("completed", "The result is 100", answer.context_id)
    failed = await agent.send("Calculate 1 / 0")
    assert failed.state == "failed"
    assert "Division by zero" in failed.text


async def test_data_is_sent_and_returned(agent: A2AClient) -> None:
    answer = await agent.send(Message(parts=[Part("data", {"expression": "1/4"})], skill="calculate"))
    (data,) = [part.content for part in answer.parts if part.type == "data"]
    assert data == {"expression": "1/4", "result": 0.25, "text": "0.25"}


async def test_answer_is_streamed(agent: A2AClient) -> None:
    updates = [update async for update in agent.stream("Analyze this text: a good day")]
    assert "Statistics: 3 words" in "".join(update.text for update in updates)
    assert [update.final for update in updates] == [False] * (len(updates) - 1) + [True]
    assert {update.task_id for update in updates} == {updates[0].task_id}


async def test_errors_are_sdk_errors(agent: A2AClient) -> None:
    with pytest.raises(NotFound):
        await agent.get_task("task_" + "0" * 32)
    done = await agent.send("Calculate 1 + 1")
    with pytest.raises(AgoraError):
        await agent.cancel(str(done.task_id))


async def test_refused_credential_is_reported(helpful: Running) -> None:
    with pytest.raises(Unauthenticated):
        async with await A2AClient.connect(helpful.url, token="wrong") as agent:
            await agent.send("Calculate 1 + 1")
    with pytest.raises(ServerUnreachable):
        await A2AClient.connect("http://127.0.0.1:9")
    for wrong in ("ftp://host", "", "http://"):
        with pytest.raises(InvalidRequest):
            await A2AClient.connect(wrong)


# -- other servers -----------------------------------------------------------------------------


@asynccontextmanager
async def serving(answers: list[bytes]) -> AsyncIterator[tuple[str, list[str]]]:
    """A server that sends these bytes for each connection, and disconnects; with its received requests."""
    received: list[str] = []

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        length = next((int(line[15:]) for line in head.lower().splitlines() if line.startswith("content-length:")), 0)
        received.append(head + (await reader.readexactly(length)).decode())
        writer.write(answers.pop(0))
        await writer.drain()
        writer.close()

    async with serve_streams(answer) as port:
        yield f"http://127.0.0.1:{port}", received


def page(document: Any, status: str = "200 OK") -> bytes:
    body = json.dumps(document).encode()
    head = f"HTTP/1.1 {status}\r\ncontent-type: application/json\r\ncontent-length: {len(body)}\r\nconnection: close\r\n\r\n"
    return head.encode() + body


def events(*items: tuple[str, Any], whole: bool) -> bytes:
    """Build a chunked stream of events; one that is not whole breaks off."""
    text = "".join(
        f"id: {number}\ndata: {json.dumps({'jsonrpc': '2.0', 'result': item})}\n\n" for number, item in items
    )
    body = text.encode()
    head = (
        b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\nconnection: close\r\n\r\n"
    )
    return head + f"{len(body):x}\r\n".encode() + body + b"\r\n" + (b"0\r\n\r\n" if whole else b"")


def status(state: str, text: str = "") -> dict[str, Any]:
    said = {
        "message": {"role": "agent", "kind": "message", "messageId": "m", "parts": [{"kind": "text", "text": text}]}
    }
    return {
        "kind": "status-update",
        "taskId": "t1",
        "contextId": "c1",
        "status": {"state": state} | (said if text else {}),
    }


async def test_broken_stream_resumes_at_its_position() -> None:
    first = events(("1", {"kind": "task", "id": "t1", "contextId": "c1", "status": {"state": "working"}}),
                   ("2", status("working", "one")), whole=False)  # fmt: skip
    second = events(("3", status("working", "two")), ("4", status("completed")), whole=True)
    async with serving([first, second]) as (url, received), httpx.AsyncClient() as http:
        agent = A2AClient(Endpoint(url), {}, http, backoff=Backoff(first=0.001))
        updates = [update async for update in agent.stream("go")]
    assert [update.text for update in updates] == ["", "one", "two", ""]
    assert updates[-1].state == "completed"
    assert "message/stream" in received[0]
    assert "tasks/resubscribe" in received[1]
    assert "last-event-id: 2" in received[1].lower()


async def test_a_task_that_ended_while_its_stream_was_broken_is_read() -> None:
    working = {"kind": "task", "id": "t1", "contextId": "c1", "status": {"state": "working"}}
    refusal = page({"jsonrpc": "2.0", "id": "1", "error": {"code": -32004, "message": "The task has ended"}})
    done = {"kind": "text", "text": "done"}
    ended = working | {"status": {"state": "completed"}, "artifacts": [{"artifactId": "a", "parts": [done]}]}
    answer = page({"jsonrpc": "2.0", "id": "1", "result": ended})
    async with (
        serving([events(("1", working), whole=False), refusal, answer]) as (url, received),
        httpx.AsyncClient() as http,
    ):
        agent = A2AClient(Endpoint(url), {}, http, backoff=Backoff(first=0.001))
        updates = [update async for update in agent.stream("go")]
    assert [(update.state, update.text) for update in updates] == [("working", ""), ("completed", "done")]
    assert "tasks/get" in received[2]


async def test_a_refused_resumption_of_a_running_task_is_an_error() -> None:
    working = {"kind": "task", "id": "t1", "contextId": "c1", "status": {"state": "working"}}
    refusal = page({"jsonrpc": "2.0", "id": "1", "error": {"code": -32004, "message": "no streams"}})
    answer = page({"jsonrpc": "2.0", "id": "1", "result": working})
    async with serving([events(("1", working), whole=False), refusal, answer]) as (url, _), httpx.AsyncClient() as http:
        agent = A2AClient(Endpoint(url), {}, http, backoff=Backoff(first=0.001))
        with pytest.raises(AgoraError, match="no streams"):
            [update async for update in agent.stream("go")]


async def test_agent_without_a_card_is_called_in_0_3() -> None:
    reply = {
        "jsonrpc": "2.0",
        "id": "1",
        "result": {"message": {"parts": [{"type": "text", "content": "The result is 15"}]}},
    }
    missing = page({"detail": "Not Found"}, "404 Not Found")
    async with serving([missing, missing, page(reply)]) as (url, received), await A2AClient.connect(url) as agent:
        assert (await agent.send("Calculate 10 + 5")).text == "The result is 15"
    assert "message/send" in received[2]
    assert "a2a-version" not in received[2].lower()


@pytest.mark.parametrize(
    "answer",
    [
        b"HTTP/1.1 200 OK\r\ncontent-length: 5\r\nconnection: close\r\n\r\nhello",
        page([1, 2]),
        page({"jsonrpc": "2.0", "id": 1, "result": None}),
        page({"jsonrpc": "2.0", "id": 1, "result": {"surprise": True}}),
        page({"jsonrpc": "2.0", "id": 1, "error": "no object"}),
        b"HTTP/1.1 500 Oops\r\ncontent-length: 0\r\nconnection: close\r\n\r\n",
        page({"error": {"code": 500, "message": "x" * 5000}}, "500 Oops"),
    ],
)
async def test_malformed_response_is_an_upstream_error(answer: bytes) -> None:
    async with serving([answer]) as (url, _), httpx.AsyncClient() as http:
        with pytest.raises(UpstreamFailed):
            await A2AClient(Endpoint(url), {}, http).send("go")


def redirect(location: str) -> bytes:
    return f"HTTP/1.1 302 Found\r\nlocation: {location}\r\ncontent-length: 0\r\nconnection: close\r\n\r\n".encode()


async def test_redirected_card_is_read_with_credentials_at_the_same_origin_only() -> None:
    card = page({"name": "Ada", "url": "http://127.0.0.1:9/", "protocolVersion": "0.3.0"})
    secrets = {"token": "t0ken", "headers": {"x-api-key": "k3y"}}
    answers = [redirect("/other.json"), card]
    async with serving(answers) as (url, received), await A2AClient.connect(url, **secrets) as agent:
        assert agent.name == "Ada"
        assert all("t0ken" in request and "k3y" in request for request in received)
    async with serving([card]) as (other, received_by_other), serving([redirect(f"{other}/card")]) as (url, received):
        async with await A2AClient.connect(url, **secrets) as agent:
            assert agent.name == "Ada"
        assert "k3y" in received[0]
        (request,) = received_by_other
        assert "t0ken" not in request
        assert "k3y" not in request


@pytest.mark.parametrize("redirects", [False, True])
async def test_endpoint_at_another_origin_receives_credentials_only_from_a_card_at_the_callers_origin(
    redirects: bool,
) -> None:
    """A card that another origin has sent, without credentials, must not have them sent there."""
    answered = page({"jsonrpc": "2.0", "id": "1", "result": status("completed", "done")})
    async with serving([answered]) as (endpoint, received):
        card = page({"name": "Ada", "url": endpoint, "protocolVersion": "0.3.0"})
        async with serving([card]) as (other, _), serving([redirect(f"{other}/c") if redirects else card]) as (url, _):
            secrets: dict[str, Any] = {"token": "t0ken", "headers": {"x-api-key": "k3y"}}
            async with await A2AClient.connect(url, **secrets) as agent:
                await agent.send("hello")
        (request,) = received
        assert ("t0ken" in request, "k3y" in request) == (not redirects, not redirects)


@pytest.mark.parametrize(
    ("target", "trusted"),
    [
        ("http://host/other", True),
        ("https://host/", True),
        ("https://host:8443/", False),
        ("http://host:8080/", False),
        ("https://evil.example/", False),
    ],
)
def test_credentials_for_an_address_are_also_for_its_host_by_https(target: str, trusted: bool) -> None:
    assert is_trusted_target(httpx.URL("http://host/card"), httpx.URL(target)) == trusted


def test_credentials_for_https_are_not_for_plain_http() -> None:
    assert not is_trusted_target(httpx.URL("https://host/card"), httpx.URL("http://host/"))


async def test_endless_redirects_of_a_card_are_an_upstream_error() -> None:
    async with serving([redirect("/again")] * 100) as (url, _):
        with pytest.raises(UpstreamFailed, match="redirect"):
            await A2AClient.connect(url)


async def test_comments_do_not_count_towards_the_size_of_an_item(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("agora_sdk.a2a.MAX_BYTES", 1000)
    body = b": heartbeat\n\n" * 1000
    item = json.dumps({"jsonrpc": "2.0", "result": status("completed", "done")}).encode()
    head = b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\nconnection: close\r\n\r\n"
    async with serving([head + body + b"data: " + item + b"\n\n"]) as (url, _), httpx.AsyncClient() as http:
        updates = [update async for update in A2AClient(Endpoint(url), {}, http).stream("go")]
    assert [update.text for update in updates] == ["done"]


@pytest.mark.parametrize("line", [b"x" * 100, b"data: x\n"])
async def test_item_of_a_stream_without_end_is_refused(line: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("agora_sdk.a2a.MAX_BYTES", 1000)
    head = b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\nconnection: close\r\n\r\n"
    async with serving([head + line * 600]) as (url, _), httpx.AsyncClient() as http:
        with pytest.raises(UpstreamFailed, match="more than 1000 bytes"):
            _ = [update async for update in A2AClient(Endpoint(url), {}, http).stream("go")]


def test_cards_are_found() -> None:
    known = "/.well-known/agent-card.json"
    assert card_url("localhost:8000") == f"http://localhost:8000{known}"
    assert card_url("https://host/a2a/x/?q=1#f") == f"https://host/a2a/x{known}"
    assert card_url("https://host/cards/mine.json") == "https://host/cards/mine.json"
    for nonsense in ("http://[", "http://[::1/a2a", "ftp://host", ""):
        with pytest.raises(InvalidRequest):
            card_url(nonsense)


def test_best_interface_is_chosen() -> None:
    base = "https://host/.well-known/agent-card.json"
    rpc = {"url": "https://host/rpc", "protocolBinding": "JSONRPC", "protocolVersion": "1.0"}
    rest = {"url": "https://host/rest", "protocolBinding": "HTTP+JSON", "protocolVersion": "1.0", "tenant": "t"}
    old = {"url": "/old", "protocolVersion": "0.3.0", "preferredTransport": "JSONRPC"}
    grpc = {"url": "https://host/grpc", "protocolBinding": "GRPC", "protocolVersion": "1.0"}
    assert choose_endpoint({"supportedInterfaces": [grpc, rest, rpc]} | old, base) == Endpoint(
        "https://host/rpc", "JSONRPC", "1.0"
    )
    assert choose_endpoint({"supportedInterfaces": [rest]}, base).tenant == "t"
    assert choose_endpoint(old, base) == Endpoint("https://host/old", "JSONRPC", "0.3")
    broken = rpc | {"url": "https://["}
    assert choose_endpoint({"supportedInterfaces": [broken]} | old, base).url == "https://host/old"
    for nothing in (
        {},
        {"supportedInterfaces": [grpc, broken]},
        {"supportedInterfaces": "x"},
        {"url": 5},
        {"url": "//["},
    ):
        with pytest.raises(UpstreamFailed):
            choose_endpoint(nothing, base)
    with pytest.raises(UpstreamFailed, match="https"):
        choose_endpoint({"supportedInterfaces": [rpc | {"url": "http://elsewhere"}]}, base)


def test_tenant_is_in_the_http_json_path() -> None:
    endpoint = Endpoint("https://host/rest/", "HTTP+JSON", "1.0", "a/b")
    message = {"messageId": "m", "role": "ROLE_USER", "parts": [{"text": "hi"}]}
    call = build_call(endpoint, "SendMessage", {"message": message})
    assert (call.method, call.url, call.json) == ("POST", "https://host/rest/a%2Fb/message:send", {"message": message})
    call = build_call(endpoint, "GetTask", {"id": "t"})
    assert (call.method, call.url, call.json) == ("GET", "https://host/rest/a%2Fb/tasks/t", None)


def test_responses_of_every_version_are_equivalent() -> None:
    new = {"task": {"id": "t", "contextId": "c", "status": {"state": "TASK_STATE_INPUT_REQUIRED"}}}
    old = {"kind": "task", "id": "t", "contextId": "c", "status": {"state": "input-required"}}
    assert normalize_result(new) == {"task": new["task"]}
    assert normalize_result(old)["task"]["status"] == new["task"]["status"]
    chunk = {
        "artifact": {"artifactId": "a", "parts": [{"kind": "data", "data": {"n": 1}}]},
        "taskId": "t",
        "append": True,
    }
    assert normalize_result({"kind": "artifact-update"} | chunk)["artifactUpdate"]["artifact"]["parts"] == [
        {"data": {"n": 1}}
    ]
    assert normalize_result(chunk).keys() == {"artifactUpdate"}
    with pytest.raises(NotFound):
        parse_result(200, {"jsonrpc": "2.0", "error": {"code": -32001, "message": "no such task"}})
    with pytest.raises(Unauthenticated):
        parse_result(401, None)
