"""Active administrative overrides, cached in memory and checked on every call of every protocol.

The cache is loaded at start and follows ``agora.override.*`` events of the log, those of other servers included.

======================  =============================================================================
target and action       refused while it is active
======================  =============================================================================
system_wide halt        operations that change state, unless marked ``during_halt``; reads continue; other streams close
system_wide pause       operations that change state, unless marked ``during_halt``; reads and streams continue
agent halt              every call of that agent; its streams close
agent pause             state changes by that agent, except its heartbeats
======================  =============================================================================

A system-wide halt also closes streams and stops leases and timers; a pause does not. System-wide overrides apply to
operators too; lifting one is marked ``during_halt``.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import fields

from pydantic_core import from_json

from agora.clock import to_datetime
from agora.store.port import NewEvent, StoredEvent
from agora.value_classes import value_class
from agora_sdk.contract import Kind, Operation
from agora_sdk.errors import Halted

from .call import Caller
from .records import OverrideRow

__all__ = ["SYSTEM_WIDE", "ActiveOverrides", "Override"]

SYSTEM_WIDE = "system_wide"
HEARTBEAT_OPERATION = "agora.agent.heartbeat"


@value_class
class Override:
    """An active override. actor: the subject that created it. created_at, expires_at: microseconds since 1970."""

    override_id: str
    target_id: str
    action: str
    authority: int
    actor: str
    reason: str
    created_at: int
    expires_at: int | None

    @classmethod
    def from_row(cls, row: OverrideRow) -> Override:
        """The override of a row."""
        return cls(**{each.name: getattr(row, each.name) for each in fields(cls)})

    @classmethod
    def from_event(cls, event: NewEvent) -> Override:
        """The override that an ``agora.override.applied`` event announces."""
        values = from_json(event.data) | {"created_at": event.time}
        return cls(**{each.name: values[each.name] for each in fields(cls)})

    def refuses_operation(self, operation: Operation, reads: bool) -> bool:
        """Whether the override stops a call of this operation. reads: whether the call is read-only."""
        if operation.during_halt:
            return False
        if self.action == "emergency_halt":
            answers = reads and operation.kind is not Kind.STREAM
            return not (self.target_id == SYSTEM_WIDE and answers)  # people must be able to see what they decide about
        # A paused agent that could not send heartbeats would be taken for dead, and lose its tasks.
        alive = self.target_id != SYSTEM_WIDE and operation.name == HEARTBEAT_OPERATION
        return self.action == "pause" and not reads and not alive


class ActiveOverrides:
    """The active overrides of every tenant."""

    def __init__(self) -> None:
        self._standing: dict[tuple[str, str], dict[str, Override]] = {}

    def load_overrides(self, tenant: str, rows: Iterable[OverrideRow]) -> None:
        """Load a tenant's active overrides from rows of ``overrides``."""
        # Replaced as a whole: overrides that another server lifted are no longer among the rows.
        for key in [key for key in self._standing if key[0] == tenant]:
            del self._standing[key]
        for row in rows:
            self._add_override(tenant, Override.from_row(row))

    def apply_event(self, stored: StoredEvent) -> bool:
        """Apply an event of the log; returns whether overrides changed, so that open streams are rechecked."""
        if not stored.event.type.startswith("agora.override."):
            return False
        data = from_json(stored.event.data)
        if stored.event.type == "agora.override.applied":
            # Other actions act once, when they are applied, and refuse no call.
            if data["action"] in ("pause", "emergency_halt"):
                self._add_override(stored.tenant_id, Override.from_event(stored.event))
        else:
            self._remove_override(stored.tenant_id, data["target_id"], data["override_id"])
        return True

    def _add_override(self, tenant: str, override: Override) -> None:
        self._standing.setdefault((tenant, override.target_id), {})[override.override_id] = override

    def _remove_override(self, tenant: str, target_id: str, override_id: str) -> None:
        active_overrides = self._standing.get((tenant, target_id), {})
        active_overrides.pop(override_id, None)
        # Keeps the mapping empty without overrides, which check_overrides relies on to be fast.
        if not active_overrides:
            self._standing.pop((tenant, target_id), None)

    def check_overrides(self, caller: Caller, operation: Operation, now: int, *, reads: bool | None = None) -> None:
        """Check a call against the overrides. Raises Halted with actor, reason, and who may lift it.

        reads: whether the call only reads, if its arguments decide that; None if the operation does.
        """
        # The usual case: nothing is checked, as this runs for each call.
        if not self._standing:
            return
        if reads is None:
            reads = operation.reads
        # Expiry is checked here, too: the job that records it may run seconds later, or be halted itself.
        for target in (SYSTEM_WIDE, caller.subject):
            for override in self._standing.get((caller.tenant, target), {}).values():
                if (override.expires_at is None or override.expires_at > now) and override.refuses_operation(
                    operation, reads
                ):
                    raise _build_halted_error(override)

    def find_strongest_system_wide_override(self, tenant: str, now: int) -> Override | None:
        """Find the override that stops the whole marketplace, if any: a halt before a pause, then the highest
        authority."""
        active_overrides = self._standing.get((tenant, SYSTEM_WIDE), {}).values()
        in_force = [each for each in active_overrides if each.expires_at is None or each.expires_at > now]
        return max(in_force, key=lambda each: (each.action == "emergency_halt", each.authority), default=None)

    def find_system_wide_overrides_by_tenant(self, now: int) -> dict[str, Override]:
        """Find the strongest override that stops a whole marketplace, by tenant."""
        tenants = [tenant for tenant, target in self._standing if target == SYSTEM_WIDE]
        return {
            tenant: stop
            for tenant in tenants
            if (stop := self.find_strongest_system_wide_override(tenant, now)) is not None
        }

    def is_halted(self, tenant: str) -> bool:
        """Whether the whole marketplace is halted, so that leases and timers stop.

        An expired halt counts until it is recorded as lifted, because that record extends the leases.
        """
        active_overrides = self._standing.get((tenant, SYSTEM_WIDE), {}).values()
        return any(override.action == "emergency_halt" for override in active_overrides)


def _build_halted_error(override: Override) -> Halted:
    whom = "The marketplace" if override.target_id == SYSTEM_WIDE else "This agent"
    what = "halted" if override.action == "emergency_halt" else "paused"
    because = f": {override.reason.rstrip('.')}." if override.reason else "."
    since = to_datetime(override.created_at)
    target = "" if override.target_id == SYSTEM_WIDE else f" {override.target_id}"
    return Halted(
        f"{whom} is {what} by {override.actor}, since {since:%Y-%m-%d %H:%M:%S} UTC{because}",
        fix=f"An operator with authority {override.authority} or more lifts it: agora.admin.override, action 'resume' "
        f"(agora admin resume{target}).",
        override_id=override.override_id,
        target_id=override.target_id,
        by=override.actor,
        since=since.isoformat(),
        expires_at=to_datetime(override.expires_at).isoformat() if override.expires_at is not None else None,
    )
