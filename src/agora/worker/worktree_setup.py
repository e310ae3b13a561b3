"""Set-up of a new worktree: by the owner's command, else by the repository's script if the owner has accepted it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping

from agora_sdk import PermanentFailure

from .execution import Execution, run_job_command
from .options import WorkerOptions
from .repository_setup import SETUP_FILE, read_accepted_setup
from .worktree import Workplace

__all__ = ["run_worktree_setup_if_any"]

SETUP_SECONDS = 900.0


async def run_worktree_setup_if_any(
    execution: Execution,
    options: WorkerOptions,
    place: Workplace,
    environment: Mapping[str, str],
    add_text: Callable[[str], None],
    add_note: Callable[[str], None],
) -> None:
    """Run the set-up of a new worktree, if the owner or the repository has one; its output is part of the job's. Raises PermanentFailure."""
    command = options.setup
    if command is not None:
        add_note(f"set-up: {command}")
    else:
        try:
            command = await asyncio.to_thread(read_accepted_setup, options.state, place.codebase.path, place.path)
        except ValueError as error:
            raise PermanentFailure(str(error)) from error
        if command is None:
            return
        add_note(f"set-up: {SETUP_FILE} of the repository")
    result = await run_job_command(execution, command, place, environment, SETUP_SECONDS)
    add_text(result.output)
    if result.exit_code:
        raise PermanentFailure(f"The set-up failed with exit code {result.exit_code}: {result.output[-2000:]}")
