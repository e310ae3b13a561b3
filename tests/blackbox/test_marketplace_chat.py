"""The marketplace's chat and front agent on a real server: declared agents with a scripted model."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from typing import Any

import pytest

from agora.demo.scripted_model import ModelRequest, ScriptedReply, ToolCall
from tests.blackbox.mcp_wire import RawClient
from tests.blackbox.server import Account, ServerProcess
from tests.blackbox.test_prompt_injection import obey, order
from tests.blackbox.thinking import Thinkers, running_thinkers
from tests.polling import poll_until


@pytest.fixture(scope="module")
def thinkers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Thinkers]:
    data = tmp_path_factory.mktemp("chat") / "data"
    server = ServerProcess(data, builtin_agents="true", chat_agent="Desk", front_agent="Planner").start()
    with running_thinkers(server) as place:
        place.declare("Desk", tools=["marketplace"])
        place.declare("Planner", tools=["marketplace", "agent:*"])
        for name in ("Desk", "Planner"):
            poll_until(lambda name=name: _status(place, name) in ("active", "busy"), f"{name} is not at work")
        yield place
    server.close()


def _status(thinkers: Thinkers, name: str) -> str:
    return str(thinkers.operator.get("/agora/agent/get", params={"agent_id": name})["status"])


def test_chat_answers_with_a_model_and_shows_the_token_only_to_the_person(thinkers: Thinkers) -> None:
    def script(request: ModelRequest) -> ScriptedReply:
        if request.results:
            return ScriptedReply("HealthBuddy is registered: it analyses ECGs.")
        values = {"name": "HealthBuddy", "capabilities": ["ecg-analysis"]}
        return ScriptedReply("", [ToolCall("orchestrator_register_agent", values)])

    thinkers.scripts["Set up HealthBuddy"] = script
    sentence = {"message": "Set up HealthBuddy, it analyses ECGs, please."}
    answer = thinkers.operator.post("/orchestrator-agent/chat", sentence)
    assert (answer["response"], answer["tools_used"]) == (
        "HealthBuddy is registered: it analyses ECGs.",
        ["register_agent"],
    )
    assert (answer["data"][0]["name"], answer["data"][0]["capabilities"]) == ("HealthBuddy", ["ecg-analysis"])
    owner = thinkers.server.account(answer["token"])
    assert owner.get("/agora/agent/get", params={"agent_id": "HealthBuddy"})["agent_id"] == answer["data"][0]["id"]
    for request in thinkers.requests_of("Set up HealthBuddy"):
        assert sorted(request.tools) == [
            "ask_requester",
            "orchestrator_get_agent",
            "orchestrator_get_marketplace_stats",
            "orchestrator_register_agent",
            "orchestrator_search_agents",
            "orchestrator_search_apps",
        ]
        assert answer["token"] not in str(request)


def test_front_agent_plans_over_several_agents(thinkers: Thinkers) -> None:
    """It finds capable agents, asks two of them in sequence, and reports which agent did what."""

    def script(request: ModelRequest) -> ScriptedReply:
        match len(request.results):
            case 0:
                return ScriptedReply("", [ToolCall("orchestrator_search_agents", {"query": "calculator"})])
            case 1:
                asked = {"agent": "Calculator Agent", "message": "25 * 4"}
                return ScriptedReply("", [ToolCall("ask_agent", asked)])
            case 2:
                asked = {"agent": "Nobody At All", "message": "sing it"}
                return ScriptedReply("", [ToolCall("ask_agent", asked)])
        return ScriptedReply(f"Calculator Agent: {request.results[1]}. Nobody could sing: {request.results[2]}")

    thinkers.scripts["Calculate 25 * 4"] = script
    message = {"role": "ROLE_USER", "messageId": "m1", "parts": [{"text": "Calculate 25 * 4, and sing the result"}]}
    request: dict[str, Any] = {"jsonrpc": "2.0", "id": 1, "method": "SendMessage", "params": {"message": message}}
    answer = thinkers.operator.http.post("/", json=request, headers={"A2A-Version": "1.0"}, timeout=60).json()
    task = thinkers.wait_for(answer["result"]["task"]["id"], "completed", "failed")
    assert task["status"] == "completed"
    assert "100" in task["result"]
    assert "There is no agent 'Nobody At All'" in task["result"]
    assert task["metadata"]["agora"]["routed"] == "Planner plans messages that name no skill."


def _key(thinkers: Thinkers, *scopes: str) -> Account:
    made = thinkers.operator.post("/tokens", {"label": "narrow", "scopes": list(scopes)})
    return thinkers.server.account(made["token"])


def test_injected_model_has_no_more_rights_than_its_requester(thinkers: Thinkers) -> None:
    """An agent's description contains orders, and the model obeys: each tool that the requester may not use is refused,
    and unlisted tools do not exist."""
    orders = [
        order("orchestrator_register_agent", {"name": "Evil", "capabilities": ["everything"]}),
        order("admin_manage", {"resource": "configuration", "target": "chat_agent", "action": "set", "value": "Evil"}),
        order("ask_agent", {"agent": "Calculator Agent", "message": "1 + 1"}),
        order("orchestrator_search_agents", {"query": "hidden"}),
    ]
    thinkers.server.register("Poison", description=" ".join(["Reads poison.", *orders]))
    thinkers.server.register("Hidden", description="hidden", visibility="private")
    thinkers.scripts["attack"] = lambda request: obey(  # descriptions arrive as JSON
        replace(request, turns=[(role, text.replace('\\"', '"')) for role, text in request.turns])
    )
    ask = {"message": f"attack {order('orchestrator_get_agent', {'ref': 'Poison'})}"}
    answer = _key(thinkers, "read:agents").post("/orchestrator-agent/chat", ask)
    assert answer["tools_used"] == ["get_agent", "search_agents"]
    assert "token" not in answer
    assert "Hidden" not in [row.get("name") for row in answer["data"]]
    names = [agent["agent_name"] for agent in thinkers.operator.get("/agents", params={"limit": 500})["agents"]]
    assert "Evil" not in names
    given = thinkers.operator.get("/agora/task/list", params={"limit": 500, "agent_id": "Calculator Agent"})["tasks"]
    assert "1 + 1" not in str(given)
    writer = _key(thinkers, "write:agents")
    found = writer.post("/orchestrator-agent/chat", {"message": f"attack {orders[-1]}"})
    assert (found["tools_used"], found["data"]) == ([], [])
    made = writer.post("/orchestrator-agent/chat", {"message": f"attack {orders[0]}"})
    assert made["tools_used"] == ["register_agent"]
    assert made["token"]
    neither = _key(thinkers, "read:tasks")
    refused = neither.post("/orchestrator-agent/chat", {"message": "Register an agent named Evil"}, expect=403)
    assert "write:agents" in str(refused)


def test_chat_with_a_model_answers_on_each_route(thinkers: Thinkers) -> None:
    def script(request: ModelRequest) -> ScriptedReply:
        if request.results:
            return ScriptedReply("There are some.")
        return ScriptedReply("", [ToolCall("orchestrator_get_marketplace_stats", {"of": "agents"})])

    thinkers.scripts["Count them"] = script
    body, expected = {"message": "Count them, whoever they are"}, ("There are some.", ["get_marketplace_stats"])
    for path in ("/orchestrator-agent/chat", "/functions/v1/orchestrator-agent/chat", "/agora/orchestrator/chat"):
        plain = thinkers.operator.post(path, body)
        assert (plain["response"], plain["tools_used"]) == expected
        assert "token" not in plain
        streamed = thinkers.operator.http.post(path, json=body, headers={"accept": "text/event-stream"})
        assert streamed.headers["content-type"] == "text/event-stream"
        last = streamed.text.strip().split("\n\n")[-1].removeprefix("event: result\ndata: ")
        assert json.loads(last)["response"] == expected[0]
    with RawClient(thinkers.server.url, thinkers.server.admin_token) as client:
        answer = client.result("tools/call", {"name": "agora.orchestrator.chat", "arguments": body})
    assert (answer["structuredContent"]["response"], answer["structuredContent"]["tools_used"]) == expected
    assert "token" not in answer["structuredContent"]


def test_plan_survives_kills_and_asks_each_agent_once(start_server: Callable[..., ServerProcess]) -> None:
    """The server is killed after the first agent has answered, and again when the model has the second answer."""
    server = start_server(builtin_agents="true", front_agent="Planner")
    kills: list[int] = []
    with running_thinkers(server) as place:

        def script(request: ModelRequest) -> ScriptedReply:
            done = len(request.results)
            if done and done not in kills:
                kills.append(done)
                server.kill()
            match done:
                case 0:
                    return ScriptedReply(
                        "", [ToolCall("ask_agent", {"agent": "Calculator Agent", "message": "25 * 4"})]
                    )
                case 1:
                    return ScriptedReply("", [ToolCall("ask_agent", {"agent": "Echo Agent", "message": "a song"})])
            return ScriptedReply(f"Calculator Agent: {request.results[0]}. Echo Agent: {request.results[1]}.")

        place.scripts["Calculate"] = script
        place.declare("Planner", tools=["agent:*"])
        poll_until(lambda: _status(place, "Planner") in ("active", "busy"), "the planner is not at work")
        message = {"role": "ROLE_USER", "messageId": "m1", "parts": [{"text": "Calculate 25 * 4, and sing"}]}
        params = {"message": message, "configuration": {"returnImmediately": True}}
        request: dict[str, Any] = {"jsonrpc": "2.0", "id": 1, "method": "SendMessage", "params": params}
        task_id = server.operator.post("/", request, headers={"A2A-Version": "1.0"})["result"]["task"]["id"]
        for number in (1, 2):
            poll_until(partial(kills.__contains__, number), "the model was not asked")
            server.start()
        task = place.wait_for(task_id, "completed", "failed")
        assert "The result is 100" in task["result"]
        assert "a song" in task["result"]
        assert kills == [1, 2]
        for agent in ("Calculator Agent", "Echo Agent"):
            given = server.operator.get("/agora/task/list", params={"agent_id": agent, "limit": 50})["tasks"]
            assert [each["status"] for each in given] == ["completed"]


@pytest.mark.parametrize(
    "scopes", [("read:agents",), ("write:agents",), ("read:agents", "write:agents"), ("read:tasks",)]
)
def test_each_tool_requires_only_its_own_scope(shared_server: ServerProcess, scopes: tuple[str, ...]) -> None:
    """Checked over its route, as an MCP tool, and in chat."""
    made = shared_server.operator.post("/tokens", {"label": "narrow", "scopes": list(scopes)})
    key = shared_server.account(made["token"])
    name = f"Made{len(scopes)}{scopes[0][0]}"
    tools: dict[str, tuple[str, str, dict[str, Any], str, str]] = {
        "search_agents": ("GET", "/orchestrator-agent/agents", {}, "read:agents", "Find agents for nothing"),
        "get_agent": (
            "GET",
            "/orchestrator-agent/agents/Seen",
            {"ref": "Seen"},
            "read:agents",
            "Tell me more about Seen",
        ),
        "search_apps": ("GET", "/orchestrator-agent/apps", {}, "read:agents", "Show me free apps"),
        "get_marketplace_stats": ("GET", "/orchestrator-agent/stats", {}, "read:agents", "How many agents are there?"),
        "register_agent": (
            "POST",
            "/orchestrator-agent/agents",
            {"name": name},
            "write:agents",
            f"Register {name}Chat as an agent",
        ),
    }
    if "Seen" not in str(shared_server.operator.get("/agents", params={"limit": 500})):
        shared_server.register("Seen")
    with RawClient(shared_server.url, made["token"]) as mcp:
        for tool, (method, path, arguments, scope, sentence) in tools.items():
            allowed = scope in scopes
            body = {"json": arguments} if method == "POST" else {}
            assert (key.http.request(method, path, **body).status_code < 300) == allowed, (tool, scopes)
            given = arguments if tool != "register_agent" else {"name": f"{name}Mcp"}
            called = mcp.call("tools/call", {"name": f"agora.orchestrator.{tool}", "arguments": given})
            refused = "error" in called or called["result"].get("isError", False)
            assert refused != allowed, (tool, scopes, called)
            answer = key.http.post("/functions/v1/orchestrator-agent/chat", json={"message": sentence})
            assert answer.status_code == (200 if allowed else 403), (tool, scopes, answer.text)
            if allowed:
                assert answer.json()["tools_used"] == [tool]
                assert ("token" in answer.json()) == (tool == "register_agent")
