"""References to apps: resolution of ids, aliases and names, and access checks."""

from __future__ import annotations

import re

from agora.core.call import Caller
from agora.core.errors import not_found
from agora.domains.agents.names import compute_name_key
from agora.store.port import Reader
from agora_sdk.errors import PermissionDenied

from . import queries as statements
from .records import AppRow

__all__ = [
    "check_may_change_app",
    "find_app",
    "is_app_visible",
    "load_visible_app",
    "owns_app",
    "sees_all_private_apps",
]

_ID = re.compile(r"app_[0-9a-f]{32}")


async def find_app(tx: Reader, ref: str) -> AppRow | None:
    """Find an app by id, alias or name (confusable names are equal). None if there is none."""
    if _ID.fullmatch(ref):
        return await tx.one(statements.select_app_by_id, ref=ref)
    if ref.startswith("app.") and (row := await tx.one(statements.select_app_by_alias, ref=ref)) is not None:
        return row
    return await tx.one(statements.select_app_by_name_key, key=compute_name_key(ref))


async def load_visible_app(tx: Reader, caller: Caller, ref: str, *, lock: bool = False) -> AppRow:
    """Find an app like :func:`find_app`. Raises NotFound if it does not exist or is hidden from the caller."""
    row = await find_app(tx, ref)
    if row is not None and lock:
        # Found by name, locked by id: the row may have changed or gone since, so the locked one is judged.
        row = await tx.one(statements.lock_app, ref=row.app_id)
    if row is None or not is_app_visible(caller, row):
        raise not_found("ref", f"There is no app {ref!r}.", fix="Apps are listed by GET /apps.")
    return row


def sees_all_private_apps(caller: Caller) -> bool:
    """Whether a caller sees every private app."""
    return caller.may("read:all")


def owns_app(caller: Caller, row: AppRow) -> bool:
    """Whether an app belongs to the caller: created by the caller, or of the same account."""
    # The account ``default`` is shared by strangers, so it makes nobody an owner.
    return row.created_by == caller.subject or row.account_id == caller.account != "default"


def is_app_visible(caller: Caller, row: AppRow) -> bool:
    """Whether a caller may see an app. A private one is visible to its owner, its account, and the scope ``read:all``."""
    return row.visibility != "private" or owns_app(caller, row) or sees_all_private_apps(caller)


def check_may_change_app(caller: Caller, row: AppRow) -> None:
    """Check that a caller may change or remove an app. Raises PermissionDenied.

    A key of the app's account may; an agent of the account only if it published the app.
    """
    of_account = caller.kind != "agent" and row.account_id == caller.account != "default"
    if row.created_by != caller.subject and not of_account and not caller.acts_for_others:
        raise PermissionDenied(
            f"The app {row.name!r} belongs to another owner.",
            fix="Call with the credential that published it, a key of its account, or one with the scope act:any.",
            required="act:any",
        )
