"""Queries of client sessions and their watched resources."""

from __future__ import annotations

from agora.store.port import Query, Write, build_in_list_condition

from .records import LiveSession, WatchedResourceRow

__all__ = [
    "SESSION_DELETES",
    "count_watches",
    "delete_session",
    "delete_watch",
    "delete_watches",
    "extend_session",
    "insert_session_if_missing",
    "insert_watch",
    "lock_live_session",
    "select_expired_sessions",
    "select_live_session",
    "select_surplus_sessions",
    "select_watched_resources",
    "update_session_toolsets",
]

BIG = "bigint"


_BY_SESSION = "tenant_id = :tenant and session = :session and kind = :kind and subject = :subject"
_SELECT_SESSION = f"select client, expires_at, toolsets from client_sessions where {_BY_SESSION} and expires_at > :now"
select_live_session = Query(_SELECT_SESSION, LiveSession, types={"now": BIG})
lock_live_session = Query(_SELECT_SESSION, LiveSession, types={"now": BIG}, lock=True)
# The excess sessions of one caller: those that expire first.
select_surplus_sessions = Query(
    """
    select session from client_sessions where tenant_id = :tenant and kind = :kind and subject = :subject
    order by expires_at desc, session limit 10 offset :most
    """,
    str,
    types={"most": BIG},
)
extend_session = Write(
    f"update client_sessions set expires_at = :until where {_BY_SESSION} and expires_at > :now",
    types={"until": BIG, "now": BIG},
)
delete_session = Write(f"delete from client_sessions where {_BY_SESSION}")
update_session_toolsets = Write(
    f"update client_sessions set toolsets = :toolsets, expires_at = :until where {_BY_SESSION}", types={"until": BIG}
)
# For a client without a handshake: its session begins with its first stored state.
insert_session_if_missing = Write(
    """
    insert into client_sessions (tenant_id, session, kind, subject, client, created_at, expires_at)
    values (:tenant, :session, :kind, :subject, :client, :now, :until)
    on conflict (tenant_id, session) do nothing
    """,
    types={"now": BIG, "until": BIG},
)

# -- watched resources -------------------------------------------------------------------------

select_watched_resources = Query(
    "select uri, named from client_watches where tenant_id = :tenant and session = :session order by uri",
    WatchedResourceRow,
)
count_watches = Query(
    "select count(*) as number from client_watches where tenant_id = :tenant and session = :session", int
)
insert_watch = Write(
    """
    insert into client_watches (tenant_id, session, uri, named) values (:tenant, :session, :uri, :named)
    on conflict (tenant_id, session, uri) do nothing
    """
)
delete_watches = Write("delete from client_watches where tenant_id = :tenant and session = :session")
delete_watch = Write("delete from client_watches where tenant_id = :tenant and session = :session and uri = :uri")

# -- expired sessions --------------------------------------------------------------------------

select_expired_sessions = Query(
    "select session from client_sessions where tenant_id = :tenant and expires_at < :before order by expires_at limit :limit",
    str,
    types={"before": BIG, "limit": BIG},
)
_IDS, _IDS_POSTGRES = build_in_list_condition("ids")
SESSION_DELETES = tuple(
    Write(text + _IDS, postgres=text + _IDS_POSTGRES)
    for text in (
        "delete from client_watches where tenant_id = :tenant and session ",
        "delete from client_sessions where tenant_id = :tenant and session ",
    )
)
