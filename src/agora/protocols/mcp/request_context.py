"""The context of one request, independent of its transport, and its JSON-RPC errors."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any

from agora.core.call import Caller, Progress
from agora_sdk.contract import Operation
from agora_sdk.errors import AgoraError, NotFound

from .client_requests import NO_CLIENT, ClientRequests
from .sessions import Session
from .tool_view import ToolView

__all__ = [
    "INTERNAL_ERROR",
    "INVALID_PARAMS",
    "INVALID_REQUEST",
    "METHOD_NOT_FOUND",
    "PARSE_ERROR",
    "JsonRpcError",
    "RequestContext",
    "ignore_progress",
]

PARSE_ERROR = -32700
INVALID_REQUEST = -32600
METHOD_NOT_FOUND = -32601
INVALID_PARAMS = -32602
INTERNAL_ERROR = -32603
RESOURCE_NOT_FOUND = -32002  # until 2025-11-25; then SEP-2164 made it INVALID_PARAMS


async def ignore_progress(done: float, total: float | None, message: str | None) -> None:
    """Ignore progress: the client did not request it."""


@dataclass(slots=True)
class RequestContext:
    """The context of a request: its caller, and metadata beside its parameters.

    modern: whether it uses 2026-07-28. key: idempotency key of the HTTP header. valid: raises if the credential is no
    longer valid. progress: reports progress. client: for requests to the client during the call.
    session: of the older era, if any. client_name: reported by a client of the newer era.
    resolved: cache of the last operation lookup (name, version, operation), because each step of a call needs it.
    """

    caller: Caller
    view: ToolView
    modern: bool
    valid: Callable[[], Awaitable[None]]
    key: str | None = None
    request_id: str | None = None
    progress: Progress = ignore_progress
    client: ClientRequests = NO_CLIENT
    session: Session | None = None
    client_name: str = ""
    resolved: tuple[str, str | None, Operation] | None = None


class JsonRpcError(Exception):
    """A JSON-RPC error."""

    def __init__(self, code: int, message: str, data: Any = None) -> None:
        super().__init__(message)
        self.code, self.message, self.data = code, message, data

    @classmethod
    def from_error(cls, error: AgoraError, *, modern: bool, data: Mapping[str, Any] = {}) -> JsonRpcError:
        """Build the error of a failed read or listing. data: additional members beside the problem document."""
        code = error.jsonrpc
        if isinstance(error, NotFound):
            code = INVALID_PARAMS if modern else RESOURCE_NOT_FOUND
        return cls(code, str(error), {**error.problem(), **data})

    def build_error_document(self) -> dict[str, Any]:
        """Build the ``error`` member of a JSON-RPC response."""
        error: dict[str, Any] = {"code": self.code, "message": self.message}
        return error if self.data is None else error | {"data": self.data}
