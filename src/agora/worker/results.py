"""The result of a job: its commits, stored as artifacts, and a summary."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from agora_sdk import AgoraError, TaskRun
from agora_sdk.client import AgoraClient
from agora_sdk.errors import StaleLease

from .job_state import JobState
from .registry import CodebaseRegistry
from .review import submit_changes_for_review
from .worktree import Workplace

__all__ = ["commit_and_store_changes", "submit_for_review_or_note_error"]


async def commit_and_store_changes(
    run: TaskRun, place: Workplace, state: JobState, title: str, agent_name: str
) -> dict[str, Any]:
    """Commit the remaining changes, store them as artifacts, and return the result. Raises CommandError, AgoraError."""
    await place.commit_changes(f"{title}\n\nJob {run.task_id}")
    changes = await place.read_changes()
    if changes:
        diff = {"text": changes.diff, "mediaType": "text/x-diff", "filename": f"{run.task_id}.diff"}
        await run.artifact([diff], name="diff", artifact_id="diff")
        details = {"files": changes.files, "commits": changes.commits}
        await run.artifact([{"data": details}], name="changes", artifact_id="changes")
    return {
        "text": state.text,
        "session_id": state.session_id,
        "agent": agent_name,
        "branch": place.branch,
        "files": [file["path"] for file in changes.files],
        "commits": [commit["id"] for commit in changes.commits],
        "usage": state.usage.to_document(),
        "check": state.check,
    }


async def submit_for_review_or_note_error(
    client: AgoraClient,
    run: TaskRun,
    place: Workplace,
    state: JobState,
    registry: CodebaseRegistry,
    title: str,
    add_note: Callable[[str], None],
) -> None:
    """Submit the job's branch for review. Raises StaleLease, CommandError."""
    codebase_id = registry.find_codebase_id(place.codebase)
    if codebase_id is None:
        return
    try:
        job_id = str(state.workplace.get("job") or run.task_id)
        await submit_changes_for_review(client, run, place, codebase_id, job_id, title, registry.mask_value)
    # Another worker has the job: this one must stop, and not only skip the review.
    except StaleLease:
        raise
    except AgoraError as error:  # the artifacts have the changes, too
        add_note(f"the changes were not submitted for review: {error}")
