"""Whose an instance is, who sees it, who may change it."""

from __future__ import annotations

from agora.core.call import Call, Caller
from agora.domains.billing.accounts import account_of, insider, members
from agora.store.port import Row
from agora_sdk.errors import NotFound, PermissionDenied

from . import queries as statements

__all__ = ["account_given", "audience", "require", "seen_account"]


def seen_account(caller: Caller, wanted: str | None) -> str | None:
    """The account whose instances are shown: None for everybody's, '' where none of what is wanted may be seen."""
    if insider(caller):
        return wanted
    own = account_of(caller)
    return own if wanted in (None, own) else ""


def account_given(caller: Caller, wanted: str | None) -> str:
    """The account for which something is made. Raises PermissionDenied for another's."""
    own = account_of(caller)
    if wanted in (None, own):
        return own
    if not caller.may("admin"):
        raise PermissionDenied(
            f"You act for the account {own}, not for {wanted}.",
            fix="Leave out account, or use a credential of that account.",
        )
    assert wanted is not None
    return wanted


async def require(call: Call, instance_id: str, *, change: bool = False) -> Row:
    """An instance the caller may see, or change; locked for change. Raises NotFound for what is not the caller's."""
    query = statements.lock if change else statements.by_id
    row = await call.tx.one(query, instance_id=instance_id)
    own = row is not None and row["account_id"] == account_of(call.caller)
    if row is None or not (own or (call.caller.may("admin") if change else insider(call.caller))):
        raise NotFound(
            f"There is no instance {instance_id}.",
            fix="Yours are listed at GET /marketplace/instances.",
            errors=[{"field": "instance_id", "message": "unknown"}],
        )
    return row


async def audience(call: Call, account: str) -> tuple[str, ...]:
    """Who sees events of an account's instances: its agents and keys."""
    return await members(call.tx, account)
