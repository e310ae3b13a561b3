"""Input crafted to break the server, or later readers of the data."""

from __future__ import annotations

import base64
import json
from typing import Any

import httpx
import pytest
from pydantic_core import from_json

HUGE = 2**70
CURSORS: list[Any] = [[HUGE], [-HUGE], [1.5], [True], ["x\0"], [float("inf")], ["x", "y"], [], {}, [1, HUGE, "a"]]
PAGED = [
    "/agents",
    "/agora/messaging/receive",
    "/agora/query/agents",
    "/agora/event/list",
    "/agora/admin/audit",
    "/tokens",
]


@pytest.mark.parametrize("path", PAGED)
@pytest.mark.parametrize("position", CURSORS, ids=str)
async def test_forged_cursor_is_refused(client: httpx.AsyncClient, path: str, position: Any) -> None:
    cursor = base64.urlsafe_b64encode(json.dumps(position).encode()).rstrip(b"=").decode()
    whose = {"agent_id": "operator"} if path == "/agora/messaging/receive" else {}
    answer = await client.get(path, params={"cursor": cursor} | whose)
    assert answer.status_code == 422, answer.text
    assert answer.json()["errors"][0]["field"] == "cursor"


@pytest.mark.parametrize("moment", ["0001-01-01T00:00:00+23:59", "9999-12-31T23:59:59-23:59"])
async def test_time_beyond_the_calendar_is_refused(client: httpx.AsyncClient, moment: str) -> None:
    for path in ("/agora/messaging/receive", "/agora/admin/audit"):
        answer = await client.get(path, params={"since": moment})
        assert answer.status_code == 422
        assert answer.json()["errors"][0]["field"] == "since"


def _nested(levels: int) -> str:
    return "[" * levels + "]" * levels


@pytest.mark.parametrize("data", ["NaN", "1e999", "[-Infinity]", _nested(101), _nested(190)], ids=lambda d: d[:9])
async def test_json_unreadable_by_other_parsers_is_refused(client: httpx.AsyncClient, data: str) -> None:
    kind = {"Content-Type": "application/json"}
    for path, body, field in (
        ("/events", f'{{"event_type":"x","data":{data}}}', "data"),
        ("/agora/messaging/send", f'{{"to_agent":"operator","content":"","metadata":{{"a":{data}}}}}', "metadata"),
        ("/agents/register", f'{{"agent_name":"X","metadata":{{"a":{data}}}}}', "metadata"),
    ):
        answer = await client.post(path, content=body, headers=kind)
        assert answer.status_code == 422, answer.text
        assert answer.json()["errors"][0]["field"] == field


async def test_json_of_maximum_depth_is_readable(client: httpx.AsyncClient) -> None:
    body = f'{{"to_agent":"operator","content":"","metadata":{{"a":{_nested(98)}}}}}'
    sent = await client.post("/agora/messaging/send", content=body, headers={"Content-Type": "application/json"})
    assert sent.status_code == 200, sent.text
    for path in ("/agora/messaging/receive", "/agora/event/list"):
        from_json((await client.get(path)).content)  # the parser of the SDK, with its own bound


@pytest.mark.parametrize("field", ["subject", "correlation_id"])
async def test_nul_never_reaches_the_database(client: httpx.AsyncClient, field: str) -> None:
    if field == "subject":
        answer = await client.post("/events", json={"event_type": "x", "subject": "a\0"})
    else:
        answer = await client.post("/agora/messaging/send", json={"to_agent": "A", "content": "", field: "a\0"})
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["field"] == field
