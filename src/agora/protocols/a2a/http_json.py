"""The HTTP+JSON binding: section 11 of A2A 1.0, and the variant of the 0.3 SDKs below ``/v1``."""

from __future__ import annotations

from typing import Any, Final

from pydantic_core import to_json

from agora.protocols.http import Receive, Scope, Send, read_header, send_response
from agora.protocols.json_body import parse_json_object
from agora.protocols.query_string import parse_query_pairs
from agora.wire.a2a import v03_proto as legacy_proto
from agora_sdk.errors import AgoraError, InvalidRequest, field_error

from . import versions
from .dialects import CURRENT, LEGACY, LEGACY_PROTO, LEGACY_PROTO_TEXT, Dialect
from .errors import A2AError, WireError, build_protocol_error, to_wire_error
from .http_request import HttpRequest
from .methods import METHODS
from .operations import A2AOperations, A2ARequest
from .routes import ResourceCall
from .streaming import SseEncoder, send_stream

__all__ = ["HttpJsonEndpoint"]

A2A_JSON: Final = "application/a2a+json"


class HttpJsonEndpoint:
    """Serves the resources below an agent's address."""

    def __init__(self, operations: A2AOperations) -> None:
        self._operations = operations

    async def __call__(self, target: ResourceCall, http_request: HttpRequest, receive: Receive, send: Send) -> None:
        """Answer one request."""
        scope, request = http_request.scope, None
        try:
            request = await self._read_authenticated_request(target, http_request, receive)
            if request.method.streams:
                await self._send_stream(request, receive, send)
                return
            body = await http_request.run_while_connected(receive, self._operations.call_operation(request), request)
            await send_response(send, 200, body, content_type=(b"content-type", _choose_media_type(scope)))
        except A2AError as error:
            await send_error(scope, send, error.wire_error, legacy=target.legacy)
        except AgoraError as error:
            task_id = request.task_id if request is not None else _read_path_task_id(target)
            await send_error(scope, send, to_wire_error(error, target.method, task_id), legacy=target.legacy)

    async def _read_authenticated_request(
        self, target: ResourceCall, http_request: HttpRequest, receive: Receive
    ) -> A2ARequest:
        scope = http_request.scope
        request_version = versions.negotiate_version(scope)
        path_version = versions.LEGACY if target.legacy else versions.CURRENT
        if request_version != path_version:
            # Before the authentication, so that a client of the wrong version learns the cause, not a consequence.
            raise _build_wrong_version_error(scope["path"], path_version, request_version)
        caller = await http_request.authenticate_caller()
        params: dict[str, Any] = {}
        if scope["method"] in ("POST", "PUT", "PATCH"):
            body = await http_request.read_json_body(receive, self._operations.dispatcher, caller)
            params = parse_json_object(body)
        # The body counts before the query, so a repeated parameter has one meaning.
        params |= {k: v for k, v in _parse_query(scope["query_string"]).items() if k not in params}
        dialect = _choose_dialect(scope, target, params)
        if dialect in (LEGACY_PROTO, LEGACY_PROTO_TEXT) and target.method in ("SendMessage", "SendStreamingMessage"):
            params = legacy_proto.read_proto_request(params, bytes_as_text=dialect is LEGACY_PROTO_TEXT)
        method = METHODS[target.method]
        return http_request.build_request(
            method, method.read_arguments(_merge_path_parameters(params, target), target.legacy), dialect, caller
        )

    async def _send_stream(self, request: A2ARequest, receive: Receive, send: Send) -> None:
        opened = await self._operations.open_stream(request)

        def encode_item(json: bytes) -> bytes:
            return request.dialect.encode_event(json, interrupts=opened.interrupts)

        def encode_error(error: AgoraError) -> bytes:
            wire_error = to_wire_error(error, request.method.name, request.task_id)
            return to_json(
                wire_error.build_legacy_http_body() if request.dialect.is_legacy else wire_error.build_http_body()
            )

        await send_stream(opened, SseEncoder(encode_item, encode_error), receive, send, self._operations.buffer_limit)


def _choose_dialect(scope: Scope, target: ResourceCall, params: dict[str, Any]) -> Dialect:
    """Choose the dialect of the response: that of the request; without a body, that of the SDKs.

    The SDKs of 0.3 disagree about files: the Python SDK, which uses httpx, encodes the base64 text a second time, in
    both directions.
    """
    if not target.legacy:
        return CURRENT
    if "message" in params and not legacy_proto.is_proto_request(params):
        return LEGACY
    over_httpx = (read_header(scope, b"user-agent") or "").startswith("python-httpx/")
    return LEGACY_PROTO_TEXT if over_httpx else LEGACY_PROTO


def _build_wrong_version_error(path: str, path_version: str, request_version: str) -> A2AError:
    alternative = "below /v1" if path_version == versions.CURRENT else "without /v1"
    return build_protocol_error(
        "VERSION_NOT_SUPPORTED",
        f"{path} belongs to A2A {path_version}, and the request is one of A2A {request_version}, which is {alternative}. "
        f"Send the header 'A2A-Version: {path_version}'.",
        requested=request_version,
        supported=", ".join(versions.SUPPORTED),
    )


def _read_path_task_id(target: ResourceCall) -> str | None:
    return target.parameters.get("taskId") or target.parameters.get("id")


def _merge_path_parameters(params: dict[str, Any], target: ResourceCall) -> dict[str, Any]:
    """Merge the parameters with those of the path. Raises InvalidRequest if they differ."""
    # In 0.3, "id" is the task, and the configuration has a longer name.
    if target.legacy and "Push" in target.method and "id" in target.parameters:
        path = {"id": target.parameters["taskId"], "pushNotificationConfigId": target.parameters["id"]}
    else:
        path = target.parameters
    for name, value in path.items():
        if params.get(name) not in (None, "", value):
            what = f"differs from the path, which says {value[:100]!r}"
            raise InvalidRequest(f"{name} {what}.", errors=[field_error(name, what)])
    return {**params, **path}


def _parse_query(query: bytes) -> dict[str, str]:
    """Parse the parameters of a query string; empty ones are omitted, and the version is not a parameter."""
    return {name: value for name, value in parse_query_pairs(query) if value and name.lower() != "a2a-version"}


def _choose_media_type(scope: Scope) -> bytes:
    """Choose the media type of the response: A2A's own if the client supports it."""
    accepted = read_header(scope, b"accept") or "", read_header(scope, b"content-type") or ""
    return A2A_JSON.encode() if any(A2A_JSON in value for value in accepted) else b"application/json"


async def send_error(scope: Scope, send: Send, wire_error: WireError, *, legacy: bool = False) -> None:
    """Send an error, section 11.6. legacy: whether the client uses 0.3."""
    content_type = (b"content-type", _choose_media_type(scope))
    document = wire_error.build_legacy_http_body() if legacy else wire_error.build_http_body()
    await send_response(
        send, wire_error.status, to_json(document), wire_error.build_response_headers(), content_type=content_type
    )
