"""Declared agents compared with pydantic-ai alone: CPU time per step of the model, and per word of 200 concurrent
streams.

A task is two steps: the model calls a tool, then answers. Alone, the same two steps run in one process with a local
tool, and nothing is stored. With Agora, the runner stores each step in the task's checkpoint, and the server executes
the tool with the requester's permissions; both processes are shown. The model is scripted, in this process, whose CPU
time is not counted. Figures are the minimum of several rounds.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from agora.demo.scripted_model import ModelRequest, ScriptedReply, ToolCall
from tests.blackbox.server import ServerProcess
from tests.blackbox.thinking import Thinkers, running_thinkers
from tests.polling import poll_until
from tests.processes import process_cpu_seconds

TASKS, ROUNDS, AT_ONCE, STREAMS, WORDS = 60, 4, 4, 200, 50
ALONE = """
import asyncio, sys, time
from pydantic_ai import Agent
from pydantic_ai.models.openai import OpenAIChatModel
from pydantic_ai.providers.openai import OpenAIProvider

model = OpenAIChatModel("tiny", provider=OpenAIProvider(base_url=sys.argv[1], api_key="x"))
agent = Agent(model, instructions="Be brief.")

@agent.tool_plain
def query_agents() -> str:
    return "nobody"

async def run_once():
    async with agent.run_stream("look up") as run:
        async for _ in run.stream_text(delta=True):
            pass

async def main(count):
    await asyncio.gather(*(run_once() for _ in range(4)))
    began = time.process_time()
    for start in range(0, count, 4):
        await asyncio.gather(*(run_once() for _ in range(4)))
    print((time.process_time() - began) / count / 2)

asyncio.run(main(int(sys.argv[2])))
"""


def _look_up(request: ModelRequest) -> ScriptedReply:
    return ScriptedReply("Nobody is there.") if request.results else ScriptedReply("", [ToolCall("query_agents", {})])


def _measure(thinkers: Thinkers, work: Callable[[], None]) -> tuple[float, float]:
    """Measure the seconds of CPU time that the runner and the server use for some work."""
    pids = thinkers.runner(), thinkers.server.pid
    before = [process_cpu_seconds(pid) for pid in pids]
    work()
    runner, server = (process_cpu_seconds(pid) - start for pid, start in zip(pids, before, strict=True))
    return runner, server


def _do_tasks(thinkers: Thinkers, agents: list[str], text: str, count: int) -> None:
    tasks = [thinkers.give(agents[number % len(agents)], text) for number in range(count)]

    def are_done() -> bool:
        page = thinkers.operator.get("/agora/task/list", params={"status": "pending,in_progress", "limit": 1})
        return page["tasks"] == []

    poll_until(are_done, "tasks are left", timeout=300)
    assert {thinkers.task(task)["status"] for task in tasks[:5]} == {"completed"}


def main() -> None:
    with tempfile.TemporaryDirectory() as directory:
        server = ServerProcess(Path(directory) / "data", rate_basic="1000000").start()
        with running_thinkers(server) as thinkers:
            thinkers.scripts |= {"look up": _look_up}
            thinkers.scripts["speak"] = lambda request: ScriptedReply("word " * WORDS, pause=0.05)
            names, speakers = ["One", "Two"], ["Three", "Four"]
            for name in names:  # as many concurrent tasks as the anchor
                thinkers.declare(name, tools=["agents"], max_concurrent_tasks=AT_ONCE // len(names))
            for name in speakers:
                thinkers.declare(name, max_concurrent_tasks=STREAMS // len(speakers))
            _do_tasks(thinkers, names, "look up", 8)
            command = [sys.executable, "-c", ALONE, thinkers.model.url("openai"), str(TASKS)]
            rounds = []
            for _ in range(ROUNDS):  # alternately, because the machine's speed varies
                runner, ours = _measure(thinkers, lambda: _do_tasks(thinkers, names, "look up", TASKS))
                alone = float(subprocess.run(command, capture_output=True, text=True, check=True).stdout)
                rounds.append((runner / TASKS / 2, ours / TASKS / 2, alone))
            step, ours, alone = (min(figures) for figures in zip(*rounds, strict=True))
            ratios = ", ".join(f"{ours_step / theirs:.2f}" for ours_step, _, theirs in rounds)
            print(f"pydantic-ai alone      {alone * 1000:6.2f} ms CPU a step")
            print(
                f"declared agent         {step * 1000:6.2f} ms CPU a step in its process, {step / alone:.2f} x (rounds: {ratios})"
            )
            print(f"  and of the server    {ours * 1000:6.2f} ms CPU a step (claim, checkpoints, tool, end)")
            began = time.monotonic()
            runner, ours = _measure(thinkers, lambda: _do_tasks(thinkers, speakers, "speak", STREAMS))
            words, seconds = STREAMS * WORDS, time.monotonic() - began
            print(f"{STREAMS} streams at once    {runner / words * 1e6:6.0f} us CPU a word in the agents' process,")
            print(f"  and of the server    {ours / words * 1e6:6.0f} us; {words} words in {seconds:.1f} s")
        server.close()


if __name__ == "__main__":
    main()
