"""The background tasks of a coding worker."""

from __future__ import annotations

import asyncio
import sqlite3
from contextlib import closing
from pathlib import Path
from types import SimpleNamespace
from typing import Any, ClassVar, cast

import pytest

from agora.worker import service
from agora.worker.options import WorkerOptions
from agora.worker.service import CodingWorker
from agora_sdk.backoff import Backoff
from agora_sdk.client import AgoraClient
from agora_sdk.contract.agents import Registration
from agora_sdk.contract.workers import Worker


def build_worker(directory: Path, status: str, **options: Any) -> CodingWorker:
    """Build a registered worker whose server answers what a start needs."""
    now = "2026-01-01T00:00:00Z"
    record = Worker.model_validate(
        {
            "worker_id": "w",
            "worker_name": "w",
            "owner": "o",
            "registered_at": now,
            "last_seen": now,
            "active_tasks": 1,
            "status": status,
        }
    )

    async def get_worker(worker_id: str) -> Worker:
        return record

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
        name="w",
        codebases=(),
        agent_name="own",
        agent_command=("own",),
        agent_environment={},
        state=directory,
        **options,
    )
    client.with_options = lambda **options: client
    worker = CodingWorker(options, cast("AgoraClient", client))
    worker.worker_id = "w"
    worker.registration = cast("Registration", SimpleNamespace(agent_id="a"))
    return worker


async def test_background_task_with_an_unexpected_error_is_started_again(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Without anybody awaiting it, its end would be noticed by nobody."""
    database = tmp_path / "opencode.db"
    with closing(sqlite3.connect(database)) as connection, connection:
        connection.execute("create table session (id text, parent_id text, directory text, title text, time_updated)")
        connection.execute("insert into session values ('ses_1', null, '/src', 'One', 'not a time')")
    worker = build_worker(tmp_path, "online", opencode_database=database)
    await worker.on_start()
    try:
        async with asyncio.timeout(60):
            while caplog.text.count("SessionSync.report_changes_regularly has failed and is started again") < 2:
                await asyncio.sleep(0.05)
    finally:
        await worker.on_stop()


async def test_stopped_worker_does_not_wait_for_its_drain(tmp_path: Path) -> None:
    """It was already draining when it started."""
    worker = build_worker(tmp_path, "draining")
    before = asyncio.all_tasks()
    await worker.on_start()
    tasks = asyncio.all_tasks() - before
    assert len(tasks) == 3
    await worker.on_stop()
    cancelled = [task.cancelling() for task in tasks]
    for task in tasks:
        task.cancel()
    await asyncio.wait(tasks)
    assert cancelled == [1, 1, 1]


class RecordingBackoff(Backoff):
    """Records the attempts, and pauses for no time."""

    attempts: ClassVar[list[int]] = []

    def pause(self, attempt: int) -> float:
        self.attempts.append(attempt)
        return 0.0


async def test_pause_before_a_restart_shrinks_after_a_long_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Failures that are days apart are no series, whose pauses grow to ten minutes."""
    backoff = RecordingBackoff(most=0.01)
    monkeypatch.setattr(service, "RESTART_BACKOFF", backoff)

    async def fail() -> None:
        if len(backoff.attempts) == 3:
            await asyncio.sleep(0.05)  # longer than the longest pause
        raise ValueError("unexpected")

    worker = build_worker(tmp_path, "online")
    worker._run_with_restarts(fail)
    async with asyncio.timeout(10):
        while len(backoff.attempts) < 4:
            await asyncio.sleep(0)
    await worker.on_stop()
    assert backoff.attempts[3] == 0
