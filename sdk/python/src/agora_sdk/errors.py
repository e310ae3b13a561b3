"""Errors: one class hierarchy and one table that maps it to protocols.

::

    AgoraError
    ├── ServerUnreachable          no server responds (client side)
    ├── InvalidRequest             a field is invalid; ``errors`` names it
    │   ├── MalformedRequest       not JSON, not UTF-8, nested too deeply
    │   ├── MethodNotAllowed       the path has other methods; ``allowed`` lists them
    │   ├── PayloadTooLarge        the body exceeds its limit
    │   └── UnsupportedMediaType   the body's media type is not JSON
    ├── Unauthenticated            no credential, or an invalid one
    ├── PermissionDenied           the credential does not allow it
    │   └── Halted                 stopped by an override
    ├── PaymentRequired            payment is required and not covered
    │   ├── BudgetExceeded         a hard limit is reached; ``resets_at`` is its end
    │   └── CreditExhausted        the prepaid credit does not cover it
    ├── NotFound
    ├── Conflict
    │   ├── NameTaken              the agent's name belongs to another identity
    │   ├── IdempotencyConflict    the key was used with a different request
    │   ├── IllegalTransition      the object's state does not allow it; ``allowed`` lists what is
    │   └── StaleLease             the lease was lost: the fencing token is outdated
    ├── Gone
    │   ├── OperationSunset        the operation was removed; the replacement is named
    │   └── CursorTooOld           resuming from before the retention period; ``oldest`` is the first position
    ├── RateLimited                too many calls; ``retry_after`` seconds
    ├── Overloaded                 a queue is full or the server is shutting down; ``retry_after`` seconds
    ├── StorageUnavailable         the database fails temporarily; ``cause``, ``outcome``, ``retry_after`` seconds
    ├── DeadlineExceeded           the time limit was exceeded
    ├── Undecipherable             an encrypted payload cannot be decrypted or was modified (client side)
    │   └── UnknownKey             the encryption key, or the required decryption key, is missing
    ├── UpstreamFailed             an upstream server refused, or returned an invalid response
    │   ├── UpstreamAuthorizationRequired  a person must first authorize access at ``url``
    │   └── UpstreamUnavailable    it is unreachable; nothing was executed; ``retry_after`` seconds
    └── InternalError              a defect of the server

Every class has a stable ``code`` and one row of the table that maps it to each protocol: HTTP status
(RFC 9457), JSON-RPC code, WebSocket close code, exit code of the CLI.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

__all__ = [
    "AgoraError",
    "BudgetExceeded",
    "Conflict",
    "CreditExhausted",
    "CursorTooOld",
    "DeadlineExceeded",
    "Gone",
    "Halted",
    "IdempotencyConflict",
    "IllegalTransition",
    "InternalError",
    "InvalidRequest",
    "MalformedRequest",
    "MethodNotAllowed",
    "NameTaken",
    "NotFound",
    "OperationSunset",
    "Overloaded",
    "PayloadTooLarge",
    "PaymentRequired",
    "PermissionDenied",
    "RateLimited",
    "ServerUnreachable",
    "StaleLease",
    "StorageUnavailable",
    "Unauthenticated",
    "Undecipherable",
    "UnknownKey",
    "UnsupportedMediaType",
    "UpstreamAuthorizationRequired",
    "UpstreamFailed",
    "UpstreamUnavailable",
    "field_error",
    "from_problem",
]


def field_error(field: str, message: str) -> dict[str, str]:
    """Create an entry of an error's ``errors``: the path of a field, such as ``metadata.priority``, and a message."""
    return {"field": field, "message": message}


_STANDARD = frozenset({"type", "title", "status", "code", "detail", "fix"})  #: members of every problem document


class AgoraError(Exception):
    """Root of every error. ``detail`` describes what happened, ``fix`` how to fix it."""

    code: ClassVar[str] = "error"
    title: ClassVar[str] = "Error"
    status: ClassVar[int] = 500
    jsonrpc: ClassVar[int] = -32000
    close_code: ClassVar[int] = 1011
    exit_code: ClassVar[int] = 1

    def __init__(self, detail: str = "", /, *, fix: str | None = None, **extra: Any) -> None:
        super().__init__(detail or self.title)
        self.detail = detail or self.title
        self.fix = fix
        self.extra = extra

    def __str__(self) -> str:
        return f"{self.detail} {self.fix}" if self.fix else self.detail

    def __getattr__(self, name: str) -> Any:
        try:
            return self.__dict__["extra"][name]
        except KeyError:
            raise AttributeError(name) from None

    def problem(self) -> dict[str, Any]:
        """Return the error as an RFC 9457 problem document. Members of ``extra`` do not replace standard members."""
        problem: dict[str, Any] = {
            "type": f"urn:agora:error:{self.code}",
            "title": self.title,
            "status": self.status,
            "code": self.code,
            "detail": self.detail,
        }
        if self.fix:
            problem["fix"] = self.fix
        return problem | {name: value for name, value in self.extra.items() if name not in _STANDARD}


class ServerUnreachable(AgoraError):
    code, title, exit_code = "server_unreachable", "The server cannot be reached", 7
    status, close_code = 503, 1006


class InvalidRequest(AgoraError):
    """``errors`` is a list of ``{"field", "message"}``."""

    code, title, status, jsonrpc, close_code, exit_code = "invalid_request", "Invalid request", 422, -32602, 4400, 2


class MalformedRequest(InvalidRequest):
    code, title, status, jsonrpc = "malformed_request", "Malformed request", 400, -32700


class MethodNotAllowed(InvalidRequest):
    code, title, status, jsonrpc = "method_not_allowed", "Method not allowed", 405, -32601


class UnsupportedMediaType(InvalidRequest):
    code, title, status = "unsupported_media_type", "Unsupported media type", 415


class PayloadTooLarge(InvalidRequest):
    code, title, status, close_code = "payload_too_large", "Payload too large", 413, 1009


class Unauthenticated(AgoraError):
    code, title, status, jsonrpc, close_code, exit_code = "unauthenticated", "Unauthenticated", 401, -32001, 4401, 3


class PermissionDenied(AgoraError):
    code, title, status, jsonrpc, close_code, exit_code = "permission_denied", "Permission denied", 403, -32003, 4403, 3


class Halted(PermissionDenied):
    code, title, status, jsonrpc, close_code, exit_code = "halted", "Stopped by an override", 423, -32010, 4423, 6


class PaymentRequired(AgoraError):
    code, title, status, jsonrpc, close_code, exit_code = "payment_required", "Payment required", 402, -32012, 4402, 6


class BudgetExceeded(PaymentRequired):
    code, title = "budget_exceeded", "The budget is used up"


class CreditExhausted(PaymentRequired):
    code, title = "credit_exhausted", "The credit is used up"


class NotFound(AgoraError):
    code, title, status, jsonrpc, close_code, exit_code = "not_found", "Not found", 404, -32004, 4404, 4


class Conflict(AgoraError):
    code, title, status, jsonrpc, close_code, exit_code = "conflict", "Conflict", 409, -32009, 4409, 5


class NameTaken(Conflict):
    code, title = "name_taken", "Name taken"


class IdempotencyConflict(Conflict):
    code, title = "idempotency_conflict", "Idempotency key already used with another request"


class IllegalTransition(Conflict):
    code, title = "illegal_transition", "Not possible in the current state"


class StaleLease(Conflict):
    code, title = "stale_lease", "The lease was lost"


class Gone(AgoraError):
    code, title, status, jsonrpc, close_code, exit_code = "gone", "Gone", 410, -32011, 4410, 4


class OperationSunset(Gone):
    code, title = "operation_sunset", "The operation has been sunset"


class CursorTooOld(Gone):
    code, title = "cursor_too_old", "The position is older than the retention period"


class RateLimited(AgoraError):
    code, title, status, jsonrpc, close_code, exit_code = "rate_limited", "Too many calls", 429, -32029, 4429, 6


class Overloaded(AgoraError):
    code, title, status, jsonrpc, close_code, exit_code = "overloaded", "Overloaded", 503, -32013, 1013, 6


class StorageUnavailable(AgoraError):
    """The server's database cannot be reached, does not answer, or refuses writes.

    cause: ``unreachable``, ``timeout``, ``disk_full``, ``read_only``, ``io_error``, ``connections`` or ``contention``.
    outcome: ``failed`` if nothing was stored; ``unknown`` if the call may have been stored. In both cases, a call
    repeated with the same idempotency key is executed once.
    """

    code, title, status, jsonrpc, close_code, exit_code = (
        "storage_unavailable",
        "The storage is unavailable",
        503,
        -32017,
        1013,
        7,
    )


class DeadlineExceeded(AgoraError):
    code, title, status, jsonrpc, close_code, exit_code = "deadline_exceeded", "Deadline exceeded", 504, -32014, 4408, 6


class Undecipherable(AgoraError):
    code, title, status, jsonrpc, close_code, exit_code = (
        "undecipherable",
        "The payload cannot be decrypted",
        422,
        -32602,
        4400,
        2,
    )


class UnknownKey(Undecipherable):
    """``kids``: ids of the required keys, if known."""

    code, title = "unknown_key", "Unknown key"


class UpstreamFailed(AgoraError):
    """``outcome`` is ``unknown`` if the request may have been executed."""

    code, title, status, jsonrpc, close_code, exit_code = "upstream_failed", "Upstream failed", 502, -32015, 1014, 7


class UpstreamUnavailable(UpstreamFailed):
    code, title, status, jsonrpc = "upstream_unavailable", "Upstream unavailable", 503, -32016


class UpstreamAuthorizationRequired(UpstreamFailed):
    """``url`` is where a person grants access; absent if an operator must do so. Nothing was executed at the
    upstream."""

    code, title, status, jsonrpc, close_code, exit_code = (
        "upstream_authorization_required",
        "Authorization at the upstream is required",
        424,
        -32042,
        4424,
        3,
    )


class InternalError(AgoraError):
    code, title, jsonrpc = "internal_error", "Internal error", -32603


def _index_classes_by_code(root: type[AgoraError]) -> dict[str, type[AgoraError]]:
    classes = {root.code: root}
    for child in root.__subclasses__():
        classes |= _index_classes_by_code(child)
    return classes


BY_CODE: Mapping[str, type[AgoraError]] = _index_classes_by_code(AgoraError)


def from_problem(problem: Mapping[str, Any], status: int = 500) -> AgoraError:
    """Create the error described by a problem document. For an unknown code, the HTTP status determines the class."""
    # A base class stands before its subclasses in BY_CODE, so a status of several classes yields the most general one.
    by_status = next((kind for kind in BY_CODE.values() if kind.status == status), AgoraError)
    kind = BY_CODE.get(str(problem.get("code")), by_status)
    extra = {key: value for key, value in problem.items() if key not in _STANDARD}
    return kind(str(problem.get("detail") or ""), fix=problem.get("fix"), **extra)
