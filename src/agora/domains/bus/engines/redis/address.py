"""Addresses of Redis servers: ``redis://USER:PASSWORD@HOST:PORT/DATABASE`` and its variants."""

from __future__ import annotations

import ssl
from dataclasses import field
from urllib.parse import parse_qs, unquote, urlsplit

from agora.value_classes import value_class

__all__ = ["Address"]

PLAIN_SCHEMES = ("redis", "valkey")
TLS_SCHEMES = ("rediss", "valkeys")
SOCKET_SCHEMES = ("unix", "redis+unix", "valkey+unix")
DEFAULT_PORT = 6379


@value_class
class Address:
    """Address and credentials of a server. path: of a Unix socket, instead of host and port."""

    host: str = "localhost"
    port: int = DEFAULT_PORT
    path: str | None = None
    username: str | None = None
    password: str | None = field(default=None, repr=False)
    database: int = 0
    secure: bool = False

    @classmethod
    def from_url(cls, url: str) -> Address:
        """Parse a URL. Raises ValueError, whose message does not contain the password."""
        try:
            parts = urlsplit(url)
            port = parts.port or DEFAULT_PORT
        except ValueError:
            raise ValueError("the port of the Redis URL is not a number from 1 to 65535") from None
        if parts.scheme not in (*PLAIN_SCHEMES, *TLS_SCHEMES, *SOCKET_SCHEMES):
            raise ValueError("a Redis URL begins with redis://, rediss:// or unix://")
        local = parts.scheme in SOCKET_SCHEMES
        database_number = parse_qs(parts.query).get("db", [""])[-1] or ("" if local else parts.path.strip("/"))
        if database_number and not (
            database_number.isascii() and database_number.isdigit() and len(database_number) < 6
        ):
            raise ValueError("the database in a Redis URL is a number, as in redis://localhost:6379/0")
        if local and not parts.path:
            raise ValueError("a socket's URL names its path, as in unix:///run/redis.sock")
        return cls(
            host=parts.hostname or "localhost",
            port=port,
            path=parts.path if local else None,
            username=unquote(parts.username) if parts.username else None,
            password=unquote(parts.password) if parts.password else None,
            database=int(database_number or 0),
            secure=parts.scheme in TLS_SCHEMES,
        )

    def create_ssl_context(self) -> ssl.SSLContext | None:
        """Create the context for TLS, which verifies certificates; None without TLS."""
        return ssl.create_default_context() if self.secure else None

    def __str__(self) -> str:
        """Format without the password."""
        if self.path:
            return f"unix://{self.path}"
        return f"{'rediss' if self.secure else 'redis'}://{self.host}:{self.port}/{self.database}"
