"""Timeouts: a message that was not answered within expected.timeout is answered by a failure with the intent 'timeout'.

The failure is the asker's own, to those it asked, so that both know. An answer that comes later is delivered all the same,
and belongs to the question only if it names it.
"""

from __future__ import annotations

from agora.core.call import Call
from agora.domains.agents.references import find_agent
from agora.domains.messaging import queries as messages
from agora.store.port import Row
from agora_sdk.contract.envelopes import AgentMessage

from . import queries as statements
from .correlation import Sender, digest_of
from .delivery import Draft, deliver_draft, own_agents
from .lookup import envelope_from_row

__all__ = ["time_out"]


async def time_out(call: Call, message_id: str) -> Row | None:
    """Write the failure of a message that is due; answers its row as it is then, None where nothing is due any more."""
    question_row = await call.tx.one(statements.lock, message_id=message_id)
    if (
        question_row is None
        or question_row["due_at"] is None
        or question_row["due_at"] > call.now
        or question_row["answer"] is not None
    ):
        return None
    letter = await call.tx.one(messages.of, message_id=message_id)
    if letter is None:
        await call.tx.execute(statements.lapse, message_id=message_id, answer=None)
        return None
    question = envelope_from_row(letter)
    document = {
        "type": "failure",
        "to": question.to,
        "intent": "timeout",
        "payload": {
            "error": "Request timeout",
            "timeout": question_row["timeout"],
            "original_message_id": question_row["envelope_id"],
        },
        "correlation": {"conversation_id": letter["correlation_id"], "reply_to": question_row["envelope_id"]},
    }
    message = AgentMessage.model_validate(document)
    sender = Sender(letter["from_agent"], letter["from_name"], await find_agent(call.tx, letter["from_agent"]))
    draft = Draft(
        message, document, digest_of(document), sender, [], asked=question_row, state="timed_out", copied=True
    )
    draft.own = await own_agents(call, question.to)
    draft.to = [ref for ref in question.to if ref in draft.own or await _is_reachable(call, ref)]
    await deliver_draft(call, draft)
    return await call.tx.one(statements.of_message, message_id=message_id)


async def _is_reachable(call: Call, ref: str) -> bool:
    """Whether a recipient is there to be told: not one that has left, and no group."""
    row = await find_agent(call.tx, ref)
    return row is not None and row["retired_at"] is None
