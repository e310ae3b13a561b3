"""The OpenAI API for agents: models, chat completions and responses, streamed and complete."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import json
import zlib
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest
import pytest_asyncio

from agora import scheduling
from agora.clock import new_id
from agora.core.events.frames import CloseReason
from agora.core.rate_limits import BURST_SECONDS
from agora.protocols.openai.chat_completions import ChatCompletionBuilder
from agora.protocols.openai.identifiers import TurnId
from agora.protocols.openai.pieces import TurnPieceReader
from agora.protocols.openai.responses import ResponseBuilder
from agora.protocols.openai.turn_streams import ChatWriter, ResponseWriter, TurnEncoder
from agora.server.app import App
from agora_sdk import AgoraClient
from agora_sdk.errors import Overloaded
from tests.harness import admin_token, make_settings, running
from tests.openai_agent import NAME, QUESTION, OpenAiAgent
from tests.polling import eventually

pytestmark = pytest.mark.asyncio(loop_scope="module")

TOOL: dict[str, Any] = {"name": "get_weather", "description": "The weather.", "parameters": {"type": "object"}}
PICTURE = "data:image/png;base64,iVBORw0KGgo="


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def http(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[httpx.AsyncClient]:
    """A client of a server with its built-in agents, and with one of the SDK."""
    app = App(make_settings(tmp_path_factory.mktemp("door"), builtin_agents=True, a2a_private_networks=True))
    async with (
        running(app) as server,
        OpenAiAgent(NAME, client=AgoraClient(server.url, mode="async")),
        httpx.AsyncClient(base_url=server.url, timeout=60) as http,
    ):
        yield http


async def post(http: httpx.AsyncClient, path: str, status: int = 200, **body: Any) -> Any:
    answer = await http.post(path, json={"model": NAME} | body)
    assert answer.status_code == status, answer.text
    return answer.json()


async def chat(http: httpx.AsyncClient, *messages: Any, status: int = 200, **body: Any) -> Any:
    spoken = [{"role": "user", "content": each} if isinstance(each, str) else each for each in messages]
    return await post(http, "/v1/chat/completions", status, messages=spoken, **body)


async def respond(http: httpx.AsyncClient, input: Any, status: int = 200, **body: Any) -> Any:
    return await post(http, "/v1/responses", status, input=input, **body)


async def stream(http: httpx.AsyncClient, path: str, **body: Any) -> list[Any]:
    """Return the documents of a stream, which ends with ``[DONE]``."""
    answer = await http.post(path, json={"model": NAME, "stream": True} | body)
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"].startswith("text/event-stream")
    return documents_of(answer.text)


def documents_of(text: str) -> list[Any]:
    data = [line.removeprefix("data: ") for line in text.splitlines() if line.startswith("data: ")]
    assert data[-1] == "[DONE]"
    return [json.loads(each) for each in data[:-1]]


def said(completion: Any) -> Any:
    return completion["choices"][0]["message"]["content"]


def output_text(response: Any) -> str:
    messages = [item for item in response["output"] if item["type"] == "message"]
    return "".join(part["text"] for item in messages for part in item["content"])


# -- models --------------------------------------------------------------------------------------------


async def test_models_list_the_agents_in_pages(http: httpx.AsyncClient) -> None:
    first = (await http.get("/v1/models", params={"limit": 3})).json()
    rest = (await http.get("/v1/models", params={"after": first["last_id"]})).json()
    names = [model["id"] for model in first["data"] + rest["data"]]
    assert names[0] == "agora"
    assert {NAME, "Echo Agent"} <= set(names)
    assert len(names) == len(set(names))
    assert (first["has_more"], rest["has_more"]) == (True, False)
    echo = (await http.get("/v1/models/Echo%20Agent")).json()
    assert echo["object"] == "model"
    assert echo["id"] == "Echo Agent"
    assert echo["price"] == {"type": "free", "currency": "USD"}
    price = {"type": "hybrid", "price": 0.5, "task_price": 2.0}
    priced = await http.put("/billing/prices/Echo%20Agent", json=price)
    assert priced.status_code == 200, priced.text
    listed = (await http.get("/v1/models")).json()["data"]
    (amounts,) = [model["price"] for model in listed if model["id"] == "Echo Agent"]
    assert amounts == (await http.get("/v1/models/Echo%20Agent")).json()["price"]
    assert (amounts["type"], amounts["task_price"], amounts["currency"]) == ("hybrid", 2.0, "USD")
    for limit in ("0", "501", "000000001" + "0" * 5000):
        refused = await http.get("/v1/models", params={"limit": limit})
        assert (refused.status_code, refused.json()["error"]["param"]) == (400, "limit")
    missing = await http.get("/v1/models/nobody")
    assert missing.status_code == 404
    assert missing.json()["error"]["code"] == "model_not_found"


async def test_app_is_a_model_answered_by_its_orchestrator_agent(http: httpx.AsyncClient) -> None:
    for name, agent in (("Sums", "Calculator Agent"), ("Echoes", "Echo Agent"), ("Silent", None)):
        app = {"name": name, "description": "An app.", "orchestrator_agent": agent}
        created = await http.post("/apps", json={key: value for key, value in app.items() if value is not None})
        assert created.status_code == 201, created.text
    names: list[str] = []
    after: dict[str, str] = {}
    while True:
        page = (await http.get("/v1/models", params={"limit": 1} | after)).json()
        names += [model["id"] for model in page["data"]]
        if not page["has_more"]:
            break
        after = {"after": page["last_id"]}
    assert len(names) == len(set(names))
    assert [name for name in names if name.startswith("app:")] == ["app:Sums", "app:Echoes"]
    assert (await http.get("/v1/models/app:Sums")).json()["description"] == "An app."
    assert (await http.get("/v1/models/app:Nothing")).status_code == 404
    assert (await http.get("/v1/models", params={"after": "apps:nonsense"})).json()["error"]["param"] == "after"
    assert said(await chat(http, "2 * 21", model="app:Sums")) == "The result is 42"
    events = await stream(http, "/v1/responses", model="app:Sums", input="6 * 8")
    assert output_text(events[-1]["response"]) == "The result is 48"
    missing = await http.post(
        "/v1/chat/completions", json={"model": "app:Nothing", "messages": [{"role": "user", "content": "?"}]}
    )
    assert missing.json()["error"]["code"] == "model_not_found"
    silent = await http.post(
        "/v1/chat/completions", json={"model": "app:Silent", "messages": [{"role": "user", "content": "?"}]}
    )
    assert silent.status_code == 409


# -- chat completions ----------------------------------------------------------------------------------


async def test_chat_completion_of_built_in_sdk_and_routed_agents(
    http: httpx.AsyncClient,
) -> None:
    assert said(await chat(http, "2 * 21", model="Calculator Agent")) == "The result is 42"
    completion = await chat(http, "hello")
    assert said(completion) == "hello"
    assert completion["choices"][0]["finish_reason"] == "stop"
    assert said(await chat(http, "What is 10 plus 5?", model="agora")) == "The result is 15"


async def test_remote_a2a_agent_is_a_model(http: httpx.AsyncClient, tmp_path: Path) -> None:
    settings = make_settings(tmp_path / "far", builtin_agents=True)
    async with running(App(settings)) as far:
        headers = {"Authorization": f"Bearer {admin_token(settings)}"}
        remote = {"url": f"{far.url}/a2a/Calculator%20Agent", "name": "Far Calculator", "headers": headers}
        added = await http.post("/agora/a2a/add_remote", json=remote)
        assert added.status_code == 200, added.text
        assert said(await chat(http, "6 * 7", model="Far Calculator")) == "The result is 42"
        events = await stream(http, "/v1/responses", model="Far Calculator", input="6 * 8")
        assert output_text(events[-1]["response"]) == "The result is 48"


async def test_streamed_completion_has_chunks_as_they_are_written(http: httpx.AsyncClient) -> None:
    chunks = await stream(
        http,
        "/v1/chat/completions",
        messages=[{"role": "user", "content": "count 3"}],
        stream_options={"include_usage": True},
    )
    deltas = [chunk["choices"][0]["delta"].get("content") for chunk in chunks if chunk["choices"]]
    assert "".join(filter(None, deltas)) == "1 2 3 "
    assert chunks[-2]["choices"][0]["finish_reason"] == "stop"
    assert chunks[-1]["choices"] == []
    assert set(chunks[-1]["usage"]) == {
        "prompt_tokens",
        "completion_tokens",
        "total_tokens",
    }


async def test_streamed_completion_ends_regularly_when_its_usage_cannot_be_read(tmp_path: Path) -> None:
    # Two calls at once: for the turn and for its stream. The third one, for the usage, is refused.
    app = App(make_settings(tmp_path, builtin_agents=True, rate_basic=1, rate_call_ms=10_000))
    async with running(app) as server, httpx.AsyncClient(base_url=server.url, timeout=60) as http:
        registered = await http.post("/agora/agent/register", json={"agent_name": "Asker"})
        token = registered.json()["token"]
        moment = app.dispatcher.limiter.clock()
        app.dispatcher.limiter.clock = lambda: moment  # no refills
        answer = await http.post(
            "/v1/chat/completions",
            headers={"Authorization": f"Bearer {token}"},
            json={
                "model": "Calculator Agent",
                "messages": [{"role": "user", "content": "2 * 21"}],
                "stream": True,
                "stream_options": {"include_usage": True},
            },
        )
    chunks = documents_of(answer.text)
    assert "".join(chunk["choices"][0]["delta"].get("content", "") for chunk in chunks[:-1]) == "The result is 42"
    assert chunks[-1]["usage"]["total_tokens"] == 0


@contextlib.asynccontextmanager
async def limited_client(
    directory: Path, calls: int, **settings: Any
) -> AsyncIterator[tuple[App, httpx.AsyncClient, dict[str, str]]]:
    """A server with the agent, an operator's client, and the headers of a caller whose rate limit leaves that many
    calls."""
    app = App(make_settings(directory, rate_call_ms=10_000, **settings))
    async with (
        running(app) as server,
        AgoraClient(server.url, mode="async") as client,
        OpenAiAgent(NAME, client=client),
        httpx.AsyncClient(base_url=server.url, timeout=60) as http,
    ):
        registered = await http.post("/agora/agent/register", json={"agent_name": "Asker"})
        asker = {"Authorization": f"Bearer {registered.json()['token']}"}
        limiter = app.dispatcher.limiter
        moment = limiter.clock()
        limiter.clock = lambda: moment  # no refills
        # The caller alone is at its limit, not the agent: it has made all other calls of its burst, on another server.
        burst = int(app.settings.rate_basic * BURST_SECONDS)
        limiter.add_remote_calls("default", registered.json()["agent_id"], burst - calls)
        yield app, http, asker


async def task_statuses(http: httpx.AsyncClient) -> list[str]:
    return [row["status"] for row in (await http.get("/agora/task/list")).json()["tasks"]]


async def await_task_status(http: httpx.AsyncClient, status: str) -> None:
    async def read_statuses() -> list[str]:
        return await task_statuses(http)

    await eventually(read_statuses, lambda statuses: statuses == [status])


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/v1/chat/completions", {"messages": [{"role": "user", "content": "hello"}]}),
        ("/v1/responses", {"input": "hello"}),
    ],
)
async def test_stream_of_a_begun_turn_is_not_refused_by_the_rate_limit(
    tmp_path: Path, path: str, body: dict[str, Any]
) -> None:
    async with limited_client(tmp_path, calls=1) as (_, http, asker):
        answer = await http.post(path, headers=asker, json={"model": NAME, "stream": True} | body)
        assert answer.status_code == 200, answer.text
        assert "hello" in answer.text
        # The stream was charged all the same: the next request is refused before it begins a turn.
        refused = await http.post(path, headers=asker, json={"model": NAME, "stream": True} | body)
        assert (refused.status_code, refused.headers["x-should-retry"]) == (429, "true")
        assert await task_statuses(http) == ["completed"]


async def test_begun_turn_that_cannot_be_followed_is_cancelled_and_not_retried(tmp_path: Path) -> None:
    async with limited_client(tmp_path, calls=2) as (app, http, asker):
        admit, body = app.dispatcher.admission.admit_and_charge_call, {"model": NAME, "input": "wait", "stream": True}

        def refuse_streams(operation: Any, caller: Any, **options: Any) -> None:
            if operation.name == "agora.a2a.subscribe":
                raise Overloaded("The server is busy.", retry_after=1)
            admit(operation, caller, **options)

        app.dispatcher.admission.admit_and_charge_call = refuse_streams  # type: ignore[method-assign]
        refused = await http.post("/v1/responses", headers=asker, json=body)
        assert (refused.status_code, refused.headers["x-should-retry"]) == (503, "false")
        await await_task_status(http, "cancelled")


async def test_woken_completion_is_answered_although_too_many_calls_wait_for_their_turn(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with limited_client(tmp_path, calls=2) as (app, http, asker):
        body = {"model": NAME, "input": "wait"}
        asking = asyncio.create_task(http.post("/v1/responses", headers=asker, json=body))
        await await_task_status(http, "in_progress")
        (task,) = (await http.get("/agora/task/list")).json()["tasks"]
        caller = await app.authenticator.authenticate(asker["Authorization"].removeprefix("Bearer "))
        scheduler = app.dispatcher.scheduler
        scheduler.charge_time(scheduler.get_or_create_share(caller.owner), 3600)
        monkeypatch.setattr(scheduling, "MAX_WAITING_CALLS", 0)
        cancelled = await http.post("/agora/task/cancel", json={"task_id": task["task_id"]})
        assert cancelled.status_code == 200, cancelled.text
        answer = await asking
        assert (answer.status_code, answer.json()["status"]) == (200, "cancelled"), answer.text


@pytest.mark.parametrize("key", [None, "refused-1"])
async def test_turn_that_may_not_be_awaited_is_cancelled_and_not_retried_without_a_key(
    tmp_path: Path, key: str | None
) -> None:
    # The agent needs two of them itself; the caller has all but one of its own open elsewhere.
    async with (
        limited_client(tmp_path, calls=6, max_streams_each=4) as (_, http, asker),
        contextlib.AsyncExitStack() as streams,
    ):
        for _ in range(3):
            await streams.enter_async_context(http.stream("GET", "/agora/event/stream", headers=asker))
        body = {"model": NAME, "input": "wait"}
        asking = asyncio.create_task(http.post("/v1/responses", headers=asker, json=body))
        await await_task_status(http, "in_progress")
        headers = asker | ({"Idempotency-Key": key} if key else {})
        refused = await http.post("/v1/responses", headers=headers, json=body)
        # A retry with the key finds the turn, any other begins and pays a second one.
        assert (refused.status_code, refused.headers["x-should-retry"]) == (503, "true" if key else "false")
        expected = ["in_progress", "in_progress" if key else "cancelled"]
        await eventually(lambda: task_statuses(http), lambda statuses: sorted(statuses) == sorted(expected))
        asking.cancel()
        # The agent drains what it runs before it stops.
        for task in (await http.get("/agora/task/list", params={"status": "in_progress"})).json()["tasks"]:
            await http.post("/agora/task/cancel", json={"task_id": task["task_id"]})
        await eventually(lambda: task_statuses(http), lambda statuses: statuses == ["cancelled"] * 2)


@pytest.mark.parametrize("streams", [False, True])
async def test_disconnection_cancels_the_turn_above_the_rate_limit(tmp_path: Path, streams: bool) -> None:
    # The last call that the limit admits is that of the turn, or of its stream.
    async with limited_client(tmp_path, calls=2 if streams else 1) as (_, http, asker):
        body = {"model": NAME, "messages": [{"role": "user", "content": "wait"}], "stream": streams}
        asking = asyncio.create_task(http.post("/v1/chat/completions", headers=asker, json=body))
        await await_task_status(http, "in_progress")
        asking.cancel()
        await await_task_status(http, "cancelled")


async def test_retry_of_a_disconnected_request_with_its_key_is_the_cancelled_turn(http: httpx.AsyncClient) -> None:
    registered = await http.post("/agora/agent/register", json={"agent_name": "Retrying Client"})
    headers = {"Authorization": f"Bearer {registered.json()['token']}", "Idempotency-Key": "disconnected-1"}
    body = {"model": NAME, "input": "wait"}
    asking = asyncio.create_task(http.post("/v1/responses", headers=headers, json=body))

    async def list_tasks(status: str) -> list[Any]:
        rows = (await http.get("/agora/task/list", params={"status": status})).json()["tasks"]
        return [row["task_id"] for row in rows]

    (task,) = await eventually(lambda: list_tasks("in_progress"), bool)
    asking.cancel()
    await eventually(lambda: list_tasks("in_progress"), lambda tasks: not tasks)
    again = await http.post("/v1/responses", headers=headers, json=body)
    assert again.status_code == 200, again.text
    assert (again.json()["id"], again.json()["status"]) == (task.replace("task_", "resp_"), "cancelled")


async def test_line_separators_do_not_break_a_stream(http: httpx.AsyncClient) -> None:
    """Several clients split a stream by Unicode's line ends, as ``splitlines`` does."""
    text = "one\u2028two\u2029three\u0085four"
    events = await stream(http, "/v1/responses", input="echo", instructions=text, metadata={"place": text})
    assert [event["response"]["instructions"] for event in events if "response" in event] == [text] * 3
    chunks = await stream(http, "/v1/chat/completions", messages=[{"role": "user", "content": text}], model="agora")
    assert len(chunks) > 1


async def test_completion_is_cancelled_when_the_server_ends_its_stream(tmp_path: Path) -> None:
    async with limited_client(tmp_path, calls=2) as (app, http, asker):
        body = {"model": NAME, "messages": [{"role": "user", "content": "wait"}], "stream": True}
        async with http.stream("POST", "/v1/chat/completions", headers=asker, json=body) as answer:
            lines = answer.aiter_lines()
            await anext(lines)
            await await_task_status(http, "in_progress")
            app.drain()
            chunks = documents_of("\n".join([line async for line in lines]))
        assert (
            chunks[-1]["error"]["message"] == "The server stops. Ask again in a moment; the agent's task is cancelled."
        )
        await await_task_status(http, "cancelled")


async def test_stream_of_a_slow_reader_ends_with_what_its_client_can_do() -> None:
    turn = TurnId(new_id("task"))
    chat, response = ChatWriter(ChatCompletionBuilder(NAME, turn)), ResponseWriter(ResponseBuilder(NAME, turn, {}))
    ends = [
        TurnEncoder(TurnPieceReader(()), writer).encode_end(CloseReason.too_slow(), 1).decode()
        for writer in (chat, response)
    ]
    assert "read too slowly. Ask again" in ends[0]
    assert "read too slowly. Read the response again" in ends[1]


async def test_history_and_options_are_the_agents_context(http: httpx.AsyncClient) -> None:
    completion = await chat(
        http,
        {"role": "system", "content": "Be brief."},
        "My name is Alice.",
        {"role": "assistant", "content": "Hello Alice."},
        "context please",
        temperature=0.5,
    )
    context = json.loads(said(completion))
    assert context["instructions"] == "Be brief."
    assert context["options"] == {"temperature": 0.5}
    assert [each["content"] for each in context["history"]] == ["My name is Alice.", "Hello Alice."]


async def test_content_parts_become_message_parts(http: httpx.AsyncClient) -> None:
    content = [
        {"type": "text", "text": "parts"},
        {"type": "image_url", "image_url": {"url": PICTURE}},
        {"type": "image_url", "image_url": {"url": "https://example.com/a.png"}},
        {"type": "file", "file": {"filename": "a.txt", "file_data": "aGk="}},
    ]
    assert said(await chat(http, {"role": "user", "content": content})) == "text file url file"


async def test_next_completion_of_the_conversation_answers_a_question(http: httpx.AsyncClient) -> None:
    assert said(await chat(http, "choose")) == QUESTION
    asked = {"role": "assistant", "content": QUESTION}
    assert said(await chat(http, "choose", asked, "the red one")) == "You chose the red one."


async def test_retry_of_an_answer_with_its_key_is_the_same_turn(http: httpx.AsyncClient) -> None:
    suffix = new_id("key")
    asked = await respond(http, "choose")
    answer = {"model": NAME, "input": "the red one", "previous_response_id": asked["id"]}
    await respond(http, "choose")  # another task that waits with the same question
    headers = {"Idempotency-Key": f"response-{suffix}"}
    first, again = [await http.post("/v1/responses", headers=headers, json=answer) for _ in range(2)]
    assert (first.status_code, again.status_code) == (200, 200), again.text
    assert output_text(first.json()) == "You chose the red one."
    assert (again.json()["id"], output_text(again.json())) == (first.json()["id"], "You chose the red one.")
    other = await http.post("/v1/responses", headers=headers, json=answer | {"input": "the blue one"})
    assert other.status_code == 409, "another request with the same key"

    turns = [("user", "choose"), ("assistant", QUESTION), ("user", "the green one")]
    await chat(http, "choose")
    body = {"model": NAME, "messages": [{"role": role, "content": text} for role, text in turns]}
    headers = {"Idempotency-Key": f"chat-{suffix}"}
    first, again = [await http.post("/v1/chat/completions", headers=headers, json=body) for _ in range(2)]
    assert (first.status_code, again.status_code) == (200, 200), again.text
    assert (said(first.json()), said(again.json())) == ("You chose the green one.",) * 2
    assert again.json()["id"] == first.json()["id"]


async def test_tools_are_passed_through(http: httpx.AsyncClient) -> None:
    tools = [{"type": "function", "function": TOOL}]
    asked = await chat(http, "How is the weather?", tools=tools)
    assert asked["choices"][0]["finish_reason"] == "tool_calls"
    message = asked["choices"][0]["message"]
    (call,) = message["tool_calls"]
    assert call["function"]["name"] == "get_weather"
    assert message["content"] is None
    assert json.loads(call["function"]["arguments"]) == {"location": "San Francisco"}
    output = {"role": "tool", "tool_call_id": call["id"], "content": "sunny"}
    for _ in range(2):  # a repetition is the same turn
        assert said(await chat(http, "How is the weather?", message, output, tools=tools)) == "The tool says sunny."
    other = output | {"content": "rain"}
    refused = await chat(http, "How is the weather?", message, other, tools=tools, status=409)
    assert refused["error"]["type"] == "invalid_request_error"
    incomplete = output | {"tool_call_id": call["id"][:-1] + "1"}
    refused = await chat(http, "How is the weather?", message, incomplete, tools=tools, status=400)
    assert refused["error"]["param"] == "messages"
    digits, entry, number = call["id"].rsplit("_", 2)
    unknown = output | {"tool_call_id": f"{digits}_{int(entry) + 50}_{number}"}
    refused = await chat(http, "How is the weather?", message, unknown, tools=tools, status=404)
    assert refused["error"]["param"] == "tool_call_id"
    # tools excluded by the choice are not offered; if one is called anyway, the result is a question
    chosen = await chat(http, "How is the weather?", tools=tools, tool_choice="none")
    assert said(chosen) == "How is the weather?"
    assert said(await chat(http, "blindly", tools=tools, tool_choice="none")) == "I need your tool."


async def test_failed_agent_is_a_non_retryable_error(http: httpx.AsyncClient) -> None:
    body = {"model": NAME, "messages": [{"role": "user", "content": "fail No luck."}]}
    answer = await http.post("/v1/chat/completions", json=body)
    assert answer.status_code == 422
    assert answer.headers["x-should-retry"] == "false"
    error = answer.json()["error"]
    assert (error["message"], error["type"], error["code"]) == ("No luck.", "agent_error", "agent_failed")
    chunks = await stream(http, "/v1/chat/completions", messages=body["messages"])
    assert chunks[-1]["error"]["code"] == "agent_failed"


@pytest.mark.parametrize(
    ("body", "param"),
    [
        ({"messages": []}, "messages"),
        ({"messages": [{"role": "user", "content": "x"}] * 1001}, "messages"),
        ({"messages": [{"role": "robot", "content": "x"}]}, "messages.0.role"),
        ({"messages": [{"role": "user", "content": [{"type": "video"}]}]}, "messages.0.content.0.type"),
        ({"messages": [{"role": "system", "content": "x"}]}, "messages"),
        ({"messages": [{"role": "user", "content": [{"type": "text", "text": "x"}] * 101}]}, "messages.0.content"),
        ({"messages": [{"role": "user", "content": "x"}], "n": 2}, "n"),
        ({"messages": [{"role": "user", "content": "x"}], "tools": [{"type": "web_search"}]}, "tools.0.type"),
        ({"messages": [{"role": "user", "content": "x"}], "tools": [{"type": "function", **TOOL}] * 129}, "tools"),
        ({"messages": [{"role": "user", "content": "a\0b"}]}, "messages"),
        ({"messages": [{"role": "user", "content": "x"}], "model": ""}, "model"),
        ({"messages": [{"role": "user", "content": "x"}], "stream": "yes"}, "stream"),
        ({"messages": [{"role": "user", "content": "x"}], "modalities": 5}, "modalities"),
        ({"messages": [{"role": "user", "content": "x"}], "tool_choice": {"allowed_tools": [1]}}, "tool_choice"),
    ],
)
async def test_invalid_request_names_its_field(http: httpx.AsyncClient, body: dict[str, Any], param: str) -> None:
    refused = await post(http, "/v1/chat/completions", 400, **body)
    assert refused["error"]["type"] == "invalid_request_error"
    assert refused["error"]["param"] == param


async def test_output_of_a_tool_may_lack_its_content(http: httpx.AsyncClient) -> None:
    messages: list[Any] = [{"role": "user", "content": "How is the weather?"}]
    asked = await chat(http, *messages, tools=[{"type": "function", "function": TOOL}])
    (call,) = asked["choices"][0]["message"]["tool_calls"]
    messages += [asked["choices"][0]["message"], {"role": "tool", "tool_call_id": call["id"]}]
    assert said(await chat(http, *messages)) == "The tool says ."


# -- responses -----------------------------------------------------------------------------------------


async def test_response_is_stored_and_its_conversation_continued(http: httpx.AsyncClient) -> None:
    first = await respond(http, "choose", metadata={"a": "b"}, instructions="Be brief.")
    assert (first["status"], output_text(first), first["metadata"]) == ("completed", QUESTION, {"a": "b"})
    second = await respond(http, "the red one", previous_response_id=first["id"])
    assert output_text(second) == "You chose the red one."
    assert second["previous_response_id"] == first["id"]
    third = await respond(http, "hello", previous_response_id=second["id"])
    assert output_text(third) == "hello"
    for response in (first, second, third):
        kept = (await http.get(f"/v1/responses/{response['id']}")).json()
        assert (kept["id"], output_text(kept), kept["status"]) == (
            response["id"],
            output_text(response),
            response["status"],
        )
    assert (await http.get(f"/v1/responses/{first['id']}")).json() == first


async def test_events_of_a_response_resume_after_any_event(http: httpx.AsyncClient) -> None:
    events = await stream(http, "/v1/responses", input="count 3")
    assert [event["sequence_number"] for event in events] == list(range(len(events)))
    kinds = [event["type"] for event in events]
    assert kinds[:2] == ["response.created", "response.in_progress"]
    assert kinds[-1] == "response.completed"
    deltas = [event["delta"] for event in events if event["type"] == "response.output_text.delta"]
    assert "".join(deltas) == "1 2 3 "
    final = events[-1]["response"]
    assert [item["type"] for item in final["output"]] == ["reasoning", "message"]
    assert final["output"][0]["summary"][0]["text"] == "I begin."
    query = {"stream": "true", "starting_after": "4"}
    again = await http.get(f"/v1/responses/{final['id']}", params=query)
    resumed = documents_of(again.text)
    assert resumed[0]["sequence_number"] == 5
    assert [event["type"] for event in resumed[-4:]] == kinds[-4:]
    assert output_text(resumed[-1]["response"]) == output_text(final)


async def test_background_response_is_read_and_cancelled(http: httpx.AsyncClient) -> None:
    begun = await respond(http, "wait", background=True)
    assert begun["status"] == "in_progress"
    assert begun["background"] is True
    assert (await http.get(f"/v1/responses/{begun['id']}")).json()["status"] == "in_progress"
    refused = await respond(http, "and?", previous_response_id=begun["id"], status=409)
    assert "in progress" in json.dumps(refused) or "not complete" in refused["error"]["message"]
    cancelled = (await http.post(f"/v1/responses/{begun['id']}/cancel")).json()
    assert cancelled["status"] == "cancelled"
    again = await http.post(f"/v1/responses/{begun['id']}/cancel")
    assert again.status_code == 200
    assert again.json()["status"] == "cancelled"


async def test_disconnection_cancels_a_foreground_response(http: httpx.AsyncClient) -> None:
    body = {"model": NAME, "input": "wait", "stream": True}
    async with http.stream("POST", "/v1/responses", json=body) as answer:
        async for line in answer.aiter_lines():
            if line.startswith("data: "):
                response = json.loads(line.removeprefix("data: "))["response"]
                break

    async def is_cancelled() -> bool:
        return (await http.get(f"/v1/responses/{response['id']}")).json()["status"] == "cancelled"

    await eventually(is_cancelled, bool)
    left = asyncio.create_task(chat(http, "wait"))
    tasks = "/agora/task/list"

    async def waiting() -> list[Any]:
        rows = (await http.get(tasks, params={"status": "in_progress"})).json()["tasks"]
        return [row["task_id"] for row in rows]

    await eventually(waiting, bool)
    left.cancel()

    async def is_over() -> bool:
        return not await waiting()

    await eventually(is_over, bool)


async def test_conversation_is_compacted_into_an_equivalent_item(http: httpx.AsyncClient) -> None:
    conversation = [
        {"type": "message", "role": "user", "content": "We launch on Tuesday. " * 200},
        {"type": "reasoning", "summary": []},
        {"type": "message", "role": "assistant", "content": "Understood: Tuesday."},
    ]
    body = {"model": NAME, "prompt_cache_key": "k", "input": conversation}
    answer = await http.post("/v1/responses/compact", json=body)
    assert answer.status_code == 200, answer.text
    compacted = answer.json()
    assert (compacted["object"], compacted["usage"]["total_tokens"]) == ("response.compaction", 0)
    (item,) = compacted["output"]
    assert (item["type"], item["id"][:4]) == ("compaction", "cmp_")
    assert len(item["encrypted_content"]) < 400
    question = {"type": "message", "role": "user", "content": "context"}
    whole = await http.post("/v1/responses", json={"model": NAME, "input": [*conversation, question]})
    packed = await http.post("/v1/responses", json={"model": NAME, "input": [item, question]})
    told = [json.loads(output_text(each.json())) for each in (whole, packed)]
    assert told[1]["history"] == [each for each in told[0]["history"] if each["type"] != "reasoning"]
    assert len(told[1]["history"]) == 2
    # compacted again, with the later messages
    again = await http.post("/v1/responses/compact", json={"model": NAME, "input": [item, question]})
    third = await http.post("/v1/responses", json={"model": NAME, "input": [*again.json()["output"], question]})
    assert len(json.loads(output_text(third.json()))["history"]) == 3


@pytest.mark.parametrize("kind", [[], {}, 1, None])
async def test_a_part_whose_type_is_not_a_text_is_refused(http: httpx.AsyncClient, kind: object) -> None:
    part = {"type": kind, "text": "Hello", "input_audio": {"data": "", "format": kind}}
    for path, field in (("/v1/responses", "input"), ("/v1/chat/completions", "messages")):
        answer = await http.post(path, json={"model": NAME, field: [{"role": "user", "content": [part]}]})
        assert (answer.status_code, answer.json()["error"]["param"]) == (400, f"{field}.0.content.0.type")
    audio = {"type": "input_audio", "input_audio": {"data": "aGk=", "format": kind}}
    answer = await http.post("/v1/responses", json={"model": NAME, "input": [{"role": "user", "content": [audio]}]})
    assert answer.status_code == 200


async def test_compacted_item_that_exceeds_the_body_limit_is_refused(http: httpx.AsyncClient) -> None:
    item = {"type": "message", "role": "user", "content": "x" * 5_000_000}
    document = json.dumps({"items": [item], "previous_response_id": None}).encode()
    packed = {"type": "compaction", "encrypted_content": base64.b64encode(zlib.compress(document)).decode()}
    request = {"model": NAME, "input": [packed, packed, {"role": "user", "content": "context"}]}
    answer = await http.post("/v1/responses", json=request)
    assert (answer.status_code, answer.json()["error"]["param"]) == (400, "input.1.encrypted_content")


async def test_compacted_items_with_too_many_values_are_refused(http: httpx.AsyncClient) -> None:
    # Each is within the bound for one body, together they are not.
    values = {"items": [0] * 500_000, "previous_response_id": None}
    packed = base64.b64encode(zlib.compress(json.dumps(values, separators=(",", ":")).encode())).decode()
    item = {"type": "compaction", "encrypted_content": packed}
    refused = await respond(http, [item, item], status=413)
    assert "too many values" in refused["error"]["message"]


async def test_compacted_response_continues_in_its_context(http: httpx.AsyncClient) -> None:
    first = (await http.post("/v1/responses", json={"model": NAME, "input": "choose"})).json()
    assert output_text(first) == QUESTION
    body = {"model": NAME, "previous_response_id": first["id"]}
    (item,) = (await http.post("/v1/responses/compact", json=body)).json()["output"]
    answer = await http.post(
        "/v1/responses", json={"model": NAME, "input": [item, {"role": "user", "content": "the red one"}]}
    )
    assert output_text(answer.json()) == "You chose the red one."


@pytest.mark.parametrize(
    ("body", "status", "param"),
    [
        ({"input": "x"}, 400, "model"),
        ({"model": NAME}, 400, "input"),
        ({"model": "nobody", "input": "x"}, 404, "model"),
        ({"model": NAME, "previous_response_id": "resp_1"}, 404, "previous_response_id"),
        (
            {"model": NAME, "input": [{"type": "compaction", "encrypted_content": "AAAA"}]},
            400,
            "input.0.encrypted_content",
        ),
    ],
)
async def test_invalid_compactions_are_refused(http: httpx.AsyncClient, body: Any, status: int, param: str) -> None:
    answer = await http.post("/v1/responses/compact", json=body)
    assert (answer.status_code, answer.json()["error"]["param"]) == (status, param)


async def test_calls_of_the_clients_tools_are_function_calls_of_the_response(http: httpx.AsyncClient) -> None:
    tools = [{"type": "function", **TOOL}]
    events = await stream(http, "/v1/responses", input="How is the weather?", tools=tools)
    asked = events[-1]["response"]
    (call,) = asked["output"]
    assert (call["type"], call["name"], asked["status"]) == ("function_call", "get_weather", "completed")
    assert {"response.function_call_arguments.delta", "response.function_call_arguments.done"} <= {
        event["type"] for event in events
    }
    output = {"type": "function_call_output", "call_id": call["call_id"], "output": "sunny"}
    answered = await respond(http, [output], previous_response_id=asked["id"])
    assert output_text(answered) == "The tool says sunny."
    assert output_text((await http.get(f"/v1/responses/{answered['id']}")).json()) == "The tool says sunny."
    unknown = output | {"call_id": f"{call['call_id'][:-1]}7"}
    assert (await respond(http, [unknown], status=400))["error"]["type"] == "invalid_request_error"


async def test_item_of_another_type_is_no_message_of_the_user(http: httpx.AsyncClient) -> None:
    item = {"type": "reasoning", "role": "user", "summary": []}
    assert output_text(await respond(http, [{"role": "user", "content": "hello"}, item])) == "hello"
    refused = await respond(http, [item], status=400)
    assert refused["error"]["param"] == "input"


async def test_unknown_response_is_not_found(http: httpx.AsyncClient) -> None:
    missing = "resp_" + "0" * 32
    assert (await http.get(f"/v1/responses/{missing}")).json()["error"]["code"] == "response_not_found"
    refused = await respond(http, "x", previous_response_id=missing, status=404)
    assert refused["error"]["code"] == "previous_response_not_found"
    assert (await http.delete(f"/v1/responses/{missing}")).status_code == 405
    assert (await http.get(f"/v1/responses/{missing}/nothing")).status_code == 404


# -- permissions ---------------------------------------------------------------------------------------


async def test_keys_scopes_tenants_and_halts_apply(http: httpx.AsyncClient) -> None:
    first = (await http.post("/agents/register", json={"agent_name": "First Client"})).json()["token"]
    other = (await http.post("/agents/register", json={"agent_name": "Other Client"})).json()["token"]
    asking, looking = ({"Authorization": f"Bearer {token}"} for token in (first, other))
    body = {"model": NAME, "input": "hello"}
    response = (await http.post("/v1/responses", json=body, headers=asking)).json()
    hidden = await http.get(f"/v1/responses/{response['id']}", headers=looking)
    assert hidden.status_code == 404
    assert hidden.json()["error"]["code"] == "response_not_found"
    forged = await http.post("/v1/responses", json=body, headers={"Authorization": "Bearer wrong"})
    assert forged.status_code == 401
    assert forged.json()["error"]["code"] == "invalid_api_key"
    action = {"target_id": "system_wide", "action": "emergency_halt"}
    halt = await http.post("/agora/admin/override", json=action)
    assert halt.status_code == 200, halt.text
    halted = await http.post(
        "/v1/chat/completions", json={"model": NAME, "messages": [{"role": "user", "content": "x"}]}, headers=asking
    )
    assert halted.status_code == 423
    assert halted.json()["error"]["code"] == "halted"
    lifted = await http.post("/agora/admin/override", json=action | {"action": "resume"})
    assert lifted.status_code == 200, lifted.text


async def test_pages_of_allowed_origins_are_accepted(tmp_path: Path) -> None:
    origin = "https://app.example.com"
    preflight = {"Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "authorization"}
    settings = make_settings(tmp_path, cors_origins=(origin,))
    async with running(App(settings)) as server, httpx.AsyncClient(headers={"Origin": origin}) as http:
        asked = await http.options(f"{server.url}/v1/chat/completions", headers=preflight)
        assert asked.headers["access-control-allow-headers"] == "authorization"
        refused = await http.post(f"{server.url}/v1/chat/completions", json={})
        assert refused.status_code in (400, 401)
        assert refused.headers["access-control-allow-origin"] == origin


async def test_api_can_be_disabled(tmp_path: Path) -> None:
    async with running(App(make_settings(tmp_path, openai_door=False))) as server, httpx.AsyncClient() as http:
        assert (await http.get(f"{server.url}/v1/models")).status_code == 404
