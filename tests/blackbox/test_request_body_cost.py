"""The cost of a request body is bounded by its number of values, not only by its bytes; errors are capped during
validation."""

from __future__ import annotations

import json

import pytest

from tests.blackbox.server import ServerProcess

SEND = "/agora/messaging/send"


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ('{"to_agent": "BodyCost", "content": "x", ' + ", ".join(f'"k{n}": 0' for n in range(60_000)) + "}", 413),
        ('{"to_agent": "BodyCost", "content": "x", "metadata": {"a": [' + ",".join(["[]"] * 340_000) + "]}}", 413),
        ('{"to_agent": "BodyCost", "content": "x", ' + ", ".join(f'"k{n}": 0' for n in range(20_000)) + "}", 422),
        (json.dumps({"to_agent": "BodyCost", "content": "x" + "[,]{:}" * 100_000}), 200),
        (json.dumps({"to_agent": "BodyCost", "content": "x" + '\\",[' * 50_000}), 200),
        (json.dumps({"to_agent": "BodyCost", "content": "x", "metadata": {"a": list(range(50_000))}}), 200),
    ],
    ids=["unknown keys", "empty lists", "fewer unknown keys", "a text", "a text with quotes", "numbers"],
)
def test_body_is_bounded_by_its_number_of_values(shared_server: ServerProcess, body: str, status: int) -> None:
    agent = shared_server.account(shared_server.operator.token)
    if not agent.get("/agora/agent/list", params={"limit": 500})["agents"]:
        shared_server.register("BodyCost")
    answer = agent.http.post(SEND, content=body, headers={"Content-Type": "application/json"})
    assert answer.status_code == status, answer.text[:500]
    if status >= 400:
        problem = answer.json()
        assert len(problem["errors"]) <= 20
        assert len(answer.content) < 10_000


def test_errors_of_many_steps_name_the_first(shared_server: ServerProcess) -> None:
    """Errors inside lists are capped too; the first ones are named."""
    steps = [{"name": f"s{n}", "retries": -1, "nothing": 1} for n in range(500)]
    answer = shared_server.operator.http.post("/agora/workflow/create", json={"workflow_name": "w", "steps": steps})
    assert answer.status_code == 422
    errors = answer.json()["errors"]
    assert len(errors) <= 20
    assert errors[0]["field"].startswith("steps.0.")
