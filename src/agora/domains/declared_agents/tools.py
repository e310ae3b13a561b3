"""Tools of declared agents: resolution of the names in a specification.

Marketplace operations are granted by a manual list: an operation is included only if its reads and writes are bounded
by the calling task. Everything else (inboxes, bills, credentials, other tasks of the same agent)
belongs to the agent or its operator, and must be out of reach of a model that follows injected instructions.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Literal

from agora.core.call import OperationRegistry
from agora.value_classes import value_class
from agora_sdk.contract import Operation
from agora_sdk.contract.declared_agents import AgentSpecification, AgentTool
from agora_sdk.errors import InvalidRequest, field_error

__all__ = ["ANY_AGENT", "TOOLSETS", "ResolvedTool", "describe_tool", "reject_unknown_tool_names", "resolve_tools"]

Bound = Literal["none", "child", "parent", "memory", "directory", "asker"]
AGENT_TASK = "a2a.message"
ANY_AGENT = "*"
MAX_NAME = 64  # maximum characters of a tool name that every provider accepts
_INVALID_NAME_CHARACTERS = re.compile(r"[^A-Za-z0-9_-]+")


@value_class
class Grant:
    """An operation that may be granted to a declared agent.

    parameters: visible to its model. bound: how it is restricted to its task: ``child`` (the named task was created by
    this task), ``parent`` (the created task becomes a subtask), ``memory`` (keys of the requester), ``directory``
    (publicly visible data), ``asker`` (executed as the requester, who owns the result).
    """

    operation: str
    parameters: tuple[str, ...]
    bound: Bound = "none"


TOOLSETS: Mapping[str, Sequence[Grant]] = {
    "messaging": (Grant("agora.messaging.send", ("to_agent", "content", "message_type", "priority")),),
    "tasks": (
        Grant("agora.task.assign", ("task_type", "payload", "assignee", "required_capabilities", "priority"), "parent"),
        Grant("agora.task.get", ("task_id",), "child"),
        Grant("agora.task.output", ("task_id", "offset", "limit"), "child"),
        Grant("agora.task.cancel", ("task_id", "reason"), "child"),
    ),
    "memory": (
        Grant("agora.memory.store", ("key", "value", "tags"), "memory"),
        Grant("agora.memory.recall", ("key",), "memory"),
        Grant("agora.memory.list", ("prefix", "limit"), "memory"),
        Grant("agora.memory.forget", ("key",), "memory"),
    ),
    "agents": (Grant("agora.query.agents", ("capabilities", "search", "limit"), "directory"),),
    "marketplace": (
        Grant(
            "agora.orchestrator.search_agents",
            (
                "query",
                "capability",
                "name",
                "industry",
                "free",
                "max_price",
                "min_rating",
                "status",
                "sort",
                "limit",
            ),
            "directory",
        ),
        Grant("agora.orchestrator.get_agent", ("ref",), "directory"),
        Grant("agora.orchestrator.search_apps", ("query", "industry", "free", "limit"), "directory"),
        Grant("agora.orchestrator.get_marketplace_stats", ("of", "capability", "status", "free"), "directory"),
        Grant(
            "agora.orchestrator.register_agent",
            ("name", "agent_id", "capabilities", "description", "category"),
            "asker",
        ),
    ),
}
_GRANTS = {grant.operation: grant for grants in TOOLSETS.values() for grant in grants}


@value_class
class ResolvedTool:
    """A tool of an agent.

    source: the specification's name for it. agent: addressee of an ``agent:`` tool; ``*`` if the model chooses it.
    """

    name: str
    source: str
    operation: Operation
    grant: Grant | None = None
    agent: str | None = None
    capability: str | None = None
    hands_over: bool = False
    needs_approval: bool = False


def reject_unknown_tool_names(specification: AgentSpecification) -> None:
    """Check for names that no tool can have. Tools of upstreams and other agents need not exist yet."""
    unknown = [name for name in specification.tools if not _is_tool_name(name)]
    if unknown:
        names = ", ".join([*TOOLSETS, *_GRANTS])
        raise InvalidRequest(
            f"{unknown[0]!r} cannot be a tool of a declared agent.",
            fix=f"Tools are {names}, upstream:NAME, NAME.TOOL, agent:NAME, agent:*, handoff:NAME and capability:NAME.",
            errors=[field_error("specification.tools", f"no tool {name!r}") for name in unknown],
        )
    absent = [name for name in specification.approval if name != "*" and not _is_tool_name(name)]
    if absent:
        raise InvalidRequest(
            f"{absent[0]!r} is not a tool that can require approval.",
            fix="Name a tool or a toolset as in the field tools, or '*'.",
            errors=[field_error("specification.approval", f"no tool {name!r}") for name in absent],
        )


def _is_tool_name(name: str) -> bool:
    prefix, separator, tool_name = name.partition(":")
    if separator:
        if tool_name == ANY_AGENT:
            return prefix == "agent"
        return prefix in ("upstream", "agent", "handoff", "capability") and bool(tool_name)
    if name in TOOLSETS or name in _GRANTS:
        return True
    # Tools of upstreams have their upstream's name as a prefix; marketplace operations need a grant.
    return "." in name.strip(".") and not name.startswith(("agora.", "agora_"))


def resolve_tools(
    specification: AgentSpecification, registry: OperationRegistry, operations: Sequence[Operation], tenant: str
) -> Mapping[str, ResolvedTool]:
    """Resolve the currently available tools by the model's names. operations: all operations of the tenant."""
    tools: dict[str, ResolvedTool] = {}
    for source in specification.tools:
        for tool in _expand_name(source, registry, operations, tenant):
            waits = not {"*", source, tool.operation.name}.isdisjoint(specification.approval)
            name = tool.name if tool.name not in tools else _shorten_name(f"{tool.name}_{len(tools)}")
            if any(other.source == tool.source and other.operation is tool.operation for other in tools.values()):
                continue
            # The name is what the model sees, so two tools of one name get numbers.
            tools[name] = ResolvedTool(
                name, source, tool.operation, tool.grant, tool.agent, tool.capability, tool.hands_over, waits
            )
    return tools


def _expand_name(
    source: str, registry: OperationRegistry, operations: Sequence[Operation], tenant: str
) -> Iterator[ResolvedTool]:
    prefix, separator, tool_name = source.partition(":")
    if source in TOOLSETS:
        for grant in TOOLSETS[source]:
            yield _build_granted_tool(source, grant, registry, tenant)
    elif source in _GRANTS:
        yield _build_granted_tool(source, _GRANTS[source], registry, tenant)
    elif separator and prefix in ("agent", "handoff"):
        verb = "ask" if prefix == "agent" else "hand_over_to"
        name = "ask_agent" if tool_name == ANY_AGENT else _shorten_name(f"{verb}_{tool_name}")
        assign = registry.resolve("agora.task.assign", None, tenant)
        yield ResolvedTool(name, source, assign, agent=tool_name, hands_over=prefix == "handoff")
    elif separator and prefix == "capability":
        assign = registry.resolve("agora.task.assign", None, tenant)
        yield ResolvedTool(_shorten_name(f"use_{tool_name}"), source, assign, capability=tool_name)
    else:
        for operation in operations:
            # The category `upstream` holds the operations that manage upstreams, which no model may call.
            is_outside = operation.implementation == "upstream" and operation.category != "upstream"
            if is_outside and (operation.category == tool_name if separator else operation.name == source):
                yield ResolvedTool(_shorten_name(operation.name), source, operation)


def _build_granted_tool(source: str, grant: Grant, registry: OperationRegistry, tenant: str) -> ResolvedTool:
    operation = registry.resolve(grant.operation, None, tenant)
    return ResolvedTool(_shorten_name(grant.operation.removeprefix("agora.")), source, operation, grant)


def _shorten_name(text: str) -> str:
    name = _INVALID_NAME_CHARACTERS.sub("_", text).strip("_") or "tool"
    if len(name) <= MAX_NAME:
        return name
    # The digest keeps two long names with the same beginning apart.
    return f"{name[: MAX_NAME - 9]}_{hashlib.sha256(text.encode()).hexdigest()[:8]}"


def describe_tool(tool: ResolvedTool) -> AgentTool:
    """Describe a tool for its model."""
    schema, description = _build_input_schema(tool), tool.operation.description[:1000]
    if tool.agent is not None:
        whom = "an agent, by its name or id" if tool.agent == ANY_AGENT else f"the agent {tool.agent}"
        description = f"Ask {whom}, and wait for its answer."
        if tool.hands_over:
            description = f"Hand the whole task over to the agent {tool.agent}; its answer is the answer."
    elif tool.capability is not None:
        description = f"Have an agent with the capability {tool.capability} do something, and wait for its answer."
    return AgentTool(
        name=tool.name,
        operation=tool.operation.name,
        description=description,
        input_schema=schema,
        needs_approval=tool.needs_approval,
        asks_agent=tool.agent is not None or tool.capability is not None,
        hands_over=tool.hands_over,
    )


def _build_input_schema(tool: ResolvedTool) -> dict[str, Any]:
    if tool.agent is not None or tool.capability is not None:
        message = {"type": "string", "minLength": 1, "maxLength": 100_000, "description": "What is asked."}
        properties: dict[str, Any] = {"message": message}
        if tool.agent == ANY_AGENT:
            properties["agent"] = {"type": "string", "minLength": 1, "maxLength": 200, "description": "Whom to ask."}
        return {"type": "object", "properties": properties, "required": [*properties]}
    schema = tool.operation.input_schema
    if tool.grant is None:
        return schema
    chosen_properties = {name: schema["properties"][name] for name in tool.grant.parameters}
    required = [name for name in schema.get("required", ()) if name in chosen_properties]
    chosen: dict[str, Any] = {"type": "object", "properties": chosen_properties, "additionalProperties": False}
    if required:
        chosen["required"] = required
    return chosen | ({"$defs": schema["$defs"]} if "$defs" in schema else {})
