"""Billing: from usage to the ledger, and from the ledger to whatever is shown of it.

The ledger is the only truth: entries are appended, never changed, each under a key that makes it happen once. Sums are kept
by the database with every entry, and every view, budget and invoice is made of them. This room knows nothing of engines,
containers or tasks: who runs something tells it what was used (:class:`Charge`, :class:`Run`).
"""

from __future__ import annotations

from .accounts import account_for, account_of
from .ledger import Charge, Ledger
from .metering import Run, bill
from .passing import Ahead, ahead
from .service import BillingService
from .terms import Terms, told
from .views import Scope, billing_info

__all__ = [
    "Ahead",
    "BillingService",
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
