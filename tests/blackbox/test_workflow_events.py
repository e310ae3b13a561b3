"""Events of a workflow reach the agents assigned to it, by whatever name they are assigned."""

from __future__ import annotations

from itertools import count
from typing import Any

import pytest

from tests.blackbox.server import Account, ServerProcess

_numbers = count(1)


def workflow_events(account: Account, workflow_id: str) -> list[str]:
    page = account.get("/agora/event/list", params={"types": "agora.workflow.*", "limit": 500})
    return [event["type"] for event in page["events"] if event["subject"] == workflow_id]


def create(owner: Account, **body: Any) -> str:
    body.setdefault("workflow_name", "data_pipeline")
    workflow_id: str = owner.post("/agora/workflow/create", body)["workflow_id"]
    return workflow_id


def run_step(agent: Account) -> None:
    (task,) = agent.post("/agora/task/claim")["tasks"]
    agent.post("/agora/task/complete", {"task_id": task["task_id"], "fencing_token": task["fencing_token"]})


@pytest.mark.parametrize("naming", ["name", "id", "alias", "dotted"])
def test_agents_assigned_by_any_name_receive_workflow_events(shared_server: ServerProcess, naming: str) -> None:
    number = next(_numbers)
    owner = shared_server.register(f"Owner{number}")
    agents = [
        shared_server.register(f"{role}{number}", alias=f"agent.pipeline.{role.lower()}{number}")
        for role in ("DataExtractor", "DataTransformer", "DataLoader")
    ]
    stranger = shared_server.register(f"Stranger{number}")
    spellings = {
        "name": lambda agent: agent.name,
        "id": lambda agent: agent.agent_id,
        "alias": lambda agent: f"agent.pipeline.{agent.name.lower()}",
        "dotted": lambda agent: f"agent.default.{agent.name}",
    }
    names = [spellings[naming](agent) for agent in agents]
    steps = [{"name": name, "agent": ref} for name, ref in zip(("extract", "transform", "load"), names, strict=True)]
    workflow_id = create(owner, steps=steps, assigned_agents=names)
    for agent in agents:
        run_step(agent)
    wanted = workflow_events(owner, workflow_id)
    assert wanted[0] == "agora.workflow.created"
    assert "agora.workflow.completed" in wanted
    for agent in agents:
        assert workflow_events(agent, workflow_id) == wanted
        status = agent.get("/agora/workflow/status", params={"workflow_id": workflow_id})
        assert status["status"] == "completed"
        listed = agent.get("/agora/workflow/list")["workflows"]
        assert [workflow["workflow_id"] for workflow in listed] == [workflow_id]
    assert workflow_events(stranger, workflow_id) == []
    assert stranger.get("/agora/workflow/list")["workflows"] == []
    stranger.get("/agora/workflow/status", expect=404, params={"workflow_id": workflow_id})


def test_agent_named_only_in_a_step_receives_workflow_events(shared_server: ServerProcess) -> None:
    number = next(_numbers)
    owner, first, second = [shared_server.register(f"{name}{number}") for name in ("Owner", "First", "Second")]
    steps = [{"name": "one", "agent": first.name}, {"name": "two", "agent": second.name, "depends_on": ["one"]}]
    workflow_id = create(owner, steps=steps)
    status = second.get("/agora/workflow/status", params={"workflow_id": workflow_id})
    assert status["status"] == "running", "its step has not begun"
    run_step(first)
    run_step(second)
    for agent in (first, second):
        assert workflow_events(agent, workflow_id) == workflow_events(owner, workflow_id)


def test_agent_registered_later_receives_later_events(shared_server: ServerProcess) -> None:
    number = next(_numbers)
    owner = shared_server.register(f"Owner{number}")
    steps = [{"name": "one", "agent": f"Late{number}"}]
    workflow_id = create(owner, steps=steps, assigned_agents=[f"Late{number}"])
    late = shared_server.register(f"Late{number}")
    run_step(late)
    seen = workflow_events(late, workflow_id)
    assert "agora.workflow.completed" in seen
    assert seen == workflow_events(owner, workflow_id)[-len(seen) :]


def test_events_of_tasks_and_messages_reach_agents_by_name(shared_server: ServerProcess) -> None:
    number = next(_numbers)
    owner, doer = shared_server.register(f"Owner{number}"), shared_server.register(f"Doer{number}")
    waiting = owner.post("/agora/task/assign", {"task_type": "t", "assignee": f"Later{number}"})["task_id"]
    task_id = owner.post("/agora/task/assign", {"task_type": "t", "assignee": doer.name})["task_id"]
    owner.post("/agora/messaging/send", {"to_agent": doer.name, "content": "hello"})
    owner.post("/agora/messaging/send", {"to_agent": f"Later{number}", "content": "hello"})
    document = {"type": "inform", "to": [doer.name], "intent": "news", "payload": {}}
    owner.post("/agora/conversation/send", {"message": document})
    owner.post("/agora/event/publish", {"event_type": "progress", "data": {}, "to": [doer.name]})
    later = shared_server.register(f"Later{number}")

    def types(account: Account) -> list[str]:
        page = account.get("/agora/event/list", params={"agent": account.name, "limit": 500})
        return [event["type"] for event in page["events"]]

    assert {"agora.task.assigned", "agora.message.received", "progress"} <= set(types(doer))
    assert types(doer).count("agora.message.received") == 2
    assert {"agora.task.assigned", "agora.message.received"} <= set(types(later))
    for account, own in ((doer, task_id), (later, waiting)):
        page = account.get("/agora/event/list", params={"types": "agora.task.*", "limit": 500})
        assert own in {event["subject"] for event in page["events"]}
