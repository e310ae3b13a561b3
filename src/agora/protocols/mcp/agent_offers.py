"""Offers: capabilities of agents as MCP tools.

An agent offers its capabilities by including ``mcp_tools`` in them. Its metadata may describe them:

    capabilities: ["translate", "mcp_tools"]
    metadata: {"mcp_tools": {"translate": {"description": "...", "input_schema": {...}, "timeout": 120,
                                           "task_support": "required"}}}

Then only the described capabilities are tools, otherwise all. A call assigns the agent a task with the payload
``{"capability": ..., "arguments": ...}``; the task's result is the tool's. Schemas of agents are untrusted: they may
not have external references, and the agent, not the server, validates arguments against them.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache
from typing import Any, Final

from pydantic_core import from_json, to_json

from agora.core.dispatcher import Dispatcher
from agora.protocols.operation_calls import call_operation
from agora.value_classes import value_class
from agora_sdk.errors import AgoraError

from .request_context import RequestContext
from .tools import MAX_NAME_CHARACTERS, Tool, underscore_name

__all__ = ["TOOLS_KEY", "AgentOffers", "Offer"]

TOOLS_KEY: Final = "mcp_tools"
MAX_AGENTS = 200  #: maximum number of agents with offers
MAX_DESCRIPTION_CHARACTERS, MAX_SCHEMA_BYTES = 1000, 16_384
DEFAULT_TIMEOUT_SECONDS, MAX_TIMEOUT_SECONDS = 300.0, 3600.0  #: timeouts of a call
MAX_AGENT_PART_CHARACTERS = 30
TASK_SUPPORT_VALUES: Final = ("optional", "required", "forbidden")
# Tools of an agent with such a name would look like those of the server, or of a conformance suite.
RESERVED_PREFIXES = frozenset({"agora", "test"})
ANY_OBJECT_SCHEMA: Final[Mapping[str, Any]] = {"type": "object", "additionalProperties": True}


#: built-in agents as tools with fixed names for client configurations: name, agent, capability, schema
BUILTIN_TOOLS: Final = (
    (
        "calculator",
        "Calculator Agent",
        "calculate",
        {
            "type": "object",
            "properties": {
                "expression": {"type": "string", "description": "An expression, such as 25 * 4 or sqrt(2) ^ 2."},
                "operation": {"type": "string", "description": "add, subtract, multiply, divide, or a function."},
                "op": {"type": "string", "description": "A sign: +, -, *, /, // or %."},
                "operands": {"type": "array", "items": {"type": "number"}},
                "a": {"type": "number"},
                "b": {"type": "number"},
            },
        },
    ),
    (
        "text_analyzer",
        "Analysis Agent",
        "analyze",
        {
            "type": "object",
            "properties": {
                "text": {"type": "string"},
                "parts": {
                    "type": "array",
                    "items": {"enum": ["statistics", "readability", "keywords", "sentiment"]},
                    "description": "What to report; everything if left out.",
                },
            },
            "required": ["text"],
        },
    ),
)


@value_class
class Offer:
    """A capability of an agent as a tool. timeout: maximum seconds that a call waits for its task.

    task_support: whether clients with task support get a task immediately: ``optional``, ``required`` or ``forbidden``.
    """

    tool: Tool
    agent_id: str
    capability: str
    timeout: float
    task_support: str = "forbidden"


class AgentOffers:
    """Offers visible to a caller: those of the agents visible to it."""

    def __init__(self, dispatcher: Dispatcher) -> None:
        self._dispatcher = dispatcher

    async def list_offers(self, request_context: RequestContext) -> list[Offer]:
        """List every offer under a unique name."""
        # Ids begin with the time of registration: a later agent of the same name cannot take over a tool's name.
        agents = sorted(
            await self._query_agents(request_context, capabilities=[TOOLS_KEY]), key=lambda agent: agent["agent_id"]
        )
        # Reserved even when the built-in agents are off: a client configured with these names must not reach a stranger's agent.
        names = {name for name, *_ in BUILTIN_TOOLS}
        builtin = []
        if self._dispatcher.context.settings.builtin_agents:
            builtin = list(_build_builtin_offers(await self._query_agents(request_context, category="builtin")))
        return builtin + [offer for agent in agents for offer in _build_agent_offers(agent, names)]

    async def _query_agents(self, request_context: RequestContext, **filters: Any) -> list[dict[str, Any]]:
        arguments = filters | {"limit": MAX_AGENTS}
        try:
            page: dict[str, Any] = await call_operation(
                self._dispatcher,
                "agora.query.agents",
                request_context.caller,
                arguments,
                request_id=request_context.request_id,
            )
        except AgoraError:  # callers that may not search agents see none of their tools
            return []
        return list(page["agents"])

    async def find_offer(self, request_context: RequestContext, name: str) -> Offer | None:
        """Find an offer by name, with dots or underscores; None if there is none visible to the caller."""
        # An offer never gets one of these prefixes (RESERVED_PREFIXES), so the search over the agents is saved.
        if len(name) > MAX_NAME_CHARACTERS or name.startswith(("agora.", "agora_")):
            return None
        offers = await self.list_offers(request_context)
        return next((o for o in offers if name in (o.tool.name, underscore_name(o.tool.name))), None)


def _build_builtin_offers(agents: Iterable[Mapping[str, Any]]) -> Iterator[Offer]:
    # Any agent may call itself a calculator and choose its category; the fixed tool names belong to the built-in ones only.
    by_name = {agent["agent_name"]: agent for agent in agents if agent["metadata"].get("builtin") is True}
    for name, agent_name, capability, schema in BUILTIN_TOOLS:
        if agent := by_name.get(agent_name):
            offer_fields = {"description": agent["description"], "input_schema": schema, "destructive": False}
            tool = Tool(_build_tool_document(name, agent, capability, offer_fields))
            yield Offer(tool, agent["agent_id"], capability, DEFAULT_TIMEOUT_SECONDS)


def _build_agent_offers(agent: Mapping[str, Any], names: set[str]) -> Iterator[Offer]:
    """Build the offers of an agent, and add their names to those in use. names: with underscores."""
    declared = agent["metadata"].get(TOOLS_KEY)
    described: Mapping[str, Any] = declared if isinstance(declared, dict) else {}
    for capability in agent["capabilities"]:
        if capability == TOOLS_KEY or (described and capability not in described):
            continue
        offer_fields = described.get(capability)
        offer_fields = offer_fields if isinstance(offer_fields, dict) else {}
        name = _build_tool_name(agent, capability)
        # Two agents may have one name: the end of the id keeps their tools apart, and stays the same in every listing.
        if underscore_name(name) in names:
            name = _build_tool_name({"agent_name": f"{agent['agent_name']}_{agent['agent_id'][-6:]}"}, capability)
        # Two capabilities of one agent may differ only in characters that a name cannot have: a digest keeps them apart.
        if underscore_name(name) in names:
            name = f"{name[: MAX_NAME_CHARACTERS - 7]}_{_compute_digest(capability)}"
        names.add(underscore_name(name))
        task_support = _choose_task_support(offer_fields)
        tool = Tool(_build_tool_document(name, agent, capability, offer_fields), task_support=task_support)
        yield Offer(tool, agent["agent_id"], capability, _choose_call_timeout(offer_fields), task_support)


def _build_tool_name(agent: Mapping[str, Any], capability: str) -> str:
    first = slugify_name(agent["agent_name"], MAX_AGENT_PART_CHARACTERS)
    first = f"agent_{first}"[:MAX_AGENT_PART_CHARACTERS] if first.lower() in RESERVED_PREFIXES else first
    return f"{first}.{slugify_name(capability, MAX_NAME_CHARACTERS - MAX_AGENT_PART_CHARACTERS - 1)}"


def slugify_name(text: str, length: int) -> str:
    """Convert text to a part of a tool's name; truncated text gets a digest, so that it stays unique."""
    slug = re.sub(r"[^A-Za-z0-9_-]+", "_", text).strip("_")
    if slug == text and len(slug) <= length:
        return slug
    if len(slug) >= max(2, len(text) // 2) and len(slug) <= length:
        return slug
    # Text that lost most of its characters (another script, for example) or its end is no longer distinct.
    return f"{slug[: length - 7]}_{_compute_digest(text)}".lstrip("_")


def _compute_digest(text: str) -> str:
    return hashlib.blake2b(text.encode(), digest_size=3).hexdigest()


def _build_tool_document(
    name: str, agent: Mapping[str, Any], capability: str, tool_fields: Mapping[str, Any]
) -> dict[str, Any]:
    description = tool_fields.get("description")
    text = (
        description if isinstance(description, str) and description.strip() else f"{capability}. {agent['description']}"
    )
    title = f"{agent['agent_name']}: {capability}"
    document: dict[str, Any] = {
        "name": name,
        "title": title,
        # The source first: a model must not take the words of an agent for those of this server.
        "description": f"Offered by the agent {agent['agent_name']}: {text.strip()[:MAX_DESCRIPTION_CHARACTERS]}",
        "inputSchema": _select_usable_schema_or_none(tool_fields.get("input_schema")) or dict(ANY_OBJECT_SCHEMA),
        "annotations": {
            "title": title,
            "readOnlyHint": False,
            # Unless it is denied: by this hint, hosts ask their user before a call.
            "destructiveHint": tool_fields.get("destructive") is not False,
            "idempotentHint": False,
            "openWorldHint": True,
        },
        "_meta": {"agora/agent": agent["agent_id"], "agora/capability": capability},
    }
    output = _select_usable_schema_or_none(tool_fields.get("output_schema"))
    return document if output is None else document | {"outputSchema": output}


def _select_usable_schema_or_none(schema: Any) -> dict[str, Any] | None:
    """Return a schema if it is a self-contained one of an object; otherwise None."""
    # An agent writes this schema, and each listing repeats it: without the limit one agent could fill every client's context.
    if not isinstance(schema, dict) or schema.get("type") != "object" or len(to_json(schema)) > MAX_SCHEMA_BYTES:
        return None
    # A host may fetch an external reference: an agent could use it to reach the network of the host.
    if not all(ref.startswith("#") for ref in _list_schema_references(schema)):
        return None
    return schema if _is_json_schema(to_json(schema)) else None


@lru_cache(maxsize=1024)
def _is_json_schema(document: bytes) -> bool:
    """Whether a document is a JSON schema; cached, because every listing and call reads the schemas again."""
    # Imported late, as in the vetting of upstreams: it takes long, and few agents describe a schema.
    from agora.json_schemas import find_schema_error

    return find_schema_error(from_json(document), any_dialect=True) is None


def _list_schema_references(part: Any) -> Iterator[str]:
    if isinstance(part, dict):
        for key, value in part.items():
            # $id and $schema only name a schema; clients resolve references, which could make them fetch a URL of the agent's choice.
            if key in ("$ref", "$dynamicRef", "$id", "$schema") and isinstance(value, str):
                if key in ("$ref", "$dynamicRef"):
                    yield value
            else:
                yield from _list_schema_references(value)
    elif isinstance(part, list):
        for value in part:
            yield from _list_schema_references(value)


def _choose_task_support(tool_fields: Mapping[str, Any]) -> str:
    support = tool_fields.get("task_support")
    return support if support in TASK_SUPPORT_VALUES else "optional"


def _choose_call_timeout(tool_fields: Mapping[str, Any]) -> float:
    timeout = tool_fields.get("timeout")
    return (
        float(timeout)
        if isinstance(timeout, int | float) and 1 <= timeout <= MAX_TIMEOUT_SECONDS
        else DEFAULT_TIMEOUT_SECONDS
    )
