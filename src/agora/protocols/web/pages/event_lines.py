"""Event lines: events described in text."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from agora.value_classes import value_class
from agora_sdk.contract.events import Event

from ..filters import find_page_path, short_id

__all__ = ["QUIET_TYPES", "EventLine", "describe_events", "select_notable_events"]

#: types that duplicate another event, or are too frequent to be read individually
QUIET_TYPES = frozenset(
    {
        "agora.task.available",
        "agora.task.artifact",
        "agora.task.output",
        "agora.task.progress",
        "agora.message.marked",
        "agora.workflow.updated",
        "agora.subscription.created",
        "agora.bus.reclaimed",
        "agora.instance.requested",
        "agora.instance.provisioning",
        "agora.instance.starting",
        "agora.instance.pausing",
        "agora.instance.resuming",
        "agora.instance.stopping",
    }
)
_NAMES = ("agent_name", "workflow_name", "task_type", "from_name", "name", "worker_name", "number", "key")
_TEXTS = ("content", "reason", "error", "notes", "message", "comment", "milestone")

#: predicates about the event's object; ``{to}`` and the like are from its data
_PHRASES = {
    "agora.agent.registered": "registered",
    "agora.agent.updated": "changed its profile",
    "agora.agent.status_changed": "is now {to}",
    "agora.agent.rated": "was rated {rating}",
    "agora.agent.deregistered": "was deregistered",
    "agora.message.received": "sent a message",
    "agora.message.held": "sent a message to an agent that is not registered yet",
    "agora.message.expired": "was not read in time",
    "agora.broadcast.sent": "sent a broadcast",
    "agora.task.assigned": "was assigned",
    "agora.task.started": "was started",
    "agora.task.message": "has a new message",
    "agora.task.commented": "was commented on",
    "agora.task.prioritized": "has a new priority: {priority}",
    "agora.attempt.started": "was started: several attempts at one prompt",
    "agora.attempt.chosen": "is decided: an attempt was chosen",
    "agora.review.changed": "has a review: {state}",
    "agora.task.follow_up": "has a follow-up: {change}",
    "agora.task.input_required": "has a question",
    "agora.task.auth_required": "needs a credential",
    "agora.task.overdue": "is past its deadline",
    "agora.task.requeued": "was requeued",
    "agora.task.reassigned": "was assigned to another agent",
    "agora.task.completed": "was completed",
    "agora.task.failed": "failed",
    "agora.task.cancelled": "was cancelled",
    "agora.task.rejected": "was rejected",
    "agora.task.expired": "expired",
    "agora.task.dead_lettered": "became a dead letter",
    "agora.workflow.created": "was started",
    "agora.workflow.approval_required": "waits for approval",
    "agora.workflow.modified": "was changed",
    "agora.workflow.completed": "was completed",
    "agora.workflow.failed": "failed",
    "agora.override.applied": "was overridden: {action}",
    "agora.override.lifted": "is no longer overridden",
    "agora.override.expired": "has an override that expired",
    "agora.token.created": "is a new key",
    "agora.token.revoked": "is a revoked key",
    "agora.deployment.registered": "can be deployed",
    "agora.deployment.withdrawn": "can no longer be deployed",
    "agora.billing.price_set": "has a price",
    "agora.billing.budget_warning": "has nearly exhausted its budget",
    "agora.billing.budget_exhausted": "has exhausted its budget",
    "agora.billing.invoice_issued": "is a new invoice",
    "agora.app.created": "is a new app",
    "agora.app.updated": "was changed",
    "agora.app.deleted": "was deleted",
    "agora.declared_agent.created": "was declared",
    "agora.declared_agent.updated": "was changed",
    "agora.declared_agent.deleted": "was deleted",
    "agora.codebase.updated": "has new queue settings",
    "agora.model_provider.updated": "was set",
    "agora.model_provider.deleted": "was deleted",
    "agora.virtual_server.created": "was created",
    "agora.virtual_server.updated": "was changed",
    "agora.virtual_server.deleted": "was deleted",
    "agora.memory.stored": "was stored in a memory",
    "agora.memory.forgotten": "was deleted from a memory",
    "agora.agent.card_changed": "has a new agent card",
    "agora.worker.registered": "registered as a worker",
    "agora.worker.unregistered": "was unregistered as a worker",
    "agora.upstream.added": "was added as an upstream",
    "agora.upstream.authorized": "was authorized",
    "agora.upstream.changed": "changed its tools",
    "agora.upstream.deauthorized": "is no longer authorized",
    "agora.upstream.removed": "was removed as an upstream",
    "agora.instance.running": "has a new running instance",
    "agora.instance.executed": "ran on an instance",
    "agora.instance.paused": "has a paused instance",
    "agora.instance.stopped": "has a stopped instance",
    "agora.instance.failed": "has a failed instance",
}


@value_class
class EventLine:
    """An event for display. about: its object. what: the description. page_path: of the page with details."""

    time: datetime
    about: str
    what: str
    detail: str
    page_path: str | None


def select_notable_events(events: Iterable[Event], limit: int) -> list[Event]:
    """Select the newest events that are not quiet."""
    return [event for event in events if event.type not in QUIET_TYPES][-limit:]


def describe_events(events: Sequence[Event], names: Mapping[str, str]) -> list[EventLine]:
    """Describe events in text, newest first. names: of agents, by id."""
    return [_describe_event(event, names) for event in reversed(events)]


def _describe_event(event: Event, names: Mapping[str, str]) -> EventLine:
    data: Mapping[str, Any] = event.data if isinstance(event.data, dict) else {}
    subject = _find_first_text(data, _NAMES) or names.get(str(data.get("agent_id"))) or names.get(event.subject or "")
    subject = subject or short_id(event.subject) or event.source.rpartition("/")[2]
    return EventLine(
        event.time,
        subject,
        _format_event_phrase(event, data),
        _find_first_text(data, _TEXTS),
        find_page_path(event.subject),
    )


def _format_event_phrase(event: Event, data: Mapping[str, Any]) -> str:
    """Describe an event; types defined by agents are shown unchanged."""
    if not event.type.startswith("agora."):
        return event.type
    words = _PHRASES.get(event.type)
    if words is None:
        return event.type.removeprefix("agora.").replace("_", " ").replace(".", " ")
    for name in ("to", "rating", "action", "priority", "state", "change"):
        words = words.replace(f"{{{name}}}", str(data.get(name, "")).replace("_", " "))
    return words


def _find_first_text(data: Mapping[str, Any], names: Iterable[str]) -> str:
    return next((str(data[name]) for name in names if isinstance(data.get(name), str) and data[name] != ""), "")
