"""Calls of agents' tools as MCP tasks, in both protocol generations: raw JSON, the official client, and hostile
callers."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import mcp_types as types
import pytest
from scripts import conformance_mcp

from tests.blackbox.mcp_task_calls import DECLARED, LEGACY, Baker, Connection, TasksExtension, begin, begin_sending
from tests.blackbox.mcp_wire import EXTENSION, RawClient, stream_messages
from tests.blackbox.server import ServerProcess
from tests.polling import poll_until

JAVASCRIPT_SDK = "@modelcontextprotocol/sdk@1.32.2"
FORM = {"type": "object", "properties": {"size": {"type": "integer"}}, "required": ["size"]}
UNKNOWN_METHOD, INVALID_PARAMS, MISSING_CAPABILITY, HEADER_MISMATCH = -32601, -32602, -32021, -32020
DEADLINE = 60.0
SOMEBODYS = {"task_type": "x", "assignee": "Nobody yet"}  # a task for a type that no agent here handles


@pytest.fixture
def modern(shared_server: ServerProcess) -> Any:
    with RawClient(shared_server.url, shared_server.admin_token, capabilities=DECLARED) as client:
        yield client


@pytest.fixture
def legacy(shared_server: ServerProcess) -> Any:
    with RawClient(shared_server.url, shared_server.admin_token, LEGACY) as client:
        yield client


# -- the extension of 2026-07-28 -------------------------------------------------------------------


def test_call_becomes_a_task_of_the_marketplace(shared_server: ServerProcess, modern: RawClient) -> None:
    baker = Baker(shared_server, "Own")
    handle = begin(modern, baker.tool)
    assert handle["resultType"] == "task"
    assert handle["status"] == "working"
    assert handle["ttlMs"] is None
    assert handle["pollIntervalMs"] == 1000
    assert baker.take() == handle["taskId"]
    baker.report(40, "in the oven")
    assert modern.result("tasks/get", {"taskId": handle["taskId"]})["statusMessage"] == "40 %: in the oven"
    baker.complete({"loaves": 2})
    task = modern.result("tasks/get", {"taskId": handle["taskId"]})
    assert (task["resultType"], task["status"]) == ("complete", "completed")
    assert task["result"]["structuredContent"] == {"loaves": 2}
    own = shared_server.operator.get("/agora/task/get", params={"task_id": handle["taskId"]})
    assert own["result"] == {"loaves": 2}
    assert isinstance(task["ttlMs"], int)
    assert task["ttlMs"] > 80 * 86_400_000  # the retention of ended tasks


@pytest.mark.parametrize(("end", "status"), [(Baker.fail, "completed"), (Baker.reject, "failed")])
def test_failed_task_is_a_tool_error_or_a_protocol_error(
    shared_server: ServerProcess, modern: RawClient, end: Callable[[Baker], None], status: str
) -> None:
    baker = Baker(shared_server, f"End {status}")
    task_id = begin(modern, baker.tool.replace(" ", "_"))["taskId"]
    baker.take()
    end(baker)
    task = modern.result("tasks/get", {"taskId": task_id})
    assert task["status"] == status
    if status == "completed":
        assert task["result"]["isError"] is True
        assert "burnt" in str(task["result"]["content"])
    else:
        assert task["error"]["code"] == -32603
        assert "closed" in task["error"]["message"]


def test_questions_are_answered_one_by_one(shared_server: ServerProcess, modern: RawClient) -> None:
    baker = Baker(shared_server, "Asking")
    task_id = begin(modern, baker.tool)["taskId"]
    baker.take()
    baker.ask(
        "Two things.", questions={"size": {"text": "Size?", "requestedSchema": FORM}, "gift": {"text": "A gift?"}}
    )
    task = modern.result("tasks/get", {"taskId": task_id})
    assert task["status"] == "input_required"
    size, gift = task["inputRequests"]
    assert task["inputRequests"][size]["params"]["requestedSchema"] == FORM
    assert task["inputRequests"][size]["method"] == "elicitation/create"
    unknown = {"question-1.nothing": {"action": "accept", "content": {}}}
    first = {size: {"action": "accept", "content": {"size": 3}}} | unknown
    assert modern.result("tasks/update", {"taskId": task_id, "inputResponses": first}).keys() == {"resultType", "_meta"}
    task = modern.result("tasks/get", {"taskId": task_id})
    assert (task["status"], list(task["inputRequests"])) == ("input_required", [gift])
    assert baker.account.post("/agora/task/claim", {"wait": 0})["tasks"] == []
    second = {gift: {"action": "accept", "content": {"answer": "yes"}}}
    modern.result("tasks/update", {"taskId": task_id, "inputResponses": second})
    assert baker.take() == task_id
    assert baker.answers() == [{"size": 3}, "yes"]
    modern.result("tasks/update", {"taskId": task_id, "inputResponses": second})  # already answered: ignored
    assert len(baker.answers()) == 2
    baker.complete("done")
    assert modern.result("tasks/get", {"taskId": task_id})["result"]["content"] == [{"type": "text", "text": "done"}]


def test_client_without_elicitation_reads_the_question(shared_server: ServerProcess) -> None:
    baker = Baker(shared_server, "Mute")
    capabilities = {"extensions": {EXTENSION: {}}}
    with RawClient(shared_server.url, shared_server.admin_token, capabilities=capabilities) as client:
        task_id = begin(client, baker.tool)["taskId"]
        baker.take()
        baker.ask("Which size?")
        task = client.result("tasks/get", {"taskId": task_id})
    assert (task["status"], task["inputRequests"], task["statusMessage"]) == ("input_required", {}, "Which size?")


def test_cancelling_an_ended_task_is_acknowledged(shared_server: ServerProcess, modern: RawClient) -> None:
    task_id = begin(modern, Baker(shared_server, "Cancelled").tool)["taskId"]
    for _ in range(2):
        assert modern.result("tasks/cancel", {"taskId": task_id}).keys() == {"resultType", "_meta"}
    assert modern.result("tasks/get", {"taskId": task_id})["status"] == "cancelled"


def test_client_without_the_extension_gets_no_task(shared_server: ServerProcess, modern: RawClient) -> None:
    required = Baker(shared_server, "Required", task_support="required")
    with RawClient(shared_server.url, shared_server.admin_token) as client:
        answer = client.call("tools/call", {"name": required.tool, "arguments": {}})
        assert answer["error"]["code"] == MISSING_CAPABILITY
        assert answer["error"]["data"] == {"requiredCapabilities": {"extensions": {EXTENSION: {}}}}
        for method in ("tasks/get", "tasks/update", "tasks/cancel"):
            assert client.code(method, {"taskId": "task_0", "inputResponses": {}}) == MISSING_CAPABILITY
        listen = {"notifications": {"taskIds": ["task_0"]}}
        assert client.code("subscriptions/listen", listen) == MISSING_CAPABILITY
    assert begin(modern, required.tool)["status"] == "working"
    for method in ("tasks/result", "tasks/list"):
        assert modern.code(method, {"taskId": "task_0"}) == UNKNOWN_METHOD
    assert modern.result("server/discover")["capabilities"]["extensions"] == {EXTENSION: {}}


def test_subscription_reports_only_the_callers_tasks(shared_server: ServerProcess, modern: RawClient) -> None:
    baker = Baker(shared_server, "Told")
    task_id = begin(modern, baker.tool)["taskId"]
    other = shared_server.register("Somebody").post("/agora/task/assign", SOMEBODYS)["task_id"]
    message = modern.message("subscriptions/listen", {"notifications": {"taskIds": [task_id, other, "task_0", 7]}})
    headers = modern.headers("subscriptions/listen", message["params"])
    with modern.http.stream("POST", "/mcp", json=message, headers=headers) as response:
        messages = stream_messages(response)
        acknowledged = next(messages)
        assert acknowledged["params"]["notifications"] == {"taskIds": [task_id]}
        assert next(messages)["params"]["status"] == "working"
        baker.take()
        baker.complete({"loaves": 1})
        for notification in messages:
            assert notification["method"] == "notifications/tasks"
            assert notification["params"]["taskId"] == task_id
            if notification["params"]["status"] == "completed":
                break
    assert notification["params"]["result"]["structuredContent"] == {"loaves": 1}
    subscription = notification["params"]["_meta"]["io.modelcontextprotocol/subscriptionId"]
    assert subscription == message["id"]


# -- tasks of 2025-11-25 ---------------------------------------------------------------------------


def test_client_of_the_older_generation_requests_a_task(shared_server: ServerProcess, legacy: RawClient) -> None:
    assert legacy.initialized["capabilities"]["tasks"] == {
        "list": {},
        "cancel": {},
        "requests": {"tools": {"call": {}}},
    }
    baker = Baker(shared_server, "Older")
    handle = begin(legacy, baker.tool, ttl=3_600_000)
    assert (handle["status"], handle["ttl"], handle["pollInterval"]) == ("working", 3_600_000, 1000)
    assert baker.take() == handle["taskId"]
    baker.complete({"loaves": 2})
    assert legacy.result("tasks/get", {"taskId": handle["taskId"]})["status"] == "completed"
    result = legacy.result("tasks/result", {"taskId": handle["taskId"]})
    assert result["structuredContent"] == {"loaves": 2}
    assert result["_meta"]["io.modelcontextprotocol/related-task"] == {"taskId": handle["taskId"]}
    assert handle["taskId"] in [task["taskId"] for task in legacy.result("tasks/list")["tasks"]]
    assert legacy.code("tasks/cancel", {"taskId": handle["taskId"]}) == INVALID_PARAMS
    assert legacy.code("tasks/update", {"taskId": handle["taskId"], "inputResponses": {}}) == UNKNOWN_METHOD


def test_tools_declare_task_support(shared_server: ServerProcess) -> None:
    for support in ("optional", "required", "forbidden"):
        Baker(shared_server, f"Says_{support}", task_support=support)

    def execution(version: str, **capabilities: Any) -> dict[str, Any]:
        path = "/mcp?view=full&tools=" + ",".join(f"Says_{s}.bake" for s in ("optional", "required", "forbidden"))
        with RawClient(shared_server.url, shared_server.admin_token, version, capabilities, path) as client:
            tools = client.result("tools/list")["tools"]
        return {tool["name"]: tool.get("execution") for tool in tools if tool["name"].startswith("Says_")}

    assert execution(LEGACY) == {
        "Says_optional.bake": {"taskSupport": "optional"},
        "Says_required.bake": {"taskSupport": "required"},
        "Says_forbidden.bake": None,
    }
    for version, capabilities in (("2025-06-18", {}), ("", DECLARED)):
        assert set(execution(version, **capabilities).values()) == {None}


def test_tool_without_task_support_refuses_the_task_parameter(shared_server: ServerProcess, legacy: RawClient) -> None:
    forbidden = Baker(shared_server, "Never", task_support="forbidden")
    required = Baker(shared_server, "Always", task_support="required")
    for name in (forbidden.tool, "agora.messaging.send"):
        assert legacy.code("tools/call", {"name": name, "arguments": {}, "task": {}}) == UNKNOWN_METHOD
    assert legacy.code("tools/call", {"name": required.tool, "arguments": {}}) == UNKNOWN_METHOD
    # Before 2025-11-25 there are no tasks: the parameter is ignored, and the methods are unknown.
    with RawClient(shared_server.url, shared_server.admin_token, "2025-06-18") as client:
        assert "tasks" not in client.initialized["capabilities"]
        assert client.code("tasks/list") == UNKNOWN_METHOD
        assert client.result("tools/call", {"name": "agora.query.marketplace", "arguments": {}, "task": {}})["content"]


def test_session_is_notified_of_its_tasks(shared_server: ServerProcess, legacy: RawClient) -> None:
    baker = Baker(shared_server, "Streamed")
    with legacy.http.stream("GET", "/mcp", headers=legacy.headers("", {})) as response:
        messages = stream_messages(response)
        task_id = begin(legacy, baker.tool)["taskId"]
        baker.take()
        baker.ask("Which size?")
        statuses = []
        for message in messages:
            if message["method"] == "notifications/tasks/status" and message["params"]["taskId"] == task_id:
                statuses.append(message["params"]["status"])
                if statuses[-1] == "input_required":
                    legacy.result("tasks/cancel", {"taskId": task_id})
                elif statuses[-1] == "cancelled":
                    break
    assert message["params"]["ttl"] is not None


async def test_official_client_awaits_a_result_and_answers_questions(
    shared_server: ServerProcess, legacy: RawClient
) -> None:
    """The client has the methods of tasks, but accepts only a tool's result from the call that creates one; that call
    is handwritten."""
    baker, asked, reported = Baker(shared_server, "Official"), list[Any](), list[Any]()

    async def answer(context: Any, params: Any) -> types.ElicitResult:
        asked.append(params)
        return types.ElicitResult(action="accept", content={"answer": "large"})

    def work() -> None:
        baker.take()
        baker.report(30, "kneading")
        baker.ask("Which size?")
        baker.take()
        baker.complete({"baked": baker.answers()[-1]})

    async with Connection(shared_server, "legacy", elicitation_callback=answer) as client:
        session, task_id = client.session, (await asyncio.to_thread(begin, legacy, baker.tool, ttl=600_000))["taskId"]

        async def hear(progress: float, total: float | None, message: str | None) -> None:
            reported.append(message)

        working = asyncio.create_task(asyncio.to_thread(work))
        wanted = types.GetTaskPayloadRequest(params=types.GetTaskPayloadRequestParams(task_id=task_id))
        result = await asyncio.wait_for(
            session.send_request(wanted, types.CallToolResult, progress_callback=hear), DEADLINE
        )
        await working
        listed = await session.send_request(types.ListTasksRequest(), types.ListTasksResult)
        wanted_state = types.GetTaskRequest(params=types.GetTaskRequestParams(task_id=task_id))
        state = await session.send_request(wanted_state, types.GetTaskResult)
    assert result.structured_content == {"baked": "large"}
    assert [(params.message, params.meta["io.modelcontextprotocol/related-task"]) for params in asked] == [
        ("Which size?", {"taskId": task_id})
    ]
    assert "kneading" in reported
    assert task_id in [task.task_id for task in listed.tasks]
    assert (state.status, state.ttl) == ("completed", 600_000)


@pytest.mark.long
def test_official_javascript_client_runs_a_tool_as_a_task(shared_server: ServerProcess) -> None:
    """It is the only client with tasks of the older form that also creates them."""
    node, package = conformance_mcp.install(JAVASCRIPT_SDK, "package.json")
    baker, program = (
        Baker(shared_server, "Javascript"),
        Path(__file__).parent.parent / "clients/programs/mcp_js_tasks.mjs",
    )
    command = [node, str(program), f"{shared_server.url}/mcp?view=full", shared_server.admin_token, baker.tool]
    environment = {"MCP_JS_HOME": str(Path(package).parent), "PATH": os.environ["PATH"]}
    with subprocess.Popen(
        command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        task_id = baker.take()
        baker.ask("Which size?")
        assert baker.take() == task_id
        baker.complete({"baked": baker.answers()[-1]})
        output, errors = process.communicate(timeout=DEADLINE)
    assert process.returncode == 0, errors
    outcome = json.loads(output)
    assert outcome["types"][0] == "taskCreated"
    assert "taskStatus" in outcome["types"]
    assert outcome["last"]["type"] == "result"
    assert outcome["last"]["result"]["structuredContent"] == {"baked": "large"}
    assert outcome["questions"] == ["Which size?"]
    assert outcome["isListed"] is True


async def test_official_client_resolves_a_task_through_the_extension(shared_server: ServerProcess) -> None:
    baker, extension = Baker(shared_server, "Resolved"), TasksExtension()

    def work() -> None:
        baker.take()
        baker.complete({"loaves": 4})

    async with Connection(shared_server, "2026-07-28", extensions=[extension]) as client:
        working = asyncio.create_task(asyncio.to_thread(work))
        result = await asyncio.wait_for(client.call_tool(baker.tool, {}), DEADLINE)
        await working
    assert result.structured_content == {"loaves": 4}
    assert extension.statuses[-1] == "completed"


# -- lifetime --------------------------------------------------------------------------------------


def test_task_outlives_its_server_process_and_session(start_server: Callable[..., ServerProcess]) -> None:
    server = start_server()
    baker, clerk = Baker(server, "Lasting"), Baker(server, "Noting")
    with RawClient(server.url, server.admin_token, LEGACY) as client:
        task_id = begin(client, baker.tool)["taskId"]
        baker.take()
        sent_id = begin_sending(client, clerk.name)["taskId"]
        clerk.take()
        server.kill()
        server.start()
        for each in (task_id, sent_id):
            assert client.result("tasks/get", {"taskId": each})["status"] == "working"
    baker.complete({"loaves": 1})
    clerk.complete("Noted.")
    with RawClient(server.url, server.admin_token, LEGACY) as client:
        assert client.result("tasks/result", {"taskId": task_id})["structuredContent"] == {"loaves": 1}
        sent = client.result("tasks/result", {"taskId": sent_id})["structuredContent"]
        assert sent["task"]["artifacts"][0]["parts"] == [{"text": "Noted."}]
    with RawClient(server.url, server.admin_token, capabilities=DECLARED) as client:
        assert client.result("tasks/get", {"taskId": task_id})["result"]["structuredContent"] == {"loaves": 1}


# -- hostile ---------------------------------------------------------------------------------------


def test_task_of_another_caller_is_unknown(shared_server: ServerProcess, modern: RawClient) -> None:
    baker = Baker(shared_server, "Guarded")
    task_id = begin(modern, baker.tool)["taskId"]
    stranger = shared_server.register("Stranger")
    for token in (stranger.token, baker.account.token):  # its assignee may work on it, but is not its requester
        with RawClient(shared_server.url, token, capabilities=DECLARED) as client:
            for method in ("tasks/get", "tasks/update", "tasks/cancel"):
                own = client.call(method, {"taskId": task_id, "inputResponses": {}})["error"]
                nothing = client.call(method, {"taskId": "task_" + "0" * 32, "inputResponses": {}})["error"]
                assert own == nothing
                assert own["code"] == INVALID_PARAMS
        with RawClient(shared_server.url, token, LEGACY) as client:
            assert task_id not in str(client.result("tasks/list"))
            assert client.code("tasks/result", {"taskId": task_id}) == INVALID_PARAMS
    others = stranger.post("/agora/task/assign", SOMEBODYS)["task_id"]
    assert modern.code("tasks/get", {"taskId": others}) == INVALID_PARAMS  # even for callers that may read every task
    assert modern.result("tasks/get", {"taskId": task_id})["status"] == "working"


@pytest.mark.parametrize("task_id", ["", "task_0", "../task", "x" * 5000, "task_" + "é" * 32, 7, None, ["task_0"], {}])
def test_malformed_task_ids_are_unknown(modern: RawClient, legacy: RawClient, task_id: Any) -> None:
    headers = {} if isinstance(task_id, str) and task_id.isascii() else {"mcp_name": "x"}
    for method in ("tasks/get", "tasks/cancel"):
        assert modern.code(method, {"taskId": task_id}, **headers) in (INVALID_PARAMS, HEADER_MISMATCH)
        assert legacy.code(method, {"taskId": task_id}) == INVALID_PARAMS
    assert legacy.code("tasks/result", {"taskId": task_id}) == INVALID_PARAMS


def test_header_for_another_task_is_refused(shared_server: ServerProcess, modern: RawClient) -> None:
    task_id = begin(modern, Baker(shared_server, "Routed").tool)["taskId"]
    for method in ("tasks/get", "tasks/update", "tasks/cancel"):
        params = {"taskId": task_id, "inputResponses": {}}
        assert modern.code(method, params, mcp_name="task_" + "0" * 32) == HEADER_MISMATCH


@pytest.mark.parametrize("cursor", ["garbage", "!!", "x" * 9000, "bm90aGluZw", 7, {}])
def test_malformed_cursor_is_refused(legacy: RawClient, cursor: Any) -> None:
    assert legacy.code("tasks/list", {"cursor": cursor}) == INVALID_PARAMS


@pytest.mark.parametrize("ttl", [-1, 1e300, "long", True, [], 2**60])
def test_invalid_ttl_is_refused(shared_server: ServerProcess, legacy: RawClient, ttl: Any) -> None:
    tool = _shared_baker(shared_server)
    assert legacy.code("tools/call", {"name": tool, "arguments": {}, "task": {"ttl": ttl}}) == INVALID_PARAMS


@pytest.mark.parametrize("task", [7, "x", [], None])
def test_task_parameter_must_be_an_object(shared_server: ServerProcess, legacy: RawClient, task: Any) -> None:
    tool = _shared_baker(shared_server)
    assert legacy.code("tools/call", {"name": tool, "arguments": {}, "task": task}) == INVALID_PARAMS


def test_ttl_is_bounded_by_the_retention(shared_server: ServerProcess, legacy: RawClient) -> None:
    tool = _shared_baker(shared_server)
    assert begin(legacy, tool, ttl=2**50)["ttl"] == 90 * 86_400_000
    handle = begin(legacy, tool, ttl=0)
    assert handle["ttl"] == 1000
    poll_until(lambda: "error" in legacy.call("tasks/get", {"taskId": handle["taskId"]}), "the task's time is over")
    assert handle["taskId"] not in str(legacy.result("tasks/list"))
    # Only the client's handle has expired: the marketplace keeps its task.
    assert shared_server.operator.get("/agora/task/get", params={"task_id": handle["taskId"]})["status"] == "pending"


@pytest.mark.parametrize("responses", [None, [], "x", {"question-1": 7}, {str(number): {} for number in range(200)}])
def test_malformed_responses_are_refused(shared_server: ServerProcess, modern: RawClient, responses: Any) -> None:
    task_id = begin(modern, _shared_baker(shared_server))["taskId"]
    assert modern.code("tasks/update", {"taskId": task_id, "inputResponses": responses}) == INVALID_PARAMS


@pytest.mark.parametrize("count", [120, pytest.param(3000, marks=pytest.mark.long)])
def test_long_list_is_read_page_by_page(shared_server: ServerProcess, count: int) -> None:
    account = shared_server.register(f"Busy {count}")
    own = {"task_type": "x", "assignee": account.agent_id}
    ids = {account.post("/agora/task/assign", own)["task_id"] for _ in range(count)}
    with RawClient(shared_server.url, account.token, LEGACY) as client:
        listed: list[str] = []
        cursor: dict[str, str] = {}
        while True:
            page = client.result("tasks/list", cursor)
            assert len(page["tasks"]) <= 50
            listed += [task["taskId"] for task in page["tasks"]]
            if "nextCursor" not in page:
                break
            cursor = {"cursor": page["nextCursor"]}
    assert len(listed) == count
    assert set(listed) == ids


def test_missing_scope_is_named_in_the_error(shared_server: ServerProcess) -> None:
    key = shared_server.operator.post("/agora/token/create", {"label": "reader", "scopes": ["read:agents"]})
    with RawClient(shared_server.url, key["token"], capabilities=DECLARED) as client:
        answer = client.call("tasks/get", {"taskId": "task_" + "0" * 32})
    assert "read:tasks" in str(answer)


# -- support ---------------------------------------------------------------------------------------

_BAKERS: dict[str, str] = {}


def _shared_baker(server: ServerProcess) -> str:
    """The tool of an agent whose tasks are not claimed."""
    if server.url not in _BAKERS:
        _BAKERS[server.url] = Baker(server, "Idle").tool
    return _BAKERS[server.url]
