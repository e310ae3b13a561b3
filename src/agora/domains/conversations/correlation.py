"""Correlation: the conversation of a message, its parties, and the question that it answers."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from pydantic_core import to_json

from agora.clock import new_id, to_datetime
from agora.core.call import Call, encode_json
from agora.domains.agents.records import AgentRow
from agora.domains.agents.references import build_address_of_name
from agora.domains.messaging.records import MessageRow
from agora.domains.messaging.views import build_message_fields
from agora.value_classes import value_class
from agora.wire.envelopes import convert_to_agentify_envelope, embed_document
from agora.wire.envelopes.agentify import convert_message_type
from agora_sdk.contract.envelopes import AgentMessage, Performative

from . import queries as statements
from .records import CONVERSATIONS, ENVELOPES, PARTIES, ConversationRow, EnvelopeRow, PartyRow
from .rules import ASKING_PERFORMATIVES, STATE_BY_PERFORMATIVE, is_final_answer

__all__ = [
    "EnvelopeRecord",
    "Party",
    "Sender",
    "build_envelope_document",
    "choose_conversation",
    "compute_document_digest",
    "correlate_and_record_reply",
    "format_utc_time",
    "get_expected_answer_type",
    "record_envelope_and_answer",
]


@value_class
class Party:
    """A participant: its id, and the addresses under which messages are held until it registers.

    joined: lower bound of message ids; earlier broadcasts are not delivered to it.
    """

    party: str
    address: str = ""
    alias: str = ""
    joined: str = "msg_g"

    @property
    def sql_parameters(self) -> dict[str, str]:
        return {"party": self.party, "address": self.address, "alias": self.alias}


@value_class
class Sender:
    """The sender of a message: its id, the name it uses, its row if it is an agent."""

    agent_id: str
    name: str
    row: AgentRow | None = None

    @property
    def as_party(self) -> Party:
        if self.row is None:
            return Party(self.agent_id, build_address_of_name(self.agent_id))
        alias = self.row.alias
        # Ids of messages begin with their time in milliseconds (UUIDv7, RFC 9562), so a time is a position among them.
        joined = f"msg_{self.row.registered_at // 1000:012x}"
        return Party(
            self.agent_id,
            build_address_of_name(self.row.agent_name),
            build_address_of_name(alias) if alias else "",
            joined,
        )

    @property
    def known_names(self) -> set[str]:
        """List all names that others may use for it."""
        names = {self.agent_id, self.name}
        if self.row is not None:
            name, account = self.row.agent_name, self.row.account_id
            names |= {name, f"agent.{account}.{name}", self.row.alias or name}
        return names


@dataclass(slots=True)
class EnvelopeRecord:
    """A message to record.

    parties: ids and addresses of its recipients. asked: the row of the question it answers; final: whether it is the
    final answer. closes: whether the question stops waiting for this sender. timeout: milliseconds.
    """

    message_id: str
    sender: str
    envelope_id: str
    type: Performative
    intent: str | None
    parties: Sequence[str]
    digest: bytes = b""
    asked: EnvelopeRow | None = None
    final: bool = False
    cause: str | None = None
    expected: Performative | None = None
    timeout: int | None = None
    task_id: str | None = None
    state: str | None = None
    closes: bool = True


def compute_document_digest(document: dict[str, Any]) -> bytes:
    """Compute the digest that is compared when a message id is repeated."""
    return hashlib.blake2b(to_json(document), digest_size=16).digest()


def build_envelope_document(row: MessageRow) -> dict[str, Any]:
    """Build the document of a message's row, as converted by :mod:`agora.wire.envelopes`."""
    fields = build_message_fields(row) | {
        "timestamp": format_utc_time(row.created_at),
        "expires_at": None if row.expires_at is None else format_utc_time(row.expires_at),
    }
    del fields["status"]
    return fields


def format_utc_time(microseconds: int) -> str:
    return to_datetime(microseconds).isoformat().replace("+00:00", "Z")


async def choose_conversation(
    call: Call, label: str | None, party: Party, question: EnvelopeRow | None
) -> tuple[str, str, bool]:
    """Find or start the conversation of a message to send; return its id, its label, and whether it is new.

    It is the conversation of the question; else the one with that label that the sender takes part in; else a new one.
    Agents choose labels, so using the label of a foreign conversation starts another one and discloses nothing.
    """
    if question is not None:
        row = await call.tx.one(statements.select_conversation, conversation_id=question.conversation_id)
        # An answer under another label moves the exchange to that conversation.
        if row is not None and label in (None, row.label):
            return row.conversation_id, row.label, False
    if label is not None:
        row = await call.tx.one(statements.select_newest_conversation_by_label, label=label, **party.sql_parameters)
        if row is not None:
            return row.conversation_id, row.label, False
    key = new_id("conv")
    return key, label or key, True


async def record_envelope_and_answer(call: Call, record: EnvelopeRecord, conversation: tuple[str, str, bool]) -> None:
    """Record a message in its conversation, and the answer to its question."""
    key, label, new = conversation
    state = record.state or STATE_BY_PERFORMATIVE.get(record.type, "open")
    if new:
        call.tx.append(CONVERSATIONS, _build_conversation_row(call, record, key, label, state))
        members: set[str] = set()
    else:
        last = {"state": state, "last_type": record.type.value, "now": call.now}
        await call.tx.execute(statements.update_conversation, conversation_id=key, **last)
        # Participants are appended once: a second row of a party would violate the primary key.
        members = set(await call.tx.all(statements.select_participants, conversation_id=key))
    for party in dict.fromkeys((record.sender, *record.parties)):
        if party not in members:
            call.tx.append(
                PARTIES,
                PartyRow(
                    tenant_id=call.caller.tenant,
                    party=party,
                    conversation_id=key,
                    label=label,
                ),
            )
    asking = record.type in ASKING_PERFORMATIVES
    due = call.now + record.timeout * 1000 if asking and record.timeout else None
    envelope = EnvelopeRow(
        tenant_id=call.caller.tenant,
        message_id=record.message_id,
        conversation_id=key,
        sender=record.sender,
        envelope_id=record.envelope_id,
        digest=record.digest,
        type=record.type.value,
        intent=record.intent,
        answers=record.asked.message_id if record.asked is not None else None,
        cause=record.cause,
        final=int(record.final),
        # Counts the recipients whose answer is awaited; a broadcast has no list of recipients and waits for one.
        open=max(1, len(record.parties)) if asking else 0,
        expected=record.expected.value if record.expected is not None else None,
        timeout=record.timeout,
        due_at=due,
        answer=None,
        task_id=record.task_id,
    )
    call.tx.append(ENVELOPES, envelope)
    if record.asked is not None:
        await _settle_question_if_final(call, record, record.asked)


def _build_conversation_row(call: Call, record: EnvelopeRecord, key: str, label: str, state: str) -> ConversationRow:
    return ConversationRow(
        tenant_id=call.caller.tenant,
        conversation_id=key,
        label=label,
        initiator=record.sender,
        type=record.type.value,
        intent=record.intent,
        state=state,
        last_type=record.type.value,
        message_count=1,
        started_at=call.now,
        updated_at=call.now,
    )


def get_expected_answer_type(question: EnvelopeRow) -> Performative | None:
    """Choose the type of answer that a message expects."""
    return Performative(question.expected) if question.expected else None


async def _settle_question_if_final(call: Call, record: EnvelopeRecord, question: EnvelopeRow) -> None:
    """Record the answer to a question: the first final one of another party settles it.

    A final answer by the asker itself ends the waiting: the question timed out, or was withdrawn.
    """
    if not record.final:
        return
    answer = {"message_id": question.message_id, "answer": record.message_id}
    if record.sender != question.sender:
        await call.tx.execute(statements.record_answer, **answer, closes=int(record.closes))
    elif Performative(question.type) in ASKING_PERFORMATIVES:
        await call.tx.execute(statements.expire_question, **answer)


async def correlate_and_record_reply(call: Call, row: MessageRow, parties: Sequence[str]) -> MessageRow:
    """Record a message of any protocol that answers one of the agent protocol; return its row, with metadata added.

    The answer counts as an ``inform``, unless its message type is one of the agent protocol.
    """
    # Replies of other protocols name the marketplace's message id; a reply to a message that the sender did not receive is not correlated.
    party = Party(row.from_agent)
    question = await call.tx.one(statements.select_received_envelope, message_id=row.reply_to, **party.sql_parameters)
    if question is None:
        return row
    kind = Performative(convert_message_type(row.message_type))
    record = EnvelopeRecord(row.message_id, row.from_agent, row.message_id, kind, None, parties, asked=question)
    answer = AgentMessage.model_construct(type=kind, status=None)
    record.final = is_final_answer(Performative(question.type), answer, get_expected_answer_type(question))
    await record_envelope_and_answer(call, record, await choose_conversation(call, row.correlation_id, party, question))
    if question.envelope_id == question.message_id:
        return row
    message = build_envelope_document(row)  # the asker knows the question by its own id for it
    document = convert_to_agentify_envelope(message)
    # The section of the marketplace's additions is rebuilt from the row whenever the message is read.
    document.pop("agora", None)
    document["correlation"] = {**document.get("correlation", {}), "reply_to": question.envelope_id}
    return replace(row, metadata=encode_json(embed_document("agentify", message, document)["metadata"]))
