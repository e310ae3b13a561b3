"""Assignees whose name can also be read as a worker's."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable

from tests.blackbox.server import ServerProcess


def test_agent_named_like_a_worker_gets_its_tasks(start_server: Callable[..., ServerProcess]) -> None:
    """Such a name may predate the meaning: its agent keeps it, and other workers are still resolved."""
    server = start_server()
    agent, other = server.register("Renamed"), server.register("Other")
    server.stop()
    (file,) = server.directory.glob("*.db")
    with sqlite3.connect(file) as connection:
        connection.execute("update agents set agent_name = 'worker:x' where agent_id = ?", (agent.agent_id,))
    connection.close()
    server.start()
    operator = server.operator
    worker = other.post("/agora/worker/register", {"worker_name": "x"})["worker_id"]

    given = operator.post("/agora/task/assign", {"task_type": "t", "assignee": "worker:x"})
    assert given["assigned_agent"] == agent.agent_id
    (task,) = agent.post("/agora/task/claim")["tasks"]
    assert task["task_id"] == given["task_id"]
    steps = [{"name": "one", "agent": "worker:x"}]
    operator.post("/agora/workflow/create", {"workflow_name": "w", "steps": steps})
    assert len(agent.post("/agora/task/claim")["tasks"]) == 1

    operator.post("/agora/task/assign", {"task_type": "t", "assignee": f"worker:{worker}"})
    assert len(other.post("/agora/task/claim", {"worker": worker})["tasks"]) == 1
    problem = operator.post("/agora/task/assign", {"task_type": "t", "assignee": "worker:unknown"}, expect=404)
    assert problem["errors"][0]["field"] == "assignee"
