"""Rights of a tool call: the intersection of the rights of the agent and of everybody in the chain of requesters.

They are resolved at each call, so that revocations, suspensions and disabled accounts take effect immediately. An
unknown subject has no rights.
"""

from __future__ import annotations

from agora.core import scopes
from agora.core.call import Call, Caller
from agora.domains.agents import queries as agents
from agora.domains.agents.references import OPERATOR, looks_like_id
from agora.domains.identity import token_queries as tokens
from agora.domains.identity.task_tokens import read_current_scopes
from agora.domains.tasks import queries as tasks
from agora.domains.tasks.records import TaskRow
from agora.value_classes import value_class

from . import queries as statements

__all__ = ["TaskRights", "build_requester_caller", "resolve_task_rights"]

MAX_CHAIN_LENGTH = 16


@value_class
class TaskRights:
    """Rights of a task's calls. asker: creator of the task. depth: number of declared agents earlier in the chain."""

    scopes: frozenset[str]
    requester: str
    account: str | None
    depth: int


async def resolve_task_rights(call: Call, task: TaskRow) -> TaskRights:
    """Resolve the common scopes of an agent and all requesters, following the chain of declared agents.

    A declared agent requests work by its tools, which create subtasks of its own task. Its other requests have no
    rights, because the original requester is unknown.
    """
    # At most an agent's scopes, even for an operator's task: what a model reads must not reach administration (ADR 32).
    granted, row, depth = scopes.AGENT, task, 0
    while True:
        granted &= await read_current_scopes(
            call.tx, call.context.settings, call.caller.tenant, row.created_by, call.now
        )
        if await call.tx.one(statements.select_agent_by_id, agent_id=row.created_by) is None:
            break
        depth += 1
        parent = None if row.parent_id is None else await call.tx.one(tasks.select_task, task_id=row.parent_id)
        # The parent must be a task that this agent works on: else it could name a stranger's task to borrow its rights.
        if parent is None or parent.assigned_agent != row.created_by or depth > MAX_CHAIN_LENGTH:
            granted = frozenset()
            break
        row = parent
    requester = (
        await call.tx.one(agents.select_agent_by_id, ref=task.created_by) if looks_like_id(task.created_by) else None
    )
    return TaskRights(granted, task.created_by, None if requester is None else requester.account_id, depth)


async def build_requester_caller(call: Call, task: TaskRow, rights: TaskRights) -> Caller | None:
    """Build the caller of a task's creator with the task's rights; None if the creator no longer exists."""
    subject, tenant = task.created_by, call.caller.tenant
    if looks_like_id(subject):
        agent = await call.tx.one(agents.select_agent_by_id, ref=subject)
        if agent is None:
            return None
        return Caller(
            tenant,
            subject,
            agent.agent_name,
            "agent",
            rights.scopes,
            account=agent.account_id,
            tier=agent.service_tier,
            registrar=agent.registrar,
            enrolment=agent.enrolment,
        )
    if subject.startswith("key_"):
        key = await call.tx.one(tokens.select_token, token_id=subject)
        if key is None:
            return None
        return Caller(
            tenant,
            subject,
            key.label,
            "key",
            rights.scopes,
            account=key.account_id,
            tier=key.service_tier,
            token_id=subject,
        )
    kind = "operator" if subject in (OPERATOR, "system") else "user" if subject.startswith("usr_") else "key"
    return Caller(tenant, subject, subject, kind, rights.scopes)
