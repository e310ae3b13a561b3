"""Telling: events of instances, to those whose they are."""

from __future__ import annotations

from typing import Any

from agora.core.call import Call
from agora.store.port import Row

from .access import audience

__all__ = ["tell"]


async def tell(type: str, call: Call, row: Row | dict[str, Any], **more: Any) -> None:
    """Say what happened to an instance. more: what is not as in its row, or not in it at all."""
    data = {
        "instance_id": row["instance_id"],
        "agent_id": row["agent_id"],
        "account_id": row["account_id"],
        "generation": row["generation"],
        "status": row["state"],
        "desired_status": row["desired"],
        "host_id": row["host_id"],
        "reason": None,
    }
    viewers = await audience(call, row["account_id"])
    call.emit(type, data | more, subject=row["instance_id"], audience=viewers)
