"""Reuse of a retired agent's name: the new agent inherits no tasks, messages, data or rights."""

from __future__ import annotations

from typing import Any

import pytest

from tests.blackbox.server import Account, ServerProcess

SECRET = "for the predecessor's eyes only"


def assign(sender: Account, assignee: str, **fields: Any) -> str:
    body = {"task_type": "audit", "assignee": assignee, "payload": {"secret": SECRET}, **fields}
    return str(sender.post("/agora/task/assign", body)["task_id"])


def everything_seen(agent: Account) -> str:
    """Return everything visible to an agent: tasks, messages, conversations, workflows, memory and its bus stream."""
    answers = [
        agent.http.get("/agora/task/list", params={"limit": 100}),
        agent.http.get("/agora/task/list", params={"agent_id": agent.agent_id}),
        agent.http.post("/agora/task/claim", json={"limit": 20}),
        agent.http.get("/agora/messaging/receive", params={"limit": 100}),
        *(agent.http.get("/agora/messaging/receive", params={"status": state}) for state in ("expired", "read")),
        agent.http.get(f"/agents/{agent.agent_id}/pending"),
        agent.http.get("/agora/conversation/list"),
        agent.http.get("/agora/workflow/list"),
        *(agent.http.get("/agora/memory/list", params=place) for place in ({}, {"namespace": "own"})),
        agent.http.post("/agora/bus/read", json={"count": 100}),
        agent.http.get("/agora/a2a/list"),
        agent.http.get("/agora/event/list", params={"limit": 500}),
    ]
    for answer in answers:
        assert answer.status_code == 200, answer.text
    return "\n".join(answer.text for answer in answers)


@pytest.fixture(scope="module")
def sender(shared_server: ServerProcess) -> Account:
    return shared_server.register("Sender", capabilities=["asking"])


def test_successor_inherits_nothing_from_its_predecessor(shared_server: ServerProcess, sender: Account) -> None:
    # held before any agent has the name: only the first agent to register it receives this
    early = assign(sender, "Heir")
    sender.post("/agora/messaging/send", {"to_agent": "Heir", "content": f"early, {SECRET}"})
    opened = {"message_id": "q-1", "type": "request", "to": "Heir", "content": {"text": SECRET}}
    sender.http.post("/agora/conversation/send", json={"message": opened})
    cancelled = assign(sender, "Heir")
    sender.post("/agora/task/cancel", {"task_id": cancelled})

    first = shared_server.register("Heir")
    assert SECRET in everything_seen(first)  # claims the early task, and does not complete it
    waiting = assign(sender, "Heir")
    worker = first.post("/v1/agent/workers/register", {"worker_name": "hand"})["worker_id"]
    delegated = assign(first, f"worker:{worker}")
    first.post("/agora/memory/store", {"key": "notes", "value": SECRET, "namespace": "own"})
    sender.post("/agora/messaging/send", {"to_agent": "Heir", "content": f"unread, {SECRET}"})
    workflow = sender.post(
        "/agora/workflow/create",
        {
            "workflow_name": "audit",
            "steps": [{"name": "one", "agent": "Heir", "payload": {"secret": SECRET}}],
            "assigned_agents": ["Heir"],
            "input": {"secret": SECRET},
        },
    )["workflow_id"]
    first.call("DELETE", f"/agents/{first.agent_id}")

    second = shared_server.register("Heir")
    assert second.agent_id != first.agent_id
    registration = second.post("/agora/agent/register", {"agent_name": "Heir"})
    assert (registration["pending_tasks"], registration["pending_messages"]) == (0, 0)
    seen = everything_seen(second)
    assert SECRET not in seen
    for task in (early, cancelled, waiting, delegated):
        assert task not in seen
        second.get(f"/v1/agent/tasks/{task}", 404)
        second.get(f"/v1/agent/tasks/{task}/history", 404)
        assert second.http.post("/agora/task/update", json={"task_id": task, "status": "rejected"}).status_code == 404
    second.get("/agora/workflow/status", 404, params={"workflow_id": workflow})

    # the sender sees the waiting work, and decides
    assert sender.get(f"/v1/agent/tasks/{waiting}")["status"] == "pending"
    sender.post("/agora/task/reassign", {"task_id": waiting, "assignee": "Heir"})
    assert [task["task_id"] for task in second.post("/agora/task/claim")["tasks"]] == [waiting]


def test_operator_hands_over_work_of_a_retired_agent(shared_server: ServerProcess, sender: Account) -> None:
    first = shared_server.register("Leaver")
    task = assign(sender, "Leaver")
    sender.post("/agora/messaging/send", {"to_agent": "Leaver", "content": "unread"})
    sender.post("/agora/messaging/send", {"to_agent": ["Leaver", "Sender"], "content": "both"})
    change = {"resource": "agent", "target": first.agent_id, "action": "hand_over", "value": "Sender"}
    operator = shared_server.operator
    assert operator.post("/agora/admin/manage", change, 409)["code"] == "illegal_transition"
    first.call("DELETE", f"/agents/{first.agent_id}")
    second = shared_server.register("Leaver")
    change["value"] = "Leaver"
    done = operator.post("/agora/admin/manage", change)
    assert done["after"] == {"agent_id": second.agent_id, "tasks": 1, "messages": 2}
    assert [found["task_id"] for found in second.post("/agora/task/claim")["tasks"]] == [task]
    received = second.get("/agora/messaging/receive")["messages"]
    assert [message["content"] for message in received] == ["unread", "both"]
    assert operator.post("/agora/admin/manage", change)["after"]["tasks"] == 0


def test_work_waiting_under_two_names_does_not_block_registration(
    shared_server: ServerProcess, sender: Account
) -> None:
    names = ["Twice", "agent.twofold.Twice"]
    sender.post("/agora/messaging/send", {"to_agent": names, "content": "once is enough"})
    agent = shared_server.register("Twice", alias="agent.twofold.Twice")
    received = agent.get("/agora/messaging/receive")["messages"]
    assert [message["content"] for message in received] == ["once is enough"]
