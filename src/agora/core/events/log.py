"""Reading the event log: pages limited by rows and bytes, and resume positions.

Everything here runs in a read of the store and raises CursorTooOld, with the ``oldest`` sequence that
is still there, when events after the place asked for were deleted by retention.
"""

from __future__ import annotations

from collections.abc import Sequence

from pydantic_core import from_json

from agora.store.port import NewEvent, Reader, StoredEvent
from agora.value_classes import value_class
from agora_sdk.errors import CursorTooOld, InvalidRequest, NotFound, field_error

from . import queries as events
from .filter import OPERATOR_VIEWER, UNFILTERED, EventFilter, Viewer
from .records import LogEntry

__all__ = ["MAX_PAGE_EVENTS", "EventPage", "read_events", "read_head", "resolve_position"]

MAX_PAGE_EVENTS = 500  #: maximum number of events in a page
MAX_PAGE_BYTES = 524_288  #: maximum bytes of the data of its events
MAX_SCANNED_EVENTS = 100_000  #: maximum number of events scanned for a filtered page


@value_class
class EventPage:
    """A page of the log: the matching events up to ``position``."""

    events: list[StoredEvent]
    position: int
    head: int


async def read_head(tx: Reader) -> int:
    """Sequence of the newest event; 0 in an empty log."""
    return (await _read_bounds(tx))[1]


async def read_events(
    tx: Reader,
    after: int | None,
    limit: int = MAX_PAGE_EVENTS,
    *,
    event_filter: EventFilter = UNFILTERED,
    viewer: Viewer = OPERATOR_VIEWER,
) -> EventPage:
    """Read the matching and visible events after a sequence number, oldest first.

    after: None begins with the oldest event. A page may be shorter than the limit, even
    empty, before the end of the log: continue from its ``position`` until it reaches its ``head``.
    """
    oldest, newest = await _read_bounds(tx)
    if after is None:
        after = max(oldest - 1, 0)
    elif after + 1 < oldest:
        raise build_position_expired_error(after, oldest)
    if after >= newest:
        return EventPage([], after, newest)
    # Few rows: reading all of them costs less than the conditions of a filter, which are checked below anyway.
    if newest - after <= limit or (event_filter == UNFILTERED and viewer.sees_all):
        until = newest
        rows = await tx.all(events.select_events, after=after, until=until, limit=limit)
    else:
        # Bounded: a rare filter must not scan a log of millions of events in one statement.
        until = min(newest, after + MAX_SCANNED_EVENTS)
        parameters = event_filter.sql_parameters(viewer)
        rows = await tx.all(events.select_matching_events, after=after, until=until, limit=limit, **parameters)
    stored_events = await _load_events_up_to_size(tx, rows)
    # Otherwise rows or bytes ran out within the page, and the next one begins after the last event taken.
    whole = len(stored_events) == len(rows) < limit
    visible = [
        stored for stored in stored_events if event_filter.matches_event(stored.event) and viewer.may_see(stored.event)
    ]
    return EventPage(visible, until if whole else stored_events[-1].seq, newest)


async def _load_events_up_to_size(tx: Reader, rows: Sequence[LogEntry]) -> list[StoredEvent]:
    """Build events from rows up to ``MAX_PAGE_BYTES``; large data is loaded. An event with large data is a page of its own.

    Raises CursorTooOld if retention has deleted an event meanwhile.
    """
    stored_events: list[StoredEvent] = []
    size = 0
    for row in rows:
        data = row.data
        size += len(data or b"")
        if size > MAX_PAGE_BYTES:
            break
        if data is None:
            if stored_events:
                break
            large = await tx.one(events.select_event_data, seq=row.seq)
            if large is None:
                raise build_position_expired_error(row.seq - 1, row.seq + 1)
            return [_build_stored_event(tx.tenant, row, large)]
        stored_events.append(_build_stored_event(tx.tenant, row, data))
    return stored_events


def _build_stored_event(tenant: str, row: LogEntry, data: bytes) -> StoredEvent:
    audience = None if row.audience is None else tuple(from_json(row.audience))
    event = NewEvent(row.event_id, row.type, row.source, row.subject, row.time, data, audience)
    return StoredEvent(tenant, row.seq, event)


async def _read_bounds(tx: Reader) -> tuple[int, int]:
    row = await tx.one(events.select_log_bounds)
    return (row.oldest or 0, row.head or 0) if row is not None else (0, 0)


async def resolve_position(tx: Reader, position: str) -> int:
    """Resolve an event id or number to a sequence number in the log.

    Raises InvalidRequest for an invalid value and for a number beyond the end of the log, NotFound for an unknown id.
    """
    if position.isascii() and position.isdigit():
        return await _require_sequence_in_log(tx, int(position))
    if not position.startswith("evt_"):
        raise _build_invalid_position_error(f"{position!r} is neither an event's id nor a sequence number.")
    sequence = await tx.one(events.select_event_position, event_id=position)
    if sequence is not None:
        return sequence
    first = await tx.one(events.select_first_event_id)
    if first is not None and position < first:  # ids sort by creation time
        raise build_position_expired_error(0, (await _read_bounds(tx))[0])
    raise NotFound(
        f"No event {position!r} is in the log.",
        fix="Resume from the id or the sequence number of an event you received.",
        errors=[field_error("last_event_id", "unknown event")],
    )


async def _require_sequence_in_log(tx: Reader, after: int) -> int:
    oldest, newest = await _read_bounds(tx)
    if after > newest:
        raise _build_invalid_position_error(f"The log has not reached {after} yet: its newest event is {newest}.")
    if after + 1 < oldest:
        raise build_position_expired_error(after, oldest)
    return after


def build_position_expired_error(after: int, oldest: int) -> CursorTooOld:
    """Build the CursorTooOld error of a position whose following events were deleted."""
    return CursorTooOld(
        f"Events after {after} were deleted by retention; the oldest is {oldest}.",
        fix=f"Resume from {oldest - 1} and treat what came before as missed.",
        oldest=oldest,
    )


def _build_invalid_position_error(message: str) -> InvalidRequest:
    return InvalidRequest(
        message,
        fix="Resume from the id or the sequence number of an event you received.",
        errors=[field_error("last_event_id", message)],
    )
