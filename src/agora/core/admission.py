"""Admission: what a caller has to pass before the arguments of a call are looked at.

In order: the operation's lifecycle, what the caller has not read yet, its rate, its scope, overrides. Rules that run an operation within their
own call ask here too, so that no way around a refusal leads through another operation.
"""

from __future__ import annotations

from typing import Protocol

from agora.clock import Clock
from agora.net.backpressure import Backpressure
from agora_sdk.contract import Operation
from agora_sdk.errors import PermissionDenied, Unauthenticated

from .call import Caller, ServerContext
from .overrides import Override
from .ports import Port
from .rate_limits import RateLimiter

__all__ = ["ADMISSION", "Admission", "LifecycleCheck", "OverrideCheck"]

NEWCOMERS = "agora.agent.register"  #: all that a credential for enrolment is for


class OverrideCheck(Protocol):
    """Overrides in force."""

    def check(self, caller: Caller, operation: Operation, now: int) -> None: ...
    def brake(self, tenant: str, now: int) -> Override | None: ...


class LifecycleCheck(Protocol):
    """What is asked of the catalogue."""

    def admit(self, operation: Operation, tenant: str) -> None: ...
    def notices(self, operation: Operation, tenant: str) -> dict[str, str]: ...


class Admission:
    """For every operation and caller of a server."""

    def __init__(
        self,
        catalogue: LifecycleCheck,
        limiter: RateLimiter,
        gate: OverrideCheck,
        clock: Clock,
        context: ServerContext,
        backpressure: Backpressure,
    ) -> None:
        self._catalogue, self._limiter, self._gate, self._clock = catalogue, limiter, gate, clock
        self._context, self._backpressure = context, backpressure

    def admit(self, operation: Operation, caller: Caller) -> None:
        """Let a call in, and take it for a sign of life; raises an AgoraError."""
        self._catalogue.admit(operation, caller.tenant)
        self._backpressure.admit(caller)
        self._limiter.take(caller)  # before anything else: a refusal costs a row of the audit trail
        now = self._clock.now()
        _check_scope(operation, caller)
        if caller.kind == "agent":
            self._context.last_seen[(caller.tenant, caller.subject)] = now
        self._gate.check(caller, operation, now)

    def answer(self, caller: Caller) -> None:
        """Let a call that was interrupted go on to a large answer; raises RateLimited or Overloaded.

        Calls that went on before it may have filled what may wait for its caller.
        """
        self._backpressure.admit(caller)

    def permit(self, name: str, caller: Caller) -> None:
        """Let a call that is in already run another operation too, as if it had been called; raises an AgoraError."""
        operation = self._context.catalogue.find(name, None, caller.tenant)
        self._catalogue.admit(operation, caller.tenant)
        _check_scope(operation, caller)
        self._gate.check(caller, operation, self._clock.now())


#: for rules that run another operation as a part of their own call
ADMISSION: Port[Admission] = Port("admission of calls")


def _check_scope(operation: Operation, caller: Caller) -> None:
    if caller.may(operation.scope) and (caller.kind != "enrolment" or operation.name == NEWCOMERS):
        return
    if caller.kind == "anonymous" or (caller.kind == "enrolment" and caller.subject == "anonymous"):
        raise Unauthenticated(
            f"{operation.name} needs a credential.",
            fix="Send 'Authorization: Bearer TOKEN': an agent's token from registering, or a key from an operator.",
        )
    raise PermissionDenied(
        f"{operation.name} needs the scope {operation.scope!r}.",
        fix="Ask an operator for a key that has it.",
        required=operation.scope,
    )
