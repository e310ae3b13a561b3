"""Records of follow-ups: rows of their tables."""

from __future__ import annotations

from agora.store.port import Table
from agora.store.records import record

__all__ = ["FOLLOW_UPS", "ClosedJobRow", "FollowUpRow"]


@record
class FollowUpRow:
    """A row of ``coding_follow_ups``."""

    tenant_id: str
    follow_up_id: str
    task_id: str
    number: int
    mode: str
    text: str
    author: str
    created_at: int
    updated_at: int
    taken: int | None


FOLLOW_UPS = Table("coding_follow_ups", FollowUpRow)


@record
class ClosedJobRow:
    """A row of ``coding_closed_jobs``."""

    tenant_id: str
    task_id: str
    successor: str | None
    closed_at: int
