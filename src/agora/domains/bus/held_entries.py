"""Bounded buffer of inbound entries that are refused for now, fair between tenants and senders.

An entry without room stays unacknowledged on the stream, and is delivered again when it is stale.
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Iterable, Mapping, Sequence

from .engines.port import Delivery

__all__ = ["HeldEntries", "Sender"]

Sender = tuple[str, str]  #: tenant and subject of the entry's credential; its field ``sender`` is not trusted


class HeldEntries:
    """Entries by sender, in order. When full, the largest tenant's largest sender makes room for smaller ones.

    limit: entries, ``tenant_limit`` of one tenant, ``sender_limit`` of one sender.
    """

    def __init__(self, limit: int = 1000, tenant_limit: int = 500, sender_limit: int = 100) -> None:
        self._limit, self._tenant_limit, self._sender_limit = limit, tenant_limit, sender_limit
        self._entries: dict[Sender, deque[Delivery]] = {}

    def __len__(self) -> int:
        return sum(map(len, self._entries.values()))

    @property
    def ids(self) -> Sequence[str]:
        """Stream ids of the buffered entries."""
        return [each.entry_id for entries in self._entries.values() for each in entries]

    def take(self) -> Mapping[Sender, Sequence[Delivery]]:
        """Take all entries out of the buffer."""
        entries_by_sender, self._entries = self._entries, {}
        return {sender: tuple(entries) for sender, entries in entries_by_sender.items()}

    def keep(self, sender: Sender, deliveries: Iterable[Delivery]) -> None:
        """Add entries in order, as many as there is room for."""
        for delivery in deliveries:
            if not self._makes_room(sender):
                return
            self._entries.setdefault(sender, deque()).append(delivery)

    def _makes_room(self, sender: Sender) -> bool:
        """Whether one more entry fits; may drop the last entry of a larger sender."""
        own = len(self._entries.get(sender, ()))
        if own >= self._sender_limit:
            return False
        tenants: Counter[str] = Counter()
        for (tenant, _), entries in self._entries.items():
            tenants[tenant] += len(entries)
        if tenants[sender[0]] >= self._tenant_limit:
            return self._drop_from(sender[0], unless=own + 1)
        if tenants.total() < self._limit:
            return True
        largest, count = tenants.most_common(1)[0]
        return count > tenants[sender[0]] + 1 and self._drop_from(largest)

    def _drop_from(self, tenant: str, unless: int = 0) -> bool:
        """Drop the last entry of a tenant's largest sender, unless it has at most ``unless`` entries."""
        loudest = max((each for each in self._entries if each[0] == tenant), key=lambda each: len(self._entries[each]))
        if len(self._entries[loudest]) <= unless:
            return False
        self._entries[loudest].pop()
        if not self._entries[loudest]:
            del self._entries[loudest]
        return True
