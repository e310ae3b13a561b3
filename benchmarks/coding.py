"""Coding jobs: from queued to the prompt sent, output to watchers, and idle workers.

Usage: python -m benchmarks.coding

* queued -> prompt sent: milliseconds from the request that queues a job to the checkpoint that the worker writes before
  it sends the prompt to its agent; there is one report to the server in between. A worktree is prepared and the agent
  is started in that time: it is a test agent, whose start alone, up to ``initialize``, is the anchor.
* output: CPU time of the server per chunk of output with 20 watchers, and with none.
* idle workers: CPU time and memory of the server with 200 workers that hold their streams and send heartbeats, compared
  with none.
"""

from __future__ import annotations

import asyncio
import statistics
import subprocess
import sys
import tempfile
import time
from datetime import datetime
from pathlib import Path
from typing import Any

import httpx

from agora_sdk import Agent, AgoraClient, TaskRun
from benchmarks.process import cpu_of
from tests.blackbox.coding_worker import RECORDED_AGENT, WorkerProcess, create_repository, submit_job, wait_for_status
from tests.blackbox.server import Account, ServerProcess

JOBS = 10
PIECES = 200
PIECE = "a line of output"
WATCHERS = 20
WORKERS = 200
AT_ONCE = 20  # workers started concurrently
IDLE_SECONDS = 30.0  # heartbeat interval of a worker
SETTLING_SECONDS = 5.0


def read_memory(pid: int) -> float:
    """Return the private memory of a process in megabytes."""
    lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    return sum(int(line.split()[1]) for line in lines if line.startswith("Private_")) / 1024


def measure_agent_start() -> float:
    """Measure the milliseconds until the test agent is initialized, started alone."""
    greeting = b'{"jsonrpc":"2.0","id":1,"method":"initialize","params":{"protocolVersion":1}}\n'
    begun = time.perf_counter()
    with subprocess.Popen(
        [sys.executable, str(RECORDED_AGENT)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write(greeting)
        process.stdin.flush()
        process.stdout.readline()
        milliseconds = 1000 * (time.perf_counter() - begun)
        process.kill()
    return milliseconds


def measure_jobs(server: ServerProcess, directory: Path) -> None:
    """Measure queued -> prompt sent from the log of each job: the first checkpoint is written before the prompt is
    sent."""
    worker = WorkerProcess(server, directory / "home", create_repository(directory / "api"), name="bench").start()
    try:
        operator = server.operator
        wait_for_status(operator, submit_job(operator, "SAY: warm", worker="bench"), "completed")
        waits = []
        for _ in range(JOBS):
            begun = time.time()
            job = submit_job(operator, "SAY: hello", worker="bench")
            wait_for_status(operator, job, "completed")
            waits.append(1000 * (_read_prompt_time(operator, job) - begun))
        starts = [measure_agent_start() for _ in range(5)]
        median, worst = statistics.median(waits), max(waits)
        print(f"queued -> checkpoint before the prompt: median {median:.0f} ms, worst {worst:.0f} ms of {JOBS} jobs")
        print(f"  anchor, the agent's program alone up to its greeting: {statistics.median(starts):.0f} ms")
    finally:
        worker.close()


def _read_prompt_time(account: Account, job: str) -> float:
    entries = account.get(f"/v1/agent/tasks/{job}/history?limit=100")["entries"]
    times = [datetime.fromisoformat(entry["time"]) for entry in entries if entry["type"] == "checkpoint"]
    return min(times).timestamp()


def measure_output(server: ServerProcess) -> None:
    """Measure the CPU time of the server per chunk of output, with and without watchers."""
    agent = server.register("writer")
    costs = {}
    for watchers in (0, WATCHERS):
        task = server.operator.post("/agora/task/assign", {"task_type": "write", "assignee": "writer"})["task_id"]
        (claim,) = agent.post("/agora/task/claim")["tasks"]
        costs[watchers] = asyncio.run(_write_pieces(server, agent, task, claim["fencing_token"], watchers))
    for watchers, cost in costs.items():
        print(f"CPU of the server for a piece of output to {watchers} watchers: {1000 * cost:.2f} ms")
    each = 1e6 * (costs[WATCHERS] - costs[0]) / WATCHERS
    print(f"  for each watcher: {each:.0f} us")


async def _write_pieces(server: ServerProcess, agent: Account, task: str, token: int, watchers: int) -> float:
    headers = {"Authorization": f"Bearer {server.admin_token}"}
    watching = [asyncio.Event() for _ in range(watchers)]

    async def watch(http: httpx.AsyncClient, is_watching: asyncio.Event) -> None:
        received = ""
        async with http.stream("GET", f"/v1/agent/tasks/{task}/output/stream") as response:
            async for line in response.aiter_lines():
                received += line
                is_watching.set()
                if received.count(PIECE) == PIECES:
                    return

    limits = httpx.Limits(max_connections=None)
    async with httpx.AsyncClient(base_url=server.url, headers=headers, timeout=120, limits=limits) as http:
        watches = [asyncio.create_task(watch(http, is_watching)) for is_watching in watching]
        body: dict[str, Any] = {"task_id": task, "fencing_token": token, "content": f"{PIECE}\n"}
        writer = {"Authorization": f"Bearer {agent.token}"}
        (await http.post("/agora/task/append", json=body, headers=writer)).raise_for_status()
        for is_watching in watching:
            await is_watching.wait()
        before = cpu_of(server.pid)
        for _ in range(PIECES - 1):
            (await http.post("/agora/task/append", json=body, headers=writer)).raise_for_status()
        await asyncio.wait_for(asyncio.gather(*watches), 60)
        return (cpu_of(server.pid) - before) / (PIECES - 1)


class IdleWorker(Agent):
    """A worker with its own connections, as in its own process, that never gets a job."""

    follows_offers = True
    capabilities = ("coding",)

    def __init__(self, server: ServerProcess, number: int) -> None:
        self.own_client = AgoraClient(server.url, token=server.admin_token, mode="async")
        super().__init__(f"idle-{number}", client=self.own_client)
        self.worker = self.name

    async def on_task(self, task: TaskRun) -> None:
        raise AssertionError("nobody queues a task")


async def measure_idle_workers(server: ServerProcess) -> None:
    """Measure CPU time and memory of the server with and without idle workers."""
    memory, share = read_memory(server.pid), await _measure_idle_share(server, IDLE_SECONDS / 3)
    workers = [IdleWorker(server, number) for number in range(WORKERS)]
    for start in range(0, WORKERS, AT_ONCE):
        await asyncio.gather(*(worker.__aenter__() for worker in workers[start : start + AT_ONCE]))
    await asyncio.sleep(SETTLING_SECONDS)
    busy_share = await _measure_idle_share(server, IDLE_SECONDS)
    busy_memory = read_memory(server.pid)
    online = server.operator.get("/v1/agent/workers?online_only=true&search=idle-&limit=500")["workers"]
    assert len(online) == WORKERS, len(online)
    print(f"{WORKERS} idle workers: {100 * busy_share:.1f} % of a CPU (without: {100 * share:.1f} %), ", end="")
    print(f"{busy_memory:.0f} MB (without: {memory:.0f} MB; {1000 * (busy_memory - memory) / WORKERS:.0f} kB each)")
    await asyncio.gather(*(worker.__aexit__() for worker in workers))
    await asyncio.gather(*(worker.own_client.aclose() for worker in workers))


async def _measure_idle_share(server: ServerProcess, seconds: float) -> float:
    begun = cpu_of(server.pid)
    await asyncio.sleep(seconds)
    return (cpu_of(server.pid) - begun) / seconds


def main() -> None:
    """Run all measurements on a separate server."""
    with tempfile.TemporaryDirectory() as name:
        directory = Path(name)
        server = ServerProcess(directory / "data").start()
        try:
            measure_jobs(server, directory)
            measure_output(server)
            asyncio.run(measure_idle_workers(server))
        finally:
            server.close()


if __name__ == "__main__":
    main()
