"""SQL of codebases, sessions and their messages."""

from __future__ import annotations

from agora.domains.tasks.records import TaskRow, WorkerRow
from agora.store.port import Query, Write, build_in_list_condition

from .records import CodebaseRow, JobSecretsRow, MessageRow, PlacedSessionRow, SessionRow, WorkerModels

__all__ = [
    "confirm_codebase",
    "count_codebases",
    "count_codebases_of_worker",
    "count_open_reviews",
    "count_sessions",
    "count_workers_online",
    "delete_codebase",
    "delete_ended_secrets",
    "delete_messages",
    "delete_sessions",
    "list_codebases",
    "list_messages",
    "list_newest_messages",
    "list_recent_sessions",
    "list_sessions",
    "lock_codebase",
    "lock_session",
    "lock_worker",
    "refuse_codebase",
    "select_codebase",
    "select_codebase_by_path",
    "select_codebases_by_name",
    "select_codebases_with_stand_ins",
    "select_codebases_without_worker",
    "select_foreign_codebase",
    "select_held_codebases",
    "select_job_secrets",
    "select_message_number",
    "select_models_online",
    "select_open_jobs",
    "select_secrets_of_ended_jobs",
    "select_session",
    "select_session_of_any_codebase",
    "select_unanswered_codebases",
    "select_workers_of_repository",
    "select_workers_to_ask",
    "update_codebase",
    "update_declined",
    "update_held_capabilities",
    "update_session",
    "update_stand_ins",
    "update_watch",
    "update_worker_capabilities",
    "upsert_message",
]

BIG = "bigint"

select_codebase = Query("select * from codebases where tenant_id = :tenant and codebase_id = :codebase_id", CodebaseRow)
select_codebases_by_name = Query(
    """
    select * from codebases where tenant_id = :tenant and name = :name and (:owner = '' or owner = :owner)
    order by codebase_id limit :limit
    """,
    CodebaseRow,
    types={"limit": "bigint"},
    scan=True,
)
lock_codebase = Query(
    "select * from codebases where tenant_id = :tenant and codebase_id = :codebase_id", CodebaseRow, lock=True
)
# Locked, so that two registrations of one path do not both insert.
select_codebase_by_path = Query(
    "select * from codebases where tenant_id = :tenant and worker_id = :worker_id and path = :path",
    CodebaseRow,
    lock=True,
)
_IDS, _IDS_POSTGRES = build_in_list_condition("codebases")
_CODEBASES_OF_OTHERS = (
    "select * from codebases where tenant_id = :tenant and owner <> :owner and codebase_id {ids} limit 1"
)
select_foreign_codebase = Query(
    _CODEBASES_OF_OTHERS.format(ids=_IDS), CodebaseRow, postgres=_CODEBASES_OF_OTHERS.format(ids=_IDS_POSTGRES)
)
count_codebases_of_worker = Query(
    "select count(*) as codebases from (select 1 from codebases where tenant_id = :tenant and worker_id = :worker_id limit :most) c",
    int,
    types={"most": BIG},
)
update_codebase = Write(
    """
    update codebases set name = :name, repository = :repository, description = :description,
        agent_config = :agent_config, updated_at = :now
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
update_worker_capabilities = Write(
    "update workers set capabilities = :capabilities where tenant_id = :tenant and worker_id = :worker_id"
)

#: watched codebases with a repository whose worker is gone
select_codebases_without_worker = Query(
    """
    select c.* from codebases c join workers w on w.tenant_id = c.tenant_id and w.worker_id = c.worker_id
    where c.tenant_id = :tenant and c.repository is not null and c.watching = 1 and c.codebase_id > :after
        and (w.retired_at is not null or w.last_seen < :seen_since)
    order by c.codebase_id limit :limit
    """,
    CodebaseRow,
    types={"seen_since": BIG, "limit": BIG},
    scan=True,
)
#: codebases with stand-ins although their worker is online
select_codebases_with_stand_ins = Query(
    """
    select c.* from codebases c join workers w on w.tenant_id = c.tenant_id and w.worker_id = c.worker_id
    where c.tenant_id = :tenant and c.stand_ins <> '[]' and w.retired_at is null and w.last_seen >= :seen_since
    order by c.codebase_id limit :limit
    """,
    CodebaseRow,
    types={"seen_since": BIG, "limit": BIG},
    scan=True,
)
#: online workers with a repository, of the owner of a codebase, or of agents of the same account and registrar: a
#: worker declares its repository itself, so strangers must not receive jobs by declaring it
select_workers_of_repository = Query(
    """
    select distinct w.* from codebases c join workers w on w.tenant_id = c.tenant_id and w.worker_id = c.worker_id
    where c.tenant_id = :tenant and c.repository = :repository and w.retired_at is null and w.draining_at is null
        and w.last_seen >= :seen_since and (w.owner = :owner or exists (
            select 1 from agents mine join agents theirs on theirs.tenant_id = mine.tenant_id
                and theirs.account_id = mine.account_id and coalesce(theirs.registrar, '') = coalesce(mine.registrar, '')
            where mine.tenant_id = :tenant and mine.agent_id = :owner and theirs.agent_id = w.owner))
    order by w.worker_id limit :limit
    """,
    WorkerRow,
    types={"seen_since": BIG, "limit": BIG},
    scan=True,
)
update_stand_ins = Write(
    "update codebases set stand_ins = :stand_ins where tenant_id = :tenant and codebase_id = :codebase_id"
)

_SELECT_SESSION = """
    select * from coding_sessions
    where tenant_id = :tenant and codebase_id = :codebase_id and session_id = :session_id
"""
select_session = Query(_SELECT_SESSION, SessionRow)
lock_session = Query(_SELECT_SESSION, SessionRow, lock=True)
update_session = Write(
    """
    update coding_sessions set agent = :agent, title = :title, context_id = :context_id, task_id = :task_id,
        requester = :requester, messages = :messages, updated_at = :updated_at, directory = :directory
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
select_message_number = Query(
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

#: unfinished jobs of a codebase, newest first: by its id, or by its name at its worker. viewer: '' sees all
select_open_jobs = Query(
    """
    select * from tasks where tenant_id = :tenant and completed_at is null and task_type = 'coding.job'
        and (lower(requirements) like :by_id escape '~'
            or (worker = :worker_id and lower(requirements) like :by_name escape '~'))
        and (:viewer = '' or created_by = :viewer or assigned_agent = :viewer or holder = :viewer)
    order by task_id desc limit :limit
    """,
    TaskRow,
    types={"limit": BIG},
    scan=True,
)
update_watch = Write(
    """
    update codebases set watching = :watching, watch_interval = :watch_interval, review_limit = :review_limit
    where tenant_id = :tenant and codebase_id = :codebase_id
    """,
    types={"watching": BIG, "watch_interval": BIG, "review_limit": BIG},
)
_OPEN_REVIEWS = """
    select count(*) as reviews from coding_reviews r
    where r.tenant_id = :tenant and r.codebase_id = {codebase_id} and r.state = 'open'
"""
count_open_reviews = Query(_OPEN_REVIEWS.format(codebase_id=":codebase_id"), int)
#: codebases of a worker whose queued jobs are held: not watched, or their limit of open reviews is reached
select_held_codebases = Query(
    f"""
    select * from codebases c where c.tenant_id = :tenant and c.worker_id = :worker_id
        and (c.watching = 0
            or (c.review_limit > 0 and c.review_limit <= ({_OPEN_REVIEWS.format(codebase_id="c.codebase_id")})))
    order by c.codebase_id
    """,
    CodebaseRow,
)
lock_worker = Query("select * from workers where tenant_id = :tenant and worker_id = :worker_id", WorkerRow, lock=True)
update_held_capabilities = Write("update workers set held = :held where tenant_id = :tenant and worker_id = :worker_id")

_IS_READABLE = "(:reader = '' or s.requester = :reader or c.owner = :reader)"
_SELECT_SESSION_SUMMARIES = f"""
    select s.codebase_id, s.session_id, s.agent, s.title, s.context_id, s.task_id, s.messages, s.created_at, s.updated_at,
        s.directory, c.worker_id, c.path
    from coding_sessions s join codebases c on c.tenant_id = s.tenant_id and c.codebase_id = s.codebase_id
    where s.tenant_id = :tenant and {_IS_READABLE} and (:codebase_id = '' or s.codebase_id = :codebase_id)
"""
#: sessions of all codebases, the latest first. reader: '' reads all
list_recent_sessions = Query(
    _SELECT_SESSION_SUMMARIES
    + """
        and (s.updated_at < :before or (s.updated_at = :before and (s.codebase_id, s.session_id) > (:after_codebase, :after)))
        and (:search = '' or lower(s.title) like :search escape '~' or lower(s.session_id) like :search escape '~'
            or lower(s.directory) like :search escape '~')
    order by s.updated_at desc, s.codebase_id, s.session_id limit :limit
    """,
    PlacedSessionRow,
    types={"before": BIG, "limit": BIG},
    scan=True,
)
select_session_of_any_codebase = Query(
    _SELECT_SESSION_SUMMARIES + " and s.session_id = :session_id order by s.updated_at desc, s.codebase_id limit 1",
    PlacedSessionRow,
    scan=True,
)
count_sessions = Query(
    f"""
    select count(*) as sessions from (
        select 1 from coding_sessions s join codebases c on c.tenant_id = s.tenant_id and c.codebase_id = s.codebase_id
        where s.tenant_id = :tenant and {_IS_READABLE} limit :most) as counted
    """,
    int,
    types={"most": BIG},
    scan=True,
)
count_codebases = Query(
    "select count(*) as codebases from (select 1 from codebases where tenant_id = :tenant limit :most) as counted",
    int,
    types={"most": BIG},
)
count_workers_online = Query(
    """
    select count(*) as workers from workers w where w.tenant_id = :tenant and w.retired_at is null
        and w.last_seen >= :seen_since and exists (
            select 1 from codebases c where c.tenant_id = :tenant and c.worker_id = w.worker_id)
    """,
    int,
    types={"seen_since": BIG},
    scan=True,
)
select_models_online = Query(
    """
    select worker_id, models, metadata from workers where tenant_id = :tenant and retired_at is null
        and last_seen >= :seen_since and models <> '[]' and worker_id > :after order by worker_id limit :limit
    """,
    WorkerModels,
    types={"seen_since": BIG, "limit": BIG},
    scan=True,
)

#: of ended or deleted jobs
_OF_ENDED_JOBS = """tenant_id = :tenant and not exists (select 1 from tasks t where t.tenant_id = :tenant
    and t.task_id = coding_job_secrets.task_id and t.completed_at is null)"""
select_job_secrets = Query(
    "select * from coding_job_secrets where tenant_id = :tenant and task_id = :task_id", JobSecretsRow
)
select_secrets_of_ended_jobs = Query(
    f"select task_id from coding_job_secrets where {_OF_ENDED_JOBS} limit 1", str, scan=True
)
delete_ended_secrets = Write(f"delete from coding_job_secrets where {_OF_ENDED_JOBS}")

#: online workers that take codebases, the last seen first, because a killed worker is not seen again. The caller
#: filters out those that have declined. ~ escapes the underscores, each of which would match any character
select_workers_to_ask = Query(
    """
    select * from workers where tenant_id = :tenant and retired_at is null and draining_at is null
        and last_seen >= :seen_since and capabilities like '%"codebase:~_~_pending~_~_"%' escape '~'
    order by last_seen desc, worker_id limit :limit
    """,
    WorkerRow,
    types={"seen_since": BIG, "limit": BIG},
    scan=True,
)
#: codebases whose question has ended without an answer, or waits for workers of which none was seen recently
select_unanswered_codebases = Query(
    """
    select c.* from codebases c left join tasks t on t.tenant_id = c.tenant_id and t.task_id = c.registration_task
    where c.tenant_id = :tenant and c.state = 'pending' and c.codebase_id > :after
        and (t.task_id is null or t.completed_at is not null or (t.holder is null and not exists (
            select 1 from workers w where w.tenant_id = c.tenant_id and w.retired_at is null and w.draining_at is null
                and w.last_seen >= :seen_since and w.capabilities like '%"codebase:~_~_pending~_~_"%' escape '~'
                and (t.assignee is null or t.assignee = 'worker:' || w.worker_id))))
    order by c.codebase_id limit :limit
    """,
    CodebaseRow,
    types={"seen_since": BIG, "limit": BIG},
    scan=True,
)
confirm_codebase = Write(
    """
    update codebases set worker_id = :worker_id, owner = :owner, path = :path, repository = :repository, state = 'ready',
        problem = null, registration_task = null, sealed_token = null, updated_at = :now
    where tenant_id = :tenant and codebase_id = :codebase_id
    """,
    types={"now": BIG},
)
refuse_codebase = Write(
    """
    update codebases set state = 'refused', problem = :problem, registration_task = null, sealed_token = null,
        declined = :declined, updated_at = :now
    where tenant_id = :tenant and codebase_id = :codebase_id
    """,
    types={"now": BIG},
)
update_declined = Write(
    """
    update codebases set declined = :declined, problem = :problem
    where tenant_id = :tenant and codebase_id = :codebase_id
    """
)
