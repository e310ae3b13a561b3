"""SQL of codebases, sessions and their messages."""

from __future__ import annotations

from agora.store.port import Query, Write, in_list

from .records import CodebaseRow, MessageRow, SessionRow

__all__ = [
    "codebase_by_id",
    "codebase_by_path",
    "codebase_count",
    "delete_codebase",
    "delete_messages",
    "delete_sessions",
    "foreign_codebase",
    "list_codebases",
    "list_messages",
    "list_newest_messages",
    "list_sessions",
    "message_exists",
    "session_by_id",
    "session_for_update",
    "set_worker_capabilities",
    "update_codebase",
    "update_session",
    "upsert_message",
]

BIG = "bigint"

codebase_by_id = Query("select * from codebases where tenant_id = :tenant and codebase_id = :codebase_id", CodebaseRow)
codebase_by_path = Query(
    "select * from codebases where tenant_id = :tenant and worker_id = :worker_id and path = :path",
    CodebaseRow,
    lock=True,
)
_IDS, _IDS_POSTGRES = in_list("codebases")
_FOREIGN = "select * from codebases where tenant_id = :tenant and owner <> :owner and codebase_id {ids} limit 1"
foreign_codebase = Query(_FOREIGN.format(ids=_IDS), CodebaseRow, postgres=_FOREIGN.format(ids=_IDS_POSTGRES))
codebase_count = Query(
    "select count(*) as codebases from (select 1 from codebases where tenant_id = :tenant and worker_id = :worker_id limit :most) c",
    int,
    types={"most": BIG},
)
update_codebase = Write(
    """
    update codebases set name = :name, repository = :repository, description = :description, updated_at = :now
    where tenant_id = :tenant and codebase_id = :codebase_id
    """,
    types={"now": BIG},
)
list_codebases = Query(
    """
    select * from codebases where tenant_id = :tenant and codebase_id > :after
        and (:search = '' or lower(name) like :search escape '~' or lower(path) like :search escape '~'
            or lower(repository) like :search escape '~')
    order by codebase_id limit :limit
    """,
    CodebaseRow,
    types={"limit": BIG},
    scan=True,
)
delete_codebase = Write("delete from codebases where tenant_id = :tenant and codebase_id = :codebase_id")
delete_sessions = Write("delete from coding_sessions where tenant_id = :tenant and codebase_id = :codebase_id")
delete_messages = Write("delete from coding_messages where tenant_id = :tenant and codebase_id = :codebase_id")
set_worker_capabilities = Write(
    "update workers set capabilities = :capabilities where tenant_id = :tenant and worker_id = :worker_id"
)

_SESSION = """
    select * from coding_sessions
    where tenant_id = :tenant and codebase_id = :codebase_id and session_id = :session_id
"""
session_by_id = Query(_SESSION, SessionRow)
session_for_update = Query(_SESSION, SessionRow, lock=True)
update_session = Write(
    """
    update coding_sessions set agent = :agent, title = :title, context_id = :context_id, task_id = :task_id,
        requester = :requester, messages = :messages, updated_at = :updated_at
    where tenant_id = :tenant and codebase_id = :codebase_id and session_id = :session_id
    """,
    types={"messages": BIG, "updated_at": BIG},
)
list_sessions = Query(
    """
    select * from coding_sessions where tenant_id = :tenant and codebase_id = :codebase_id
        and (updated_at < :before or (updated_at = :before and session_id > :after))
        and (:reader = '' or requester = :reader)
        and (:search = '' or lower(title) like :search escape '~' or lower(session_id) like :search escape '~')
    order by updated_at desc, session_id limit :limit
    """,
    SessionRow,
    types={"before": BIG, "limit": BIG},
    scan=True,
)
message_exists = Query(
    """
    select number from coding_messages
    where tenant_id = :tenant and codebase_id = :codebase_id and session_id = :session_id and message_id = :message_id
    """,
    int,
)
upsert_message = Write(
    """
    insert into coding_messages (tenant_id, codebase_id, session_id, message_id, number, role, parts, created_at)
    values (:tenant, :codebase_id, :session_id, :message_id, :number, :role, :parts, :created_at)
    on conflict (tenant_id, codebase_id, session_id, message_id) do update set
        role = excluded.role, parts = excluded.parts
    """,
    types={"number": BIG, "created_at": BIG},
)
list_newest_messages = Query(
    """
    select * from coding_messages
    where tenant_id = :tenant and codebase_id = :codebase_id and session_id = :session_id and number < :after
    order by number desc limit :limit
    """,
    MessageRow,
    types={"after": BIG, "limit": BIG},
)
list_messages = Query(
    """
    select * from coding_messages
    where tenant_id = :tenant and codebase_id = :codebase_id and session_id = :session_id and number > :after
    order by number limit :limit
    """,
    MessageRow,
    types={"after": BIG, "limit": BIG},
)
