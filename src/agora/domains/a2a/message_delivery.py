"""Delivery of A2A messages to agents that use messages instead of tasks; their reply completes the task.

An agent opts in at registration, with the metadata ``{"a2a": {"deliver": "message"}}`` or an HTTP endpoint of its own.
The message's ``correlation_id`` is the context's id, and its metadata contains ``a2a``: ``task_id`` and the ``message``
of A2A.

With ``{"a2a": {"answers": "message"}}`` the reply itself is the answer: the sender gets a Message of A2A in place of
the task. The reply of such an agent may have parts, in ``metadata.a2a.message``.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from agora.core.call import Call, decode_json
from agora.domains.agents.records import AgentRow
from agora.domains.agents.references import find_agent
from agora.domains.messaging import queries as messages
from agora.domains.messaging.endpoints import find_http_endpoint
from agora.domains.messaging.service import MessagingService
from agora.domains.tasks import messages as task_messages
from agora.domains.tasks import queries as tasks
from agora.domains.tasks import states
from agora.domains.tasks.draft import TaskDraft
from agora.domains.tasks.task_updates import start_if_work_reported
from agora.domains.tasks.transitions import end_task
from agora.domains.tasks.views import get_task_context_id
from agora.wire.a2a.tolerant_input import read_message
from agora_sdk.contract.fields import TaskStatus
from agora_sdk.errors import InvalidRequest

__all__ = ["MESSAGE_TYPE", "deliver_message_if_opted_in", "end_task_with_reply", "may_answer_with_message"]

MESSAGE_TYPE = "a2a"  #: message type
QUESTION_STATUSES = {"input_required": TaskStatus.INPUT_REQUIRED, "auth_required": TaskStatus.AUTH_REQUIRED}


def may_answer_with_message(agent: AgentRow) -> bool:
    """Whether an agent declares that it may answer with a message in place of a task."""
    # The text is searched first: every message passes here, and few agents need their JSON to be parsed.
    return '"answers"' in agent.metadata and _declares_skill(agent, "answers")


def _declares_skill(agent: AgentRow, name: str) -> bool:
    a2a_metadata = decode_json(agent.metadata).get("a2a")
    return isinstance(a2a_metadata, dict) and a2a_metadata.get(name) == "message"


async def deliver_message_if_opted_in(
    call: Call, draft: TaskDraft, agent: AgentRow, message: Mapping[str, Any]
) -> None:
    """Send the message of a task to its agent, if the agent has opted in or has an HTTP endpoint."""
    payload = '"deliver"' in agent.metadata and _declares_skill(agent, "deliver")
    if not payload and find_http_endpoint(agent, call.context.settings) is None:
        return

    text = task_messages.join_text(message["parts"]) or "(no text: see metadata.a2a.message)"
    await MessagingService(call).send(
        agent.agent_id,
        # The maximum length of a message; the whole content is in the metadata.
        text[:900_000],
        MESSAGE_TYPE,
        correlation_id=get_task_context_id(draft.row),
        metadata={"a2a": {"task_id": draft.task_id, "message": dict(message)}},
    )


async def end_task_with_reply(
    call: Call, sender: str, reply_to: str, content: str, metadata: Mapping[str, Any]
) -> None:
    """Complete the task of an answered message; with ``a2a.status`` the reply is a question instead.

    Ignored if the message has no task, or if the task belongs to other agents, is leased, or has ended.
    """
    original = await call.tx.one(messages.select_message, message_id=reply_to)
    if original is None or original.message_type != MESSAGE_TYPE:
        return
    about = decode_json(original.metadata).get("a2a")
    task_id = about.get("task_id") if isinstance(about, dict) else None
    row = await call.tx.one(tasks.lock_task, task_id=task_id) if isinstance(task_id, str) else None
    # A lease belongs to a worker, which completes the task itself.
    if row is None or row.status in states.TERMINAL_STATUSES or row.lease_until is not None:
        return
    # Anybody may reply to a message it received: only the assignee's reply to the requester ends the task.
    if row.assigned_agent != sender or row.created_by != original.from_agent:
        return
    draft = TaskDraft(call, row)
    a2a_metadata = metadata.get("a2a")
    status = QUESTION_STATUSES.get(str(a2a_metadata.get("status"))) if isinstance(a2a_metadata, dict) else None
    if status is not None:
        await task_messages.add_assignee_message(
            draft, {"role": task_messages.AGENT, "parts": [{"text": content}]}, status
        )
        return
    agent = await find_agent(call.tx, sender)
    if agent is not None and may_answer_with_message(agent):
        answer = _build_answer_message(content, a2a_metadata)
        await task_messages.add_assignee_message(draft, answer, TaskStatus.COMPLETED)
        return
    # A pending task cannot end as completed: it passes through in_progress.
    await start_if_work_reported(draft, TaskStatus.COMPLETED, None)
    await end_task(draft, TaskStatus.COMPLETED, result=content)


def _build_answer_message(content: str, a2a_metadata: Any) -> dict[str, Any]:
    """Build a message from the one in a reply's metadata, or from its text if that is absent or invalid."""
    carried = a2a_metadata.get("message") if isinstance(a2a_metadata, dict) else None
    try:
        parts = read_message(carried)["parts"]
    except InvalidRequest:
        parts = [{"text": content}]
    return {"role": task_messages.AGENT, "parts": parts}
