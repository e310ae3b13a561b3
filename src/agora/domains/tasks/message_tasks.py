"""Conversion of messages to agents run by the server into tasks of their senders; the task's end is the reply."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace

from agora.core.call import Call, Caller, encode_json
from agora.domains.billing.accounts import read_account_of_subject
from agora.domains.messaging.service import MessagingService
from agora.wire.envelopes.stored import decode_message_data
from agora_sdk.contract.fields import DeliveryState
from agora_sdk.contract.messaging import Message
from agora_sdk.errors import Conflict, NotFound, PaymentRequired

from . import creation

__all__ = ["MAX_BATCH", "MESSAGE_ID_KEY", "create_tasks_from_messages"]

MAX_BATCH = 50
#: key in a task's metadata: the message it was created from, which its end replies to
MESSAGE_ID_KEY = "agora.message_id"


async def create_tasks_from_messages(call: Call, reader: Caller) -> int:
    """Create tasks from an agent's unread messages and acknowledge them in one transaction. Returns their number.

    A sender that cannot pay for the task gets an error message as the reply.
    """
    reader_service = MessagingService(replace(call, caller=reader))
    page = await reader_service.receive(unread=True, limit=MAX_BATCH)
    for message in page.messages:
        # Replies, broadcasts and own messages create no work: two agents would otherwise answer each other without end.
        if message.reply_to is None and not message.broadcast and message.from_agent != reader.subject:
            try:
                await creation.create_task(call, await _build_message_order(call, message, reader))
            except PaymentRequired as error:
                # The sender has left, or has too many unread messages: the others' messages must not wait for it.
                with suppress(NotFound, Conflict):
                    await reader_service.send(message.from_agent, str(error), "error", reply_to=message.message_id)
    if page.messages:
        ids = [message.message_id for message in page.messages]
        # In the same transaction as the tasks: a crash repeats both or neither.
        await reader_service.mark(ids, DeliveryState.ACKNOWLEDGED)
    return len(page.messages)


async def _build_message_order(call: Call, message: Message, reader: Caller) -> creation.Order:
    payload = decode_message_data(message.content) if "agentify" in message.metadata else {}
    # The payload of an envelope is a data part, unless it is a string.
    part = {"text": message.content} if payload.keys() <= {"text"} else {"data": payload}
    a2a_message = {"messageId": message.message_id, "role": "ROLE_USER", "parts": [part]}
    return creation.Order(
        "a2a.message",
        encode_json({"message": a2a_message, "text": message.content}),
        reader.subject,
        priority=message.priority,
        metadata=encode_json(message.metadata | {MESSAGE_ID_KEY: message.message_id}),
        created_by=message.from_agent,
        account=await read_account_of_subject(call.tx, message.from_agent),
    )
