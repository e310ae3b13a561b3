"""Billing: from usage to the ledger, and from the ledger to whatever is shown of it.

The ledger is the only truth: entries are appended, never changed, each under a key that makes it happen once. Sums are kept
by the database with every entry, and every view, budget and invoice is made of them. This room knows nothing of engines,
containers or tasks: who runs something tells it what was used (:class:`Charge`, :class:`Run`).
"""
