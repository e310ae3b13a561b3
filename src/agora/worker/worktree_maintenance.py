"""Disk use of the worker's worktrees: reports it, and removes worktrees on request."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from pathlib import Path
from typing import Any

from agora_sdk import AgoraError, PermanentFailure, TaskRun
from agora_sdk.client import AgoraClient

from .codebases import Codebase
from .options import WorkerOptions
from .registry import CodebaseRegistry
from .subprocesses import CommandError
from .worktree_cleaning import Limits, examine_worktrees, remove_excess_worktrees, remove_worktrees

__all__ = ["CLEANING_TYPE", "WorktreeMaintenance"]

logger = logging.getLogger("agora.worker")

CLEANING_TYPE = "coding.cleaning"
CLEANING_SECONDS = 3600.0
REPORT_DELAY_SECONDS = 30.0  #: delay of the report after the end of a job
MAX_WORKTREES = 1000  #: limit of one report


class WorktreeMaintenance:
    """Reports and cleans the worktrees of a worker's codebases."""

    def __init__(self, options: WorkerOptions, client: AgoraClient, registry: CodebaseRegistry) -> None:
        self._client, self._registry = client, registry
        self._job_ended = asyncio.Event()
        self._root = options.state / "worktrees"
        self._limits = Limits(options.worktree_days * 86_400, options.worktree_megabytes * 1_000_000)

    async def clean_and_report_regularly(self) -> None:
        """Clean and report worktrees until cancelled: every hour, and after jobs. Only worktrees that exceed the limits
        and lose no work are removed."""
        while True:
            for codebase in self._registry.list_codebases():
                await self._clean_codebase(codebase)
                await self.report_worktrees_or_log(codebase)
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._job_ended.wait(), CLEANING_SECONDS)
                await asyncio.sleep(REPORT_DELAY_SECONDS)  # one report for jobs that end together
            self._job_ended.clear()

    def schedule_report(self) -> None:
        """Schedule a report soon after a job has ended."""
        self._job_ended.set()

    async def _clean_codebase(self, codebase: Codebase) -> None:
        try:
            removed = await remove_excess_worktrees(codebase, self._root, self._limits)
        except (OSError, CommandError) as error:
            logger.warning("The worktrees of %s are not cleaned: %s", codebase.name, error)
            return
        if removed:
            logger.info("Removed worktrees of %s: %s", codebase.name, ", ".join(removed))

    async def report_worktrees_or_log(self, codebase: Codebase) -> None:
        """Report the worktrees of a codebase. Logs errors; the report is repeated later."""
        codebase_id = self._registry.find_codebase_id(codebase)
        # Without git there are no worktrees: jobs work in the directory itself.
        if codebase_id is None or not codebase.is_git:
            return
        try:
            uses = await examine_worktrees(codebase, self._root, self._limits)
            documents = [use.to_document() for use in uses[:MAX_WORKTREES]]
            await self._client.worktree.report(codebase_id, documents)
        except (AgoraError, OSError) as error:
            logger.warning("The disk use of %s is not reported: %s", codebase.name, error)

    async def remove_requested_worktrees(self, run: TaskRun) -> Any:
        """Remove the worktrees that a task names, if no work is lost. Raises PermanentFailure."""
        codebase = await self._registry.resolve_codebase(self._client, str(run.payload.get("codebase_id")))
        job_ids = run.payload.get("job_ids")
        if codebase is None or not isinstance(job_ids, list):
            raise PermanentFailure(f"This worker has no codebase {run.payload.get('codebase_id')!r}.")
        sizes = {use.job_id: use.bytes for use in await examine_worktrees(codebase, self._root, self._limits)}
        plain_ids = [job_id for job_id in map(str, job_ids) if _is_plain_name(job_id)]
        remaining = await remove_worktrees(codebase, self._root, plain_ids)
        removed = [job_id for job_id in plain_ids if job_id not in remaining]
        await self.report_worktrees_or_log(codebase)
        return {"removed": removed, "left": remaining, "bytes": sum(sizes.get(job_id, 0) for job_id in removed)}


def _is_plain_name(job_id: str) -> bool:
    """Whether an id is a plain directory name, without a path."""
    return job_id not in ("", ".", "..") and Path(job_id).name == job_id
