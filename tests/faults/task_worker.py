"""A worker that the suite kills, stops and restarts: it claims tasks over HTTP, and records the answers.

Standard library only, for a fast start: ``python -m tests.faults.task_worker PORT FILE MODE SEED``,
its token in ``AGORA_TOKEN``. Each line of the file is a JSON object, written before the next action.
"""

from __future__ import annotations

import http.client
import json
import os
import random
import signal
import sys
import time
from typing import Any

LEASE = 5  # seconds, the minimum
PAUSE = 0.05


class Worker:
    """mode: ``works``, or ``sleeps``: claims one task, stops itself, and continues it after SIGCONT."""

    def __init__(self, port: int, file: str, seed: str) -> None:
        self.port, self.random = port, random.Random(seed)
        self.work_time = float(os.environ["AGORA_WORK_TIME"])
        self.file = os.open(file, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
        self.headers = {"Authorization": f"Bearer {os.environ['AGORA_TOKEN']}", "Content-Type": "application/json"}
        self.keyed = self.random.random() < 0.5  # whether it repeats an unanswered claim under the same key
        self.connection: http.client.HTTPConnection | None = None
        self.turn = 0

    def note(self, **what: Any) -> None:
        os.write(self.file, json.dumps(what).encode() + b"\n")

    def post(self, operation: str, **body: Any) -> tuple[int, dict[str, Any]]:
        """Repeat a request until it is answered: the fate of an unanswered one is unknown."""
        self.turn += 1
        key = {"Idempotency-Key": f"{os.getpid()}-{time.time_ns()}-{self.turn}"} if self.keyed else {}
        while True:
            try:
                if self.connection is None:
                    self.connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
                request = json.dumps(body)
                self.connection.request("POST", f"/agora/task/{operation}", request, self.headers | key)
                answer = self.connection.getresponse()
                return answer.status, json.loads(answer.read())
            except (OSError, http.client.HTTPException, ValueError):
                self.connection = None
                time.sleep(self.random.uniform(PAUSE, 2 * PAUSE))

    def claim(self, limit: int, wait: float) -> list[dict[str, Any]]:
        status, answer = self.post("claim", limit=limit, wait=wait, lease_seconds=LEASE)
        if status != 200:
            self.note(what="trouble", status=status, answer=answer)
            time.sleep(PAUSE)
        return answer.get("tasks", [])

    def write(self, operation: str, task: dict[str, Any], **more: Any) -> bool:
        """Write to a task under its token. Returns whether it was accepted."""
        held = {"task_id": task["task_id"], "fencing_token": task["fencing_token"]}
        status, answer = self.post(operation, **held, **more)
        outcome = "ok" if status == 200 else answer.get("code", "?")
        self.note(what=operation, task=held["task_id"], token=held["fencing_token"], outcome=outcome)
        if status >= 500:
            self.note(what="trouble", status=status, answer=answer)
        return status == 200

    def work(self) -> None:
        while True:
            for task in self.claim(self.random.choice([1, 1, 2, 4]), 1):
                self.do(task)

    def do(self, task: dict[str, Any]) -> None:
        time.sleep(self.random.uniform(0, 2 * self.work_time))
        chance = self.random.random()
        if chance < 0.05:
            self.write("release", task, reason="not now")
        elif chance < 0.1 and task.get("workflow_id") is None:
            self.write("fail", task, error="bad luck")
        else:
            if chance < 0.2:
                self.write("renew", task, progress=50, checkpoint={"half": True})
            self.write("append", task, content=f"{task['fencing_token']}\n")
            self.write("complete", task, result={"by": task["fencing_token"]})

    def sleep(self) -> None:
        """Claim a task, lose its lease without noticing, and continue."""
        task = self.claim(1, 0)[0]
        self.note(what="holding", task=task["task_id"], token=task["fencing_token"])
        os.kill(os.getpid(), signal.SIGSTOP)
        for operation, more in (
            ("renew", {}),
            ("append", {"content": f"{task['fencing_token']}\n"}),
            ("complete", {"result": "late"}),
            ("fail", {"error": "late"}),
            ("release", {}),
            ("update", {"status": "completed"}),
        ):
            self.write(operation, task, **more)
        self.note(what="awake")


if __name__ == "__main__":
    _, port, file, mode, seed = sys.argv
    worker = Worker(int(port), file, seed)
    worker.work() if mode == "works" else worker.sleep()
