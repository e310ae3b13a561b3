"""Table columns of results with a specific layout."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from operator import attrgetter
from typing import Any

from .output import Column

__all__ = ["TABLES", "build_attribute_columns", "find_table_columns", "has_column_attributes"]


def find_table_columns(result: Any) -> Sequence[Column] | None:
    """Find the columns for an operation's result, if it is a page of a known type."""
    field = getattr(result, "items_field", "")
    columns = TABLES.get(type(result).__name__) or TABLES.get(field)
    items = getattr(result, field, ())
    # A field name may be used for different types: messages of agents, and messages of a session.
    return columns if columns and (not items or has_column_attributes(type(items[0]), columns)) else None


def has_column_attributes(kind: type[Any], columns: Sequence[Column]) -> bool:
    """Whether a type has the attributes that the columns show."""
    names = [read.__reduce__()[1][0] for _, read in columns if isinstance(read, attrgetter)]
    return all(name.partition(".")[0] in kind.model_fields or hasattr(kind, name) for name in names)


def build_attribute_columns(columns: str) -> list[Column]:
    """Build columns of attributes from their names, separated by spaces: ``NAME``, or ``HEADING=NAME``; a ``_`` in a
    heading is shown as a space."""
    pairs = [(heading or name, name) for heading, _, name in (word.rpartition("=") for word in columns.split())]
    return [(heading.replace("_", " "), attrgetter(name)) for heading, name in pairs]


# Most important columns first: a narrow terminal omits the last ones.
_AGENTS = build_attribute_columns(
    "name=agent_name status capabilities load last_activity rating=reputation tier=service_tier id=agent_id"
)
_SERVICES = [
    *build_attribute_columns("name"),
    ("description", lambda service: service.description.split("\n", 1)[0]),
    *build_attribute_columns("scope status version kind"),
    ("calls", lambda service: service.usage.calls if service.usage else None),
    ("p99 ms", lambda service: service.usage.p99_ms if service.usage else None),
]

_TASKS = [
    *build_attribute_columns("id=task_id type=task_type status"),
    ("agent", lambda task: (task.started_at and task.assigned_agent) or task.assignee or task.assigned_agent),
    ("progress", lambda task: f"{task.progress:.0f}%"),
    *build_attribute_columns("priority created=created_at deadline attempts notes"),
]
_WORKFLOWS = [
    *build_attribute_columns("id=workflow_id name=workflow_name status"),
    ("progress", lambda workflow: f"{workflow.progress:.0f}%"),
    ("step", lambda workflow: f"{workflow.current_step}/{workflow.total_steps}"),
    *build_attribute_columns("now=current_steps created=created_at ended=completed_at"),
]

_HOSTS = [
    *build_attribute_columns("name kind status region engines"),
    ("memory MB", lambda host: f"{host.resources.memory_free_mb:,} of {host.resources.memory_mb:,} free"),
    ("cores", lambda host: f"{host.resources.cpu_cores_free:g} of {host.resources.cpu_cores:g} free"),
    ("GPUs", lambda host: f"{host.resources.gpus_free} of {host.resources.gpus} free" if host.resources.gpus else None),
    *build_attribute_columns("instances seen=last_seen"),
]
_EXECUTIONS = [
    *build_attribute_columns("time=created_at endpoint status"),
    ("duration", lambda each: None if each.execution_time is None else f"{each.execution_time * 1000:,.1f} ms"),
    *build_attribute_columns("HTTP=http_status id=execution_id error"),
]
_DEPLOYMENTS = [
    *build_attribute_columns("agent=agent_name version revision engines instances"),
    ("most", lambda agent: agent.max_instances),
    *build_attribute_columns("withdrawn registered=registered_at"),
]

_SESSIONS = build_attribute_columns("id=session_id title agent messages updated=updated_at job=task_id")

#: Columns by the items field of a page, or by the page's type if several types share the field.
TABLES: Mapping[str, Sequence[Column]] = {
    "A2ACatalogue": build_attribute_columns("name url tags description"),
    "RemoteAgentPage": build_attribute_columns("name=agent_name id=agent_id state url error"),
    "PushDeadLetters": build_attribute_columns("task=task_id config=config_id url attempts since=given_up_at error"),
    "dead_letters": build_attribute_columns(
        "time=died_at id=dead_letter_id source recipient=agent_id ref attempts reason"
    ),
    "agents": _AGENTS,
    "backups": build_attribute_columns("time=created_at id=backup_id instance=instance_id bytes=size"),
    "deployments": _DEPLOYMENTS,
    "executions": _EXECUTIONS,
    "hosts": _HOSTS,
    "services": _SERVICES,
    "messages": build_attribute_columns(
        "time=timestamp sender=from_name type=message_type content state=status priority to=to_agent id=message_id"
    ),
    "events": build_attribute_columns("seq=sequence time type data subject source"),
    "tokens": build_attribute_columns(
        "label id=token_id kind scopes created=created_at expires=expires_at revoked=revoked_at"
    ),
    "tasks": _TASKS,
    "workflows": _WORKFLOWS,
    "upstreams": build_attribute_columns(
        "name state tools quarantined dropped server=server_name version=server_version origin error"
    ),
    "workers": build_attribute_columns(
        "name=worker_name status busy=active_tasks seen=last_seen id=worker_id models capabilities owner"
    ),
    "codebases": build_attribute_columns("name state online path id=codebase_id repository worker=worker_id problem"),
    "SessionPage": _SESSIONS,
    "RuntimeSessionPage": [*_SESSIONS, *build_attribute_columns("directory")],
    "SessionMessagePage": [
        *build_attribute_columns("time=created_at role"),
        ("text", lambda message: _join_texts(message.parts)),
    ],
    "turns": build_attribute_columns("number prompt files time=created_at commit job=task_id"),
    "reviews": [
        *build_attribute_columns("job=job_id state"),
        ("changes", lambda review: f"{review.files} files +{review.additions} -{review.deletions}"),
        *build_attribute_columns("title updated=updated_at target revision"),
    ],
    "follow_ups": build_attribute_columns("id=follow_up_id mode text time=created_at taken author"),
    "TaskEntryPage": [
        *build_attribute_columns("time actor entry=type status progress text=content"),
        ("data", attrgetter("data")),
    ],
    "entries": build_attribute_columns("time actor operation target outcome detail"),
}


def _join_texts(parts: Any) -> str:
    """Join the texts of a message's parts."""
    texts = (
        [part.get("text") or part.get("title") for part in parts if isinstance(part, dict)]
        if isinstance(parts, list)
        else []
    )
    return "\n".join(str(text) for text in texts if text)
