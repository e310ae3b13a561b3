"""A lock for limits of a number of rows: without it, concurrent calls would all count before any of them inserts."""

from __future__ import annotations

from agora.store.port import Query, Tx

__all__ = ["lock_count"]

# An advisory lock, because the subject need not have a row. SQLite has one writer, which needs no lock.
_lock_count = Query(
    "select 1 as locked where :tenant <> '' and :counted <> '' and :subject <> ''",
    int,
    postgres="""
    select 1 as locked from (
        select pg_advisory_xact_lock(hashtextextended(:tenant || ' ' || :counted || ' ' || :subject, 8)) as count
    ) as count_lock where :tenant <> ''
    """,
    lock=True,
)


async def lock_count(tx: Tx, counted: str, subject: str) -> None:
    """Let no other call count or insert rows of a kind for a subject until this call is committed."""
    await tx.one(_lock_count, counted=counted, subject=subject)
