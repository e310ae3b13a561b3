"""Tools: the catalogue's operations as MCP shows them. Nothing is listed by hand.

A tool is called by its canonical name (``agora.messaging.send``), by the same with underscores, or by an
alias; it is listed under one of the first two, as the view says, and under every name that its declaration gives it as
a tool.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any
from weakref import WeakKeyDictionary

from pydantic_core import to_json

from agora.core.call import Caller, OperationRegistry
from agora_sdk.contract import Kind, Lifecycle, Operation
from agora_sdk.errors import NotFound

from . import cursors, toolsets
from .exchange import INVALID_PARAMS, Refusal
from .schemas import input_schema, output_schema
from .view import View

__all__ = ["NAME_LIMIT", "Listing", "Tool", "Tools", "foreign", "page", "underscored"]

NAME_LIMIT = 64  #: several hosts refuse a whole server over one longer name
META = "agora/"
RESERVED = ("io.modelcontextprotocol/", META)  #: begin what one server says to one client, and what this one says


def underscored(name: str) -> str:
    """A tool's name for hosts that refuse dots."""
    return name.replace(".", "_")


@dataclass(eq=False)
class Tool:
    """One tool, described once. ``document`` is its entry of a listing, under its canonical name.

    others: the same under other names, by name.
    """

    document: dict[str, Any]
    others: dict[str, Tool] = field(default_factory=dict)

    @property
    def name(self) -> str:
        name: str = self.document["name"]
        return name

    def shown(self, view: View) -> dict[str, Any]:
        """The entry as a view shows it."""
        return self.document | {"name": underscored(self.name)} if view.underscores else self.document

    @cached_property
    def _dotted(self) -> bytes:
        return to_json(self.document)

    @cached_property
    def _underscored(self) -> bytes:
        return to_json(self.document | {"name": underscored(self.name)})

    def encoded(self, view: View) -> bytes:
        """The entry as JSON; kept, because listings are long and change seldom."""
        return self._underscored if view.underscores else self._dotted


@dataclass(frozen=True, slots=True)
class Listing:
    """One page of tools."""

    view: View
    tools: Sequence[Tool] = field(default=())
    next_cursor: str | None = None

    def document(self) -> dict[str, Any]:
        found: dict[str, Any] = {"tools": [tool.shown(self.view) for tool in self.tools]}
        return found if self.next_cursor is None else found | {"nextCursor": self.next_cursor}

    def members(self) -> bytes:
        """The same as the members of a JSON object, without its braces."""
        entries = b",".join(tool.encoded(self.view) for tool in self.tools)
        more = b"" if self.next_cursor is None else b',"nextCursor":' + to_json(self.next_cursor)
        return b'"tools":[' + entries + b"]" + more


class Tools:
    """The catalogue's operations as tools."""

    def __init__(self, catalogue: OperationRegistry) -> None:
        self._catalogue = catalogue
        self._described: WeakKeyDictionary[Operation, dict[Lifecycle, Tool]] = WeakKeyDictionary()
        self._headers: WeakKeyDictionary[Operation, bool] = WeakKeyDictionary()

    def has(self, name: str, tenant: str) -> bool:
        """Whether there is an operation of that name."""
        return self._catalogue.has(name, tenant)

    def find(self, name: str, version: str | None, tenant: str) -> Operation:
        """The operation a call names; raises Refusal for what is no tool."""
        try:
            return self._catalogue.find(name, version, tenant)
        except NotFound as error:
            raise Refusal(INVALID_PARAMS, f"Unknown tool: {error}") from None

    def visible(self, caller: Caller, view: View) -> list[Tool]:
        """Every tool a caller may call, in a view's toolsets; raises InvalidRequest for one there is not."""
        operations = self._catalogue.visible(caller)
        if view.toolsets:
            known = {found.category for found in (*self._catalogue.operations, *operations)}
            toolsets.check(view.toolsets, known)
        newest: dict[str, Operation] = {}
        for operation in operations:
            if toolsets.covers(view.toolsets, operation):
                twice = operation.name in newest
                newest[operation.name] = (
                    self._catalogue.find(operation.name, None, caller.tenant) if twice else operation
                )
        found = [self.tool(operation, caller.tenant) for operation in newest.values()]
        others = [
            self.named(operation, name, caller.tenant) for operation in newest.values() for name in operation.tools
        ]
        return [*found, *others]

    def tool(self, operation: Operation, tenant: str) -> Tool:
        """An operation as a tool."""
        status = self._catalogue.status(operation, tenant)
        by_status = self._described.setdefault(operation, {})
        known = by_status.get(status)
        if known is None:
            known = by_status[status] = Tool(_describe(operation, status))
        return known

    def named(self, operation: Operation, name: str, tenant: str) -> Tool:
        """An operation as a tool under another name that it has there."""
        tool = self.tool(operation, tenant)
        known = tool.others.get(name)
        if known is None:
            known = tool.others[name] = Tool(tool.document | {"name": name})
        return known

    def has_headers(self, operation: Operation) -> bool:
        """Whether its schema has arguments repeated in HTTP headers (``x-mcp-header``), which must then agree."""
        known = self._headers.get(operation)
        if known is None:
            known = self._headers[operation] = b'"x-mcp-header"' in to_json(operation.input_schema)
        return known


def page(tools: Iterable[Tool], view: View, cursor: str | None) -> Listing:
    """One page of tools in the order of their names; raises Refusal for what is no cursor."""
    ordered = sorted(tools, key=lambda tool: tool.name)
    after = cursors.opened(cursor)
    begin = bisect_right(ordered, after, key=lambda tool: tool.name) if after else 0
    shown = ordered[begin : begin + view.page]
    more = begin + view.page < len(ordered)
    return Listing(view, shown, cursors.closed(shown[-1].name) if more else None)


def _describe(operation: Operation, status: Lifecycle) -> dict[str, Any]:
    """The entry of a listing. An operation with a ``definition`` is a tool from elsewhere, shown as it is there."""
    given = getattr(operation, "definition", None)
    if given is not None:
        return _relayed(operation, given)
    document: dict[str, Any] = {
        "name": operation.name,
        "title": _title(operation),
        "description": _description(operation, status),
        "inputSchema": input_schema(operation),
        "annotations": _annotations(operation),
        "_meta": {f"{META}version": operation.version, f"{META}scope": operation.scope, f"{META}status": status.value},
    }
    output = output_schema(operation)
    return document if output is None else document | {"outputSchema": output}


def _relayed(operation: Operation, given: Mapping[str, Any]) -> dict[str, Any]:
    own = {"name": operation.name, "description": given.get("description") or operation.description}
    hints = {"readOnlyHint": False, "openWorldHint": True, **(given.get("annotations") or {})}
    theirs = given.get("_meta")
    meta = foreign(theirs if isinstance(theirs, dict) else {}) | {f"{META}version": operation.version}
    schema = given.get("inputSchema") or {"type": "object"}
    return {**given, **own, "inputSchema": schema, "annotations": hints, "_meta": meta}


def foreign(meta: Mapping[str, Any]) -> dict[str, Any]:
    """The members of another server's ``_meta`` that are its own to say."""
    return {key: value for key, value in meta.items() if not key.startswith(RESERVED)}


def _title(operation: Operation) -> str:
    return f"{operation.category}: {operation.action}".replace("_", " ").capitalize()


def _description(operation: Operation, status: Lifecycle) -> str:
    text = operation.description
    if operation.kind is Kind.STREAM:
        text += "\n\nAs a tool it answers what came while it waited; call it again with the cursor as last_event_id."
    if status is Lifecycle.DEPRECATED:
        instead = f"; use {operation.replacement}" if operation.replacement else ""
        text = f"Deprecated{instead}. {text}"
    return text


def _annotations(operation: Operation) -> dict[str, Any]:
    reads = operation.reads
    return {
        "title": _title(operation),
        "readOnlyHint": reads,
        "destructiveHint": operation.destructive and not reads,
        "idempotentHint": operation.idempotent or reads,
        "openWorldHint": operation.kind is Kind.RELAY,
    }
