"""The context of work: its protocol, request and trace. Propagated to the asyncio tasks that the work creates.

The trace is W3C Trace Context (https://www.w3.org/TR/trace-context/). With tracing off there is none, and each access
costs one look-up.
"""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, nullcontext
from contextvars import ContextVar
from typing import Any, Final, Protocol

__all__ = [
    "CURRENT_CALLER",
    "CURRENT_PROTOCOL",
    "CURRENT_REQUEST_ID",
    "CURRENT_TRACE",
    "Span",
    "Trace",
    "add_trace_to_metadata",
    "build_trace_headers",
    "get_trace_id",
    "open_span",
    "use_protocol",
]

TRACEPARENT: Final = "traceparent"
TRACESTATE: Final = "tracestate"
#: characters of a propagated tracestate, the minimum of section 3.3.1.5
MAX_TRACESTATE_CHARACTERS: Final = 512
_TRACEPARENT_PATTERN: Final = re.compile(r"(?!ff)[0-9a-f]{2}-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}")

#: protocol of the incoming work; ``internal`` for the server's own
CURRENT_PROTOCOL: ContextVar[str] = ContextVar("agora.protocol", default="internal")
#: id of the request, as in the response and the audit trail
CURRENT_REQUEST_ID: ContextVar[str | None] = ContextVar("agora.request", default=None)
#: tenant and subject of the caller; for jobs of the server the tenant of the job, and ``system``
CURRENT_CALLER: ContextVar[tuple[str, str] | None] = ContextVar("agora.caller", default=None)


class Span(Protocol):
    """A span of a trace."""

    def set_attribute(self, name: str, value: str | int | float | bool) -> None:
        """Set an attribute."""

    def fail(self, error: str) -> None:
        """Mark the span as failed. error: code or kind of the error, never its text."""


class Trace(Protocol):
    """The current span, and its child spans."""

    traceparent: str
    tracestate: str

    def open_child_span(self, name: str, kind: str, attributes: Mapping[str, Any]) -> AbstractContextManager[Span]:
        """Open a child span. kind: internal, client, producer or consumer."""


class _NullSpan:
    def set_attribute(self, name: str, value: str | int | float | bool) -> None: ...
    def fail(self, error: str) -> None: ...


_NULL_CONTEXT: Final[AbstractContextManager[Span]] = nullcontext(_NullSpan())
CURRENT_TRACE: ContextVar[Trace | None] = ContextVar("agora.trace", default=None)


def open_span(name: str, kind: str = "internal", **attributes: Any) -> AbstractContextManager[Span]:
    """Open a child of the current span; no-op without a current one."""
    trace = CURRENT_TRACE.get()
    return _NULL_CONTEXT if trace is None else trace.open_child_span(name, kind, attributes)


def get_trace_id() -> str | None:
    """Return the trace's id, 32 hexadecimal digits."""
    trace = CURRENT_TRACE.get()
    return None if trace is None else trace.traceparent[3:35]


def build_trace_headers() -> dict[str, str]:
    """Build the trace headers for an outgoing request, with lower-case names."""
    trace = CURRENT_TRACE.get()
    if trace is None:
        return {}
    state = {TRACESTATE: trace.tracestate} if trace.tracestate else {}
    return {TRACEPARENT: trace.traceparent, **state}


def add_trace_to_metadata(metadata: Mapping[str, Any]) -> Mapping[str, Any]:
    """Add the current trace to the metadata of a message or task; trace members set by the sender are kept."""
    trace = CURRENT_TRACE.get()
    return metadata if trace is None or TRACEPARENT in metadata else {**metadata, **build_trace_headers()}


def extract_valid_trace_headers(metadata: Mapping[str, Any]) -> dict[str, str]:
    """Extract the trace of metadata or headers if it is valid; the source is untrusted."""
    parent, state = metadata.get(TRACEPARENT), metadata.get(TRACESTATE)
    # An invalid parent is ignored, and its tracestate with it (W3C Trace Context, section 3.3).
    if not isinstance(parent, str) or not _TRACEPARENT_PATTERN.fullmatch(parent):
        return {}
    is_valid = (
        isinstance(state, str) and len(state) <= MAX_TRACESTATE_CHARACTERS and state.isascii() and state.isprintable()
    )
    return {TRACEPARENT: parent, **({TRACESTATE: str(state)} if state and is_valid else {})}


@contextlib.contextmanager
def use_protocol(name: str) -> Iterator[None]:
    """Record the protocol of the spans within the block."""
    token = CURRENT_PROTOCOL.set(name)
    try:
        yield
    finally:
        with contextlib.suppress(ValueError):  # an abandoned generator is closed in another context
            CURRENT_PROTOCOL.reset(token)
