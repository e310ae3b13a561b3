"""The message streams to an upstream, over any transport."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from .direct_client import DirectClient

__all__ = ["Channel"]


@dataclass(frozen=True, slots=True)
class Channel:
    """The SDK's streams for reading and writing, and a direct client if available."""

    read: Any
    write: Any
    direct: DirectClient | None = None
