"""The message log: all messages that the caller may see.

It is scanned in windows of a bounded number of messages, newest or oldest first, so that a query with few matches is
bounded too: a page may be short or empty and still name a next cursor.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from agora.clock import to_datetime, to_microseconds
from agora.core import pagination as paging
from agora.core.call import Call, encode_json
from agora.core.record_models import build_from_record
from agora.domains.agents.references import build_address_of_name, find_agent
from agora.domains.messaging.records import MessageRow
from agora.domains.search.queries import LETTERS
from agora.store.port import Reader
from agora.store.records import list_record_values
from agora.value_classes import value_class
from agora_sdk.contract.fields import DeliveryState, Priority
from agora_sdk.contract.monitor import LoggedMessage
from agora_sdk.errors import InvalidRequest, field_error

from . import queries as statements
from .records import MessagePosition

__all__ = ["AFTER_EVERY_ID", "BEFORE_EVERY_ID", "MessageFilter", "MessageLogReader", "MessageQuery", "build_filter"]

BEFORE_EVERY_ID: Final = ""
AFTER_EVERY_ID: Final = "msg_g"  #: sorts after every id
WINDOW_MESSAGES: Final = 20_000  #: messages scanned by one statement
WORD_WINDOW_MESSAGES: Final = 2_000  #: the same for windows whose message texts are searched
MAX_WINDOWS: Final = 10  #: maximum of windows per page
MESSAGES_PER_READ: Final = 6  #: messages read by one statement: each may be large


@value_class
class MessageFilter:
    """The selection of messages: names of the given filters, the words, and the values of both."""

    filters: frozenset[str]
    words: int = 0
    values: dict[str, Any] = field(default_factory=dict)

    @property
    def fits_one_query(self) -> bool:
        """Whether one statement finds every match: all messages are selected, or a single one by id."""
        return (not self.filters and not self.words) or "message_id" in self.filters

    @property
    def scan_limit(self) -> int:
        """Return how many messages one statement may scan."""
        return WORD_WINDOW_MESSAGES if self.words else WINDOW_MESSAGES


@value_class(kw_only=True)
class MessageQuery:
    """A caller's query of messages. agent: sender or recipient. q: words of the text, separated by spaces."""

    type: str | None = None
    agent: str | None = None
    q: str | None = None
    from_agent: str | None = None
    to_agent: str | None = None
    priority: Priority | None = None
    correlation_id: str | None = None
    message_id: str | None = None
    since: datetime | None = None
    until: datetime | None = None


async def build_filter(call: Call, query: MessageQuery) -> MessageFilter:
    """Build the filter of a request, with the caller's visibility. An unknown agent matches no message."""
    values: dict[str, Any] = {
        "type": query.type,
        "priority": query.priority,
        "correlation_id": query.correlation_id,
        "message_id": query.message_id,
        "since": query.since and to_microseconds(query.since),
        "until": query.until and to_microseconds(query.until),
    }
    if query.from_agent is not None:
        values["from_agent"] = (await _resolve_agent_and_address(call.tx, query.from_agent))[0]
    if query.agent is not None:
        values["agent"], values["address"] = await _resolve_agent_and_address(call.tx, query.agent)
    if query.to_agent == "broadcast":
        values["broadcast"] = True
    elif query.to_agent is not None:
        values["to_agent"], values["to_address"] = await _resolve_agent_and_address(call.tx, query.to_agent)
    if not call.caller.may("read:all"):
        # Visibility is one more condition of the statement, so that pages and counts agree with what is shown.
        values["viewer"] = call.caller.subject
    present = {name: value for name, value in values.items() if value is not None}
    words = _split_words(query.q)
    texts = {f"word_{letter}": _build_like_pattern(word) for letter, word in zip(LETTERS, words, strict=False)}
    filters = frozenset(present) - {"address", "to_address"}
    # A filter without a value: its condition is a constant.
    present.pop("broadcast", None)
    return MessageFilter(filters, len(words), present | texts)


async def _resolve_agent_and_address(tx: Reader, ref: str) -> tuple[str, str]:
    """Resolve an agent's id and the address under which messages are held for its name."""
    row = await find_agent(tx, ref)
    return (ref, build_address_of_name(ref)) if row is None else (row.agent_id, build_address_of_name(row.agent_name))


def _split_words(q: str | None) -> list[str]:
    words = list(dict.fromkeys((q or "").split()))
    if len(words) > statements.MAX_WORDS:
        raise InvalidRequest(
            f"At most {statements.MAX_WORDS} words can be searched for together.",
            errors=[field_error("q", "too many words")],
        )
    return words


def _build_like_pattern(word: str) -> str:
    for special in "~%_":
        word = word.replace(special, f"~{special}")
    return f"%{word}%"


@dataclass(slots=True)
class MessageLogReader:
    """Reads the log for one caller. If one statement finds every match, the log is read as one window."""

    filter: MessageFilter
    _page_end: str = ""  # last message of the current window of an export

    async def read_page_back(
        self, tx: Reader, before: str, limit: int, most: int
    ) -> tuple[list[LoggedMessage], str | None]:
        """Read a bounded page of messages before a position, newest first, and the next position; None at the end."""
        query = statements.build_message_page_query(self.filter.filters, self.filter.words, True)
        rows: list[MessageRow] = []
        budget = paging.PageBudget(most)
        for _ in range(MAX_WINDOWS):
            end = await self._find_page_end_before(tx, before)
            after = BEFORE_EVERY_ID if end is None else _compute_place_before(end.message_id)
            read = batch = MESSAGES_PER_READ
            while read == batch:
                # One more than the page has: only a further match tells that there is a next page.
                batch = min(limit + 1 - len(rows), MESSAGES_PER_READ)
                page_rows = await tx.all(query, before=before, after=after, limit=batch, **self.filter.values)
                read = len(page_rows)
                for row in page_rows:
                    if len(rows) == limit or not budget.take_if_fits(list_record_values(row)):
                        return await build_messages(tx, rows), rows[-1].message_id
                    rows.append(row)
                before = rows[-1].message_id if page_rows else before
            if end is None or self._is_before_period(end):
                return await build_messages(tx, rows), None
            before = end.message_id
        return await build_messages(tx, rows), before

    async def read_page_forward(
        self, tx: Reader, after: str, ceiling: str, limit: int, most: int
    ) -> tuple[list[LoggedMessage], bool]:
        """Read messages between two positions, oldest first, up to a number and size, and whether these were all."""
        query = statements.build_message_page_query(self.filter.filters, self.filter.words, False)
        while True:
            # Kept between pages of one export, so that a window with many matches is not measured again for each page.
            if after >= self._page_end:
                end = await self._find_page_end_after(tx, after)
                self._page_end = ceiling if end is None else min(ceiling, end.message_id)
            before = min(ceiling, _compute_place_after(self._page_end))
            rows = await tx.all(query, after=after, before=before, limit=limit, **self.filter.values)
            fitting, more = paging.take_fitting_rows(rows, limit, most)
            finished = len(rows) < limit and before >= ceiling and not more
            if rows or finished:
                return await build_messages(tx, fitting), finished
            after = self._page_end

    async def count_messages(self, tx: Reader, limit: int) -> tuple[int, bool]:
        """Count messages up to a limit; return whether there may be more, too."""
        query, total, before = (
            statements.build_message_page_count_query(self.filter.filters, self.filter.words),
            0,
            AFTER_EVERY_ID,
        )
        for _ in range(MAX_WINDOWS):
            end = await self._find_page_end_before(tx, before)
            after = BEFORE_EVERY_ID if end is None else _compute_place_before(end.message_id)
            remaining = limit + 1 - total
            row = await tx.one(query, before=before, after=after, limit=remaining, **self.filter.values)
            total += row if row is not None else 0
            if total > limit:
                return limit, True
            if end is None or self._is_before_period(end):
                return total, False
            before = end.message_id
        return total, True

    async def _find_page_end_before(self, tx: Reader, before: str) -> MessagePosition | None:
        """Find the end of the window that goes back from a message."""
        if self.filter.fits_one_query:
            return None
        return await tx.one(statements.select_older_message, before=before, window=self.filter.scan_limit - 1)

    async def _find_page_end_after(self, tx: Reader, after: str) -> MessagePosition | None:
        if self.filter.fits_one_query:
            return None
        return await tx.one(statements.select_newer_message, after=after, window=self.filter.scan_limit - 1)

    def _is_before_period(self, row: MessagePosition) -> bool:
        """Whether all messages before this one were sent before the requested period."""
        since: int | None = self.filter.values.get("since")
        return since is not None and row.created_at < since - MAX_CLOCK_SKEW


# Windows follow the ids, a period created_at: reading on for this long misses no message at the beginning of a period.
MAX_CLOCK_SKEW: Final = 3_600_000_000  #: maximum difference in microseconds between the clocks of ids and of messages


def _compute_place_before(message_id: str) -> str:
    """Compute a position between a message and the one before it."""
    return f"msg_{max(int(message_id[4:], 16) - 1, 0):032x}"


def _compute_place_after(message_id: str) -> str:
    return f"msg_{int(message_id[4:], 16) + 1:032x}"


# -- views ---------------------------------------------------------------------------------------


async def build_messages(tx: Reader, rows: Sequence[MessageRow]) -> list[LoggedMessage]:
    """Build the listed messages, with the delivery state of those sent to one agent."""
    recipients = {
        ref: await _resolve_recipient(tx, ref)
        for ref in dict.fromkeys(map(_find_single_recipient, rows))
        if ref is not None
    }
    pairs = [(recipients[ref], row.message_id) for row in rows if (ref := _find_single_recipient(row)) is not None]
    state_rows = await tx.all(statements.select_delivery_states, pairs=encode_json(pairs)) if pairs else ()
    states = {row.message_id: row.state for row in state_rows}
    return [_build_message(row, states.get(row.message_id)) for row in rows]


def _find_single_recipient(row: MessageRow) -> str | None:
    # Several recipients have several states, and a broadcast has none until somebody marks it.
    ref: str = row.to_agent
    return None if row.broadcast or "," in ref or ref.startswith("capability:") else ref


async def _resolve_recipient(tx: Reader, ref: str) -> str:
    row = await find_agent(tx, ref)
    return build_address_of_name(ref) if row is None else row.agent_id


def _build_message(row: MessageRow, state: str | None) -> LoggedMessage:
    return build_from_record(
        LoggedMessage,
        row,
        timestamp=to_datetime(row.created_at),
        type=row.message_type,
        to_agent="broadcast" if row.broadcast else row.to_agent,
        status=None if state is None else DeliveryState(state),
    )
