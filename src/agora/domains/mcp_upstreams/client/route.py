"""The message streams to an upstream, over any transport."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from .direct import DirectClient

__all__ = ["Channel"]


@dataclass(frozen=True, slots=True)
class Channel:
    """The SDK's streams to read from and to write to, and a shorter way where there is one."""

    read: Any
    write: Any
    direct: DirectClient | None = None
