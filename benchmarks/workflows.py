"""A thousand concurrent workflows of ten steps, at the dispatcher and over REST, compared with plain claim+complete
cycles.

Prints CPU time and rate of a step (including its share of the workflow's creation, the claim, the completion, and the
start of the next step), the CPU time of the included claim+complete cycle, and their ratio.
"""

from __future__ import annotations

import asyncio
import json
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx

from agora.core.call import Caller
from benchmarks import process
from benchmarks.claims import CAPABILITIES, Bench

WORKFLOWS, STEPS, WORKERS = 1000, 10, 16


def definition() -> dict[str, Any]:
    """Build ten sequential steps that any of the workers can execute."""
    steps = [{"name": f"s{at}", "agent": f"Worker{at % WORKERS}", "payload": {"n": at}} for at in range(STEPS)]
    return {"workflow_name": "pipeline", "steps": steps}


class Flow(Bench):
    async def create(self, count: int) -> float:
        boss, began = await self.agent("Boss"), time.process_time()
        for start in range(0, count, 100):
            batch = range(start, min(start + 100, count))
            await asyncio.gather(*(self.call(boss, "workflow.create", **definition()) for _ in batch))
        return time.process_time() - began

    async def run(self, count: int) -> tuple[float, float]:
        """Create and complete that many workflows. Returns seconds of CPU time, and of wall-clock time."""
        callers = await self.agents(WORKERS)
        left, cpu, began = count * STEPS, time.process_time(), time.perf_counter()
        await self.create(count)

        async def work(caller: Caller) -> None:
            nonlocal left
            while left > 0:
                tasks = (await self.call(caller, "task.claim")).tasks
                if not tasks:
                    await asyncio.sleep(0.001)
                    continue
                (task,) = tasks
                await self.call(
                    caller, "task.complete", task_id=task.task_id, result={"ok": True}, fencing_token=task.fencing_token
                )
                left -= 1

        await asyncio.gather(*map(work, callers))
        return time.process_time() - cpu, time.perf_counter() - began


async def dispatched(directory: Path, count: int) -> None:
    plain = Bench(directory / "plain", count * 3)
    await plain.app.start()
    await plain.fill()
    await plain.cycles(WORKERS, 200)
    cycle, _ = await plain.cycles(WORKERS, count)
    await plain.app.stop()
    flow = Flow(directory / "flow", 0)
    await flow.app.start()
    cpu, seconds = await flow.run(count)
    await flow.app.stop()
    step = cpu / (count * STEPS) * 1e6
    print(f"dispatcher: {step:6.0f} us CPU a step, {count * STEPS / seconds:7,.0f} steps/s with {WORKERS} workers")
    print(f"  anchor:   {cycle:6.0f} us CPU a claim+complete cycle of plain tasks (ratio {step / cycle:.2f})")


def _post(url: str, path: str, body: dict[str, Any]) -> Any:
    data = json.dumps(body).encode()
    request = urllib.request.Request(url + path, data=data, headers={"Content-Type": "application/json"})
    with urllib.request.urlopen(request) as response:
        return json.load(response)


def _profiles() -> Iterator[dict[str, Any]]:
    for number in range(WORKERS):
        yield {"agent_name": f"Worker{number}", "capabilities": list(CAPABILITIES), "service_tier": "enterprise"}


async def _drive(url: str, tokens: list[str], count: int) -> None:
    left = count * STEPS
    limits = httpx.Limits(max_connections=WORKERS + 8)
    async with httpx.AsyncClient(base_url=url, limits=limits, timeout=60) as http:
        boss = {"Authorization": f"Bearer {tokens[0]}"}
        for start in range(0, count, 8):
            batch = range(start, min(start + 8, count))
            await asyncio.gather(*(http.post("/agora/workflow/create", json=definition(), headers=boss) for _ in batch))

        async def work(token: str) -> None:
            nonlocal left
            headers = {"Authorization": f"Bearer {token}"}
            while left > 0:
                answer = await http.post("/agora/task/claim", json={"wait": 1}, headers=headers)
                for task in answer.json()["tasks"]:
                    done = {"task_id": task["task_id"], "fencing_token": task["fencing_token"], "result": {"ok": True}}
                    (await http.post("/agora/task/complete", json=done, headers=headers)).raise_for_status()
                    left -= 1

        await asyncio.gather(*map(work, tokens))


def rest(directory: Path, count: int) -> None:
    with process.agora(directory, rate_enterprise="1000000") as server:
        tokens = [str(_post(server.url, "/agents/register", profile)["token"]) for profile in _profiles()]
        cpu, began = server.cpu(), time.perf_counter()
        asyncio.run(_drive(server.url, tokens, count))
        spent, seconds = server.cpu() - cpu, time.perf_counter() - began
    print(
        f"REST:       {spent / (count * STEPS) * 1e6:6.0f} us server CPU a step, {count * STEPS / seconds:7,.0f} steps/s "
        f"with {WORKERS} workers on the same machine"
    )


def main(count: int = WORKFLOWS) -> None:
    with tempfile.TemporaryDirectory() as directory:
        asyncio.run(dispatched(Path(directory), count))
        rest(Path(directory) / "rest", count)


if __name__ == "__main__":
    main(*(int(argument) for argument in sys.argv[1:2]))
