"""Delivery: validate an envelope against its conversation, store it as a message, and deliver it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from agora.clock import new_id, to_datetime
from agora.core.call import Call, encode_json
from agora.core.errors import not_found
from agora.core.idempotency import build_key_reused_error
from agora.domains.agents.references import OPERATOR, check_may_act_for, find_agent, load_agent
from agora.domains.messaging import queries as messages
from agora.domains.messaging.records import MessageRow
from agora.domains.messaging.service import Destination, MessagingService
from agora.value_classes import value_class
from agora.wire.envelopes import AGORA_KEY, VIEW_BY_NAME, embed_document
from agora_sdk.contract import conversations as contract
from agora_sdk.contract.envelopes import HOSTING, ORCHESTRATOR, AgentMessage, Performative
from agora_sdk.contract.fields import DeliveryState
from agora_sdk.errors import IllegalTransition, InvalidRequest, field_error

from . import permissions, rules
from . import queries as statements
from .correlation import (
    EnvelopeRecord,
    Party,
    Sender,
    choose_conversation,
    compute_document_digest,
    format_utc_time,
    get_expected_answer_type,
    record_envelope_and_answer,
)
from .records import EnvelopeRow

__all__ = [
    "Draft",
    "SentMessage",
    "authorize_and_deliver_draft",
    "find_builtin_agents",
    "find_earlier_receipt",
    "prepare_draft",
    "resolve_sender",
    "send_as_marketplace",
]

MAX_QUESTION_AGE_MILLISECONDS = (
    86_400_000  # milliseconds; older questions are not inferred for an answer without reply_to
)


@dataclass(slots=True)
class Draft:
    """A message about to be sent.

    document: unchanged from its author. own: recipients that are built-in agents. asked: the row of the question it answers.
    cause, closes: see :class:`EnvelopeRecord`. copied: whether its sender gets a copy. warning: for its receipt.
    """

    message: AgentMessage
    document: dict[str, Any]
    digest: bytes
    sender: Sender
    to: list[str]
    own: list[str] = field(default_factory=list)
    asked: EnvelopeRow | None = None
    destination: Destination | None = None
    cause: str | None = None
    task_id: str | None = None
    state: str | None = None
    closes: bool = True
    copied: bool = False
    warning: str | None = None


@value_class
class SentMessage:
    """A stored message. ``id`` is the id given by its author."""

    message_id: str
    id: str
    conversation_id: str
    label: str
    accepted: contract.Accepted


async def resolve_sender(call: Call, ref: str | None) -> Sender:
    """Resolve the sender: the caller, or an agent it may act for. Raises NotFound, PermissionDenied."""
    caller = call.caller
    if ref is None or ref in (caller.subject, caller.name):
        row = await find_agent(call.tx, caller.subject) if caller.kind == "agent" else None
        # Recipients see the name that the sender uses for itself, since it may have several.
        name = ref if ref == caller.name else (row.alias if row is not None else None) or caller.name
        return Sender(caller.subject, name, row)
    if caller.acts_for_others and ref in await find_builtin_agents(call, [ref]):
        return Sender(ref, ref)
    row = await load_agent(call.tx, ref, "sender")
    check_may_act_for(caller, row.agent_id)
    return Sender(row.agent_id, ref, row)


async def find_builtin_agents(call: Call, refs: list[str]) -> list[str]:
    """Find the references to built-in agents: the orchestrator, and the hosting agent unless one is registered."""
    hosted = HOSTING in refs and await find_agent(call.tx, HOSTING) is None
    return [ref for ref in refs if ref == ORCHESTRATOR or (ref == HOSTING and hosted)]


async def prepare_draft(call: Call, message: AgentMessage) -> Draft:
    """Resolve sender, recipients and question. Raises IllegalTransition if it is not a legal answer."""
    sender = await resolve_sender(call, message.sender)
    # The digest is of the document before completion: a repeated message has no id and time of its own to compare.
    document = _strip_unstorable_fields(message)
    draft = Draft(
        message, document, compute_document_digest(document), sender, list(dict.fromkeys(message.to)) or [ORCHESTRATOR]
    )
    draft.own = await find_builtin_agents(call, draft.to)
    draft.asked = await _resolve_question(call, draft)
    await _check_answer_is_legal(call, draft)
    return draft


def _strip_unstorable_fields(message: AgentMessage) -> dict[str, Any]:
    """Return the document without secrets and without the section reserved for the marketplace."""
    document = message.document()
    document.pop(AGORA_KEY, None)
    security = document.get("security")
    if security is not None:
        public_fields = ("provider", "permissions", "encryption")  # an allow-list: unknown fields may be secrets
        document["security"] = {name: security[name] for name in public_fields if name in security}
        if not document["security"]:
            del document["security"]
    return document


async def find_earlier_receipt(call: Call, draft: Draft) -> contract.Accepted | None:
    """Find the receipt of an earlier message with the same id. Raises IdempotencyConflict if its content differs."""
    if draft.message.id is None:
        return None
    earlier = await call.tx.one(
        statements.select_sent_envelope, sender=draft.sender.agent_id, envelope_id=draft.message.id
    )
    if earlier is None:
        return None
    if bytes(earlier.digest) != draft.digest:
        raise build_key_reused_error("id", draft.message.id, "message", "id")
    row = await call.tx.one(messages.select_message, message_id=earlier.message_id)
    return contract.Accepted(
        message_id=earlier.message_id,
        id=earlier.envelope_id,
        conversation_id=row.correlation_id if row is not None else earlier.conversation_id,
        timestamp=to_datetime(row.created_at if row is not None else call.now),
        due_at=to_datetime(earlier.due_at) if earlier.due_at else None,
        replayed=True,
    )


async def _resolve_question(call: Call, draft: Draft) -> EnvelopeRow | None:
    """Find the question that a message answers: the one in reply_to, else the only open question of its recipient."""
    message, party = draft.message, draft.sender.as_party
    if message.reply_to is not None:
        question = await call.tx.one(
            statements.select_envelope_by_party, envelope_id=message.reply_to, **party.sql_parameters
        )
        if question is None and message.reply_to.startswith("msg_"):
            question = await _find_question_by_message_id(call, message.reply_to, party)
        if question is None and message.type in rules.REPLY_ONLY_PERFORMATIVES:
            raise not_found(
                "correlation.reply_to",
                f"There is no message {message.reply_to!r} among those you sent or received.",
                fix="In correlation.reply_to, name the id of what you answer.",
            )
        return question
    # A question in a named conversation begins an exchange of its own; guessing an earlier question would be wrong.
    if message.conversation_id is not None and message.type in rules.ASKING_PERFORMATIVES:
        return None
    return await _infer_question_or_warn(call, draft)


async def _find_question_by_message_id(call: Call, message_id: str, party: Party) -> EnvelopeRow | None:
    row = await call.tx.one(statements.select_envelope_of_message, message_id=message_id)
    # Otherwise the party must have received it: an id alone must not give access to a foreign conversation.
    if row is None or row.sender == party.party:
        return row
    return await call.tx.one(statements.select_received_envelope, message_id=message_id, **party.sql_parameters)


async def _infer_question_or_warn(call: Call, draft: Draft) -> EnvelopeRow | None:
    """Infer the question of an answer without reply_to: the only open one of its recipient that the sender could answer.

    If there are none or several, the answer stays uncorrelated and the draft gets a warning: a wrong guess would
    settle a different question. Raises IllegalTransition if the type requires a question and none exists.
    """
    message = draft.message
    if message.type in rules.ASKING_PERFORMATIVES or len(draft.to) != 1:
        return None
    # Built-in agents have no row; their name is their id.
    asker = draft.to[0] if draft.own else await _find_agent_id(call, draft.to[0])
    askable = [kind.value for kind in rules.ASKING_PERFORMATIVES if message.type in rules.ANSWERS_BY_PERFORMATIVE[kind]]
    if asker is None or not askable:
        questions, lapsed = [], None
    else:
        # A bound by id: the index envelopes_open then reads recent questions only, however many old ones stayed open.
        after = f"msg_{max(0, call.now // 1000 - MAX_QUESTION_AGE_MILLISECONDS):012x}"
        scope = {"asker": asker, "after": after, "now": call.now, **draft.sender.as_party.sql_parameters}
        label = {} if message.conversation_id is None else {"label": message.conversation_id}
        query = statements.build_open_questions_query(labelled=bool(label))
        questions = list(await call.tx.all(query, types=encode_json(sorted(askable)), **scope, **label))
        if len(questions) == 1:
            return questions[0]
        # Only to tell a late answerer why its answer is not correlated.
        lapsed = None if questions else await call.tx.one(statements.select_lapsed_question, **scope)
    if questions:
        draft.warning = _build_uncorrelated_warning(f"several questions of {draft.to[0]} are open that it could answer")
    elif lapsed is not None:
        draft.warning = _build_uncorrelated_warning(
            f"the question {lapsed.envelope_id!r} of {draft.to[0]} is not open any more"
        )
    elif message.type in rules.REPLY_ONLY_PERFORMATIVES:
        raise IllegalTransition(
            f"{draft.to[0]} has sent no message that a message of type {message.type.value} can answer.",
            fix="Name the message in correlation.reply_to.",
            allowed=sorted(set(Performative) - rules.REPLY_ONLY_PERFORMATIVES),
        )
    return None


def _build_uncorrelated_warning(cause: str) -> str:
    return (
        f"The message is delivered as an answer to nothing, because {cause}. Name the question in correlation.reply_to."
    )


async def _find_agent_id(call: Call, ref: str) -> str | None:
    row = await find_agent(call.tx, ref)
    return None if row is None else row.agent_id


async def _check_answer_is_legal(call: Call, draft: Draft) -> None:
    question, kind = draft.asked, draft.message.type
    if question is None:
        return
    previous_type, own_fields = Performative(question.type), question.sender == draft.sender.agent_id
    if not rules.is_legal_answer(previous_type, kind, own=own_fields):
        allowed = sorted(
            answer for answer in Performative if rules.is_legal_answer(previous_type, answer, own=own_fields)
        )
        raise IllegalTransition(
            f"A message of type {previous_type.value} is not answered by one of type {kind.value}.",
            fix=f"Possible are: {', '.join(allowed)}."
            if allowed
            else "It cannot be answered: start a new exchange, without reply_to.",
            allowed=allowed,
        )
    closed = await call.tx.one(
        statements.select_closing_answers, message_id=question.message_id, sender=draft.sender.agent_id
    )
    if closed is not None and not own_fields:
        raise IllegalTransition(
            f"You have answered this with {closed} already.",
            fix="That ended the exchange: start a new one, without reply_to.",
            allowed=[],
        )


async def authorize_and_deliver_draft(call: Call, draft: Draft) -> SentMessage:
    """Store and deliver a message. Recipients see the document as its author wrote it, under the author's id."""
    service = MessagingService(call)
    draft.destination = await _resolve_destination(service, draft)
    if draft.copied and draft.sender.agent_id not in draft.destination.agents:
        if draft.sender.row is None:
            draft.destination.agents.append(draft.sender.agent_id)
        else:
            service.add_agent_as_recipient(draft.destination, draft.sender.row)
    # After the recipients are resolved: a capability or an alias stands for agents, and each has its own policy.
    await permissions.check_permissions(call, draft.message, draft.sender, draft.destination.agents)
    conversation = await choose_conversation(call, draft.message.conversation_id, draft.sender.as_party, draft.asked)
    message_id = new_id("msg")
    document = _complete_document(draft, message_id, conversation[1], call.now)
    row = _build_message_row(call, draft, document, message_id, conversation[1])
    if draft.message.expected is not None and draft.message.expected.timeout:
        draft.destination.answer_by = call.now + draft.message.expected.timeout * 1000
    message = service.insert_and_emit_message(row, draft.destination)
    record = _build_envelope_record(draft, document, message_id)
    await record_envelope_and_answer(call, record, conversation)
    due = (
        call.now + record.timeout * 1000
        if record.timeout and draft.message.type in rules.ASKING_PERFORMATIVES
        else None
    )
    accepted = contract.Accepted(
        message_id=message_id,
        id=document["id"],
        conversation_id=conversation[1],
        status=DeliveryState.QUEUED,
        timestamp=to_datetime(call.now),
        recipients=None if draft.destination.broadcast else len(draft.to),
        warning=" ".join(filter(None, (draft.warning, message.warning))) or None,
        unregistered=[name for name in draft.destination.held if name != OPERATOR] or None,
        due_at=to_datetime(due) if due else None,
    )
    return SentMessage(message_id, document["id"], conversation[0], conversation[1], accepted)


async def _resolve_destination(service: MessagingService, draft: Draft) -> Destination:
    """Resolve the recipients; built-in agents have no inbox."""
    recipients = [ref for ref in draft.to if ref not in draft.own]
    if draft.own and "broadcast" in recipients:
        raise InvalidRequest("'broadcast' must be the only recipient.", errors=[field_error("to", "mixed with others")])
    if not recipients:
        return Destination([], [])
    return await service.resolve_destination(recipients if len(recipients) > 1 else recipients[0])


async def send_as_marketplace(
    call: Call,
    builtin_agent: str,
    document: dict[str, Any],
    question: EnvelopeRow | None,
    *,
    cause: str | None = None,
    closes: bool = True,
) -> SentMessage:
    """Send a message as a built-in agent.

    question: the row of the question it answers. cause: id of the message that caused this request.
    """
    # Validated like an agent's message, so that a built-in agent cannot send what the protocol forbids.
    message = AgentMessage.model_validate(document)
    draft = Draft(
        message,
        message.document(),
        compute_document_digest(document),
        Sender(builtin_agent, builtin_agent),
        message.to,
        asked=question,
    )
    draft.cause, draft.closes = cause, closes
    return await authorize_and_deliver_draft(call, draft)


def _complete_document(draft: Draft, message_id: str, label: str, now: int) -> dict[str, Any]:
    """Complete the author's document with defaults and correlation."""
    document = draft.document
    original = document.get("correlation") or {}
    correlation = {"conversation_id": label} | {name: value for name, value in original.items() if value is not None}
    if draft.asked is not None and "reply_to" not in correlation:
        correlation["reply_to"] = draft.asked.envelope_id
    defaults = {"id": message_id, "ts": format_utc_time(now)}
    own_fields = {"sender": draft.sender.name, "to": document.get("to") or draft.to, "correlation": correlation}
    # The author's id and time win over the defaults; sender and recipients are the marketplace's, which has checked them.
    return {**defaults, **document, **own_fields}


def _build_message_row(call: Call, draft: Draft, document: dict[str, Any], message_id: str, label: str) -> MessageRow:
    plain = VIEW_BY_NAME["agentify"].convert_to_message(document)
    message = plain | {
        "message_id": message_id,
        "from_agent": draft.sender.agent_id,
        "from_name": draft.sender.name,
        "timestamp": format_utc_time(call.now),
        "correlation_id": label,
        # The row names the question by the marketplace's id, the document by the id that its author knows.
        "reply_to": draft.asked.message_id if draft.asked is not None else None,
    }
    metadata = embed_document("agentify", message, document)["metadata"]
    assert draft.destination is not None
    return MessageRow(
        tenant_id=call.caller.tenant,
        message_id=message_id,
        from_agent=draft.sender.agent_id,
        from_name=draft.sender.name,
        to_agent=message["to_agent"],
        content=message["content"],
        message_type=message["message_type"],
        priority=message["priority"],
        correlation_id=label,
        reply_to=message["reply_to"],
        metadata=encode_json(metadata),
        broadcast=int(draft.destination.broadcast),
        created_at=call.now,
        expires_at=None,
    )


def _build_envelope_record(draft: Draft, document: dict[str, Any], message_id: str) -> EnvelopeRecord:
    message = draft.message
    assert draft.destination is not None
    parties = [*draft.destination.recipient_addresses, *draft.own]
    record = EnvelopeRecord(
        message_id, draft.sender.agent_id, document["id"], message.type, message.intent, parties, draft.digest
    )
    record.asked, record.cause, record.task_id, record.state = draft.asked, draft.cause, draft.task_id, draft.state
    if draft.asked is not None:
        record.final = rules.is_final_answer(
            Performative(draft.asked.type), message, get_expected_answer_type(draft.asked)
        )
    if message.expected is not None:
        record.expected, record.timeout = message.expected.type, message.expected.timeout
    record.closes = draft.closes
    return record
