"""Signals that tasks publish (ADR 0026): workflows and coding subscribe to them."""

from __future__ import annotations

from dataclasses import dataclass, field

from agora.core.signals import Signal
from agora.value_classes import value_class
from agora_sdk.contract.fields import TaskStatus

from .records import TaskRow

__all__ = ["DELIVERY_TASK_ENDED", "STEP_CANDIDATES", "STEP_TASK_ENDED", "StepCandidates", "StepTaskEnded"]


@value_class
class StepTaskEnded:
    """The end of a workflow step's task. task: its row. error: reason of a failure, else None."""

    task: TaskRow
    status: TaskStatus
    error: str | None


@dataclass(slots=True)
class StepCandidates:
    """Request for the agents assigned to a workflow. agents: references, appended by the handler."""

    workflow_id: str
    agents: list[str] = field(default_factory=list)


DELIVERY_TASK_ENDED: Signal[TaskRow] = Signal("a task that delivers an approved review has ended")
STEP_TASK_ENDED: Signal[StepTaskEnded] = Signal("the task of a workflow's step has ended")
STEP_CANDIDATES: Signal[StepCandidates] = Signal("which agents may take the tasks of a workflow")
