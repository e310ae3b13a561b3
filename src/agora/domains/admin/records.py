"""Records of administration: rows that retention deletes."""

from __future__ import annotations

from agora.store.records import record

__all__ = ["ExpiredDeliveryRow"]


@record
class ExpiredDeliveryRow:
    """A delivery whose message is past the retention period."""

    recipient: str
    message_id: str
