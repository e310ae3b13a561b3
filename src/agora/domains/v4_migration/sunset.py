"""The sunset of v4 calls: whether they are accepted, and the notice to their callers."""

from __future__ import annotations

from datetime import UTC, datetime, time
from email.utils import format_datetime
from typing import Final

from agora.clock import SECOND, to_datetime, to_microseconds
from agora.core.call import Call
from agora.domains.messaging.service import MessageDraft, MessagingService
from agora_sdk.contract.fields import Priority
from agora_sdk.contract.migration import GUIDE
from agora_sdk.errors import OperationSunset

from . import queries as statements
from .identities import store_mapping

__all__ = ["announce_sunset_once", "find_sunset", "require_before_sunset"]

REPLACEMENTS: Final = {
    "register_agent": "agora.agent.register",
    "register_agent_capability": "agora.agent.register",
    "send_message": "agora.messaging.send",
    "send_agent_message": "agora.messaging.send",
    "broadcast_to_agents": "agora.messaging.send",
    "assign_task": "agora.task.assign",
    "start_workflow_coordination": "agora.workflow.create",
    "update_task_progress": "agora.task.update",
}
NOTICE_MESSAGE_TYPE: Final = "notice"  #: kind of the mapping that records the single announcement
ANNOUNCED_EVENT: Final = "deprecation_notice"  #: its key, and the type of its message
WEEK: Final = 7 * 86_400 * SECOND


def require_before_sunset(call: Call, reducer: str) -> None:
    """Check that v4 compatibility has not ended. Raises OperationSunset, naming the replacement."""
    if call.context.settings.v4_mode != "disabled":
        return
    replacement = REPLACEMENTS.get(reducer)
    raise OperationSunset(
        "v4 calls have ended: COMPATIBILITY_MODE is disabled.",
        fix=f"Call {replacement or 'the operations of v5'} instead; {_build_guide_url(call)} shows how.",
        replacement=replacement,
        migration_guide=_build_guide_url(call),
    )


async def announce_sunset_once(call: Call) -> str | None:
    """Return the notice and its headers in warning mode, and broadcast it once. None in other modes."""
    if call.context.settings.v4_mode != "warn":
        return None
    announced = await call.tx.one(statements.select_mapping, kind=NOTICE_MESSAGE_TYPE, v4_key=ANNOUNCED_EVENT)
    # The date must not move with each call, so the first announcement is stored.
    announced_at = call.now if announced is None else announced.created_at
    sunset = _parse_sunset_time(call, announced_at)
    day = f"{to_datetime(sunset):%Y-%m-%d}"
    text = f"v4 APIs will be sunset on {day}. Please migrate to v5: {_build_guide_url(call)}"
    if announced is None:
        draft = MessageDraft(
            to_agent="broadcast", content=text, message_type=ANNOUNCED_EVENT, priority=Priority.HIGH, metadata={}
        )
        stored = await MessagingService(call).send_draft(draft)
        store_mapping(call, NOTICE_MESSAGE_TYPE, ANNOUNCED_EVENT, stored.message_id, run_id="")
    call.notices |= {
        "Deprecation": f"@{announced_at // SECOND}",
        "Sunset": format_datetime(to_datetime(sunset), usegmt=True),
        "Link": f'<{GUIDE}>; rel="deprecation"; type="text/html"',
    }
    return text


async def find_sunset(call: Call) -> datetime | None:
    """Find the end of v4 calls; None if neither announced nor configured."""
    announced = await call.tx.one(statements.select_mapping, kind=NOTICE_MESSAGE_TYPE, v4_key=ANNOUNCED_EVENT)
    if announced is None and call.context.settings.v4_sunset_date is None:
        return None
    return to_datetime(_parse_sunset_time(call, call.now if announced is None else announced.created_at))


def _parse_sunset_time(call: Call, announced_at: int) -> int:
    day = call.context.settings.v4_sunset_date
    return announced_at + WEEK if day is None else to_microseconds(datetime.combine(day, time(), UTC))


def _build_guide_url(call: Call) -> str:
    return f"{call.context.settings.own_url}{GUIDE}"
