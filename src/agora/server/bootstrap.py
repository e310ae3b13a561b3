"""Factories of the configured store, bus and trace exporter. An engine is imported only if it is used."""

from __future__ import annotations

from collections.abc import Callable

from agora import __version__
from agora.clock import Clock
from agora.domains.bus.engines.port import BridgeBus, RedeliveryPolicy
from agora.settings import ConfigurationError, Settings
from agora.store.databases import is_postgres, sqlite_path
from agora.store.port import Store
from agora.store.sqlite import SqliteStore
from agora.telemetry.tracing import Tracing, TracingUnavailable, create_exporting_provider

__all__ = ["open_bus", "open_store", "open_tracing"]


def open_store(settings: Settings, clock: Clock) -> Store:
    """Open the store engine of the setting ``store``."""
    url = settings.store
    if is_postgres(url):
        from agora.store.postgres import PostgresStore

        return PostgresStore(url, clock=clock, timeout=settings.store_timeout)
    if not url:
        return SqliteStore(settings.data_dir / "agora.db", clock=clock, timeout=settings.store_timeout)
    if url.startswith("sqlite:///"):
        return SqliteStore(sqlite_path(url), clock=clock, timeout=settings.store_timeout)
    raise ConfigurationError(
        f"store: {url.split(':', 1)[0]!r} is not a supported engine; use postgresql://... or sqlite:///..."
    )


def open_bus(settings: Settings) -> BridgeBus | None:
    """Open the Redis bus of the settings; None for the embedded bus."""
    if settings.bus_url is None:
        return None
    try:
        from agora.domains.bus.engines.redis import RedisBus
    except ImportError:
        raise ConfigurationError(
            "bus: hiredis is not installed; install agora-server[redis], or set bus to embedded"
        ) from None
    terms = RedeliveryPolicy(settings.bus_stale, settings.bus_silent, settings.bus_deliveries)
    try:
        return RedisBus(settings.bus_url, policy=terms, buffer=settings.bus_buffer)
    except ValueError as error:
        raise ConfigurationError(f"bus: {error}") from None


def open_tracing() -> tuple[Tracing, Callable[[], None]]:
    """Open the trace exporter configured by OpenTelemetry's variables; return it with its shutdown function."""
    try:
        provider, end = create_exporting_provider(__version__)
    except TracingUnavailable as error:
        raise ConfigurationError(str(error)) from None
    return Tracing(provider, __version__), end
