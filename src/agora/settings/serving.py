"""Where the server listens, its data directory, and who has access."""

from __future__ import annotations

import ipaddress
import os
from pathlib import Path
from typing import Annotated, Any, Final, Literal

from pydantic import Field, SecretStr, field_validator

from .section import Section, split_list

__all__ = ["Serving"]

ORIGIN: Final = r"^(\*|https?://(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._-]+)(:[0-9]{1,5})?)$"


def _default_data_dir() -> Path:
    base = os.environ.get("XDG_DATA_HOME") or Path.home() / ".local" / "share"
    return Path(base) / "agora"


class Serving(Section):
    """Of the server itself."""

    host: str = Field("127.0.0.1", description="Address to listen on. Off loopback, every caller needs a credential.")
    port: int = Field(8080, ge=0, le=65535, description="Port of the API; 0 takes a free one.")
    events_port: int = Field(8081, ge=0, le=65535, description="Second listener for event streams; 0 for none.")
    mcp_port: int = Field(0, ge=0, le=65535, description="Second listener for MCP clients, 9000 by custom; 0 for none.")
    tls_cert: Path | None = Field(
        None, description="Certificate chain in PEM, the server's own first: the server speaks HTTPS and WSS itself."
    )
    tls_key: Path | None = Field(None, description="Private key of tls_cert in PEM, not encrypted.")
    tls_min_version: Literal["1.2", "1.3"] = Field("1.3", description="Oldest accepted version of TLS.")
    public_url: str = Field(
        "",
        max_length=2000,
        pattern=r"^(https?://[^\s\"<>]+)?$",
        description="URL under which clients reach the server, where it is behind a proxy, or its certificate has "
        "another name than host.",
    )
    data_dir: Path = Field(
        default_factory=_default_data_dir, description="Directory of the database, the keys and the lock."
    )
    keys_dir: Path | None = Field(
        None,
        description="Directory of signing.key, admin-token and a2a-signing.pem, if not data_dir; "
        "servers on one database share it.",
    )
    store: str = Field("", description="Database URL: postgresql://...; empty for SQLite in the data directory.")
    store_timeout: float = Field(
        10.0,
        ge=1,
        le=300,
        description="Seconds until a call that PostgreSQL does not answer, or whose commit the disk of SQLite does not take, fails "
        "with storage_unavailable; a statement on PostgreSQL may take as long.",
    )
    log_level: Literal["debug", "info", "warning", "error"] = Field("info", description="Least severe log line shown.")
    log_format: Literal["text", "json"] = Field(
        "text", description="Log lines for people or for machines; console means text too."
    )
    service_discovery: bool = Field(True, description="Whether agora.discovery answers (enabled, disabled).")
    openai_door: bool = Field(
        True,
        description="Whether agents answer in the shape of OpenAI's API, at /v1/models, /v1/responses and /v1/chat/completions.",
    )
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
    auth_required: bool = Field(
        False,
        description="Whether callers on this machine need a credential, too. Off a loopback address every caller does.",
    )
    open_registration: bool = Field(
        False,
        description="Whether strangers may register agents; local callers always may on a loopback address, unless "
        "auth_required.",
    )
    trusted_hosts: Annotated[tuple[str, ...], Field(max_length=50)] = Field(
        (), description="Host names besides localhost under which local callers may reach the server."
    )
    cors_origins: Annotated[tuple[Annotated[str, Field(pattern=ORIGIN)], ...], Field(max_length=50)] = Field(
        (),
        description="Origins, such as https://app.example.com, whose pages may call the server from a browser; * for all. They gain "
        "no authority by it.",
    )
    allow_loopback_origins: bool = Field(
        False,
        description="Whether pages of this machine (localhost, any port) may call the server from a browser, as in development.",
    )
    body_limit: int = Field(1_048_576, ge=1024, le=104_857_600, description="Largest request body, in bytes.")

    @field_validator("service_discovery", mode="before")
    @classmethod
    def _parse_enabled(cls, value: Any) -> Any:
        return {"enabled": True, "disabled": False}.get(value, value) if isinstance(value, str) else value

    @field_validator("log_format", mode="before")
    @classmethod
    def _normalize_log_format(cls, value: Any) -> Any:
        lowered = value.lower() if isinstance(value, str) else value
        return "text" if lowered == "console" else lowered

    @field_validator("auth_tokens")
    @classmethod
    def _named_tokens(cls, value: SecretStr) -> SecretStr:
        for entry in filter(None, (part.strip() for part in value.get_secret_value().split(","))):
            name, _, rest = entry.partition(":")
            token, _, role = rest.partition(":")
            if not name or not token or role not in ("", "admin"):
                raise ValueError("write name:token,name2:token2, or name:token:admin")
        return value

    @field_validator("log_level", mode="before")
    @classmethod
    def _to_lowercase(cls, value: Any) -> Any:
        return value.lower() if isinstance(value, str) else value

    @field_validator("trusted_hosts", "cors_origins", mode="before")
    @classmethod
    def _split_hosts(cls, value: Any) -> Any:
        return split_list(value)

    @field_validator("keys_dir", "tls_cert", "tls_key", mode="before")
    @classmethod
    def _empty_to_none(cls, value: Any) -> Any:
        return None if value == "" else value

    @field_validator("data_dir", "keys_dir", "tls_cert", "tls_key")
    @classmethod
    def _make_absolute(cls, value: Path | None) -> Path | None:
        return None if value is None else value.expanduser().absolute()

    @property
    def scheme(self) -> str:
        """Of the URLs of the server's own sockets."""
        return "https" if self.tls_cert is not None else "http"

    @property
    def own_url(self) -> str:
        """Where the server is reached: public_url, or the address it listens on; without a slash at its end."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return self.public_url.rstrip("/") or f"{self.scheme}://{host}:{self.port}"

    @property
    def secrets_dir(self) -> Path:
        """The directory of the server's own secrets."""
        return self.keys_dir or self.data_dir

    @property
    def trusts_local_callers(self) -> bool:
        """Whether a program on this machine needs no credential: it acts as the operator."""
        return self.loopback and not self.auth_required

    @property
    def loopback(self) -> bool:
        """Whether only this machine can reach the server."""
        if self.host == "localhost":
            return True
        try:
            return ipaddress.ip_address(self.host).is_loopback
        except ValueError:
            return False
