"""Workers and the server killed and stopped at random moments: every task is done once, and no late write counts."""

from __future__ import annotations

import asyncio
import json
import os
import random
import signal
import sqlite3
import subprocess
import sys
from collections import Counter
from dataclasses import dataclass, field
from itertools import count, groupby, pairwise
from pathlib import Path
from typing import Any

import httpx

from tests.faults.server_process import Victim
from tests.polling import eventually, passing
from tests.processes import spawn_tethered

TASKS = int(os.environ.get("AGORA_FAULT_TASKS", "150"))
KILLS = int(os.environ.get("AGORA_FAULT_KILLS", "2"))  # kills of the server
WORKERS, SLEEPERS, GIVERS = 8, 2, 8
WORKFLOWS = max(4, TASKS // 100)
WORK_TIME = 0.05  # seconds per task
STOPPED = 6.5  # seconds, longer than a lease
AT_MOST = 75 + TASKS / 10  # seconds until all tasks are done

STEPS: list[dict[str, Any]] = [
    {"name": "extract", "capability": "work", "depends_on": []},
    {"name": "transform", "for_each": [1, 2, 3], "depends_on": ["extract"]},
    {"name": "check", "depends_on": ["extract"]},
    {"name": "inside", "workflow": ["one", "two"], "depends_on": ["check"]},
    {"name": "load", "depends_on": ["transform", "inside"]},
]
STEP_TASKS = 8  # tasks of one such workflow, including those of its nested workflow
LEGAL = {("pending", "in_progress"), ("in_progress", "pending"), ("in_progress", "completed")}


@dataclass
class Crew:
    """Worker processes, each the same agent across restarts."""

    victim: Victim
    directory: Path
    random: random.Random
    tokens: dict[str, str] = field(default_factory=dict)
    processes: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)
    kills: int = 0
    stops: int = 0
    turns: count[int] = field(default_factory=count)

    def start(self, name: str, mode: str) -> None:
        file = self.directory / f"{name}.log"
        environment = os.environ | {"AGORA_TOKEN": self.tokens[name], "AGORA_WORK_TIME": str(WORK_TIME)}
        seed = f"{self.random.random()}-{next(self.turns)}"
        command = [sys.executable, "-m", "tests.faults.task_worker", str(self.victim.port), str(file), mode, seed]
        self.processes[name] = spawn_tethered(command, env=environment)

    def kill(self, name: str) -> None:
        process = self.processes[name]
        process.send_signal(signal.SIGKILL)
        process.wait()
        self.kills += 1

    async def stop_for_a_while(self, name: str) -> None:
        """Send SIGSTOP until its leases have expired; then it continues with tasks that it believes to hold."""
        process = self.processes[name]
        process.send_signal(signal.SIGSTOP)
        self.stops += 1
        await passing(STOPPED)
        if process.poll() is None:
            process.send_signal(signal.SIGCONT)

    def end(self) -> None:
        for process in self.processes.values():
            if process.poll() is None:
                process.send_signal(signal.SIGKILL)
                process.wait()

    def notes(self) -> list[dict[str, Any]]:
        """Return what every worker recorded; a line cut off by a kill is ignored."""
        found = []
        for file in self.directory.glob("*.log"):
            lines = file.read_bytes().split(b"\n")[:-1]
            found += [json.loads(line) | {"worker": file.stem} for line in lines]
        return found


async def _post(client: httpx.AsyncClient, path: str, key: str, body: dict[str, Any]) -> dict[str, Any]:
    """Repeat a request with an idempotency key until it is answered."""
    while True:
        try:
            answer = await client.post(path, json=body, headers={"Idempotency-Key": key})
            assert answer.status_code == 200, answer.text
            found: dict[str, Any] = answer.json()
            return found
        except httpx.TransportError:
            await passing(0.05)


async def _register(client: httpx.AsyncClient, crew: Crew) -> None:
    for name, able in [(f"Worker{n}", ["work"]) for n in range(WORKERS)] + [
        (f"Sleeper{n}", ["dream"]) for n in range(SLEEPERS)
    ]:
        answer = await client.post("/agents/register", json={"agent_name": name, "capabilities": able})
        crew.tokens[name] = answer.json()["token"]


async def _put_to_sleep(client: httpx.AsyncClient, crew: Crew) -> None:
    """Let sleepers claim a task each and stop; their tasks wait for any worker when the lease has expired."""
    for n in range(SLEEPERS):
        await _post(client, "/agora/task/assign", f"sleep-{n}", {"task_type": "dream", "max_attempts": 100})
        name = f"Sleeper{n}"
        crew.start(name, "sleeps")
        while "holding" not in [note["what"] for note in crew.notes() if note["worker"] == name]:
            assert crew.processes[name].poll() is None
            await passing(0.02)


async def _give(client: httpx.AsyncClient, numbers: Any, given: set[str]) -> None:
    for number in numbers:
        body = {"task_type": "work", "payload": {"n": number}, "max_attempts": 100, "retry_backoff": 0}
        given.add((await _post(client, "/agora/task/assign", f"task-{number}", body))["task_id"])


async def _give_workflows(client: httpx.AsyncClient, started: set[str]) -> None:
    for number in range(WORKFLOWS):
        body = {"workflow_name": f"pipeline-{number}", "steps": STEPS}
        started.add((await _post(client, "/agora/workflow/create", f"flow-{number}", body))["workflow_id"])


async def _chaos(victim: Victim, crew: Crew, until: asyncio.Event) -> None:
    """Kill workers continuously, the server KILLS times, and suspend some workers beyond their leases."""
    chance, names, stopped = crew.random, [f"Worker{n}" for n in range(WORKERS)], []
    killed = 0
    for turn in count():
        await passing(chance.uniform(0.05, 0.25))
        name = chance.choice(names)
        if turn % 6 == 2 and (killed < KILLS):
            killed += 1
            await asyncio.to_thread(victim.kill)
            await victim.start()
        elif turn % 6 in (0, 3):
            stopped.append(asyncio.create_task(crew.stop_for_a_while(name)))
        else:
            await asyncio.to_thread(crew.kill, name)
            crew.start(name, "works")
        if until.is_set() and killed == KILLS:
            break
    await asyncio.gather(*stopped)


async def _left(client: httpx.AsyncClient) -> int:
    """Return the number of tasks and workflows that have not ended."""
    counts = (await client.get("/agora/task/statistics")).json()["by_status"]
    flows = (await client.get("/agora/workflow/list?status=running&limit=1")).json()
    return sum(n for status, n in counts.items() if status != "completed") + len(flows["workflows"])


async def _until_done(client: httpx.AsyncClient) -> None:
    await eventually(lambda: _left(client), lambda left: not left, AT_MOST)


async def test_every_task_is_done_once_despite_kills(tmp_path: Path) -> None:
    seed = int(os.environ.get("AGORA_FAULT_SEED", random.randrange(1 << 30)))
    print(f"AGORA_FAULT_SEED={seed}")
    victim = Victim(tmp_path / "data")
    crew = Crew(victim, tmp_path / "crew", random.Random(seed))
    crew.directory.mkdir()
    await victim.start()
    given: set[str] = set()
    started: set[str] = set()
    try:
        async with httpx.AsyncClient(base_url=victim.url, timeout=60) as client:
            await _register(client, crew)
            await _put_to_sleep(client, crew)
            for n in range(WORKERS):
                crew.start(f"Worker{n}", "works")
            all_given = asyncio.Event()
            chaos = asyncio.create_task(_chaos(victim, crew, all_given))
            await asyncio.gather(
                _give_workflows(client, started),
                *(_give(client, range(n, TASKS, GIVERS), given) for n in range(GIVERS)),
            )
            all_given.set()
            await chaos
            await _until_done(client)
            await _wake(crew)
        crew.end()
        assert await asyncio.to_thread(victim.terminate) == 0
    finally:
        crew.end()
    print(
        f"{crew.kills} workers killed, {crew.stops} stopped; {Counter((n['what'], n.get('outcome')) for n in crew.notes())}"
    )
    _check(victim.database, crew.notes(), given, started)


async def _wake(crew: Crew) -> None:
    """Let sleepers write to tasks that they believe to hold, which have long been completed."""
    for n in range(SLEEPERS):
        process = crew.processes[f"Sleeper{n}"]
        process.send_signal(signal.SIGCONT)
        assert await asyncio.to_thread(process.wait, 20) == 0


def _check(database: Path, notes: list[dict[str, Any]], given: set[str], started: set[str]) -> None:
    connection = sqlite3.connect(database)
    connection.row_factory = sqlite3.Row
    try:
        assert connection.execute("pragma integrity_check").fetchone()[0] == "ok"
        tasks = {row["task_id"]: dict(row) for row in connection.execute("select * from tasks")}
        entries = [dict(row) for row in connection.execute("select * from task_entries order by task_id, number")]
        completed = Counter(
            row[0] for row in connection.execute("select subject from events where type = 'agora.task.completed'")
        )
        flows = {row["workflow_id"]: dict(row) for row in connection.execute("select * from workflows")}
        steps = connection.execute("select status from workflow_steps").fetchall()
        busy = connection.execute("select sum(active_tasks) from agents").fetchone()[0]
    finally:
        connection.close()
    _check_tasks(tasks, completed, given)
    _check_logs(entries, tasks)
    _check_notes(notes, tasks)
    assert {flow["status"] for flow in flows.values()} == {"completed"}
    assert started == {name for name, flow in flows.items() if flow["parent_id"] is None}
    assert {row["status"] for row in steps} == {"completed"}
    assert busy == 0


def _check_tasks(tasks: dict[str, dict[str, Any]], completed: Counter[str], given: set[str]) -> None:
    assert len(given) == TASKS
    assert given <= tasks.keys(), "a task that was acknowledged is not there"
    assert len(tasks) == TASKS + SLEEPERS + WORKFLOWS * STEP_TASKS, "a task or a step was duplicated"
    assert {task["status"] for task in tasks.values()} == {"completed"}
    assert completed == Counter(tasks.keys()), "a task was completed twice"
    assert not [task for task in tasks.values() if task["waiting"] or task["due_at"] is not None]


def _check_logs(entries: list[dict[str, Any]], tasks: dict[str, dict[str, Any]]) -> None:
    for task_id, group in groupby(entries, key=lambda entry: entry["task_id"]):
        log = list(group)
        assert [entry["number"] for entry in log] == list(range(1, len(log) + 1))
        assert [entry["status"] for entry in log if entry["type"] == "done"] == ["completed"]
        assert log[-1]["type"] == "done", "something was written to a task after its end"
        course = [entry["status"] for entry in log if entry["status"] is not None]
        assert set(pairwise(course)) <= LEGAL, course
        holder, output = None, []
        for entry in log:
            if entry["status"] == "in_progress":
                holder = entry["actor"]
            elif entry["type"] in ("output", "done"):
                assert entry["actor"] == holder, "somebody else than its holder wrote to a task"
            output += [int(entry["content"])] if entry["type"] == "output" else []
        assert output == sorted(output), "a late write came after a newer one"
        assert not output or output[-1] == tasks[task_id]["fence"]


def _check_notes(notes: list[dict[str, Any]], tasks: dict[str, dict[str, Any]]) -> None:
    assert not [note for note in notes if note["what"] == "trouble"]
    completions = [note for note in notes if note["what"] == "complete"]
    for note in completions:
        task = tasks[note["task"]]
        if note["outcome"] == "ok":
            assert (task["status"], task["fence"]) == ("completed", note["token"]), "an old token was accepted"
        else:
            assert note["outcome"] == "stale_lease"
            assert note["token"] < task["fence"]
    accepted = Counter(note["task"] for note in completions if note["outcome"] == "ok")
    assert not accepted or max(accepted.values()) == 1
    late = [note for note in notes if note["worker"].startswith("Sleeper") and "outcome" in note]
    assert len(late) == 6 * SLEEPERS
    assert {note["outcome"] for note in late} == {"stale_lease"}
    assert len({note["token"] for note in late}) >= 1
