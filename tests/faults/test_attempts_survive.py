"""A server killed at random moments while attempts are chosen: each choice is applied completely or not at all."""

from __future__ import annotations

import asyncio
import os
import random
from pathlib import Path
from typing import Any

import httpx

from tests.faults.server_process import Victim
from tests.polling import passing

KILLS = int(os.environ.get("AGORA_FAULT_KILLS", "2"))
GROUPS = 12
VARIANTS = ["coding:claude", "coding:opencode", "coding:claude"]


async def _call(client: httpx.AsyncClient, path: str, body: dict[str, Any]) -> Any:
    answer = await client.post(path, json=body)
    assert answer.status_code == 200, answer.text
    return answer.json()


async def _start_groups(client: httpx.AsyncClient) -> list[Any]:
    """Create groups of which the first attempt is completed, the second running, and the third queued."""
    offers = {"capabilities": ["coding", "coding:claude", "coding:opencode"]}
    worker = await _call(client, "/v1/agent/workers/register", {"worker_name": "laptop", **offers})
    place = {"name": "api", "path": "/src/api", "worker_id": worker["worker_id"]}
    codebase = (await _call(client, "/v1/agent/codebases", place))["codebase_id"]
    groups = []
    for number in range(GROUPS):
        attempts = {"prompt": f"Mend {number}", "codebase_id": codebase, "variants": VARIANTS}
        group = await _call(client, "/v1/agent/attempts", attempts)
        for attempt in group["attempts"][:2]:
            await _claim_and_hand_over(client, worker["worker_id"], attempt, codebase)
        groups.append(group)
    return groups


async def _claim_and_hand_over(client: httpx.AsyncClient, worker: str, attempt: Any, codebase: str) -> None:
    """Claim a job and submit its review; complete it if it is the first of its group."""
    claim = {"worker": worker, "task_id": attempt["task_id"], "lease_seconds": 3600}
    (task,) = (await _call(client, "/agora/task/claim", claim))["tasks"]
    fence = {"task_id": task["task_id"], "fencing_token": task["fencing_token"]}
    changes = {"branch": f"agora/{task['task_id']}", "base": "0" * 40, "head": "a" * 40, "codebase_id": codebase}
    files = [{"path": "a.py", "status": "M", "additions": 1, "deletions": 0, "patch": "@@ -1 +1,2 @@\n a\n+b\n"}]
    await _call(client, "/v1/worker/reviews", {"job_id": task["task_id"], **fence, **changes, "files": files})
    if attempt["number"] == 1:
        await _call(client, "/agora/task/complete", {**fence, "result": {}})


async def _choose(victim: Victim, group: Any) -> None:
    """Choose the first attempt; the kill may prevent the answer."""
    async with httpx.AsyncClient(base_url=victim.url, timeout=30) as client:
        path = f"/v1/agent/attempts/{group['group_id']}/choose"
        try:
            await client.post(path, json={"task_id": group["attempts"][0]["task_id"]})
        except httpx.TransportError:
            return


async def _check_groups(victim: Victim, groups: list[Any]) -> int:
    """Check that each group is completely decided, or not at all. Returns the number of decided ones."""
    decided = 0
    async with httpx.AsyncClient(base_url=victim.url, timeout=30) as client:
        for group in groups:
            now = (await client.get(f"/v1/agent/attempts/{group['group_id']}")).json()
            states = [(attempt["status"], attempt["review"]) for attempt in now["attempts"]]
            if now["chosen"] is None:
                assert states == [("completed", "open"), ("in_progress", "open"), ("pending", None)]
            else:
                assert states == [("completed", "open"), ("cancelled", "dismissed"), ("cancelled", None)]
                decided += 1
    return decided


async def test_choice_is_applied_completely_or_not_at_all(tmp_path: Path) -> None:
    random_ = random.Random("attempts")
    victim = Victim(tmp_path / "data")
    await victim.start()
    try:
        async with httpx.AsyncClient(base_url=victim.url, timeout=30) as client:
            groups = await _start_groups(client)
        for _ in range(KILLS):
            choices = [asyncio.create_task(_choose(victim, group)) for group in random_.sample(groups, GROUPS // 2)]
            await passing(random_.uniform(0.005, 0.06))
            victim.kill()
            await asyncio.gather(*choices)
            await victim.start()
            await _check_groups(victim, groups)
        await asyncio.gather(*(_choose(victim, group) for group in groups))
        assert await _check_groups(victim, groups) == GROUPS, "what was interrupted can be repeated"
    finally:
        victim.kill()
