"""Trace context of requests: incoming work continues its caller's trace (https://www.w3.org/TR/trace-context/).

Requests over HTTP say so in headers; what is called over a connection that stays open may say so for itself.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import AbstractContextManager, nullcontext
from typing import Any, Final

from agora.protocols.http import Scope, read_header
from agora.telemetry import PROTOCOL
from agora.telemetry.context import Span, extract_trace
from agora.telemetry.tracing import Tracing

__all__ = ["open_incoming_span", "read_trace_carrier"]

CARRIERS: Final = ("traceparent", "tracestate")


def read_trace_carrier(scope: Scope) -> Mapping[str, Any]:
    """The trace context of a request or handshake; empty if missing or invalid."""
    return extract_trace({name: read_header(scope, name.encode()) for name in CARRIERS})


def open_incoming_span(
    tracing: Tracing | None, name: str, carrier: Mapping[str, Any], **told: Any
) -> AbstractContextManager[Span | None]:
    """The span of something that came in by this task's protocol; None where there are no traces.

    carrier: to which trace it belongs, of :func:`carrier` or of a stranger.
    """
    if tracing is None:
        return nullcontext()
    return tracing.begin(name, "server", carrier, {"agora.protocol": PROTOCOL.get(), **told})
