"""The Prometheus exporter: metrics of this process and its components.

Names follow https://prometheus.io/docs/practices/naming/, labels are few and their values bounded: protocols, declared
operations, error codes, states, loops. No label names a tenant, an address or another value chosen by callers. Series
of language models name agents by their ids, up to a bound. Each replica exports its own; counts of stored rows are
equal on all of them.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from itertools import accumulate
from typing import TYPE_CHECKING, Any

from agora import __version__
from agora.clock import SECOND
from agora.core.call import ServerContext
from agora.core.events.feed import Feed
from agora.domains.bus.engines.port import BRIDGE
from agora.domains.monitoring.health_monitor import HealthMonitor
from agora.net.backpressure import Backpressure
from agora.telemetry import BUCKET_BOUNDS, Histogram, Measures

if TYPE_CHECKING:
    from prometheus_client import CollectorRegistry
    from prometheus_client.metrics_core import Metric

__all__ = ["PrometheusExporter"]

#: metrics from the monitor's samples: metric, its help, the sample's name, and the divisor
SAMPLED_GAUGES = (
    ("agora_store_queue_depth", "Calls waiting for a transaction.", "queue_depth", 1),
    ("agora_store_queue_limit", "Maximum number of calls waiting for a transaction.", "queue_limit", 1),
    ("agora_store_size_bytes", "Size of the database.", "size_bytes", 1),
    ("agora_store_round_trip_seconds", "Duration of an empty commit.", "round_trip_ms", 1000),
    ("agora_store_connections", "Database connections in use.", "connections", 1),
    ("agora_store_connections_limit", "Maximum number of database connections.", "connections_limit", 1),
    ("agora_store_clock_skew_seconds", "Offset of the database's clock.", "clock_skew_ms", 1000),
    ("agora_disk_free_bytes", "Free disk space of the data directory.", "disk_free", 1),
    ("agora_disk_size_bytes", "Disk size of the data directory.", "disk_total", 1),
    ("agora_memory_available_bytes", "Available memory of the machine or container.", "memory_available", 1),
    ("agora_memory_limit_bytes", "Memory of the machine or container.", "memory_total", 1),
)
#: Exported as 0 before the first count, since Prometheus sees no increase in a series that begins with its first count.
SERVER_ERROR_CODES = ("internal_error", "overloaded")
TERMINAL_STATUSES = ("completed", "failed", "cancelled", "rejected", "expired", "dead_lettered", "requeued")
PREDECLARED_EVENTS = tuple(f"agora.task.{end}" for end in TERMINAL_STATUSES)
COUNTED_METRICS = {
    "agents": ("agora_agents", "Registered agents, by status.", "status"),
    "tasks": ("agora_tasks", "Unfinished tasks, by status.", "status"),
    "messages": ("agora_messages_waiting", "Undelivered messages, by state.", "state"),
    "instances": ("agora_instances", "Unfinished instances, by state.", "state"),
}


class PrometheusExporter:
    """Renders ``/metrics``. The Prometheus library is loaded with the first request."""

    def __init__(
        self, measures: Measures, monitor: HealthMonitor, feed: Feed, context: ServerContext, backpressure: Backpressure
    ) -> None:
        self._measures, self._monitor, self._feed, self._context = measures, monitor, feed, context
        self._backpressure = backpressure
        self._registry: CollectorRegistry | None = None

    def render(self, accept: str) -> tuple[bytes, str]:
        """Render the metrics in the format of an Accept header. Returns the text and its content type."""
        from prometheus_client.exposition import choose_encoder

        # Counting stored rows costs reads: a job does it only while somebody reads the metrics.
        self._measures.last_scraped_at = time.monotonic()
        if self._registry is None:
            self._registry = self._build_registry()
        encode, kind = choose_encoder(accept)
        return encode(self._registry), kind

    def _build_registry(self) -> CollectorRegistry:
        from prometheus_client import CollectorRegistry, GCCollector, PlatformCollector, ProcessCollector

        registry = CollectorRegistry()
        for kind in (ProcessCollector, GCCollector, PlatformCollector):
            kind(registry=registry)
        registry.register(self)
        return registry

    def describe(self) -> Iterable[Metric]:
        """Describe no families in advance."""
        return ()

    def collect(self) -> Iterator[Metric]:
        """Yield every metric family with its current values."""
        families = _MetricFamilies()
        yield families.build_info("agora_build", "The server's version.", {"version": __version__})
        yield families.build_gauge(
            "agora_ready", "Whether the server is ready (/ready).", self._monitor.find_outage_reason() is None
        )
        yield from self._collect_calls(families)
        yield from self._collect_store(families)
        yield from self._collect_streams(families)
        yield from self._collect_loops(families)
        yield from self._collect_others(families)
        yield from self._collect_models(families)
        yield from self._collect_counts(families)

    def _collect_calls(self, families: _MetricFamilies) -> Iterator[Metric]:
        calls_family = families.build_labelled_counter(
            "agora_calls", "Finished calls.", "protocol", "operation", "code"
        )
        durations = families.build_labelled_histogram(
            "agora_call_duration_seconds", "Duration of calls.", "protocol", "operation"
        )
        for (protocol, operation), series in tuple(self._measures.calls.items()):
            name = str(getattr(operation, "name", operation))
            failed = sum(series.failures.values())
            calls_family.add_metric([protocol, name, "ok"], sum(series.counts) - failed)
            for code in dict.fromkeys((*SERVER_ERROR_CODES, *series.failures)):
                calls_family.add_metric([protocol, name, code], series.failures[code])
            families.add_histogram(durations, [protocol, name], series)
        answers = families.build_labelled_counter("agora_http_responses", "HTTP responses.", "protocol", "status")
        for (protocol, status), count in self._measures.responses.items():
            answers.add_metric([protocol, str(status)], count)
        events = families.build_labelled_counter("agora_events", "Events committed by this server.", "type")
        for kind in dict.fromkeys((*PREDECLARED_EVENTS, *self._measures.events)):
            events.add_metric([kind], self._measures.events[kind])
        yield from (calls_family, durations, answers, events)
        expiries = self._measures.lease_expiries
        yield families.build_counter("agora_task_lease_expiries", "Expired task leases.", expiries)

    def _collect_store(self, families: _MetricFamilies) -> Iterator[Metric]:
        measures, last_probe, sample = self._measures, self._monitor.last_probe, self._monitor.latest_sample
        if last_probe is not None:
            yield families.build_gauge(
                "agora_store_up", "Whether the last probe of the store committed.", last_probe.failure is None
            )
            yield families.build_gauge(
                "agora_store_probe_seconds", "Duration of the last probe of the store.", last_probe.seconds
            )
        commits = families.build_labelled_histogram("agora_store_commit_duration_seconds", "Duration of commits.")
        families.add_histogram(commits, [], measures.commits)
        yield commits
        yield families.build_counter(
            "agora_store_committed_calls", "Calls in committed transactions.", measures.committed_calls
        )
        values = sample.values if sample is not None else {}
        for name, description, key, divisor in SAMPLED_GAUGES:
            if key in values:
                yield families.build_gauge(name, description, values[key] / divisor)
        if "replays" in values:
            yield families.build_counter(
                "agora_store_replays", "Batches that were repeated call by call.", values["replays"]
            )

    def _collect_streams(self, families: _MetricFamilies) -> Iterator[Metric]:
        live = self._feed.live
        yield families.build_gauge("agora_streams_open", "Open streams of events and logs.", live["subscribers"])
        yield families.build_gauge("agora_calls_waiting", "Calls waiting for an event.", self._feed.waiting_calls)
        yield families.build_gauge("agora_stream_lag_events", "Lag of the slowest stream, in events.", live["lag"])
        yield families.build_counter("agora_stream_events_delivered", "Events written to streams.", live["delivered"])
        yield families.build_counter(
            "agora_streams_cut_off", "Streams closed because their reader was too slow.", live["cut_off"]
        )
        unread = self._backpressure
        yield families.build_gauge("agora_connections_open", "Open connections.", len(unread))
        yield families.build_gauge("agora_unread_bytes", "Bytes not read by clients yet.", unread.unsent_bytes)
        yield families.build_counter(
            "agora_connections_cut_off", "Connections closed because their client did not read.", unread.cut_off
        )

    def _collect_loops(self, families: _MetricFamilies) -> Iterator[Metric]:
        last_runs = families.build_labelled_gauge(
            "agora_controller_last_success_timestamp_seconds", "Time of the last successful run of a job.", "controller"
        )
        failures = families.build_labelled_gauge(
            "agora_controller_failures", "Consecutive failures of a job.", "controller"
        )
        for loop in self._monitor.loops:
            failures.add_metric([loop.name], loop.failures)
            if loop.last_run is not None:
                last_runs.add_metric([loop.name], loop.last_run / SECOND)
        yield from (last_runs, failures)
        watchdog = self._monitor.watchdog
        yield families.build_counter("agora_event_loop_stalls", "Stalls of the event loop.", watchdog.stalls)
        yield families.build_counter(
            "agora_event_loop_stalled_seconds", "Total duration of event loop stalls.", watchdog.stalled_seconds
        )

    def _collect_others(self, families: _MetricFamilies) -> Iterator[Metric]:
        posts = families.build_labelled_counter("agora_push_posts", "Push notifications, by outcome.", "outcome")
        for outcome, count in self._context.pushes.items():
            posts.add_metric([outcome], count)
        yield posts
        v4_calls = families.build_labelled_counter(
            "agora_v4_calls", "Calls of v4 agents, by outcome.", "reducer", "outcome"
        )
        for (reducer, outcome), count in self._context.v4_calls.items():
            v4_calls.add_metric([reducer, outcome], count)
        yield v4_calls
        if (bridge := self._context.ports.find(BRIDGE)) is not None:
            yield families.build_gauge("agora_bus_connected", "Whether Redis is reachable.", bridge.connected)
            yield families.build_gauge("agora_bus_lag_entries", "Entries on Redis not imported yet.", bridge.lag)

    def _collect_models(self, families: _MetricFamilies) -> Iterator[Metric]:
        calls = families.build_labelled_counter(
            "agora_model_calls", "Charged model calls.", "agent", "model", "is_estimate"
        )
        tokens = families.build_labelled_counter(
            "agora_model_tokens", "Tokens of charged model calls.", "agent", "model", "kind"
        )
        cost = families.build_labelled_counter(
            "agora_model_cost", "Cost of charged model calls.", "agent", "model", "currency"
        )
        first_token = families.build_labelled_histogram(
            "agora_model_time_to_first_token_seconds", "Time to the first token of a model call.", "agent", "model"
        )
        for (agent, model), series in tuple(self._measures.models.items()):
            for is_estimate, count in series.calls.items():
                calls.add_metric([agent, model, str(is_estimate).lower()], count)
            for kind, count in series.tokens.items():
                tokens.add_metric([agent, model, kind], count)
            for currency, amount in series.cost.items():
                cost.add_metric([agent, model, currency], float(amount))
            families.add_histogram(first_token, [agent, model], series.first_token)
        yield from (calls, tokens, cost, first_token)

    def _collect_counts(self, families: _MetricFamilies) -> Iterator[Metric]:
        families_by_name = {
            name: families.build_labelled_gauge(title, description, label)
            for name, (title, description, label) in COUNTED_METRICS.items()
        }
        for (name, state), count in self._measures.row_counts.items():
            families_by_name[name].add_metric([state], count)
        yield from families_by_name.values()


class _MetricFamilies:
    """Builders of Prometheus metric families."""

    def __init__(self) -> None:
        from prometheus_client import core

        self._core = core

    def build_info(self, name: str, description: str, value: dict[str, str]) -> Any:
        return self._core.InfoMetricFamily(name, description, value)

    def build_gauge(self, name: str, description: str, value: float) -> Any:
        return self._core.GaugeMetricFamily(name, description, float(value))

    def build_labelled_gauge(self, name: str, description: str, *labels: str) -> Any:
        return self._core.GaugeMetricFamily(name, description, labels=labels)

    def build_counter(self, name: str, description: str, value: float) -> Any:
        return self._core.CounterMetricFamily(name, description, value)

    def build_labelled_counter(self, name: str, description: str, *labels: str) -> Any:
        return self._core.CounterMetricFamily(name, description, labels=labels)

    def build_labelled_histogram(self, name: str, description: str, *labels: str) -> Any:
        return self._core.HistogramMetricFamily(name, description, labels=labels)

    def add_histogram(self, family: Any, labels: list[str], histogram: Histogram) -> None:
        """Add a histogram with its cumulative buckets to a family."""
        names = [*(f"{bound:g}" for bound in BUCKET_BOUNDS), "+Inf"]
        sums = accumulate(histogram.counts)
        family.add_metric(labels, list(zip(names, sums, strict=True)), histogram.total)
