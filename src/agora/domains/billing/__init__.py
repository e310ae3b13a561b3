"""Billing: usage is charged to a ledger, from which views, budgets and invoices are derived.

Ledger entries are appended and never changed; each has a key, so a repeated charge has no effect. Triggers of the database
keep the sums. This package does not know engines, containers or tasks: callers pass the usage (:class:`Charge`,
:class:`Run`).
"""
