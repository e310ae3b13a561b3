"""The lean path: short requests answered without the SDK, in a fifth of its CPU time (docs/adr/0008).

It handles only well-formed requests of known methods and leaves malformed, unknown and streaming ones to the SDK. Both
paths must give the same answers; a differential test compares them.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Coroutine, Mapping
from dataclasses import dataclass
from typing import Any, Final

from pydantic_core import to_json

from agora.protocols.http import Scope, read_header
from agora_sdk.contract import Kind

from . import server_info as about
from . import tool_search as finding
from .core import Core, wait_seconds
from .envelope import is_plain_meta
from .exchange import INVALID_PARAMS, INVALID_REQUEST, METHOD_NOT_FOUND, PARSE_ERROR, Exchange, JsonRpcError
from .results import ToolResult
from .sessions import Session
from .tools import underscore_name
from .upstream_resources import PREFIX

__all__ = ["Answer", "FastPath"]

_SERVER_INFO: Final = {"io.modelcontextprotocol/serverInfo": about.SERVER_INFO}
_MODERN_MEMBERS: Final = b',"resultType":"complete","_meta":' + to_json(_SERVER_INFO)
_COMPLETE: Final = {"resultType": "complete"}
#: HTTP status of an error in the newer era; elsewhere it is 200
_STATUS: Final = {PARSE_ERROR: 400, INVALID_REQUEST: 400, INVALID_PARAMS: 400, METHOD_NOT_FOUND: 404}
_SEARCH: Final = frozenset({finding.SEARCH, underscore_name(finding.SEARCH)})
_NAME_PARAMETER: Final = {"tools/call": "name", "prompts/get": "name", "resources/read": "uri"}
_ROUTING: Final = (b"mcp-protocol-version", b"mcp-method", b"mcp-name")

Answers = Callable[[Exchange, Mapping[str, Any]], Awaitable[bytes]]


@dataclass(frozen=True, slots=True)
class Answer:
    """A whole response. headers: beside those that every response has."""

    status: int
    body: bytes
    headers: tuple[tuple[bytes, bytes], ...] = ()


class FastPath:
    """Answers, or does not. ``reserved`` tells of a request that is the SDK's whatever it looks like."""

    def __init__(self, core: Core, reserved: Callable[[str, Mapping[str, Any]], bool] | None = None) -> None:
        self._core, self._reserved = core, reserved
        self._methods: dict[str, tuple[frozenset[str], Answers]] = {
            "tools/call": (frozenset({"name", "arguments"}), self._call_tool),
            "tools/list": (frozenset({"cursor"}), self._list_tools),
            "resources/list": (frozenset({"cursor"}), self._list_resources),
            "resources/templates/list": (frozenset({"cursor"}), self._list_templates),
            "resources/read": (frozenset({"uri"}), self._read_resource),
            "prompts/list": (frozenset({"cursor"}), self._list_prompts),
            "prompts/get": (frozenset({"name", "arguments"}), self._get_prompt),
        }

    async def answer(self, scope: Scope, message: Any, exchange: Exchange, session: Session | None) -> Answer | None:
        """The answer to a POST whose body is this JSON; None leaves it to the SDK. Raises Unauthenticated."""
        if not _plain_request(message) or not _plain_http(scope):
            return None
        method, params = message["method"], message.get("params")
        if exchange.modern:
            if not _plain_modern(scope, method, params):
                return None
        elif session is None or not (params is None or _plain_legacy(params)):
            return None
        return await self._dispatch_method(message, method, params or {}, exchange, session)

    def remote_call(self, scope: Scope, message: Any, exchange: Exchange) -> Coroutine[Any, Any, Answer] | None:
        """The work of a plain call of something that works elsewhere, by a client of the newer era that wants no progress.

        There nothing but a hung-up line cancels a call. None leaves it to the SDK.
        """
        if not exchange.modern or not _plain_request(message) or not _plain_http(scope):
            return None
        params = message.get("params")
        if message["method"] != "tools/call" or not _plain_modern(scope, "tools/call", params):
            return None
        if not params.keys() <= {"name", "arguments", "_meta"} or not isinstance(params.get("arguments", {}), dict):
            return None
        operation = self._core.find_operation(exchange, params)
        reserved = self._reserved is not None and self._reserved("tools/call", params)
        if operation is None or operation.kind is not Kind.RELAY or self._core.tools.has_headers(operation) or reserved:
            return None
        return None if "progressToken" in params["_meta"] else self._answer_relayed(message, params, exchange)

    async def _answer_relayed(
        self, message: Mapping[str, Any], params: Mapping[str, Any], exchange: Exchange
    ) -> Answer:
        try:
            result = await self._call_tool(exchange, params)
        except JsonRpcError as refusal:
            return self._error_answer(message, refusal, exchange, None)
        return _result_answer(message, result, None)

    async def _dispatch_method(
        self,
        message: Mapping[str, Any],
        method: str,
        params: Mapping[str, Any],
        exchange: Exchange,
        session: Session | None,
    ) -> Answer | None:
        result = self._constant_answer(method, exchange)
        if result is None:
            allowed, answers = self._methods.get(method, (None, None))
            if allowed is None or answers is None or not (params.keys() - {"_meta"}) <= allowed:
                return None
            if not self._is_eligible(method, params, exchange):
                return None
            try:
                result = await answers(exchange, params)
            except JsonRpcError as refusal:
                return self._error_answer(message, refusal, exchange, session)
        return _result_answer(message, result, session)

    def _constant_answer(self, method: str, exchange: Exchange) -> bytes | None:
        """Answers that are always the same."""
        if method == "ping" and not exchange.modern:
            return b"{}"
        if method == "server/discover" and exchange.modern and self._reserved is None:
            return self._encode_modern("server/discover", about.discover_result())
        return None

    def _is_eligible(self, method: str, params: Mapping[str, Any], exchange: Exchange) -> bool:
        """Whether a request that looks plain is quick, too."""
        if self._reserved is not None and self._reserved(method, params):
            return False
        cursor = params.get("cursor")
        if "cursor" in params and not isinstance(cursor, str):
            return False
        name = _NAME_PARAMETER.get(method)
        if name is not None and not isinstance(params.get(name), str):
            return False
        if method == "prompts/get":
            return "." not in params["name"] and _are_texts(params.get("arguments", {}))
        if method == "resources/read":
            return not params["uri"].startswith(PREFIX)  # what is elsewhere takes its time
        return method != "tools/call" or self._is_immediate_call(exchange, params)

    def _is_immediate_call(self, exchange: Exchange, params: Mapping[str, Any]) -> bool:
        """Whether a call answers at once: nothing that waits, streams, or works elsewhere."""
        arguments = params.get("arguments", {})
        if not isinstance(arguments, dict):
            return False
        operation = self._core.find_operation(exchange, params)
        if operation is None:
            return params["name"] in _SEARCH
        if operation.kind in (Kind.STREAM, Kind.RELAY) or self._core.tools.has_headers(operation):
            return False
        return not wait_seconds(operation, arguments)

    # -- the methods -----------------------------------------------------------------------------

    async def _call_tool(self, exchange: Exchange, params: Mapping[str, Any]) -> bytes:
        result: ToolResult = await self._core.call_tool(exchange, params)
        return result.encode(_COMPLETE, _SERVER_INFO) if exchange.modern else result.encode({}, {})

    async def _list_tools(self, exchange: Exchange, params: Mapping[str, Any]) -> bytes:
        listing = await self._core.list_tools(exchange, params.get("cursor"))
        members = listing.members()
        if not exchange.modern:
            return b"{%b}" % members
        ttl, scope = about.CACHE["tools/list"]
        return b'{%b,"ttlMs":%d,"cacheScope":"%b"%b}' % (members, ttl, scope.encode(), _MODERN_MEMBERS)

    async def _list_resources(self, exchange: Exchange, params: Mapping[str, Any]) -> bytes:
        return self._encode_result(
            "resources/list", await self._core.list_resources(exchange, params.get("cursor")), exchange
        )

    async def _list_templates(self, exchange: Exchange, params: Mapping[str, Any]) -> bytes:
        return self._encode_result("resources/templates/list", await self._core.list_templates(exchange), exchange)

    async def _read_resource(self, exchange: Exchange, params: Mapping[str, Any]) -> bytes:
        return self._encode_result("resources/read", await self._core.read_resource(exchange, params["uri"]), exchange)

    async def _list_prompts(self, exchange: Exchange, params: Mapping[str, Any]) -> bytes:
        return self._encode_result("prompts/list", await self._core.list_prompts(exchange), exchange)

    async def _get_prompt(self, exchange: Exchange, params: Mapping[str, Any]) -> bytes:
        result = await self._core.get_prompt(exchange, params["name"], params.get("arguments", {}))
        return self._encode_result("prompts/get", result, exchange)

    def _encode_result(self, method: str, result: Mapping[str, Any], exchange: Exchange) -> bytes:
        return self._encode_modern(method, result) if exchange.modern else to_json(result)

    def _encode_modern(self, method: str, result: Mapping[str, Any]) -> bytes:
        """A result with what the newer era adds to every one."""
        hints = about.CACHE.get(method)
        cache = {} if hints is None else {"ttlMs": hints[0], "cacheScope": hints[1]}
        return to_json({**result, **cache, **_COMPLETE, "_meta": _SERVER_INFO})

    def _error_answer(
        self, message: Mapping[str, Any], refusal: JsonRpcError, exchange: Exchange, session: Session | None
    ) -> Answer:
        status = _STATUS.get(refusal.code, 200) if exchange.modern else 200
        body = to_json({"jsonrpc": "2.0", "id": message["id"], "error": refusal.error_document()})
        return Answer(status, body, _session_headers(session))


def _result_answer(message: Mapping[str, Any], result: bytes, session: Session | None) -> Answer:
    body = b'{"jsonrpc":"2.0","id":%b,"result":%b}' % (to_json(message["id"]), result)
    return Answer(200, body, _session_headers(session))


def _session_headers(session: Session | None) -> tuple[tuple[bytes, bytes], ...]:
    return () if session is None else ((b"mcp-session-id", session.id.encode()),)


def _plain_request(message: Any) -> bool:
    """Whether it is one JSON-RPC request and nothing else."""
    if not isinstance(message, dict) or not message.keys() <= {"jsonrpc", "id", "method", "params"}:
        return False
    id = message.get("id")
    return (
        message.get("jsonrpc") == "2.0"
        and (type(id) is int or type(id) is str)
        and type(message.get("method")) is str
        and ("params" not in message or type(message["params"]) is dict)
    )


def _plain_http(scope: Scope) -> bool:
    """Whether the headers are those of an ordinary client of Streamable HTTP."""
    kind = read_header(scope, b"content-type") or ""
    accept = read_header(scope, b"accept") or ""
    return (
        kind.split(";")[0].strip() == "application/json"
        and "application/json" in accept
        and "text/event-stream" in accept
    )


def _plain_legacy(params: Mapping[str, Any]) -> bool:
    return "_meta" not in params or is_plain_meta(params["_meta"], modern=False)


def _plain_modern(scope: Scope, method: str, params: Any) -> bool:
    """Whether the headers say what the body says, and the envelope is whole."""
    if params is None or not is_plain_meta(params.get("_meta"), modern=True):
        return False
    names = [name for name, _ in scope["headers"]]
    if any(names.count(name) > 1 for name in _ROUTING) or any(name.startswith(b"mcp-param-") for name in names):
        return False
    if read_header(scope, b"mcp-protocol-version") != about.MODERN or read_header(scope, b"mcp-method") != method:
        return False
    key = _NAME_PARAMETER.get(method)
    return key is None or read_header(scope, b"mcp-name") == params.get(key)


def _are_texts(arguments: Any) -> bool:
    return isinstance(arguments, dict) and all(isinstance(value, str) for value in arguments.values())
