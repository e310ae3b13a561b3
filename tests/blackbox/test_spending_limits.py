"""Work from a priced agent beyond the caller's limit is refused, over every entry point."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from itertools import count
from typing import Any

import pytest
from websockets.sync.client import connect

from tests.blackbox.billing_calls import cost, customer, priced_agent
from tests.blackbox.server import Account, ServerProcess
from tests.polling import poll_until

PRICE, LIMIT = 4, 3
A2A = {"a2a-version": "1.0"}
_numbers = count(1)


@dataclass
class Place:
    """dear costs more than the cheater's account may spend; cheap costs less."""

    server: ServerProcess
    account: str
    cheater: Account
    dear: Account
    cheap: Account

    def order(self, **more: Any) -> dict[str, Any]:
        return {"task_type": "work", "assignee": self.dear.name, **more}

    def message(self) -> dict[str, Any]:
        return {"messageId": f"m{next(_numbers)}", "role": "ROLE_USER", "parts": [{"text": "work"}]}


@pytest.fixture(scope="module", params=["sqlite", pytest.param("postgres", marks=pytest.mark.long)])
def server(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    with ExitStack() as stack:
        settings = {}
        if request.param == "postgres":
            settings["store"] = stack.enter_context(request.getfixturevalue("postgres_server").database_url())
        server = ServerProcess(tmp_path_factory.mktemp(request.param) / "data", **settings)
        stack.callback(server.close)
        yield server.start()


@pytest.fixture
def place(server: ServerProcess) -> Place:
    number = next(_numbers)
    account = f"purse-{number}"
    cheater = customer(server, account, hard_limit=LIMIT)
    dear = priced_agent(server, f"Dear{number}", price=PRICE)
    return Place(server, account, cheater, dear, priced_agent(server, f"Cheap{number}", price=1))


def by_name(place: Place) -> None:
    place.cheater.post("/agora/task/assign", place.order(), expect=402)


def by_id(place: Place) -> None:
    place.cheater.post("/agora/task/assign", place.order(assignee=place.dear.agent_id), expect=402)


def by_name_in_another_case(place: Place) -> None:
    place.cheater.post("/agora/task/assign", place.order(assignee=place.dear.name.upper()), expect=402)


def to_its_worker(place: Place) -> None:
    worker = place.dear.post("/agora/worker/register", {"worker_name": f"w{next(_numbers)}"})
    place.cheater.post("/agora/task/assign", place.order(assignee=f"worker:{worker['worker_id']}"), expect=402)


def after_another_task(place: Place) -> None:
    """Work that waits for other work is reserved immediately, because its start is unknown."""
    first = place.cheater.post("/agora/task/assign", place.order(assignee=place.cheap.name))["task_id"]
    place.cheater.post("/agora/task/assign", place.order(depends_on=[first]), expect=402)
    place.cheater.post("/agora/task/cancel", {"task_id": first})


def as_a_subtask(place: Place) -> None:
    parent = place.cheater.post("/agora/task/assign", {"task_type": f"kind{next(_numbers)}"})["task_id"]
    place.cheater.post("/agora/task/assign", place.order(parent_id=parent), expect=402)
    place.cheater.post("/agora/task/cancel", {"task_id": parent})


def from_the_pool(place: Place) -> None:
    task = place.cheater.post("/agora/task/assign", {"task_type": f"kind{next(_numbers)}"})["task_id"]
    place.cheater.post("/agora/task/reassign", {"task_id": task, "assignee": place.dear.name}, expect=402)
    place.cheater.post("/agora/task/cancel", {"task_id": task})


def from_a_cheaper_agent(place: Place) -> None:
    task = place.cheater.post("/agora/task/assign", place.order(assignee=place.cheap.name))["task_id"]
    place.cheater.post("/agora/task/reassign", {"task_id": task, "assignee": place.dear.name}, expect=402)
    place.cheater.post("/agora/task/cancel", {"task_id": task})


def by_retrying(place: Place) -> None:
    """A retry is a new task with its own price: without an assignee, and with another one."""
    task = place.cheater.post("/agora/task/assign", place.order(assignee=place.cheap.name))["task_id"]
    place.cheap.post("/agora/task/fail", {"task_id": task, "error": "no", "retry": False})
    place.cheater.post("/agora/task/retry", {"task_id": task, "assignee": place.dear.name}, expect=402)
    place.server.operator.call("PUT", f"/billing/prices/{place.cheap.name}", json={"type": "per_request", "price": 9})
    place.cheater.post("/agora/task/retry", {"task_id": task}, expect=402)


def as_a_model(place: Place) -> None:
    """OpenAI's API: complete, streamed and in the background."""
    body = {"model": place.dear.name, "messages": [{"role": "user", "content": "work"}]}
    refusal = place.cheater.post("/v1/chat/completions", body, expect=402)
    assert refusal["error"]["code"] == "insufficient_quota"
    place.cheater.post("/v1/chat/completions", body | {"stream": True}, expect=402)
    place.cheater.post("/v1/responses", {"model": place.dear.agent_id, "input": "work", "background": True}, expect=402)


def over_mcp(place: Place) -> None:
    meta = {
        "io.modelcontextprotocol/protocolVersion": "2026-07-28",
        "io.modelcontextprotocol/clientInfo": {"name": "test", "version": "1"},
        "io.modelcontextprotocol/clientCapabilities": {},
    }
    call = {"name": "agora.task.assign", "arguments": place.order(), "_meta": meta}
    headers = {
        "accept": "application/json, text/event-stream",
        "mcp-protocol-version": "2026-07-28",
        "mcp-method": "tools/call",
        "mcp-name": "agora.task.assign",
    }
    request = {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": call}
    answer = place.cheater.post("/mcp", request, headers=headers)
    assert answer["result"]["_meta"]["agora/problem"]["status"] == 402, answer


def over_a_websocket(place: Place) -> None:
    headers = {"Authorization": f"Bearer {place.cheater.token}"}
    with connect(place.cheater.url.replace("http", "ws", 1) + "/ws", additional_headers=headers) as socket:
        socket.send(json.dumps({"id": 1, "operation": "agora.task.assign", "arguments": place.order()}))
        while (frame := json.loads(socket.recv(timeout=60))).get("id") != 1:
            continue
    assert frame["error"]["status"] == 402, frame


def over_the_agent_protocol(place: Place) -> None:
    sender = place.cheater.post("/agora/agent/register", {"agent_name": f"Sender{next(_numbers)}"})
    agent = place.server.account(sender["token"], sender["agent_name"], sender["agent_id"])
    for to in ([place.dear.name], []):
        document = {"type": "assign", "to": to, "intent": "work", "payload": {"agent_id": place.dear.agent_id}}
        answer = agent.http.post("/agent/message", json=document)
        assert answer.status_code == 402, answer.text
        assert answer.json()["type"] == "failure"


def over_a2a(place: Place) -> None:
    request = {"jsonrpc": "2.0", "id": 1, "method": "SendMessage", "params": {"message": place.message()}}
    answer = place.cheater.post(f"/a2a/{place.dear.name}", request, headers=A2A)
    assert "hard limit" in answer["error"]["message"], answer
    stream = {"jsonrpc": "2.0", "id": 2, "method": "SendStreamingMessage", "params": {"message": place.message()}}
    assert "hard limit" in place.cheater.http.post(f"/a2a/{place.dear.name}", json=stream, headers=A2A).text
    for verb in ("send", "stream"):
        path = f"/a2a/{place.dear.name}/message:{verb}"
        response = place.cheater.http.post(path, json={"message": place.message()}, headers=A2A)
        assert "hard limit" in response.text, response.text
    place.cheater.post("/agora/a2a/send", {"message": place.message(), "agent": place.dear.name}, expect=402)


def _refused_workflow(place: Place, *steps: dict[str, Any], **more: Any) -> None:
    body = {"workflow_name": f"flow{next(_numbers)}", "steps": list(steps), **more}
    response = place.cheater.http.post("/agora/workflow/create", json=body)
    if response.status_code == 402:
        return
    assert response.is_success, response.text
    where = {"workflow_id": response.json()["workflow_id"]}

    def ended() -> Any:
        status = place.cheater.get("/agora/workflow/status", params=where)
        return status if status["status"] not in ("pending", "running") else None

    status = poll_until(ended, "the workflow has ended")
    assert status["status"] == "failed", status
    assert "hard limit" in status["error"]


def in_a_workflow(place: Place) -> None:
    _refused_workflow(place, {"name": "one", "task_type": "work", "agent": place.dear.name})


def in_a_workflow_among_its_agents(place: Place) -> None:
    _refused_workflow(place, {"name": "one", "task_type": "work"}, assigned_agents=[place.dear.name])


def in_a_workflow_for_each(place: Place) -> None:
    """Single parts fit, all of them together do not."""
    part = {"name": "one", "task_type": "work", "agent": place.cheap.name, "for_each": [1, 2, 3, 4]}
    _refused_workflow(place, part)


def in_a_workflow_within_a_workflow(place: Place) -> None:
    inner = {"name": "one", "task_type": "work", "agent": place.dear.name}
    _refused_workflow(place, {"name": "outer", "workflow": [inner]})


def by_reassigning_a_step(place: Place) -> None:
    """Reassigning a started step is refused immediately; a step that has not started fails when it is to begin."""
    step = {"name": "one", "task_type": "work", "agent": place.cheap.name}
    body = {"workflow_name": f"flow{next(_numbers)}", "steps": [step]}
    where = {"workflow_id": place.cheater.post("/agora/workflow/create", body)["workflow_id"]}
    change = where | {"action": "reassign", "step": "one", "agent": place.dear.name}
    place.cheater.post("/agora/workflow/modify", change, expect=402)
    place.cheater.post("/agora/workflow/cancel", where)

    body["steps"] = [{"name": "check", "approval": True}, step | {"depends_on": ["check"]}]
    where = {"workflow_id": place.cheater.post("/agora/workflow/create", body)["workflow_id"]}
    place.cheater.post("/agora/workflow/modify", change | where)
    approved = place.server.operator.post("/agora/workflow/approve", where)
    assert approved["status"] == "failed"


ENTRANCES = (
    by_name,
    by_id,
    by_name_in_another_case,
    to_its_worker,
    after_another_task,
    as_a_subtask,
    from_the_pool,
    from_a_cheaper_agent,
    by_retrying,
    as_a_model,
    over_mcp,
    over_a_websocket,
    over_the_agent_protocol,
    over_a2a,
    in_a_workflow,
    in_a_workflow_among_its_agents,
    in_a_workflow_for_each,
    in_a_workflow_within_a_workflow,
    by_reassigning_a_step,
)


@pytest.mark.parametrize("entrance", ENTRANCES, ids=lambda entrance: entrance.__name__)
def test_no_entry_point_exceeds_the_limit(place: Place, entrance: Callable[[Place], None]) -> None:
    entrance(place)
    (budget,) = place.server.operator.get("/billing/budget", params={"account": place.account})["budgets"]
    assert (budget["spent"], budget["reserved"]) == (0, 0)
    assert cost(place.server, place.account) == 0
    claimed = place.dear.post("/agora/task/claim", {"limit": 10})["tasks"]
    assert [task for task in claimed if task["assigned_agent"] == place.dear.agent_id] == []
