"""SQL of transcripts: searching messages and deleting sessions."""

from __future__ import annotations

from functools import cache

from agora.store.port import Query, Write

from .records import OldSession, TranscriptRow

__all__ = [
    "MAX_WORDS",
    "build_message_search_query",
    "delete_session",
    "delete_session_messages",
    "select_old_sessions",
]

BIG = "bigint"
MAX_WORDS = 8  #: maximum number of words of a search


@cache
def build_message_search_query(words: int) -> Query[TranscriptRow]:
    """Build the query for messages that contain a number of words, the latest first. reader: '' reads all."""
    # No full-text index: both engines would need their own, and transcripts are searched seldom.
    conditions = " ".join(f"and lower(m.parts) like :word{number} escape '~'" for number in range(words))
    return Query(
        f"""
        select m.codebase_id, m.session_id, s.title, m.message_id, m.number, m.role, m.parts, m.created_at
        from coding_messages m
        join coding_sessions s on s.tenant_id = m.tenant_id and s.codebase_id = m.codebase_id and s.session_id = m.session_id
        join codebases c on c.tenant_id = m.tenant_id and c.codebase_id = m.codebase_id
        where m.tenant_id = :tenant and (:reader = '' or s.requester = :reader or c.owner = :reader)
            and (:codebase_id = '' or m.codebase_id = :codebase_id)
            and (m.created_at < :before or (m.created_at = :before and m.message_id > :after)) {conditions}
        order by m.created_at desc, m.message_id limit :limit
        """,
        TranscriptRow,
        types={"before": BIG, "limit": BIG},
        scan=True,
    )


delete_session_messages = Write(
    "delete from coding_messages where tenant_id = :tenant and codebase_id = :codebase_id and session_id = :session_id"
)
delete_session = Write(
    "delete from coding_sessions where tenant_id = :tenant and codebase_id = :codebase_id and session_id = :session_id"
)
select_old_sessions = Query(
    """
    select codebase_id, session_id from coding_sessions where tenant_id = :tenant and updated_at < :before
    order by updated_at limit :limit
    """,
    OldSession,
    types={"before": BIG, "limit": BIG},
)
