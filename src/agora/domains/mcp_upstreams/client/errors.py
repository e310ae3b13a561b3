"""Conversion of upstream failures to AgoraErrors; each states whether the call may have taken effect."""

from __future__ import annotations

from mcp.shared.exceptions import MCPError
from mcp_types import REQUEST_TIMEOUT
from mcp_types.jsonrpc import CONNECTION_CLOSED, PARSE_ERROR

from agora_sdk.errors import AgoraError, DeadlineExceeded, UpstreamFailed, UpstreamUnavailable

from ..oauth.challenge import AuthorizationNeeded, Challenge
from .transport_errors import HandshakeRefused, TransportError, TransportErrors

__all__ = [
    "find_challenge_in_error",
    "is_upstream_failure",
    "lacks_streamable_http",
    "pop_and_describe_error",
    "translate_error",
]

UNKNOWN_OUTCOME = "unknown"
#: responses to a POST at the stream's URL from servers that support only HTTP+SSE, or from their proxies
SSE_STATUSES = frozenset({400, 404, 405, 406, 415, 501})
MAX_MESSAGE_CHARACTERS = 500  # characters of an upstream's message
CHECK_CREDENTIALS_FIX = "Check its credentials; if it wants OAuth, add it with oauth=shared or oauth=user."
CHECK_OUTCOME_FIX = "Check whether the request took effect before repeating it."


def translate_error(name: str, error: MCPError, transport_error: TransportError | None) -> AgoraError:
    """Convert the error of a request to an AgoraError. name: of the upstream."""
    if transport_error is not None:
        return _translate_transport_error(name, transport_error)
    if error.code == REQUEST_TIMEOUT:
        return DeadlineExceeded(f"{name} did not answer in time.", fix=CHECK_OUTCOME_FIX, outcome=UNKNOWN_OUTCOME)
    if error.code == CONNECTION_CLOSED:
        return UpstreamFailed(
            f"The connection to {name} broke before its answer.", fix=CHECK_OUTCOME_FIX, outcome=UNKNOWN_OUTCOME
        )
    if error.code == PARSE_ERROR:
        return UpstreamFailed(
            f"The answer of {name} cannot be read: {error.message[:MAX_MESSAGE_CHARACTERS]}", outcome=UNKNOWN_OUTCOME
        )
    return UpstreamFailed(f"{name} says: {error.message[:MAX_MESSAGE_CHARACTERS]}", upstream_code=error.code)


def _translate_transport_error(name: str, error: TransportError) -> AgoraError:
    detail = f"{name}: {error.detail}"
    if error.kind == "authorization":
        return AuthorizationNeeded(detail, error.challenge)
    if error.kind == "refused":
        return UpstreamUnavailable(detail, fix="An operator allows it with the setting mcp_private_networks.")
    if error.kind in ("unreachable", "session"):
        return UpstreamUnavailable(detail, fix="Check that it is running and that its URL is correct.", retry_after=1)
    # A 4xx refuses the request, so it had no effect; after a 5xx that is unknown.
    if error.kind == "http" and error.status is not None and error.status < 500:
        fix = CHECK_CREDENTIALS_FIX if error.status in (401, 403) else None
        return UpstreamFailed(detail, fix=fix, upstream_status=error.status)
    return UpstreamFailed(detail, fix=CHECK_OUTCOME_FIX, outcome=UNKNOWN_OUTCOME)


def is_upstream_failure(error: AgoraError) -> bool:
    """Whether an error means that the upstream as a whole failed (no answer), rather than an error answer."""
    return isinstance(error, UpstreamUnavailable) or error.extra.get("outcome") == UNKNOWN_OUTCOME


def lacks_streamable_http(error: BaseException, transport_errors: TransportErrors) -> bool:
    """Whether a handshake failed as with a server that supports only HTTP+SSE: it rejects the POST."""
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    fault = transport_errors.peek_error(error) if isinstance(error, MCPError) else None
    return fault is not None and fault.kind == "http" and fault.status in SSE_STATUSES


def find_challenge_in_error(error: BaseException, transport_errors: TransportErrors) -> Challenge | None:
    """Find the challenge of a refused handshake; None if it failed for another reason."""
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    if isinstance(error, HandshakeRefused):
        return error.challenge
    fault = transport_errors.peek_error(error) if isinstance(error, MCPError) else None
    return fault.challenge if fault is not None else None


def pop_and_describe_error(error: BaseException, transport_errors: TransportErrors) -> str:
    """Describe why a connection failed or broke, truncating the upstream's message."""
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    if isinstance(error, MCPError):
        fault = transport_errors.pop_error(error)
        words = fault.detail if fault is not None else error.message
    elif isinstance(error, TimeoutError):
        words = "it did not answer in time"
    elif isinstance(error, ConnectionError) and error.errno is None:  # contains a readable message
        words = str(error)
    else:
        words = f"{type(error).__name__}: {error}".rstrip(": ")
    return words[:MAX_MESSAGE_CHARACTERS].rstrip(".")
