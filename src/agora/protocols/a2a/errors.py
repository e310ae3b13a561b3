"""A2A errors: sections 3.3.2, 5.4, 9.5 and 11.6 of the specification 1.0.

Errors defined by A2A have a row in its table. Other errors keep their HTTP status and have a JSON-RPC code outside
A2A's range, and the domain ``agora`` in their ``google.rpc.ErrorInfo``.
"""

from __future__ import annotations

from dataclasses import field, replace
from datetime import UTC, datetime
from typing import Any, Final

from agora.value_classes import value_class
from agora_sdk.errors import (
    AgoraError,
    IllegalTransition,
    InvalidRequest,
    MalformedRequest,
    MethodNotAllowed,
    PayloadTooLarge,
    RateLimited,
    Unauthenticated,
    UnsupportedMediaType,
)

__all__ = ["A2AError", "WireError", "build_protocol_error", "to_wire_error"]

DOMAIN: Final = "a2a-protocol.org"
OWN_DOMAIN: Final = "agora"
ERROR_INFO: Final = "type.googleapis.com/google.rpc.ErrorInfo"
BAD_REQUEST: Final = "type.googleapis.com/google.rpc.BadRequest"

ErrorRow = tuple[int, int, str, str]

#: JSON-RPC code, HTTP status, gRPC status and standard message by reason
ERROR_TABLE: Final[dict[str, ErrorRow]] = {
    "TASK_NOT_FOUND": (-32001, 404, "NOT_FOUND", "Task not found"),
    "TASK_NOT_CANCELABLE": (-32002, 400, "FAILED_PRECONDITION", "Task cannot be canceled"),
    "PUSH_NOTIFICATION_NOT_SUPPORTED": (-32003, 400, "FAILED_PRECONDITION", "Push Notification is not supported"),
    "UNSUPPORTED_OPERATION": (-32004, 400, "FAILED_PRECONDITION", "This operation is not supported"),
    "CONTENT_TYPE_NOT_SUPPORTED": (-32005, 400, "INVALID_ARGUMENT", "Incompatible content types, not supported"),
    "INVALID_AGENT_RESPONSE": (-32006, 500, "INTERNAL", "Invalid agent response"),
    "EXTENDED_AGENT_CARD_NOT_CONFIGURED": (
        -32007,
        400,
        "FAILED_PRECONDITION",
        "Authenticated Extended Card is not configured",
    ),
    "EXTENSION_SUPPORT_REQUIRED": (-32008, 400, "FAILED_PRECONDITION", "Extension support required"),
    "VERSION_NOT_SUPPORTED": (-32009, 400, "FAILED_PRECONDITION", "Version not supported"),
}
#: errors defined by JSON-RPC; A2A's table does not contain their reasons
JSONRPC_ERROR_TABLE: Final[dict[str, ErrorRow]] = {
    "PARSE_ERROR": (-32700, 400, "INVALID_ARGUMENT", "Invalid JSON payload"),
    "INVALID_REQUEST": (-32600, 400, "INVALID_ARGUMENT", "Request payload validation error"),
    "METHOD_NOT_FOUND": (-32601, 404, "NOT_FOUND", "Method not found"),
    "INVALID_PARAMS": (-32602, 400, "INVALID_ARGUMENT", "Invalid parameters"),
}
#: JSON-RPC code, different from A2A's, and gRPC status by HTTP status of other errors
STATUS_CODES: Final[dict[int, tuple[int, str]]] = {
    401: (-32041, "UNAUTHENTICATED"),
    403: (-32043, "PERMISSION_DENIED"),
    404: (-32044, "NOT_FOUND"),
    405: (-32601, "UNIMPLEMENTED"),
    409: (-32049, "ABORTED"),
    410: (-32050, "NOT_FOUND"),
    413: (-32600, "INVALID_ARGUMENT"),
    415: (-32600, "INVALID_ARGUMENT"),
    423: (-32023, "FAILED_PRECONDITION"),
    429: (-32029, "RESOURCE_EXHAUSTED"),
    502: (-32052, "UNAVAILABLE"),
    503: (-32053, "UNAVAILABLE"),
    504: (-32054, "DEADLINE_EXCEEDED"),
}
UNSUPPORTED_MEDIA_TYPE: Final = 415
# Subclasses of InvalidRequest, but errors of the HTTP request: as "invalid parameters" they would lose their status.
_HTTP_ERRORS: Final = (MethodNotAllowed, PayloadTooLarge)
#: HTTP statuses also used for JSON-RPC responses, because clients and proxies handle them
HTTP_STATUSES: Final = frozenset({401, 403, 404, 413, 415, 429, 503})


@value_class
class WireError:
    """An error in A2A's wire format. status: of HTTP. grpc: name of the gRPC status. retry_after: seconds."""

    reason: str
    code: int
    status: int
    grpc: str
    message: str
    domain: str = DOMAIN
    metadata: dict[str, str] = field(default_factory=dict)
    violations: list[dict[str, str]] = field(default_factory=list)
    challenge: bool = False
    retry_after: int | None = None

    def build_details(self) -> list[dict[str, Any]]:
        """Build the ``google.rpc`` details, section 3.3.2."""
        details: list[dict[str, Any]] = []
        if self.violations:
            violations = [{"field": v["field"], "description": v["message"]} for v in self.violations]
            details.append({"@type": BAD_REQUEST, "fieldViolations": violations})
        stamp = datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
        metadata = {**self.metadata, "timestamp": stamp}
        details.append({"@type": ERROR_INFO, "reason": self.reason, "domain": self.domain, "metadata": metadata})
        return details

    def build_rpc_error(self) -> dict[str, Any]:
        """Build the error of a JSON-RPC response, section 9.5."""
        return {"code": self.code, "message": self.message, "data": self.build_details()}

    def build_http_body(self) -> dict[str, Any]:
        """Build the body of an HTTP response, section 11.6."""
        return {
            "error": {
                "code": self.status,
                "status": self.grpc,
                "message": self.message,
                "details": self.build_details(),
            }
        }

    def build_legacy_http_body(self) -> dict[str, Any]:
        """Build the body for clients of 0.3, which read the JSON-RPC code or the name of the error."""
        name = "".join(word.capitalize() for word in self.reason.split("_"))
        return {"type": f"{name}Error", "code": self.code, "message": self.message, **self.build_http_body()}

    @property
    def rpc_status(self) -> int:
        """HTTP status of a JSON-RPC response: 200, except for errors of HTTP itself."""
        visible = self.domain == OWN_DOMAIN or self.status == UNSUPPORTED_MEDIA_TYPE
        return self.status if visible and self.status in HTTP_STATUSES else 200

    def build_response_headers(self) -> list[tuple[bytes, bytes]]:
        """Build the headers of the response."""
        headers = []
        if self.challenge:
            headers.append((b"www-authenticate", b'Bearer realm="agora"'))
        if self.retry_after is not None:
            headers.append((b"retry-after", b"%d" % self.retry_after))
        return headers


class A2AError(Exception):
    """An error of the protocol itself, with its form on the wire."""

    def __init__(self, error: WireError) -> None:
        super().__init__(error.message)
        self.wire_error = error


def build_protocol_error(reason: str, message: str, **metadata: str) -> A2AError:
    """Build the error for a reason defined by A2A or JSON-RPC."""
    return A2AError(_build_standard_wire_error(reason, message, metadata))


def _build_standard_wire_error(
    reason: str, detail: str, metadata: dict[str, str], violations: list[dict[str, str]] | None = None
) -> WireError:
    """Build an error that has a row in A2A's or JSON-RPC's table."""
    row = ERROR_TABLE.get(reason)
    code, status, grpc, message = row or JSONRPC_ERROR_TABLE[reason]
    domain = DOMAIN if row else OWN_DOMAIN
    return WireError(reason, code, status, grpc, f"{message}: {detail}", domain, metadata, violations or [])


def to_wire_error(error: AgoraError, method: str = "", task_id: str | None = None) -> WireError:
    """Convert an AgoraError to A2A's wire format. method: of A2A 1.0; the meaning of an error may depend on it."""
    metadata = {"taskId": task_id} if task_id else {}
    if error.fix:
        metadata["fix"] = error.fix
    reason = _find_error_reason(error, method)
    if reason is not None:
        wire_error = _build_standard_wire_error(reason, error.detail, metadata, error.extra.get("errors"))
        # an error of the HTTP request's content type, not of a message part
        return replace(wire_error, status=error.status) if isinstance(error, UnsupportedMediaType) else wire_error
    code, grpc = STATUS_CODES.get(error.status, (-32603, "INTERNAL"))
    retry_after = error.extra.get("retry_after", 1 if isinstance(error, RateLimited) else None)
    return WireError(
        error.code.upper(),
        code,
        error.status,
        grpc,
        error.detail,
        OWN_DOMAIN,
        metadata,
        challenge=isinstance(error, Unauthenticated),
        # With 0, clients repeat the call at once, in a loop.
        retry_after=None if retry_after is None else max(1, int(retry_after)),
    )


def _find_error_reason(error: AgoraError, method: str) -> str | None:
    """Find the reason in A2A's or JSON-RPC's tables, if any; operations set A2A reasons themselves."""
    reason = error.extra.get("reason")
    if isinstance(reason, str) and reason in ERROR_TABLE:
        return reason
    if isinstance(error, IllegalTransition):
        return "TASK_NOT_CANCELABLE" if method == "CancelTask" else "UNSUPPORTED_OPERATION"
    if isinstance(error, UnsupportedMediaType):
        return "CONTENT_TYPE_NOT_SUPPORTED"
    if isinstance(error, MalformedRequest):
        return "PARSE_ERROR"
    if isinstance(error, InvalidRequest) and not isinstance(error, _HTTP_ERRORS):
        return "INVALID_PARAMS"
    return None
