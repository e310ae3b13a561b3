"""Declared agents under test: a server, a scripted model in a thread, and scripts selected by the prompt."""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from agora.demo.scripted_model import ModelRequest, ScriptedModel, ScriptedReply
from tests.blackbox.server import Account, ServerProcess
from tests.polling import poll_until

__all__ = ["Thinkers", "runner_pids", "running_thinkers"]

Script = Callable[[ModelRequest], ScriptedReply]
ENDED = ("completed", "failed", "rejected", "cancelled", "dead_lettered", "expired", "input_required")
KEY = "sk-scripted-key"


def runner_pids(server_pid: int) -> list[int]:
    """Return the ids of the processes in which a server runs its declared agents."""
    children = Path(f"/proc/{server_pid}/task/{server_pid}/children")
    pids = []
    with contextlib.suppress(FileNotFoundError):
        for pid in map(int, children.read_text().split()):
            with contextlib.suppress(FileNotFoundError):
                if b"agora.agent_runner" in Path(f"/proc/{pid}/cmdline").read_bytes():
                    pids.append(pid)
    return pids


class Thinkers:
    """The scripts by name: a prompt begins with the name of its script, which is called with each request."""

    def __init__(self, server: ServerProcess, model: ScriptedModel) -> None:
        self.server, self.model, self.operator = server, model, server.operator
        self.scripts: dict[str, Script] = {}

    def reply(self, request: ModelRequest) -> ScriptedReply:
        """Return the answer of the script of a request's prompt."""
        prompts = [text for role, text in request.turns if role == "user"]
        name = next((one for text in reversed(prompts) for one in self.scripts if text.startswith(one)), None)
        return ScriptedReply("no script") if name is None else self.scripts[name](request)

    def requests_of(self, name: str) -> list[ModelRequest]:
        """Return the requests whose conversation has a prompt of this script."""
        return [
            one
            for one in self.model.requests
            if any(role == "user" and text.startswith(name) for role, text in one.turns)
        ]

    def declare(self, name: str, *, wire: str = "openai", **fields: Any) -> dict[str, Any]:
        """Declare an agent with the scripted model."""
        specification = {"model": f"{wire}-script:tiny"} | fields
        answer = self.operator.post("/declared-agents", {"name": name, "specification": specification})
        return dict(answer)

    def give(self, agent: str, text: str, asker: Account | None = None, **order: Any) -> str:
        """Assign a task to an agent. Returns its id."""
        task = {"task_type": "a2a.message", "payload": {"text": text}, "assignee": agent} | order
        return str((asker or self.operator).post("/agora/task/assign", task)["task_id"])

    def task(self, task_id: str) -> dict[str, Any]:
        return dict(self.operator.get("/agora/task/get", params={"task_id": task_id}))

    def wait_for(self, task_id: str, *statuses: str) -> dict[str, Any]:
        """Wait until a task has ended, waits for its requester, or has one of these statuses."""

        def has_ended() -> dict[str, Any] | None:
            task = self.task(task_id)
            return task if task["status"] in (statuses or ENDED) else None

        # If a runner ends while the server answers its claim, the task is leased without a holder: the lease must
        # expire.
        found = poll_until(has_ended, lambda: f"{self.task(task_id)}\n{self.server.log()[-3000:]}", 120)
        assert found is not None
        return found

    def do(self, agent: str, text: str, asker: Account | None = None, **order: Any) -> dict[str, Any]:
        """Assign a task and wait for its end."""
        return self.wait_for(self.give(agent, text, asker, **order))

    def output(self, task_id: str) -> str:
        return str(self.operator.get("/agora/task/output", params={"task_id": task_id})["content"])

    def runner(self) -> int:
        """Return the id of the process that runs the agents."""
        (pid,) = poll_until(lambda: runner_pids(self.server.pid), "no runner")
        return pid


@contextlib.contextmanager
def running_thinkers(server: ServerProcess) -> Iterator[Thinkers]:
    """Run a scripted model for a started server, with a provider for each protocol."""
    loop, ready, ended = asyncio.new_event_loop(), threading.Event(), asyncio.Event()
    places: list[Thinkers] = []

    async def serve() -> None:
        async with ScriptedModel(lambda request: places[0].reply(request)) as model:
            places.append(Thinkers(server, model))
            ready.set()
            await ended.wait()

    thread = threading.Thread(target=lambda: loop.run_until_complete(serve()), daemon=True)
    thread.start()
    assert ready.wait(60)
    for wire in ("openai", "anthropic"):
        provider = {"name": f"{wire}-script", "wire": wire, "base_url": places[0].model.url(wire), "api_key": KEY}
        places[0].operator.post("/model-providers", provider)
        price = {"provider": provider["name"], "model": "*", "input_cost_per_m": 1, "output_cost_per_m": 10}
        places[0].operator.post("/agora/token_billing/set_price", price)
    try:
        yield places[0]
    finally:
        loop.call_soon_threadsafe(ended.set)
        thread.join(10)
        loop.close()
