"""The ``_meta`` of a request: checks whether the reserved members of a request's ``_meta`` are in standard form."""

from __future__ import annotations

from typing import Any, Final

from . import server_info

__all__ = ["CAPABILITIES_KEY", "is_standard_meta"]

VERSION_KEY: Final = "io.modelcontextprotocol/protocolVersion"
CAPABILITIES_KEY: Final = "io.modelcontextprotocol/clientCapabilities"
CLIENT_INFO_KEY: Final = "io.modelcontextprotocol/clientInfo"

_CLIENT_INFO_MEMBERS: Final = frozenset({"name", "version", "title", "description", "websiteUrl"})
#: members of each capability that are objects
_OBJECT_MEMBERS: Final = {
    "sampling": frozenset({"context", "tools"}),
    "elicitation": frozenset({"form", "url"}),
}
#: from the older era; redundant in requests that have a task id
_RELATED_TASK: Final = "io.modelcontextprotocol/related-task"
_FLAG_MEMBERS: Final = {"roots": frozenset({"listChanged"})}


def is_standard_meta(meta: Any, *, modern: bool) -> bool:
    """Whether ``meta`` is in standard form; otherwise the SDK must process the request."""
    if not isinstance(meta, dict):
        return False
    for name, value in meta.items():
        if name == "progressToken":
            if type(value) is not int and type(value) is not str:
                return False
        elif name == _RELATED_TASK and not modern:
            continue
        elif name.startswith("io.modelcontextprotocol/") and not (modern and _is_standard_member(name, value)):
            return False
    return not modern or (VERSION_KEY in meta and CAPABILITIES_KEY in meta)


def _is_standard_member(name: str, value: Any) -> bool:
    if name == VERSION_KEY:
        return bool(value == server_info.MODERN_VERSION)
    if name == CLIENT_INFO_KEY:
        return (
            isinstance(value, dict)
            and {"name", "version"} <= value.keys() <= _CLIENT_INFO_MEMBERS
            and all(isinstance(part, str) for part in value.values())
        )
    return (
        name == CAPABILITIES_KEY
        and isinstance(value, dict)
        and all(_is_well_formed_capability(*pair) for pair in value.items())
    )


def _is_well_formed_capability(name: str, value: Any) -> bool:
    if not isinstance(value, dict):
        return False
    if name in ("extensions", "experimental"):
        return all(isinstance(part, dict) for part in value.values())
    if name in _FLAG_MEMBERS:
        return value.keys() <= _FLAG_MEMBERS[name] and all(isinstance(part, bool) for part in value.values())
    return (
        name in _OBJECT_MEMBERS
        and value.keys() <= _OBJECT_MEMBERS[name]
        and all(isinstance(p, dict) for p in value.values())
    )
