"""Billing: from usage to the ledger, and from the ledger to whatever is shown of it.

The ledger is the only truth: entries are appended, never changed, each under a key that makes it happen once. Sums are kept
by the database with every entry, and every view, budget and invoice is made of them. This room knows nothing of engines,
containers or tasks: who runs something tells it what was used (:class:`Charge`, :class:`Run`).
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .accounts import account_for, account_of
    from .accrual import Ahead, ahead
    from .ledger import Charge, Ledger
    from .metering import Run, bill
    from .terms import Terms, told
    from .views import Scope, billing_info

__all__ = [
    "Ahead",
    "Charge",
    "Ledger",
    "Run",
    "Scope",
    "Terms",
    "account_for",
    "account_of",
    "ahead",
    "bill",
    "billing_info",
    "told",
]

#: names and their modules, each loaded when it is first used: most of the house asks whose an account is, and no more
_HOMES = {
    "Ahead": "accrual",
    "Charge": "ledger",
    "Ledger": "ledger",
    "Run": "metering",
    "Scope": "views",
    "Terms": "terms",
    "account_for": "accounts",
    "account_of": "accounts",
    "ahead": "accrual",
    "bill": "metering",
    "billing_info": "views",
    "told": "terms",
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = globals()[name] = getattr(import_module(f".{_HOMES[name]}", __name__), name)
    return value
