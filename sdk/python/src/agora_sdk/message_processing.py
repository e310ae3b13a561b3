"""What an agent with ``process_message`` does with what comes: messages and tasks, each answered in its own way."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .message import CARRIED, Message
from .taskrun import InputRequired, TaskRun

if TYPE_CHECKING:
    from .agent import Agent
    from .contract.messaging import Message as InboxMessage

__all__ = ["MESSAGE_TASK", "answer_message", "options_of", "run_task"]

MESSAGE_TASK = "a2a.message"  #: type of a task that is a message, of A2A or of another protocol
PAGE = 500


async def answer_message(agent: Agent, inbox_message: InboxMessage) -> None:
    """Process a message of the marketplace, and reply with what comes of it.

    A reply to a message of the agent's own is no question: it goes to ``on_reply``, so that two agents do not answer
    each other for ever. A broadcast is not answered either.
    """
    if inbox_message.reply_to is not None:
        await agent.on_reply(inbox_message)
        return
    if inbox_message.broadcast:
        return
    message = Message.carried(inbox_message.content, inbox_message.metadata, sender=inbox_message.from_agent)
    message.context_id = message.context_id or inbox_message.correlation_id
    try:
        response = await agent.process_message(message)
    except InputRequired as question:
        status = "auth_required" if question.auth else "input_required"
        await agent.reply(inbox_message, question.question, metadata={CARRIED: {"status": status}})
        return
    if response is not None:
        await agent.reply(inbox_message, response.as_text() or "Done.", **options_of(response))


def options_of(message: Message) -> dict[str, Any]:
    """What carries the parts of a message that is not text alone."""
    return {} if message.is_plain else {"metadata": {CARRIED: {"message": message.wire()}}}


async def run_task(agent: Agent, task: TaskRun) -> Any:
    """Process the message that a task is; answers its result."""
    wire = task.payload.get("message")
    if task.fencing_token > 1:  # it has been worked on before: its requester may have said something since
        wire = await _latest_requester_message(agent, task) or wire
    attributes = {"sender": task.created_by, "task_id": task.task_id, "context_id": task.context_id}
    attributes["skill"] = None if task.task_type == MESSAGE_TASK else task.task_type
    if isinstance(wire, dict):
        message = Message.of(wire, **attributes)
    else:
        text = task.payload.get("text")
        part = {"text": text} if isinstance(text, str) else {"data": task.payload}
        message = Message.of({"parts": [part]}, **attributes)
    response = await agent.process_message(message)
    if response is None:
        return None
    if response.is_plain:
        return response.text
    await task.artifact([part.wire() for part in response.parts], name="response")
    return response.text or response.data or None


async def _latest_requester_message(agent: Agent, task: TaskRun) -> dict[str, Any] | None:
    """What the requester of a task said last."""
    latest, cursor = None, None
    while True:
        page = await agent.client.task.history(task.task_id, limit=PAGE, cursor=cursor)
        for entry in page.entries:
            if entry.type == "message" and isinstance(entry.data, dict) and entry.data.get("role") == "ROLE_USER":
                latest = dict(entry.data)
        cursor = page.next_cursor
        if cursor is None:
            return latest
