"""Reducer calls of v4 agents over HTTP, in every form used by v4's clients and documents."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from typing import Any

import pytest

from tests.blackbox.monitor_browser import Browser
from tests.blackbox.server import ServerProcess

DATABASE = "agora-marketplace"


@pytest.fixture(scope="module", params=["sqlite", pytest.param("postgres", marks=pytest.mark.long)])
def server(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    settings = {"log_level": "info"}
    with ExitStack() as stack:
        if request.param == "postgres":
            settings["store"] = stack.enter_context(request.getfixturevalue("postgres_server").database_url())
        server = ServerProcess(tmp_path_factory.mktemp("v4") / "data", **settings).start()
        stack.callback(server.close)
        yield server


def run_reducer(server: ServerProcess, reducer: str, *args: Any, expect: int = 200, database: str = DATABASE) -> Any:
    return server.operator.post(f"/v4/call/{database}/{reducer}", {"args": list(args)}, expect)


def read_inbox(server: ServerProcess, agent: str) -> list[dict[str, Any]]:
    page = server.operator.get("/agora/messaging/receive", params={"agent_id": agent, "limit": 500})
    return list(page["messages"])


def test_capabilities_are_collected_by_one_agent(server: ServerProcess) -> None:
    first = run_reducer(server, "register_agent_capability", "Collector", "documentation", 90, 5)
    assert first == {
        "success": True,
        "agent_id": first["agent_id"],
        "message": "Agent registered successfully via compatibility layer",
    }
    second = run_reducer(server, "register_agent_capability", '"Collector"', '"review"', "95", "3")
    assert second["agent_id"] == first["agent_id"]
    third = run_reducer(
        server,
        "register_agent_capability",
        *(
            "--agent_id",
            "Collector",
            "--capability_name",
            "writing",
            "--description",
            "Writes",
            "--proficiency_level",
            "80",
        ),
        database="agent-coordination-v2",
    )
    assert third["agent_id"] == first["agent_id"]
    agent = server.operator.get("/agents/Collector")
    assert agent["capabilities"] == ["documentation", "review", "writing"]
    assert (agent["proficiency_level"], agent["max_concurrent_tasks"], agent["description"]) == (95, 5, "Writes")
    assert agent["metadata"]["compatibility_mode"] == "true"
    documented = [
        "--capability_id",
        "x_1",
        "--agent_id",
        "Collector",
        "--capability_type",
        "web",
        "--proficiency_level",
    ]
    documented += ["90", "--max_concurrent_tasks", "5", "--average_completion_time", "120", "--success_rate", "0.95"]
    documented += ["--resource_requirements", "API", "--availability_schedule", "always", "--is_active", "true"]
    assert run_reducer(server, "register_agent_capability", *documented)["agent_id"] == first["agent_id"]


def test_agents_register_in_each_form(server: ServerProcess) -> None:
    migrated = run_reducer(
        server, "register_agent", "agent_a1b2c3d4e5f6a7b8", "Scripted", "basic", "active", json.dumps(["testing"])
    )
    again = run_reducer(server, "register_agent", "agent_0000000000000000", "Scripted", "basic", "active", '["review"]')
    assert again["agent_id"] == migrated["agent_id"]
    assert server.operator.get("/agents/Scripted")["capabilities"] == ["testing", "review"]
    client = run_reducer(server, "register_agent", '"ClientAgent"', '"documentation"', '"ClientAgent"', "null")
    assert server.operator.get("/agents/ClientAgent")["agent_id"] == client["agent_id"]
    assert run_reducer(server, "register_agent", "Guided", "documentation", "active")["success"]
    sent = run_reducer(server, "send_message", "msg_1", "agent_a1b2c3d4e5f6a7b8", "Guided", "TaskRequest", "hello", "1")
    message = read_inbox(server, "Guided")[0]
    assert (message["message_id"], message["from_agent"]) == (sent["message_id"], migrated["agent_id"])
    assert (message["message_type"], message["content"], message["priority"]) == ("TaskRequest", "hello", "low")


def test_messages_in_each_form(server: ServerProcess) -> None:
    run_reducer(server, "register_agent_capability", "Reader", "reading", 50, 1)
    run_reducer(server, "send_agent_message", "Stranger", "Reader", "note", "one", 3)
    payload = json.dumps({"action": "create"})
    flags = ["--from_agent", "Stranger", "--to_agent", "Reader", "--message_type", "request", "--payload", payload]
    flags += ["--priority", "4", "--requires_response", "true", "--correlation_id", "thread-7"]
    run_reducer(server, "send_agent_message", *flags)
    long = ["unique_msg_1", "Stranger", "Reader", "agent_introduction", "two", 9, "false", 300, "", "", "{}", "pending"]
    first = run_reducer(server, "send_agent_message", *long)
    repeated = run_reducer(server, "send_agent_message", *long)
    assert repeated["message_id"] == first["message_id"], "a repetition under the same v4 id is the same message"
    other = run_reducer(server, "send_agent_message", *long[:4], "three", *long[5:])
    assert other["message_id"] != first["message_id"], "v4 gave ids again: another content is another message"
    held = run_reducer(server, "send_agent_message", "Stranger", "Later", "note", "held", "2")
    assert "not registered" in held["warning"].lower()
    run_reducer(server, "register_agent_capability", "Later", "late", 1, 1)
    assert [message["content"] for message in read_inbox(server, "Later")] == ["held"]
    messages = read_inbox(server, "Reader")
    assert [each["content"] for each in messages] == ["one", payload, "two", "three"]
    assert [each["priority"] for each in messages] == ["high", "urgent", "normal", "normal"]
    assert (messages[1]["correlation_id"], messages[1]["metadata"]["requires_response"]) == ("thread-7", True)
    stranger = server.operator.get("/agents/Stranger")
    assert stranger["metadata"]["compatibility_mode"] == "true"
    assert {each["from_agent"] for each in messages} == {stranger["agent_id"]}


def test_broadcasts_and_reserved_names_are_handled(server: ServerProcess) -> None:
    run_reducer(server, "register_agent_capability", "Listener", "listening", 1, 1)
    run_reducer(server, "send_agent_message", "system", "*", "SystemAnnouncement", "to all", 2)
    run_reducer(server, "broadcast_to_agents", "system", "SystemAnnouncement", "again")
    heard = [each for each in read_inbox(server, "Listener") if each["message_type"] == "SystemAnnouncement"]
    assert [(each["content"], each["broadcast"]) for each in heard] == [("to all", True), ("again", True)]
    assert heard[0]["from_name"].startswith("v4-system")
    run_reducer(server, "send_agent_message", "Listener", "system", "answer", "heard", 2)
    assert [each["content"] for each in read_inbox(server, heard[0]["from_agent"])] == ["heard"]


def test_tasks_and_workflows_are_translated(server: ServerProcess) -> None:
    run_reducer(server, "register_agent_capability", "Worker", "building", 90, 2)
    flags = ["--workflow_id", "wf-1", "--task_type", "build", "--input_data", '{"file": "a.md"}']
    flags += ["--required_capabilities", '["building"]', "--requesting_agent", "Boss"]
    assigned = run_reducer(server, "assign_task", *flags, database="agent-coordination-v2")
    assert assigned["success"]
    assert assigned["assignment_id"] == assigned["task_id"]
    task = server.operator.get("/agora/task/get", params={"task_id": assigned["task_id"]})
    assert (task["payload"], task["metadata"]["v4_workflow_id"]) == ({"file": "a.md"}, "wf-1")
    assert task["created_by"] == server.operator.get("/agents/Boss")["agent_id"]
    half = [
        "--assignment_id",
        assigned["task_id"],
        "--agent_id",
        "Worker",
        "--progress",
        "0.5",
        "--status_update",
        "half",
    ]
    updated = run_reducer(server, "update_task_progress", *half, "--intermediate_results", '{"pages": 2}')
    assert (updated["status"], updated["progress"]) == ("in_progress", 50)
    done = run_reducer(server, "update_task_progress", assigned["task_id"], "Worker", 1.0, "done", '{"pages": 4}')
    assert (done["status"], done["progress"]) == ("completed", 100)
    task = server.operator.get("/agora/task/get", params={"task_id": assigned["task_id"]})
    assert (task["result"], task["notes"]) == ({"pages": 4}, "done")
    started = run_reducer(server, "start_workflow_coordination", "wf-1", "Boss", '["Worker", "Helper"]', "sequential")
    again = run_reducer(server, "start_workflow_coordination", "wf-1", "Boss", '["Worker", "Helper"]', "sequential")
    assert again["workflow_id"] == started["workflow_id"]
    workflow = server.operator.get("/agora/workflow/status", params={"workflow_id": started["workflow_id"]})
    assert [(step["name"], step["status"]) for step in workflow["steps"]] == [
        ("step-1", "ready"),
        ("step-2", "pending"),
    ]
    assert workflow["workflow_name"] == "wf-1"


NESTED = "[" * 50_000
HOSTILE_TEXTS = {
    "null character": '"a\\u0000b"',
    "lone surrogate": '"a\\ud800b"',
    "nested lists": NESTED,
    "nested objects": '{"a":' * 50_000,
    "deep object": '{"a":' + "[" * 300 + "]" * 300 + "}",
    "infinite number": '{"a": 1e999}',
    "no number": '{"a": NaN}',
    "control characters": "x\x1ey\x1fz",
    "many names": json.dumps([f"name {number}" for number in range(2_000)]),
    "long text": "y" * 300_000,
}


@pytest.mark.parametrize("text", HOSTILE_TEXTS.values(), ids=HOSTILE_TEXTS)
def test_arguments_have_the_limits_of_v5(server: ServerProcess, text: str) -> None:
    """Values that no operation of v5 accepts are refused, or stored as plain text."""
    agent = server.register(f"Bounded{server.operator.get('/agents', params={'limit': 500})['count']}")
    name = agent.name
    task = agent.post("/agora/task/assign", {"task_type": "t", "assignee": name})["task_id"]
    calls = [
        ("send_agent_message", name, name, "note", text),
        ("send_agent_message", name, name, text, "x"),
        ("send_agent_message", name, text, "note", "x"),
        ("send_agent_message", text, name, "note", "x"),
        ("send_message", text, name, name, "note", "x", 2),
        ("register_agent_capability", name, text, 50, 1),
        ("register_agent", name, name, "basic", "active", text),
        ("register_agent", text, text, "basic", "active", text),
        ("assign_task", "w", "t", text),
        ("assign_task", "w", text, "{}"),
        ("assign_task", "w", "t", "{}", text),
        ("assign_task", text, "t", "{}", "[]", name),
        ("start_workflow_coordination", text, name),
        ("start_workflow_coordination", f"of {name}", name, text),
        ("update_task_progress", task, name, 0.5, text, text),
        ("update_task_progress", text, name, 0.5, "x"),
    ]
    for reducer, *args in calls:
        answer = agent.http.post(f"/v4/call/{DATABASE}/{reducer}", json={"args": args})
        assert answer.status_code in (200, 403, 404, 413, 422), f"{reducer}: {answer.status_code} {answer.text[:500]}"
    profile = agent.get(f"/agents/{name}")
    assert len(profile["capabilities"]) <= 100
    assert all(len(each) <= 100 and each.isprintable() for each in profile["capabilities"])
    for message in agent.get("/agora/messaging/receive", params={"limit": 500})["messages"]:
        assert message["message_type"].isprintable()
        assert "\x00" not in message["content"]
    assert "Traceback" not in server.log()


def test_repeated_calls_do_not_duplicate_capabilities(server: ServerProcess) -> None:
    agent = server.register("Grower", capabilities=[f"first {number}" for number in range(60)])
    more = [f"second {number}" for number in range(60)]
    for path, body in (
        ("/agora/migration/switch", {"agent_name": "Grower", "capabilities": more}),
        (f"/v4/call/{DATABASE}/register_agent", {"args": ["Grower", "Grower", "basic", "active", json.dumps(more)]}),
    ):
        assert "capabilities" in agent.post(path, body, expect=422)["errors"][0]["field"]
    assert len(agent.get("/agents/Grower")["capabilities"]) == 60


def test_workflow_with_many_unknown_agents_is_refused(server: ServerProcess) -> None:
    """Each of them would be registered: one call would occupy the server for that many registrations."""
    agent = server.register("Coordinator")
    names = json.dumps([f"Participant {number}" for number in range(2_000)])
    args = ["many", "Coordinator", names]
    answer = agent.post(f"/v4/call/{DATABASE}/start_workflow_coordination", {"args": args}, expect=422)
    assert answer["errors"][0]["field"] == "args.participating_agents"
    found = agent.get("/agora/query/agents", params={"search": "Participant 7"})["agents"]
    assert not [each for each in found if each["agent_name"].startswith("Participant")]


def test_name_belongs_to_the_agent_that_registers_it(server: ServerProcess) -> None:
    """An agent that mapped the name to itself before its owner registered receives nothing sent to the owner."""
    squatter, sender = server.register("Squatter"), server.register("Payer")
    path = f"/v4/call/{DATABASE}"
    squatter.post(f"{path}/register_agent", {"args": ["Treasurer", "Squatter", "basic", "active", "[]"]})
    owner = server.register("Treasurer")
    sender.post(f"{path}/send_agent_message", {"args": ["Payer", "Treasurer", "note", "for the treasurer", 2]})
    flags = ["--task_type", "pay", "--assigned_agent", "Treasurer", "--input_data", "{}"]
    task = sender.post(f"{path}/assign_task", {"args": flags})["task_id"]
    assert [each["content"] for each in read_inbox(server, owner.agent_id)] == ["for the treasurer"]
    assert read_inbox(server, squatter.agent_id) == []
    assert sender.get("/agora/task/get", params={"task_id": task})["assigned_agent"] == owner.agent_id


def test_refused_calls_return_errors_of_v4(server: ServerProcess) -> None:
    unknown = run_reducer(server, "drop_tables", "x", expect=422)
    assert (unknown["success"], unknown["error"]) == (False, "Unsupported v4 reducer: drop_tables")
    assert run_reducer(server, "send_agent_message", "A", expect=422)["success"] is False
    assert "not a number" in run_reducer(server, "register_agent_capability", "A", "b", "much", 1, expect=422)["error"]
    assert (
        run_reducer(server, "send_agent_message", "A", "B", "c", "d", database="other", expect=404)["success"] is False
    )
    stranger = server.register("OwnToken")
    assert stranger.post(f"/v4/call/{DATABASE}/send_agent_message", {"args": ["OwnToken", "Reader2", "n", "mine"]})[
        "success"
    ]
    refused = stranger.post(f"/v4/call/{DATABASE}/send_agent_message", {"args": ["Worker", "OwnToken", "n", "x"]}, 403)
    assert refused["success"] is False
    log = server.log()
    assert "v4_api_call agent=OwnToken reducer=send_agent_message database=agora-marketplace outcome=ok" in log
    assert "v4_api_call agent=- reducer=drop_tables" in log
    metrics = server.operator.http.get("/metrics").text
    assert 'agora_v4_calls_total{outcome="invalid_request",reducer="other"}' in metrics
    assert 'reducer="send_agent_message"' in metrics


def test_concurrent_calls_register_an_agent_once(server: ServerProcess) -> None:
    run_reducer(server, "register_agent_capability", "Busy", "b", 1, 1)

    def send(number: int) -> Any:
        return run_reducer(server, "send_agent_message", "AtOnce", "Busy", "note", f"message {number}", 2)["message_id"]

    with ThreadPoolExecutor(8) as pool:
        sent = set(pool.map(send, range(16)))
    received = read_inbox(server, "Busy")
    assert {each["message_id"] for each in received} == sent
    assert {each["from_name"] for each in received} == {"AtOnce"}
    assert len({each["from_agent"] for each in received}) == 1


def test_counts_and_inboxes_are_answered_as_sql(server: ServerProcess) -> None:
    run_reducer(server, "register_agent_capability", "Asker", "asking", 1, 1)
    before = _count(server, "agent_message")
    run_reducer(server, "send_agent_message", "Asked", "Asker", "note", "it's here", 3)
    assert _count(server, "agent_message") == before + 1
    assert _count(server, "agent_capability") >= 1
    answer = _query(server, "SELECT * FROM agent_message WHERE to_agent = 'Asker' LIMIT 10")
    row = dict(zip(answer["columns"], answer["rows"][-1], strict=True))
    assert (row["from_agent"], row["to_agent"], row["content"], row["priority"]) == ("Asked", "Asker", "it's here", 3)
    server.operator.get(f"/v4/sql/{DATABASE}", params={"query": "DELETE FROM agent_message"}, expect=422)


def _query(server: ServerProcess, query: str) -> Any:
    return server.operator.get(f"/v4/sql/{DATABASE}", params={"query": query})


def _count(server: ServerProcess, table: str) -> int:
    return int(_query(server, f"SELECT COUNT(*) FROM {table}")["rows"][0][0])


def test_mapping_survives_a_restart_and_the_sunset_is_gradual(start_server: Callable[..., ServerProcess]) -> None:
    server = start_server(log_level="info")
    server.register("Watcher")
    agent_id = run_reducer(server, "register_agent_capability", "Lasting", "lasting", 1, 1)["agent_id"]
    server.kill()
    server.start()
    assert run_reducer(server, "register_agent_capability", "Lasting", "more", 1, 1)["agent_id"] == agent_id
    report = server.operator.get("/agora/migration/report")
    assert report["migration_summary"]["v4_compatibility_agents"] == 1
    assert [(line["agent"], line["reducer"], line["calls"]) for line in report["calls"]] == [
        ("Lasting", "register_agent_capability", 2)
    ]
    _set_mode(server, "deprecation_warnings", True)
    path, body = f"/v4/call/{DATABASE}/send_agent_message", {"args": ["Lasting", "Watcher", "note", "x", 2]}
    answers = [server.operator.http.post(path, json=body) for _ in range(2)]
    for answer in answers:
        assert answer.json()["success"]
        assert "sunset" in answer.json()["notice"]
        assert answer.headers["deprecation"].startswith("@")
        assert "GMT" in answer.headers["sunset"]
        assert answer.headers["link"].startswith("</docs/migration/v4>")
    notices = [each for each in read_inbox(server, "Watcher") if each["message_type"] == "deprecation_notice"]
    assert len(notices) == 1, "each receives it once"
    _set_mode(server, "compatibility_mode", "disabled")
    gone = server.operator.post(path, body, 410)
    assert (gone["success"], gone["replacement"]) == (False, "agora.messaging.send")
    assert gone["migration_guide"].endswith("/docs/migration/v4")
    assert "migrate" in server.operator.http.get("/docs/migration/v4").text
    _set_mode(server, "compatibility_mode", "enabled")
    assert server.operator.post(path, body)["success"], "it can be taken back"


def _set_mode(server: ServerProcess, name: str, value: Any) -> None:
    body = {"resource": "configuration", "target": name, "action": "set", "value": value}
    server.operator.post("/agora/admin/manage", body)


def test_monitor_shows_agents_that_still_call_v4(server: ServerProcess) -> None:
    run_reducer(server, "register_agent_capability", "Seen<script>", "seeing", 1, 1)
    with Browser(server.url) as browser:
        assert "/v1/monitor/migration" in browser.links()
        page = browser.http.get("/v1/monitor/migration")
    assert "Seen&lt;script&gt;" in page.text
    assert "agents still using v4 compatibility mode" in page.text
