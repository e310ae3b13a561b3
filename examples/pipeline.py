"""Three agents that do the steps of examples/pipeline.yaml: extract, transform in parallel, load.

With a server up, start them, and in another terminal the workflow; it is watched until it is done:

    python examples/pipeline.py
    agora workflow create examples/pipeline.yaml --watch

They work until Ctrl-C. Kill them with SIGKILL while they work and start them again: the workflow goes on where it was.
``agora run examples.pipeline:Transformer`` runs one of them in a process of its own.
"""

from __future__ import annotations

import asyncio
import random
import signal
from typing import Any

from agora_sdk import Agent, PermanentFailure, TaskRun


class Extractor(Agent):
    """Reads the thermometers: a list of readings for each station."""

    capabilities = ["extract"]

    async def on_task(self, task: TaskRun) -> Any:
        payload: Any = task.payload
        dice = random.Random(payload["day"])  # noqa: S311  (weather, not secrets)
        stations = {name: [f"{dice.gauss(5, 4):.1f}" for _ in range(24)] for name in payload["stations"]}
        stations[payload["stations"][0]][7] = "broken"
        return {"partitions": [{"station": name, "readings": readings} for name, readings in stations.items()]}


class Transformer(Agent):
    """Parses and cleans the readings of one station. A checkpoint after each is where another attempt goes on."""

    capabilities = ["transform"]
    max_concurrent_tasks = 2
    lease_seconds = 10

    async def on_task(self, task: TaskRun) -> Any:
        payload: Any = task.payload
        readings = payload["readings"]
        state: Any = task.checkpoint or {"next": 0, "good": [], "bad": 0}
        for number in range(state["next"], len(readings)):
            await asyncio.sleep(0.05)  # a larger partition would take its time
            try:
                state["good"].append(float(readings[number]))
            except ValueError:
                state["bad"] += 1
                await task.write(f"{payload['station']}: reading {number} is {readings[number]!r}\n")
            state["next"] = number + 1
            await task.save(state)
            await task.report(100 * state["next"] / len(readings))
        good = state["good"]
        return {"station": payload["station"], "count": len(good), "bad": state["bad"], "sum": round(sum(good), 1)}


class Loader(Agent):
    """Puts the parts together."""

    capabilities = ["load"]

    async def on_task(self, task: TaskRun) -> Any:
        parts: Any = task.payload["parts"]
        count = sum(part["count"] for part in parts)
        if not count:
            raise PermanentFailure("no station has a reading")
        return {"readings": count, "mean": round(sum(part["sum"] for part in parts) / count, 1)}


async def main() -> None:
    """Run all three until SIGINT or SIGTERM."""
    crew = [Extractor(), Transformer(), Loader()]
    for agent in crew:
        print(f"{agent.name} can {' and '.join(agent.capabilities)}", flush=True)

    def stop() -> None:
        for agent in crew:
            agent.stop()

    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop)
    await asyncio.gather(*(agent.serve() for agent in crew))


if __name__ == "__main__":
    asyncio.run(main())
