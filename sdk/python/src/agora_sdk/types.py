"""Enumerations of the marketplace (strings are accepted in their place), and structured parameters (dictionaries are
accepted in their place)."""

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
from .contract.hosts import HostRequirements
from .contract.instances import InstanceConfig, InstanceStatus
from .contract.operation import Lifecycle
from .contract.workflows import Step, StepStatus, WorkflowStatus

__all__ = [
    "AgentStatus",
    "DeliveryState",
    "HostRequirements",
    "InstanceConfig",
    "InstanceStatus",
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
