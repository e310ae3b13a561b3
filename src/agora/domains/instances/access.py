"""Access rules of instances: ownership by accounts, visibility, and the right to change."""

from __future__ import annotations

from agora.core.call import Call, Caller
from agora.core.errors import not_found
from agora.domains.billing.accounts import can_see_all_accounts, get_paying_account_of_caller, list_account_members
from agora_sdk.errors import PermissionDenied

from . import queries as statements
from .records import InstanceRow

__all__ = ["find_audience", "require_instance", "resolve_owner_account"]


def resolve_owner_account(caller: Caller, requested: str | None) -> str:
    """Resolve the owner account of a new object. Raises PermissionDenied if it is not the caller's, except for admins."""
    own_account = get_paying_account_of_caller(caller)
    if requested in (None, own_account):
        return own_account
    if not caller.may("admin"):
        raise PermissionDenied(
            f"You act for the account {own_account}, not for {requested}.",
            fix="Leave out account, or use a credential of that account.",
        )
    assert requested is not None
    return requested


async def require_instance(call: Call, instance_id: str, *, change: bool = False) -> InstanceRow:
    """Load an instance that the caller may see; with ``change``, one it may change, and lock its row.

    Raises NotFound, also for an instance of another account, to avoid disclosing its existence.
    """
    # Locked before its state is judged: the reconciler and other calls change the same row.
    query = statements.lock_instance if change else statements.select_instance
    row = await call.tx.one(query, instance_id=instance_id)
    own_account = row is not None and row.account_id == get_paying_account_of_caller(call.caller)
    if row is None or not (own_account or (call.caller.may("admin") if change else can_see_all_accounts(call.caller))):
        raise not_found(
            "instance_id", f"There is no instance {instance_id}.", fix="Yours are listed at GET /marketplace/instances."
        )
    return row


async def find_audience(call: Call, account: str) -> tuple[str, ...]:
    """Find the subjects that receive events of an account's instances: its agents and keys."""
    return await list_account_members(call.tx, account)
