"""Settings: one frozen, validated object, from the command line, the environment and a file.

Precedence: command line, then ``AGORA_*`` (and the source's plain ``LOG_LEVEL``, ``SERVICE_DISCOVERY``,
``ADMIN_AUTHORITY_LEVEL``, ``MCP_SERVER_URLS``, ``MCP_TIMEOUT``, ``A2A_AGENT_NAME``, ``A2A_AGENT_DESCRIPTION``,
``A2A_AGENT_ORG``, ``USE_REDIS``, ``REDIS_URL``, ``KEYCLOAK_*``), then ``agora.toml``, then the defaults below.
"""

from __future__ import annotations

import ipaddress
import os
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, PrivateAttr, SecretStr, ValidationError, field_validator

from .former_names import RefusedName, former

__all__ = ["ConfigurationError", "Settings"]

PREFIX = "AGORA_"
PLAIN = (
    "LOG_LEVEL",
    "SERVICE_DISCOVERY",
    "ADMIN_AUTHORITY_LEVEL",
    "MCP_SERVER_URLS",
    "MCP_TIMEOUT",
    "A2A_AGENT_NAME",
    "A2A_AGENT_DESCRIPTION",
    "A2A_AGENT_ORG",
    "USE_REDIS",
    "REDIS_URL",
    "KEYCLOAK_URL",
    "KEYCLOAK_REALM",
    "KEYCLOAK_CLIENT_ID",
    "KEYCLOAK_CLIENT_SECRET",
)
DAY = 86_400
SHORTEST_TOKEN = 16  # characters
IMAGE = r"^[a-z0-9][A-Za-z0-9._/:@-]{0,254}$"  # reference of a container image


class ConfigurationError(ValueError):
    """A setting is wrong; the message names it, where it came from, and the fix."""


def _default_data_dir() -> Path:
    base = os.environ.get("XDG_DATA_HOME") or Path.home() / ".local" / "share"
    return Path(base) / "agora"


class Settings(BaseModel):
    """What an operator can decide before a start."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    host: str = Field("127.0.0.1", description="Address to listen on. Off loopback, every caller needs a credential.")
    port: int = Field(8080, ge=0, le=65535, description="Port of the API; 0 takes a free one.")
    events_port: int = Field(8081, ge=0, le=65535, description="Second listener for event streams; 0 for none.")
    mcp_port: int = Field(0, ge=0, le=65535, description="Second listener for MCP clients, 9000 by custom; 0 for none.")
    public_url: str = Field(
        "",
        max_length=2000,
        pattern=r"^(https?://[^\s\"<>]+)?$",
        description="URL under which clients reach the server, where a proxy stands in front of it.",
    )
    data_dir: Path = Field(default_factory=_default_data_dir, description="Where the database, keys and lock live.")
    store: str = Field("", description="Database URL: postgresql://...; empty for SQLite in the data directory.")
    log_level: Literal["debug", "info", "warning", "error"] = Field("info", description="Least severe log line shown.")
    log_format: Literal["text", "json"] = Field(
        "text", description="Log lines for people or for machines; console means text too."
    )
    service_discovery: bool = Field(True, description="Whether agora.discovery answers (enabled, disabled).")
    admin_authority_level: int = Field(255, ge=0, le=255, description="Authority of the operator; 255 is supreme.")
    auth_tokens: SecretStr = Field(
        SecretStr(""), description="Static tokens, as name:token,name2:token2; name:token:admin for all scopes."
    )
    auth_header: str = Field(
        "X-API-Key",
        max_length=100,
        pattern=r"^[A-Za-z0-9-]+$",
        description="Header that may carry a credential, besides Authorization and X-API-Key.",
    )
    open_registration: bool = Field(
        False, description="Whether strangers may register agents; local callers always may on a loopback address."
    )
    trusted_hosts: Annotated[tuple[str, ...], Field(max_length=50)] = Field(
        (), description="Host names besides localhost under which local callers may reach the server."
    )
    body_limit: int = Field(1_048_576, ge=1024, le=104_857_600, description="Largest request body, in bytes.")
    mcp_server_urls: Annotated[tuple[str, ...], Field(max_length=100)] = Field(
        (),
        description="Upstream MCP servers, as URL or name=URL, with commas between; without a path /mcp is meant. "
        "They may be at private addresses.",
    )
    mcp_timeout: float = Field(30.0, ge=0.1, le=3600, description="Seconds a call of an upstream MCP server may take.")
    mcp_config: Path | None = Field(
        None, description="JSON file of upstream MCP servers, with mcpServers or mcp.servers, as MCP clients have it."
    )
    mcp_commands: bool = Field(
        False, description="Whether upstream MCP servers of mcp_config may be commands, started on this machine."
    )
    mcp_private_networks: bool = Field(
        False, description="Whether upstream MCP servers may be added at private and loopback addresses."
    )
    a2a_agent_name: str = Field(
        "Agora", min_length=1, max_length=200, description="Name of the front agent, which speaks A2A at the root."
    )
    a2a_agent_description: str = Field(
        "A marketplace of agents: it finds the agent with the skill that a message asks for.",
        min_length=1,
        max_length=2000,
        description="What the front agent's card says of it.",
    )
    a2a_agent_org: str = Field("Agora", min_length=1, max_length=200, description="Organisation named on agent cards.")
    a2a_private_networks: bool = Field(
        False,
        description="Whether A2A agents elsewhere, and push notifications, may be at private and loopback addresses.",
    )
    a2a_refresh: float = Field(
        60.0,
        ge=1,
        le=86_400,
        description="Seconds between looks at an A2A agent elsewhere: whether it is there, its card.",
    )
    push_timeout: float = Field(
        15.0, ge=0.1, le=50, description="Seconds that a receiver of push notifications may take."
    )
    push_attempts: int = Field(
        12, ge=1, le=100, description="Attempts at a push notification, an hour apart in the end, until it is given up."
    )
    a2a_wait: float = Field(
        300.0, ge=1, le=3600, description="Seconds that an A2A SendMessage waits for its task, if it is to wait."
    )
    bus: str = Field(
        "embedded",
        max_length=2000,
        pattern=r"^(embedded|(redis|rediss|valkey|valkeys|unix|redis\+unix|valkey\+unix)://\S+)$",
        description="The bus: embedded, or redis://USER:PASSWORD@HOST:PORT/DATABASE to let programs take part that "
        "speak Redis Streams alone.",
    )
    use_redis: bool = Field(False, description="Whether redis_url is the bus, where bus names none.")
    redis_url: str = Field(
        "redis://localhost:6379/0", max_length=2000, description="The server of Redis that use_redis means."
    )
    bus_stream: str = Field(
        "xnai:agent_bus",
        min_length=1,
        max_length=200,
        pattern=r"^[!-~]+$",
        description="Stream of Redis on which agents publish; an agent's own is this, a colon and its name.",
    )
    bus_group: str = Field(
        "xnai-mcp-server",
        min_length=1,
        max_length=200,
        pattern=r"^[!-~]+$",
        description="Group of the server on that stream.",
    )
    bus_stale: float = Field(
        30.0, ge=0.1, le=86_400, description="Seconds until an unacknowledged entry is taken back; doubled each time."
    )
    bus_silent: float = Field(
        90.0, ge=1, le=864_000, description="Seconds without a sign of life until a consumer of the bus is forgotten."
    )
    bus_deliveries: int = Field(3, ge=1, le=20, description="Deliveries of an entry until it is a dead letter.")
    bus_response_high: float = Field(5.0, ge=0.01, le=100_000, description="Minutes to respond to a high entry.")
    bus_response_medium: float = Field(30.0, ge=0.01, le=100_000, description="Minutes to respond to a medium entry.")
    bus_response_low: float = Field(120.0, ge=0.01, le=100_000, description="Minutes to respond to a low entry.")
    bus_buffer: int = Field(10_000, ge=10, le=1_000_000, description="Commands that may wait for an answer of Redis.")
    bus_length: int = Field(
        100_000, ge=100, le=100_000_000, description="Entries a stream keeps that everybody has acknowledged."
    )
    consul_url: str = Field(
        "",
        max_length=2000,
        pattern=r"^(https?://[^\s\"<>]+)?$",
        description="Agent of Consul with which the server registers itself, such as http://127.0.0.1:8500.",
    )
    consul_token: SecretStr = Field(SecretStr(""), description="Token for Consul, where it asks for one.")
    consul_name: str = Field(
        "agora",
        max_length=63,
        pattern=r"^[a-z0-9]([a-z0-9-]*[a-z0-9])?$",
        description="Name of the service in Consul: small letters, digits, hyphens.",
    )
    consul_address: str = Field(
        "",
        max_length=255,
        pattern=r"^[A-Za-z0-9.:-]*$",
        description="Address under which Consul reaches the server; the one it listens on if left out.",
    )
    a2a_grpc_port: int = Field(
        0, ge=0, le=65535, description="Port for A2A over gRPC, with the extra agora-server[grpc]; 0 for none."
    )
    oidc_issuers: Annotated[tuple[str, ...], Field(max_length=20)] = Field(
        (),
        description="OpenID providers whose access tokens are taken, with commas between, as URL or TENANT=URL; "
        "people sign in at the first. https, but on this machine.",
    )
    oidc_client_id: str = Field("", max_length=255, description="Client id of this server at the first provider.")
    oidc_client_secret: SecretStr = Field(SecretStr(""), description="Its secret, where it is no public client.")
    oidc_cli_client_id: str = Field(
        "", max_length=255, description="Public client id for `agora login`; oidc_client_id if left out."
    )
    oidc_audience: Annotated[tuple[str, ...], Field(max_length=20)] = Field(
        (),
        description="One of these has to be in the audience of a token; if left out, a client id, the public URL, or "
        "that of /mcp, or the token was issued to one of the clients.",
    )
    oidc_roles: Annotated[tuple[str, ...], Field(max_length=200)] = Field(
        ("admin=admin", "operator=operator", "viewer=viewer", "a2a-admin=admin", "a2a-user=user"),
        description="Which role of the provider is which here (admin, operator, viewer, user); /NAME is a group.",
    )
    oidc_default_role: Literal["none", "viewer", "user", "operator"] = Field(
        "none", description="Role of people whom the provider gives none of oidc_roles."
    )
    oidc_tenant_claim: str = Field(
        "",
        max_length=200,
        description="Claim that names the tenant of a person, for providers without TENANT=; dots lead into objects. "
        "Tokens without it are refused.",
    )
    oidc_scope: str = Field(
        "openid profile email", min_length=6, max_length=500, description="Scopes asked for when a person signs in."
    )
    oidc_clock_skew: float = Field(
        60.0, ge=0, le=600, description="Seconds that the clocks of providers may be off, for the times in tokens."
    )
    oidc_password_login: Literal["auto", "on", "off"] = Field(
        "auto",
        description="Whether /v1/auth/login passes a name and a password on to the provider; auto: where keycloak_url "
        "is set.",
    )
    keycloak_url: str = Field(
        "",
        max_length=2000,
        description="Address of Keycloak, whose realm keycloak_realm is the first of the oidc_issuers.",
    )
    keycloak_realm: str = Field("", max_length=255, description="Realm of Keycloak.")
    keycloak_client_id: str = Field("", max_length=255, description="As oidc_client_id.")
    keycloak_client_secret: SecretStr = Field(SecretStr(""), description="As oidc_client_secret.")
    user_concurrency: int = Field(
        0, ge=0, le=1_000_000, description="Tasks that a person may have waiting and running at once; 0 for no limit."
    )
    task_retention: int = Field(
        90 * DAY, ge=60, le=36500 * DAY, description="Seconds ended tasks and workflows are kept."
    )
    task_output_limit: int = Field(
        10_000_000, ge=1024, le=1_000_000_000, description="Most characters of output that a task keeps."
    )
    billing_currency: str = Field(
        "USD", pattern=r"^[A-Z]{3}$", description="Currency of prices, credit and budgets that name none."
    )
    process_engine: bool = Field(True, description="Whether instances of agents may run as processes of this machine.")
    instance_sources: Annotated[tuple[Path, ...], Field(max_length=100)] = Field(
        (),
        description="Directories whose content may be run as agents, with colons between; besides sources in data_dir.",
    )
    instance_ports: str = Field(
        "20000-29999", pattern=r"^[0-9]{4,5}-[0-9]{4,5}$", description="First and last port that instances may get."
    )
    instance_private_networks: bool = Field(
        False, description="Whether git repositories of agents may be at private and loopback addresses."
    )
    docker_host: str = Field(
        "auto",
        max_length=500,
        pattern=r"^(auto|none|(unix|tcp|http|https|ssh)://[!-~]+)$",
        description="Docker Engine for instances, with the extra agora-server[docker]: its URL, 'none', or 'auto' for the "
        "one that Docker's own client would use, if there is one.",
    )
    docker_publish: str = Field(
        "127.0.0.1",
        pattern=r"^[0-9A-Fa-f.:]{2,45}$",
        description="Address at which ports of containers are published, and reached by this server.",
    )
    docker_server_url: str = Field(
        "",
        max_length=500,
        pattern=r"^(https?://[!-~]+)?$",
        description="URL of this server for containers; if left out, public_url, else the address their network has here.",
    )
    docker_python_image: str = Field(
        "python:3.12-slim", pattern=IMAGE, description="What python and custom agents are built on for containers."
    )
    docker_node_image: str = Field("node:22-slim", pattern=IMAGE, description="What npm agents are built on.")
    docker_pull: Literal["always", "missing"] = Field(
        "always",
        description="Whether a registry is asked for an image each time, with the agent's own credentials, or only for one "
        "that is not there.",
    )
    docker_read_only: bool = Field(
        True, description="Whether the root file systems of containers are read-only; /tmp and their state never are."
    )
    kubernetes: str = Field(
        "none",
        max_length=1000,
        description="Cluster for instances: 'in-cluster' for the one that this server runs in, the path of a kubeconfig, or "
        "'none'.",
    )
    kubernetes_context: str = Field(
        "", max_length=255, description="Context of the kubeconfig; its current one if left out."
    )
    kubernetes_namespace: str = Field(
        "",
        pattern=r"^([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?)?$",
        description="Namespace of instances; that of the context, or of this server's Pod, if left out.",
    )
    kubernetes_node_address: str = Field(
        "",
        max_length=255,
        pattern=r"^[A-Za-z0-9.:-]*$",
        description="Where node ports are reached, for a server outside of the cluster; inside, Services are used.",
    )
    kubernetes_server_url: str = Field(
        "",
        max_length=500,
        pattern=r"^(https?://[!-~]+)?$",
        description="URL of this server for Pods; public_url if left out.",
    )
    kubernetes_storage: str = Field(
        "1Gi",
        pattern=r"^([0-9]{1,6}[KMGT]i)?$",
        description="Size of the volume that keeps an instance's state; empty to keep it as long as its Pod.",
    )
    kubernetes_storage_class: str = Field(
        "",
        max_length=253,
        pattern=r"^[a-z0-9.-]*$",
        description="Class of that volume; the cluster's default if left out.",
    )
    instance_check: float = Field(30.0, ge=0.05, le=3600, description="Seconds between two checks of an instance.")
    instance_pass: float = Field(
        60.0, ge=0.05, le=3600, description="Seconds between two passes over all: hosts, budgets, what is old."
    )
    instances_each: int = Field(20, ge=0, le=1_000_000, description="Most instances of one account at a time.")
    backups_each: int = Field(50, ge=0, le=1_000_000, description="Most backups of instances of one account.")
    instance_answer_limit: int = Field(
        10_485_760, ge=1024, le=1_073_741_824, description="Most bytes of an answer of an instance to an execution."
    )
    instance_retention: int = Field(
        90 * DAY, ge=60, le=36500 * DAY, description="Seconds ended instances, and executions, are kept."
    )
    host_name: str = Field(
        "",
        max_length=64,
        pattern=r"^([A-Za-z0-9]([A-Za-z0-9._-]*[A-Za-z0-9])?)?$",
        description="Name of this server as a host of instances; that of the machine if left out.",
    )
    host_region: str = Field("", max_length=64, description="Region of this server as a host of instances.")
    message_lifetime: int = Field(30 * DAY, ge=1, le=3650 * DAY, description="Seconds an unread message is kept.")
    idempotency_lifetime: int = Field(DAY, ge=60, le=365 * DAY, description="Seconds an idempotency key is kept.")
    event_retention: int = Field(30 * DAY, ge=60, le=3650 * DAY, description="Seconds events stay in the log.")
    audit_retention: int = Field(365 * DAY, ge=3600, le=36500 * DAY, description="Seconds audit entries are kept.")
    rate_basic: int = Field(200, ge=1, le=1_000_000, description="Calls a second for an agent of the basic tier.")
    rate_premium: int = Field(1000, ge=1, le=1_000_000, description="Calls a second for the premium tier.")
    rate_enterprise: int = Field(5000, ge=1, le=1_000_000, description="Calls a second for the enterprise tier.")
    rate_anonymous: int = Field(50, ge=1, le=1_000_000, description="Calls a second for callers without a credential.")
    offline_after: int = Field(90, ge=5, le=86_400, description="Seconds without a sign of life until offline.")
    heartbeat_interval: float = Field(15.0, ge=0.1, le=300, description="Seconds between heartbeats on a stream.")
    stream_buffer: int = Field(1_048_576, ge=4096, le=104_857_600, description="Bytes a slow stream may lag behind.")
    max_streams: int = Field(10_000, ge=1, le=1_000_000, description="Largest number of open streams.")
    max_streams_each: int = Field(
        1_000, ge=1, le=1_000_000, description="Largest number of open streams and waiting calls of one caller."
    )
    request_timeout: float = Field(
        30.0, ge=1, le=3600, description="Seconds that the head and the body of a request may take to arrive."
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
        True, description="Whether the built-in agents (Calculator, Analysis, Memory, Echo) live in every marketplace."
    )
    test_operations: bool = Field(False, description="Serve the operations that exist for tests only.")

    @field_validator("service_discovery", mode="before")
    @classmethod
    def _words(cls, value: Any) -> Any:
        return {"enabled": True, "disabled": False}.get(value, value) if isinstance(value, str) else value

    #: what to tell about settings that were given under names of before
    _notice: str | None = PrivateAttr(None)

    @field_validator("log_format", mode="before")
    @classmethod
    def _format(cls, value: Any) -> Any:
        lowered = value.lower() if isinstance(value, str) else value
        return "text" if lowered == "console" else lowered

    @field_validator("metrics_token")
    @classmethod
    def _long_enough(cls, value: SecretStr) -> SecretStr:
        if 0 < len(value.get_secret_value()) < SHORTEST_TOKEN:
            raise ValueError(f"it has fewer than {SHORTEST_TOKEN} characters")
        return value

    @field_validator("log_level", mode="before")
    @classmethod
    def _lower(cls, value: Any) -> Any:
        return value.lower() if isinstance(value, str) else value

    @field_validator("trusted_hosts", "mcp_server_urls", "oidc_issuers", "oidc_audience", "oidc_roles", mode="before")
    @classmethod
    def _list(cls, value: Any) -> Any:
        return tuple(part.strip() for part in value.split(",") if part.strip()) if isinstance(value, str) else value

    @field_validator("instance_sources", mode="before")
    @classmethod
    def _paths(cls, value: Any) -> Any:
        return tuple(part for part in value.split(":") if part) if isinstance(value, str) else value

    @field_validator("data_dir")
    @classmethod
    def _absolute(cls, value: Path) -> Path:
        return value.expanduser().absolute()

    @property
    def bus_url(self) -> str | None:
        """Where the bus's Redis is; None for a bus that is embedded."""
        if self.bus != "embedded":
            return self.bus
        return self.redis_url if self.use_redis else None

    @property
    def loopback(self) -> bool:
        """Whether only this machine can reach the server."""
        if self.host == "localhost":
            return True
        try:
            return ipaddress.ip_address(self.host).is_loopback
        except ValueError:
            return False

    @classmethod
    def load(
        cls,
        config_file: Path | str | None = None,
        *,
        environ: Mapping[str, str] | None = None,
        **overrides: Any,
    ) -> Settings:
        """Settings from every source; ConfigurationError names the first fault of each setting."""
        environ = os.environ if environ is None else environ
        values: dict[str, Any] = {}
        origins: dict[str, str] = {}
        try:
            before = former(environ)
        except RefusedName as error:
            raise ConfigurationError(str(error)) from None
        for origin, found in (
            _from_file(config_file, environ),
            _from_environment(environ, before.values),
            ("the command line", {name: value for name, value in overrides.items() if value is not None}),
        ):
            values |= found
            origins |= dict.fromkeys(found, origin)
        try:
            settings = cls(**values)
        except ValidationError as error:
            raise ConfigurationError(_explain(error, origins)) from None
        settings._notice = before.notice
        return settings

    @property
    def notice(self) -> str | None:
        """What to tell about settings that were given under names of before."""
        return self._notice

    @property
    def secrets(self) -> tuple[str, ...]:
        """Values that are to appear nowhere."""
        found = [getattr(self, name) for name in type(self).model_fields]
        given = [value.get_secret_value() for value in found if isinstance(value, SecretStr)]
        tokens = [part for entry in self.auth_tokens.get_secret_value().split(",") for part in entry.split(":")[1:2]]
        passwords = [_password(url) for url in (self.store, self.bus, self.redis_url)]
        return tuple(sorted({value for value in (*given, *tokens, *passwords) if len(value) >= 6}, key=len)[::-1])


def _password(url: str) -> str:
    try:
        return urlsplit(url).password or ""
    except ValueError:  # no URL: whoever opens it says so
        return ""


def _from_file(path: Path | str | None, environ: Mapping[str, str]) -> tuple[str, dict[str, Any]]:
    given = path or environ.get(f"{PREFIX}CONFIG")
    file = Path(given or "agora.toml")
    if not file.is_file():
        if given:
            raise ConfigurationError(f"The configuration file {file} does not exist.")
        return str(file), {}
    try:
        return str(file), tomllib.loads(file.read_text("utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigurationError(f"{file} is not valid TOML: {error}") from None


def _from_environment(environ: Mapping[str, str], before: Mapping[str, Any]) -> tuple[str, dict[str, Any]]:
    found: dict[str, Any] = {**before, **{name.lower(): environ[name] for name in PLAIN if environ.get(name)}}
    for name in Settings.model_fields:
        value = environ.get(PREFIX + name.upper())
        if value is not None:
            found[name] = value
    return "the environment", found


def _explain(error: ValidationError, origins: Mapping[str, str]) -> str:
    lines = []
    for fault in error.errors():
        name = str(fault["loc"][0]) if fault["loc"] else ""
        if fault["type"] == "extra_forbidden":
            lines.append(f"{name!r} in {origins.get(name, 'the settings')} is not a setting")
        else:
            lines.append(f"{name} (from {origins.get(name, 'the defaults')}): {fault['msg']}")
    return "; ".join(lines)
