"""Outcomes of operations as sentences, shown as notices on the next page."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from agora_sdk.contract import Operation

from .filters import find_page_path
from .notices import NoticeLink

__all__ = ["CHAT_ELEMENT_ID", "CHAT_OPERATION", "describe_outcome", "find_result_page_path", "list_answer_links"]

#: fields of a result with the id of the created or changed object, most specific first
RESULT_IDS: Final = ("group_id", "task_id", "workflow_id", "message_id", "instance_id", "agent_id", "dead_letter_id")

CHAT_OPERATION: Final = "agora.orchestrator.chat"
CHAT_ELEMENT_ID: Final = "chat-answer"  #: id of the element below the chat's form
#: by operation name without ``agora.``, followed by the form's ``action``, ``approved`` or ``mode`` for operations with
#: variants
MESSAGE_BY_OPERATION: Final[Mapping[str, str]] = {
    "a2a.add_remote": "Remote agent added",
    "a2a.refresh_remote": "Remote agent refreshed",
    "a2a.remove_remote": "Remote agent removed",
    "admin.manage": "Changed",
    "admin.manage activate": "Activated",
    "admin.manage hand_over": "Work and messages handed over",
    "admin.manage reset": "Reset",
    "admin.manage retire": "Agent retired",
    "admin.manage set": "Set",
    "admin.manage set_tier": "Tier changed",
    "admin.manage suspend": "Agent suspended",
    "admin.override emergency_halt": "Halted",
    "admin.override pause": "Paused",
    "admin.override resume": "Resumed",
    "admin.override terminate": "Terminated",
    "agent.deregister": "Agent deregistered",
    "agent.rate": "Rating stored",
    "agent.register": "Agent registered",
    "agent.update": "Agent changed",
    "app.delete": "App removed",
    "app.run": "Workflow started",
    "attempt.choose": "Attempt chosen; the other attempts were ended",
    "attempt.start": "Attempts queued",
    "billing.budget": "Budget set",
    "billing.credit": "Credit booked",
    "billing.set_price": "Price set",
    "conversation.send": "Message sent",
    "dead_letter.discard": "Discarded",
    "dead_letter.replay": "Replayed: delivery is attempted again",
    "declared_agent.apply": "Declared",
    "declared_agent.delete": "Declaration deleted",
    "declared_agent.rollback": "Rolled back",
    "event.publish": "Event published",
    "follow_up.add": "Queued for the agent",
    "follow_up.add steering": "The agent is interrupted and notified",
    "follow_up.edit": "Follow-up changed",
    "follow_up.remove": "Follow-up removed",
    "follow_up.wake": "Job queued: the session continues",
    "instance.backup": "Instance backed up",
    "instance.create": "Instance created",
    "instance.execute": "Executed",
    "instance.pause": "Instance paused",
    "instance.resume": "Instance resumed",
    "instance.scale": "Scaling set",
    "instance.terminate": "Instance terminated",
    "messaging.send": "Message sent",
    "monitor.intervene": "Done; the agent was notified",
    "monitor.intervene emergency_halt": "Agent halted",
    "monitor.intervene message": "Message sent",
    "monitor.intervene pause": "Agent paused",
    "monitor.intervene resume": "Agent resumed",
    "monitor.intervene terminate": "Agent terminated",
    "worker.drain": "Draining: it exits after its last task",
    "worktree.clean": "The worker checks each worktree again and removes those without unsaved work",
    "codebase.start_watch": "Watching: its worker claims queued jobs",
    "codebase.remove": "Codebase unregistered",
    "review.approve": "Approved: the worker executes it",
    "review.comment": "Comment stored",
    "review.dismiss": "Dismissed; the branch is kept",
    "review.remove_comment": "Comment removed",
    "review.request_changes": "Sent back to the agent",
    "orchestrator.chat": "Answered",
    "registry.import": "Upstream imported",
    "session.resume": "Job queued: the session continues",
    "task.assign": "Task assigned",
    "task.cancel": "Task cancelled",
    "task.comment": "Comment added",
    "task.message": "Answer sent",
    "task.prioritize": "Place in the queue changed",
    "task.reassign": "Task reassigned",
    "task.requeue": "Task is back in its queue",
    "task.retry": "Task retried",
    "task.update": "Task changed",
    "turn.fork": "Job queued: a session is forked",
    "turn.rewind": "Job queued: the turn is rewound",
    "tenant.create": "Tenant created",
    "tenant.delete": "Tenant is being deleted",
    "tenant.resume": "Tenant resumed",
    "tenant.suspend": "Tenant suspended",
    "tenant.update": "Tenant changed",
    "token.create": "Key created",
    "token.revoke": "Key revoked",
    "upstream.accept": "Change accepted",
    "upstream.add": "Upstream added",
    "upstream.authorize": "Authorization begun",
    "upstream.deauthorize": "Authorization ended",
    "upstream.finish_authorization": "Upstream authorized",
    "upstream.refresh": "Upstream refreshed",
    "upstream.remove": "Upstream removed",
    "user.update": "User changed",
    "workflow.approve false": "Rejected",
    "workflow.approve true": "Approved",
    "workflow.cancel": "Workflow cancelled",
    "workflow.create": "Workflow started",
    "workflow.modify add": "Step added",
    "workflow.modify pause": "Workflow paused",
    "workflow.modify reassign": "Step reassigned",
    "workflow.modify reorder": "Steps reordered",
    "workflow.modify resume": "Workflow resumed",
    "workflow.modify skip": "Step skipped",
    "workflow.modify terminate": "Workflow terminated",
}


def describe_outcome(operation: Operation, field: Callable[[str], str | None], result: Any = None) -> str:
    """Describe the outcome of an operation; by its summary without an entry in WORDS. field: reads a field of the form.

    For the chat, return its answer.
    """
    if operation.name == CHAT_OPERATION and result is not None:
        return str(result.response)
    name = operation.name.removeprefix("agora.")
    which = field("action") or field("approved") or field("mode")
    text = MESSAGE_BY_OPERATION.get(f"{name} {which}") or MESSAGE_BY_OPERATION.get(name)
    return text or f"Done: {operation.summary.rstrip('.')}"


def list_answer_links(answer: Any) -> tuple[NoticeLink, ...]:
    """List the agents and apps in an answer of the chat."""
    links: list[NoticeLink] = []
    for row in answer.data:
        path = find_page_path(row.get("app_id") or row.get("id"))
        if path is not None:
            summary = row.get("description") or ", ".join(row.get("capabilities") or row.get("uses") or ())
            about = ", ".join(filter(None, [row.get("status"), summary[:200]]))
            links.append(NoticeLink(path, str(row["name"]), about))
    return tuple(links)


def find_result_page_path(result: Any) -> str:
    """Find the path of the page of the created object, below the monitor; empty if there is none."""
    ids = (getattr(result, name, None) for name in RESULT_IDS)
    return next((path for id in ids if isinstance(id, str) and (path := find_page_path(id))), "")
