"""Hostile input about tasks and workers: each is refused clearly and quickly."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from typing import Any

import httpx
import pytest

from tests.unit.domains.tasks.hostile_caller import HUGE, NOBODY, NOTHING, Place, a_stranger, nested, refused

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("task_type", ""),
        ("task_type", "x" * 65),
        ("task_type", "a\x1eb"),
        ("task_type", 7),
        ("task_type", None),
        ("payload", []),
        ("payload", {"a": nested(101)}),
        ("payload", {"x" * 201: 1}),
        ("payload", None),
        ("metadata", {str(n): n for n in range(101)}),
        ("assignee", ""),
        ("assignee", "a/b"),
        ("assignee", "x" * 201),
        ("assignee", "capability:"),
        ("assignee", "capability:" + "x" * 101),
        ("assignee", "broadcast"),
        ("assignee", "name:Boss"),
        ("assignee", ["Doer"]),
        ("deadline", "yesterday"),
        ("deadline", "2026-01-01T00:00:00"),
        ("deadline", "2026-01-01T00:00:00Z"),
        ("deadline", "0001-01-01T00:00:00+23:59"),
        ("deadline", "9999-12-31T23:59:59-23:59"),
        ("deadline", 1e300),
        ("priority", "asap"),
        ("priority", 1),
        ("required_capabilities", ["a"] * 21),
        ("required_capabilities", ["a\x1f"]),
        ("required_capabilities", [""]),
        ("required_capabilities", [7]),
        ("required_model", "m\x02"),
        ("required_model", "m" * 201),
        ("depends_on", [NOTHING] * 101),
        ("depends_on", ["task_1"]),
        ("depends_on", NOTHING),
        ("parent_id", "task_1"),
        ("max_attempts", 0),
        ("max_attempts", 101),
        ("max_attempts", 1.5),
        ("max_attempts", HUGE),
        ("retry_backoff", -1),
        ("retry_backoff", 86_401),
        ("timeout", 0),
        ("timeout", HUGE),
        ("colour", "red"),
    ],
    ids=lambda value: repr(value)[:30],
)
async def test_invalid_task_is_refused(place: Place, unchanged: Callable[[], None], field: str, value: Any) -> None:
    refused(await place.post("/agora/task/assign", {"task_type": "work", field: value}), field=field)
    unchanged()


@pytest.mark.parametrize("number", ["NaN", "Infinity", "-Infinity", "1e999"])
@pytest.mark.parametrize("field", ["retry_backoff", "max_attempts", "timeout", "payload"])
async def test_invalid_numbers_are_refused(place: Place, field: str, number: str) -> None:
    value = f'{{"a":{number}}}' if field == "payload" else number
    body = f'{{"task_type":"work","{field}":{value}}}'
    refused(await place.post("/agora/task/assign", body), 400, 422)


@pytest.mark.parametrize(
    ("body", "statuses"),
    [
        ({"depends_on": [NOTHING]}, (404,)),
        ({"parent_id": NOTHING}, (404,)),
        ({"assignee": NOBODY}, (404,)),
        ({"assignee": "worker:nobody"}, (404,)),
        ({"payload": {"a": "x" * 1_100_000}}, (413,)),
    ],
    ids=lambda value: repr(value)[:30],
)
async def test_unknown_references_are_refused(place: Place, body: dict[str, Any], statuses: tuple[int, ...]) -> None:
    refused(await place.post("/agora/task/assign", {"task_type": "work"} | body), *statuses)


@pytest.mark.parametrize(
    ("operation", "more", "statuses"),
    [
        ("claim", {"limit": 0}, (422,)),
        ("claim", {"limit": 101}, (422,)),
        ("claim", {"wait": -1}, (422,)),
        ("claim", {"wait": 61}, (422,)),
        ("claim", {"task_types": ["a"] * 51}, (422,)),
        ("claim", {"capabilities": [f"c{n}" for n in range(5000)]}, (422,)),
        ("claim", {"capabilities": ["not mine"]}, (422,)),
        ("claim", {"models": ["m"] * 501}, (422,)),
        ("claim", {"models": ["m\x02"]}, (422,)),
        ("claim", {"worker": "nobody"}, (404,)),
        ("claim", {"lease_seconds": 4}, (422,)),
        ("claim", {"lease_seconds": 3601}, (422,)),
        ("renew", {"progress": 100.1}, (422,)),
        ("renew", {"progress": -0.1}, (422,)),
        ("renew", {"checkpoint": {"a": "x" * 70_000}}, (413,)),
        ("renew", {"checkpoint": {"a": nested(101)}}, (422,)),
        ("renew", {"checkpoint_number": 2**53}, (422,)),
        ("release", {"delay": -1}, (422,)),
        ("release", {"delay": 86_401}, (422,)),
        ("release", {"reason": "x" * 4001}, (422,)),
        ("append", {"content": ""}, (422,)),
        ("append", {"content": "x" * 262_145}, (422,)),
        ("append", {"content": "nul\0"}, (422,)),
        ("append", {"content": "x", "offset": -1}, (422,)),
        ("append", {"content": "x", "offset": 7}, (409,)),
        ("append", {"content": "x", "offset": HUGE}, (409, 422)),
        ("update", {"status": "expired"}, (422,)),
        ("update", {"status": "dead_lettered"}, (422,)),
        ("update", {"status": ["completed"]}, (422,)),
        ("update", {"milestone": "x" * 65}, (422,)),
        ("update", {"notes": "x" * 4001}, (422,)),
        ("fail", {"error": "x" * 4001}, (422,)),
        ("fail", {}, (422,)),
        ("complete", {"result": nested(101)}, (422,)),
    ],
    ids=lambda value: repr(value)[:30],
)
async def test_invalid_updates_are_refused(
    place: Place, unchanged: Callable[[], None], operation: str, more: dict[str, Any], statuses: tuple[int, ...]
) -> None:
    held = {} if operation == "claim" else {"task_id": place.task_id, "fencing_token": place.token}
    refused(await place.post(f"/agora/task/{operation}", held | more, place.doer), *statuses)
    unchanged()


WRITES: dict[str, dict[str, Any]] = {
    "renew": {},
    "release": {},
    "complete": {},
    "fail": {"error": "x"},
    "append": {"content": "x"},
    "update": {"status": "completed"},
}


@pytest.mark.parametrize("token", [-1, 2**53, HUGE, 1.5, "x", [1]], ids=str)
@pytest.mark.parametrize("operation", WRITES)
async def test_fencing_token_must_be_a_number(place: Place, operation: str, token: Any) -> None:
    body = {"task_id": place.task_id, "fencing_token": token} | WRITES[operation]
    refused(await place.post(f"/agora/task/{operation}", body, place.doer), field="fencing_token")


@pytest.mark.parametrize("operation", WRITES)
async def test_stolen_fencing_token_is_refused(place: Place, unchanged: Callable[[], None], operation: str) -> None:
    _, thief = await a_stranger(place.client, "c")
    body = {"task_id": place.task_id, "fencing_token": place.token} | WRITES[operation]
    refused(await place.post(f"/agora/task/{operation}", body, thief), 404)
    refused(await place.post(f"/agora/task/{operation}", body), 409)  # its requester sees it, but does not hold it
    task = (await place.client.get("/agora/task/get", params={"task_id": place.task_id})).json()
    assert (task["status"], task["progress"], task["output_size"]) == ("in_progress", 0, 0)


@pytest.mark.parametrize(
    "name", ["get", "history", "output", "cancel", "retry", "reassign", "comment", "list", "claim"]
)
async def test_task_is_unknown_to_strangers(place: Place, name: str) -> None:
    name_there, stranger = await a_stranger(place.client, "c")
    more = {"reassign": {"assignee": name_there}, "comment": {"text": "hello"}}.get(name, {})
    if name in ("get", "history", "output"):
        answer = await place.client.get(f"/agora/task/{name}", params={"task_id": place.task_id}, headers=stranger)
        refused(answer, 404)
    elif name == "list":
        answer = await place.client.get("/agora/task/list", params={"created_by": "Boss"}, headers=stranger)
        assert not [task for task in answer.json()["tasks"] if task["workflow_id"] is None]
    elif name == "claim":
        claimed = (await place.post("/agora/task/claim", {"limit": 100}, stranger)).json()["tasks"]
        assert place.task_id not in [task["task_id"] for task in claimed]
    else:
        refused(await place.post(f"/agora/task/{name}", {"task_id": place.task_id} | more, stranger), 404)


@pytest.mark.parametrize(
    "query",
    [
        "limit=0",
        "limit=501",
        "offset=-1",
        "offset=2001",
        f"offset={HUGE}",
        "status=none",
        "status=" + ",".join(["pending"] * 500 + ["none"]),
        "workflow_id=wf_1",
        "parent_id=x",
        "worker_id=%00",
        "priority=9",
        "sort=task_id",
        "task_type=" + "x" * 65,
        "since=0001-01-01T00:00:00%2B23:59",
        "until=9999-12-31T23:59:59-23:59",
        "agent_id=" + "x" * 201,
    ],
)
async def test_invalid_list_parameters_are_refused(client: httpx.AsyncClient, query: str) -> None:
    refused(await client.get(f"/agora/task/list?{query}"), 422, field=query.partition("=")[0])


PAGED = {
    "/agora/task/list": [["x", "y"], [1]],
    "/agora/task/list?sort=priority": [["x"], [1, 1]],
    "/agora/task/list?sort=deadline": [["x"], [1, 1, "x"]],
    "/agora/task/history?task_id={task_id}": [["x"], [1, "x"]],
    "/agora/workflow/list": [[1], ["x", "y"]],
    "/v1/agent/workers": [[1], ["x", 1]],
}
FORGED: list[Any] = [[HUGE], [-HUGE], [1.5], [True], ["x\0"], [], {}, [1, HUGE, "a"], [HUGE, "a"]]


@pytest.mark.parametrize("path", PAGED)
async def test_cursor_of_another_list_is_refused(place: Place, path: str) -> None:
    for position in FORGED + PAGED[path]:
        cursor = base64.urlsafe_b64encode(json.dumps(position).encode()).rstrip(b"=").decode()
        url = f"{path.format(task_id=place.task_id)}{'&' if '?' in path else '?'}cursor={cursor}"
        refused(await place.client.get(url), field="cursor")


async def test_page_beyond_the_end_is_empty(place: Place) -> None:
    held = {"task_id": place.task_id, "fencing_token": place.token}
    assert (await place.post("/agora/task/append", held | {"content": "héllo"}, place.doer)).status_code == 200
    for offset in (5, 6, 10**6, 2**63 - 1, 2**63, HUGE, "9" * 300):
        answer = await place.client.get("/agora/task/output", params={"task_id": place.task_id, "offset": offset})
        assert answer.status_code == 200, answer.text
        found = answer.json()
        assert (found["content"], found["offset"], found["next_offset"], found["has_more"]) == ("", 5, 5, False)
    for limit in (0, -1, 1_000_001):
        answer = await place.client.get("/agora/task/output", params={"task_id": place.task_id, "limit": limit})
        refused(answer, field="limit")
    listed = await place.client.get("/agora/task/list", params={"offset": 2_000})
    assert (listed.status_code, listed.json()["tasks"]) == (200, [])


async def test_page_of_large_tasks_is_truncated(place: Place) -> None:
    for _ in range(12):
        body = {"task_type": "large", "payload": {"a": "x" * 900_000}}
        assert (await place.post("/agora/task/assign", body)).status_code == 200
    found, cursor = [], None
    while True:
        query = {"limit": 500, "task_type": "large"} | ({"cursor": cursor} if cursor else {})
        page = await place.client.get("/agora/task/list", params=query)
        assert len(page.content) < 5_000_000
        found += [task["task_id"] for task in page.json()["tasks"]]
        cursor = page.json()["next_cursor"]
        if not page.json()["has_more"]:
            break
    assert len(found) == len(set(found)) == 12


@pytest.mark.parametrize(
    "body",
    [
        {"worker_name": ""},
        {"worker_name": "x" * 129},
        {"worker_name": "a\0"},
        {"worker_name": "w", "capabilities": ["a"] * 101},
        {"worker_name": "w", "capabilities": ["a\x1f"]},
        {"worker_name": "w", "models": ["m"] * 501},
        {"worker_name": "w", "metadata": {str(n): n for n in range(101)}},
        {"worker_name": "w", "metadata": {"a": nested(101)}},
    ],
    ids=lambda value: repr(value)[:40],
)
async def test_invalid_worker_is_refused(place: Place, body: dict[str, Any]) -> None:
    refused(await place.post("/v1/agent/workers/register", body))


async def test_workers_of_others_are_unknown(place: Place) -> None:
    worker = (await place.post("/v1/agent/workers/register", {"worker_name": "w"}, place.doer)).json()["worker_id"]
    refused(await place.post(f"/v1/agent/workers/{worker}/unregister", {}), 404)
    refused(await place.post("/agora/task/claim", {"worker": worker}), 404)
    meant = {"task_type": "private", "assignee": f"worker:{worker}"}
    task_id = (await place.post("/agora/task/assign", meant)).json()["task_id"]
    assert (await place.post("/v1/agent/workers/register", {"worker_name": worker})).status_code == 200
    for who in ({}, {"worker": worker}):  # with the other worker's id as its name
        claimed = await place.post("/agora/task/claim", {"limit": 100} | who)
        assert task_id not in [task["task_id"] for task in claimed.json().get("tasks", [])]
    claimed_ids: list[str] = []  # other tests also assign tasks to the doer; a page is bounded in bytes
    claim = {"worker": worker, "limit": 100}
    while tasks := (await place.post("/agora/task/claim", claim, place.doer)).json().get("tasks"):
        claimed_ids += [task["task_id"] for task in tasks]
    assert task_id in claimed_ids


async def test_queues_filled_by_others_do_not_hide_a_task(place: Place) -> None:
    """Tasks that require unavailable capabilities are spread over as many queues as possible."""
    for number in range(1100):
        body = {"task_type": f"t{number}", "required_capabilities": ["c", f"z{number}"]}
        assert (await place.post("/agora/task/assign", body)).status_code == 200
    wanted = await place.post("/agora/task/assign", {"task_type": "zz", "required_capabilities": ["c"]})
    claimed = await place.post("/agora/task/claim", {"task_types": ["zz"]}, place.doer)
    assert [task["task_id"] for task in claimed.json()["tasks"]] == [wanted.json()["task_id"]]
