"""The model view: the tools listed by default for a language model, in short form.

A model reads the listing with every request, so it has a budget, checked by a test: 30 tools and 32,000 bytes of
compact JSON. It contains the catalogue of the marketplace and the tools of an agent at work. Each tool shows the
parameters that most calls need and those that its description names; the operation accepts the others too, and tool
search describes them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from .schemas import simplify_schema

__all__ = ["MODEL_TOOLS", "add_model_defaults", "build_compact_tool_document"]

#: parameters shown by operation; members of an object, or of objects in an array, as ``parameter.member``
MODEL_TOOLS: Final[Mapping[str, tuple[str, ...]]] = {
    # messaging
    "agora.messaging.send": ("to_agent", "content", "message_type", "priority", "correlation_id"),
    "agora.messaging.receive": ("agent_id", "since", "message_type", "unread", "wait", "limit"),
    "agora.messaging.mark": ("message_ids", "status"),
    "agora.messaging.subscribe": ("agent_id", "event_types"),
    "agora.a2a.send": (
        "agent",
        "message",
        "message.messageId",
        "message.parts",
        "message.parts.text",
        "message.parts.data",
        "task_id",
        "wait",
    ),
    # tasks
    "agora.task.assign": ("task_type", "assignee", "payload", "deadline", "priority", "required_capabilities"),
    "agora.task.list": ("agent_id", "status", "since", "until", "limit", "offset", "task_type"),
    "agora.task.get": ("task_id",),
    "agora.task.claim": ("limit", "wait", "task_types"),
    "agora.task.renew": ("task_id", "fencing_token", "progress", "checkpoint"),
    "agora.task.update": ("task_id", "status", "progress", "notes"),
    "agora.task.complete": ("task_id", "result", "notes", "fencing_token"),
    "agora.task.fail": ("task_id", "error", "retry", "fencing_token"),
    # workflows
    "agora.workflow.create": (
        "workflow_name",
        "steps",
        "steps.name",
        "steps.agent",
        "steps.capability",
        "steps.task_type",
        "steps.payload",
        "steps.depends_on",
        "steps.for_each",
        "steps.approval",
        "assigned_agents",
        "metadata",
    ),
    "agora.workflow.status": ("workflow_id",),
    "agora.workflow.modify": (
        "workflow_id",
        "action",
        "step",
        "agent",
        "capability",
        "definition",
        "definition.name",
        "definition.agent",
        "definition.payload",
        "definition.for_each",
        "before",
        "order",
        "reason",
    ),
    "agora.workflow.approve": ("workflow_id", "step", "approved", "comment"),
    # queries and discovery
    "agora.query.agents": ("capabilities", "status", "service_tier", "search", "limit"),
    "agora.query.services": ("category", "version", "status", "limit"),
    "agora.query.marketplace": (),
    "agora.discovery.list": ("category", "version", "status", "schemas", "limit", "offset"),
    "agora.discovery.schema": ("service", "version"),
    # agents
    "agora.agent.register": ("agent_name", "capabilities", "service_tier", "description", "metadata"),
    "agora.agent.get": ("agent_id",),
    # administration, with the permission
    "agora.admin.override": ("target_id", "action", "reason", "priority", "expires_in"),
    "agora.admin.manage": ("resource", "target", "action", "value", "reason"),
    "agora.admin.health": ("component",),
}

#: defaults of parameters that differ by operation: a model cannot read a whole catalogue
MODEL_DEFAULTS: Final[Mapping[str, Mapping[str, Any]]] = {
    "agora.discovery.list": {"schemas": False, "limit": 20},
    "agora.query.services": {"limit": 20},
}

_HINTS: Final = ("readOnlyHint", "destructiveHint")


def add_model_defaults(operation: str, arguments: Mapping[str, Any]) -> Mapping[str, Any]:
    """Add the defaults shown in the listing to the arguments of a call in the model view."""
    defaults = MODEL_DEFAULTS.get(operation)
    return arguments if defaults is None else {**defaults, **arguments}


def build_compact_tool_document(
    document: Mapping[str, Any], operation: str, name: str, parameters: Sequence[str] | None
) -> dict[str, Any]:
    """Build the short form of a tool: name, purpose, parameters and hints. parameters: those shown; None shows all."""
    hints = document.get("annotations") or {}
    schema = simplify_schema(document["inputSchema"], parameters)
    for parameter, default in MODEL_DEFAULTS.get(operation, {}).items():
        schema["properties"][parameter] = schema["properties"][parameter] | {"default": default}
    return {
        "name": name,
        "description": " ".join(document.get("description", "").replace("``", "`").split()),
        "inputSchema": schema,
        "annotations": {hint: hints[hint] for hint in _HINTS if hint in hints},
    }
