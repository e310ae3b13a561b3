"""Dispatch of messages and tasks to ``process_message`` of an agent, and delivery of its answers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .message import MULTIPART_KEY, Message
from .taskrun import InputRequired, Rejected, TaskRun

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from .client import AgoraClient
    from .contract.messaging import Message as InboxMessage

    ProcessMessage = Callable[[Message], Awaitable[Message | None]]

__all__ = ["answer_message", "build_part_options", "load_conversation", "run_task"]

PAGE_SIZE = 500


async def answer_message(
    process_message: ProcessMessage, reply: Callable[..., Awaitable[Any]], inbox_message: InboxMessage
) -> None:
    """Process a message of the marketplace, and reply with the result. reply: :meth:`agora_sdk.agent.Agent.reply`."""
    message = Message.carried(inbox_message.content, inbox_message.metadata, sender=inbox_message.from_agent)
    # A message that did not come from A2A has no context: its correlation id identifies the conversation.
    message.context_id = message.context_id or inbox_message.correlation_id
    try:
        response = await process_message(message)
    except InputRequired as question:
        status = "auth_required" if question.auth else "input_required"
        # The marketplace takes the state of the A2A task from this metadata; without it the reply would complete the task.
        await reply(inbox_message, question.question, metadata={MULTIPART_KEY: {"status": status}})
        return
    except Rejected as refusal:
        await reply(inbox_message, str(refusal) or "Refused.")
        return
    if response is not None:
        await reply(inbox_message, response.as_text() or "Done.", **build_part_options(response))


def build_part_options(message: Message) -> dict[str, Any]:
    """Build the options that carry the parts of a message that is not text only."""
    return {} if message.is_plain else {"metadata": {MULTIPART_KEY: {"message": message.wire()}}}


async def run_task(process_message: ProcessMessage, answers_with: str, task: TaskRun) -> Any:
    """Process the message of a task and return its result."""
    response = await process_message(task.message)
    if response is None:
        return None
    if answers_with == "message" and response.parts:
        await task.answer([part.wire() for part in response.parts])
        return None
    # Text alone is the result itself; other parts become an artifact, whose text or data is repeated as the result
    # for requesters that read only that.
    if response.is_plain:
        return response.text
    await task.artifact([part.wire() for part in response.parts], name="response")
    return response.text or response.data or None


async def load_conversation(client: AgoraClient, task: TaskRun) -> None:
    """Read the earlier messages of a resumed task: ``task.message`` and ``task.history`` contain them."""
    # The first claim: there are no earlier messages.
    if task.fencing_token <= 1:
        return
    cursor = None
    while True:
        page = await client.task.history(task.task_id, limit=PAGE_SIZE, cursor=cursor)
        for entry in page.entries:
            if entry.type == "message" and isinstance(entry.data, dict):
                task.record_message(entry.data)
        cursor = page.next_cursor
        if cursor is None:
            return
