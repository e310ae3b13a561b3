"""Hostile input about workflows: refused with all errors, or bounded in time and size."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import httpx
import pytest

from tests.unit.domains.tasks.hostile_caller import HUGE, NOBODY, Place, a_stranger, nested, refused

NOWHERE = "wf_" + "0" * 32
CREATE, MODIFY = "/agora/workflow/create", "/agora/workflow/modify"
BIG = "x" * 900_000
Steps = list[Any]


async def _create(place: Place, steps: Any, **more: Any) -> httpx.Response:
    return await place.post(CREATE, {"workflow_name": "hostile", "steps": steps} | more)


async def _status(place: Place, answer: httpx.Response) -> dict[str, Any]:
    assert answer.status_code == 200, answer.text[:500]
    query = {"workflow_id": answer.json()["workflow_id"]}
    found: dict[str, Any] = (await place.client.get("/agora/workflow/status", params=query)).json()
    return found


def _inside(step: Any, levels: int, **more: Any) -> Any:
    for _ in range(levels):
        step = {"name": "x", "workflow": [step]} | more
    return step


def _spread(step: dict[str, Any], levels: int, parts: int) -> dict[str, Any]:
    """Build a for_each inside a for_each."""
    each = {"for_each": list(range(parts)), "max_parallel": 1000}
    return _inside(step | each, levels - 1, **each)  # type: ignore[no-any-return]


def _tree(width: int, levels: int) -> Steps:
    return [{"name": f"x{n}"} | ({"workflow": _tree(width, levels - 1)} if levels > 1 else {}) for n in range(width)]


# -- steps -----------------------------------------------------------------------------------------


pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest.mark.parametrize(
    ("steps", "field"),
    [
        ([], "steps"),
        ("a", "steps"),
        ([7], "steps.0"),
        ([["a", "b", "c"]], "steps.0"),
        ([{}], "steps.0.name"),
        ([{"name": "../x"}], "steps.0.name"),
        ([{"name": "x" * 65}], "steps.0.name"),
        ([{"name": "x", "colour": "red"}], "steps.0.colour"),
        ([{"name": "x", "retries": 100}], "steps.0.retries"),
        ([{"name": "x", "retries": HUGE}], "steps.0.retries"),
        ([{"name": "x", "timeout": -1}], "steps.0.timeout"),
        ([{"name": "x", "max_parallel": 0, "for_each": [1]}], "steps.0.max_parallel"),
        ([{"name": "x", "max_parallel": 3}], "steps.0"),
        ([{"name": "x", "approval": True, "agent": "Doer"}], "steps.0"),
        ([{"name": "x", "workflow": ["y"], "agent": "Doer"}], "steps.0"),
        ([{"name": "x", "workflow": []}], "steps.0.workflow"),
        ([{"name": "x", "payload": {"a": nested(101)}}], "steps.0.payload"),
        ([{"name": "x", "capability": ["c"] * 21}], "steps.0.capability"),
        ([{"name": "x", "metadata": {str(n): n for n in range(101)}}], "steps.0.metadata"),
        ([{"name": "x", "depends_on": ["a"] * 101}], "steps.0.depends_on"),
        ([{"name": "x", "agent": NOBODY}], "steps[0].agent"),
        ([{"name": "x", "depends_on": ["elsewhere"]}], "steps[0].depends_on"),
        ([{"name": "x", "depends_on": ["x"]}], "steps[0].depends_on"),
        ([{"name": "x", "on_failure": "compensate", "compensate": "x"}], "steps[0].compensate"),
        ([{"name": "x", "on_failure": "compensate", "compensate": "y"}], "steps[0].compensate"),
        ([{"name": "x", "on_failure": "compensate"}], "steps.0"),
        ([{"name": "x", "for_each": [0] * 1001}], "steps[0].for_each"),
        ([{"name": "x", "payload": {str(n): "${input.a}" for n in range(1001)}}], "steps[0].payload"),
        ([{"name": f"x{n}", "payload": {str(m): "${" for m in range(20)}} for n in range(500)], "steps[0].payload"),
        ([f"x{n}" for n in range(501)], "steps"),
        (["x"] * 500, "steps[1].name"),
        ([{"name": f"x{n}", "depends_on": [f"x{(n + 1) % 500}"]} for n in range(500)], "steps[0].depends_on"),
        (
            [{"name": f"x{n}", "depends_on": [f"x{(n + m) % 500}" for m in range(1, 100)]} for n in range(500)],
            "steps[0].depends_on",
        ),
        ([{"name": f"x{n}", "depends_on": [f"z{m}" for m in range(100)]} for n in range(300)], "steps[0].depends_on"),
        ([{"name": f"x{n}", "agent": NOBODY} for n in range(500)], "steps[0].agent"),
        ([_inside("x", 20)], "steps[0].workflow[0].workflow[0]"),
        (_tree(3, 6), "steps"),
    ],
    ids=lambda value: json.dumps(value)[:40],
)
async def test_invalid_steps_are_refused(place: Place, unchanged: Callable[[], None], steps: Any, field: str) -> None:
    refused(await _create(place, steps), field=field)
    unchanged()


async def test_steps_too_deep_for_json_are_refused(place: Place) -> None:
    steps = '{"name":"x","workflow":[' * 3000 + '"y"' + "]}" * 3000
    refused(await place.post(CREATE, f'{{"workflow_name":"w","steps":[{steps}]}}'), 400, 422)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("workflow_name", ""),
        ("workflow_name", "x" * 300),
        ("assigned_agents", ["Doer"] * 501),
        ("assigned_agents", [NOBODY]),
        ("assigned_agents", "a/b"),
        ("metadata", {str(n): n for n in range(101)}),
        ("input", []),
        ("input", {"a": nested(101)}),
        ("priority", "asap"),
        ("colour", "red"),
    ],
    ids=lambda value: repr(value)[:30],
)
async def test_invalid_workflow_is_refused(place: Place, field: str, value: Any) -> None:
    refused(await place.post(CREATE, {"workflow_name": "w", "steps": ["a"], field: value}), field=field)


# -- expressions -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "expression",
    [
        "(" * 400 + "true" + ")" * 400,
        "[" * 400 + "]" * 400,
        "x" * 1001,
        "''' ",
        '"',
        "9" * 900 + " > 1",
        "1e999 > 1.0",
        "${input.a",
        "${${input.a}}",
        "x\u0001",
        "steps.elsewhere.result",
        "true || steps.elsewhere.status == 'completed'",
        "steps.x.result",  # the condition's own
        "item == 1",
        "workflow.secrets",
        "nothing == 1",
        "evil(1)",
        "input.t.matches(input.t)",
        "input.t.matches('(((x{1,50}){1,50}){1,50})')",
        "input.a.all(x, input.a.all(y, input.a.all(z, true)))",
    ],
    ids=lambda text: text[:30],
)
async def test_invalid_expression_is_refused(place: Place, expression: str) -> None:
    problem = refused(await _create(place, [{"name": "x", "when": expression}]))
    assert "when" in problem["errors"][0]["field"]


@pytest.mark.parametrize(
    "expression",
    [
        "1" + "+1" * 490 + " > 0",
        "!" * 900 + "true",
        "-" * 900 + "1 > 0",
        "true ? true : " * 60 + "true",
        "input.a.all(x, input.a.all(y, x + y > -1))",
        "input.a.map(x, input.a).size() > 0",
        "input.a.map(x, input.t).size() > 0",
        "input.t.matches('(a+)+$')",
        "input.t.matches('(x+x+)+y')",
        "input.t + input.t + input.t + input.t == ''",
        "string(input.a).size() > 1",
        "1 / 0 > 0",
        "int('9223372036854775807') + 1 > 0",
        "timestamp('x') > timestamp('y')",
        "duration('999999999999999999h') > duration('1s')",
        "input.__class__",
        "steps[input.a].status == 'completed'",
        "dyn(input)",
    ],
    ids=lambda text: text[:30],
)
async def test_expensive_expression_fails_at_most_its_step(place: Place, expression: str) -> None:
    steps = [{"name": "x", "when": expression}]
    found = await _status(place, await _create(place, steps, input={"a": list(range(1000)), "t": "x" * 100_000}))
    assert found["steps"][0]["status"] in ("ready", "skipped", "failed", "running")
    if found["status"] == "failed":
        assert found["steps"][0]["error"]


# -- much work from one request -----------------------------------------------------------------------


@pytest.mark.parametrize(
    "steps",
    [
        [{"name": f"x{n}", "when": "false"} for n in range(500)],
        [
            {"name": f"x{n}", "when": "false", "depends_on": [f"x{m}" for m in range(max(0, n - 100), n)]}
            for n in range(500)
        ],
        [
            {"name": f"{side}{n}", "when": "false", "depends_on": [f"a{n - 1}", f"b{n - 1}"] if n else []}
            for n in range(250)
            for side in "ab"
        ],
        [{"name": f"x{n}", "depends_on": [], "capability": "c"} for n in range(500)],
        [{"name": f"x{n}", "on_failure": "continue", "when": "input.a.all(x, x > -1) && false"} for n in range(500)],
        [{"name": f"x{n}", "depends_on": [], "when": "input.a.all(x, input.a.all(y, x > -1))"} for n in range(500)],
        [{"name": "x", "for_each": list(range(1000)), "max_parallel": 1000}],
        [_spread({"name": "x"}, 6, 1000)],
        [_spread({"name": "x", "when": "false"}, 4, 8)],
        [_spread({"name": "x", "when": "false"}, 5, 10)],
        [
            {
                "name": "x",
                "for_each": list(range(1000)),
                "max_parallel": 1000,
                "workflow": [{"name": "y", "when": "false"}],
            }
        ],
        [
            {
                "name": "x",
                "for_each": list(range(1000)),
                "max_parallel": 1000,
                "workflow": [{"name": "y", "when": "input.item >= 0 && [1, 2, 3].map(x, x * x).size() == 9"}],
            }
        ],
        [
            {
                "name": "x",
                "for_each": list(range(50)),
                "max_parallel": 50,
                "workflow": [{"name": f"y{n}", "depends_on": []} for n in range(99)],
            }
        ],
        [{"name": "x", "for_each": "input.a.map(i, input.a)"}],
        [{"name": "x", "for_each": list(range(1000)), "payload": {"a": "${input.big}"}, "max_parallel": 1000}],
        [{"name": "x", "for_each": list(range(1000)), "payload": {"a": "${input.big}"}, "workflow": ["y"]}],
        [{"name": f"x{n}", "depends_on": [], "payload": {"a": "${input.big}"}} for n in range(500)],
        [{"name": f"x{n}", "on_failure": "continue", "payload": {"a": "${input.big}"}} for n in range(500)],
        [{"name": "x", "payload": {str(n): "${input.big}" for n in range(1000)}}],
        [{"name": "x", "payload": {"a": "${input.big}" * 1000}}],
    ],
    ids=lambda steps: f"{len(steps)} {json.dumps(steps)[:50]}",
)
@pytest.mark.long
async def test_work_started_by_one_request_is_bounded(place: Place, steps: Steps) -> None:
    before = await _waiting(place)
    answer = await _create(place, steps, input={"a": list(range(1000)), "big": "x" * 600_000})
    assert answer.status_code == 200, answer.text[:500]
    assert await _waiting(place) - before <= 1000 + 10


async def _waiting(place: Place) -> int:
    return int((await place.client.get("/agora/task/statistics")).json()["waiting"])


async def test_large_payload_is_not_stored_a_thousand_times(place: Place) -> None:
    steps = [{"name": "huge", "for_each": list(range(1000)), "max_parallel": 1000, "payload": {"a": BIG}}]
    found = await _status(place, await _create(place, steps))
    assert found["status"] == "failed"
    assert "max_parallel" in found["error"]
    listed = (await place.client.get("/agora/task/list", params={"task_type": "huge", "status": "pending"})).json()
    assert listed["tasks"] == []


async def test_nested_parts_are_counted(place: Place) -> None:
    found = await _status(place, await _create(place, [_spread({"name": "x", "when": "false"}, 5, 10)]))
    assert found["status"] == "failed"
    assert "at most 5000" in found["error"]


# -- modifying -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("change", "statuses"),
    [
        ({"action": "explode"}, (422,)),
        ({"action": ["pause"]}, (422,)),
        ({"action": "add"}, (422,)),
        ({"action": "add", "definition": "b"}, (422,)),
        ({"action": "add", "definition": {"name": "z", "depends_on": ["b"]}}, (409, 422)),
        ({"action": "add", "definition": {"name": "z", "agent": NOBODY}}, (422,)),
        ({"action": "add", "definition": {"name": "z", "payload": {"a": "${steps.elsewhere.result}"}}}, (422,)),
        ({"action": "add", "definition": {"name": "z", "when": "("}}, (422,)),
        ({"action": "add", "definition": {"name": "z", "workflow": _tree(3, 6)}}, (422,)),
        ({"action": "add", "definition": "z", "before": ["elsewhere"]}, (422,)),
        ({"action": "add", "definition": "z", "before": ["a"]}, (409,)),
        ({"action": "add", "definition": "z", "before": ["b"] * 501}, (422,)),
        ({"action": "reorder"}, (422,)),
        ({"action": "reorder", "order": ["c", "b", "b"]}, (422,)),
        ({"action": "reorder", "order": ["a", "b", "c"]}, (409,)),
        ({"action": "skip"}, (422,)),
        ({"action": "skip", "step": "elsewhere"}, (404,)),
        ({"action": "skip", "step": "../x"}, (422,)),
        ({"action": "reassign", "step": "b"}, (422,)),
        ({"action": "reassign", "step": "b", "agent": NOBODY}, (422,)),
        ({"action": "reassign", "step": "b", "agent": "Doer", "capability": ["c"]}, (422,)),
        ({"action": "reassign", "step": "a", "capability": ["c"] * 21}, (422,)),
        ({"action": "resume"}, (409,)),
        ({"action": "pause", "reason": "x" * 4001}, (422,)),
    ],
    ids=lambda value: json.dumps(value)[:60],
)
async def test_invalid_change_changes_nothing(
    place: Place, unchanged: Callable[[], None], change: dict[str, Any], statuses: tuple[int, ...]
) -> None:
    refused(await place.post(MODIFY, {"workflow_id": place.workflow_id} | change), *statuses)
    unchanged()


async def test_size_of_a_workflow_is_bounded(place: Place) -> None:
    made = await _create(place, [f"x{n}" for n in range(500)])
    change = {"workflow_id": made.json()["workflow_id"], "action": "add", "definition": "one_more"}
    assert "at most 500" in refused(await place.post(MODIFY, change))["detail"]


@pytest.mark.parametrize("operation", ["status", "timeline", "diagram", "modify", "approve", "cancel"])
async def test_workflows_of_others_are_unknown(place: Place, operation: str) -> None:
    _, stranger = await a_stranger(place.client)
    for workflow_id, statuses in ((place.workflow_id, (404,)), (NOWHERE, (404,)), ("wf_1", (422,)), (7, (422,))):
        body = {"workflow_id": workflow_id} | ({"action": "pause"} if operation == "modify" else {})
        if operation in ("status", "timeline", "diagram"):
            path = f"/agora/workflow/{operation}"
            answer = await place.client.get(path, params=body, headers=stranger)
        else:
            answer = await place.post(f"/agora/workflow/{operation}", body, stranger)
        refused(answer, *statuses)


async def test_agent_cannot_approve(place: Place) -> None:
    made = await _create(place, [{"name": "ask", "approval": True}])
    body = {"workflow_id": made.json()["workflow_id"], "step": "ask"}
    refused(await place.post("/agora/workflow/approve", body), 403)
    refused(await place.post("/agora/workflow/approve", body | {"approved": "perhaps"}, {}))
    refused(await place.post("/agora/workflow/approve", body | {"step": "elsewhere"}, {}), 404)
    assert (await place.post("/agora/workflow/approve", body, {})).status_code == 200
    refused(await place.post("/agora/workflow/approve", body | {"approved": False}, {}), 409)


async def test_tasks_of_a_workflow_are_protected_from_strangers(place: Place) -> None:
    """A step is claimed only by an eligible agent; no other caller ends it, and neither does its requester."""
    made = await _create(place, [{"name": "only", "agent": "Doer"}])
    task_id = (await _status(place, made))["steps"][0]["task_id"]
    name, stranger = await a_stranger(place.client, "c")
    for operation, more in (("complete", {}), ("cancel", {}), ("reassign", {"assignee": name})):
        refused(await place.post(f"/agora/task/{operation}", {"task_id": task_id} | more, stranger), 404)
    refused(await place.post("/agora/task/complete", {"task_id": task_id}), 403)


@pytest.mark.parametrize(
    "query", ["status=none", "limit=501", "offset=-1", f"offset={HUGE}", "since=0001-01-01T00:00:00%2B23:59"]
)
async def test_invalid_list_parameters_are_refused(client: httpx.AsyncClient, query: str) -> None:
    refused(await client.get(f"/agora/workflow/list?{query}"), field=query.partition("=")[0])
