"""Resource changes: the resources and lists that an event changes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from agora.value_classes import value_class

__all__ = ["EVENT_TYPES", "NO_CHANGES", "ResourceChanges", "find_changes_of_event"]

#: types of the events that change resources or lists
EVENT_TYPES: Final = (
    "agora.agent.*",
    "agora.task.*",
    "agora.workflow.*",
    "agora.service.*",
    "agora.upstream.*",
    "agora.virtual_server.*",
)

_PREFIXES: Final = {
    "agora.agent.": "agora://agents/",
    "agora.task.": "agora://tasks/",
    "agora.workflow.": "agora://workflows/",
}
_LIST_CHANGES: Final = frozenset(
    {"agora.agent.registered", "agora.agent.deregistered", "agora.task.assigned", "agora.workflow.created"}
)
#: agents' capabilities may be tools, described by their profiles
_PROFILE_CHANGES: Final = frozenset({"agora.agent.registered", "agora.agent.updated", "agora.agent.deregistered"})


@value_class
class ResourceChanges:
    """uris: changed resources, including those below them. The others: whether the list changed."""

    uris: tuple[str, ...] = ()
    tools: bool = False
    resources: bool = False
    prompts: bool = False


NO_CHANGES: Final = ResourceChanges()


def find_changes_of_event(event: Mapping[str, Any]) -> ResourceChanges:
    """Find the changes of an event in CloudEvents format."""
    type: str = event["type"]
    subject: str | None = event.get("subject")
    if type.startswith(("agora.service.", "agora.upstream.")):
        upstream = type.startswith("agora.upstream.")  # upstreams have resources and prompts
        return ResourceChanges(("agora://catalogue",), tools=True, resources=upstream, prompts=upstream)
    if type.startswith("agora.virtual_server."):
        return ResourceChanges(tools=True)
    prefix = next((uri for begin, uri in _PREFIXES.items() if type.startswith(begin)), None)
    if prefix is None or not subject:
        return NO_CHANGES
    data = event.get("data")
    workflow = data.get("workflow_id") if isinstance(data, dict) else None
    uris = [prefix + subject] + (
        [f"agora://workflows/{workflow}"] if workflow and type.startswith("agora.task.") else []
    )
    return ResourceChanges(tuple(uris), tools=type in _PROFILE_CHANGES, resources=type in _LIST_CHANGES)
