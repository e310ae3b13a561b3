"""Desired state: pause, resume and terminate set it; the host's reconciler applies it.

The response waits up to ``wait`` seconds for the instance to reach the state.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TypeVar

from agora.core.call import Call, WaitForEvent, cast_deferred_to_result
from agora.domains.billing.ledger import Ledger
from agora_sdk.contract import Result
from agora_sdk.contract.instances import Instance, InstanceChange, Termination
from agora_sdk.errors import IllegalTransition

from . import queries as statements
from .access import require_instance
from .creation import find_payment_error
from .notifications import emit_instance_event
from .records import InstanceRow
from .views import build_change, build_detail, build_termination

__all__ = [
    "pause_instance",
    "respond_once_in_state",
    "respond_once_started",
    "resume_instance",
    "set_desired_state",
    "terminate_instance",
]

R = TypeVar("R", bound=Result)
WAKE_EVENTS = frozenset(
    {"agora.instance.running", "agora.instance.paused", "agora.instance.failed", "agora.instance.stopped"}
)
PAUSABLE_STATES = frozenset({"requested", "provisioning", "starting", "running", "paused"})


def respond_once_in_state(
    instance_id: str,
    wait: float,
    states: frozenset[str],
    show: Callable[[Call, InstanceRow], Awaitable[R]],
) -> R:
    """Respond after the commit, once the instance is in one of the states or ``wait`` seconds have passed."""

    async def read_settled_state(end: Call) -> R:
        row = await require_instance(end, instance_id)
        answer = await show(end, row)
        if row.state not in states and wait > 0:
            raise WaitForEvent(WAKE_EVENTS, wait, answer, subject=instance_id)
        return answer

    return cast_deferred_to_result(read_settled_state)


def respond_once_started(instance_id: str, wait: float) -> Instance:
    """Respond to a creation when the instance runs or its start has failed."""
    return respond_once_in_state(instance_id, wait, frozenset({"running", "failed", "stopped", "paused"}), build_detail)


async def set_desired_state(
    call: Call, row: InstanceRow, desired: str, state: str | None = None, reason: str | None = None
) -> None:
    """Store the desired state, clear blocks and failures, and make the row due now."""
    await call.tx.execute(
        statements.update_desired_state,
        instance_id=row.instance_id,
        desired=desired,
        state=state or row.state,
        reason=reason,
        blocked=None,
        failures=0,
        now=call.now,
    )


async def pause_instance(call: Call, instance_id: str, wait: float) -> InstanceChange:
    row = await require_instance(call, instance_id, change=True)
    call.target = instance_id
    if row.desired == "stopped" or (row.state not in PAUSABLE_STATES and row.desired != "paused"):
        raise _build_illegal_transition_error(row, "paused")
    if row.desired != "paused":
        await set_desired_state(call, row, "paused")
        await emit_instance_event("agora.instance.pausing", call, row, desired_status="paused")

    async def build_paused_answer(end: Call, now: InstanceRow) -> InstanceChange:
        is_paused = now.state == "paused"
        return await build_change(
            end, now, "The instance is paused." if is_paused else "The instance is about to be paused."
        )

    return respond_once_in_state(instance_id, wait, frozenset({"paused", "failed", "stopped"}), build_paused_answer)


async def resume_instance(call: Call, instance_id: str, wait: float) -> InstanceChange:
    row = await require_instance(call, instance_id, change=True)
    call.target = instance_id
    if row.desired == "stopped":
        raise _build_illegal_transition_error(row, "resumed")
    terms = await Ledger(call).read_agreed_or_newer_terms(row.agent_id, row.price_version)
    # Asked again: a limit may have been reached while it was paused.
    error = await find_payment_error(call, row.account_id, row.agent_id, terms)
    if error is not None:
        raise error
    # A failed one, too: the new desired state ends its backoff, and it is started at once.
    if row.desired == "paused" or row.state == "failed" or row.blocked:
        await set_desired_state(call, row, "running")
        await emit_instance_event("agora.instance.resuming", call, row, desired_status="running")

    async def build_resumed_answer(end: Call, now: InstanceRow) -> InstanceChange:
        is_running = now.state == "running"
        return await build_change(end, now, "The instance runs." if is_running else f"The instance is {now.state}.")

    # A failed instance stays failed until its next step, so "failed" does not end the wait here.
    return respond_once_in_state(instance_id, wait, frozenset({"running", "stopped"}), build_resumed_answer)


async def terminate_instance(call: Call, instance_id: str, wait: float) -> Termination:
    row = await require_instance(call, instance_id, change=True)
    call.target = instance_id
    if row.desired != "stopped":
        await set_desired_state(call, row, "stopped", "stopping")
        await emit_instance_event("agora.instance.stopping", call, row, status="stopping", desired_status="stopped")

    async def build_terminated_answer(end: Call, now: InstanceRow) -> Termination:
        is_stopped = now.state == "stopped"
        text = "The instance has ended; this is its final bill." if is_stopped else "The instance is about to end."
        return await build_termination(end, now, text)

    return respond_once_in_state(instance_id, wait, frozenset({"stopped"}), build_terminated_answer)


def _build_illegal_transition_error(row: InstanceRow, subject: str) -> IllegalTransition:
    if row.desired == "stopped":
        return IllegalTransition(
            f"The instance is {row.state}; it cannot be {subject}.", fix="Create a new one.", allowed=[]
        )
    return IllegalTransition(
        f"The instance is {row.state}; it cannot be {subject}.",
        fix="Start it again with agora.instance.resume, or terminate it.",
        allowed=["resume", "terminate"],
    )
