"""A second task in a busy context, for an agent of the SDK and a declared agent: the agent's policy decides how both
tasks end."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from typing import Any

import pytest

from agora.demo.scripted_model import ModelRequest, ScriptedReply
from agora_sdk import Agent, AgoraClient
from agora_sdk.taskrun import TaskRun
from tests.blackbox.server import ServerProcess
from tests.blackbox.thinking import Thinkers, running_thinkers
from tests.polling import eventually, wait_until

#: how the first and the second task of a context end, by the agent's policy
OUTCOMES = {
    "enqueue": ("completed", "completed"),
    "reject": ("completed", "rejected"),
    "interrupt": ("cancelled", "completed"),
    "rollback": ("cancelled", "completed"),
}


@pytest.fixture(scope="module")
def thinkers(shared_server: ServerProcess) -> Iterator[Thinkers]:
    with running_thinkers(shared_server) as place:
        yield place


class Worker(Agent):
    """Executes the task ``first`` when allowed, and any other immediately."""

    max_concurrent_tasks = 4

    def __init__(self, busy: Any, **options: Any) -> None:
        super().__init__(f"Worker-{busy}", **options)
        self.busy = busy
        self.may_end = asyncio.Event()
        self.log: list[str] = []

    async def on_task(self, task: TaskRun) -> Any:
        name = task.payload["text"]
        self.log.append(f"{name} begins")
        try:
            if name == "first":
                await self.may_end.wait()
            self.log.append(f"{name} ends")
        except asyncio.CancelledError:
            self.log.append(f"{name} is cancelled")
            raise
        return name


@pytest.mark.parametrize(
    "busy", [pytest.param(busy, marks=pytest.mark.long if busy == "rollback" else ()) for busy in OUTCOMES]
)
async def test_sdk_agent_applies_its_busy_policy(thinkers: Thinkers, busy: str) -> None:
    async with AgoraClient(thinkers.server.url, mode="async") as client, Worker(busy, client=client) as worker:
        assert (await client.agent.get(worker.name)).busy == busy
        first, second = [
            await client.task.assign("work", {"text": text}, worker.name, context_id=f"sdk-{busy}")
            for text in ("first", "second")
        ]

        async def statuses() -> tuple[str, str]:
            tasks = [await client.task.get(task.task_id) for task in (first, second)]
            return tasks[0].status.value, tasks[1].status.value

        if busy in ("enqueue", "reject"):
            await wait_until(lambda: "first begins" in worker.log, "it begins")
            assert "second begins" not in worker.log
            worker.may_end.set()

        await eventually(statuses, lambda outcome: outcome == OUTCOMES[busy])
        expected = {"enqueue": ["first ends", "second begins", "second ends"], "reject": ["first ends"]}
        if busy in expected:
            assert worker.log[1:] == expected[busy]
        elif "first begins" in worker.log:  # otherwise it was replaced before it was claimed
            await wait_until(lambda: "first is cancelled" in worker.log, "it is cancelled")


@pytest.mark.parametrize("busy", OUTCOMES)
def test_declared_agent_applies_its_busy_policy_to_tasks_and_memory(thinkers: Thinkers, busy: str) -> None:
    speaking, may_end = threading.Event(), threading.Event()

    async def speak(request: ModelRequest) -> ScriptedReply:
        speaking.set()
        await asyncio.to_thread(may_end.wait, 60)
        return ScriptedReply("The first answer.")

    thinkers.scripts[f"first-{busy}"] = speak  # type: ignore[assignment]
    thinkers.scripts[f"second-{busy}"] = lambda request: ScriptedReply(
        " | ".join(text for role, text in request.turns if role in ("user", "assistant"))
    )
    thinkers.declare(f"Thinker-{busy}", busy=busy)
    first = thinkers.give(f"Thinker-{busy}", f"first-{busy}", context_id=f"thought-{busy}")
    assert speaking.wait(60)
    second = thinkers.give(f"Thinker-{busy}", f"second-{busy}", context_id=f"thought-{busy}")
    if busy in ("enqueue", "reject"):
        may_end.set()
    outcome = thinkers.wait_for(first)["status"], thinkers.wait_for(second)["status"]
    may_end.set()
    assert outcome == OUTCOMES[busy]
    said = thinkers.task(second)["result"]
    remembered = {
        "enqueue": "first-enqueue | The first answer. | second-enqueue",
        "interrupt": "first-interrupt | [interrupted] | second-interrupt",
        "rollback": "second-rollback",
    }
    assert said == remembered.get(busy)
