"""The engine on Redis Streams."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from agora_sdk.errors import NotFound, UpstreamUnavailable

from ..port import (
    DEAD_LETTER_SUFFIX,
    EXHAUSTED_REASON,
    MAX_DEAD_LETTERS,
    PARKED_GROUP,
    Consumer,
    Delivery,
    Fields,
    Group,
    MaintenanceReport,
    Pending,
    ReappendedEntry,
    Recovery,
    RedeliveryPolicy,
    RedeliveryReport,
    build_dead_letter,
    compute_entry_sort_key,
    parse_dead_letter,
)
from .address import Address
from .connection import Connection, Disconnected, Refused
from .durability import Durability, read_durability
from .link import CONNECTION_TIMEOUT, MAX_PENDING, Link, build_command_error

__all__ = ["RedisBus"]

TRIM_BATCH = 1000  # entries deleted per command
MAX_COUNTED_ENTRIES = 10_000  # maximum entries counted for the lag if the server does not report it
PAGE, PAGES = 200, 10  # pending entries examined: page size and pages
MAX_TOUCHED_ENTRIES = 10_000
MILLISECONDS_PER_SECOND = 1000
OWNERS_KEY = "agora:owners"  # hash: owner of each stream
TAKE_OVER_STREAM_SCRIPT = """
if redis.call('HGET', KEYS[3], KEYS[1]) == ARGV[1] then return 0 end
redis.call('DEL', KEYS[1], KEYS[2], KEYS[4])
redis.call('HSET', KEYS[3], KEYS[1], ARGV[1])
return 1
"""
MOVED_SUFFIX = "/moved"  # suffix of a hash: entries that were appended again, each with its previous id and deliveries
#: KEYS: stream, its hash of moved entries. ARGV: group, entry, minimum idle time, its deliveries, deliveries with
#: earlier copies
APPEND_AGAIN_SCRIPT = """
local pending = redis.call('XPENDING', KEYS[1], ARGV[1], ARGV[2], ARGV[2], 1)
if #pending == 0 or pending[1][3] < tonumber(ARGV[3]) or pending[1][4] ~= tonumber(ARGV[4]) then return 0 end
local entry = redis.call('XRANGE', KEYS[1], ARGV[2], ARGV[2])
if #entry > 0 and #entry[1][2] > 2000 then return 0 end
redis.call('XACK', KEYS[1], ARGV[1], ARGV[2])
if #entry == 0 then return 0 end
local id = redis.call('XADD', KEYS[1], '*', unpack(entry[1][2]))
redis.call('HSET', KEYS[2], id, ARGV[2] .. '|' .. ARGV[5])
return 1
"""
#: KEYS: consumer names of servers, scored by time of announcement. ARGV: a name, seconds for which a name is known
ANNOUNCE_SCRIPT = """
local now = tonumber(redis.call('TIME')[1])
redis.call('ZADD', KEYS[1], now, ARGV[1])
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', now - tonumber(ARGV[2]))
return redis.call('ZRANGE', KEYS[1], 0, -1)
"""
SERVERS_SUFFIX = "/servers"  # suffix of the key for servers' consumer names
SERVER_RETENTION_SECONDS = 86_400  # a stopped server stays known while others recover its entries
LAST_DELIVERY_SHARE = 0.8  # timeout of the last delivery, as a share of the others'
DELETE_IDLE_CONSUMER_SCRIPT = """
if #redis.call('XPENDING', KEYS[1], ARGV[1], '-', '+', 1, ARGV[2]) > 0 then return 0 end
redis.call('XGROUP', 'DELCONSUMER', KEYS[1], ARGV[1], ARGV[2])
return 1
"""


class RedisBus:
    """Streams of Redis 6.2 or newer, or of Valkey.

    buffer: maximum number of commands waiting for a reply. timeout: seconds a command waits for a connection.
    """

    def __init__(
        self,
        url: str,
        *,
        policy: RedeliveryPolicy | None = None,
        buffer: int = MAX_PENDING,
        timeout: float = CONNECTION_TIMEOUT,
    ) -> None:
        self._policy, self._timeout = policy or RedeliveryPolicy(), timeout
        self._address = Address.from_url(url)
        self._buffer = buffer
        self._readers: list[Connection] = []
        self._busy: set[Connection] = set()
        self._durability = Durability()
        self.on_change: Callable[[], None] = lambda: None

    async def start(self) -> None:
        """Connect and check the server's durability. An unavailable server is connected to later."""
        self._link = Link(self._address, max_pending=self._buffer, timeout=self._timeout)
        self._link.on_change = lambda: self.on_change()
        await self._link.start()
        await self.refresh_durability()

    async def refresh_durability(self) -> None:
        if self._link.connected:
            self._durability = await read_durability(self._link)

    async def close(self) -> None:
        for connection in (*self._readers, *self._busy):
            connection.close()
        await self._link.close()

    @property
    def connected(self) -> bool:
        return self._link.connected

    @property
    def epoch(self) -> int:
        return self._link.epoch

    @property
    def error(self) -> str | None:
        """Reason for a missing connection."""
        return self._link.error

    @property
    def durability(self) -> str:
        return self._durability.words

    @property
    def warnings(self) -> Sequence[str]:
        return self._durability.warnings

    # -- publishing ------------------------------------------------------------------------------

    async def publish(self, stream: str, fields: Fields) -> str:
        command: list[str] = ["XADD", stream, "*"]
        for field in fields.items():
            command += field
        try:
            return _decode_text(await self._link.execute(*command))
        except Refused as error:
            raise build_command_error(error) from None

    # -- groups ----------------------------------------------------------------------------------

    async def create_group(self, stream: str, group: str, *, from_start: bool = True) -> bool:
        try:
            await self._link.execute("XGROUP", "CREATE", stream, group, "0" if from_start else "$", "MKSTREAM")
        except Refused as error:
            if str(error).startswith("BUSYGROUP"):
                return False
            raise build_command_error(error) from None
        return True

    async def read(
        self, stream: str, group: str, consumer: str, *, count: int = 10, block: float = 0
    ) -> Sequence[Delivery]:
        command = ["XREADGROUP", "GROUP", group, consumer, "COUNT", str(count)]
        if block <= 0:
            reply = await self._run_command(*command, "STREAMS", stream, ">")
        else:
            wait = ["BLOCK", str(max(1, int(block * MILLISECONDS_PER_SECOND)))]
            reply = await self._run_blocking(block, *command, *wait, "STREAMS", stream, ">")
        return [_to_delivery(entry) for _, entries in reply or () for entry in entries]

    async def ack(self, stream: str, group: str, ids: Sequence[str]) -> int:
        valid_ids = [entry for entry in ids if _is_entry_id(entry)]
        return int(await self._run_command("XACK", stream, group, *valid_ids)) if valid_ids else 0

    async def reset_idle_time(self, stream: str, group: str, consumer: str, ids: Sequence[str]) -> None:
        held_ids = {
            entry.entry_id for entry in await self._read_pending(stream, group, MAX_TOUCHED_ENTRIES, consumer=consumer)
        }
        # XCLAIM would take entries of other consumers, too.
        if mine := [entry for entry in ids if entry in held_ids]:
            # JUSTID: it is no further delivery.
            await self._run_command("XCLAIM", stream, group, consumer, "0", *mine, "JUSTID")

    async def recover(
        self, stream: str, group: str, consumer: str, *, idle: float | None = None, count: int = 100
    ) -> Recovery:
        idle_limit = self._policy.stale_seconds if idle is None else idle
        stale = await self._find_stale(stream, group, idle_limit, count)
        dead = await self._dead_letter_entries(
            stream, group, [entry for entry in stale if entry.deliveries >= self._policy.max_deliveries]
        )
        live = [entry for entry in stale if entry.deliveries < self._policy.max_deliveries]
        if not live:
            return Recovery((), dead)
        ids = [entry.entry_id for entry in live]
        # A faster consumer has reset the idle time; XCLAIM with a minimum idle time skips its entries.
        least = int(min(entry.idle for entry in live) * MILLISECONDS_PER_SECOND)
        # An entry that was deleted from the stream is claimed as null (before Redis 7), and is skipped below.
        claimed = await self._run_command("XCLAIM", stream, group, consumer, str(least), *ids)
        times = {entry.entry_id: entry.deliveries + 1 for entry in live}
        deliveries = [_to_delivery(entry) for entry in claimed if entry is not None and entry[1] is not None]
        return Recovery([Delivery(d.entry_id, d.fields, times.get(d.entry_id, 1)) for d in deliveries], dead)

    async def _find_stale(self, stream: str, group: str, idle: float, count: int) -> list[Pending]:
        """Find entries taken back, and entries idle for longer than their number of deliveries allows."""
        entries = {
            entry.entry_id: entry for entry in await self._read_pending(stream, group, count, consumer=PARKED_GROUP)
        }
        entries |= {entry.entry_id: entry for entry in await self._find_overdue(stream, group, idle, count)}
        return [entries[name] for name in sorted(entries, key=compute_entry_sort_key)[:count]]

    async def _find_overdue(self, stream: str, group: str, idle: float, count: int) -> list[Pending]:
        """Find entries that a consumer holds for too long, and exhausted ones of any consumer."""
        entries: list[Pending] = []
        after = "-"
        for _ in range(PAGES):
            page = await self._read_pending(stream, group, PAGE, idle=idle, after=after)
            for entry in page:
                # Parked entries wait for the next reader, however long; only exhausted ones become dead letters.
                open_ = entry.consumer is not None or entry.deliveries >= self._policy.max_deliveries
                if open_ and entry.idle >= idle * (1 << (entry.deliveries - 1)):
                    entries.append(entry)
            if len(page) < PAGE or len(entries) >= count:
                break
            after = f"({page[-1].entry_id}"
        return entries[:count]

    async def _dead_letter_entries(self, stream: str, group: str, entries: Iterable[Pending]) -> list[Delivery]:
        """Move entries to the stream's dead letters; return them."""
        buried = []
        for entry in entries:
            matches = await self._run_command("XRANGE", stream, entry.entry_id, entry.entry_id)
            if not matches:
                await self.ack(stream, group, [entry.entry_id])  # trimmed
                continue
            dead_letter = Delivery(entry.entry_id, _to_delivery(matches[0]).fields, entry.deliveries)
            await self.dead_letter_entry(stream, group, dead_letter, EXHAUSTED_REASON)
            buried.append(dead_letter)
        return buried

    async def dead_letter_entry(self, stream: str, group: str, delivery: Delivery, reason: str) -> None:
        command = ["XADD", stream + DEAD_LETTER_SUFFIX, "*"]
        for field in build_dead_letter(delivery, group, reason).items():
            command += field
        try:
            # Together: between the two, a crash would leave the entry both dead and pending.
            await self._link.execute_transaction(tuple(command), ("XACK", stream, group, delivery.entry_id))
        except Refused as error:
            raise build_command_error(error) from None

    async def find_acknowledged(self, stream: str, group: str, ids: Sequence[str]) -> Collection[str]:
        valid_ids = sorted(filter(_is_entry_id, ids), key=compute_entry_sort_key)
        last = next(
            (
                g["last-delivered-id"]
                for g in await self._read_info("GROUPS", stream)
                if _decode_text(g["name"]) == group
            ),
            0,
        )
        if not valid_ids or not last:
            return frozenset()
        open_: set[str] = set()
        after = valid_ids[0]
        while page := await self._run_command("XPENDING", stream, group, after, valid_ids[-1], str(PAGE)):
            open_ |= {_decode_text(entry[0]) for entry in page}
            after = f"({_decode_text(page[-1][0])}"
        return {
            each
            for each in valid_ids
            if compute_entry_sort_key(each) <= compute_entry_sort_key(_decode_text(last)) and each not in open_
        }

    async def read_dead(self, stream: str) -> Sequence[Delivery]:
        letters = await self._run_command(
            "XREVRANGE", stream + DEAD_LETTER_SUFFIX, "+", "-", "COUNT", str(MAX_DEAD_LETTERS)
        )
        return [parse_dead_letter(_to_delivery(dead_letter).fields) for dead_letter in reversed(letters)]

    async def maintain(self, stream: str, group: str, *, count: int = 100) -> MaintenanceReport:
        overdue = await self._find_overdue(stream, group, self._policy.stale_seconds, count)
        dead = await self._dead_letter_entries(
            stream, group, [entry for entry in overdue if entry.deliveries >= self._policy.max_deliveries]
        )
        stale = [entry for entry in overdue if entry.deliveries < self._policy.max_deliveries]
        least = str(int(self._policy.stale_seconds * MILLISECONDS_PER_SECOND))
        for entry in stale:
            # A claim would set the idle time, which tells when the entry was delivered, to zero.
            idle = str(int(entry.idle * MILLISECONDS_PER_SECOND))
            await self._run_command(
                "XCLAIM", stream, group, PARKED_GROUP, least, entry.entry_id, "IDLE", idle, "JUSTID"
            )
        return MaintenanceReport(
            [entry.entry_id for entry in stale], dead, await self._delete_silent_consumers(stream, group)
        )

    async def redeliver(self, stream: str, group: str, earlier_deliveries: Mapping[str, int]) -> RedeliveryReport:
        stale, dead = [], []
        pending = await self._read_pending_pages(stream, group)
        for entry in pending:
            total = entry.deliveries + earlier_deliveries.get(entry.entry_id, 0)
            exhausted = total > self._policy.max_deliveries
            # A little before the last timeout, so that a consumer that claims entries itself gets no delivery beyond the limit.
            if exhausted or (
                total == self._policy.max_deliveries and entry.idle >= LAST_DELIVERY_SHARE * self._policy.stale_seconds
            ):
                dead.append(replace(entry, deliveries=total))
            elif total < self._policy.max_deliveries and entry.idle >= self._policy.stale_seconds:
                stale.append((entry, total))
        buried = await self._dead_letter_entries(stream, group, dead)
        least = str(int(self._policy.stale_seconds * MILLISECONDS_PER_SECOND))
        for entry, total in stale:
            parameters = [
                stream,
                stream + MOVED_SUFFIX,
                group,
                entry.entry_id,
                least,
                str(entry.deliveries),
                str(total),
            ]
            await self._run_command("EVAL", APPEND_AGAIN_SCRIPT, "2", *parameters)
        consumers = await self.list_consumers(stream, group)
        await self._delete_silent_consumers(stream, group, consumers)
        return RedeliveryReport(buried, len(pending), min((consumer.idle for consumer in consumers), default=None))

    async def _read_pending_pages(self, stream: str, group: str) -> list[Pending]:
        """Read pending entries up to the limit of the scan."""
        entries: list[Pending] = []
        after = "-"
        for _ in range(PAGES):
            page = await self._read_pending(stream, group, PAGE, after=after)
            entries += page
            if len(page) < PAGE:
                break
            after = f"({page[-1].entry_id}"
        return entries

    async def read_reappended_entries(self, stream: str) -> Sequence[ReappendedEntry]:
        reply = list(map(_decode_text, await self._run_command("HGETALL", stream + MOVED_SUFFIX)))
        entries = []
        for entry_id, value in zip(reply[::2], reply[1::2], strict=True):
            previous_id, _, deliveries = value.partition("|")
            entries.append(ReappendedEntry(entry_id, previous_id, int(deliveries)))
        return sorted(entries, key=lambda each: compute_entry_sort_key(each.entry_id))

    async def forget_moved(self, stream: str, ids: Sequence[str]) -> None:
        if ids:
            await self._run_command("HDEL", stream + MOVED_SUFFIX, *ids)

    async def remove_foreign_consumers(
        self, stream: str, group: str, consumer: str
    ) -> tuple[Sequence[str], Sequence[Delivery]]:
        reply = await self._run_command(
            "EVAL", ANNOUNCE_SCRIPT, "1", stream + SERVERS_SUFFIX, consumer, str(SERVER_RETENTION_SECONDS)
        )
        # This server announced itself in the same script: it never takes its own consumer for a stranger.
        servers = set(map(_decode_text, reply))
        strangers = [each.name for each in await self.list_consumers(stream, group) if each.name not in servers]
        entries: list[Delivery] = []
        for name in strangers:
            while ids := [each.entry_id for each in await self._read_pending(stream, group, PAGE, consumer=name)]:
                claimed = await self._run_command("XCLAIM", stream, group, consumer, "0", *ids)
                entries += [_to_delivery(entry) for entry in claimed if entry is not None and entry[1] is not None]
            await self._run_command("EVAL", DELETE_IDLE_CONSUMER_SCRIPT, "1", stream, group, name)
        return strangers, entries

    async def last_delivered(self, stream: str, group: str) -> str:
        rows = await self._read_info("GROUPS", stream)
        ids = (_decode_text(row["last-delivered-id"]) for row in rows if _decode_text(row["name"]) == group)
        return next(ids, "0-0")

    async def fetch_entries(self, stream: str, ids: Sequence[str]) -> Sequence[Delivery]:
        replies = await asyncio.gather(*(self._run_command("XRANGE", stream, each, each) for each in ids))
        return [_to_delivery(entry) for entries in replies for entry in entries]

    async def _delete_silent_consumers(
        self, stream: str, group: str, consumers: Sequence[Consumer] | None = None
    ) -> list[str]:
        """Delete silent consumers without pending entries (Redis would delete those, too); return their names."""
        removed = []
        for consumer in await self.list_consumers(stream, group) if consumers is None else consumers:
            if consumer.idle >= self._policy.silent_seconds and not consumer.pending:
                deleted = await self._run_command(
                    "EVAL", DELETE_IDLE_CONSUMER_SCRIPT, "1", stream, group, consumer.name
                )
                removed += [consumer.name] if deleted else []
        return removed

    async def trim_stream(self, stream: str, length: int = 0) -> int:
        dropped = 0
        while True:
            excess = min(await self.count_entries(stream) - length, TRIM_BATCH)
            # Read again for each batch: a group may have been created or have read since.
            safe = await self._find_last_fully_acknowledged(stream)
            if excess <= 0:
                return dropped
            oldest = [
                _decode_text(entry[0])
                for entry in await self._run_command("XRANGE", stream, "-", "+", "COUNT", str(excess))
            ]
            expired_entries = [
                name for name in oldest if safe is None or compute_entry_sort_key(name) <= compute_entry_sort_key(safe)
            ]
            if not expired_entries:
                return dropped
            dropped += int(
                await self._run_command("XTRIM", stream, "MINID", "=", _compute_next_entry_id(expired_entries[-1]))
            )

    async def _find_last_fully_acknowledged(self, stream: str) -> str | None:
        """Find the last entry up to which every group has acknowledged; None if the stream has no groups."""
        ends = []
        for group in await self._read_info("GROUPS", stream):
            name, last = _decode_text(group["name"]), _decode_text(group["last-delivered-id"])
            first = await self._read_pending(stream, name, 1)
            ends.append(
                min(last, _compute_previous_entry_id(first[0].entry_id), key=compute_entry_sort_key) if first else last
            )
        return min(ends, key=compute_entry_sort_key) if ends else None

    # -- inspection ------------------------------------------------------------------------------

    async def list_pending(self, stream: str, group: str, *, count: int = 100) -> Sequence[Pending]:
        return await self._read_pending(stream, group, count)

    async def _read_pending(
        self,
        stream: str,
        group: str,
        count: int,
        *,
        idle: float | None = None,
        consumer: str | None = None,
        after: str = "-",
    ) -> list[Pending]:
        command = ["XPENDING", stream, group]
        if idle is not None:
            command += ["IDLE", str(int(idle * MILLISECONDS_PER_SECOND))]
        command += [after, "+", str(count), *([consumer] if consumer is not None else [])]
        return [
            Pending(
                _decode_text(entry),
                None if _decode_text(holder) == PARKED_GROUP else _decode_text(holder),
                since / MILLISECONDS_PER_SECOND,
                times,
            )
            for entry, holder, since, times in await self._run_command(*command)
        ]

    async def list_groups(self, stream: str) -> Sequence[Group]:
        groups = [
            Group(_decode_text(g["name"]), g["pending"], await self._read_lag(stream, g), g["consumers"])
            for g in await self._read_info("GROUPS", stream)
        ]
        return sorted(groups, key=lambda group: group.name)

    async def _read_lag(self, stream: str, group: dict[str, Any]) -> int:
        """Return the lag reported by the server; counted if it reports none (before Redis 7, or after deletions)."""
        reported = group.get("lag")
        if reported is not None:
            return int(reported)
        after = f"({_decode_text(group['last-delivered-id'])}"
        return len(await self._run_command("XRANGE", stream, after, "+", "COUNT", str(MAX_COUNTED_ENTRIES)))

    async def list_consumers(self, stream: str, group: str) -> Sequence[Consumer]:
        rows = await self._read_info("CONSUMERS", stream, group)
        state = [Consumer(_decode_text(c["name"]), c["pending"], c["idle"] / MILLISECONDS_PER_SECOND) for c in rows]
        return sorted((c for c in state if c.name != PARKED_GROUP), key=lambda consumer: consumer.name)

    async def set_owner(self, stream: str, owner: str) -> bool:
        return bool(
            await self._run_command(
                "EVAL",
                TAKE_OVER_STREAM_SCRIPT,
                "4",
                stream,
                stream + DEAD_LETTER_SUFFIX,
                OWNERS_KEY,
                stream + MOVED_SUFFIX,
                owner,
            )
        )

    async def find_existing(self, stream: str, ids: Sequence[str]) -> Collection[str]:
        valid_ids = list(filter(_is_entry_id, ids))
        replies = await asyncio.gather(*(self._run_command("XRANGE", stream, each, each) for each in valid_ids))
        return {each for each, entries in zip(valid_ids, replies, strict=True) if entries}

    async def count_entries(self, stream: str) -> int:
        return int(await self._run_command("XLEN", stream))

    async def _read_info(self, resource: str, stream: str, *more: str) -> list[dict[str, Any]]:
        try:
            rows = await self._link.execute("XINFO", resource, stream, *more)
        except Refused as error:
            if str(error).startswith(("ERR no such key", "NOGROUP")):
                return []
            raise build_command_error(error) from None
        return [{_decode_text(row[at]): row[at + 1] for at in range(0, len(row), 2)} for row in rows]

    # -- commands --------------------------------------------------------------------------------

    async def _run_command(self, *command: str) -> Any:
        return await _await_reply(self._link.execute(*command))

    async def _run_blocking(self, seconds: float, *command: str) -> Any:
        """Run a blocking command on a separate connection, because it would block all other commands."""
        if not self._link.connected:
            await self._run_command("PING")  # waits for the connection, or raises
        connection: Connection | None = None
        try:
            connection = self._take_idle_connection() or await Connection.open(self._address)
            self._busy.add(connection)
            async with asyncio.timeout(seconds + self._timeout):
                reply = await _await_reply(connection.send(*command))
        except (OSError, TimeoutError, Disconnected) as error:
            if connection is not None:
                connection.close()
            raise UpstreamUnavailable(
                f"Redis at {self._address} cannot be reached: {error or 'no answer'}.", retry_after=1
            ) from None
        except BaseException:
            if connection is not None:
                connection.close()  # a late reply must not be read as that of another command
            raise
        finally:
            if connection is not None:
                self._busy.discard(connection)
        # Only after a reply: a connection with an open command must not be used for another one.
        self._readers.append(connection)
        return reply

    def _take_idle_connection(self) -> Connection | None:
        """Take an idle connection for a blocking command, if there is one; lost ones are dropped."""
        while self._readers:
            if not (connection := self._readers.pop()).lost.is_set():
                return connection
        return None


async def _await_reply(reply: Awaitable[Any]) -> Any:
    """Await a reply. Raises NotFound if a group is missing, InternalError for other refusals."""
    try:
        return await reply
    except Refused as error:
        if str(error).startswith("NOGROUP"):
            raise NotFound("The stream has no such group.", fix="Create it by joining the stream.") from None
        raise build_command_error(error) from None


def _decode_text(value: Any) -> str:
    # Programs that speak only Redis may write bytes that are not UTF-8.
    return value.decode("utf-8", "surrogateescape") if isinstance(value, bytes) else str(value)


def _to_delivery(entry: Any) -> Delivery:
    name, values = entry
    texts = list(map(_decode_text, values or ()))
    return Delivery(_decode_text(name), dict(zip(texts[::2], texts[1::2], strict=True)))


def _is_entry_id(entry: str) -> bool:
    stamp, _, number = entry.partition("-")
    return stamp.isascii() and stamp.isdigit() and number.isascii() and number.isdigit() and len(entry) < 40


def _compute_next_entry_id(entry: str) -> str:
    stamp, number = compute_entry_sort_key(entry)
    return f"{stamp}-{number + 1}"


def _compute_previous_entry_id(entry: str) -> str:
    stamp, number = compute_entry_sort_key(entry)
    return f"{stamp}-{number - 1}" if number else f"{stamp - 1}-{2**64 - 1}"
