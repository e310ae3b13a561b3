"""Traces with OpenTelemetry: a span for each request, operation, transaction and outgoing request.

Only with the setting ``tracing``. The exporter is configured with the standard variables
(``OTEL_EXPORTER_OTLP_ENDPOINT``, ``OTEL_TRACES_SAMPLER`` ...). Spans contain no agents, messages or arguments: names
and attributes are those of the catalogue.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Any, Final

from .context import CURRENT_TRACE, Span, extract_valid_trace_headers

if TYPE_CHECKING:
    from opentelemetry.context import Context
    from opentelemetry.trace import Span as OpenSpan
    from opentelemetry.trace import TracerProvider

__all__ = ["HeldSpan", "Tracing", "TracingUnavailable", "create_exporting_provider"]

TRACER_NAME: Final = "agora"


class TracingUnavailable(RuntimeError):
    """OpenTelemetry's SDK is not installed."""


def create_exporting_provider(version: str) -> tuple[TracerProvider, Callable[[], None]]:
    """Create a provider that exports spans as OTLP over HTTP, and its shutdown function. Raises TracingUnavailable."""
    try:
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
        from opentelemetry.sdk.resources import Resource
        from opentelemetry.sdk.trace import TracerProvider
        from opentelemetry.sdk.trace.export import BatchSpanProcessor
    except ImportError:
        raise TracingUnavailable("tracing: OpenTelemetry is not installed; install agora-server[otel]") from None
    resource = Resource.create({"service.version": version})
    # The SDK's name for a service without OTEL_SERVICE_NAME; one that an operator has set is kept.
    if str(resource.attributes.get("service.name", "")).startswith("unknown_service"):
        resource = resource.merge(Resource({"service.name": TRACER_NAME}))
    # The server itself shuts it down, after its last span.
    provider = TracerProvider(resource=resource, shutdown_on_exit=False)
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
    return provider, provider.shutdown


class Tracing:
    """Starts traces, or continues those of callers."""

    def __init__(self, provider: TracerProvider, version: str = "") -> None:
        from opentelemetry import context, trace
        from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

        self._trace, self._context = trace, context
        self._format = TraceContextTextMapPropagator()
        self._tracer = provider.get_tracer(TRACER_NAME, version)
        self._kinds = {kind.name.lower(): kind for kind in trace.SpanKind}

    @contextlib.contextmanager
    def open_incoming_span(
        self, name: str, kind: str, carrier: Mapping[str, Any], attributes: Mapping[str, Any]
    ) -> Iterator[Span]:
        """Open the span of incoming work. carrier: headers or metadata with an optional trace context."""
        # An empty context: incoming work must not become a child of the span that is current by chance.
        with self.open_span(
            name,
            kind,
            attributes,
            self._format.extract(extract_valid_trace_headers(carrier), context=self._context.Context()),
        ) as span:
            yield span

    @contextlib.contextmanager
    def open_span(
        self, name: str, kind: str, attributes: Mapping[str, Any], parent: Context | None = None
    ) -> Iterator[Span]:
        """Open a span for the duration of the block. parent: default: the current one."""
        span = self._tracer.start_span(name, parent, kind=self._kinds[kind], attributes=dict(attributes))
        span_context = self._trace.set_span_in_context(span, parent)
        agora_token, otel_token = (
            CURRENT_TRACE.set(_CurrentTrace(self, span, span_context)),
            self._context.attach(span_context),
        )
        held_span = HeldSpan(span, self)
        try:
            yield held_span
        except BaseException as error:
            held_span.fail(_choose_error_kind(error))
            raise
        finally:
            span.end()
            with contextlib.suppress(ValueError):  # an abandoned generator is closed in another context
                CURRENT_TRACE.reset(agora_token)
                self._context.detach(otel_token)

    def start_held_span(self, name: str, kind: str, attributes: Mapping[str, Any]) -> HeldSpan:
        """Start a child of the current span that its holder closes; it does not become the current one."""
        return HeldSpan(self._tracer.start_span(name, kind=self._kinds[kind], attributes=dict(attributes)), self)

    def build_trace_headers(self, context: Context) -> dict[str, str]:
        """Build the trace headers of a context."""
        carrier: dict[str, str] = {}
        self._format.inject(carrier, context)
        return carrier

    def mark_failed(self, span: OpenSpan, error: str) -> None:
        """Mark a span as failed."""
        span.set_attribute("error.type", error)
        span.set_status(self._trace.StatusCode.ERROR)


class HeldSpan:
    """A span that its holder closes. Implements :class:`agora.telemetry.context.Span`."""

    __slots__ = ("_span", "_tracing")

    def __init__(self, span: OpenSpan, tracing: Tracing) -> None:
        self._span, self._tracing = span, tracing

    def set_attribute(self, name: str, value: str | int | float | bool) -> None:
        self._span.set_attribute(name, value)

    def fail(self, error: str) -> None:
        self._tracing.mark_failed(self._span, error)

    def close(self, error: BaseException | None) -> None:
        """End the span; error: None on success."""
        if error is not None and not getattr(error, "harmless", False):
            self.fail(_choose_error_kind(error))
        self._span.end()


class _CurrentTrace:
    """Implements :class:`agora.telemetry.context.Trace`."""

    __slots__ = ("_parent_context", "_tracing", "traceparent", "tracestate")

    def __init__(self, tracing: Tracing, span: OpenSpan, span_context: Context) -> None:
        self._tracing, self._parent_context = tracing, span_context
        carrier = tracing.build_trace_headers(span_context)
        self.traceparent, self.tracestate = carrier.get("traceparent", ""), carrier.get("tracestate", "")

    def open_child_span(
        self, name: str, kind: str, attributes: Mapping[str, Any]
    ) -> contextlib.AbstractContextManager[Span]:
        return self._tracing.open_span(name, kind, attributes, self._parent_context)


def _choose_error_kind(error: BaseException) -> str:
    """Return the code of an Agora error, otherwise the exception's class name."""
    code = getattr(error, "code", None)
    return code if isinstance(code, str) else type(error).__name__
