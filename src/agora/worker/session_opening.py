"""Selection of the session that a job continues, and of its model and mode."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from agora_sdk import TaskRun
from agora_sdk.client import AgoraClient

from .driver import AgentFailed, AgentProcess
from .job_state import JobState

__all__ = ["load_earlier_workplace_and_session", "set_model_and_mode"]


async def load_earlier_workplace_and_session(
    client: AgoraClient, run: TaskRun, state: JobState, agent_name: str
) -> Mapping[str, Any]:
    """Find the workplace of the session that a job continues: its own, or that of the last job in its context, whose
    session id is copied to the state."""
    # A job that was begun goes on in its own workplace, even if its context has newer jobs meanwhile.
    if state.workplace or run.context_id is None:
        return state.workplace
    page = await client.task.list(context_id=run.context_id, limit=10, descending=True)
    for task in page.tasks:
        checkpoint: Mapping[str, Any] = (await client.task.get(task.task_id)).checkpoint or {}
        # The id of a session is known only to the agent that opened it.
        if task.task_id != run.task_id and checkpoint.get("agent") == agent_name:
            state.session_id, state.turns = checkpoint.get("session_id"), int(checkpoint.get("turns") or 0)
            return dict(checkpoint.get("workplace") or {})
    return {}


async def set_model_and_mode(
    agent: AgentProcess, model: str | None, mode: str | None, add_note: Callable[[str], None]
) -> None:
    """Set model and mode of an open session, as far as its agent supports it. Raises AgentDied."""
    if model and not await agent.set_option_if_supported("model", model):
        add_note(f"the agent does not support choosing a model; {model} is ignored")
    if mode:
        try:
            await agent.set_option_if_supported("mode", mode)
        except AgentFailed as error:
            add_note(f"the agent has no mode {mode}: {error}")
