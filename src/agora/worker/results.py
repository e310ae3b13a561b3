"""The result of a job: what it has committed, handed over as artifacts and in short."""

from __future__ import annotations

from typing import Any

from agora_sdk import TaskRun

from .job_state import JobState
from .worktree import Workplace

__all__ = ["store_changes"]


async def store_changes(run: TaskRun, place: Workplace, state: JobState, title: str, agent_name: str) -> dict[str, Any]:
    """Commit what is left, hand over what has changed; answers the result. Raises CommandError, AgoraError."""
    await place.commit_rest(f"{title}\n\nJob {run.task_id}")
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
    }
