"""A killed server in the middle of an A2A stream: the client reconnects, and gets every update once."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.faults.server_process import Victim
from tests.unit.protocols.a2a.raw_requests import Wire, said

PIECES = 40
SECONDS = 60


async def _work(url: str, token: str, until: int, begin: int, task: dict[str, Any]) -> None:
    """Write chunks as the agent that holds the task."""
    async with httpx.AsyncClient(base_url=url, headers={"Authorization": f"Bearer {token}"}) as http:
        for number in range(begin, until):
            answer = await http.post("/agora/task/append", json={"content": f"<{number}>", **task})
            assert answer.status_code == 200, answer.text
        if until == PIECES:
            await http.post("/agora/task/complete", json={"result": "done", **task})


@pytest.mark.long
async def test_stream_survives_a_killed_server(tmp_path: Path) -> None:
    victim = Victim(tmp_path / "data")
    await victim.start()
    seen: dict[int, Any] = {}
    async with httpx.AsyncClient(base_url=victim.url, timeout=SECONDS) as http:
        agent = (await http.post("/agents/register", json={"agent_name": "Writer"})).json()
        wire = Wire(http, f"/a2a/{agent['agent_id']}")
        message = said("write")
        try:
            async with wire.stream("SendStreamingMessage", {"message": message}) as events:
                async for id, event in events:
                    seen[int(id)] = event["result"]
                    if "task" in event["result"]:
                        task = await _claimed(http, agent["token"])
                        await _work(victim.url, agent["token"], PIECES // 2, 0, task)
                    elif len(seen) == PIECES // 4:
                        victim.kill()
        except httpx.TransportError:
            pass
        assert len(seen) >= PIECES // 4
    await victim.start()
    async with httpx.AsyncClient(base_url=victim.url, timeout=SECONDS) as http, asyncio.timeout(SECONDS):
        wire = Wire(http, f"/a2a/{agent['agent_id']}")
        working = asyncio.create_task(_work(victim.url, agent["token"], PIECES, PIECES // 2, task))
        last = str(max(seen))
        async with wire.stream("SendStreamingMessage", {"message": message}, **{"Last-Event-ID": last}) as events:
            async for id, event in events:
                assert int(id) not in seen
                seen[int(id)] = event["result"]
        await working
    victim.terminate()
    updates = [seen[number] for number in sorted(seen)]
    pieces = [update["artifactUpdate"]["artifact"]["parts"][0]["text"] for update in updates if _is_output(update)]
    assert "".join(pieces) == "".join(f"<{number}>" for number in range(PIECES))
    assert updates[-1]["statusUpdate"]["status"]["state"] == "TASK_STATE_COMPLETED"


def _is_output(update: dict[str, Any]) -> bool:
    return update.get("artifactUpdate", {}).get("artifact", {}).get("artifactId") == "output"


async def _claimed(http: httpx.AsyncClient, token: str) -> dict[str, Any]:
    headers = {"Authorization": f"Bearer {token}"}
    claim = await http.post("/agora/task/claim", json={"wait": 10, "lease_seconds": 600}, headers=headers)
    (task,) = claim.json()["tasks"]
    return {"task_id": task["task_id"], "fencing_token": task["fencing_token"]}
