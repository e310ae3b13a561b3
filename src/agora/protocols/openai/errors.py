"""Errors in OpenAI's format: ``{"error": {"message", "type", "param", "code"}}``; the message ends with the fix.

The status is the error's own, except 400 for invalid input; a failed agent is 422. Clients retry 408, 409, 429 and 5xx
automatically; the header ``x-should-retry`` prevents this if a retry cannot succeed.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from pydantic_core import to_json

from agora.protocols.http import Send, send_response
from agora_sdk.errors import (
    AgoraError,
    Conflict,
    InvalidRequest,
    NotFound,
    Overloaded,
    PaymentRequired,
    PermissionDenied,
    RateLimited,
    StorageUnavailable,
    Unauthenticated,
    field_error,
)

__all__ = [
    "TURN_BEGUN_CODE",
    "build_agent_failed_error",
    "build_error_object",
    "build_model_not_found_error",
    "invalid_field",
    "send_error",
]

#: ``type`` by class of error, first match; all others are server errors
_TYPES: Final = (
    (Unauthenticated, "authentication_error"),
    (PermissionDenied, "permission_error"),
    (PaymentRequired, "insufficient_quota"),
    (RateLimited, "rate_limit_error"),
    ((NotFound, Conflict, InvalidRequest), "invalid_request_error"),
)
_CODES: Final[Mapping[str, str]] = {
    "unauthenticated": "invalid_api_key",
    "rate_limited": "rate_limit_exceeded",
    "payment_required": "insufficient_quota",
    "budget_exceeded": "insufficient_quota",
    "credit_exhausted": "insufficient_quota",
}
_REPEATABLE_ERRORS: Final = (RateLimited, Overloaded, StorageUnavailable)
#: member of an error's ``extra`` if the refused request has begun a turn, which a repetition would begin again
TURN_BEGUN_CODE: Final = "turn_begun"
_UNPROCESSABLE: Final = 422


def build_error_object(error: AgoraError) -> dict[str, Any]:
    """Build the member ``error`` of a response or a stream's event."""
    kind = next((name for kinds, name in _TYPES if isinstance(error, kinds)), "server_error")
    if "agent_state" in error.extra:
        kind = "agent_error"
    fields = error.extra.get("errors") or [{}]
    code = error.extra.get("openai_code") or _CODES.get(error.code, error.code)
    return {"message": str(error), "type": kind, "param": fields[0].get("field"), "code": code}


async def send_error(send: Send, error: AgoraError) -> None:
    """Send an error as a response."""
    is_malformed = error.status == _UNPROCESSABLE and "agent_state" not in error.extra
    status = 400 if is_malformed else error.status
    retry_after = error.extra.get("retry_after") or (1 if isinstance(error, RateLimited) else None)
    is_repeatable = isinstance(error, _REPEATABLE_ERRORS) and TURN_BEGUN_CODE not in error.extra
    headers = [(b"x-should-retry", b"true" if is_repeatable else b"false")]
    if retry_after is not None:
        headers.append((b"retry-after", str(int(retry_after)).encode()))
    if isinstance(error, Unauthenticated):
        headers.append((b"www-authenticate", b'Bearer realm="agora"'))
    if allowed := error.extra.get("allow"):
        headers.append((b"allow", allowed.encode()))
    await send_response(send, status, to_json({"error": build_error_object(error)}), headers)


def invalid_field(field: str, problem: str, fix: str | None = None) -> InvalidRequest:
    """Build the error of one field of a request."""
    return InvalidRequest(f"{field}: {problem}", fix=fix, errors=[field_error(field, problem)])


def build_model_not_found_error(model: str) -> NotFound:
    """Build the error for a model that is not an agent."""
    return NotFound(
        f"There is no agent {model[:200]!r}.",
        fix="A model is the name or the id of an agent; GET /v1/models lists them.",
        errors=[field_error("model", "unknown agent")],
        openai_code="model_not_found",
    )


def build_agent_failed_error(state: str, reason: str) -> InvalidRequest:
    """Build the error for an agent that failed or was stopped: 422, which clients do not retry, because a retry would
    cost again."""
    word = state.removeprefix("TASK_STATE_").lower()
    return InvalidRequest(
        reason or f"The agent ended its task with the status {word}.",
        fix=None if reason else "Ask it in other words, or ask another agent.",
        openai_code=f"agent_{word}",
        agent_state=word,
    )
