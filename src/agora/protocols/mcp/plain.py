"""The plain endpoints: ``POST /mcp/v1/rpc``, JSON-RPC without a session, and ``GET /mcp/v1/tools``.

For programs that want to call a tool with one request and read one answer: no handshake, no streams, no
envelope. Several requests may come in one array.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from agora_sdk.errors import AgoraError, Unauthenticated

from . import server_info as about
from .core import Core
from .exchange import INTERNAL_ERROR, INVALID_PARAMS, INVALID_REQUEST, METHOD_NOT_FOUND, Exchange, JsonRpcError

__all__ = ["MAX_BATCH", "PlainRpc"]

MAX_BATCH = 50  #: requests in one array

Method = Callable[[Exchange, Mapping[str, Any]], Awaitable[Any]]


class PlainRpc:
    """JSON-RPC 2.0 over the core, in the forms of 2025-11-25."""

    def __init__(self, core: Core) -> None:
        self._core = core
        self._methods: dict[str, Method] = {
            "initialize": self._answer_initialize,
            "ping": self._answer_ping,
            "tools/list": self._list_tools,
            "tools/call": self._call_tool,
            "resources/list": self._list_resources,
            "resources/templates/list": self._list_templates,
            "resources/read": self._read_resource,
            "prompts/list": self._list_prompts,
            "prompts/get": self._get_prompt,
        }

    async def answer(self, exchange: Exchange, message: Any) -> Any:
        """The response to a request or to an array of them; None where only notifications came.

        Raises Unauthenticated where a single request needs a credential.
        """
        if not isinstance(message, list):
            return await self._answer_one(exchange, message)
        if not 1 <= len(message) <= MAX_BATCH:
            return _error_response(None, JsonRpcError(INVALID_REQUEST, f"An array holds 1 to {MAX_BATCH} requests."))
        answers = []
        for part in message:
            try:
                answer = await self._answer_one(exchange, part)
            except Unauthenticated as error:
                answer = _error_response(part.get("id"), JsonRpcError(error.jsonrpc, str(error), error.problem()))
            if answer is not None:
                answers.append(answer)
        return answers or None

    async def _answer_one(self, exchange: Exchange, message: Any) -> Any:
        if not isinstance(message, dict) or message.get("jsonrpc") != "2.0":
            return _error_response(None, JsonRpcError(INVALID_REQUEST, "The body is no JSON-RPC 2.0 request."))
        id, params = message.get("id"), message.get("params")
        if "id" not in message:
            return None
        try:
            method = self._methods.get(str(message.get("method")))
            if method is None:
                raise JsonRpcError(METHOD_NOT_FOUND, "Method not found", message.get("method"))
            if params is not None and not isinstance(params, dict):
                raise JsonRpcError(INVALID_PARAMS, "params is no object")
            return {"jsonrpc": "2.0", "id": id, "result": await method(exchange, params or {})}
        except JsonRpcError as refusal:
            return _error_response(id, refusal)
        except Unauthenticated:
            raise
        except AgoraError as error:
            return _error_response(id, JsonRpcError(error.jsonrpc or INTERNAL_ERROR, str(error), error.problem()))

    async def _answer_initialize(self, exchange: Exchange, params: Mapping[str, Any]) -> Any:
        return {
            "protocolVersion": about.negotiate_version(params.get("protocolVersion")),
            "capabilities": {"tools": {}, "resources": {}, "prompts": {}},
            "serverInfo": about.SERVER_INFO,
            "instructions": about.INSTRUCTIONS,
        }

    async def _answer_ping(self, exchange: Exchange, params: Mapping[str, Any]) -> Any:
        return {}

    async def _list_tools(self, exchange: Exchange, params: Mapping[str, Any]) -> Any:
        return (await self._core.list_tools(exchange, _text_parameter(params, "cursor", None))).document()

    async def _call_tool(self, exchange: Exchange, params: Mapping[str, Any]) -> Any:
        _text_parameter(params, "name")
        if not isinstance(params.get("arguments", {}), dict):
            raise JsonRpcError(INVALID_PARAMS, "arguments is no object")
        return (await self._core.call_tool(exchange, params)).document()

    async def _list_resources(self, exchange: Exchange, params: Mapping[str, Any]) -> Any:
        return await self._core.list_resources(exchange, _text_parameter(params, "cursor", None))

    async def _list_templates(self, exchange: Exchange, params: Mapping[str, Any]) -> Any:
        return await self._core.list_templates(exchange)

    async def _read_resource(self, exchange: Exchange, params: Mapping[str, Any]) -> Any:
        return await self._core.read_resource(exchange, _text_parameter(params, "uri") or "")

    async def _list_prompts(self, exchange: Exchange, params: Mapping[str, Any]) -> Any:
        return await self._core.list_prompts(exchange)

    async def _get_prompt(self, exchange: Exchange, params: Mapping[str, Any]) -> Any:
        arguments = params.get("arguments", {})
        if not isinstance(arguments, dict) or not all(isinstance(value, str) for value in arguments.values()):
            raise JsonRpcError(INVALID_PARAMS, "arguments is no object of texts")
        return await self._core.get_prompt(exchange, _text_parameter(params, "name") or "", arguments)


def _text_parameter(params: Mapping[str, Any], name: str, default: str | None = "") -> str | None:
    """A parameter that is text; ``default`` None: it may be left out."""
    value = params.get(name, default)
    if (value is None and default is None) or (isinstance(value, str) and (value or default is None)):
        return value
    raise JsonRpcError(INVALID_PARAMS, f"{name} is no text" if name in params else f"{name} is missing")


def _error_response(id: Any, refusal: JsonRpcError) -> dict[str, Any]:
    return {"jsonrpc": "2.0", "id": id, "error": refusal.error_document()}
