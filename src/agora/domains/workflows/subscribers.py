"""Signal handlers of workflows for signals of tasks."""

from __future__ import annotations

from agora.core.call import Call, decode_json
from agora.domains.tasks.signals import StepCandidates, StepTaskEnded

from . import queries as workflows
from .progress import settle_step_of_ended_task

__all__ = ["add_workflow_agents_as_candidates", "advance_workflow"]


async def advance_workflow(call: Call, ended: StepTaskEnded) -> None:
    """Advance the workflow of a step whose task has ended."""
    await settle_step_of_ended_task(call, ended.task, ended.status, ended.error)


async def add_workflow_agents_as_candidates(call: Call, asked: StepCandidates) -> None:
    """Append the agents assigned to a workflow."""
    row = await call.tx.one(workflows.select_workflow, workflow_id=asked.workflow_id)
    if row is not None:
        asked.agents += decode_json(row.assigned_agents)
