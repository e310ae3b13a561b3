"""Telemetry: metrics, traces, and the context that every log line carries.

Anyone may come in here, so nothing of ours may be imported. Nothing here costs a call more than a few additions:
The libraries of Prometheus and OpenTelemetry are imported on first use.
"""

from .context import CALLER, PROTOCOL, REQUEST, open_span, trace_headers, trace_id, use_protocol, with_trace
from .loop_watchdog import LoopWatchdog, Stall
from .metrics import BOUNDS, Histogram, Measures, ModelSeries, Series

__all__ = [
    "BOUNDS",
    "CALLER",
    "PROTOCOL",
    "REQUEST",
    "Histogram",
    "LoopWatchdog",
    "Measures",
    "ModelSeries",
    "Series",
    "Stall",
    "open_span",
    "trace_headers",
    "trace_id",
    "use_protocol",
    "with_trace",
]
