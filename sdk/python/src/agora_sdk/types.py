"""The words of the marketplace, as enumerations: they are strings, and strings are accepted in their place."""

from __future__ import annotations

from .contract.fields import (
    AgentStatus,
    DeliveryState,
    MessageType,
    OverrideAction,
    Priority,
    ServiceTier,
    TaskStatus,
    Visibility,
)
from .contract.operation import Lifecycle
from .contract.workflows import Step, StepStatus, WorkflowStatus

__all__ = [
    "AgentStatus",
    "DeliveryState",
    "Lifecycle",
    "MessageType",
    "OverrideAction",
    "Priority",
    "ServiceTier",
    "Step",
    "StepStatus",
    "TaskStatus",
    "Visibility",
    "WorkflowStatus",
]
