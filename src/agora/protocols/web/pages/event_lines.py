"""Happening: an event as a line that a person reads."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from agora_sdk.contract.events import Event

from ..filters import find_page_path, short_id

__all__ = ["QUIET_TYPES", "EventLine", "describe_events", "notable_events"]

#: Types that only repeat what another one says, or come too often to be read one by one.
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

#: What is said of the thing an event is about. ``{to}`` and the like are from its data.
_PHRASES = {
    "agora.agent.registered": "has registered",
    "agora.agent.updated": "changed its profile",
    "agora.agent.status_changed": "is {to} now",
    "agora.agent.rated": "was rated {rating}",
    "agora.agent.deregistered": "has left",
    "agora.message.received": "wrote",
    "agora.message.held": "wrote to an agent that is not registered yet",
    "agora.message.expired": "was not read in time",
    "agora.broadcast.sent": "told everyone",
    "agora.task.assigned": "was given",
    "agora.task.started": "has begun",
    "agora.task.message": "was talked about",
    "agora.task.commented": "was commented on",
    "agora.task.prioritized": "has the priority {priority} now",
    "agora.attempt.started": "was started: several attempts at one prompt",
    "agora.attempt.chosen": "is decided: an attempt was chosen",
    "agora.review.changed": "of what an agent has changed is {state}",
    "agora.task.follow_up": "has a follow-up: {change}",
    "agora.task.input_required": "has a question",
    "agora.task.auth_required": "needs a credential",
    "agora.task.overdue": "is past its deadline",
    "agora.task.requeued": "went back to its queue",
    "agora.task.reassigned": "was assigned to another agent",
    "agora.task.completed": "is done",
    "agora.task.failed": "has failed",
    "agora.task.cancelled": "was cancelled",
    "agora.task.rejected": "was refused",
    "agora.task.expired": "has expired",
    "agora.task.dead_lettered": "was lost with its worker",
    "agora.workflow.created": "has begun",
    "agora.workflow.approval_required": "waits for approval",
    "agora.workflow.modified": "was changed",
    "agora.workflow.completed": "is done",
    "agora.workflow.failed": "has failed",
    "agora.override.applied": "was overridden: {action}",
    "agora.override.lifted": "is free of an override",
    "agora.override.expired": "is free of an override that has expired",
    "agora.token.created": "is a new key",
    "agora.token.revoked": "is a key no more",
    "agora.deployment.registered": "can be run here",
    "agora.deployment.withdrawn": "can be run here no more",
    "agora.billing.price_set": "has a price",
    "agora.billing.budget_warning": "is near the end of its budget",
    "agora.billing.budget_exhausted": "has used up its budget",
    "agora.billing.invoice_issued": "is a new invoice",
    "agora.app.created": "is a new app",
    "agora.app.updated": "was changed",
    "agora.app.deleted": "is an app no more",
    "agora.declared_agent.created": "was declared",
    "agora.declared_agent.updated": "was declared anew",
    "agora.declared_agent.deleted": "is declared no more",
    "agora.codebase.updated": "is watched, or held",
    "agora.model_provider.updated": "was set",
    "agora.model_provider.deleted": "was deleted",
    "agora.virtual_server.created": "was created",
    "agora.virtual_server.updated": "was changed",
    "agora.virtual_server.deleted": "was deleted",
    "agora.memory.stored": "was remembered",
    "agora.memory.forgotten": "was forgotten",
    "agora.agent.card_changed": "has another card",
    "agora.worker.registered": "takes tasks as a worker",
    "agora.worker.unregistered": "takes no tasks any more",
    "agora.upstream.added": "is a new upstream",
    "agora.upstream.authorized": "was authorized",
    "agora.upstream.changed": "offers something else",
    "agora.upstream.deauthorized": "is not authorized any more",
    "agora.upstream.removed": "is no upstream any more",
    "agora.instance.running": "runs an instance",
    "agora.instance.executed": "has done work on an instance",
    "agora.instance.paused": "has an instance paused",
    "agora.instance.stopped": "has an instance less",
    "agora.instance.failed": "has lost an instance",
}


@dataclass(frozen=True, slots=True)
class EventLine:
    """An event for display. about: its object. what: the description. room: path of the page with details."""

    time: datetime
    about: str
    what: str
    detail: str
    room: str | None


def notable_events(events: Iterable[Event], limit: int) -> list[Event]:
    """The newest of the events without the quiet ones."""
    return [event for event in events if event.type not in QUIET_TYPES][-limit:]


def describe_events(events: Sequence[Event], names: Mapping[str, str]) -> list[EventLine]:
    """Events in words, newest first. names: of agents, by id."""
    return [_describe_event(event, names) for event in reversed(events)]


def _describe_event(event: Event, names: Mapping[str, str]) -> EventLine:
    data: Mapping[str, Any] = event.data if isinstance(event.data, dict) else {}
    about = _find_first_text(data, _NAMES) or names.get(str(data.get("agent_id"))) or names.get(event.subject or "")
    about = about or short_id(event.subject) or event.source.rpartition("/")[2]
    return EventLine(
        event.time,
        about,
        _format_event_phrase(event, data),
        _find_first_text(data, _TEXTS),
        find_page_path(event.subject),
    )


def _format_event_phrase(event: Event, data: Mapping[str, Any]) -> str:
    """In words; an agent's own types as they are."""
    if not event.type.startswith("agora."):
        return event.type
    words = _PHRASES.get(event.type)
    if words is None:
        return event.type.removeprefix("agora.").replace("_", " ").replace(".", " ")
    for name in ("to", "rating", "action"):
        words = words.replace(f"{{{name}}}", str(data.get(name, "")).replace("_", " "))
    return words


def _find_first_text(data: Mapping[str, Any], names: Iterable[str]) -> str:
    return next((str(data[name]) for name in names if isinstance(data.get(name), str) and data[name] != ""), "")
