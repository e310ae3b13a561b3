"""Records of turns: rows of their table."""

from __future__ import annotations

from agora.store.port import Table
from agora.store.records import record

__all__ = ["TURNS", "TurnRow"]


@record
class TurnRow:
    """A row of ``coding_turns``."""

    tenant_id: str
    job_id: str
    number: int
    task_id: str
    codebase_id: str
    session_id: str
    context_id: str
    requester: str
    owner: str
    prompt: str
    commit_id: str
    messages: int
    files: str
    created_at: int


TURNS = Table("coding_turns", TurnRow)
