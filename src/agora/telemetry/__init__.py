"""Telemetry: metrics, traces, and the context added to every log line.

Every package may import this one, so it must not import other packages of Agora. The overhead per call is a few
additions: the libraries of Prometheus and OpenTelemetry are imported at first use.
"""

from .context import (
    CURRENT_CALLER,
    CURRENT_PROTOCOL,
    CURRENT_REQUEST_ID,
    add_trace_to_metadata,
    build_trace_headers,
    get_trace_id,
    open_span,
    use_protocol,
)
from .loop_watchdog import LoopWatchdog, Stall
from .metrics import BUCKET_BOUNDS, CallSeries, Histogram, Measures, ModelSeries

__all__ = [
    "BUCKET_BOUNDS",
    "CURRENT_CALLER",
    "CURRENT_PROTOCOL",
    "CURRENT_REQUEST_ID",
    "CallSeries",
    "Histogram",
    "LoopWatchdog",
    "Measures",
    "ModelSeries",
    "Stall",
    "add_trace_to_metadata",
    "build_trace_headers",
    "get_trace_id",
    "open_span",
    "use_protocol",
]
