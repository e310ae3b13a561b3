"""Messages for agents with an HTTP endpoint of their own: POST ``ADDRESS/agent/message``, in the agent protocol's form.

A source of the outbox and of dead letters. The recipient gets the envelope, whatever protocol the message was sent by. A
message in a 200 response is the answer and reaches the sender like any other reply; 202 means that the answer comes later.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import ValidationError
from pydantic_core import from_json, to_json

from agora.core.call import Call, ServerContext
from agora.core.errors import invalid_field
from agora.domains.agents import queries as agents
from agora.domains.agents.records import AgentRow
from agora.domains.dead_letters.port import DeadLetterSource, Inspection
from agora.domains.dead_letters.records import DeadLetterRow
from agora.domains.messaging import queries as messages
from agora.domains.messaging.endpoints import Endpoint, append_endpoint_delivery, find_http_endpoint
from agora.domains.messaging.records import MessageRow
from agora.domains.messaging.service import MessageDraft, MessagingService
from agora.domains.outbox.http_sender import HttpResponse
from agora.domains.outbox.port import OutboxRequest, OutboxSource
from agora.domains.outbox.records import OutboxRow
from agora.settings import Settings
from agora.store.port import Reader
from agora.wire.envelopes import VIEW_BY_NAME, convert_to_agentify_envelope, embed_document
from agora_sdk.contract.envelopes import AgentMessage, Performative
from agora_sdk.contract.fields import DeliveryState, Priority
from agora_sdk.errors import Conflict, InvalidRequest, field_error

from . import queries as statements
from .correlation import build_envelope_document
from .delivery import prepare_draft
from .records import EnvelopeRow
from .rules import ASKING_PERFORMATIVES
from .service import ConversationService

__all__ = ["ENDPOINT_SOURCE", "EndpointSource"]

OK = 200
GONE_REASON = "The message is gone, or its recipient has left or has no endpoint for the agent protocol any more."


class EndpointSource(OutboxSource, DeadLetterSource):
    """Messages to agents' own endpoints."""

    async def locate_endpoint(
        self, reader: Reader, endpoint: Endpoint, context: ServerContext
    ) -> tuple[str, bool] | None:
        """Return the current URL, and whether a private address is allowed; None without a URL. Raises DeliveryRejected."""
        return None if endpoint.url is None else (endpoint.url, context.settings.endpoint_private_networks)

    # -- deliveries ------------------------------------------------------------------------------

    async def build_request(self, reader: Reader, row: OutboxRow, context: ServerContext) -> OutboxRequest | None:
        message = await reader.one(messages.select_message, message_id=row.ref)
        agent = await reader.one(agents.select_agent_by_id, ref=row.recipient)
        endpoint = _find_active_endpoint(agent, context.settings)
        place = None if endpoint is None else await self.locate_endpoint(reader, endpoint, context)
        if message is None or place is None:
            return None
        body = to_json(convert_to_agentify_envelope(build_envelope_document(message)))
        url, private = place
        return OutboxRequest(url, body, f"{row.ref}.{row.recipient}", private)

    async def handle_response(self, call: Call, row: OutboxRow, response: HttpResponse) -> None:
        """Acknowledge the message for its recipient, and send a message in the response as its answer."""
        # Before the answer is read: the message was delivered, whatever its answer is worth.
        await MessagingService(call).mark([row.ref], DeliveryState.ACKNOWLEDGED, row.recipient)
        message = await call.tx.one(messages.select_message, message_id=row.ref)
        if message is None or response.status != OK:
            return
        if response.body is None:
            raise InvalidRequest("It is longer than body_limit allows.", errors=[field_error("", "too long")])
        document = _parse_answer_or_none(response.body)
        question = await call.tx.one(statements.select_envelope_of_message, message_id=row.ref)
        if document is not None and _should_forward_answer(message, question):
            await _send_recipient_answer(call, row, message, question, document)

    # -- dead letters ----------------------------------------------------------------------------

    async def inspect_letter(self, call: Call, dead_letter: DeadLetterRow) -> Inspection:
        message = (
            None if dead_letter.ref is None else await call.tx.one(messages.select_message, message_id=dead_letter.ref)
        )
        if message is None:
            return Inspection(None, GONE_REASON)
        agent = await call.tx.one(agents.select_agent_by_id, ref=dead_letter.owner)
        obstacle = GONE_REASON if _find_active_endpoint(agent, call.context.settings) is None else None
        return Inspection(convert_to_agentify_envelope(build_envelope_document(message)), obstacle)

    async def replay_letter(self, call: Call, dead_letter: DeadLetterRow) -> None:
        agent = await call.tx.one(agents.select_agent_by_id, ref=dead_letter.owner)
        message = (
            None if dead_letter.ref is None else await call.tx.one(messages.select_message, message_id=dead_letter.ref)
        )
        endpoint = _find_active_endpoint(agent, call.context.settings)
        if message is None or endpoint is None:
            raise Conflict(GONE_REASON, fix="Discard it.")
        # Without the sender's deadline, which has usually passed: a person decided that the message is still wanted.
        append_endpoint_delivery(call, message, endpoint, None)

    async def discard_letter(self, call: Call, dead_letter: DeadLetterRow) -> None:
        """Do nothing: the only stored data is the message in its recipient's inbox."""


def _find_active_endpoint(agent: AgentRow | None, settings: Settings) -> Endpoint | None:
    return None if agent is None or agent.retired_at is not None else find_http_endpoint(agent, settings)


def _parse_answer_or_none(body: bytes) -> dict[str, Any] | None:
    """Parse the message in a response; None without one: a 200 response may have an empty or a different body."""
    try:
        document = from_json(body) if body.strip() else None
    except ValueError:
        return None
    return document if isinstance(document, dict) and document.get("type") in set(Performative) else None


def _should_forward_answer(message: MessageRow, question: EnvelopeRow | None) -> bool:
    """Whether the message in a response is forwarded as an answer.

    Programs often answer each request with a message; if answers to answers were forwarded, two programs would loop forever.
    """
    if question is None:
        return message.reply_to is None
    return Performative(question.type) in ASKING_PERFORMATIVES or question.expected is not None


async def _send_recipient_answer(
    call: Call, row: OutboxRow, message: MessageRow, question: EnvelopeRow | None, document: Mapping[str, Any]
) -> None:
    """Store the recipient's answer. Raises an AgoraError if it is not a legal answer."""
    # The endpoint's own correlation is ignored: the answer is to the message that this response belongs to.
    correlation = {"reply_to": row.ref, "conversation_id": message.correlation_id}
    answer = {
        **{
            name: value for name, value in document.items() if name != "id"
        },  # ids chosen by the endpoint need not be unique
        "sender": row.recipient,
        "to": [message.from_agent],
        "correlation": {name: value for name, value in correlation.items() if value is not None},
    }
    try:
        envelope = AgentMessage.model_validate(answer)
    except ValidationError as error:
        # The first error is enough: the text ends as a dead letter that the recipient's owner reads.
        (first, *_) = error.errors()
        raise invalid_field(".".join(map(str, first["loc"])), first["msg"]) from None
    if question is not None:
        draft = await prepare_draft(call, envelope)
        draft.document["correlation"]["reply_to"] = question.envelope_id  # the id that its asker knows
        await ConversationService(call).send_draft(draft)
        return
    plain = VIEW_BY_NAME["agentify"].convert_to_message(answer)
    section = embed_document("agentify", plain | {"metadata": {}}, answer)["metadata"]
    reply = MessageDraft(
        to_agent=message.from_agent,
        content=plain["content"],
        message_type=plain["message_type"],
        priority=Priority(message.priority),
        from_agent=row.recipient,
        reply_to=row.ref,
        metadata=plain["metadata"] | section,
    )
    await MessagingService(call).send_draft(reply)


ENDPOINT_SOURCE = EndpointSource()
