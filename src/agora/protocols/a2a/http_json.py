"""HTTP+JSON: section 11 of A2A 1.0, and what the SDKs of 0.3 speak below ``/v1``."""

from __future__ import annotations

from typing import Any, Final
from urllib.parse import parse_qsl

from pydantic_core import from_json, to_json

from agora.protocols.http import Receive, Scope, Send, header, respond
from agora.wire.a2a import v03_proto as legacy_proto
from agora_sdk.errors import AgoraError, InvalidRequest, MalformedRequest

from . import versions
from .core import Core, Request
from .dialects import CURRENT, LEGACY, LEGACY_PROTO, Dialect
from .errors import Fault, Faulty, fault, faulty
from .methods import METHODS
from .routes import Target
from .session import Session, check_type
from .streaming import Render, stream

__all__ = ["HttpJsonEndpoint"]

A2A_JSON: Final = "application/a2a+json"
MAX_QUERY: Final = 16_384


class HttpJsonEndpoint:
    """Answers the resources below an agent's address."""

    def __init__(self, core: Core) -> None:
        self._core = core

    async def __call__(self, target: Target, session: Session, receive: Receive, send: Send) -> None:
        """Answer one request."""
        scope, request = session.scope, None
        try:
            request = await self._read(target, session, receive)
            if request.method.streams:
                await self._stream(request, receive, send)
                return
            body = await session.patiently(receive, self._core.call(request), request)
            await respond(send, 200, body, kind=(b"content-type", _kind(scope)))
        except Faulty as refused:
            await refuse(scope, send, refused.fault, legacy=target.legacy)
        except AgoraError as error:
            task_id = request.task_id if request is not None else _task_id(target)
            await refuse(scope, send, fault(error, target.method, task_id), legacy=target.legacy)

    async def _read(self, target: Target, session: Session, receive: Receive) -> Request:
        scope = session.scope
        version = versions.requested(scope)
        spoken = versions.LEGACY if target.legacy else versions.CURRENT
        if version != spoken:
            raise _other_version(scope["path"], spoken, version)
        caller = await session.caller()
        given: dict[str, Any] = {}
        if scope["method"] in ("POST", "PUT", "PATCH"):
            body = await session.body(receive)
            check_type(scope, body)
            given = _object(body)
        given |= {k: v for k, v in _query(scope["query_string"]).items() if k not in given}
        dialect = _dialect(target, given)
        if dialect is LEGACY_PROTO and "SendMessage" in (target.method, target.method.replace("Streaming", "")):
            given["message"] = legacy_proto.read_proto_message(given.pop("request", given.get("message")))
        method = METHODS[target.method]
        return session.request(method, method.read(_joined(given, target), target.legacy), dialect, caller)

    async def _stream(self, request: Request, receive: Receive, send: Send) -> None:
        opened = await self._core.open(request)

        def item(json: bytes) -> bytes:
            return request.dialect.event(json, interrupts=opened.interrupts)

        def error(error: AgoraError) -> bytes:
            found = fault(error, request.method.name, request.task_id)
            return to_json(found.legacy_http() if request.dialect.old else found.http())

        await stream(opened, Render(item, error), receive, send, self._core.buffer_limit)


def _dialect(target: Target, given: dict[str, Any]) -> Dialect:
    """How to answer: as the request is written, and where it has no body, as the SDKs do."""
    if not target.legacy:
        return CURRENT
    if "message" in given and not legacy_proto.is_proto(given):
        return LEGACY
    return LEGACY_PROTO


def _other_version(path: str, spoken: str, version: str) -> Faulty:
    elsewhere = "below /v1" if spoken == versions.CURRENT else "without /v1"
    return faulty(
        "VERSION_NOT_SUPPORTED",
        f"{path} belongs to A2A {spoken}, and the request is one of A2A {version}, which is {elsewhere}. "
        f"Send the header 'A2A-Version: {spoken}'.",
        requested=version,
        supported=", ".join(versions.SUPPORTED),
    )


def _task_id(target: Target) -> str | None:
    return target.parameters.get("taskId") or target.parameters.get("id")


def _joined(given: dict[str, Any], target: Target) -> dict[str, Any]:
    """The parameters with those of the path, which nothing else may say otherwise."""
    if target.legacy and "Push" in target.method and "id" in target.parameters:
        path = {"id": target.parameters["taskId"], "pushNotificationConfigId": target.parameters["id"]}
    else:
        path = target.parameters
    for name, value in path.items():
        if given.get(name) not in (None, "", value):
            what = f"differs from the path, which says {value[:100]!r}"
            raise InvalidRequest(f"{name} {what}.", errors=[{"field": name, "message": what}])
    return {**given, **path}


def _query(query: bytes) -> dict[str, str]:
    if not query:
        return {}
    try:
        if len(query) > MAX_QUERY:
            raise ValueError(f"longer than {MAX_QUERY} bytes")
        pairs = parse_qsl(query.decode("ascii"), keep_blank_values=False, errors="strict", max_num_fields=100)
    except ValueError as error:
        raise MalformedRequest(
            "The query string cannot be read.", errors=[{"field": "query", "message": str(error)}]
        ) from None
    return {name: value for name, value in pairs if name.lower() != "a2a-version"}


def _object(body: bytes) -> dict[str, Any]:
    try:
        value = from_json(body or b"{}", allow_inf_nan=False)
    except ValueError as error:
        raise MalformedRequest(
            f"The body is not JSON: {error}", errors=[{"field": "body", "message": str(error)}]
        ) from None
    if not isinstance(value, dict):
        raise InvalidRequest("The body is not a JSON object.", errors=[{"field": "body", "message": "not an object"}])
    return value


def _kind(scope: Scope) -> bytes:
    """The media type of the answer: A2A's own where the client knows it."""
    known = header(scope, b"accept") or "", header(scope, b"content-type") or ""
    return A2A_JSON.encode() if any(A2A_JSON in value for value in known) else b"application/json"


async def refuse(scope: Scope, send: Send, found: Fault, *, legacy: bool = False) -> None:
    """Answer with an error, section 11.6. legacy: to a client of 0.3."""
    kind = (b"content-type", _kind(scope))
    document = found.legacy_http() if legacy else found.http()
    await respond(send, found.status, to_json(document), found.headers(), kind=kind)
