"""Changing: what is wanted of an instance. Its host sees to it; the answer waits until it is so, for a while."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TypeVar

from agora.core.call import Call, WaitForEvent, as_deferred_result
from agora.domains.billing import Ledger
from agora.store.port import Row
from agora_sdk.contract import Result
from agora_sdk.contract.instances import Instance, InstanceChange, Termination
from agora_sdk.errors import IllegalTransition

from . import queries as statements
from .access import require
from .creation import unpaid
from .notifications import tell
from .views import change, detail, told

__all__ = ["awaited", "made", "pause", "resume", "terminate", "want"]

R = TypeVar("R", bound=Result)
NEWS = frozenset({"agora.instance.running", "agora.instance.paused", "agora.instance.failed", "agora.instance.stopped"})
PAUSABLE = frozenset({"requested", "provisioning", "starting", "running", "paused"})


def awaited(
    call: Call, instance_id: str, wait: float, states: frozenset[str], show: Callable[[Call, Row], Awaitable[R]]
) -> R:
    """The answer to a change: after its commit, and once the instance is in one of these states."""

    async def read_answer(end: Call) -> R:
        row = await require(end, instance_id)
        answer = await show(end, row)
        if row["state"] not in states and wait > 0:
            raise WaitForEvent(NEWS, wait, answer, subject=instance_id)
        return answer

    return as_deferred_result(read_answer)


def made(call: Call, instance_id: str, wait: float) -> Instance:
    """The answer to making an instance."""
    return awaited(call, instance_id, wait, frozenset({"running", "failed", "stopped", "paused"}), detail)


async def want(call: Call, row: Row, desired: str, state: str | None = None, reason: str | None = None) -> None:
    """Write down what is wanted."""
    await call.tx.execute(
        statements.want,
        instance_id=row["instance_id"],
        desired=desired,
        state=state or row["state"],
        reason=reason,
        blocked=None,
        failures=0,
        now=call.now,
    )


async def pause(call: Call, instance_id: str, wait: float) -> InstanceChange:
    row = await require(call, instance_id, change=True)
    call.target = instance_id
    if row["desired"] == "stopped" or (row["state"] not in PAUSABLE and row["desired"] != "paused"):
        raise _illegal_transition(row, "paused")
    if row["desired"] != "paused":
        await want(call, row, "paused")
        await tell("agora.instance.pausing", call, row, desired_status="paused")

    async def show_paused(end: Call, now: Row) -> InstanceChange:
        is_paused = now["state"] == "paused"
        return await change(end, now, "The instance is paused." if is_paused else "The instance is about to be paused.")

    return awaited(call, instance_id, wait, frozenset({"paused", "failed", "stopped"}), show_paused)


async def resume(call: Call, instance_id: str, wait: float) -> InstanceChange:
    row = await require(call, instance_id, change=True)
    call.target = instance_id
    if row["desired"] == "stopped":
        raise _illegal_transition(row, "resumed")
    terms = await Ledger(call).agreed(row["agent_id"], row["price_version"])
    error = await unpaid(call, row["account_id"], row["agent_id"], terms)
    if error is not None:
        raise error
    if row["desired"] == "paused" or row["state"] == "failed" or row["blocked"]:
        await want(call, row, "running")
        await tell("agora.instance.resuming", call, row, desired_status="running")

    async def show_resumed(end: Call, now: Row) -> InstanceChange:
        is_running = now["state"] == "running"
        return await change(end, now, "The instance runs." if is_running else f"The instance is {now['state']}.")

    # A failed one stays so for a moment: the answer waits for what becomes of it.
    return awaited(call, instance_id, wait, frozenset({"running", "stopped"}), show_resumed)


async def terminate(call: Call, instance_id: str, wait: float) -> Termination:
    row = await require(call, instance_id, change=True)
    call.target = instance_id
    if row["desired"] != "stopped":
        await want(call, row, "stopped", "stopping")
        await tell("agora.instance.stopping", call, row, status="stopping", desired_status="stopped")

    async def show_terminated(end: Call, now: Row) -> Termination:
        is_stopped = now["state"] == "stopped"
        text = "The instance has ended; this is its final bill." if is_stopped else "The instance is about to end."
        return await told(end, now, text)

    return awaited(call, instance_id, wait, frozenset({"stopped"}), show_terminated)


def _illegal_transition(row: Row, what: str) -> IllegalTransition:
    if row["desired"] == "stopped":
        return IllegalTransition(
            f"The instance is {row['state']}; it cannot be {what}.", fix="Make a new one.", allowed=[]
        )
    return IllegalTransition(
        f"The instance is {row['state']}; it cannot be {what}.",
        fix="Start it again with agora.instance.resume, or terminate it.",
        allowed=["resume", "terminate"],
    )
