"""Retention periods, size limits, and what is logged and measured."""

from __future__ import annotations

from typing import Final

from pydantic import Field, SecretStr, field_validator

from .section import DAY, Section

__all__ = ["Bounds"]

MIN_TOKEN_CHARACTERS: Final = 16  # characters


class Bounds(Section):
    """Of retention, limits and observation."""

    message_lifetime: int = Field(30 * DAY, ge=1, le=3650 * DAY, description="Seconds an unread message is kept.")
    idempotency_lifetime: int = Field(DAY, ge=60, le=365 * DAY, description="Seconds an idempotency key is kept.")
    event_retention: int = Field(30 * DAY, ge=60, le=3650 * DAY, description="Seconds events stay in the log.")
    audit_retention: int = Field(365 * DAY, ge=3600, le=36500 * DAY, description="Seconds audit entries are kept.")
    rate_basic: int = Field(200, ge=1, le=1_000_000, description="Calls a second for an agent of the basic tier.")
    rate_premium: int = Field(1000, ge=1, le=1_000_000, description="Calls a second for the premium tier.")
    rate_enterprise: int = Field(5000, ge=1, le=1_000_000, description="Calls a second for the enterprise tier.")
    rate_anonymous: int = Field(
        50, ge=1, le=1_000_000, description="Calls a second for callers without a credential, by address."
    )
    rate_registrar: int = Field(
        1000,
        ge=1,
        le=1_000_000,
        description="Calls a second of all agents together that one agent has registered, or strangers at one address.",
    )
    rate_enrolment: int = Field(
        5000,
        ge=1,
        le=1_000_000,
        description="Calls a second of one enrolment token and of all agents together that were registered with it.",
    )
    rate_account: int = Field(
        5000,
        ge=1,
        le=1_000_000,
        description="Calls a second of all callers together of one account, the default apart.",
    )
    rate_call_ms: float = Field(
        2.0,
        ge=0.1,
        le=10_000,
        description="Milliseconds of processor time that a rate counts as one call; a call that uses more counts as "
        "several.",
    )
    offline_after: int = Field(
        90, ge=5, le=86_400, description="Seconds without a heartbeat until an agent is offline."
    )
    heartbeat_interval: float = Field(15.0, ge=0.1, le=300, description="Seconds between heartbeats on a stream.")
    stream_buffer: int = Field(1_048_576, ge=4096, le=104_857_600, description="Bytes a slow stream may lag behind.")
    max_agents_each: int = Field(
        1_000,
        ge=1,
        le=1_000_000,
        description="Most agents that one agent may have registered, or strangers at one address; theirs count too.",
    )
    max_agents_enrolled: int = Field(
        10_000,
        ge=1,
        le=1_000_000,
        description="Most agents of one enrolment token; what they register counts too.",
    )
    max_streams: int = Field(10_000, ge=1, le=1_000_000, description="Largest number of open streams.")
    max_streams_each: int = Field(
        1_000, ge=1, le=1_000_000, description="Largest number of open streams and waiting calls of one caller."
    )
    request_timeout: float = Field(
        30.0,
        ge=1,
        le=3600,
        description="Seconds that a request may take to arrive.",
    )
    unread_timeout: float = Field(
        15.0,
        ge=1,
        le=3600,
        description="Seconds after which a connection is closed whose reader does not read the waiting data.",
    )
    unread_limit_each: int = Field(
        8_388_608, ge=1_048_576, description="Bytes that may wait for one caller to read them; then it gets 429."
    )
    unread_limit: int = Field(
        50_331_648, ge=8_388_608, description="Bytes that may wait for all callers to read them; then they get 503."
    )
    page_bytes: int = Field(
        1_048_576, ge=65_536, le=16_777_216, description="Bytes after which a page is cut short; one item always fits."
    )
    max_connections: int = Field(
        0,
        ge=0,
        le=1_000_000,
        description="Largest number of connections, besides 64 for operators; 0 for 10,000, or what the limit of open "
        "files leaves.",
    )
    max_connections_each: int = Field(
        1_500, ge=1, le=1_000_000, description="Largest number of connections of one caller."
    )
    max_connections_per_address: int = Field(
        0,
        ge=0,
        le=1_000_000,
        description="Largest number of connections from one address; 0 for three quarters of max_connections.",
    )
    loop_stall_seconds: float = Field(
        1.0,
        ge=0,
        le=3600,
        description="Seconds the event loop may be blocked before its stack is logged and the stall counted; 0 for never.",
    )
    shutdown_grace: int = Field(10, ge=0, le=300, description="Seconds that requests in flight may take at shutdown.")
    memory_limit: int = Field(
        100_000, ge=0, le=100_000_000, description="Most memories (agora.memory) that a marketplace keeps."
    )
    metrics: bool = Field(True, description="Whether /metrics shows what Prometheus collects.")
    metrics_token: SecretStr = Field(
        SecretStr(""),
        description="Token with which /metrics is read, besides credentials with the scope read:metrics; at least 16 "
        "characters.",
    )
    tracing: bool = Field(
        False,
        description="Whether traces are made, with the extra agora-server[otel]; OTEL_EXPORTER_OTLP_ENDPOINT says "
        "where they go.",
    )
    ready_needs_bus: bool = Field(
        False, description="Whether the server is not ready while Redis cannot be reached; else it says so and serves."
    )
    builtin_agents: bool = Field(
        True, description="Whether the built-in agents (Calculator, Analysis, Memory, Echo) run in every marketplace."
    )
    test_operations: bool = Field(False, description="Serve the operations that exist for tests only.")

    @field_validator("metrics_token")
    @classmethod
    def _long_enough(cls, value: SecretStr) -> SecretStr:
        if 0 < len(value.get_secret_value()) < MIN_TOKEN_CHARACTERS:
            raise ValueError(f"it has fewer than {MIN_TOKEN_CHARACTERS} characters")
        return value
