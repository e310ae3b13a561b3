"""Connections of the server: upstreams, remote agents, webhooks, the bus, Consul."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from pydantic import Field, SecretStr

from .section import CommaSeparated, Section

__all__ = ["Connections"]


class Connections(Section):
    """Settings for outgoing connections."""

    mcp_server_urls: Annotated[tuple[str, ...], Field(max_length=100), CommaSeparated] = Field(
        (),
        description="Upstream MCP servers, as URL or name=URL, separated by commas; default path: /mcp. Private "
        "addresses are allowed.",
    )
    mcp_timeout: float = Field(
        30.0, ge=0.1, le=3600, description="Timeout of calls to upstream MCP servers, in seconds."
    )
    mcp_config: Path | None = Field(
        None,
        description="JSON file with upstream MCP servers in the format of MCP clients (mcpServers or mcp.servers).",
    )
    mcp_commands: bool = Field(
        False, description="Allow commands in mcp_config, which start upstream MCP servers on this machine."
    )
    mcp_private_networks: bool = Field(
        False, description="Allow adding upstream MCP servers at private and loopback addresses."
    )
    declared_agents: bool = Field(
        True, description="Run declared agents on this server. Needs the extra agora-server[models]."
    )
    llm_url: str = Field(
        "",
        max_length=500,
        pattern=r"^(https?://[!-~]+)?$",
        description="Base URL of the model 'default' of declared agents, such as http://localhost:4000/v1; default: "
        "the public API of OpenAI or Anthropic.",
    )
    llm_model: str = Field(
        "",
        max_length=200,
        pattern=r"^[!-~]*$",
        description="Name of the model 'default'; with the prefix 'anthropic:' for Anthropic's API.",
    )
    llm_key: SecretStr = Field(
        SecretStr(""), max_length=2000, description="API key of the model 'default'; never passed to tools."
    )
    livekit_url: str = Field(
        "",
        max_length=500,
        pattern=r"^((https?|wss?)://[!-~]+)?$",
        description="URL of the LiveKit server for agora.media, such as ws://localhost:7880. The variable LIVEKIT_URL "
        "is also read.",
    )
    livekit_public_url: str = Field(
        "",
        max_length=500,
        pattern=r"^((https?|wss?)://[!-~]+)?$",
        description="URL of the LiveKit server for clients, if different (LIVEKIT_PUBLIC_URL).",
    )
    livekit_api_key: str = Field(
        "", max_length=200, pattern=r"^[!-~]*$", description="API key of the LiveKit server (LIVEKIT_API_KEY)."
    )
    livekit_api_secret: SecretStr = Field(
        SecretStr(""), max_length=500, description="Secret of the API key, used to sign tokens (LIVEKIT_API_SECRET)."
    )
    weather_url: str = Field(
        "",
        max_length=500,
        pattern=r"^(https?://[!-~]+)?$",
        description="URL of a weather API compatible with Open-Meteo, for the analysis agent, such as "
        "https://api.open-meteo.com.",
    )
    weather_geocoding_url: str = Field(
        "",
        max_length=500,
        pattern=r"^(https?://[!-~]+)?$",
        description="URL of the geocoding API, if different, such as https://geocoding-api.open-meteo.com.",
    )
    a2a_agent_name: str = Field(
        "Agora", min_length=1, max_length=200, description="Name of the front agent, the A2A agent at the root URL."
    )
    a2a_agent_description: str = Field(
        "A marketplace of agents: it finds the agent with the skill that a message asks for.",
        min_length=1,
        max_length=2000,
        description="Description on the front agent's card.",
    )
    front_agent: str = Field(
        "",
        max_length=200,
        description="Name of a declared agent that plans requests to the front agent without a skill.",
    )
    chat_agent: str = Field(
        "", max_length=200, description="Name of a declared agent that answers the marketplace chat."
    )
    a2a_agent_org: str = Field("Agora", min_length=1, max_length=200, description="Organisation on agent cards.")
    a2a_private_networks: bool = Field(
        False,
        description="Allow private and loopback addresses for remote A2A agents and push notification receivers.",
    )
    a2a_refresh: float = Field(
        60.0,
        ge=1,
        le=86_400,
        description="Interval of checking a remote A2A agent's availability and card, in seconds.",
    )
    # The maximum stays below the lease on a configuration (push_outbox, LEASE_SECONDS), else two servers would post.
    push_timeout: float = Field(15.0, ge=0.1, le=50, description="Timeout of a push notification, in seconds.")
    push_attempts: int = Field(
        12,
        ge=1,
        le=100,
        description="Delivery attempts of a push notification before it becomes a dead letter. The interval grows to "
        "an hour.",
    )
    endpoint_private_networks: bool = Field(
        False,
        description="Allow private and loopback addresses for agents' own endpoints (endpoints.agentify).",
    )
    # The maximum stays below the lease of a delivery (outbox, LEASE_SECONDS), else a slow one would be posted twice.
    endpoint_timeout: float = Field(30.0, ge=0.1, le=60, description="Timeout of an agent's own endpoint, in seconds.")
    endpoint_attempts: int = Field(
        12,
        ge=1,
        le=100,
        description="Delivery attempts to an agent's own endpoint before the message becomes a dead letter. The "
        "interval grows to an hour.",
    )
    a2a_wait: float = Field(
        300.0, ge=1, le=3600, description="Maximum seconds for which a blocking A2A SendMessage waits for its task."
    )
    bus: str = Field(
        "embedded",
        max_length=2000,
        pattern=r"^(embedded|(redis|rediss|valkey|valkeys|unix|redis\+unix|valkey\+unix)://\S+)$",
        description="The bus: embedded, or redis://USER:PASSWORD@HOST:PORT/DATABASE to also connect programs that use "
        "Redis Streams.",
    )
    use_redis: bool = Field(False, description="Use redis_url as the bus if 'bus' is not set.")
    redis_url: str = Field("redis://localhost:6379/0", max_length=2000, description="Redis server for use_redis.")
    bus_stream: str = Field(
        "xnai:agent_bus",
        min_length=1,
        max_length=200,
        pattern=r"^[!-~]+$",
        description="Redis stream on which agents publish. An agent's own stream is this name, a colon and the "
        "agent's name.",
    )
    bus_group: str = Field(
        "xnai-mcp-server",
        min_length=1,
        max_length=200,
        pattern=r"^[!-~]+$",
        description="Consumer group of the server on that stream.",
    )
    bus_stale: float = Field(
        30.0,
        ge=0.1,
        le=86_400,
        description="Seconds after which an unacknowledged entry is reclaimed; doubled each time.",
    )
    bus_silent: float = Field(
        90.0, ge=1, le=864_000, description="Seconds without a heartbeat after which a bus consumer is removed."
    )
    bus_deliveries: int = Field(3, ge=1, le=20, description="Deliveries of an entry before it becomes a dead letter.")
    bus_response_high: float = Field(
        5.0, ge=0.01, le=100_000, description="Response time for entries with high priority, in minutes."
    )
    bus_response_medium: float = Field(
        30.0, ge=0.01, le=100_000, description="Response time for entries with medium priority, in minutes."
    )
    bus_response_low: float = Field(
        120.0, ge=0.01, le=100_000, description="Response time for entries with low priority, in minutes."
    )
    bus_buffer: int = Field(10_000, ge=10, le=1_000_000, description="Maximum number of pending Redis commands.")
    bus_length: int = Field(
        100_000, ge=100, le=100_000_000, description="Number of fully acknowledged entries that a stream keeps."
    )
    consul_url: str = Field(
        "",
        max_length=2000,
        pattern=r"^(https?://[^\s\"<>]+)?$",
        description="URL of a Consul agent with which the server registers, such as http://127.0.0.1:8500.",
    )
    consul_token: SecretStr = Field(SecretStr(""), description="Token for Consul, if required.")
    consul_name: str = Field(
        "agora",
        max_length=63,
        pattern=r"^[a-z0-9]([a-z0-9-]*[a-z0-9])?$",
        description="Name of the service in Consul: lower-case letters, digits, hyphens.",
    )
    consul_address: str = Field(
        "",
        max_length=255,
        pattern=r"^[A-Za-z0-9.:-]*$",
        description="Address at which Consul reaches the server; default: the listening address.",
    )
    ai_catalog_servers: bool = Field(
        False,
        description="Include MCP servers in the public /.well-known/ai-catalog.json: this server, virtual servers and "
        "upstreams, with their tool names.",
    )
    ai_catalog_search: bool = Field(
        False,
        description="Allow searching the AI Catalog at POST /ard/search, as a registry of Agentic Resource Discovery.",
    )
    a2a_grpc_port: int = Field(
        0, ge=0, le=65535, description="Port for A2A over gRPC; 0: none. Needs the extra agora-server[grpc]."
    )
    a2a_grpc_url: str = Field(
        "",
        max_length=2000,
        pattern=r"^([a-z]+://)?[^\s\"<>/]*/?$",
        description="URL of the gRPC port on cards, such as https://grpc.example.com if a proxy terminates TLS; default: host and port.",
    )
    a2a_grpc_on_cards: bool = Field(
        True,
        description="Show the gRPC port on cards. Some clients reject a card unless all its interfaces are HTTPS at one origin.",
    )
    a2a_grpc_agent: str = Field(
        "",
        max_length=200,
        description="Agent that receives gRPC calls without a tenant; default: the front agent.",
    )

    @property
    def bus_url(self) -> str | None:
        """URL of the bus's Redis; None for the embedded bus."""
        if self.bus != "embedded":
            return self.bus
        return self.redis_url if self.use_redis else None
