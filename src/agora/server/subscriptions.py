"""Subscriptions: which domain acts on which signal of another, in order.

Handlers run within the publishing call, hence in its transaction; each is imported when its signal is first published.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from agora.core.lazy import Lazy
from agora.core.signals import Handler, Signal
from agora.domains.agents import signals as agents
from agora.domains.conversations import signals as conversations
from agora.domains.messaging import signals as messaging
from agora.domains.tasks import signals as tasks

__all__ = ["SUBSCRIPTIONS"]


def _handlers(*references: str) -> Sequence[Handler]:
    return [Lazy(f"agora.domains.{reference}") for reference in references]


SUBSCRIPTIONS: Mapping[Signal[Any], Sequence[Handler]] = {
    agents.ADDRESS_TAKEN: _handlers(
        "conversations.subscribers:readdress_questions", "messaging.subscribers:deliver_held_messages"
    ),
    agents.AGENT_REGISTERED: _handlers("tasks.subscribers:hand_over_waiting_tasks"),
    agents.DEREGISTRATION_REQUESTED: _handlers("instances.subscribers:refuse_while_running"),
    agents.AGENT_RETIRED: _handlers("tasks.subscribers:release_tasks", "instances.subscribers:end_instances"),
    agents.HALT_ENDED: _handlers("tasks.subscribers:resume_leases"),
    conversations.MESSAGE_DELIVERED: _handlers("orchestrator.subscribers:answer_message"),
    messaging.REPLY_COMPOSED: _handlers("conversations.subscribers:correlate_reply"),
    messaging.REPLY_STORED: _handlers("a2a.subscribers:complete_answered_task"),
    tasks.STEP_CANDIDATES: _handlers("workflows.subscribers:list_candidates"),
    tasks.STEP_TASK_ENDED: _handlers("workflows.subscribers:advance_workflow"),
}
