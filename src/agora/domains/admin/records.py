"""Records of administration: what retention deletes."""

from __future__ import annotations

from agora.store.records import record

__all__ = ["ExpiredDeliveryRow"]


@record
class ExpiredDeliveryRow:
    """A delivery whose message is old enough to be deleted."""

    recipient: str
    message_id: str
