"""Events of instances, addressed to the owning account."""

from __future__ import annotations

from typing import Any

from agora.core.call import Call

from .access import find_audience
from .records import InstanceRow

__all__ = ["emit_instance_event"]


async def emit_instance_event(type: str, call: Call, row: InstanceRow, **more: Any) -> None:
    """Emit an event about an instance. more: data that differs from the row or is missing in it."""
    data = {
        "instance_id": row.instance_id,
        "agent_id": row.agent_id,
        "account_id": row.account_id,
        "generation": row.generation,
        "status": row.state,
        "desired_status": row.desired,
        "host_id": row.host_id,
        "reason": None,
    }
    viewers = await find_audience(call, row.account_id)
    call.emit(type, data | more, subject=row.instance_id, audience=viewers)
