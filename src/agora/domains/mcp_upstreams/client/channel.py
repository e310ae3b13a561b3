"""The message streams to an upstream, over any transport."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from .direct_client import DirectClient

__all__ = ["Channel"]


@dataclass(frozen=True, slots=True)
class Channel:
    """The SDK's streams to read from and write to, and a direct client if available."""

    read: Any
    write: Any
    direct: DirectClient | None = None
