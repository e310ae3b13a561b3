"""Authority: a caller grants at most its own rights, and cannot undo the act of a higher authority.

A caller's authority is 0 to 255. Every administered row (a key, an agent's state, a user, a host, a budget ...) stores
the authority of its last change; only an equal or higher authority changes it again. Overrides store their own authority
and follow the same rule in :mod:`agora.domains.admin.service`.
"""

from __future__ import annotations

from agora.core import override_queries as overrides
from agora.core.call import Call, Caller
from agora.domains.tenants.service import ADMINISTRATIVE_TENANT, ADMINISTRATOR_AUTHORITY
from agora_sdk.contract.fields import ServiceTier
from agora_sdk.errors import PermissionDenied, field_error

from . import authority_queries as statements

__all__ = [
    "TIER_RANKS",
    "check_administration_authority",
    "check_and_record_administration",
    "check_authority",
    "check_may_grant_tier",
    "check_override_authority",
    "may_grant_any_tier",
]

TIER_RANKS = {ServiceTier.BASIC: 0, ServiceTier.PREMIUM: 1, ServiceTier.ENTERPRISE: 2}


def check_authority(caller: Caller, needed: int, action: str) -> None:
    """Check that the caller has the authority for an action. action: verb and object. Raises PermissionDenied."""
    if needed > caller.authority:
        raise PermissionDenied(
            f"Your authority is {caller.authority}; to {action}, you need an authority of {needed}.",
            fix=f"Ask a caller with an authority of {needed} or more to do it.",
            required_authority=needed,
        )


def may_grant_any_tier(call: Call) -> bool:
    """Whether the caller operates the installation, or its own tenant other than the default one."""
    level: int = call.context.settings.admin_authority_level
    # In other tenants, an administrator's authority is capped below the operator's.
    needed = level if call.caller.tenant == ADMINISTRATIVE_TENANT else min(ADMINISTRATOR_AUTHORITY, level)
    return call.caller.may("admin") and call.caller.authority >= needed


def check_may_grant_tier(call: Call, *tiers: ServiceTier) -> None:
    """Refuse to grant or revoke a service tier above the caller's own. Raises PermissionDenied."""
    highest = max(tiers, key=TIER_RANKS.__getitem__)
    if TIER_RANKS[highest] > TIER_RANKS[ServiceTier(call.caller.tier)] and not may_grant_any_tier(call):
        raise PermissionDenied(
            f"Your own service tier is {call.caller.tier}; you cannot grant or revoke {highest.value}.",
            fix="Grant that tier or a lower one, or let an operator do it.",
            errors=[field_error("service_tier", "above your own")],
        )


async def check_administration_authority(call: Call, target: str, needed: int = 0) -> None:
    """Check that the target was not administered by a higher authority. needed: authority of the target itself.

    Raises PermissionDenied.
    """
    row = await call.tx.one(statements.select_administering_authority, target=target)
    # The row is locked (FOR UPDATE), so that a lower authority cannot change the target between check and record.
    highest = max(needed, row if row is not None else 0)
    highest = min(highest, call.context.settings.admin_authority_level)  # the operator has the highest authority
    check_authority(call.caller, highest, f"change {target}")


async def check_override_authority(call: Call, target: str, authority: int | None = None) -> None:
    """Check that no override of a higher authority applies. authority: default: the caller's own.

    Raises PermissionDenied.
    """
    acting = call.caller.authority if authority is None else authority
    active_overrides = await call.tx.all(overrides.select_overrides_of_target, target_id=target, now=call.now)
    higher = [row for row in active_overrides if row.authority > acting]
    if higher:
        raise PermissionDenied(
            f"{target} is held by an authority of {max(row.authority for row in higher)}; yours is {acting}.",
            fix="A lower authority cannot lift the override of a higher one: ask its creator.",
            overrides=[row.override_id for row in higher],
        )


async def check_and_record_administration(call: Call, target: str, needed: int = 0) -> None:
    """Like :func:`check_administration_authority`, and records the caller as the target's last administrator."""
    await check_administration_authority(call, target, needed)
    caller = call.caller
    await call.tx.execute(
        statements.upsert_administration, target=target, authority=caller.authority, now=call.now, by=caller.subject
    )
