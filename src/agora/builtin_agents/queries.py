"""Queries about built-in and remote agents: retired registrations, and checkpoints of earlier tasks."""

from __future__ import annotations

from agora.domains.tasks.list_queries import IN_CONTEXT
from agora.store.port import Query

__all__ = ["select_conversation_checkpoint", "select_referenced_checkpoints", "select_retired_agent"]

#: whether an agent of this name and account was deregistered
select_retired_agent = Query(
    """
    select 1 as gone from agents
    where tenant_id = :tenant and agent_name = :name and account_id = :account and retired_at is not null limit 1
    """,
    int,
    scan=True,
)
_KEPT = "assigned_agent = :agent_id and created_by = :requester and checkpoint is not null"
#: the newest task with a checkpoint of a conversation between an agent and a requester
select_conversation_checkpoint = Query(
    f"select checkpoint from tasks where tenant_id = :tenant and {IN_CONTEXT} and {_KEPT} order by task_id desc limit 1",
    str,
)
_REFERRED = f"select checkpoint from tasks where tenant_id = :tenant and {_KEPT} and task_id"
select_referenced_checkpoints = Query(
    f"{_REFERRED} in (select value from json_each(:ids))",
    str,
    postgres=f"{_REFERRED} = any(array(select json_array_elements_text(:ids::json)))",
)
