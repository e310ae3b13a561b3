"""MCP calls of ``agora.a2a.send`` as tasks, in both protocol generations: the task created by the message is the task
of the call."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from tests.blackbox.mcp_task_calls import DECLARED, LEGACY, Baker, begin_sending
from tests.blackbox.mcp_wire import RawClient
from tests.blackbox.server import ServerProcess

UNKNOWN_METHOD = -32601
SEND = "agora.a2a.send"


@pytest.fixture
def modern(shared_server: ServerProcess) -> Iterator[RawClient]:
    with RawClient(shared_server.url, shared_server.admin_token, capabilities=DECLARED) as client:
        yield client


@pytest.fixture
def legacy(shared_server: ServerProcess) -> Iterator[RawClient]:
    with RawClient(shared_server.url, shared_server.admin_token, LEGACY) as client:
        yield client


def read_tool(server: ServerProcess, version: str = "") -> dict[str, Any]:
    """Return the entry of the operation in the full listing."""
    path = f"/mcp?view=full&tools={SEND}"
    with RawClient(server.url, server.admin_token, version, DECLARED, path) as client:
        (tool,) = (tool for tool in client.result("tools/list")["tools"] if tool["name"] == SEND)
    return dict(tool)


def test_message_becomes_a_task_with_questions_and_the_operations_result(
    shared_server: ServerProcess, modern: RawClient
) -> None:
    baker = Baker(shared_server, "Sent to")
    handle = begin_sending(modern, "Sent to", metadata={"order": 7})
    assert (handle["resultType"], handle["status"]) == ("task", "working")
    task_id = handle["taskId"]
    assert baker.take() == task_id
    baker.report(40, "in the oven")
    assert modern.result("tasks/get", {"taskId": task_id})["statusMessage"] == "40 %: in the oven"
    baker.ask("Which size?")
    task = modern.result("tasks/get", {"taskId": task_id})
    assert task["status"] == "input_required"
    (question,) = task["inputRequests"]
    response = {question: {"action": "accept", "content": {"answer": "big"}}}
    modern.result("tasks/update", {"taskId": task_id, "inputResponses": response})
    assert baker.take() == task_id
    assert baker.answers() == ["big"]
    baker.complete("Two loaves.")
    task = modern.result("tasks/get", {"taskId": task_id})
    assert (task["status"], task["result"]["isError"]) == ("completed", False)
    sent = task["result"]["structuredContent"]
    assert sent == {"task": shared_server.operator.get("/agora/a2a/get", params={"task_id": task_id})}
    assert sent["task"]["status"]["state"] == "TASK_STATE_COMPLETED"
    assert sent["task"]["artifacts"][0]["parts"] == [{"text": "Two loaves."}]
    assert sent["task"]["metadata"]["order"] == 7
    Draft202012Validator(read_tool(shared_server)["outputSchema"]).validate(sent)


def test_failed_task_has_the_same_result_as_without_tasks(shared_server: ServerProcess, modern: RawClient) -> None:
    baker = Baker(shared_server, "Failing")
    task_id = begin_sending(modern, "Failing")["taskId"]
    baker.take()
    baker.fail()
    task = modern.result("tasks/get", {"taskId": task_id})
    assert (task["status"], task["result"]["isError"]) == ("completed", False)
    assert task["result"]["structuredContent"]["task"]["status"]["state"] == "TASK_STATE_FAILED"


def test_older_generation_requests_awaits_and_cancels_a_task(shared_server: ServerProcess, legacy: RawClient) -> None:
    baker = Baker(shared_server, "Old era")
    handle = begin_sending(legacy, "Old era", ttl=60_000)
    assert (handle["status"], handle["ttl"]) == ("working", 60_000)
    assert baker.take() == handle["taskId"]
    baker.complete({"loaves": 2})
    result = legacy.result("tasks/result", {"taskId": handle["taskId"]})
    assert result["structuredContent"]["task"]["artifacts"][0]["parts"][0]["data"] == {"loaves": 2}
    assert result["_meta"]["io.modelcontextprotocol/related-task"] == {"taskId": handle["taskId"]}
    task_id = begin_sending(legacy, "Old era")["taskId"]
    assert legacy.result("tasks/cancel", {"taskId": task_id})["status"] == "cancelled"
    cancelled = shared_server.operator.get("/agora/a2a/get", params={"task_id": task_id})
    assert cancelled["status"]["state"] == "TASK_STATE_CANCELED"


def test_repeated_call_creates_one_task(shared_server: ServerProcess, modern: RawClient) -> None:
    Baker(shared_server, "Once")
    handles = [begin_sending(modern, "Once", _meta={"agora/idempotency-key": "one"})["taskId"] for _ in range(2)]
    assert handles[0] == handles[1]


def test_call_that_does_not_wait_for_a_new_task_is_not_a_task(
    shared_server: ServerProcess, modern: RawClient, legacy: RawClient
) -> None:
    baker = Baker(shared_server, "Prompt")
    arguments = {"agent": "Prompt", "message": "bread"}
    task_id = ""
    for at_once in ({"wait": 0}, {"return_immediately": True}):
        result = modern.result("tools/call", {"name": SEND, "arguments": arguments | at_once})
        assert result["resultType"] == "complete"
        task_id = result["structuredContent"]["task"]["id"]
    continuing = {"message": "more", "task_id": task_id, "wait": 1}
    answer = legacy.call("tools/call", {"name": SEND, "arguments": continuing, "task": {}})
    assert answer["error"]["code"] == UNKNOWN_METHOD
    nobody = legacy.call("tools/call", {"name": SEND, "arguments": arguments | {"agent": "No such"}, "task": {}})
    assert nobody["result"]["isError"] is True
    baker.take()


@pytest.mark.parametrize("era", ["modern", "legacy"])
def test_call_through_agora_tools_call_is_a_task(
    shared_server: ServerProcess, era: str, request: pytest.FixtureRequest
) -> None:
    client: RawClient = request.getfixturevalue(era)
    baker = Baker(shared_server, f"Called_{era}")
    calls = {SEND: {"agent": baker.name, "message": "bread"}, baker.tool: {}}
    for tool, arguments in calls.items():
        params: dict[str, Any] = {"name": "agora_tools_call", "arguments": {"name": tool, "arguments": arguments}}
        result = client.result("tools/call", params | ({"task": {}} if client.version else {}))
        handle = result["task"] if client.version else result
        assert baker.take() == handle["taskId"]


def test_tool_declares_task_support(shared_server: ServerProcess) -> None:
    assert read_tool(shared_server, LEGACY)["execution"] == {"taskSupport": "optional"}
    assert "execution" not in read_tool(shared_server)
