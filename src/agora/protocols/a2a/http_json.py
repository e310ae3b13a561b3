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
from .core import Core, Request
from .dialects import CURRENT, LEGACY, LEGACY_PROTO, LEGACY_PROTO_TEXT, Dialect
from .errors import A2AError, WireError, build_protocol_error, to_wire_error
from .methods import METHODS
from .routes import ResourceCall
from .session import Session
from .streaming import SseEncoder, send_stream

__all__ = ["HttpJsonEndpoint"]

A2A_JSON: Final = "application/a2a+json"


class HttpJsonEndpoint:
    """Serves the resources below an agent's address."""

    def __init__(self, core: Core) -> None:
        self._core = core

    async def __call__(self, target: ResourceCall, session: Session, receive: Receive, send: Send) -> None:
        """Answer one request."""
        scope, request = session.scope, None
        try:
            request = await self._read_request(target, session, receive)
            if request.method.streams:
                await self._send_stream(request, receive, send)
                return
            body = await session.run_while_connected(receive, self._core.call_operation(request), request)
            await send_response(send, 200, body, kind=(b"content-type", _choose_media_type(scope)))
        except A2AError as refused:
            await send_error(scope, send, refused.fault, legacy=target.legacy)
        except AgoraError as error:
            task_id = request.task_id if request is not None else _read_path_task_id(target)
            await send_error(scope, send, to_wire_error(error, target.method, task_id), legacy=target.legacy)

    async def _read_request(self, target: ResourceCall, session: Session, receive: Receive) -> Request:
        scope = session.scope
        version = versions.negotiate_version(scope)
        spoken = versions.LEGACY if target.legacy else versions.CURRENT
        if version != spoken:
            # Before the authentication, so that a client of the wrong version learns the cause, not a consequence.
            raise _build_wrong_version_error(scope["path"], spoken, version)
        caller = await session.authenticate_caller()
        params: dict[str, Any] = {}
        if scope["method"] in ("POST", "PUT", "PATCH"):
            body = await session.read_json_body(receive, self._core.dispatcher, caller)
            params = parse_json_object(body)
        # The body counts before the query, so a repeated parameter has one meaning.
        params |= {k: v for k, v in _parse_query(scope["query_string"]).items() if k not in params}
        dialect = _choose_dialect(scope, target, params)
        if dialect in (LEGACY_PROTO, LEGACY_PROTO_TEXT) and target.method in ("SendMessage", "SendStreamingMessage"):
            params = legacy_proto.read_proto_request(params, bytes_as_text=dialect is LEGACY_PROTO_TEXT)
        method = METHODS[target.method]
        return session.build_request(
            method, method.read(_merge_path_parameters(params, target), target.legacy), dialect, caller
        )

    async def _send_stream(self, request: Request, receive: Receive, send: Send) -> None:
        opened = await self._core.open_stream(request)

        def encode_item(json: bytes) -> bytes:
            return request.dialect.encode_event(json, interrupts=opened.interrupts)

        def encode_error(error: AgoraError) -> bytes:
            wire_error = to_wire_error(error, request.method.name, request.task_id)
            return to_json(wire_error.legacy_http_body() if request.dialect.old else wire_error.http_body())

        await send_stream(opened, SseEncoder(encode_item, encode_error), receive, send, self._core.buffer_limit)


def _choose_dialect(scope: Scope, target: ResourceCall, given: dict[str, Any]) -> Dialect:
    """Choose the dialect of the response: that of the request; without a body, that of the SDKs.

    The SDKs of 0.3 disagree about files: the Python SDK, which uses httpx, encodes the base64 text a second time, in
    both directions.
    """
    if not target.legacy:
        return CURRENT
    if "message" in given and not legacy_proto.is_proto(given):
        return LEGACY
    over_httpx = (read_header(scope, b"user-agent") or "").startswith("python-httpx/")
    return LEGACY_PROTO_TEXT if over_httpx else LEGACY_PROTO


def _build_wrong_version_error(path: str, spoken: str, version: str) -> A2AError:
    alternative = "below /v1" if spoken == versions.CURRENT else "without /v1"
    return build_protocol_error(
        "VERSION_NOT_SUPPORTED",
        f"{path} belongs to A2A {spoken}, and the request is one of A2A {version}, which is {alternative}. "
        f"Send the header 'A2A-Version: {spoken}'.",
        requested=version,
        supported=", ".join(versions.SUPPORTED),
    )


def _read_path_task_id(target: ResourceCall) -> str | None:
    return target.parameters.get("taskId") or target.parameters.get("id")


def _merge_path_parameters(given: dict[str, Any], target: ResourceCall) -> dict[str, Any]:
    """Merge the parameters with those of the path. Raises InvalidRequest if they differ."""
    # In 0.3, "id" is the task, and the configuration has a longer name.
    if target.legacy and "Push" in target.method and "id" in target.parameters:
        path = {"id": target.parameters["taskId"], "pushNotificationConfigId": target.parameters["id"]}
    else:
        path = target.parameters
    for name, value in path.items():
        if given.get(name) not in (None, "", value):
            what = f"differs from the path, which says {value[:100]!r}"
            raise InvalidRequest(f"{name} {what}.", errors=[field_error(name, what)])
    return {**given, **path}


def _parse_query(query: bytes) -> dict[str, str]:
    """Parse the parameters of a query string; empty ones are omitted, and the version is not a parameter."""
    return {name: value for name, value in parse_query_pairs(query) if value and name.lower() != "a2a-version"}


def _choose_media_type(scope: Scope) -> bytes:
    """Choose the media type of the response: A2A's own if the client supports it."""
    accepted = read_header(scope, b"accept") or "", read_header(scope, b"content-type") or ""
    return A2A_JSON.encode() if any(A2A_JSON in value for value in accepted) else b"application/json"


async def send_error(scope: Scope, send: Send, wire_error: WireError, *, legacy: bool = False) -> None:
    """Send an error, section 11.6. legacy: whether the client uses 0.3."""
    kind = (b"content-type", _choose_media_type(scope))
    document = wire_error.legacy_http_body() if legacy else wire_error.http_body()
    await send_response(send, wire_error.status, to_json(document), wire_error.response_headers(), kind=kind)
