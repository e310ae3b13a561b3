"""A2A over HTTP+JSON: the resources of 1.0 and of 0.3, and google.rpc errors."""

from __future__ import annotations

from typing import Any

from tests.unit.protocols.a2a.raw_requests import Wire, said


async def test_every_resource_of_1_0_is_served(wire: Wire) -> None:
    sent = await wire.call("POST", "/message:send", {"message": said("hello", contextId="talk")})
    assert (sent.status_code, sent.headers["content-type"]) == (200, "application/json")
    task = sent.json()["task"]
    found = await wire.call("GET", f"/tasks/{task['id']}?historyLength=1")
    assert found.json()["status"]["state"] == "TASK_STATE_COMPLETED"
    page = (await wire.call("GET", "/tasks?contextId=talk&pageSize=5&includeArtifacts=true")).json()
    assert [entry["id"] for entry in page["tasks"]] == [task["id"]]
    assert page["tasks"][0]["artifacts"]
    assert (await wire.call("GET", "/tasks?status=TASK_STATE_WORKING&contextId=talk")).json()["tasks"] == []
    card = await wire.call("GET", "/extendedAgentCard")
    assert card.json()["name"] == "Echo Agent"


async def test_resources_of_the_front_agent_are_served(wire: Wire) -> None:
    front = wire.at("/")
    sent = await front.call("POST", "/message:send", {"message": said("Calculate 25 * 4")})
    assert "100" in str(sent.json()["task"]["artifacts"])
    assert (await front.call("GET", f"/tasks/{sent.json()['task']['id']}")).status_code == 200
    assert (await wire.http.get(f"{wire.http.base_url}/tasks", headers=front.headers())).status_code == 200
    assert (await front.call("GET", "/extendedAgentCard")).json()["name"] == "Agora"


async def test_push_configurations_are_managed(wire: Wire) -> None:
    other = (await wire.http.post("/agents/register", json={"agent_name": "Slow"})).json()
    desk = wire.at(f"/a2a/{other['agent_id']}")
    message = {"message": said("x"), "configuration": {"returnImmediately": True}}
    task_id = (await desk.call("POST", "/message:send", message)).json()["task"]["id"]
    path = f"/tasks/{task_id}/pushNotificationConfigs"
    config = {
        "id": "one",
        "url": "https://hooks.example.com/a",
        "token": "t",
        "authentication": {"scheme": "Bearer", "credentials": "secret"},
    }
    made = (await desk.call("POST", path, config)).json()
    assert (made["id"], made["taskId"], made["url"]) == ("one", task_id, config["url"])
    assert "secret" not in str(made)
    assert (await desk.call("GET", f"{path}/one")).json() == made
    assert (await desk.call("GET", path)).json()["configs"] == [made]
    for _ in range(2):
        gone = await desk.call("DELETE", f"{path}/one")
        assert (gone.status_code, gone.json()) == (200, {})
    assert (await desk.call("GET", f"{path}/one")).status_code == 404
    clash = await desk.call("POST", path, {**config, "taskId": "another"})
    assert (clash.status_code, clash.json()["error"]["status"]) == (400, "INVALID_ARGUMENT")
    old = desk.at(desk.path, version=None)
    params = {"taskId": task_id, "pushNotificationConfig": {"url": config["url"]}}
    assert (await old.result("tasks/pushNotificationConfig/set", params))["taskId"] == task_id
    got = await old.result("tasks/pushNotificationConfig/get", {"id": task_id})
    assert got["pushNotificationConfig"]["url"] == config["url"]
    assert len(await old.result("tasks/pushNotificationConfig/list", {"id": task_id})) == 1
    named = {"id": task_id, "pushNotificationConfigId": got["pushNotificationConfig"]["id"]}
    assert await old.result("tasks/pushNotificationConfig/delete", named) is None
    assert (await old.error("tasks/pushNotificationConfig/get", {"id": task_id}))["code"] == -32044


async def test_resources_of_0_3_are_served_below_v1(wire: Wire) -> None:
    old = wire.at(wire.path, version=None)
    written = {
        "request": {
            "message_id": "m-proto",
            "role": "ROLE_USER",
            "content": [{"text": "hello"}, {"data": {"data": {"a": 1}}}],
        },
        "configuration": {"blocking": True},
    }
    task = (await old.call("POST", "/v1/message:send", written)).json()["task"]
    assert task["status"]["state"] == "TASK_STATE_COMPLETED"
    assert task["history"][0]["content"] == [{"text": "hello"}, {"data": {"data": {"a": 1}}}]
    found = (await old.call("GET", f"/v1/tasks/{task['id']}")).json()
    assert found["artifacts"][0]["parts"] == [{"text": "hello"}, {"data": {"data": {"a": 1}}}]
    as_rpc = {
        "message": {"kind": "message", "messageId": "m-kind", "role": "user", "parts": [{"kind": "text", "text": "a"}]}
    }
    answered = (await old.call("POST", "/v1/message:send", as_rpc)).json()
    assert (answered["kind"], answered["status"]["state"]) == ("task", "completed")
    assert (await old.call("GET", "/v1/card")).json()["protocolVersion"] == "0.3.0"
    missing = (await old.call("GET", "/v1/tasks/nothing")).json()
    assert (missing["type"], missing["code"], missing["error"]["code"]) == ("TaskNotFoundError", -32001, 404)


async def test_a2a_media_type_is_supported(wire: Wire) -> None:
    kind = "application/a2a+json"
    sent = await wire.call("POST", "/message:send", {"message": said("a")}, **{"Content-Type": kind})
    assert sent.headers["content-type"] == kind
    asked = await wire.call("GET", "/tasks", Accept=kind)
    assert asked.headers["content-type"] == kind
    assert (await wire.call("GET", "/tasks/nothing", Accept=kind)).headers["content-type"] == kind


REFUSED: list[tuple[str, str, Any, int, str, str]] = [
    ("GET", "/tasks/nothing", None, 404, "NOT_FOUND", "TASK_NOT_FOUND"),
    ("POST", "/tasks/nothing:cancel", None, 404, "NOT_FOUND", "TASK_NOT_FOUND"),
    ("POST", "/tasks/nothing:subscribe", None, 404, "NOT_FOUND", "TASK_NOT_FOUND"),
    ("GET", "/tasks/nothing:subscribe", None, 404, "NOT_FOUND", "TASK_NOT_FOUND"),
    ("GET", "/tasks/nothing/pushNotificationConfigs", None, 404, "NOT_FOUND", "TASK_NOT_FOUND"),
    ("POST", "/message:send", {}, 400, "INVALID_ARGUMENT", "INVALID_PARAMS"),
    ("POST", "/message:send", [], 400, "INVALID_ARGUMENT", "INVALID_PARAMS"),
    ("GET", "/tasks?pageSize=many", None, 400, "INVALID_ARGUMENT", "INVALID_PARAMS"),
    ("GET", "/tasks?includeArtifacts=perhaps", None, 400, "INVALID_ARGUMENT", "INVALID_PARAMS"),
    ("GET", "/tasks?a=%ff", None, 400, "INVALID_ARGUMENT", "PARSE_ERROR"),
    ("GET", "/tasks/%ff", None, 400, "INVALID_ARGUMENT", "PARSE_ERROR"),
    ("DELETE", "/tasks/nothing", None, 405, "UNIMPLEMENTED", "METHOD_NOT_ALLOWED"),
    ("GET", "/message:send", None, 405, "UNIMPLEMENTED", "METHOD_NOT_ALLOWED"),
    ("GET", "/tasks/a/b/c/d", None, 404, "NOT_FOUND", "NOT_FOUND"),
    ("POST", "/message:sing", {}, 404, "NOT_FOUND", "NOT_FOUND"),
    ("POST", "/v1/message:send", {"message": said("a")}, 400, "FAILED_PRECONDITION", "VERSION_NOT_SUPPORTED"),
]


async def test_errors_have_a_google_rpc_status(wire: Wire) -> None:
    for method, path, body, status, name, reason in REFUSED:
        answer = await wire.call(method, path, body)
        assert answer.status_code == status, (method, path)
        error = answer.json()["error"]
        assert (error["code"], error["status"]) == (status, name), (method, path)
        assert error["details"][-1]["reason"] == reason, (method, path)
        assert error["message"]


async def test_version_header_is_required(wire: Wire) -> None:
    silent = wire.at(wire.path, version=None)
    answer = await silent.call("GET", "/tasks")
    assert answer.json()["error"]["details"][-1]["reason"] == "VERSION_NOT_SUPPORTED"
    assert "A2A-Version: 1.0" in answer.json()["error"]["message"]
    assert (await silent.call("GET", "/tasks?A2A-Version=1.0")).status_code == 200


async def test_wrong_path_error_has_a_hint(wire: Wire) -> None:
    answer = await wire.http.post("/v1/message/send", json={})
    assert answer.status_code == 404
    assert "message/send to POST /" in str(answer.json()["error"]["details"])


async def test_large_body_is_refused(wire: Wire) -> None:
    answer = await wire.call("POST", "/message:send", {"message": said("x" * 1_100_000)})
    assert (answer.status_code, answer.json()["error"]["details"][-1]["reason"]) == (413, "PAYLOAD_TOO_LARGE")
    rpc = await wire.rpc("SendMessage", {"message": said("x" * 1_100_000)})
    assert (rpc.status_code, rpc.json()["error"]["code"]) == (413, -32600)
