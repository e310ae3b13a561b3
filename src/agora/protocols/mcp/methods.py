"""MCP methods: check the parameters of requests, and encode results as JSON of either era.

Used by the fast path and the plain endpoint. The SDK's handlers call :mod:`.server_features` and encode with the SDK's types.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Final

from pydantic_core import to_json

from . import server_info
from .request_context import RequestContext
from .server_features import ServerFeatures
from .tool_results import ToolResult

__all__ = [
    "NAME_PARAMETER",
    "PARAMETERS_BY_METHOD",
    "TASK_PARAMETERS",
    "Methods",
    "encode_response",
    "find_parameter_error",
]

_SERVER_INFO: Final = {"io.modelcontextprotocol/serverInfo": server_info.SERVER_INFO}
_MODERN_MEMBERS: Final = b',"resultType":"complete","_meta":' + to_json(_SERVER_INFO)
_COMPLETE_RESULT: Final = {"resultType": "complete"}
_CURSOR_PARAMETERS: Final = frozenset({"cursor"})
#: allowed parameters of a method beside ``_meta``
PARAMETERS_BY_METHOD: Final[Mapping[str, frozenset[str]]] = {
    "tools/call": frozenset({"name", "arguments"}),
    "tools/list": _CURSOR_PARAMETERS,
    "resources/list": _CURSOR_PARAMETERS,
    "resources/templates/list": _CURSOR_PARAMETERS,
    "resources/read": frozenset({"uri"}),
    "prompts/list": _CURSOR_PARAMETERS,
    "prompts/get": frozenset({"name", "arguments"}),
}
#: parameters of task methods that answer immediately; the plain endpoint does not serve them
TASK_PARAMETERS: Final[Mapping[str, frozenset[str]]] = {
    "tasks/get": frozenset({"taskId"}),
    "tasks/cancel": frozenset({"taskId"}),
    "tasks/update": frozenset({"taskId", "inputResponses"}),
    "tasks/list": _CURSOR_PARAMETERS,
}
NAME_PARAMETER: Final = {
    "tools/call": "name",
    "prompts/get": "name",
    "resources/read": "uri",
    "tasks/get": "taskId",
    "tasks/cancel": "taskId",
    "tasks/update": "taskId",
}


def find_parameter_error(method: str, params: Mapping[str, Any]) -> str | None:
    """Find the error in the parameters of a method of :data:`PARAMETERS_BY_METHOD`; None if they are valid."""
    name = NAME_PARAMETER.get(method)
    if name is None:
        return None if isinstance(params.get("cursor"), str | None) else "cursor must be a string"
    if not isinstance(params.get(name), str) or not params[name]:
        return f"{name} must be a string" if name in params else f"{name} is missing"
    arguments = params.get("arguments", {})
    if not isinstance(arguments, dict):
        return "arguments must be an object"
    if method == "prompts/get" and not all(isinstance(value, str) for value in arguments.values()):
        return "arguments must be an object of strings"
    return None


def encode_response(id: Any, result: bytes) -> bytes:
    """Encode a JSON-RPC response. result: encoded JSON."""
    return b'{"jsonrpc":"2.0","id":%b,"result":%b}' % (to_json(id), result)


class Methods:
    """Answers the methods of :data:`PARAMETERS_BY_METHOD` and :data:`TASK_PARAMETERS` from the server
    features. Raises their errors."""

    def __init__(self, features: ServerFeatures) -> None:
        self._features = features
        self._answers: dict[str, Callable[[RequestContext, Mapping[str, Any]], Awaitable[bytes]]] = {
            "tools/call": self._call_tool,
            "tools/list": self._list_tools,
            "resources/list": self._list_resources,
            "resources/templates/list": self._list_templates,
            "resources/read": self._read_resource,
            "prompts/list": self._list_prompts,
            "prompts/get": self._get_prompt,
            "tasks/get": self._get_task,
            "tasks/cancel": self._cancel_task,
            "tasks/update": self._update_task,
            "tasks/list": self._list_tasks,
        }

    async def answer_method(self, request_context: RequestContext, method: str, params: Mapping[str, Any]) -> bytes:
        """Return the encoded result of a request with valid parameters."""
        return await self._answers[method](request_context, params)

    def encode_modern_result(self, method: str, result: Mapping[str, Any]) -> bytes:
        """Encode a result with the members that the newer era adds to every result."""
        hints = server_info.CACHE_HINTS.get(method)
        cache = {} if hints is None else {"ttlMs": hints[0], "cacheScope": hints[1]}
        return to_json({**result, **cache, **_COMPLETE_RESULT, "_meta": _SERVER_INFO})

    async def _call_tool(self, request_context: RequestContext, params: Mapping[str, Any]) -> bytes:
        result: ToolResult = await self._features.call_tool(request_context, params)
        return result.encode(_COMPLETE_RESULT, _SERVER_INFO) if request_context.modern else result.encode({}, {})

    async def _list_tools(self, request_context: RequestContext, params: Mapping[str, Any]) -> bytes:
        listing = await self._features.list_tools(request_context, params.get("cursor"))
        members = listing.encode_members()
        if not request_context.modern:
            return b"{%b}" % members
        ttl, scope = server_info.CACHE_HINTS["tools/list"]
        return b'{%b,"ttlMs":%d,"cacheScope":"%b"%b}' % (members, ttl, scope.encode(), _MODERN_MEMBERS)

    async def _list_resources(self, request_context: RequestContext, params: Mapping[str, Any]) -> bytes:
        return self._encode_result(
            "resources/list",
            await self._features.list_resources(request_context, params.get("cursor")),
            request_context,
        )

    async def _list_templates(self, request_context: RequestContext, params: Mapping[str, Any]) -> bytes:
        return self._encode_result(
            "resources/templates/list", await self._features.list_templates(request_context), request_context
        )

    async def _read_resource(self, request_context: RequestContext, params: Mapping[str, Any]) -> bytes:
        return self._encode_result(
            "resources/read", await self._features.read_resource(request_context, params["uri"]), request_context
        )

    async def _list_prompts(self, request_context: RequestContext, params: Mapping[str, Any]) -> bytes:
        return self._encode_result("prompts/list", await self._features.list_prompts(request_context), request_context)

    async def _get_prompt(self, request_context: RequestContext, params: Mapping[str, Any]) -> bytes:
        result = await self._features.get_prompt(request_context, params["name"], params.get("arguments", {}))
        return self._encode_result("prompts/get", result, request_context)

    async def _get_task(self, request_context: RequestContext, params: Mapping[str, Any]) -> bytes:
        return self._encode_result(
            "tasks/get", await self._features.tasks.get_task(request_context, params), request_context
        )

    async def _cancel_task(self, request_context: RequestContext, params: Mapping[str, Any]) -> bytes:
        return self._encode_result(
            "tasks/cancel", await self._features.tasks.cancel_task(request_context, params), request_context
        )

    async def _update_task(self, request_context: RequestContext, params: Mapping[str, Any]) -> bytes:
        return self._encode_result(
            "tasks/update", await self._features.tasks.update_task(request_context, params), request_context
        )

    async def _list_tasks(self, request_context: RequestContext, params: Mapping[str, Any]) -> bytes:
        return self._encode_result(
            "tasks/list",
            await self._features.tasks.list_own_tasks(request_context, params.get("cursor")),
            request_context,
        )

    def _encode_result(self, method: str, result: Mapping[str, Any], request_context: RequestContext) -> bytes:
        return self.encode_modern_result(method, result) if request_context.modern else to_json(result)
