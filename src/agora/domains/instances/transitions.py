"""State transitions written by a host. Each applies only if the row is unchanged since the host read it."""

from __future__ import annotations

from typing import Any

from agora.core.call import Call, decode_json
from agora.domains.billing.ledger import Ledger
from agora.domains.billing.metering import build_base_price_key
from agora.domains.identity import token_queries as tokens
from agora.runtimes.port import ProcessExit
from agora.runtimes.restarts import RestartPolicy

from . import metering, request_replies
from . import queries as statements
from .metering import MonotonicTime
from .notifications import emit_instance_event
from .records import InstanceRow

__all__ = [
    "RESTART_POLICY",
    "build_row_guard_parameters",
    "change_state_if_current",
    "clean_text",
    "describe_exit",
    "end_lost_instance",
    "finish_and_refund_instance",
    "record_crash_and_schedule_restart",
    "report_failure_and_end",
    "resolve_goal_state",
    "set_block",
]

RESTART_POLICY = RestartPolicy()
MAX_REASON_CHARACTERS = 2000  #: most characters of a reason
MAX_FAILED_STARTS = 3  #: failed starts before an instance requested by message is abandoned


async def change_state_if_current(call: Call, row: InstanceRow, state: str, **changes: Any) -> bool:
    """Store a new state and other changes; return False if the row changed since it was read.

    changes: reason, next_generation, handle, failures, restarts, failing, healthy, errors, last_error, starting_at,
    started_at, stopped_at, address, health_url, due_at (None: nothing to do until the desired state changes).
    """
    unchanged = ("handle", "failures", "restarts", "failing", "healthy", "stopped_at", "address", "health_url")
    values: dict[str, Any] = {name: getattr(row, name) for name in unchanged}
    values |= {"reason": None, "errors": 0, "last_error": None, "starting_at": None, "started_at": None, "due_at": None}
    values |= {"next_generation": row.generation} | changes
    for name in ("reason", "last_error"):
        values[name] = values[name] and clean_text(values[name])
    updated_rows = await call.tx.execute(
        statements.update_actual_state,
        instance_id=row.instance_id,
        state=state,
        now=call.now,
        **build_row_guard_parameters(row),
        **values,
    )
    return bool(updated_rows)


def clean_text(text: str) -> str:
    """Make program output storable: valid UTF-8 without NUL, at most ``MAX_REASON_CHARACTERS`` characters."""
    return text.encode("utf-8", "replace").decode().replace("\0", "\ufffd")[:MAX_REASON_CHARACTERS]


def build_row_guard_parameters(row: InstanceRow) -> dict[str, Any]:
    """Build the parameters of the guard ``_IS_GENERATION`` in :mod:`.queries`: the values that the row must still have."""
    return {"generation": row.generation, "desired": row.desired, "blocked": row.blocked or ""}


async def record_crash_and_schedule_restart(
    call: Call, row: InstanceRow, ticks: MonotonicTime, exit: ProcessExit | None, reason: str
) -> None:
    """Store that an instance ended or failed to start contrary to its desired state; schedule a restart with backoff."""
    measured, reason = (
        # Also if the guard of change_state refuses the new state, as after a pause meanwhile: the program has ended.
        await metering.close_and_bill_interval(call, row, ticks, exit.at if exit is not None else None),
        clean_text(reason),
    )
    # A run that lasted resets the backoff: this crash is the first of a new series.
    failures = 1 if measured >= RESTART_POLICY.settled_after else row.failures + 1
    policy = decode_json(row.config).get("restart", "always")
    if policy == "on_failure" and exit is not None and not exit.has_failed:
        await _request_end(call, row, reason)
        return
    again = policy != "never"
    if (
        row.cause is not None
        and (failures >= MAX_FAILED_STARTS or not again)
        and await report_failure_and_end(call, row, reason)
    ):
        return
    retry = (
        call.now + RESTART_POLICY.compute_restart_delay(failures)
        if again and resolve_goal_state(row) == "running"
        else None
    )
    changed_row = await change_state_if_current(
        call,
        row,
        "failed",
        reason=reason,
        failures=failures,
        healthy=0,
        errors=1,
        last_error=reason,
        due_at=retry,
    )
    if changed_row:
        loop = RESTART_POLICY.is_crash_loop(failures)
        await emit_instance_event(
            "agora.instance.failed", call, row, status="failed", reason=reason, crash_loop=loop, retry_at=retry
        )


async def report_failure_and_end(call: Call, row: InstanceRow, reason: str) -> bool:
    """Report the failure to the message that requested the instance, and end it. Returns False if there is no such message."""
    if not await request_replies.send_failure_reply(call, row, reason, "DEPLOYMENT_FAILED"):
        return False
    await _request_end(call, row, reason)
    return True


def resolve_goal_state(row: InstanceRow) -> str:
    """Resolve the state to reach: ``running``, ``paused`` or ``stopped``. The goal of a blocked instance is paused."""
    if row.desired == "running" and row.blocked:
        return "paused"
    return str(row.desired)


async def _request_end(call: Call, row: InstanceRow, reason: str) -> None:
    """Set the desired state to stopped, so that the next step removes it."""
    await call.tx.execute(
        statements.update_desired_state,
        instance_id=row.instance_id,
        desired="stopped",
        state="stopping",
        reason=reason,
        blocked=None,
        failures=0,
        now=call.now,
    )


async def finish_and_refund_instance(call: Call, row: InstanceRow, reason: str | None = None) -> None:
    """Store the final state of an instance: revoke its token, and reverse the base charge if it never ran."""
    changed_row = await change_state_if_current(
        call, row, "stopped", reason=reason, healthy=0, stopped_at=call.now, handle=None
    )
    # Another step has finished it, or the row has a newer generation: the token must stay valid.
    if not changed_row:
        return
    # The first interval begins when it first runs.
    if await call.tx.one(statements.select_last_interval, instance_id=row.instance_id) is None:
        await Ledger(call).reverse_by_key(build_base_price_key(row.instance_id), "It never ran.")
    await call.tx.execute(tokens.revoke_token, token_id=row.token_id, now=call.now)
    call.emit("agora.token.revoked", {"token_id": row.token_id}, subject=row.token_id, audience=())
    await emit_instance_event("agora.instance.stopped", call, row, status="stopped", reason=reason)


async def end_lost_instance(call: Call, row: InstanceRow, reason: str) -> None:
    """End an instance whose host is lost. Its metered time ends at the last check."""
    await metering.close_and_bill_interval(call, row, MonotonicTime(0, ""))
    await finish_and_refund_instance(call, row, reason)


async def set_block(call: Call, row: InstanceRow, block: str | None) -> None:
    """Set or clear the block of an instance: ``budget``, ``credit`` or None."""
    reason = f"The {block} does not allow it to run." if block else None
    updated_rows = await call.tx.execute(
        statements.block_instance, instance_id=row.instance_id, blocked=block, reason=reason, now=call.now
    )
    if updated_rows and block is not None:
        await emit_instance_event("agora.instance.blocked", call, row, reason=reason, blocked=block)


def describe_exit(exit: ProcessExit | None) -> str:
    """Describe in a sentence how a program ended."""
    if exit is None:
        return "Its program does not exist any more."
    match exit.reason:
        case "memory":
            return "It was ended because it used more memory than its limit."
        case "pids":
            return "It was ended because it had more processes than its limit."
        case "lost":
            return "It ended for an unknown reason; perhaps the machine was restarted."
        case "stopped":
            return "It was stopped."
    return f"It was ended by signal {exit.signal}." if exit.signal else f"It ended with code {exit.code}."
