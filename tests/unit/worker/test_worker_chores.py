"""The background tasks of a coding worker."""

from __future__ import annotations

import asyncio
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

from agora.worker.options import WorkerOptions
from agora.worker.service import CodingWorker
from agora_sdk.client import AgoraClient
from agora_sdk.contract.agents import Registration
from agora_sdk.contract.workers import Worker


async def test_stopped_worker_does_not_wait_for_its_drain(tmp_path: Path) -> None:
    """It was already draining when it started."""
    now = "2026-01-01T00:00:00Z"
    draining = Worker.model_validate(
        {
            "worker_id": "w",
            "worker_name": "w",
            "owner": "o",
            "registered_at": now,
            "last_seen": now,
            "active_tasks": 1,
            "status": "draining",
        }
    )

    async def get_worker(worker_id: str) -> Worker:
        return draining

    async def update_agent(agent_id: str, **changes: Any) -> None:
        pass

    async def list_codebases(**filters: Any) -> Any:
        return SimpleNamespace(codebases=[], next_cursor=None)

    client = SimpleNamespace(
        worker=SimpleNamespace(get=get_worker),
        agent=SimpleNamespace(update=update_agent),
        codebase=SimpleNamespace(list=list_codebases),
    )
    options = WorkerOptions(
        name="w", codebases=(), agent_name="own", agent_command=("own",), agent_environment={}, state=tmp_path
    )
    client.with_options = lambda **options: client
    worker = CodingWorker(options, cast("AgoraClient", client))
    worker.worker_id = "w"
    worker.registration = cast("Registration", SimpleNamespace(agent_id="a"))
    before = asyncio.all_tasks()
    await worker.on_start()
    chores = asyncio.all_tasks() - before
    assert len(chores) == 3
    await worker.on_stop()
    cancelled = [chore.cancelling() for chore in chores]
    for chore in chores:
        chore.cancel()
    await asyncio.wait(chores)
    assert cancelled == [1, 1, 1]
