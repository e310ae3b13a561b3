"""Connections of the server: upstreams, remote agents, webhooks, the bus, Consul."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

from pydantic import Field, SecretStr, field_validator

from .section import Section, split_list

__all__ = ["Connections"]


class Connections(Section):
    """Of connections to others."""

    mcp_server_urls: Annotated[tuple[str, ...], Field(max_length=100)] = Field(
        (),
        description="Upstream MCP servers, as URL or name=URL, separated by commas; without a path /mcp is meant. "
        "They may be at private addresses.",
    )
    mcp_timeout: float = Field(30.0, ge=0.1, le=3600, description="Seconds a call of an upstream MCP server may take.")
    mcp_config: Path | None = Field(
        None,
        description="JSON file of upstream MCP servers, with mcpServers or mcp.servers, in the format of MCP clients.",
    )
    mcp_commands: bool = Field(
        False, description="Whether upstream MCP servers of mcp_config may be commands, started on this machine."
    )
    mcp_private_networks: bool = Field(
        False, description="Whether upstream MCP servers may be added at private and loopback addresses."
    )
    declared_agents: bool = Field(
        True, description="Whether this server runs declared agents, with the extra agora-server[models]."
    )
    llm_url: str = Field(
        "",
        max_length=500,
        pattern=r"^(https?://[!-~]+)?$",
        description="Base URL of the model 'default' of declared agents, such as http://localhost:4000/v1; that of OpenAI or "
        "Anthropic if left out.",
    )
    llm_model: str = Field(
        "",
        max_length=200,
        pattern=r"^[!-~]*$",
        description="The model 'default': its name, after 'anthropic:' where the URL speaks Anthropic's protocol.",
    )
    llm_key: SecretStr = Field(
        SecretStr(""), max_length=2000, description="API key of the model 'default'; it is not handed to any tool."
    )
    livekit_url: str = Field(
        "",
        max_length=500,
        pattern=r"^((https?|wss?)://[!-~]+)?$",
        description="Address of a LiveKit server, such as ws://localhost:7880, for agora.media; LIVEKIT_URL without a prefix is read, too.",
    )
    livekit_public_url: str = Field(
        "",
        max_length=500,
        pattern=r"^((https?|wss?)://[!-~]+)?$",
        description="Address at which people reach the LiveKit server, where it is another one (LIVEKIT_PUBLIC_URL).",
    )
    livekit_api_key: str = Field(
        "", max_length=200, pattern=r"^[!-~]*$", description="API key of the LiveKit server (LIVEKIT_API_KEY)."
    )
    livekit_api_secret: SecretStr = Field(
        SecretStr(""), max_length=500, description="Secret of that key; tokens are signed with it (LIVEKIT_API_SECRET)."
    )
    weather_url: str = Field(
        "",
        max_length=500,
        pattern=r"^(https?://[!-~]+)?$",
        description="Provider of weather for the analysis agent, of Open-Meteo's form, such as https://api.open-meteo.com.",
    )
    weather_geocoding_url: str = Field(
        "",
        max_length=500,
        pattern=r"^(https?://[!-~]+)?$",
        description="Where that provider looks up places, if elsewhere, such as https://geocoding-api.open-meteo.com.",
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
    front_agent: str = Field(
        "",
        max_length=200,
        description="Declared agent, by its name, that plans what the front agent is asked without naming a skill.",
    )
    chat_agent: str = Field(
        "", max_length=200, description="Declared agent, by its name, that answers the marketplace's chat."
    )
    a2a_agent_org: str = Field("Agora", min_length=1, max_length=200, description="Organisation named on agent cards.")
    a2a_private_networks: bool = Field(
        False,
        description="Whether remote A2A agents and push notification receivers may have private and loopback addresses.",
    )
    a2a_refresh: float = Field(
        60.0,
        ge=1,
        le=86_400,
        description="Seconds between two checks of a remote A2A agent: its availability and its card.",
    )
    push_timeout: float = Field(
        15.0, ge=0.1, le=50, description="Seconds that a receiver of push notifications may take."
    )
    push_attempts: int = Field(
        12,
        ge=1,
        le=100,
        description="Attempts at a push notification, an hour apart in the end, until it is a dead letter.",
    )
    endpoint_private_networks: bool = Field(
        False,
        description="Whether messages are posted to agents' own endpoints (endpoints.agentify) at private and loopback addresses.",
    )
    endpoint_timeout: float = Field(
        30.0, ge=0.1, le=60, description="Seconds that an agent's own endpoint may take to answer a message."
    )
    endpoint_attempts: int = Field(
        12,
        ge=1,
        le=100,
        description="Attempts at posting a message to an agent's own endpoint, an hour apart in the end, until it is a dead letter.",
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
        90.0, ge=1, le=864_000, description="Seconds without a heartbeat until a consumer of the bus is removed."
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
    ai_catalog_servers: bool = Field(
        False,
        description="Whether /.well-known/ai-catalog.json tells everybody of the MCP servers that are reached here, too: this server, "
        "virtual servers and upstreams, with the names of their tools.",
    )
    a2a_grpc_port: int = Field(
        0, ge=0, le=65535, description="Port for A2A over gRPC, with the extra agora-server[grpc]; 0 for none."
    )
    a2a_grpc_url: str = Field(
        "",
        max_length=2000,
        pattern=r"^([a-z]+://)?[^\s\"<>/]*/?$",
        description="URL of the gRPC port on cards, such as https://grpc.example.com where a proxy terminates TLS; host and port if left out.",
    )
    a2a_grpc_on_cards: bool = Field(
        True,
        description="Whether cards name the gRPC port: some clients refuse a card unless all its interfaces are HTTPS at one origin.",
    )
    a2a_grpc_agent: str = Field(
        "",
        max_length=200,
        description="Agent that calls over gRPC without a tenant are for; the front agent if left out.",
    )

    @field_validator("mcp_server_urls", mode="before")
    @classmethod
    def _split_urls(cls, value: Any) -> Any:
        return split_list(value)

    @property
    def bus_url(self) -> str | None:
        """Where the bus's Redis is; None for a bus that is embedded."""
        if self.bus != "embedded":
            return self.bus
        return self.redis_url if self.use_redis else None
