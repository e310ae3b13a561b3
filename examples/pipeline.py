"""Three agents that execute the steps of examples/pipeline.yaml: extract, transform in parallel, load.

With a running server, start the agents, and then the workflow in another terminal:

    python examples/pipeline.py
    agora workflow create examples/pipeline.yaml --watch

The agents run until Ctrl-C. If they are killed with SIGKILL and started again, the workflow continues from its checkpoints.
``agora run examples.pipeline:Transformer`` runs one of them in its own process.
"""

from __future__ import annotations

import asyncio
import random
import signal
from typing import Any

from agora_sdk import Agent, PermanentFailure, TaskRun


class Extractor(Agent):
    """Generates a list of temperature readings for each station."""

    capabilities = ["extract"]

    async def on_task(self, task: TaskRun) -> Any:
        payload: Any = task.payload
        generator = random.Random(payload["day"])  # noqa: S311  (sample data, not secrets)
        stations = {name: [f"{generator.gauss(5, 4):.1f}" for _ in range(24)] for name in payload["stations"]}
        stations[payload["stations"][0]][7] = "broken"
        return {"partitions": [{"station": name, "readings": readings} for name, readings in stations.items()]}


class Transformer(Agent):
    """Parses the readings of one station and removes invalid ones. Saves a checkpoint after each, from which another attempt
    continues."""

    capabilities = ["transform"]
    max_concurrent_tasks = 2
    lease_seconds = 10

    async def on_task(self, task: TaskRun) -> Any:
        payload: Any = task.payload
        readings = payload["readings"]
        state: Any = task.checkpoint or {"next": 0, "good": [], "bad": 0}
        for number in range(state["next"], len(readings)):
            await asyncio.sleep(0.05)  # simulates work
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
    """Merges the results of all stations."""

    capabilities = ["load"]

    async def on_task(self, task: TaskRun) -> Any:
        parts: Any = task.payload["parts"]
        count = sum(part["count"] for part in parts)
        if not count:
            raise PermanentFailure("no station has a reading")
        return {"readings": count, "mean": round(sum(part["sum"] for part in parts) / count, 1)}


async def main() -> None:
    """Run all three until SIGINT or SIGTERM."""
    agents = [Extractor(), Transformer(), Loader()]
    for agent in agents:
        print(f"{agent.name} offers {', '.join(agent.capabilities)}", flush=True)

    def stop() -> None:
        for agent in agents:
            agent.stop()

    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop)
    await asyncio.gather(*(agent.serve() for agent in agents))


if __name__ == "__main__":
    asyncio.run(main())
