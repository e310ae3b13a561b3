"""Retention periods, limits, and observability settings."""

from __future__ import annotations

from typing import Final

from pydantic import Field, SecretStr, field_validator

from .section import DAY, Section

__all__ = ["Bounds"]

MIN_TOKEN_CHARACTERS: Final = 16  # characters


class Bounds(Section):
    """Settings for retention, limits and observability."""

    message_lifetime: int = Field(
        30 * DAY, ge=1, le=3650 * DAY, description="Retention of unread messages, in seconds."
    )
    idempotency_lifetime: int = Field(
        DAY, ge=60, le=365 * DAY, description="Retention of idempotency keys, in seconds."
    )
    event_retention: int = Field(
        30 * DAY, ge=60, le=3650 * DAY, description="Retention of events in the log, in seconds."
    )
    audit_retention: int = Field(
        365 * DAY, ge=3600, le=36500 * DAY, description="Retention of audit entries, in seconds."
    )
    rate_basic: int = Field(200, ge=1, le=1_000_000, description="Calls per second of an agent in the basic tier.")
    rate_premium: int = Field(1000, ge=1, le=1_000_000, description="Calls per second of an agent in the premium tier.")
    rate_enterprise: int = Field(
        5000, ge=1, le=1_000_000, description="Calls per second of an agent in the enterprise tier."
    )
    rate_anonymous: int = Field(
        50, ge=1, le=1_000_000, description="Calls per second and IP address of callers without a credential."
    )
    rate_registrar: int = Field(
        1000,
        ge=1,
        le=1_000_000,
        description="Calls per second of all agents together that were registered by one agent, or without a "
        "credential from one IP address.",
    )
    rate_enrolment: int = Field(
        5000,
        ge=1,
        le=1_000_000,
        description="Calls per second of an enrolment token together with all agents registered with it.",
    )
    rate_account: int = Field(
        5000,
        ge=1,
        le=1_000_000,
        description="Calls per second of all callers of one account together, except the default account.",
    )
    rate_call_ms: float = Field(
        2.0,
        ge=0.1,
        le=10_000,
        description="Milliseconds of CPU time that count as one call for rate limits. A call that uses more counts as "
        "several.",
    )
    offline_after: int = Field(
        90, ge=5, le=86_400, description="Seconds without a heartbeat after which an agent is offline."
    )
    heartbeat_interval: float = Field(15.0, ge=0.1, le=300, description="Seconds between heartbeats on a stream.")
    stream_buffer: int = Field(
        1_048_576, ge=4096, le=104_857_600, description="Maximum backlog of a slow stream, in bytes."
    )
    max_agents_each: int = Field(
        1_000,
        ge=1,
        le=1_000_000,
        description="Maximum number of agents registered by one agent, or without a credential from one IP address, "
        "including the agents that those registered.",
    )
    max_agents_enrolled: int = Field(
        10_000,
        ge=1,
        le=1_000_000,
        description="Maximum number of agents registered with one enrolment token, including the agents that those "
        "registered.",
    )
    max_streams: int = Field(10_000, ge=1, le=1_000_000, description="Maximum number of open streams.")
    max_streams_each: int = Field(
        1_000, ge=1, le=1_000_000, description="Maximum number of open streams and waiting calls of one caller."
    )
    request_timeout: float = Field(
        30.0,
        ge=1,
        le=3600,
        description="Seconds in which a request must arrive completely.",
    )
    unread_timeout: float = Field(
        15.0,
        ge=1,
        le=3600,
        description="Seconds after which a connection is closed if its reader does not read pending data.",
    )
    unread_limit_each: int = Field(
        8_388_608, ge=1_048_576, description="Maximum unread bytes of one caller; beyond it, the caller receives 429."
    )
    unread_limit: int = Field(
        50_331_648, ge=8_388_608, description="Maximum unread bytes of all callers; beyond it, callers receive 503."
    )
    page_bytes: int = Field(
        1_048_576,
        ge=65_536,
        le=16_777_216,
        description="Maximum size of a page in bytes; a page always holds at least one item.",
    )
    max_connections: int = Field(
        0,
        ge=0,
        le=1_000_000,
        description="Maximum number of connections, plus 64 for operators; 0: 10,000, or fewer if the limit of open "
        "files requires it.",
    )
    max_connections_each: int = Field(
        1_500, ge=1, le=1_000_000, description="Maximum number of connections of one caller."
    )
    max_connections_per_address: int = Field(
        0,
        ge=0,
        le=1_000_000,
        description="Maximum number of connections from one IP address; 0: three quarters of max_connections.",
    )
    loop_stall_seconds: float = Field(
        1.0,
        ge=0,
        le=3600,
        description="Seconds for which the event loop may be blocked before its stack is logged and the stall is "
        "counted; 0: never.",
    )
    shutdown_grace: int = Field(10, ge=0, le=300, description="Seconds for pending requests to finish at shutdown.")
    memory_limit: int = Field(
        100_000, ge=0, le=100_000_000, description="Maximum number of stored memories (agora.memory) per marketplace."
    )
    metrics: bool = Field(True, description="Serve metrics for Prometheus at /metrics.")
    metrics_token: SecretStr = Field(
        SecretStr(""),
        description="Token for reading /metrics, in addition to credentials with the scope read:metrics; at least 16 "
        "characters.",
    )
    tracing: bool = Field(
        False,
        description="Export traces to OTEL_EXPORTER_OTLP_ENDPOINT. Needs the extra agora-server[otel].",
    )
    ready_needs_bus: bool = Field(
        False,
        description="Report the server as not ready while Redis is unreachable. Otherwise it stays ready and "
        "reports the outage.",
    )
    builtin_agents: bool = Field(
        True, description="Run the built-in agents (Calculator, Analysis, Memory, Echo) in every marketplace."
    )
    test_operations: bool = Field(False, description="Serve operations that exist only for tests.")

    @field_validator("metrics_token")
    @classmethod
    def _require_long_token(cls, value: SecretStr) -> SecretStr:
        if 0 < len(value.get_secret_value()) < MIN_TOKEN_CHARACTERS:
            raise ValueError(f"it has fewer than {MIN_TOKEN_CHARACTERS} characters")
        return value
