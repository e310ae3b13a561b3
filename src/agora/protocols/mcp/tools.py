"""Tools: generated from the operations of the registry.

A tool is called by its canonical name (``agora.messaging.send``), by that name with underscores, or by an
alias; it is listed under one of the first two, depending on the view, and under every tool name of its declaration.
"""

from __future__ import annotations

import asyncio
from bisect import bisect_right
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any
from weakref import WeakKeyDictionary

from pydantic_core import to_json

from agora.core.call import Caller, OperationRegistry
from agora.core.operation_lifecycle import OperationLifecycle
from agora.core.pagination import PageBudget
from agora.value_classes import value_class
from agora_sdk.contract import Exposure, Kind, Lifecycle, Operation
from agora_sdk.errors import NotFound
from agora_sdk.mcp_wire import MIRROR_KEY

from . import cursors
from .model_view import MODEL_TOOLS, build_compact_tool_document
from .request_context import INVALID_PARAMS, JsonRpcError
from .schemas import build_input_schema, build_output_schema
from .tool_view import ToolView

__all__ = [
    "MAX_NAME_CHARACTERS",
    "SEND_OPERATION",
    "Listing",
    "Tool",
    "Tools",
    "build_tool_page",
    "select_foreign_meta",
    "underscore_name",
]

MAX_NAME_CHARACTERS = 64  #: some hosts reject a whole server because of one longer name
SEND_OPERATION = "agora.a2a.send"  #: the only operation whose calls may run as tasks, if the client supports tasks
OWN_META_PREFIX = "agora/"
RESERVED_META_PREFIXES = (
    "io.modelcontextprotocol/",
    OWN_META_PREFIX,
)  #: prefixes of metadata between a server and its client, and of this server's own


def underscore_name(name: str) -> str:
    """Convert a tool's name for hosts that reject dots."""
    return name.replace(".", "_")


@dataclass(eq=False)
class Tool:
    """A tool. ``document`` is its entry of a full listing, under its canonical name.

    operation: the registry's operation that it calls, if any. others: the tool under other names, by name.
    """

    document: dict[str, Any]
    operation: Operation | None = None
    others: dict[str, Tool] = field(default_factory=dict)
    task_support: str = "forbidden"

    @property
    def name(self) -> str:
        name: str = self.document["name"]
        return name

    @property
    def reads(self) -> bool:
        """Whether the tool is declared as read-only."""
        return (self.document.get("annotations") or {}).get("readOnlyHint") is True

    @property
    def description(self) -> str:
        description: str = self.document.get("description", "")
        return description

    @property
    def parameter_names(self) -> tuple[str, ...]:
        return tuple(self.document["inputSchema"].get("properties", ()))

    @property
    def call_document(self) -> Mapping[str, Any]:
        """The entry for a caller, possibly without the output schema."""
        return self.document

    @cached_property
    def compact(self) -> dict[str, Any]:
        """The entry for the model view, with underscores in its name."""
        return build_compact_tool_document(
            self.call_document, self.name, underscore_name(self.name), MODEL_TOOLS.get(self.name)
        )

    def render_for_view(self, view: ToolView) -> dict[str, Any]:
        """Render the entry for a view."""
        document = self.compact if view.compact else self.document
        if view.task_support and self.task_support != "forbidden":
            document = document | {"execution": {"taskSupport": self.task_support}}
        return document | {"name": underscore_name(self.name) if view.underscores else self.name}

    @cached_property
    def _encoded_forms(self) -> dict[tuple[bool, bool, bool], bytes]:
        return {}

    def is_encoded_for_view(self, view: ToolView) -> bool:
        """Whether :meth:`encode_for_view` has a cached entry."""
        return _choose_view_form(view) in self._encoded_forms

    def encode_for_view(self, view: ToolView) -> bytes:
        """Encode the entry as JSON; cached, because listings are long and change seldom."""
        form = _choose_view_form(view)
        encoding = self._encoded_forms.get(form)
        if encoding is None:
            encoding = self._encoded_forms[form] = to_json(self.render_for_view(view))
        return encoding


class OperationTool(Tool):
    """An operation as a tool. Its schemas are built at first use: all of them take a second, and few are used."""

    def __init__(self, operation: Operation, life: OperationLifecycle, name: str) -> None:
        self.operation, self.others = operation, {}
        self.task_support = "optional" if operation.name == SEND_OPERATION else "forbidden"
        self._operation, self._life, self._name = operation, life, name

    @property
    def name(self) -> str:
        return self._name

    @property
    def reads(self) -> bool:
        return self._operation.reads

    @property
    def description(self) -> str:
        return _build_tool_description(self._operation, self._life)

    @property
    def parameter_names(self) -> tuple[str, ...]:
        return tuple(self._operation.parameters)

    @cached_property
    def call_document(self) -> Mapping[str, Any]:
        return _build_call_document(self._operation, self._life) | {"name": self._name}

    @cached_property
    def document(self) -> dict[str, Any]:  # type: ignore[override]
        output = build_output_schema(self._operation)
        return {**self.call_document, **({} if output is None else {"outputSchema": output})}


@value_class
class Listing:
    """One page of tools."""

    view: ToolView
    tools: Sequence[Tool] = field(default=())
    next_cursor: str | None = None

    def to_document(self) -> dict[str, Any]:
        listing: dict[str, Any] = {"tools": [tool.render_for_view(self.view) for tool in self.tools]}
        return listing if self.next_cursor is None else listing | {"nextCursor": self.next_cursor}

    def encode_members(self) -> bytes:
        """Encode the page as the members of a JSON object, without its braces."""
        entries = b",".join(tool.encode_for_view(self.view) for tool in self.tools)
        more = b"" if self.next_cursor is None else b',"nextCursor":' + to_json(self.next_cursor)
        return b'"tools":[' + entries + b"]" + more


class Tools:
    """The operations of the registry as tools."""

    def __init__(self, registry: OperationRegistry) -> None:
        self._registry = registry
        self._tool_cache: WeakKeyDictionary[Operation, dict[OperationLifecycle, Tool]] = WeakKeyDictionary()
        self._headers: WeakKeyDictionary[Operation, bool] = WeakKeyDictionary()

    def has_operation(self, name: str, tenant: str) -> bool:
        """Whether an operation of that name exists."""
        return self._registry.has(name, tenant)

    def resolve_operation(self, name: str, version: str | None, tenant: str) -> Operation:
        """Resolve the operation of a call. Raises JsonRpcError for an unknown tool."""
        try:
            return self._registry.resolve(name, version, tenant)
        except NotFound as error:
            raise JsonRpcError(INVALID_PARAMS, f"Unknown tool: {error}") from None

    def list_visible_tools(self, caller: Caller) -> list[Tool]:
        """List every tool that a caller may call, under each of its names."""
        # A tool list has one entry per name; several versions are reached with the version in _meta.
        newest: dict[str, Operation] = {}
        for operation in self._registry.list_visible(caller):
            twice = operation.name in newest
            newest[operation.name] = self._registry.resolve(operation.name, None, caller.tenant) if twice else operation
        tools = [self.get_or_create_tool(operation, caller.tenant) for operation in newest.values()]
        others = [
            self.get_or_create_alias_tool(operation, name, caller.tenant)
            for operation in newest.values()
            for name in operation.tools
        ]
        return [*tools, *others]

    def list_restricted_tools(self, caller: Caller) -> list[Tool]:
        """List the tools of the catalogue that a caller lacks the scope for. The catalogue is public; upstreams' tools are not, and
        are omitted.
        """
        visible = {operation.name for operation in self._registry.list_visible(caller)}
        return [
            self.get_or_create_tool(operation, caller.tenant)
            for operation in self._registry.operations
            if operation.name not in visible
            and operation.exposure in (Exposure.AGENT, Exposure.OPERATOR)
            # A sunset operation cannot be called with any scope.
            and self._registry.status(operation, caller.tenant) is not Lifecycle.SUNSET
        ]

    def list_categories(self, caller: Caller) -> set[str]:
        """List the categories of all built-in operations, and of the upstream operations visible to the caller."""
        return {operation.category for operation in (*self._registry.operations, *self._registry.list_visible(caller))}

    def get_or_create_tool(self, operation: Operation, tenant: str) -> Tool:
        """Return an operation as a tool, created at first use."""
        life = self._registry.describe_lifecycle(operation, tenant)
        by_life = self._tool_cache.setdefault(operation, {})
        # By lifecycle, because a tenant's override changes the description, and other tenants must not read it.
        tool = by_life.get(life)
        if tool is None:
            tool = by_life[life] = _create_tool(operation, life, operation.name)
        return tool

    def get_or_create_alias_tool(self, operation: Operation, name: str, tenant: str) -> Tool:
        """Return an operation as a tool under one of its other names, created at first use."""
        tool = self.get_or_create_tool(operation, tenant)
        alias = tool.others.get(name)
        if alias is None:
            life = self._registry.describe_lifecycle(operation, tenant)
            alias = tool.others[name] = _create_tool(operation, life, name)
        return alias

    def has_mirrored_headers(self, operation: Operation) -> bool:
        """Whether the operation's schema has arguments repeated in HTTP headers (``x-mcp-header``), which must be
        equal."""
        has_headers = self._headers.get(operation)
        if has_headers is None:
            has_headers = self._headers[operation] = MIRROR_KEY.encode() in to_json(operation.input_schema)
        return has_headers


async def build_tool_page(tools: Iterable[Tool], view: ToolView, cursor: str | None, limit: int) -> Listing:
    """Build a page of tools in name order, of at most ``limit`` bytes. Raises JsonRpcError for an invalid cursor.

    Building all schemas first takes a second of processor time, so the event loop serves others after each new one.
    """
    ordered = sorted(tools, key=lambda tool: tool.name)
    after = cursors.decode_cursor(cursor)
    # By name, not by number: tools that appear or vanish between two pages shift nothing.
    begin = bisect_right(ordered, after, key=lambda tool: tool.name) if after else 0
    budget, entries = PageBudget(limit), []
    for tool in ordered[begin : begin + view.page]:
        if not tool.is_encoded_for_view(view):
            await asyncio.sleep(0)
        if not budget.take_if_fits((tool.encode_for_view(view),)):
            break
        entries.append(tool)
    more = begin + len(entries) < len(ordered)
    return Listing(view, entries, cursors.encode_cursor(entries[-1].name) if more else None)


def _choose_view_form(view: ToolView) -> tuple[bool, bool, bool]:
    """Return the parts of a view that determine the rendering of an entry."""
    return view.compact, view.underscores, view.task_support


def _create_tool(operation: Operation, life: OperationLifecycle, name: str) -> Tool:
    """Create the tool of an operation. One with a ``definition`` is an upstream's tool, shown unchanged."""
    definition = getattr(operation, "definition", None)
    if definition is not None:
        return Tool(_build_upstream_tool_document(operation, definition) | {"name": name}, operation)
    return OperationTool(operation, life, name)


def _build_call_document(operation: Operation, life: OperationLifecycle) -> dict[str, Any]:
    """Build the entry of a listing without the output schema."""
    return {
        "name": operation.name,
        "title": _build_tool_title(operation),
        "description": _build_tool_description(operation, life),
        "inputSchema": build_input_schema(operation),
        "annotations": _build_tool_annotations(operation),
        "_meta": {
            f"{OWN_META_PREFIX}version": operation.version,
            f"{OWN_META_PREFIX}scope": operation.scope,
            f"{OWN_META_PREFIX}status": life.status.value,
        },
    }


def _build_upstream_tool_document(operation: Operation, definition: Mapping[str, Any]) -> dict[str, Any]:
    own_definition = {"name": operation.name, "description": definition.get("description") or operation.description}
    hints = {"readOnlyHint": False, "openWorldHint": True, **(definition.get("annotations") or {})}
    foreign_meta = definition.get("_meta")
    meta = select_foreign_meta(foreign_meta if isinstance(foreign_meta, dict) else {}) | {
        f"{OWN_META_PREFIX}version": operation.version
    }
    # Required by MCP, but some upstreams omit it for tools without parameters.
    schema = definition.get("inputSchema") or {"type": "object"}
    return {**definition, **own_definition, "inputSchema": schema, "annotations": hints, "_meta": meta}


def select_foreign_meta(meta: Mapping[str, Any]) -> dict[str, Any]:
    """Select the members of an upstream's ``_meta`` to pass on."""
    # An upstream must not speak for this server, for example claim a scope or a version.
    return {key: value for key, value in meta.items() if not key.startswith(RESERVED_META_PREFIXES)}


def _build_tool_title(operation: Operation) -> str:
    return f"{operation.category}: {operation.action}".replace("_", " ").capitalize()


def _build_tool_description(operation: Operation, life: OperationLifecycle) -> str:
    text = operation.description
    if operation.kind is Kind.STREAM:
        text += "\n\nAs a tool it returns the items received while it waited; call it again with the cursor as last_event_id."
    if life.status is Lifecycle.DEPRECATED:
        instead = f"; use {life.replacement}" if life.replacement else ""
        text = f"Deprecated{instead}. {text}"
    return text


def _build_tool_annotations(operation: Operation) -> dict[str, Any]:
    reads = operation.reads
    return {
        "title": _build_tool_title(operation),
        "readOnlyHint": reads,
        "destructiveHint": operation.destructive and not reads,
        "idempotentHint": operation.idempotent or reads,
        "openWorldHint": operation.kind is Kind.RELAY,
    }
