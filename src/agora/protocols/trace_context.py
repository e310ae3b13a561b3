"""Trace context of requests: incoming work continues its caller's trace (https://www.w3.org/TR/trace-context/).

HTTP requests carry it in headers; calls over a persistent connection may carry their own.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import AbstractContextManager, nullcontext
from typing import Any, Final

from agora.protocols.http import Scope, read_header
from agora.telemetry import CURRENT_PROTOCOL
from agora.telemetry.context import Span, extract_valid_trace_headers
from agora.telemetry.tracing import Tracing

__all__ = ["open_incoming_span", "read_trace_carrier"]

TRACE_HEADERS: Final = ("traceparent", "tracestate")


def read_trace_carrier(scope: Scope) -> Mapping[str, Any]:
    """Read the trace context of a request or handshake; empty if missing or invalid."""
    return extract_valid_trace_headers({name: read_header(scope, name.encode()) for name in TRACE_HEADERS})


def open_incoming_span(
    tracing: Tracing | None, name: str, carrier: Mapping[str, Any], **attributes: Any
) -> AbstractContextManager[Span | None]:
    """Open the span of an incoming request or call; None without tracing.

    carrier: the trace context, from :func:`read_trace_carrier` or an untrusted caller.
    """
    if tracing is None:
        return nullcontext()
    return tracing.open_incoming_span(name, "server", carrier, {"agora.protocol": CURRENT_PROTOCOL.get(), **attributes})
