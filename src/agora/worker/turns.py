"""Turns: recorded by the worker, and used to rewind files."""

from __future__ import annotations

import logging

from agora_sdk import AgoraError, PermanentFailure, TaskRun
from agora_sdk.client import AgoraClient
from agora_sdk.errors import StaleLease

from .job_state import JobState
from .registry import CodebaseRegistry
from .snapshots import restore_files, take_snapshot
from .starting_point import StartingPoint
from .subprocesses import CommandError
from .worktree import Workplace

__all__ = ["restore_files_to_start", "take_snapshot_and_record_turn"]

logger = logging.getLogger("agora.worker")

MAX_PROMPT_CHARACTERS = 300


async def restore_files_to_start(start: StartingPoint, place: Workplace, job: str) -> None:
    """Restore the files to a job's starting point, once. Raises PermanentFailure."""
    if start.is_fork or start.what == "conversation" or place.branch is None:
        return
    try:
        await restore_files(place, job, start.commit, f"Rewind to turn {start.number}")
    except CommandError as error:
        raise PermanentFailure(f"The files cannot be restored: {error}") from error


async def take_snapshot_and_record_turn(
    client: AgoraClient, run: TaskRun, place: Workplace, state: JobState, registry: CodebaseRegistry, prompt: str
) -> None:
    """Take a snapshot of an ended turn and record the turn on the server. Raises StaleLease; other errors skip the
    turn."""
    codebase_id, job = registry.find_codebase_id(place.codebase), str(state.workplace.get("job") or run.task_id)
    if place.branch is None or codebase_id is None or state.session_id is None:
        return
    try:
        snapshot = await take_snapshot(place, job, prompt, after=state.turns)
        await client.turn.record(
            job,
            run.task_id,
            run.fencing_token,
            snapshot.number,
            codebase_id,
            state.session_id,
            # Masked before it is cut, which could leave a part of a secret.
            prompt=registry.mask_value(prompt)[:MAX_PROMPT_CHARACTERS].replace("\x00", ""),
            commit=snapshot.commit,
            files=registry.mask_value(list(snapshot.files)),
        )
        state.turns = snapshot.number
    # Another worker has the job: this one must stop, and not only skip the turn.
    except StaleLease:
        raise
    except (AgoraError, CommandError, OSError) as error:
        logger.warning("A turn of %s is not recorded: %s", run.task_id, error)
