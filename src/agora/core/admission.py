"""Admission: the checks that a call must pass before its arguments are validated.

In order: the operation's lifecycle, backpressure (answers that the caller has not read), rate limit, scope, overrides.
Rules that run another operation within their own call are checked here too, so that a refused operation cannot be
reached through another one.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

from agora.clock import Clock
from agora.net.backpressure import Backpressure
from agora_sdk.contract import Operation
from agora_sdk.errors import PermissionDenied, Unauthenticated

from .call import Caller, ServerContext
from .overrides import Override
from .ports import Port
from .rate_limits import RateLimiter

__all__ = ["ADMISSION", "Admission", "LifecycleCheck", "OverrideCheck"]

REGISTRATION_OPERATION = "agora.agent.register"  #: the only operation that an enrolment credential may call


class OverrideCheck(Protocol):
    """Checks for active overrides."""

    def check_overrides(self, caller: Caller, operation: Operation, now: int, *, reads: bool | None = None) -> None: ...
    def find_strongest_system_wide_override(self, tenant: str, now: int) -> Override | None: ...
    def find_system_wide_overrides_by_tenant(self, now: int) -> dict[str, Override]: ...


class LifecycleCheck(Protocol):
    """The part of the operation registry that admission uses."""

    def require_available(self, operation: Operation, tenant: str) -> None: ...
    def get_lifecycle_headers(self, operation: Operation, tenant: str) -> dict[str, str]: ...


class Admission:
    """Checks of every call; one object per server."""

    def __init__(
        self,
        registry: LifecycleCheck,
        limiter: RateLimiter,
        overrides: OverrideCheck,
        clock: Clock,
        context: ServerContext,
        backpressure: Backpressure,
    ) -> None:
        self._registry, self._limiter, self._overrides, self._clock = registry, limiter, overrides, clock
        self._context, self._backpressure = context, backpressure

    def admit_and_charge_call(self, operation: Operation, caller: Caller, *, is_follow_up: bool = False) -> None:
        """Admit a call, charge the rate limit and record the agent's last activity. Raises an AgoraError if the call is refused.

        is_follow_up: whether an admitted call of the same request needs this one, which the rate limit then charges
        but does not refuse.
        """
        # A sunset operation returns 410 even to a rate-limited caller, because waiting would not help.
        self._registry.require_available(operation, caller.tenant)
        self._backpressure.require_room_for_call(caller)
        if is_follow_up:
            self._limiter.charge_follow_up(caller)
        else:
            self._limiter.charge_call(caller)  # checked first, because a refusal writes an audit row
        now = self._clock.now()
        _require_scope(operation, caller)
        if caller.kind == "agent":
            # Kept in memory and written by a job: a row for each call would double the writes of reads.
            self._context.last_seen[(caller.tenant, caller.subject)] = now
        if not operation.read_actions:  # otherwise it depends on the arguments: see check_overrides_by_arguments
            self._overrides.check_overrides(caller, operation, now)

    def check_overrides_by_arguments(self, operation: Operation, caller: Caller, arguments: Mapping[str, Any]) -> None:
        """Check the overrides for a call whose arguments decide whether it only reads. Raises Halted."""
        self._overrides.check_overrides(caller, operation, self._clock.now(), reads=operation.reads_with(arguments))

    def find_system_wide_overrides_by_tenant(self) -> dict[str, Override]:
        """Find the strongest override that stops a whole marketplace, by tenant."""
        return self._overrides.find_system_wide_overrides_by_tenant(self._clock.now())

    def check_backpressure(self, caller: Caller) -> None:
        """Check backpressure again before a resumed call writes a large answer. Raises RateLimited or Overloaded.

        Calls that resumed earlier may have filled the caller's buffer in the meantime.
        """
        self._backpressure.require_room_for_call(caller)

    def check_operation_allowed(self, name: str, caller: Caller) -> None:
        """Check whether an admitted call may also run another operation. Raises an AgoraError if it may not."""
        operation = self._context.registry.resolve(name, None, caller.tenant)
        self._registry.require_available(operation, caller.tenant)
        _require_scope(operation, caller)
        self._overrides.check_overrides(caller, operation, self._clock.now())


#: for rules that run another operation as a part of their own call
ADMISSION: Port[Admission] = Port("admission of calls")


def _require_scope(operation: Operation, caller: Caller) -> None:
    # An enrolment credential has the scope of registration, which other operations share; it may call only this one.
    if caller.may(operation.scope) and (caller.kind != "enrolment" or operation.name == REGISTRATION_OPERATION):
        return
    # 401 instead of 403: a credential would help, while one that lacks the scope would not (RFC 9110 sections 15.5.2 and 15.5.4).
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
