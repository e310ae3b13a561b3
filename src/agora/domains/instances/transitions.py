"""Moving: what a host writes of an instance, from state to state. It holds only for the generation that was looked at."""

from __future__ import annotations

from typing import Any

from agora.core.call import Call, decode_json
from agora.domains.billing import Ledger
from agora.domains.billing.metering import base_key
from agora.domains.identity import token_queries as tokens
from agora.runtimes.port import ProcessExit
from agora.runtimes.restarts import RestartPolicy
from agora.store.port import Row

from . import metering as measuring
from . import queries as statements
from . import reports as reporting
from .metering import Ticks
from .notifications import tell

__all__ = ["RESTARTS", "block", "crash", "ended", "give_up", "how", "lose", "move", "plain", "seen", "wanted"]

RESTARTS = RestartPolicy()
LONGEST = 2000  #: characters of a reason
PATIENCE = 3  #: starts that fail until whoever asked for it in a message is told that it failed


async def move(call: Call, row: Row, state: str, **changes: Any) -> bool:
    """Put an instance into a state; what is not given stays. Tells whether it still was as it was looked at.

    changes: reason, next_generation, handle, failures, restarts, failing, healthy, errors, last_error, starting_at,
    started_at, stopped_at, address, health_url, due_at (None: nothing to do until somebody wants something).
    """
    unchanged = ("handle", "failures", "restarts", "failing", "healthy", "stopped_at", "address", "health_url")
    values: dict[str, Any] = {name: row[name] for name in unchanged}
    values |= {"reason": None, "errors": 0, "last_error": None, "starting_at": None, "started_at": None, "due_at": None}
    values |= {"next_generation": row["generation"]} | changes
    for name in ("reason", "last_error"):
        values[name] = values[name] and plain(values[name])
    changed = await call.tx.execute(
        statements.moved,
        instance_id=row["instance_id"],
        state=state,
        now=call.now,
        **seen(row),
        **values,
    )
    return bool(changed)


def plain(text: str) -> str:
    """A reason as rows and events can hold it: what programs print is anything."""
    return text.encode("utf-8", "replace").decode().replace("\0", "\ufffd")[:LONGEST]


def seen(row: Row) -> dict[str, Any]:
    """What has to be so still for what a host writes."""
    return {"generation": row["generation"], "desired": row["desired"], "blocked": row["blocked"] or ""}


async def crash(call: Call, row: Row, ticks: Ticks, exit: ProcessExit | None, reason: str) -> None:
    """It has ended, or could not be started, though it was wanted: it is started again, ever later while that goes on."""
    measured, reason = await measuring.end(call, row, ticks, exit.at if exit is not None else None), plain(reason)
    failures = 1 if measured >= RESTARTS.settled else row["failures"] + 1
    policy = decode_json(row["config"]).get("restart", "always")
    if policy == "on_failure" and exit is not None and not exit.failed:
        await _request_end(call, row, reason)
        return
    again = policy != "never"
    if row["cause"] is not None and (failures >= PATIENCE or not again) and await give_up(call, row, reason):
        return
    retry = call.now + RESTARTS.wait(failures) if again and wanted(row) == "running" else None
    moved = await move(
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
    if moved:
        loop = RESTARTS.is_loop(failures)
        await tell("agora.instance.failed", call, row, status="failed", reason=reason, crash_loop=loop, retry_at=retry)


async def give_up(call: Call, row: Row, reason: str) -> bool:
    """If it was asked for in a message: say that it failed, and end it. Tells whether it was."""
    if not await reporting.fail(call, row, reason, "DEPLOYMENT_FAILED"):
        return False
    await _request_end(call, row, reason)
    return True


def wanted(row: Row) -> str:
    """What is to be: ``running``, ``paused`` or ``stopped``."""
    if row["desired"] == "running" and row["blocked"]:
        return "paused"
    return str(row["desired"])


async def _request_end(call: Call, row: Row, reason: str) -> None:
    """It ended well, and is not to be started again: what is left of it is taken away."""
    await call.tx.execute(
        statements.want,
        instance_id=row["instance_id"],
        desired="stopped",
        state="stopping",
        reason=reason,
        blocked=None,
        failures=0,
        now=call.now,
    )


async def ended(call: Call, row: Row, reason: str | None = None) -> None:
    """It is gone for good: its token ends with it, and what it cost once is given back if it never ran."""
    moved = await move(call, row, "stopped", reason=reason, healthy=0, stopped_at=call.now, handle=None)
    if not moved:
        return
    if await call.tx.one(statements.last_interval, instance_id=row["instance_id"]) is None:
        await Ledger(call).reverse(base_key(row["instance_id"]), "It never ran.")
    await call.tx.execute(tokens.revoke, token_id=row["token_id"], now=call.now)
    call.emit("agora.token.revoked", {"token_id": row["token_id"]}, subject=row["token_id"], audience=())
    await tell("agora.instance.stopped", call, row, status="stopped", reason=reason)


async def lose(call: Call, row: Row, reason: str) -> None:
    """Its host is gone, and it with it; it ran until it was last seen alive."""
    await measuring.end(call, row, Ticks(0, ""))
    await ended(call, row, reason)


async def block(call: Call, row: Row, why: str | None) -> None:
    """Something stands in the way of its running (``budget``, ``credit``), or does no more."""
    reason = f"The {why} does not allow it to run." if why else None
    changed = await call.tx.execute(
        statements.block, instance_id=row["instance_id"], blocked=why, reason=reason, now=call.now
    )
    if changed and why is not None:
        await tell("agora.instance.blocked", call, row, reason=reason, blocked=why)


def how(exit: ProcessExit | None) -> str:
    """How a program ended, in words."""
    if exit is None:
        return "It is not there any more."
    match exit.reason:
        case "memory":
            return "It was ended because it used more memory than its limit."
        case "pids":
            return "It was ended because it had more processes than its limit."
        case "lost":
            return "It ended, and nobody saw how; perhaps the machine was started again."
        case "stopped":
            return "It was stopped."
    return f"It was ended by signal {exit.signal}." if exit.signal else f"It ended with code {exit.code}."
