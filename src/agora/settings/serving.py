"""Listening addresses, data directory and access."""

from __future__ import annotations

import ipaddress
import os
from pathlib import Path
from typing import Annotated, Any, Final, Literal

from pydantic import Field, SecretStr, field_validator

from agora.comma_lists import split_list

from .section import CommaSeparated, EmptyAsNone, Section, Switch

__all__ = ["Serving"]

ORIGIN_PATTERN: Final = r"^(\*|https?://(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._-]+)(:[0-9]{1,5})?)$"


def _default_data_dir() -> Path:
    base = os.environ.get("XDG_DATA_HOME") or Path.home() / ".local" / "share"
    return Path(base) / "agora"


class Serving(Section):
    """Settings for the server process."""

    host: str = Field(
        "127.0.0.1", description="Address to listen on. On a non-loopback address, every caller needs a credential."
    )
    port: int = Field(8080, ge=0, le=65535, description="Port of the API; 0: any free port.")
    events_port: int = Field(8081, ge=0, le=65535, description="Additional port for event streams; 0: none.")
    mcp_port: int = Field(
        0, ge=0, le=65535, description="Additional port for MCP clients, by convention 9000; 0: none."
    )
    tls_cert: Annotated[Path | None, EmptyAsNone] = Field(
        None, description="PEM file with the certificate chain, the server's certificate first. Enables HTTPS and WSS."
    )
    tls_key: Annotated[Path | None, EmptyAsNone] = Field(
        None, description="PEM file with the unencrypted private key of tls_cert."
    )
    tls_min_version: Literal["1.2", "1.3"] = Field("1.3", description="Minimum TLS version.")
    public_url: str = Field(
        "",
        max_length=2000,
        pattern=r"^(https?://[^\s\"<>]+)?$",
        description="URL at which clients reach the server, if it is behind a proxy or its certificate has a "
        "different host name.",
    )
    data_dir: Path = Field(
        default_factory=_default_data_dir, description="Directory for the database, keys and lock file."
    )
    keys_dir: Annotated[Path | None, EmptyAsNone] = Field(
        None,
        description="Directory for signing.key, admin-token and a2a-signing.pem; default: data_dir. Servers on the "
        "same database share it.",
    )
    store: str = Field("", description="Database URL: postgresql://...; empty for SQLite in the data directory.")
    store_timeout: float = Field(
        10.0,
        ge=1,
        le=300,
        description="Seconds after which a call fails with storage_unavailable because PostgreSQL does not respond or "
        "SQLite cannot commit to disk. Also the statement timeout on PostgreSQL.",
    )
    log_level: Literal["debug", "info", "warning", "error"] = Field("info", description="Minimum log level.")
    log_format: Literal["text", "json"] = Field("text", description="Log format; console is the same as text.")
    service_discovery: Switch = Field(True, description="Enable agora.discovery (enabled, disabled).")
    openai_door: bool = Field(
        True,
        description="Serve agents through an OpenAI-compatible API at /v1/models, /v1/responses and "
        "/v1/chat/completions.",
    )
    admin_authority_level: int = Field(255, ge=0, le=255, description="Authority of the operator; 255: supreme.")
    auth_tokens: SecretStr = Field(
        SecretStr(""), description="Static tokens, as name:token,name2:token2; with name:token:admin for all scopes."
    )
    auth_header: str = Field(
        "X-API-Key",
        max_length=100,
        pattern=r"^[A-Za-z0-9-]+$",
        description="Additional header for credentials, besides Authorization and X-API-Key.",
    )
    auth_required: bool = Field(
        False,
        description="Require a credential also from callers on this machine. On a non-loopback address, it is always "
        "required.",
    )
    open_registration: bool = Field(
        False,
        description="Allow registering agents without a credential. Local callers on a loopback address always may, "
        "unless auth_required is set.",
    )
    trusted_hosts: Annotated[tuple[str, ...], Field(max_length=50), CommaSeparated] = Field(
        (), description="Host names, besides localhost, that local callers may use."
    )
    cors_origins: Annotated[
        tuple[Annotated[str, Field(pattern=ORIGIN_PATTERN)], ...], Field(max_length=50), CommaSeparated
    ] = Field(
        (),
        description="Allowed CORS origins, such as https://app.example.com; * for all. This grants no permissions.",
    )
    allow_loopback_origins: bool = Field(
        False,
        description="Allow CORS requests from pages on this machine (localhost, any port), for development.",
    )
    body_limit: int = Field(1_048_576, ge=1024, le=104_857_600, description="Maximum size of a request body, in bytes.")

    @field_validator("log_format", mode="before")
    @classmethod
    def _normalize_log_format(cls, value: Any) -> Any:
        lowered = value.lower() if isinstance(value, str) else value
        return "text" if lowered == "console" else lowered

    @field_validator("auth_tokens")
    @classmethod
    def _require_named_tokens(cls, value: SecretStr) -> SecretStr:
        if any(not name or not token or role not in ("", "admin") for name, token, role in _split_tokens(value)):
            raise ValueError("write name:token,name2:token2, or name:token:admin")
        return value

    @property
    def named_tokens(self) -> list[tuple[str, str, str]]:
        """The entries of ``auth_tokens``: name, token, and role, which is empty or ``admin``."""
        return _split_tokens(self.auth_tokens)

    @field_validator("log_level", mode="before")
    @classmethod
    def _to_lowercase(cls, value: Any) -> Any:
        return value.lower() if isinstance(value, str) else value

    @field_validator("data_dir", "keys_dir", "tls_cert", "tls_key")
    @classmethod
    def _make_absolute(cls, value: Path | None) -> Path | None:
        # At start: the working directory may change later, and child processes have another one.
        return None if value is None else value.expanduser().absolute()

    @property
    def scheme(self) -> str:
        """URL scheme of the server's sockets."""
        return "https" if self.tls_cert is not None else "http"

    @property
    def own_url(self) -> str:
        """public_url, or the listening address as a URL; without a trailing slash."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return self.public_url.rstrip("/") or f"{self.scheme}://{host}:{self.port}"

    @property
    def secrets_dir(self) -> Path:
        """Directory of the server's secrets."""
        return self.keys_dir or self.data_dir

    @property
    def trusts_local_callers(self) -> bool:
        """Whether programs on this machine act as the operator without a credential."""
        return self.loopback and not self.auth_required

    @property
    def loopback(self) -> bool:
        """Whether only this machine can reach the server."""
        if self.host == "localhost":
            return True
        try:
            # Names are not resolved: an answer of DNS must not decide whether callers are trusted without a credential.
            return ipaddress.ip_address(self.host).is_loopback
        except ValueError:
            return False


def _split_tokens(value: SecretStr) -> list[tuple[str, str, str]]:
    tokens = []
    for entry in split_list(value.get_secret_value()):
        name, _, rest = entry.partition(":")
        token, _, role = rest.partition(":")
        tokens.append((name, token, role))
    return tokens
