"""Subscriptions: the domains that handle another domain's signals, in order.

Handlers run within the publishing call, hence in its transaction; each is imported when its signal is first published.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from agora.core.lazy import Lazy
from agora.core.signals import Handler, Signal
from agora.domains.agents import signals as agents
from agora.domains.billing import signals as billing
from agora.domains.conversations import signals as conversations
from agora.domains.messaging import signals as messaging
from agora.domains.tasks import signals as tasks

__all__ = ["HANDLERS_BY_SIGNAL"]


def _load_handlers(*references: str) -> Sequence[Handler]:
    return [Lazy(f"agora.domains.{reference}") for reference in references]


HANDLERS_BY_SIGNAL: Mapping[Signal[Any], Sequence[Handler]] = {
    agents.ADDRESS_TAKEN: _load_handlers(
        "conversations.subscribers:readdress_conversations", "messaging.subscribers:deliver_held_messages"
    ),
    agents.AGENT_REGISTERED: _load_handlers(
        "tasks.subscribers:assign_waiting_tasks", "apps.subscribers:publish_registered_app"
    ),
    agents.CODEBASES_DECLARED: _load_handlers("coding.subscribers:require_own_codebases"),
    agents.DEREGISTRATION_REQUESTED: _load_handlers("instances.subscribers:refuse_deregistration_with_instances"),
    agents.AGENT_RETIRED: _load_handlers(
        "tasks.subscribers:requeue_tasks_of_left_agent",
        "instances.subscribers:withdraw_and_stop_instances",
        "mcp_upstreams.subscribers:delete_agent_grants",
        "apps.subscribers:remove_published_app",
    ),
    agents.HALT_ENDED: _load_handlers("tasks.subscribers:resume_leases"),
    billing.BUDGET_SET: _load_handlers("instances.subscribers:make_limited_instances_due"),
    conversations.MESSAGE_DELIVERED: _load_handlers("orchestrator.subscribers:answer_message"),
    messaging.REPLY_COMPOSED: _load_handlers("conversations.subscribers:correlate_reply"),
    messaging.REPLY_STORED: _load_handlers("a2a.subscribers:end_answered_task"),
    tasks.DELIVERY_TASK_ENDED: _load_handlers("coding.subscribers:reopen_review"),
    tasks.STEP_CANDIDATES: _load_handlers("workflows.subscribers:add_workflow_agents_as_candidates"),
    tasks.STEP_TASK_ENDED: _load_handlers("workflows.subscribers:advance_workflow"),
}
