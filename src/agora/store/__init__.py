"""The store: transactions over SQLite or PostgreSQL.

The port (:mod:`.port`), tenant checks of SQL statements (:mod:`.tenancy`), numbered migrations for each dialect, and the
engines (:mod:`.sqlite`, :mod:`.postgres`), which pass one conformance suite. It knows no domain rule, no HTTP and no
operation.
"""
