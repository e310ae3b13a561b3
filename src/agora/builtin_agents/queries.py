"""Queries about built-in and remote agents: retired registrations, and checkpoints of earlier tasks."""

from __future__ import annotations

from agora.domains.tasks.list_queries import IS_IN_CONTEXT
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
_CHECKPOINTS_OF_REQUESTER = "assigned_agent = :agent_id and created_by = :requester and checkpoint is not null"
#: the newest task with a checkpoint of a conversation between an agent and a requester
select_conversation_checkpoint = Query(
    f"select checkpoint from tasks where tenant_id = :tenant and {IS_IN_CONTEXT} and {_CHECKPOINTS_OF_REQUESTER} order by task_id desc limit 1",
    str,
)
_REFERENCED_CHECKPOINTS = (
    f"select checkpoint from tasks where tenant_id = :tenant and {_CHECKPOINTS_OF_REQUESTER} and task_id"
)
select_referenced_checkpoints = Query(
    f"{_REFERENCED_CHECKPOINTS} in (select value from json_each(:ids))",
    str,
    postgres=f"{_REFERENCED_CHECKPOINTS} = any(array(select json_array_elements_text(:ids::json)))",
)
