"""The envelope: the reserved members of a request's ``_meta``, as far as they are plain."""

from __future__ import annotations

from typing import Any, Final

from . import server_info as about

__all__ = ["CAPABILITIES", "plain_meta"]

VERSION: Final = "io.modelcontextprotocol/protocolVersion"
CAPABILITIES: Final = "io.modelcontextprotocol/clientCapabilities"
CLIENT: Final = "io.modelcontextprotocol/clientInfo"

_INFO: Final = frozenset({"name", "version", "title", "description", "websiteUrl"})
#: the members of each capability that are objects, and those that are flags
_OBJECTS: Final = {
    "sampling": frozenset({"context", "tools"}),
    "elicitation": frozenset({"form", "url"}),
}
_FLAGS: Final = {"roots": frozenset({"listChanged"})}


def plain_meta(meta: Any, *, modern: bool) -> bool:
    """Whether there is nothing in it that needs the SDK's eye; what is odd or malformed does."""
    if not isinstance(meta, dict):
        return False
    for name, value in meta.items():
        if name == "progressToken":
            if type(value) is not int and type(value) is not str:
                return False
        elif name.startswith("io.modelcontextprotocol/") and not (modern and _plain(name, value)):
            return False
    return not modern or (VERSION in meta and CAPABILITIES in meta)


def _plain(name: str, value: Any) -> bool:
    if name == VERSION:
        return bool(value == about.MODERN)
    if name == CLIENT:
        return (
            isinstance(value, dict)
            and {"name", "version"} <= value.keys() <= _INFO
            and all(isinstance(part, str) for part in value.values())
        )
    return name == CAPABILITIES and isinstance(value, dict) and all(_capability(*pair) for pair in value.items())


def _capability(name: str, value: Any) -> bool:
    if not isinstance(value, dict):
        return False
    if name in ("extensions", "experimental"):
        return all(isinstance(part, dict) for part in value.values())
    if name in _FLAGS:
        return value.keys() <= _FLAGS[name] and all(isinstance(part, bool) for part in value.values())
    return name in _OBJECTS and value.keys() <= _OBJECTS[name] and all(isinstance(p, dict) for p in value.values())
