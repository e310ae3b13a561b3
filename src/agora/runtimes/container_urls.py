"""URLs of this machine as containers reach them."""

from __future__ import annotations

from typing import Final

__all__ = ["HOST_NAME", "rewrite_loopback_url"]

HOST_NAME: Final = "host.docker.internal"


def rewrite_loopback_url(url: str) -> str:
    """Rewrite a loopback URL of this machine for use in a container."""
    for local in ("127.0.0.1", "localhost", "[::1]", "0.0.0.0"):  # noqa: S104
        if url.startswith((f"http://{local}:", f"https://{local}:")):
            return url.replace(local, HOST_NAME, 1)
    return url
