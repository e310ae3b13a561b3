"""The fast path: short requests answered without the SDK, in a fifth of its CPU time (docs/adr/0008).

It handles only well-formed requests of known methods and leaves malformed, unknown and streaming ones to the SDK. Both
paths must give the same answers; a differential test compares them.
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Mapping
from typing import Any, Final

from pydantic_core import to_json

from agora.protocols.http import Scope, read_header
from agora.value_classes import value_class
from agora_sdk.contract import Kind

from . import server_info, tool_search
from .client_requests import CAPABILITY_BY_METHOD
from .methods import (
    NAME_PARAMETER,
    PARAMETERS_BY_METHOD,
    TASK_PARAMETERS,
    Methods,
    encode_response,
    find_parameter_error,
)
from .request_context import (
    INVALID_PARAMS,
    INVALID_REQUEST,
    METHOD_NOT_FOUND,
    PARSE_ERROR,
    JsonRpcError,
    RequestContext,
)
from .request_meta import CAPABILITIES_KEY, is_standard_meta
from .server_features import ServerFeatures, choose_wait_seconds
from .sessions import Session
from .task_methods import MISSING_CAPABILITY
from .tools import underscore_name
from .upstream_resources import URI_PREFIX

__all__ = ["Answer", "FastPath"]

#: HTTP status of an error in the newer era; otherwise 200
_STATUS_BY_CODE: Final = {
    PARSE_ERROR: 400,
    INVALID_REQUEST: 400,
    INVALID_PARAMS: 400,
    METHOD_NOT_FOUND: 404,
    MISSING_CAPABILITY: 400,
}
_SEARCH_TOOLS: Final = frozenset(
    name for tool in (tool_search.SEARCH_TOOL, tool_search.ENABLE_TOOL) for name in (tool, underscore_name(tool))
)
_ROUTING_HEADERS: Final = (b"mcp-protocol-version", b"mcp-method", b"mcp-name")


@value_class
class Answer:
    """A complete response. headers: in addition to those of every response."""

    status: int
    body: bytes
    headers: tuple[tuple[bytes, bytes], ...] = ()


class FastPath:
    """Answers eligible requests. ``is_reserved``: whether a request must always go to the SDK."""

    def __init__(
        self,
        features: ServerFeatures,
        methods: Methods,
        is_reserved: Callable[[str, Mapping[str, Any]], bool] | None = None,
    ) -> None:
        self._features, self._methods, self._is_reserved = features, methods, is_reserved

    async def answer_request_or_none(
        self, scope: Scope, message: Any, request_context: RequestContext, session: Session | None
    ) -> Answer | None:
        """Answer a POST request with this JSON body; None leaves it to the SDK. Raises Unauthenticated."""
        if not _is_plain_request(message) or not _is_plain_http(scope):
            return None
        method, params = message["method"], message.get("params")
        if request_context.modern:
            if not _is_plain_modern(scope, method, params):
                return None
        elif session is None or not (
            params is None or _is_plain_legacy(params) or self._creates_legacy_task(method, request_context, params)
        ):
            return None
        return await self._dispatch_method(message, method, params or {}, request_context, session)

    def create_relay_call_or_none(
        self, scope: Scope, message: Any, request_context: RequestContext
    ) -> Coroutine[Any, Any, Answer] | None:
        """Create the coroutine of a plain relay call of a newer-era client without progress; None leaves it to the SDK.

        In that era a call is cancelled only by closing the connection, so it needs no cancellation message.
        """
        # An older client cancels by a message, which only finds calls in the SDK.
        if not request_context.modern or not _is_plain_request(message) or not _is_plain_http(scope):
            return None
        params = message.get("params")
        if message["method"] != "tools/call" or not _is_plain_modern(scope, "tools/call", params):
            return None
        # Unknown parameters go to the SDK: it decides per revision whether they are an error.
        if not (params.keys() - {"_meta"}) <= PARAMETERS_BY_METHOD["tools/call"] or find_parameter_error(
            "tools/call", params
        ):
            return None
        operation = self._features.find_operation(request_context, params)
        # Fixtures of a conformance suite answer through the SDK only.
        is_reserved = self._is_reserved is not None and self._is_reserved("tools/call", params)
        if (
            operation is None
            or operation.kind is not Kind.RELAY
            or self._features.tools.has_mirrored_headers(operation)
            or is_reserved
        ):
            return None
        # Only the SDK can send messages before the response.
        if (
            "progressToken" in params["_meta"]
            or params["_meta"][CAPABILITIES_KEY].keys() & CAPABILITY_BY_METHOD.values()
        ):
            return None  # the client may receive progress or requests
        return self._answer_relayed(message, params, request_context)

    async def _answer_relayed(
        self, message: Mapping[str, Any], params: Mapping[str, Any], request_context: RequestContext
    ) -> Answer:
        try:
            result = await self._methods.answer_method(request_context, "tools/call", params)
        except JsonRpcError as refusal:
            return self._build_error_answer(message, refusal, request_context, None)
        return _build_result_answer(message, result, None)

    async def _dispatch_method(
        self,
        message: Mapping[str, Any],
        method: str,
        params: Mapping[str, Any],
        request_context: RequestContext,
        session: Session | None,
    ) -> Answer | None:
        result = self._find_constant_answer(method, request_context)
        if result is None:
            if not self._has_known_parameters(method, params, request_context):
                return None
            if not self._answers_without_waiting(method, params, request_context) and not await self._is_task_call(
                method, params, request_context
            ):
                return None
            try:
                result = await self._methods.answer_method(request_context, method, params)
            except JsonRpcError as refusal:
                return self._build_error_answer(message, refusal, request_context, session)
        return _build_result_answer(message, result, session)

    def _find_constant_answer(self, method: str, request_context: RequestContext) -> bytes | None:
        """Return the result of a method with a constant result; None for other methods."""
        if method == "ping" and not request_context.modern:
            return b"{}"
        # With fixtures the result lists their capabilities, so the SDK answers.
        if method == "server/discover" and request_context.modern and self._is_reserved is None:
            return self._methods.encode_modern_result(
                "server/discover", server_info.build_discover_result(request_context.view)
            )
        return None

    def _has_known_parameters(self, method: str, params: Mapping[str, Any], request_context: RequestContext) -> bool:
        allowed = PARAMETERS_BY_METHOD.get(method) or TASK_PARAMETERS.get(method)
        if allowed is None:
            return False
        return (params.keys() - {"_meta"}) <= allowed or self._creates_legacy_task(method, request_context, params)

    def _creates_legacy_task(self, method: str, request_context: RequestContext, params: Mapping[str, Any]) -> bool:
        """Whether a call requests a task in the form of 2025-11-25, which the SDK does not support."""
        if method != "tools/call" or request_context.modern or not isinstance(params.get("_meta", {}), dict):
            return False
        return self._features.tasks.accepts_task_result(request_context, params)

    async def _is_task_call(self, method: str, params: Mapping[str, Any], request_context: RequestContext) -> bool:
        """Whether a call is answered immediately because it becomes a task."""
        if method != "tools/call" or find_parameter_error(method, params) is not None:
            return False
        is_reserved = self._is_reserved is not None and self._is_reserved(method, params)
        return not is_reserved and await self._features.creates_task(request_context, params)

    def _answers_without_waiting(self, method: str, params: Mapping[str, Any], request_context: RequestContext) -> bool:
        """Whether a plain request is answered without waiting."""
        if self._is_reserved is not None and self._is_reserved(method, params):
            return False
        if find_parameter_error(method, params) is not None:
            return False
        if method == "prompts/get":
            # A prompt with a dot belongs to an upstream, which may be slow.
            return "." not in params["name"]
        if method == "resources/read":
            return not params["uri"].startswith(
                URI_PREFIX
            )  # a remote resource may take long, and needs the SDK's progress and cancellation
        return method != "tools/call" or self._is_immediate_call(request_context, params)

    def _is_immediate_call(self, request_context: RequestContext, params: Mapping[str, Any]) -> bool:
        """Whether a call answers immediately: it does not wait, stream, or call another server."""
        operation = self._features.find_operation(request_context, params)
        if operation is None:
            return params["name"] in _SEARCH_TOOLS
        if operation.kind in (Kind.STREAM, Kind.RELAY) or self._features.tools.has_mirrored_headers(operation):
            return False
        # A waiting call needs heartbeats, hence a stream.
        return not choose_wait_seconds(operation, params.get("arguments", {}))

    def _build_error_answer(
        self,
        message: Mapping[str, Any],
        refusal: JsonRpcError,
        request_context: RequestContext,
        session: Session | None,
    ) -> Answer:
        # Only clients of the newer era expect HTTP statuses for JSON-RPC errors; older ones would take them for transport failures.
        status = _STATUS_BY_CODE.get(refusal.code, 200) if request_context.modern else 200
        body = to_json({"jsonrpc": "2.0", "id": message["id"], "error": refusal.build_error_document()})
        return Answer(status, body, _build_session_headers(session))


def _build_result_answer(message: Mapping[str, Any], result: bytes, session: Session | None) -> Answer:
    return Answer(200, encode_response(message["id"], result), _build_session_headers(session))


def _build_session_headers(session: Session | None) -> tuple[tuple[bytes, bytes], ...]:
    return () if session is None else ((b"mcp-session-id", session.id.encode()),)


def _is_plain_request(message: Any) -> bool:
    """Whether the message is a single JSON-RPC request."""
    if not isinstance(message, dict) or not message.keys() <= {"jsonrpc", "id", "method", "params"}:
        return False
    id = message.get("id")
    return (
        message.get("jsonrpc") == "2.0"
        # By type, not isinstance: a bool is an int in Python, but no id in JSON-RPC.
        and (type(id) is int or type(id) is str)
        and type(message.get("method")) is str
        and ("params" not in message or type(message["params"]) is dict)
    )


def _is_plain_http(scope: Scope) -> bool:
    """Whether the headers are those of a standard client of Streamable HTTP."""
    kind = read_header(scope, b"content-type") or ""
    accept = read_header(scope, b"accept") or ""
    return (
        kind.split(";")[0].strip() == "application/json"
        and "application/json" in accept
        # The specification requires both types; the SDK builds the error for clients that omit one.
        and "text/event-stream" in accept
    )


def _is_plain_legacy(params: Mapping[str, Any]) -> bool:
    return "_meta" not in params or is_standard_meta(params["_meta"], modern=False)


def _is_plain_modern(scope: Scope, method: str, params: Any) -> bool:
    """Whether the headers agree with the body, and the envelope is complete."""
    # Headers that contradict the body must be rejected by the rules of the era; the SDK builds that error.
    if params is None or not is_standard_meta(params.get("_meta"), modern=True):
        return False
    # A repeated header could be read differently here and by a proxy that routes by it.
    names = [name for name, _ in scope["headers"]]
    if any(names.count(name) > 1 for name in _ROUTING_HEADERS) or any(name.startswith(b"mcp-param-") for name in names):
        return False
    if (
        read_header(scope, b"mcp-protocol-version") != server_info.MODERN_VERSION
        or read_header(scope, b"mcp-method") != method
    ):
        return False
    key = NAME_PARAMETER.get(method)
    return key is None or read_header(scope, b"mcp-name") == params.get(key)
