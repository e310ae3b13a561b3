"""A2A over JSON-RPC: methods of both versions, envelopes, and refusals."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import httpx
import pytest

from agora.server.app import App
from tests.harness import Running, admin_token, make_settings, running
from tests.unit.protocols.a2a.raw_requests import Wire, said

CURL = {"Content-Type": "application/json"}


def _post(http: httpx.AsyncClient, document: Any, path: str = "/") -> Any:
    return http.post(path, content=json.dumps(document), headers=CURL)


async def test_message_is_answered_with_a_task(wire: Wire) -> None:
    task = (await wire.result("SendMessage", {"message": said("hello")}))["task"]
    assert task["status"]["state"] == "TASK_STATE_COMPLETED"
    assert task["artifacts"][0]["parts"] == [{"text": "hello"}]
    assert task["history"][0]["parts"] == [{"text": "hello"}]
    again = await wire.result("GetTask", {"id": task["id"]})
    assert again["status"] == task["status"]
    assert (await wire.result("GetTask", {"id": task["id"], "historyLength": 0})).get("history", []) == []


async def test_message_in_0_3_is_answered_with_a_task(wire: Wire) -> None:
    old = wire.at(wire.path, version=None)
    message = {"kind": "message", "role": "user", "messageId": "m-old", "parts": [{"kind": "text", "text": "hello"}]}
    task = await old.result("message/send", {"message": message})
    assert task["kind"] == "task"
    assert task["status"]["state"] == "completed"
    assert task["artifacts"][0]["parts"] == [{"kind": "text", "text": "hello"}]
    assert (await old.result("tasks/get", {"id": task["id"]}))["id"] == task["id"]


async def test_common_message_variants_are_accepted(wire: Wire) -> None:
    answer = await _post(
        wire.http,
        {
            "jsonrpc": "2.0",
            "id": "1",
            "method": "message/send",
            "params": {"message": {"parts": [{"type": "text", "content": "Echo me"}]}},
        },
        wire.path,
    )
    assert answer.status_code == 200
    task = answer.json()["result"]
    assert task["history"][0]["parts"] == [{"kind": "text", "text": "Echo me"}]
    found = await _post(
        wire.http, {"jsonrpc": "2.0", "id": "2", "method": "tasks/get", "params": {"taskId": task["id"]}}, wire.path
    )
    assert found.json()["result"]["status"]["state"] == "completed"


async def test_url_may_end_with_a_slash(wire: Wire) -> None:
    for path in ("/a2a/Echo%20Agent", "/a2a/Echo%20Agent/", "/a2a/Echo Agent"):
        assert "task" in await wire.at(path).result("SendMessage", {"message": said("hello")}), path


async def test_repeated_message_returns_the_same_task(server: Running, wire: Wire) -> None:
    made = (await wire.http.post(f"{server.url}/agora/agent/register", json={"agent_name": "Known"})).json()
    wire = wire.at(wire.path, token=made["token"])
    message = said("once")
    first = (await wire.result("SendMessage", {"message": message}))["task"]
    assert (await wire.result("SendMessage", {"message": message}))["task"]["id"] == first["id"]
    changed = await wire.error("SendMessage", {"message": {**message, "parts": [{"text": "twice"}]}})
    assert changed["code"] == -32049
    assert changed["data"][-1]["reason"] == "IDEMPOTENCY_CONFLICT"


async def test_tasks_are_listed_by_context(wire: Wire) -> None:
    for text in ("a", "b", "c"):
        await wire.result("SendMessage", {"message": said(text, contextId="talk")})
    page = await wire.result("ListTasks", {"contextId": "talk", "pageSize": 2})
    assert (len(page["tasks"]), page["totalSize"], page["pageSize"]) == (2, 3, 2)
    assert "artifacts" not in page["tasks"][0]
    rest = await wire.result("ListTasks", {"context_id": "talk", "page_token": page["nextPageToken"]})
    assert (len(rest["tasks"]), rest["nextPageToken"]) == (1, "")
    done = await wire.result("ListTasks", {"contextId": "talk", "status": "TASK_STATE_WORKING"})
    assert done["tasks"] == []


ERRORS: list[tuple[str, Any, int, str]] = [
    ("GetTask", {"id": "task_00000000000000000000000000000000"}, -32001, "TASK_NOT_FOUND"),
    ("GetTask", {"id": "no task's id at all"}, -32001, "TASK_NOT_FOUND"),
    ("CancelTask", {"id": "nothing"}, -32001, "TASK_NOT_FOUND"),
    ("SubscribeToTask", {"id": "nothing"}, -32001, "TASK_NOT_FOUND"),
    ("SendMessage", {"message": said("a", taskId="nothing")}, -32001, "TASK_NOT_FOUND"),
    ("SendMessage", {}, -32602, "INVALID_PARAMS"),
    ("SendMessage", {"message": {"parts": []}}, -32602, "INVALID_PARAMS"),
    ("SendMessage", {"message": {"parts": [{"video": "x"}]}}, -32602, "INVALID_PARAMS"),
    ("SendMessage", [1], -32602, "INVALID_PARAMS"),
    ("GetTask", {}, -32602, "INVALID_PARAMS"),
    ("GetTask", {"id": ""}, -32602, "INVALID_PARAMS"),
    ("GetTask", {"id": "x", "historyLength": -1}, -32602, "INVALID_PARAMS"),
    ("ListTasks", {"pageSize": 0}, -32602, "INVALID_PARAMS"),
    ("ListTasks", {"pageSize": 101}, -32602, "INVALID_PARAMS"),
    ("ListTasks", {"status": "DONE"}, -32602, "INVALID_PARAMS"),
    ("ListTasks", {"pageToken": "§"}, -32602, "INVALID_PARAMS"),
    ("sendMessage", {}, -32601, "METHOD_NOT_FOUND"),
    ("tasks/pay", {}, -32601, "METHOD_NOT_FOUND"),
]


async def test_errors_follow_the_specification(wire: Wire) -> None:
    for method, params, code, reason in ERRORS:
        answer = await wire.rpc(method, params)
        assert answer.status_code == 200, (method, params)
        error = answer.json()["error"]
        assert error["code"] == code, (method, params)
        info = error["data"][-1]
        assert info["@type"] == "type.googleapis.com/google.rpc.ErrorInfo"
        assert info["reason"] == reason
        assert info["domain"] == ("a2a-protocol.org" if code > -32100 else "agora")
        assert all("@type" in detail for detail in error["data"])
        if code == -32602:
            assert error["data"][0]["fieldViolations"][0]["field"], (method, params)


async def test_ended_task_refuses_messages(wire: Wire) -> None:
    task = (await wire.result("SendMessage", {"message": said("hello")}))["task"]
    assert (await wire.error("CancelTask", {"id": task["id"]}))["code"] == -32002
    assert (await wire.error("SendMessage", {"message": said("more", taskId=task["id"])}))["code"] == -32004
    assert (await wire.error("SubscribeToTask", {"id": task["id"]}))["code"] == -32004


ENVELOPES = [
    (b"{", -32700),
    (b"", -32700),
    (b"\xff", -32700),
    (b'{"jsonrpc": "2.0", "id": 1, "method": "GetTask", "params": {"id": NaN}}', -32700),
    (b"7", -32600),
    (b"null", -32600),
    (b"{}", -32600),
    (b"[]", -32600),
    (b'{"jsonrpc": "1.0", "id": 1, "method": "GetTask"}', -32600),
    (b'{"jsonrpc": "2.0", "id": 1}', -32600),
    (b'{"jsonrpc": "2.0", "id": 1, "method": 5}', -32600),
    (b'{"jsonrpc": "2.0", "id": {}, "method": "GetTask"}', -32600),
    (b'{"jsonrpc": "2.0", "id": true, "method": "GetTask"}', -32600),
]


async def test_invalid_envelope_is_refused(wire: Wire) -> None:
    for body, code in ENVELOPES:
        answer = await wire.http.post(wire.path, content=body, headers=wire.headers() | CURL)
        assert answer.status_code == 200, body
        assert answer.json()["error"]["code"] == code, body
        assert answer.json()["error"]["message"].count("Invalid JSON payload") <= 1, "an error is reported once"
        assert answer.json()["jsonrpc"] == "2.0"
        assert "id" in answer.json()


async def test_request_id_is_returned_unchanged(wire: Wire) -> None:
    for id in (1, "one", None, 2.5, 0):
        answer = (await wire.rpc("GetTask", {"id": "nothing"}, id=id)).json()
        assert answer["id"] == id
        assert type(answer["id"]) is type(id)


@pytest.mark.parametrize("body", ['{"jsonrpc":"2.0","id":%s,"method":"GetTask"}', '[{"jsonrpc":"2.0","id":%s}]'])
async def test_unrepresentable_id_is_not_returned(wire: Wire, body: str) -> None:
    headers = wire.headers() | {"Content-Type": "application/json"}
    answer = await wire.http.post(wire.path, content=body % "1e999", headers=headers)
    assert b"Infinity" not in answer.content
    assert b'"id":null' in answer.content


async def test_batch_is_answered_in_order(wire: Wire) -> None:
    def request(id: Any, method: str, params: Any) -> dict[str, Any]:
        return {"jsonrpc": "2.0", "id": id, "method": method, "params": params}

    batch = [
        request(1, "SendMessage", {"message": said("a")}),
        request(2, "GetTask", {"id": "nothing"}),
        {"jsonrpc": "2.0", "method": "SendMessage", "params": {"message": said("unanswered", contextId="quiet")}},
        request(3, "SendStreamingMessage", {"message": said("a")}),
        7,
    ]
    answers = (await wire.http.post(wire.path, json=batch, headers=wire.headers())).json()
    assert [answer["id"] for answer in answers] == [1, 2, 3, None]
    assert [answer.get("error", {}).get("code") for answer in answers] == [None, -32001, -32004, -32600]
    assert (await wire.result("ListTasks", {"contextId": "quiet"}))["totalSize"] == 1
    silent = await wire.http.post(wire.path, json=[batch[2]], headers=wire.headers())
    assert (silent.status_code, silent.content) == (202, b"")
    many = await wire.http.post(wire.path, json=[batch[1]] * 51, headers=wire.headers())
    assert many.json()["error"]["code"] == -32600


@pytest.mark.parametrize("key", ["k", "k" * 200])
async def test_requests_of_a_batch_have_their_own_idempotency_keys(wire: Wire, key: str) -> None:
    tasks = [(await wire.result("SendMessage", {"message": said("a")}))["task"]["id"] for _ in range(2)]
    batch = [
        {
            "jsonrpc": "2.0",
            "id": n,
            "method": "CreateTaskPushNotificationConfig",
            "params": {"taskId": task, "url": "https://example.com/push"},
        }
        for n, task in enumerate(tasks)
    ]
    headers = wire.headers() | {"Idempotency-Key": key}
    first, again = [(await wire.http.post(wire.path, json=batch, headers=headers)).json() for _ in range(2)]
    assert [answer["result"]["taskId"] for answer in first] == tasks
    assert again == first, "the repeated batch is answered from the stored results"


@pytest.mark.parametrize("method", ["SendMessage", "SendStreamingMessage"])
async def test_notification_is_executed_without_a_response(wire: Wire, method: str) -> None:
    document = {"jsonrpc": "2.0", "method": method, "params": {"message": said("a", contextId="quiet")}}
    answer = await wire.http.post(wire.path, json=document, headers=wire.headers())
    assert (answer.status_code, answer.content) == (202, b"")
    assert (await wire.result("ListTasks", {"contextId": "quiet"}))["totalSize"] == 1


VERSIONS: list[tuple[str | None, str, int]] = [
    ("1.0", "GetTask", -32001),
    ("1.0.9", "GetTask", -32001),
    ("0.3", "tasks/get", -32001),
    ("0.3.0", "tasks/get", -32001),
    ("", "tasks/get", -32001),
    (None, "tasks/get", -32001),
    (None, "GetTask", -32009),
    ("", "GetTask", -32009),
    ("1.0", "tasks/get", -32009),
    ("2.0", "GetTask", -32009),
    ("99.0", "tasks/get", -32009),
    ("latest", "GetTask", -32009),
    ("1", "GetTask", -32009),
]


async def test_version_header_selects_the_protocol(wire: Wire) -> None:
    for version, method, code in VERSIONS:
        error = await wire.at(wire.path, version=version).error(method, {"id": "nothing"})
        assert error["code"] == code, (version, method)
        if code == -32009:
            assert error["data"][-1]["reason"] == "VERSION_NOT_SUPPORTED"
            assert error["data"][-1]["metadata"]["supported"] == "1.0, 0.3"


async def test_version_may_be_in_the_query(wire: Wire) -> None:
    found = await wire.at(f"{wire.path}?A2A-Version=1.0", version=None).error("GetTask", {"id": "nothing"})
    assert found["code"] == -32001


async def test_content_type_must_be_json(wire: Wire) -> None:
    answer = await wire.http.post(
        wire.path, content=b"{}", headers={"Content-Type": "text/plain", "A2A-Version": "1.0"}
    )
    assert answer.status_code == 415
    assert answer.json()["error"]["code"] == -32005


async def test_unknown_agent_is_refused(wire: Wire) -> None:
    answer = await wire.at("/a2a/Nobody").rpc("SendMessage", {"message": said("a")})
    assert answer.status_code == 404
    error = answer.json()["error"]
    assert (error["code"], error["data"][-1]["domain"]) == (-32044, "agora")


async def test_task_is_readable_only_at_its_own_agent(wire: Wire) -> None:
    registered = (await wire.http.post("/agents/register", json={"agent_name": "Other"})).json()
    task = (await wire.result("SendMessage", {"message": said("a")}))["task"]
    elsewhere = await wire.at(f"/a2a/{registered['agent_id']}").error("GetTask", {"id": task["id"]})
    assert elsewhere["code"] == -32001
    stranger = await wire.at(wire.path, token=registered["token"]).error("GetTask", {"id": task["id"]})
    assert stranger["code"] == -32001
    assert (await wire.at("/").result("GetTask", {"id": task["id"]}))["id"] == task["id"]


async def test_get_requests_on_the_same_paths_are_unaffected(wire: Wire) -> None:
    answer = await wire.http.get("/")
    assert answer.status_code == 405 or "json" in answer.headers["content-type"]
    assert (await wire.http.get("/agents")).status_code == 200
    assert (await wire.http.get(wire.path)).json()["name"] == "Echo Agent"
    assert (await wire.http.put(wire.path)).status_code == 405


@pytest.fixture
async def public(tmp_path: Path) -> Any:
    """A server configured as public."""
    settings = make_settings(tmp_path / "public", builtin_agents=True, host="0.0.0.0")
    async with running(App(settings)) as server, httpx.AsyncClient(base_url=server.url) as http:
        yield Wire(http, "/a2a/Echo%20Agent"), admin_token(settings)


async def test_stranger_needs_a_credential(public: tuple[Wire, str]) -> None:
    wire, token = public
    answer = await wire.rpc("SendMessage", {"message": said("a")})
    assert answer.status_code == 401
    assert answer.headers["www-authenticate"].startswith("Bearer")
    assert answer.json()["error"]["code"] == -32041
    bad = await wire.at(wire.path, token="agt_wrong.token").rpc("SendMessage", {"message": said("a")})
    assert (bad.status_code, bad.json()["error"]["data"][-1]["reason"]) == (401, "UNAUTHENTICATED")
    assert "task" in await wire.at(wire.path, token=token).result("SendMessage", {"message": said("a")})
    key = await wire.http.post(
        wire.path,
        json={"jsonrpc": "2.0", "id": 1, "method": "SendMessage", "params": {"message": said("a")}},
        headers={"A2A-Version": "1.0", "X-API-Key": token},
    )
    assert "result" in key.json()


async def test_page_of_another_origin_is_a_stranger(wire: Wire, server: Running) -> None:
    document = {"jsonrpc": "2.0", "id": 1, "method": "SendMessage", "params": {"message": said("a")}}
    answer = await wire.http.post(
        wire.path, json=document, headers=wire.headers() | {"Origin": "https://elsewhere.example"}
    )
    assert answer.status_code == 401


async def test_required_extension_must_be_supported(wire: Wire) -> None:
    made = (await wire.http.post("/agents/register", json={"agent_name": "Strict"})).json()
    uri = "https://example.com/ext/v1"
    card = {"capabilities": {"extensions": [{"uri": uri, "required": True}]}}
    headers = {"Authorization": f"Bearer {made['token']}"}
    assert (await wire.http.post("/agora/a2a/set_card", json={"card": card}, headers=headers)).status_code == 200
    strict = wire.at("/a2a/Strict")
    params = {"message": said("a"), "configuration": {"returnImmediately": True}}
    error = await strict.error("SendMessage", params)
    assert (error["code"], error["data"][-1]["reason"]) == (-32008, "EXTENSION_SUPPORT_REQUIRED")
    known = Wire(wire.http, strict.path, more={"A2A-Extensions": f"https://other.example, {uri}"})
    assert "task" in await known.result("SendMessage", params)
    bad = Wire(wire.http, strict.path, more={"A2A-Extensions": "not a uri"})
    assert (await bad.error("SendMessage", params))["code"] == -32602
