"""Operations of consumer groups on rows of the store, each within one transaction.

A group's row is locked before the group changes, a stream's row before it grows. Therefore entry numbers follow the
commit order, and a group that has read up to a number has missed nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from pydantic_core import from_json, to_json

from agora.clock import SECOND
from agora.core.pagination import PageBudget, fill_page_with_rows
from agora.store.port import Reader, Tx
from agora.value_classes import value_class
from agora_sdk.errors import NotFound

from .. import queries as statements
from ..records import (
    ENTRIES,
    GROUPS,
    PENDING,
    GroupPosition,
    PendingEntry,
    PendingEntryWithMessage,
    PendingRow,
    StreamEntryRow,
    StreamEntryWithMessage,
    StreamGroupRow,
)
from .port import Delivery, Fields, RedeliveryPolicy

__all__ = [
    "ReadRequest",
    "TakenEntries",
    "acknowledge_entries",
    "append_entries",
    "build_delivery_from_row",
    "create_group",
    "deliver_new_entries",
    "find_trimmable_numbers",
    "format_entry_id",
    "parse_entry_number",
    "parse_entry_numbers",
    "redeliver_stale_entries",
    "release_stale_entries",
    "trim_stream",
]


@value_class(kw_only=True)
class ReadRequest:
    """A consumer's request to its group: at most ``count`` entries that fit into the budget with their messages.

    now: microseconds since 1970.
    """

    stream: str
    group: str
    consumer: str
    count: int
    now: int
    budget: PageBudget


@value_class
class TakenEntries:
    """Rows of stale entries. live: to be delivered again. dead: exhausted; the caller stores them as dead letters."""

    live: Sequence[PendingEntry]
    dead: Sequence[PendingEntry]


def format_entry_id(created_at: int, number: int) -> str:
    """Format an entry's id: milliseconds since 1970, and its number on the stream."""
    return f"{created_at // 1000}-{number}"


def parse_entry_number(entry: str) -> int | None:
    """Parse the number in an entry's id; None if the id is malformed."""
    stamp, _, number = entry.rpartition("-")
    if not (stamp.isascii() and stamp.isdigit() and number.isascii() and number.isdigit() and len(number) < 19):
        return None
    return int(number)


def parse_entry_numbers(entries: Iterable[str]) -> list[int]:
    return [number for number in map(parse_entry_number, entries) if number is not None]


def build_delivery_from_row(row: PendingEntry, *, extra_deliveries: int = 0) -> Delivery:
    """Build the delivery of a pending entry. extra_deliveries: added to its count."""
    fields: Fields = from_json(row.fields) if row.fields is not None else {}
    stamp = row.created_at if row.created_at is not None else 0
    return Delivery(format_entry_id(stamp, row.number), fields, row.deliveries + extra_deliveries, row.ref)


async def append_entries(
    tx: Tx, stream: str, entries: Sequence[tuple[str | None, str | None, str]], now: int
) -> tuple[int, ...]:
    """Append entries (ref, name, fields as JSON text); return their numbers."""
    # The update locks the stream's row until the commit: numbers become visible in order and without gaps.
    (last,) = await tx.returning(statements.allocate_entry_numbers, stream=stream, count=len(entries))
    first = last - len(entries) + 1
    for number, (ref, name, fields) in enumerate(entries, first):
        tx.append(
            ENTRIES,
            StreamEntryRow(
                tenant_id=tx.tenant,
                stream=stream,
                number=number,
                ref=ref,
                name=name,
                fields=fields,
                created_at=now,
            ),
        )
    return tuple(range(first, first + len(entries)))


async def create_group(tx: Tx, stream: str, group: str, now: int, *, from_start: bool) -> bool:
    """Create a group if it does not exist; return whether it was created. from_start: begin at the stream's start."""
    await tx.execute(statements.insert_stream_if_missing, stream=stream)
    head = await tx.one(statements.lock_stream_head, stream=stream)
    # Under the stream's lock: of two concurrent creations, the second one finds the group.
    if await tx.one(statements.select_group, stream=stream, group=group) is not None:
        return False
    assert head is not None
    tx.append(
        GROUPS,
        StreamGroupRow(
            tenant_id=tx.tenant,
            stream=stream,
            group_name=group,
            last_number=0 if from_start else head.last_number,
            created_at=now,
        ),
    )
    return True


async def _load_group_for_update(tx: Tx, stream: str, group: str) -> GroupPosition:
    row = await tx.one(statements.lock_group, stream=stream, group=group)
    if row is None:
        raise NotFound(f"The stream {stream!r} has no group {group!r}.", fix="Create it by joining the stream.")
    return row


async def deliver_new_entries(tx: Tx, request: ReadRequest) -> list[Delivery]:
    """Deliver entries that are new to the group. Raises NotFound if there is no such group."""
    stream, group, consumer, now = request.stream, request.group, request.consumer, request.now
    # One reader at a time: position and pending rows change together, so that no entry is delivered to two consumers.
    row = await _load_group_for_update(tx, stream, group)
    await tx.execute(statements.upsert_consumer, stream=stream, group=group, consumer=consumer, now=now)

    async def read_new_entries(after: int, limit: int) -> Sequence[StreamEntryWithMessage]:
        return await tx.all(statements.select_entries_with_messages, stream=stream, after=after, limit=limit)

    entries, _ = await fill_page_with_rows(read_new_entries, row.last_number, "number", request.count, request.budget)
    if not entries:
        return []
    await tx.execute(statements.update_group_position, stream=stream, group=group, last=entries[-1].number)
    for entry in entries:
        tx.append(
            PENDING,
            PendingRow(
                tenant_id=tx.tenant,
                stream=stream,
                group_name=group,
                number=entry.number,
                consumer=consumer,
                deliveries=1,
                delivered_at=now,
            ),
        )
    return [Delivery(format_entry_id(e.created_at, e.number), from_json(e.fields), 1, e.ref) for e in entries]


async def acknowledge_entries(tx: Tx, stream: str, group: str, numbers: Sequence[int]) -> int:
    """Acknowledge entries; return how many were pending."""
    if not numbers:
        return 0
    return await tx.execute(
        statements.delete_pending_entries, stream=stream, group=group, numbers=_to_json_text(numbers)
    )


async def redeliver_stale_entries(
    tx: Tx, request: ReadRequest, policy: RedeliveryPolicy, *, idle: float | None
) -> TakenEntries:
    """Redeliver entries that were taken back or are idle for ``idle`` seconds (None: only the former).

    Entries delivered ``policy.max_deliveries`` times leave the group, and the caller stores them. Raises NotFound if there is no
    such group.
    """
    stream, group, consumer, now = request.stream, request.group, request.consumer, request.now
    # Two consumers must not receive the same stale entry.
    await _load_group_for_update(tx, stream, group)
    await tx.execute(statements.upsert_consumer, stream=stream, group=group, consumer=consumer, now=now)
    since = -1 if idle is None else int(idle * SECOND)

    async def read_stale_entries(after: int, limit: int) -> Sequence[PendingEntryWithMessage]:
        parameters = {
            "idle": since,
            "now": now,
            "parked": 1,
            "most": policy.max_deliveries,
            "after": after,
            "limit": limit,
        }
        return await tx.all(statements.select_stale_entries_with_messages, stream=stream, group=group, **parameters)

    rows, _ = await fill_page_with_rows(read_stale_entries, 0, "number", request.count, request.budget)
    entries = await _remove_trimmed_and_exhausted_entries(tx, stream, group, policy, rows)
    if entries.live:
        numbers = _to_json_text([row.number for row in entries.live])
        await tx.execute(
            statements.assign_pending_entries, stream=stream, group=group, numbers=numbers, consumer=consumer, now=now
        )
    return entries


async def release_stale_entries(
    tx: Tx, stream: str, group: str, policy: RedeliveryPolicy, now: int, count: int
) -> TakenEntries:
    """Take stale entries back from their consumers; exhausted ones leave the group."""
    if await tx.one(statements.lock_group, stream=stream, group=group) is None:
        return TakenEntries((), ())
    idle = int(policy.stale_seconds * SECOND)
    parameters = {"idle": idle, "now": now, "parked": 0, "most": policy.max_deliveries, "after": 0, "limit": count}
    rows = await tx.all(statements.select_stale_entries, stream=stream, group=group, **parameters)
    entries = await _remove_trimmed_and_exhausted_entries(tx, stream, group, policy, rows)
    stale_rows = [row for row in entries.live if row.consumer]
    if stale_rows:
        numbers = _to_json_text([row.number for row in stale_rows])
        await tx.execute(statements.unassign_pending_entries, stream=stream, group=group, numbers=numbers)
    return TakenEntries(stale_rows, entries.dead)


async def _remove_trimmed_and_exhausted_entries(
    tx: Tx, stream: str, group: str, policy: RedeliveryPolicy, rows: Sequence[PendingEntry]
) -> TakenEntries:
    """Acknowledge trimmed and exhausted ones among stale entries; the caller stores the exhausted ones."""
    missing_numbers = [row.number for row in rows if row.fields is None]  # trimmed entries
    await acknowledge_entries(tx, stream, group, missing_numbers)
    dead = [row for row in rows if row.fields is not None and row.deliveries >= policy.max_deliveries]
    await acknowledge_entries(tx, stream, group, [row.number for row in dead])
    live = [row for row in rows if row.fields is not None and row.deliveries < policy.max_deliveries]
    return TakenEntries(live, dead)


async def find_trimmable_numbers(tx: Reader, stream: str, length: int, max_numbers: int) -> Sequence[int]:
    """Find the numbers of the oldest entries beyond a length that every group has acknowledged."""
    head = await tx.one(statements.select_stream_head, stream=stream)
    if head is None:
        return ()
    safe = await tx.one(statements.select_trimmable_number, stream=stream)
    # The limit of length never takes an entry that a group has not acknowledged: the smaller number counts.
    until = head.last_number - length
    if safe is not None:
        until = min(until, safe)
    return await tx.all(statements.select_numbers_to_trim, stream=stream, until=until, limit=max_numbers)


async def trim_stream(tx: Tx, stream: str, length: int, max_deletions: int) -> int:
    """Delete at most ``max_deletions`` oldest entries beyond a length that every group has acknowledged.

    Returns the number of deleted entries.
    """
    # The lock excludes the concurrent creation of a group that would need the deleted entries.
    await tx.one(statements.lock_stream_head, stream=stream)
    oldest = await find_trimmable_numbers(tx, stream, length, max_deletions)
    return await tx.execute(statements.delete_entries, stream=stream, until=oldest[-1]) if oldest else 0


def _to_json_text(values: Sequence[int]) -> str:
    return to_json(list(values)).decode()
