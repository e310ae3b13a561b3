"""Bounded buffer of temporarily refused inbound entries, fair between tenants and senders.

For an entry without room only the id is kept, and the entry is fetched from the stream later. An entry beyond the limit
of ids stays unacknowledged on the stream, and is delivered again when it is stale.
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Iterable, Mapping, Sequence

from .engines.port import Delivery

__all__ = ["HeldEntries", "Sender"]

Sender = tuple[str, str]  #: tenant and subject of the entry's credential; its field ``sender`` is not trusted


class HeldEntries:
    """Entries by sender, in order. When full, the largest sender of the largest tenant makes room for smaller ones.

    limit: entries; ``tenant_limit`` per tenant, ``sender_limit`` per sender. id_limit: ids of further entries.
    """

    def __init__(
        self, limit: int = 1000, tenant_limit: int = 500, sender_limit: int = 100, id_limit: int = 100_000
    ) -> None:
        self._limit, self._tenant_limit, self._sender_limit = limit, tenant_limit, sender_limit
        self._id_limit = id_limit
        self._entries: dict[Sender, deque[Delivery]] = {}
        self._deferred: dict[Sender, deque[str]] = {}  # ids that follow the buffered entries of their sender

    def __len__(self) -> int:
        return sum(map(len, self._entries.values()))

    def __bool__(self) -> bool:
        return bool(self._entries or self._deferred)

    @property
    def entry_ids(self) -> Sequence[str]:
        """Stream ids of the buffered and deferred entries."""
        buffered_ids = [each.entry_id for entries in self._entries.values() for each in entries]
        return [*buffered_ids, *(each for ids in self._deferred.values() for each in ids)]

    def take_deferred_ids(self) -> Mapping[Sender, Sequence[str]]:
        """Take deferred ids out of the buffer: of each sender as many as it may hold entries."""
        batch: dict[Sender, list[str]] = {}
        for sender, ids in list(self._deferred.items()):
            room = self._sender_limit - len(self._entries.get(sender, ()))
            batch[sender] = [ids.popleft() for _ in range(min(room, len(ids)))]
            if not ids:
                del self._deferred[sender]
        return batch

    def return_deferred_ids(self, deferred: Mapping[Sender, Sequence[str]]) -> None:
        """Return taken ids to the front."""
        for sender, ids in deferred.items():
            self._add_deferred_ids(sender, ids, first=True)

    def defer_if_sender_has_deferred(self, sender: Sender, entry_id: str) -> bool:
        """Defer an entry if earlier ones of its sender are deferred. Returns whether they are."""
        if sender not in self._deferred:
            return False
        self._add_deferred_ids(sender, [entry_id])
        return True

    def _add_deferred_ids(self, sender: Sender, ids: Sequence[str], *, first: bool = False) -> None:
        # Beyond it, the id is forgotten; the entry is pending in Redis and is recovered when stale.
        room = self._id_limit - sum(map(len, self._deferred.values()))
        if accepted := ids[: max(room, 0)]:
            deferred_entries = self._deferred.setdefault(sender, deque())
            deferred_entries.extendleft(reversed(accepted)) if first else deferred_entries.extend(accepted)

    def take_all_entries(self) -> Mapping[Sender, Sequence[Delivery]]:
        """Take all entries out of the buffer."""
        entries_by_sender, self._entries = self._entries, {}
        return {sender: tuple(entries) for sender, entries in entries_by_sender.items()}

    def add_or_defer_entries(self, sender: Sender, deliveries: Iterable[Delivery]) -> None:
        """Add entries in order, before the deferred ones, as many as there is room for."""
        entries = list(deliveries)
        for at, delivery in enumerate(entries):
            if not self._make_room(sender):
                self._add_deferred_ids(sender, [each.entry_id for each in entries[at:]], first=True)
                return
            self._entries.setdefault(sender, deque()).append(delivery)

    def _make_room(self, sender: Sender) -> bool:
        """Make room for another entry; may drop the last entry of a larger sender. Returns whether it fits."""
        sender_count = len(self._entries.get(sender, ()))
        if sender_count >= self._sender_limit:
            return False
        tenants: Counter[str] = Counter()
        for (tenant, _), entries in self._entries.items():
            tenants[tenant] += len(entries)
        if tenants[sender[0]] >= self._tenant_limit:
            return self._defer_last_entry_of_largest_sender(sender[0], only_above=sender_count + 1)
        if tenants.total() < self._limit:
            return True
        largest, count = tenants.most_common(1)[0]
        return count > tenants[sender[0]] + 1 and self._defer_last_entry_of_largest_sender(largest)

    def _defer_last_entry_of_largest_sender(self, tenant: str, only_above: int = 0) -> bool:
        """Drop the last entry of a tenant's largest sender, unless it has at most ``only_above`` entries."""
        loudest = max((each for each in self._entries if each[0] == tenant), key=lambda each: len(self._entries[each]))
        if len(self._entries[loudest]) <= only_above:
            return False
        self._add_deferred_ids(loudest, [self._entries[loudest].pop().entry_id], first=True)
        if not self._entries[loudest]:
            del self._entries[loudest]
        return True
