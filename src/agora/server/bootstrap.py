"""Factories of the configured store, bus and trace exporter. An engine is imported only if it is used."""

from __future__ import annotations

from collections.abc import Callable

from agora import __version__
from agora.clock import Clock
from agora.domains.bus.engines.port import BridgeBus, RedeliveryPolicy
from agora.settings import ConfigurationError, Settings
from agora.store.databases import is_postgres_url, parse_sqlite_path
from agora.store.port import Store
from agora.store.sqlite import SqliteStore
from agora.telemetry.tracing import Tracing, TracingUnavailable, create_exporting_provider

__all__ = ["create_bus_or_none", "create_store", "create_tracing"]


def create_store(settings: Settings, clock: Clock) -> Store:
    """Create the store engine of the setting ``store``."""
    url = settings.store
    if is_postgres_url(url):
        from agora.store.postgres import PostgresStore

        return PostgresStore(url, clock=clock, timeout=settings.store_timeout)
    if not url:
        return SqliteStore(settings.data_dir / "agora.db", clock=clock, timeout=settings.store_timeout)
    if url.startswith("sqlite:///"):
        return SqliteStore(parse_sqlite_path(url), clock=clock, timeout=settings.store_timeout)
    raise ConfigurationError(
        f"store: {url.split(':', 1)[0]!r} is not a supported engine; use postgresql://... or sqlite:///..."
    )


def create_bus_or_none(settings: Settings) -> BridgeBus | None:
    """Create the Redis bus of the settings; None for the embedded bus."""
    if settings.bus_url is None:
        return None
    try:
        from agora.domains.bus.engines.redis import RedisBus
    except ImportError:
        raise ConfigurationError(
            "bus: hiredis is not installed; install agora-server[redis], or set bus to embedded"
        ) from None
    policy = RedeliveryPolicy(settings.bus_stale, settings.bus_silent, settings.bus_deliveries)
    try:
        return RedisBus(settings.bus_url, policy=policy, buffer=settings.bus_buffer)
    except ValueError as error:
        raise ConfigurationError(f"bus: {error}") from None


def create_tracing() -> tuple[Tracing, Callable[[], None]]:
    """Create the trace exporter configured by OpenTelemetry's variables; return it with its shutdown function."""
    try:
        provider, shut_down = create_exporting_provider(__version__)
    except TracingUnavailable as error:
        raise ConfigurationError(str(error)) from None
    return Tracing(provider, __version__), shut_down
