"""Ports of agents."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING

from agora.core.lazy import Lazy
from agora.core.ports import Port

if TYPE_CHECKING:
    from agora_sdk.contract.agents import Registration

__all__ = ["MANIFEST_REGISTRATION"]

#: registers an agent from its manifest; arguments: call, name, manifest, explicitly given fields
MANIFEST_REGISTRATION: Port[Lazy[Callable[..., Awaitable[Registration]]]] = Port("registration by manifest")
