"""Durability of a Redis server, determined from its settings."""

from __future__ import annotations

from typing import Any

from agora.value_classes import value_class
from agora_sdk.errors import AgoraError, InternalError

from .connection import Refused
from .link import Link

__all__ = ["Durability", "read_durability"]

MIN_VERSION = (6, 2)
DURABILITY_SETTINGS = ("appendonly", "appendfsync", "maxmemory", "maxmemory-policy")


@value_class
class Durability:
    """Description of the durability, and warnings."""

    words: str = "not known: Redis was not reached yet"
    warnings: tuple[str, ...] = ()


async def read_durability(link: Link) -> Durability:
    """Read the server's durability. Raises InternalError if its version is too old."""
    version = await _read_version(link)
    if version < MIN_VERSION:
        version_text = ".".join(map(str, version))
        raise InternalError(f"Redis {version_text} is too old for the bus.", fix="Use Redis 6.2 or newer, or Valkey.")
    try:
        settings = await _read_settings(link)
    # Hosted services often forbid CONFIG.
    except (Refused, AgoraError):
        return Durability("unknown: Redis does not report its settings", ("Redis does not report its durability.",))
    fsync = f"appendonly {settings['appendonly']}, appendfsync {settings['appendfsync']}"
    return Durability(fsync, tuple(_find_durability_warnings(settings)))


def _find_durability_warnings(settings: dict[str, str]) -> list[str]:
    warnings = []
    if settings["appendonly"] != "yes":
        warnings.append("Redis keeps entries in memory (appendonly no): its data is lost when it stops.")
    elif settings["appendfsync"] != "always":
        warnings.append(
            f"Redis may lose its last second when the machine fails (appendfsync {settings['appendfsync']}): "
            "set appendfsync to always for delivery at least once."
        )
    if settings["maxmemory"] != "0" and settings["maxmemory-policy"] != "noeviction":
        warnings.append(
            f"Redis may evict streams when its memory is full (maxmemory-policy {settings['maxmemory-policy']}): "
            "set it to noeviction."
        )
    return warnings


async def _read_version(link: Link) -> tuple[int, ...]:
    text = (await link.execute("INFO", "server")).decode()
    lines = dict(line.split(":", 1) for line in text.splitlines() if ":" in line)
    return tuple(int(part) for part in lines.get("redis_version", "0").split(".")[:3] if part.isdigit())


async def _read_settings(link: Link) -> dict[str, str]:
    settings: dict[str, str] = {}
    for name in DURABILITY_SETTINGS:
        # One by one: Redis takes several names since 7.0 only.
        reply: Any = await link.execute("CONFIG", "GET", name)
        settings[name] = reply[1].decode() if reply else ""
    return settings
