"""Queries of users of identity providers, their browser sessions, and ended logins."""

from __future__ import annotations

from agora.store.port import Query, Write

from .records import UserRow, UserSessionRow, UserStandingRow

__all__ = [
    "count_open_tasks",
    "delete_expired_sessions",
    "delete_old_ended_logins",
    "end_session",
    "insert_ended_login",
    "insert_first_use",
    "lease_session_renewal",
    "list_users",
    "lock_session",
    "lock_user",
    "release_session_renewal",
    "select_any_ended_login",
    "select_ended_login",
    "select_session",
    "select_user",
    "select_user_status",
    "store_renewed_session",
    "update_user",
    "upsert_user",
]

BIG = "bigint"


# -- people ------------------------------------------------------------------------------------

select_user_status = Query(
    "select role, concurrency_limit, daily_job_limit, disabled_at from users where tenant_id = :tenant and user_id = :user_id",
    UserStandingRow,
)
_USER = "select * from users where tenant_id = :tenant and user_id = :user_id"
select_user = Query(_USER, UserRow)
lock_user = Query(_USER, UserRow, lock=True)
list_users = Query(
    """
    select * from users where tenant_id = :tenant and (username > :username or (username = :username and user_id > :after))
    order by username, user_id limit :limit
    """,
    UserRow,
    types={"limit": BIG},
)
# Several servers write sightings in any order: an older one changes nothing.
upsert_user = Write(
    """
    insert into users (tenant_id, user_id, issuer, subject, username, email, name, roles, provider_role,
        first_seen, last_seen, updated_at)
    values (:tenant, :user_id, :issuer, :subject, :username, :email, :name, :roles, :provider_role, :at, :at, :at)
    on conflict (tenant_id, user_id) do update set username = excluded.username, email = excluded.email,
        name = excluded.name, roles = excluded.roles, provider_role = excluded.provider_role, last_seen = excluded.last_seen
    where users.last_seen <= excluded.last_seen
    """,
    types={"at": BIG},
)
update_user = Write(
    """
    update users set role = :role, concurrency_limit = :concurrency_limit, daily_job_limit = :daily_job_limit,
        disabled_at = :disabled_at, updated_at = :now
    where tenant_id = :tenant and user_id = :user_id
    """,
    types={"concurrency_limit": BIG, "daily_job_limit": BIG, "disabled_at": BIG, "now": BIG},
)
# Repeats the condition of a partial index, which neither planner would use otherwise. A backtick follows the
# underscore.
count_open_tasks = Query(
    """
    select count(*) as tasks from (
        select 1 from tasks where tenant_id = :tenant and created_by = :user_id and completed_at is null
            and created_by >= 'usr_' and created_by < 'usr`' limit :limit
    ) as found
    """,
    int,
    types={"limit": BIG},
)

increment_daily_jobs = Write(
    """
    insert into user_daily_jobs (tenant_id, user_id, day, jobs) values (:tenant, :user_id, :day, 1)
    on conflict (tenant_id, user_id) do update set
        jobs = case when user_daily_jobs.day = excluded.day then user_daily_jobs.jobs + 1 else 1 end, day = excluded.day
    where user_daily_jobs.day <> excluded.day or user_daily_jobs.jobs < :most
    """,
    types={"day": BIG, "most": BIG},
)
select_daily_jobs = Query(
    "select jobs from user_daily_jobs where tenant_id = :tenant and user_id = :user_id and day = :day",
    int,
    types={"day": BIG},
)

# -- sessions ----------------------------------------------------------------------------------

_SESSION = "select * from user_sessions where tenant_id = :tenant and session_id = :session_id"
select_session = Query(_SESSION, UserSessionRow)
lock_session = Query(_SESSION, UserSessionRow, lock=True)
lease_session_renewal = Write(
    "update user_sessions set renewing_until = :until where tenant_id = :tenant and session_id = :session_id",
    types={"until": BIG},
)
# Not of an ended session: a logout during the renewal wins, and the session must not come back to life.
store_renewed_session = Write(
    """
    update user_sessions set person = :person, secrets = :secrets, fresh_until = :fresh_until, renewing_until = 0
    where tenant_id = :tenant and session_id = :session_id and ended_at is null
    """,
    types={"secrets": "bytea", "fresh_until": BIG},
)
release_session_renewal = Write(
    "update user_sessions set renewing_until = 0 where tenant_id = :tenant and session_id = :session_id",
)
end_session = Write(
    """
    update user_sessions set ended_at = :now
    where tenant_id = :tenant and session_id = :session_id and ended_at is null
    """,
    types={"now": BIG},
)
delete_expired_sessions = Write(
    """
    delete from user_sessions where tenant_id = :tenant and session_id in (
        select session_id from user_sessions where tenant_id = :tenant and expires_at < :before
        order by expires_at limit :limit
    )
    """,
    types={"before": BIG, "limit": BIG},
)

# -- what has ended ----------------------------------------------------------------------------

# Of a session or user at the provider, only tokens issued until then: a user who signs in again has a newer
# one. A session may go by two names, in the access token and in the ID token.
select_any_ended_login = Query(
    """
    select login from ended_logins
    where tenant_id = :tenant
        and (login = :token or (login in (:session, :alias, :person) and ended_at >= :issued_at)) limit 1
    """,
    str,
    types={"issued_at": BIG},
)
select_ended_login = Query("select login from ended_logins where tenant_id = :tenant and login = :login", str)
insert_ended_login = Write(
    """
    insert into ended_logins (tenant_id, login, ended_at, forget_at) values (:tenant, :login, :now, :forget_at)
    on conflict (tenant_id, login) do update set
        ended_at = case when ended_logins.ended_at < excluded.ended_at then excluded.ended_at else ended_logins.ended_at end,
        forget_at = case when ended_logins.forget_at < excluded.forget_at
            then excluded.forget_at else ended_logins.forget_at end
    """,
    types={"now": BIG, "forget_at": BIG},
)
# Changes a row for the first call and none for a repetition, so the count tells whether it is the first.
insert_first_use = Write(
    """
    insert into ended_logins (tenant_id, login, ended_at, forget_at) values (:tenant, :login, :now, :forget_at)
    on conflict (tenant_id, login) do nothing
    """,
    types={"now": BIG, "forget_at": BIG},
)
delete_old_ended_logins = Write(
    """
    delete from ended_logins where tenant_id = :tenant and login in (
        select login from ended_logins where tenant_id = :tenant and forget_at < :before order by forget_at limit :limit
    )
    """,
    types={"before": BIG, "limit": BIG},
)
