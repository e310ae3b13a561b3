"""Positions of durable subscriptions, collected in memory and written periodically."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from functools import partial

from agora.store.port import Store, Tx

from . import queries as events

__all__ = ["Positions"]

log = logging.getLogger(__name__)


class Positions:
    """Acknowledged positions not written yet.

    Losing them costs a reader that resumes by subscription alone some repeated events, never a lost one.
    """

    def __init__(self) -> None:
        self._waiting: dict[str, dict[str, int]] = {}

    def advance_position(self, tenant: str, subscription_id: str, sequence: int) -> None:
        """Record that everything up to a sequence number was received. A position never decreases."""
        positions = self._waiting.setdefault(tenant, {})
        # Acknowledgements of two streams of one subscription may arrive in any order.
        positions[subscription_id] = max(sequence, positions.get(subscription_id, 0))

    def get_latest_position(self, tenant: str, subscription_id: str, stored: int) -> int:
        """Return the position to start from: the stored one, or a later one in memory."""
        return max(stored, self._waiting.get(tenant, {}).get(subscription_id, 0))

    async def flush_positions(self, store: Store) -> int:
        """Write changed positions and return their number. Failed writes are retried next time."""
        # Replaced before the first await: what is acknowledged during the writes belongs to the next flush.
        count, batches = 0, self._waiting
        self._waiting = {}
        for tenant, changed in batches.items():
            try:
                await store.write(tenant, partial(_write_positions, changed=changed), label="event.positions")
                count += len(changed)
            except Exception:
                log.warning("positions of %d subscriptions could not be written yet", len(changed), exc_info=True)
                for subscription_id, sequence in changed.items():
                    self.advance_position(tenant, subscription_id, sequence)
        return count


async def _write_positions(tx: Tx, changed: Mapping[str, int]) -> None:
    for subscription_id, sequence in changed.items():
        await tx.execute(events.advance_subscription, subscription_id=subscription_id, position=sequence)
