"""The marketplace's chat and its front agent on a real server, each a declared agent with a scripted model."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from agora.demo.scripted_model import ModelRequest, ScriptedReply, ToolCall
from tests.blackbox.server import ServerProcess
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


def test_the_chat_answers_with_a_model_and_gives_the_token_to_the_person_alone(thinkers: Thinkers) -> None:
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


def test_the_front_agent_plans_over_several_agents(thinkers: Thinkers) -> None:
    """It finds who can, asks two agents one after the other, and says who did what."""

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
    assert task["metadata"]["agora"]["routed"] == "Planner plans what names no skill."
