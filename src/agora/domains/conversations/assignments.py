"""Assignments: an ``assign`` message creates a task, and the answers to it update the task."""

from __future__ import annotations

from typing import Any

from agora.core.call import Call
from agora.domains.tasks import queries as tasks
from agora.domains.tasks.service import TaskService
from agora_sdk.contract.envelopes import Performative
from agora_sdk.contract.fields import TaskStatus

from .delivery import Draft

__all__ = ["create_assigned_task", "update_task_from_answer"]

P = Performative


async def create_assigned_task(call: Call, draft: Draft) -> dict[str, Any]:
    """Create a task for the recipient, or for the assignee in the payload; return the confirmation to send."""
    message = draft.message
    assert message.intent is not None
    # A task has one assignee: further recipients only get the message.
    recipients = [ref for ref in draft.to if ref not in draft.own]
    assignee = recipients[0] if recipients else message.payload.get("agent_id") or message.payload.get("assignee")
    capability = message.payload.get("capability")
    if not recipients and not assignee and isinstance(capability, str):
        assignee = f"capability:{capability}"
    receipt = await TaskService(call).assign(
        message.intent,
        message.payload,
        assignee if isinstance(assignee, str) else None,
        metadata={"agentify": {"sender": draft.sender.name, **({"task": message.task} if message.task else {})}},
    )
    draft.task_id = receipt.task_id
    confirmation = {
        "task_id": receipt.task_id,
        "status": receipt.status.value,
        "assigned_agent": receipt.assigned_agent,
    }
    return {
        "type": "confirm",
        "intent": "task_assigned",
        "payload": confirmation | ({"warning": receipt.warning} if receipt.warning else {}),
    }


async def update_task_from_answer(call: Call, draft: Draft) -> None:
    """Update the task by an assignee's answer to the assignment."""
    question, message = draft.asked, draft.message
    # The asker's own follow-up, such as a timeout, reports nothing about the work.
    if question is None or not question.task_id or question.sender == draft.sender.agent_id:
        return
    task = await call.tx.one(tasks.select_task, task_id=question.task_id)
    # A late answer to an ended task is an ordinary message, not an error of its sender.
    if task is None or task.status not in ("pending", "in_progress", "input_required", "auth_required"):
        return
    service, progress = TaskService(call), message.status.progress if message.status else None
    # The protocol counts progress from 0 to 1, tasks from 0 to 100.
    percent = None if progress is None else progress * 100
    notes = message.payload.get("error") or (message.status.message if message.status else None)
    notes = notes[:4000] if isinstance(notes, str) else None
    if message.type is P.DONE or (message.type is P.INFORM and (message.status is None or not message.status.state)):
        await service.update(task.task_id, TaskStatus.COMPLETED, notes=notes, result=message.payload or None)
    elif message.type is P.FAILURE:
        await service.update(task.task_id, TaskStatus.FAILED, notes=notes)
    elif message.type is P.REFUSE:
        await service.update(task.task_id, TaskStatus.REJECTED, notes=notes)
    elif task.status == "pending" or percent is not None:
        await service.update(task.task_id, TaskStatus.IN_PROGRESS, percent, notes)
