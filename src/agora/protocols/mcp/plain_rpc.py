"""The plain endpoints: ``POST /mcp/v1/rpc``, JSON-RPC without a session, and ``GET /mcp/v1/tools``.

For programs that call a tool with one request and one response: no handshake, streams or envelope.
An array may contain several requests.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from pydantic_core import to_json

from agora.protocols.http import derive_batch_item_key
from agora_sdk.errors import AgoraError, Unauthenticated

from . import server_info
from .methods import PARAMETERS_BY_METHOD, Methods, encode_response, find_parameter_error
from .request_context import (
    INTERNAL_ERROR,
    INVALID_PARAMS,
    INVALID_REQUEST,
    METHOD_NOT_FOUND,
    JsonRpcError,
    RequestContext,
)

__all__ = ["MAX_BATCH", "PlainRpc"]

MAX_BATCH = 50  #: maximum number of requests in an array


class PlainRpc:
    """JSON-RPC 2.0 over the methods, in the forms of 2025-11-25.

    byte_limit: of the answers to an array; once they reach it, no further request of the array is executed. The answer
    that reaches it is whole, because its request may have changed something.
    """

    def __init__(self, methods: Methods, byte_limit: int) -> None:
        self._methods, self._byte_limit = methods, byte_limit

    async def answer_rpc(self, request_context: RequestContext, message: Any) -> bytes | None:
        """Answer a request or an array of requests; None if there were only notifications.

        Raises Unauthenticated if a single request needs a credential.
        """
        if not isinstance(message, list):
            return await self._answer_message(request_context, message)
        if not 1 <= len(message) <= MAX_BATCH:
            return _build_error_response(
                None, JsonRpcError(INVALID_REQUEST, f"An array must contain 1 to {MAX_BATCH} requests.")
            )
        answers: list[bytes] = []
        size = 0
        for position, part in enumerate(message):
            try:
                # One after another, as written: a caller may rely on the effects of an earlier request.
                if size < self._byte_limit:
                    own_key = derive_batch_item_key(request_context.key, position)
                    answer = await self._answer_message(replace(request_context, key=own_key), part)
                else:
                    answer = self._build_not_executed_error(part)
            # Within an array one request's 401 would hide the answers of those already executed.
            except Unauthenticated as error:
                answer = _build_error_response(part.get("id"), JsonRpcError(error.jsonrpc, str(error), error.problem()))
            if answer is not None:
                answers.append(answer)
                size += len(answer)
        return b"[%b]" % b",".join(answers) if answers else None

    def _build_not_executed_error(self, message: Any) -> bytes | None:
        if isinstance(message, dict) and "id" not in message:
            return None
        what = f"The answers to an array are limited to {self._byte_limit} bytes. This request was not executed; send it again."
        id = message["id"] if isinstance(message, dict) else None
        return _build_error_response(id, JsonRpcError(INVALID_REQUEST, what))

    async def _answer_message(self, request_context: RequestContext, message: Any) -> bytes | None:
        if not isinstance(message, dict) or message.get("jsonrpc") != "2.0":
            return _build_error_response(None, JsonRpcError(INVALID_REQUEST, "The body is not a JSON-RPC 2.0 request."))
        # A notification: none of MCP concerns an endpoint without sessions and streams.
        if "id" not in message:
            return None
        id, params = message["id"], message.get("params")
        try:
            if params is not None and not isinstance(params, dict):
                raise JsonRpcError(INVALID_PARAMS, "params must be an object")
            return encode_response(id, await self._call_method(request_context, message.get("method"), params or {}))
        except JsonRpcError as refusal:
            return _build_error_response(id, refusal)
        except Unauthenticated:
            raise
        except AgoraError as error:
            return _build_error_response(id, JsonRpcError(error.jsonrpc or INTERNAL_ERROR, str(error), error.problem()))

    async def _call_method(self, request_context: RequestContext, method: Any, params: Mapping[str, Any]) -> bytes:
        if method == "initialize":
            return to_json(
                {
                    "protocolVersion": server_info.negotiate_version(params.get("protocolVersion")),
                    "capabilities": {"tools": {}, "resources": {}, "prompts": {}},
                    "serverInfo": server_info.SERVER_INFO,
                    "instructions": server_info.build_instructions(request_context.view),
                }
            )
        if method == "ping":
            return b"{}"
        if not isinstance(method, str) or method not in PARAMETERS_BY_METHOD:
            raise JsonRpcError(METHOD_NOT_FOUND, "Method not found", method)
        if (problem := find_parameter_error(method, params)) is not None:
            raise JsonRpcError(INVALID_PARAMS, problem)
        return await self._methods.answer_method(request_context, method, params)


def _build_error_response(id: Any, refusal: JsonRpcError) -> bytes:
    return to_json({"jsonrpc": "2.0", "id": id, "error": refusal.build_error_document()})
