"""SQL of agents' presence. Each statement changes a bounded number of rows, so that other writers do not wait long."""

from __future__ import annotations

from agora.store.port import Query, Write, build_in_list_condition

from .records import AgentPresence

__all__ = [
    "lock_offline_agents",
    "lock_silent_agents",
    "select_consecutive_failures",
    "select_silent_agents",
    "update_consecutive_failures",
    "update_last_activity",
    "update_presence_state",
]

BIG = "bigint"

_IDS, _IDS_POSTGRES = build_in_list_condition("ids")

# seen: JSON array of [agent id, microseconds]. Grouped, so that the array is scanned and each agent looked up by id.
# Several servers write: an older time must not replace a newer one.
_UPDATE_LAST_ACTIVITY = """
    update agents set last_activity = s.at
    from (select {agent_id} as agent_id, max({at}) as at from {pairs} group by 1) as s
    where agents.tenant_id = :tenant and agents.agent_id = s.agent_id and agents.last_activity < s.at
"""
update_last_activity = Write(
    _UPDATE_LAST_ACTIVITY.format(
        agent_id="json_extract(value, '$[0]')", at="json_extract(value, '$[1]')", pairs="json_each(:seen)"
    ),
    postgres=_UPDATE_LAST_ACTIVITY.format(
        agent_id="p.pair->>0", at="(p.pair->>1)::bigint", pairs="json_array_elements(:seen::json) as p (pair)"
    ),
)
_SELECT_PRESENCE = """select agent_id, agent_name, status, visibility, last_activity, active_tasks, max_concurrent_tasks from agents
    where tenant_id = :tenant"""
_IS_SILENT = "status in ('active', 'busy', 'error') and last_activity < :before and status_since < :before"
lock_offline_agents = Query(
    f"{_SELECT_PRESENCE} and status = 'offline' and agent_id {_IDS} order by agent_id",
    AgentPresence,
    postgres=f"{_SELECT_PRESENCE} and status = 'offline' and agent_id {_IDS_POSTGRES} order by agent_id",
    lock=True,
)
# A change of status counts as activity: a resumed agent gets the full time to send a heartbeat.
select_silent_agents = Query(
    f"select agent_id from agents where tenant_id = :tenant and retired_at is null and {_IS_SILENT} limit :limit",
    str,
    types={"before": BIG, "limit": BIG},
    scan=True,
)
lock_silent_agents = Query(
    f"{_SELECT_PRESENCE} and {_IS_SILENT} and agent_id {_IDS} order by agent_id",
    AgentPresence,
    postgres=f"{_SELECT_PRESENCE} and {_IS_SILENT} and agent_id {_IDS_POSTGRES} order by agent_id",
    types={"before": BIG},
    lock=True,
)
update_presence_state = Write(
    """
    update agents set status = :status, status_since = :now,
        consecutive_failures = case when :status in ('active', 'busy') then 0 else consecutive_failures end,
        reachable_for = reachable_for + case
            when status in ('offline', 'inactive', 'suspended', 'retired') then 0 else :now - status_since end
    where tenant_id = :tenant and agent_id = :agent_id
    """,
    types={"now": BIG},
)
update_consecutive_failures = Write(
    """
    update agents set consecutive_failures = :failures where tenant_id = :tenant and agent_id = :agent_id
    """,
    types={"failures": BIG},
)
select_consecutive_failures = Query(
    "select consecutive_failures from agents where tenant_id = :tenant and agent_id = :agent_id and consecutive_failures > 0",
    int,
)
