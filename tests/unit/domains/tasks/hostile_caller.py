"""A marketplace under attack: requests that must be refused clearly and quickly."""

from __future__ import annotations

import json
import time
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

import httpx

__all__ = ["HUGE", "NOBODY", "NOTHING", "Place", "a_stranger", "an_agent", "nested", "refused"]

NOBODY = "agent_" + "0" * 32
NOTHING = "task_" + "0" * 32
HUGE = 2**70
SOON = 2.0  # limit in seconds of CPU time: many times that of a normal request, and far below that of an unbounded one
_JSON = {"Content-Type": "application/json"}


def nested(levels: int) -> Any:
    found: Any = []
    for _ in range(levels - 1):
        found = [found]
    return found


@dataclass
class Place:
    """Two agents, a task that one assigned to the other and that was claimed, and a workflow."""

    client: httpx.AsyncClient
    boss: dict[str, str]
    doer: dict[str, str]
    task_id: str = ""
    token: int = 0
    workflow_id: str = ""

    async def post(self, path: str, body: Any, who: dict[str, str] | None = None) -> httpx.Response:
        """Post a request that must be fast, because the whole server waits for it."""
        content = body if isinstance(body, (str, bytes)) else json.dumps(body)
        began = time.thread_time()
        answer = await self.client.post(path, content=content, headers=_JSON | (self.boss if who is None else who))
        assert time.thread_time() - began < SOON, f"{path} took too long"
        return answer


async def an_agent(client: httpx.AsyncClient, name: str, *able: str) -> dict[str, str]:
    answer = await client.post("/agents/register", json={"agent_name": name, "capabilities": list(able)})
    return {"Authorization": f"Bearer {answer.json()['token']}"}


async def a_stranger(client: httpx.AsyncClient, *able: str) -> tuple[str, dict[str, str]]:
    """Register an agent. Returns its name and a credential."""
    name = f"Stranger {uuid4().hex[:8]}"
    return name, await an_agent(client, name, *able)


def refused(answer: httpx.Response, *statuses: int, field: str | None = None) -> dict[str, Any]:
    assert answer.status_code in (statuses or (422,)), answer.text[:500]
    assert answer.headers["content-type"] == "application/problem+json"
    problem: dict[str, Any] = answer.json()
    assert problem["detail"]
    assert problem["code"] not in ("error", "internal_error")
    assert "Traceback" not in answer.text
    assert len(answer.content) < 20_000, "the refusal of something large is large itself"
    if field is not None:
        assert any(error["field"].startswith(field) for error in problem["errors"]), problem["errors"]
    return problem
