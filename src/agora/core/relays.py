"""Relays: remote work between two transactions.

The first transaction checks the call, stores the intent and claims the idempotency key; the work runs outside of any
transaction; the second transaction stores the outcome. A crash in between leaves a pending row, which a job marks as
unknown after its deadline.

=========  ==============================================================================================
status     meaning, and the answer to a repetition under the same key
=========  ==============================================================================================
pending    in progress; Conflict
done       the outcome is stored; the same answer
failed     it certainly had no effect; it is tried again
unknown    it may have had an effect (no answer in time, a crash in between); Conflict
=========  ==============================================================================================
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any, TypeVar

from agora.clock import SECOND, new_id
from agora.value_classes import value_class
from agora_sdk.contract.results import Result
from agora_sdk.errors import AgoraError, Conflict, DeadlineExceeded, InternalError, StorageUnavailable

from . import relay_queries as relays
from .call import Call, Relay
from .idempotency import store_idempotent_answer
from .records import RELAYS, RelayRow

__all__ = ["Intent", "build_open_relay_error", "record_relay_intent", "run_relay", "settle_relay"]

T = TypeVar("T")
log = logging.getLogger(__name__)

SETTLE_SECONDS = 5  # seconds that the second transaction may take
OUTAGE_SECONDS = 30.0  # maximum time of its retries while the storage is unavailable
RETRY_PAUSE_SECONDS = 0.5  # between these retries
UNKNOWN_OUTCOME = "unknown"


@value_class
class Intent:
    """The record of a relay, committed before its work starts."""

    relay: Relay
    relay_id: str
    target: str | None
    key: str | None


def record_relay_intent(call: Call, relay: Relay, key: str | None, digest: bytes) -> Intent:
    """Record the intent and claim the idempotency key, in the first transaction."""
    assert call.operation is not None
    caller, operation = call.caller, call.operation
    intent = Intent(relay, new_id("rly"), call.target, key)
    # After this the relay settler marks the relay as unknown: a server that died in between never settles it itself.
    deadline = call.now + int((relay.timeout + SETTLE_SECONDS) * SECOND)
    call.tx.append(
        RELAYS,
        RelayRow(
            tenant_id=caller.tenant,
            relay_id=intent.relay_id,
            operation=operation.name,
            subject=caller.subject,
            target=call.target,
            key=key,
            status="pending",
            created_at=call.now,
            deadline=deadline,
            settled_at=None,
            error=None,
        ),
    )
    # An empty answer claims the key: a repetition while the relay runs finds it and does not perform the work again.
    if key is not None:
        store_idempotent_answer(call, key, operation.name, digest, b"")
    return intent


async def build_open_relay_error(call: Call, key: str) -> Conflict:
    """The error for a repeated call whose relay is still running, or ended with an unknown outcome."""
    row = await call.tx.one(relays.select_open_relay, subject=call.caller.subject, key=key)
    if row is not None and row.status == "pending":
        return Conflict(
            "The call under this idempotency key is still running.",
            fix="Repeat it later, under the same key, for its answer.",
            relay_id=row.relay_id,
            outcome="pending",
        )
    return Conflict(
        "Whether the call under this idempotency key was carried out is unknown.",
        fix="Check whether the request took effect; to repeat it, use a new key.",
        relay_id=row.relay_id if row is not None else None,
        outcome=UNKNOWN_OUTCOME,
    )


async def run_relay(
    intent: Intent,
    finish: Callable[[Any], Awaitable[T]],
    *,
    outage_seconds: float = OUTAGE_SECONDS,
    pause_seconds: float = RETRY_PAUSE_SECONDS,
) -> T:
    """Do the work, then finish with its outcome (a value, or an AgoraError), even if the caller has disconnected.

    outage_seconds: maximum time of retries of the finish while the storage is unavailable; pause_seconds: between
    retries.
    """
    retries = partial(_finish_relay, finish, outage_seconds=outage_seconds, pause_seconds=pause_seconds)
    try:
        outcome = await _perform_relay(intent.relay)
    except asyncio.CancelledError:
        # The remote side may have done the work. Shielded, because a second cancellation must not lose that either.
        await asyncio.shield(retries(_build_unknown_outcome_error("The caller left before the answer.")))
        raise
    # Shielded: a caller that leaves now must not leave the outcome of finished work unstored.
    return await asyncio.shield(retries(outcome))


async def _finish_relay(
    finish: Callable[[Any], Awaitable[T]], outcome: Any, *, outage_seconds: float, pause_seconds: float
) -> T:
    """Store the outcome, with retries during storage outages, because only this process knows it.

    No retry if the outcome of the commit is unknown: a second settlement could count twice.
    """
    loop = asyncio.get_running_loop()
    until = loop.time() + outage_seconds
    while True:
        try:
            return await finish(outcome)
        except StorageUnavailable as error:
            # The row then stays pending, until the relay settler marks it as unknown.
            if error.extra.get("outcome") == UNKNOWN_OUTCOME:
                raise
            if loop.time() >= until:
                raise _build_unknown_outcome_error("The outcome could not be stored.") from error
        await asyncio.sleep(pause_seconds)


async def _perform_relay(relay: Relay) -> Any:
    try:
        async with asyncio.timeout(relay.timeout):
            return await relay.perform()
    except AgoraError as error:
        # Return an outcome instead of raising, because the second transaction must settle in every case.
        return error
    except TimeoutError:
        return _build_unknown_outcome_error(f"It did not respond within {relay.timeout:g} s.")
    except Exception:
        # Unknown, not failed: the defect may have come after the remote side had done the work.
        incident = new_id("err")
        log.exception("remote work failed (%s)", incident)
        return InternalError("Something went wrong on our side.", incident=incident, outcome=UNKNOWN_OUTCOME)


def _build_unknown_outcome_error(detail: str) -> DeadlineExceeded:
    return DeadlineExceeded(
        detail, fix="Check whether the request took effect before repeating it.", outcome=UNKNOWN_OUTCOME
    )


async def settle_relay(call: Call, intent: Intent, outcome: Any) -> Result | AgoraError:
    """Let the service settle the outcome, and record it, in the second transaction.

    Returns the result, or the error for the caller. An error is returned, not raised, so that the rows that the service
    wrote before it are committed.
    """
    assert call.operation is not None
    call.target = intent.target
    try:
        result: Result | AgoraError = await intent.relay.settle(call, outcome)
    except AgoraError as raised:
        result = raised
    error = result if isinstance(result, AgoraError) else None
    # Unknown: the key stays claimed, so that a repetition cannot perform the work twice. A certain failure releases it.
    unknown = error is not None and error.extra.get("outcome") == UNKNOWN_OUTCOME
    await call.tx.execute(
        relays.settle_relay,
        relay_id=intent.relay_id,
        status=UNKNOWN_OUTCOME if unknown else "failed" if error else "done",
        now=call.now,
        # An upstream chooses the length of its error texts.
        error=error.detail[:2000] if error else None,
    )
    if intent.key is not None and not unknown:
        claim = {"subject": call.caller.subject, "key": intent.key}
        if error:
            await call.tx.execute(relays.delete_idempotency_claim, **claim)
        else:
            # Secrets are never stored: a repetition gets them from the service (``Dispatcher._find_stored_answer``).
            hidden = set(call.operation.secrets) or None
            response = call.operation.output.dump_json(result, by_alias=True, exclude=hidden)
            await call.tx.execute(relays.store_idempotent_answer, response=response, **claim)
    return result
