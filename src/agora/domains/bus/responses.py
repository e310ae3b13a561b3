"""Response deadlines: each priority has one; sender and recipient are notified when it is missed."""

from __future__ import annotations

from agora.clock import to_datetime
from agora.core.call import Call
from agora_sdk.contract.bus import BusPriority, BusType

from . import queries as statements
from .records import RESPONSES, ResponseDeadline, ResponseEvidence

__all__ = ["is_response_missed", "settle_response_deadline", "start_response_deadline"]

MINUTE = 60_000_000
READ_STATES = frozenset({"acknowledged", "expired", "dead_lettered"})


async def start_response_deadline(
    call: Call, ref: str, recipient: str, type: BusType, priority: BusPriority, correlation_id: str | None
) -> None:
    """Start the deadline of a message or task. recipient: agent id, empty for a task that any agent may claim."""
    minutes = getattr(call.context.settings, f"bus_response_{priority.value}")
    due = call.now + int(minutes * MINUTE)
    deadline = ResponseDeadline(
        tenant_id=call.caller.tenant,
        ref=ref,
        recipient=recipient,
        sender=call.caller.subject,
        type=type.value,
        priority=priority.value,
        correlation_id=correlation_id,
        created_at=call.now,
        due_at=due,
    )
    call.tx.append(RESPONSES, deadline)


def is_response_missed(row: ResponseDeadline, evidence: ResponseEvidence) -> bool:
    """Whether the response is missing. evidence: result of ``select_response_evidence``."""
    if row.type == BusType.TASK_ASSIGNMENT.value:
        return evidence.task == "pending"
    return not evidence.reply and evidence.state not in READ_STATES


async def settle_response_deadline(call: Call, row: ResponseDeadline, *, late: bool) -> bool:
    """Remove a deadline; emit an event and return True if it was missed."""
    if not await call.tx.execute(statements.delete_response_deadline, ref=row.ref, recipient=row.recipient) or not late:
        return False  # answered, or settled by another server
    data = {
        "ref": row.ref,
        "type": row.type,
        "priority": row.priority,
        "sender": row.sender,
        "correlation_id": row.correlation_id,
        "recipient": row.recipient or None,
        "due_at": to_datetime(row.due_at),
    }
    audience = tuple(dict.fromkeys(who for who in (row.sender, row.recipient) if who))
    call.emit("agora.bus.response_missed", data, subject=row.ref, audience=audience)
    return True
