"""The message streams to an upstream, over any transport."""

from __future__ import annotations

from typing import Any

from agora.value_classes import value_class

from .direct_client import DirectClient

__all__ = ["Channel"]


@value_class
class Channel:
    """The SDK's streams for reading and writing, and a direct client if available."""

    read: Any
    write: Any
    direct: DirectClient | None = None
