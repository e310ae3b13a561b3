"""Ports of administration."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING

from agora.core.lazy import Lazy
from agora.core.ports import Port

if TYPE_CHECKING:
    from agora_sdk.contract.admin import Health

__all__ = ["HEALTH_REPORT"]

#: the health of the system or of one component; arguments: call, name of the component
HEALTH_REPORT: Port[Lazy[Callable[..., Awaitable[Health]]]] = Port("health report")
