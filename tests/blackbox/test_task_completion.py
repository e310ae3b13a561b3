"""Completion of tasks: a repeated call changes nothing, a different one is refused, and only the assignee starts a
task."""

from __future__ import annotations

import json
from itertools import count
from typing import Any

import pytest
from websockets.sync.client import connect

from tests.blackbox.server import Account, ServerProcess

_numbers = count(1)


@pytest.fixture
def giver(shared_server: ServerProcess) -> Account:
    return shared_server.register(f"Giver{next(_numbers)}")


@pytest.fixture
def doer(shared_server: ServerProcess) -> Account:
    return shared_server.register(f"Doer{next(_numbers)}")


def assign(giver: Account, assignee: Account | None, **options: Any) -> str:
    body = {"task_type": "sum", "payload": {"n": 1}} | options
    if assignee is not None:
        body["assignee"] = assignee.name
    task_id: str = giver.post("/agora/task/assign", body)["task_id"]
    return task_id


def task_of(account: Account, task_id: str) -> dict[str, Any]:
    found: dict[str, Any] = account.get("/agora/task/get", params={"task_id": task_id})
    return found


def history_length(account: Account, task_id: str) -> int:
    return len(account.get("/agora/task/history", params={"task_id": task_id})["entries"])


def refused(account: Account, path: str, **body: Any) -> dict[str, Any]:
    problem: dict[str, Any] = account.post(path, body, expect=409)
    assert problem["status"] == 409
    return problem


@pytest.mark.parametrize("with_claim", [False, True])
def test_second_different_completion_is_refused(giver: Account, doer: Account, with_claim: bool) -> None:
    task_id = assign(giver, doer)
    token = doer.post("/agora/task/claim")["tasks"][0]["fencing_token"] if with_claim else None
    own = {"task_id": task_id} | ({"fencing_token": token} if with_claim else {})
    ending = {"result": {"sum": 3, "of": [1, 2]}, "notes": "added"}
    doer.post("/agora/task/complete", own | ending)
    entries = history_length(giver, task_id)
    equal = own | {"result": {"of": [1, 2], "sum": 3}, "notes": "added"}
    assert doer.post("/agora/task/complete", equal)["status"] == "completed"
    for different in ({"result": {"sum": 4}}, {"result": None}, ending | {"notes": "guessed"}, {"result": True}):
        problem = refused(doer, "/agora/task/complete", **own, **different)
        assert problem["code"] == "conflict"
        assert problem["errors"][0]["field"] in ("result", "notes")
        assert problem["task_status"] == "completed"
    for different in ({"result": {"sum": 4}}, {"notes": "guessed"}, {"milestone": "late"}):
        refused(doer, "/agora/task/update", **own, status="completed", **different)
    assert doer.post("/agora/task/update", own | {"status": "completed", "progress": 100})["status"] == "completed"
    task = task_of(giver, task_id)
    assert (task["result"], task["notes"]) == (ending["result"], "added")
    assert history_length(giver, task_id) == entries, "nothing was added"


def test_completion_without_a_result_is_not_replaced_by_one_with_a_result(giver: Account, doer: Account) -> None:
    task_id = assign(giver, doer)
    doer.post("/agora/task/complete", {"task_id": task_id})
    refused(doer, "/agora/task/complete", task_id=task_id, result=0)
    assert task_of(giver, task_id)["result"] is None


def test_different_outcome_after_the_end_is_refused(giver: Account, doer: Account) -> None:
    completed, failed, cancelled, rejected = [assign(giver, doer, max_attempts=1) for _ in range(4)]
    doer.post("/agora/task/complete", {"task_id": completed, "result": 1})
    doer.post("/agora/task/fail", {"task_id": failed, "error": "no data"})
    giver.post("/agora/task/cancel", {"task_id": cancelled, "reason": "not needed"})
    doer.post("/agora/task/update", {"task_id": rejected, "status": "rejected", "notes": "not mine"})

    assert doer.post("/agora/task/fail", {"task_id": failed, "error": "no data"})["status"] == "failed"
    assert giver.post("/agora/task/cancel", {"task_id": cancelled})["status"] == "cancelled"
    repeated = {"task_id": rejected, "status": "rejected", "notes": "not mine"}
    assert doer.post("/agora/task/update", repeated)["status"] == "rejected"

    refused(doer, "/agora/task/fail", task_id=failed, error="another reason")
    refused(doer, "/agora/task/update", task_id=failed, status="failed", notes="another reason")
    refused(doer, "/agora/task/update", task_id=rejected, status="rejected", notes="too hard")
    for ended in (completed, cancelled, rejected):
        refused(doer, "/agora/task/fail", task_id=ended, error="late")
    for ended in (failed, cancelled, rejected):
        refused(doer, "/agora/task/complete", task_id=ended, result=1)
    for ended in (completed, failed, rejected):
        refused(giver, "/agora/task/cancel", task_id=ended)
    for ended in (completed, failed, cancelled, rejected):
        refused(doer, "/agora/task/append", task_id=ended, content="late")
        refused(doer, "/agora/task/artifact", task_id=ended, text="late")
        refused(doer, "/agora/task/update", task_id=ended, progress=100, milestone="late")
        refused(giver, "/agora/task/reassign", task_id=ended, assignee=doer.name)
    statuses = [task_of(giver, task_id)["status"] for task_id in (completed, failed, cancelled, rejected)]
    assert statuses == ["completed", "failed", "cancelled", "rejected"]


def test_renewal_after_the_end_is_refused(giver: Account, doer: Account) -> None:
    task_id = assign(giver, doer)
    token = doer.post("/agora/task/claim")["tasks"][0]["fencing_token"]
    doer.post("/agora/task/complete", {"task_id": task_id, "result": 1, "fencing_token": token})
    refused(doer, "/agora/task/renew", task_id=task_id, fencing_token=token, checkpoint={"at": 1})
    refused(doer, "/agora/task/release", task_id=task_id, fencing_token=token)
    assert task_of(giver, task_id)["checkpoint"] is None


@pytest.mark.parametrize("to_anyone", [False, True])
def test_output_of_an_operator_does_not_start_a_pending_task(
    shared_server: ServerProcess, giver: Account, doer: Account, to_anyone: bool
) -> None:
    kind = f"kind{next(_numbers)}"
    task_id = assign(giver, None if to_anyone else doer, task_type=kind)
    operator = shared_server.operator
    for path, body in (
        ("append", {"content": "by the operator"}),
        ("artifact", {"text": "by the operator"}),
        ("update", {"progress": 10}),
        ("update", {"milestone": "half"}),
    ):
        problem = refused(operator, f"/agora/task/{path}", task_id=task_id, **body)
        assert problem["code"] == "illegal_transition"
        assert "in_progress" in problem["allowed"]
    task = task_of(operator, task_id)
    assert (task["status"], task["attempts"], task["output_size"]) == ("pending", 0, 0)
    operator.post("/agora/task/comment", {"task_id": task_id, "text": "still waiting"})
    operator.post("/agora/task/update", {"task_id": task_id, "notes": "still waiting"})
    assert task_of(operator, task_id)["status"] == "pending"
    claimed = doer.post("/agora/task/claim", {"task_types": [kind]})["tasks"]
    assert [task["task_id"] for task in claimed] == [task_id], "it can still be claimed"


def test_output_of_the_assignee_starts_its_task(giver: Account, doer: Account) -> None:
    task_id = assign(giver, doer)
    doer.post("/agora/task/append", {"task_id": task_id, "content": "begun"})
    assert task_of(giver, task_id)["status"] == "in_progress"


def test_stale_lease_has_the_same_error_status_on_every_protocol(shared_server: ServerProcess, giver: Account) -> None:
    """The error includes the status of the task, which differs from the status of the response."""
    doer = shared_server.register(f"Doer{next(_numbers)}")
    task_id = assign(giver, doer)
    token = doer.post("/agora/task/claim")["tasks"][0]["fencing_token"]
    giver.post("/agora/task/cancel", {"task_id": task_id})
    call = {"task_id": task_id, "fencing_token": token}

    problem = doer.post("/agora/task/renew", call, expect=409)
    assert (problem["status"], problem["task_status"], problem["code"]) == (409, "cancelled", "stale_lease")
    assert problem["type"] == "urn:agora:error:stale_lease"

    headers = {"Authorization": f"Bearer {doer.token}"}
    with connect(doer.url.replace("http", "ws", 1) + "/ws", additional_headers=headers) as socket:
        socket.send(json.dumps({"id": 1, "operation": "agora.task.renew", "arguments": call}))
        while (frame := json.loads(socket.recv(timeout=60))).get("id") != 1:
            continue
    error = frame["error"]
    assert (error["status"], error["task_status"]) == (409, "cancelled")

    meta = {
        "io.modelcontextprotocol/protocolVersion": "2026-07-28",
        "io.modelcontextprotocol/clientInfo": {"name": "test", "version": "1"},
        "io.modelcontextprotocol/clientCapabilities": {},
    }
    answer = doer.post(
        "/mcp",
        {
            "jsonrpc": "2.0",
            "id": 1,
            "method": "tools/call",
            "params": {"name": "agora.task.renew", "arguments": call, "_meta": meta},
        },
        headers={
            "accept": "application/json, text/event-stream",
            "mcp-protocol-version": "2026-07-28",
            "mcp-method": "tools/call",
            "mcp-name": "agora.task.renew",
        },
    )
    error = answer["result"]["_meta"]["agora/problem"]
    assert (error["status"], error["task_status"]) == (409, "cancelled")

    document = {"type": "request", "to": [], "intent": "agora.task.renew", "payload": call}
    failure = doer.post("/agent/message", document, expect=409)
    assert failure["payload"]["details"]["task_status"] == "cancelled"


def test_approval_is_decided_once(shared_server: ServerProcess) -> None:
    operator = shared_server.operator
    steps = [{"name": "check", "approval": True}, {"name": "wait", "approval": True, "depends_on": ["check"]}]
    body = {"workflow_name": f"release{next(_numbers)}", "steps": steps}
    workflow_id = operator.post("/agora/workflow/create", body)["workflow_id"]
    decide = {"workflow_id": workflow_id, "step": "check"}
    receipt = operator.post("/agora/workflow/approve", decide | {"approved": True, "comment": "fine"})
    assert operator.post("/agora/workflow/approve", decide | {"approved": True, "comment": "fine"}) == receipt
    refused(operator, "/agora/workflow/approve", **decide, approved=False, comment="not fine")
    refused(operator, "/agora/workflow/approve", **decide, approved=True, comment="very fine")
    status = operator.get("/agora/workflow/status", params={"workflow_id": workflow_id})
    assert next(step["status"] for step in status["steps"] if step["name"] == "check") == "completed"


@pytest.mark.parametrize("approved", [True, False])
def test_decision_that_ends_a_workflow_can_be_repeated(shared_server: ServerProcess, approved: bool) -> None:
    operator = shared_server.operator
    body = {"workflow_name": f"release{next(_numbers)}", "steps": [{"name": "check", "approval": True}]}
    decide = {"workflow_id": operator.post("/agora/workflow/create", body)["workflow_id"], "approved": approved}
    receipt = operator.post("/agora/workflow/approve", decide)
    assert receipt["status"] == ("completed" if approved else "failed")
    for again in (decide, decide | {"step": "check"}):
        assert operator.post("/agora/workflow/approve", again) == receipt
    refused(operator, "/agora/workflow/approve", **decide | {"approved": not approved})
    refused(operator, "/agora/workflow/approve", **decide | {"comment": "on second thought"})
    somebody = operator.post(
        "/tokens", {"label": f"boss{next(_numbers)}", "scopes": ["admin", "act:any", "read:all", "write:workflows"]}
    )
    other = shared_server.account(somebody["token"])
    refused(other, "/agora/workflow/approve", **decide)  # the second decision has no effect


def test_decision_without_a_step_applies_to_the_waiting_approval(shared_server: ServerProcess) -> None:
    """The same decision on the next approval does not repeat the first one."""
    operator = shared_server.operator
    steps = [{"name": "check", "approval": True}, {"name": "ship", "approval": True, "depends_on": ["check"]}]
    body = {"workflow_name": f"release{next(_numbers)}", "steps": steps}
    decide = {"workflow_id": operator.post("/agora/workflow/create", body)["workflow_id"]}
    decided = [operator.post("/agora/workflow/approve", decide) for _ in steps]
    assert [(each["step"], each["status"]) for each in decided] == [
        ("check", "waiting_approval"),
        ("ship", "completed"),
    ]
