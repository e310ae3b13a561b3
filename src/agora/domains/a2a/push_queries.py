"""Queries of the push outbox: due configurations, leases, positions, dead letters."""

from __future__ import annotations

from agora.store.port import Query, Write

from .records import ActivePushConfig, PushConfigCount, PushConfigKey, PushConfigRow

__all__ = [
    "claim_config",
    "count_configs",
    "mark_config_dead",
    "postpone_config",
    "reactivate_config",
    "release_config_leases",
    "select_active_configs",
    "select_config_state",
    "select_dead_configs",
    "select_due_configs",
    "update_config_position",
]

BIG = "bigint"
_BY_KEY = "tenant_id = :tenant and task_id = :task_id and config_id = :config_id"
_WHERE_LEASE_HELD = f"where {_BY_KEY} and fence = :fence and state = 'active'"

select_active_configs = Query(
    """
    select task_id, config_id, due_at from a2a_push_configs
    where tenant_id = :tenant and state = 'active' and (task_id, config_id) > (:task_id, :config_id)
    order by task_id, config_id limit :limit
    """,
    ActivePushConfig,
    types={"limit": BIG},
    scan=True,
)
#: Configurations whose task has advanced or ended. 2 * entries + 1 is views.compute_stream_position; also if nothing is
#: left to post, because the end has to be recorded as done.
select_due_configs = Query(
    """
    select c.task_id, c.config_id from a2a_push_configs c
    join tasks t on t.tenant_id = c.tenant_id and t.task_id = c.task_id
    where c.tenant_id = :tenant and c.state = 'active' and c.due_at <= :now and c.lease_until <= :now
        and (2 * t.entries + 1 > c.position or t.completed_at is not null)
    order by c.due_at limit :limit
    """,
    PushConfigKey,
    types={"now": BIG, "limit": BIG},
    scan=True,
)
# Each claim has a new fence: writes of a server that was stopped for longer than its lease have no effect.
claim_config = Write(
    f"""
    update a2a_push_configs set lease_until = :until, fence = fence + 1
    where {_BY_KEY} and state = 'active' and lease_until <= :now and due_at <= :now returning *
    """,
    PushConfigRow,
    types={"until": BIG, "now": BIG},
)
#: Record a delivered item. state: done after the last one.
update_config_position = Write(
    f"""
    update a2a_push_configs set position = :position, state = :state, lease_until = :until, attempts = 0, due_at = 0,
        error = null, updated_at = :now {_WHERE_LEASE_HELD}
    """,
    types={"position": BIG, "until": BIG, "fence": BIG, "now": BIG},
)
postpone_config = Write(
    f"""
    update a2a_push_configs set attempts = :attempts, due_at = :due_at, error = :error, lease_until = 0,
        updated_at = :now {_WHERE_LEASE_HELD}
    """,
    types={"attempts": BIG, "due_at": BIG, "fence": BIG, "now": BIG},
)
mark_config_dead = Write(
    f"""
    update a2a_push_configs set state = 'dead', attempts = :attempts, error = :error, lease_until = 0,
        updated_at = :now {_WHERE_LEASE_HELD} returning *
    """,
    PushConfigRow,
    types={"attempts": BIG, "fence": BIG, "now": BIG},
)
# With a new fence, in case the worker that gave it up has not finished.
reactivate_config = Write(
    f"""
    update a2a_push_configs set state = 'active', attempts = 0, due_at = 0, lease_until = 0, fence = fence + 1,
        updated_at = :now where {_BY_KEY} and state = 'dead'
    """,
    types={"now": BIG},
)
select_dead_configs = Query(
    """
    select * from a2a_push_configs
    where tenant_id = :tenant and state = 'dead' and (owner = :owner or :everyone = 1)
        and (task_id, config_id) > (:task_id, :config_id)
    order by task_id, config_id limit :limit
    """,
    PushConfigRow,
    types={"everyone": BIG, "limit": BIG},
)
count_configs = Query(
    """
    select state, case when attempts > 0 then 1 else 0 end as failing, count(*) as configs from a2a_push_configs
    where tenant_id = :tenant and state in ('active', 'dead') group by 1, 2
    """,
    PushConfigCount,
    scan=True,
)
select_config_state = Query(f"select state from a2a_push_configs where {_BY_KEY}", str)
#: used by the single server that owns the store
release_config_leases = Write(
    "update a2a_push_configs set lease_until = 0 where tenant_id = :tenant and lease_until > 0"
)
