"""Timeouts: a message not answered within ``expected.timeout`` gets a failure with the intent ``timeout``.

The asker sends the failure to itself and the recipients, so that both sides know. A late answer is still delivered, and
is correlated only if its ``reply_to`` names the question.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from agora.core.call import Call
from agora.domains.agents.references import OPERATOR, find_agent
from agora.domains.messaging import queries as messages
from agora_sdk.contract.envelopes import AgentMessage

from . import queries as statements
from .correlation import Sender, compute_document_digest
from .delivery import Draft, authorize_and_deliver_draft, find_builtin_agents
from .lookup import build_envelope_from_row
from .records import EnvelopeRow

__all__ = ["send_timeout_if_due"]


async def send_timeout_if_due(call: Call, message_id: str) -> EnvelopeRow | None:
    """Send the timeout failure of a due message; return its updated row, None if it is no longer due."""
    question_row = await call.tx.one(statements.lock_envelope, message_id=message_id)
    if (
        question_row is None
        or question_row.due_at is None
        or question_row.due_at > call.now
        or question_row.answer is not None
    ):
        return None
    letter = await call.tx.one(messages.select_message, message_id=message_id)
    # Deleted by retention, so there is nothing to quote; the question is closed all the same, else it stays due without end.
    if letter is None:
        await call.tx.execute(statements.expire_question, message_id=message_id, answer=None)
        return None
    question = build_envelope_from_row(letter)
    document: dict[str, Any] = {
        "type": "failure",
        "to": question.to,
        "intent": "timeout",
        "payload": {
            "error": "Request timeout",
            "timeout": question_row.timeout,
            "original_message_id": question_row.envelope_id,
        },
        "correlation": {"conversation_id": letter.correlation_id, "reply_to": question_row.envelope_id},
    }
    message = AgentMessage.model_validate(document)
    sender = Sender(letter.from_agent, letter.from_name, await find_agent(call.tx, letter.from_agent))
    draft = Draft(
        message,
        document,
        compute_document_digest(document),
        sender,
        [],
        asked=question_row,
        state="timed_out",
        copied=True,
    )
    draft.own = await find_builtin_agents(call, question.to)
    # A recipient that has left would make the delivery of the failure fail, and with it the timeout.
    draft.to = [ref for ref in question.to if ref in draft.own or await _is_active_agent(call, ref)]
    if unregistered := await _find_unregistered_names(call, question.to):
        document["payload"] |= _build_unregistered_payload(unregistered)
        message = draft.message = AgentMessage.model_validate(document)
        draft.digest = compute_document_digest(document)
    await authorize_and_deliver_draft(call, draft)
    # Read again: delivering the failure has recorded it as the question's answer.
    return await call.tx.one(statements.select_envelope_of_message, message_id=message_id)


async def _is_active_agent(call: Call, ref: str) -> bool:
    """Whether a recipient is an active agent, neither retired nor a group."""
    row = await find_agent(call.tx, ref)
    return row is not None and row.retired_at is None


async def _find_unregistered_names(call: Call, refs: Sequence[str]) -> list[str]:
    """Find the recipients that are names without an agent."""
    builtin_ids, groups = await find_builtin_agents(call, list(refs)), ("broadcast", OPERATOR)
    recipients = [
        ref for ref in refs if ref not in builtin_ids and ref not in groups and not ref.startswith("capability:")
    ]
    return [ref for ref in recipients if await find_agent(call.tx, ref) is None]


def _build_unregistered_payload(names: Sequence[str]) -> dict[str, Any]:
    return {
        "reason": f"No agent is registered as {', '.join(map(repr, names))}; the message is held until one is.",
        "code": "AGENT_NOT_FOUND",
        "unregistered": list(names),
    }
