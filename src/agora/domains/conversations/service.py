"""Operations of conversations."""

from __future__ import annotations

from datetime import datetime
from functools import partial
from typing import Any

from agora.clock import SECOND
from agora.core.call import BoundService, WaitForEvent, decode_json
from agora.core.errors import not_found
from agora.domains.messaging import queries as messages
from agora.domains.messaging.service import ARRIVAL_EVENTS, MessagingService
from agora.store.port import NewEvent
from agora_sdk.contract import conversations as contract
from agora_sdk.contract import implements
from agora_sdk.contract.envelopes import ORCHESTRATOR, AgentMessage, Performative
from agora_sdk.contract.fields import DeliveryState

from . import assignments, lookup
from . import queries as statements
from .delivery import (
    Draft,
    SentMessage,
    authorize_and_deliver_draft,
    find_earlier_receipt,
    prepare_draft,
    send_as_marketplace,
)
from .records import EnvelopeRow
from .signals import MESSAGE_DELIVERED, MessageDelivered
from .timeouts import send_timeout_if_due

__all__ = ["ConversationService"]


class ConversationService(BoundService, contract.Conversations):
    @implements
    async def send(self, message: AgentMessage) -> contract.Accepted:
        return await self.send_draft(await prepare_draft(self.call, message))

    async def send_draft(self, draft: Draft) -> contract.Accepted:
        """Deliver a draft once, and perform the action of its message."""
        call, message = self.call, draft.message
        call.target = draft.sender.agent_id
        # Before any effect: a repeated assignment must not create a second task.
        if (receipt := await find_earlier_receipt(call, draft)) is not None:
            return receipt
        # Before the delivery, because the stored envelope refers to its task.
        confirmation = (
            await assignments.create_assigned_task(call, draft) if message.type is Performative.ASSIGN else None
        )
        delivery = await authorize_and_deliver_draft(call, draft)
        call.target = delivery.message_id
        await assignments.update_task_from_answer(call, draft)
        delivered = await call.publish(MESSAGE_DELIVERED, MessageDelivered(draft, delivery, confirmation))
        reply = delivered.answer
        if reply is not None:
            delivery.accepted.answer = await self._send_marketplace_answer(draft, delivery, reply)
        return delivery.accepted

    async def _send_marketplace_answer(self, draft: Draft, sent: SentMessage, reply: dict[str, Any]) -> AgentMessage:
        """Send the marketplace's answer as a regular message, and return it."""
        tx = self.call.tx
        document = reply | {
            "to": [draft.sender.name],
            "correlation": {"conversation_id": sent.label, "reply_to": sent.id},
        }
        question = await tx.one(statements.select_envelope_of_message, message_id=sent.message_id)
        own_address = draft.own[0] if draft.own else ORCHESTRATOR
        answer = await send_as_marketplace(self.call, own_address, document, question, closes=bool(draft.own))
        row = await tx.one(messages.select_message, message_id=answer.message_id)
        assert row is not None
        return lookup.build_envelope_from_row(row)

    @implements
    async def reply(self, message_id: str, wait: float = 0) -> contract.Reply:
        call = self.call
        question = await self._load_own_message(message_id)
        call.target = question.message_id
        if question.answer is None and question.due_at is not None and question.due_at <= call.now:
            # The job may be up to half a second late: a caller that waits gets the timeout with its own call.
            question = await send_timeout_if_due(call, question.message_id) or question
        if question.answer is not None:
            return await self._build_reply_and_acknowledge(question)
        waiting = contract.Reply(waiting=question.open > 0)
        if not wait or not waiting.waiting:
            return waiting
        # A millisecond later than due, so that the repeated call finds the question due.
        timeout = wait if question.due_at is None else min(wait, (question.due_at - call.now) / SECOND + 0.001)
        raise WaitForEvent(ARRIVAL_EVENTS, timeout, waiting, partial(_is_answer_event, question.message_id))

    async def _load_own_message(self, ref: str) -> EnvelopeRow:
        """Load a message that the caller sent, by message id or envelope id. Raises NotFound."""
        tx, caller = self.call.tx, self.call.caller
        # Locked, because the call may time the question out.
        question = await tx.one(statements.lock_envelope, message_id=ref) if ref.startswith("msg_") else None
        if question is None:
            question = await tx.one(statements.select_sent_envelope, sender=caller.subject, envelope_id=ref)
        if question is None or not caller.acts_for(question.sender):
            raise not_found(
                "message_id",
                f"You have sent no message {ref!r}.",
                fix="Name it by the message_id of its receipt, or by the id you gave it.",
            )
        return question

    async def _build_reply_and_acknowledge(self, question: EnvelopeRow) -> contract.Reply:
        """Build the reply from the answer, and mark it as acknowledged in the asker's inbox."""
        row = await self.call.tx.one(messages.select_message, message_id=question.answer)
        if row is None:  # deleted by retention
            return contract.Reply()
        service = MessagingService(self.call)
        sender = question.sender if question.sender != self.call.caller.subject else None
        # The caller has the answer now: left unread in the inbox, its program would handle it again.
        await service.mark([row.message_id], DeliveryState.ACKNOWLEDGED, sender)
        return contract.Reply(message=lookup.build_envelope_from_row(row))

    @implements
    async def get(
        self, conversation_id: str, *, limit: int = 100, cursor: str | None = None
    ) -> contract.ConversationDetail:
        return await lookup.read_visible_conversation(self.call, conversation_id, limit, cursor)

    @implements
    async def list(
        self,
        agent_id: str | None = None,
        state: contract.State | None = None,
        *,
        limit: int = 50,
        cursor: str | None = None,
    ) -> contract.ConversationPage:
        return await lookup.list_conversations(self.call, agent_id, state, limit, cursor)

    @implements
    async def pending(
        self, agent_id: str | None = None, *, wait: float = 0, limit: int = 50, cursor: str | None = None
    ) -> contract.PendingPage:
        return await lookup.list_or_await_pending(self.call, agent_id, wait, limit, cursor)

    @implements
    async def usage(
        self,
        agent_id: str | None = None,
        customer_id: str | None = None,
        *,
        since: datetime | None = None,
        limit: int = 50,
        cursor: str | None = None,
    ) -> contract.ReportedUsePage:
        return await lookup.list_reported_usage(self.call, agent_id, customer_id, since, limit, cursor)


def _is_answer_event(message_id: str, event: NewEvent) -> bool:
    """Whether an event contains an answer to the message."""
    return bool(decode_json(event.data.decode()).get("reply_to") == message_id)
