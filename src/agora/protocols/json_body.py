"""Parsing of request bodies that must be JSON objects."""

from __future__ import annotations

from typing import Any

from pydantic_core import from_json

from agora.core.call import Caller
from agora.core.dispatcher import Dispatcher
from agora.protocols.http import Receive, Scope, read_body, read_header
from agora_sdk.errors import InvalidRequest, MalformedRequest, UnsupportedMediaType, field_error

__all__ = ["parse_json_object", "read_json_body", "read_media_type", "require_json_media_type"]


def read_media_type(scope: Scope) -> str:
    """Return the media type of a request's body without parameters."""
    return (read_header(scope, b"content-type") or "").split(";")[0].strip().lower()


def require_json_media_type(scope: Scope, body: bytes) -> None:
    """Require a JSON media type, because a web page can send text/plain anywhere without preflight. Raises
    UnsupportedMediaType."""
    kind = read_media_type(scope)
    if body and kind != "application/json" and not kind.endswith("+json"):
        raise UnsupportedMediaType(
            f"The body is {kind or 'of no type'}, not JSON.", fix="Send 'Content-Type: application/json'."
        )


async def read_json_body(scope: Scope, receive: Receive, limit: int, dispatcher: Dispatcher, caller: Caller) -> bytes:
    """Read the JSON of a request's body, and wait for the caller's turn to parse it. Raises PayloadTooLarge,
    UnsupportedMediaType."""
    body = await read_body(scope, receive, limit)
    require_json_media_type(scope, body)
    await dispatcher.wait_for_turn(caller, len(body))
    return body


def parse_json_object(body: bytes) -> dict[str, Any]:
    """Parse the object in a body; an empty body is an empty object. Raises MalformedRequest, InvalidRequest."""
    try:
        value = from_json(body or b"{}", allow_inf_nan=False)
    except ValueError as error:
        raise MalformedRequest(f"The body is not JSON: {error}", errors=[field_error("body", str(error))]) from None
    if not isinstance(value, dict):
        raise InvalidRequest("The body is not a JSON object.", errors=[field_error("body", "not an object")])
    return value
