"""Agents of the second act: they execute the tasks of a data pipeline."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING, Any

from agora_sdk import PermanentFailure

from .. import records
from ..participants import SKILLS, Participants
from .base import DemoAgent

if TYPE_CHECKING:
    from agora_sdk import TaskRun

__all__ = ["CrashingTransformer", "Extractor", "Loader", "Transformer"]

ROWS_PER_CHECKPOINT = 50
CHECKPOINT_SECONDS = 0.1  #: interval of checkpoints: the partitions are small, and progress should be visible
# Longer than the director needs from the report to the kill, also on a slow machine.
CRASH_WINDOW_SECONDS = 8.0


class Worker(DemoAgent):
    """Claims the tasks of its capability and reports each of them."""

    max_concurrent_tasks = 1
    # Short: the task of the killed agent is taken over only when its lease has expired.
    lease_seconds = 5

    def __init__(self, participants: Participants, role: str, after: int = 0) -> None:
        super().__init__(participants, role, after)
        self.task_types = [participants.capability_name(word) for word in SKILLS[role]]

    async def on_task(self, task: TaskRun) -> Any:
        what = {"task_id": task.task_id, "attempt": task.attempts, "token": task.fencing_token}
        self.report_to_director("claimed", **what, checkpoint=task.checkpoint)
        result = await self.work(task, task.payload)
        self.report_to_director("worked", **what)
        return result

    async def work(self, task: TaskRun, payload: Any) -> Any:
        """Execute a task and return the result."""


class Extractor(Worker):
    """Divides the source into one partition per region."""

    async def work(self, task: TaskRun, payload: Any) -> Any:
        source = Path(payload["source"])
        parts = await asyncio.to_thread(records.extract_partitions, source, source.parent)
        await task.write("".join(f"{part['region']}: {part['records']} records\n" for part in parts))
        return {"partitions": parts, "records": sum(part["records"] for part in parts)}


class Transformer(Worker):
    """Parses, cleans and sums one partition, with a checkpoint after every few rows."""

    async def work(self, task: TaskRun, payload: Any) -> Any:
        part = payload["partition"]
        rows = await asyncio.to_thread(records.read_rows, Path(part["path"]))
        tally = records.Tally.resume_from(task.checkpoint)
        while tally.row < len(rows):
            first = tally.row
            tally.add_rows(rows[first : first + ROWS_PER_CHECKPOINT])
            await asyncio.sleep(CHECKPOINT_SECONDS)
            await task.write(f"{part['region']} {first}-{tally.row}: {tally.order_total} orders so far\n")
            await task.save(tally.as_json())
            await task.report(100 * tally.row / len(rows))
            if first < len(rows) / 2 <= tally.row:
                await self.on_half_way(task, tally.row)
        return tally.as_json() | {"region": part["region"]}

    async def on_half_way(self, task: TaskRun, row: int) -> None:
        """Called when half of a partition is done."""


class CrashingTransformer(Transformer):
    """Pauses when half of a partition is done, long enough to be killed there."""

    async def on_half_way(self, task: TaskRun, row: int) -> None:
        self.report_to_director("half-way", task_id=task.task_id, token=task.fencing_token, row=row)
        await asyncio.sleep(CRASH_WINDOW_SECONDS)


class Loader(Worker):
    """Checks that no record was lost, and stores the sums in a database."""

    async def work(self, task: TaskRun, payload: Any) -> Any:
        parts, extracted = payload["parts"], payload["records"]
        transformed = sum(part["row"] for part in parts)
        if transformed != extracted:
            raise PermanentFailure(f"{extracted} records were extracted, {transformed} transformed")
        await asyncio.to_thread(records.load_totals, Path(payload["database"]), parts)
        return {"records": transformed, "cents": sum(sum(part["cents"].values()) for part in parts)}
