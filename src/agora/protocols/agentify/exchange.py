"""Exchanges: a message carried to the dispatcher, and what answers it.

A ``request`` to agent.marketplace.orchestrator whose intent is the name of an operation (``agora.task.get``) calls it:
the payload are its arguments, an ``inform`` with the intent ``result`` its result. So an agent that speaks nothing but
this protocol can do all that any other can.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from functools import cache
from typing import TYPE_CHECKING, Any

from pydantic import TypeAdapter, ValidationError
from pydantic_core import from_json, to_jsonable_python

from agora.core.call import Caller
from agora.core.dispatcher import KEY, Dispatcher
from agora.core.validation import to_invalid_request
from agora_sdk.contract import Kind, declared
from agora_sdk.contract.envelopes import ORCHESTRATOR
from agora_sdk.errors import AgoraError, InvalidRequest

from .messages import Document, Letter, failure, said

if TYPE_CHECKING:
    from agora_sdk.contract.conversations import Accepted
    from agora_sdk.contract.envelopes import AgentMessage

__all__ = ["Exchange", "waits"]

SEND, REPLY = declared("conversation", "send"), declared("conversation", "reply")
WAITING = frozenset({"request", "discover", "deploy", "co_locate", "scale"})  # types answered in the same response
PATIENCE = 30.0  #: seconds to wait for an answer, where the message does not say
LONGEST = 300.0
STRETCH = 60.0
HASTE, MOST_HASTY = (
    0.05,
    3,
)  #: seconds in which, and how often, a wait may end in vain: a server that stops waits for nothing


class Exchange:
    """What both transports do with a message."""

    def __init__(self, dispatcher: Dispatcher) -> None:
        self._dispatcher = dispatcher

    def is_call(self, letter: Letter) -> bool:
        """Whether a message calls an operation."""
        return letter.kind == "request" and letter.intent.startswith("agora.") and letter.to in ([], [ORCHESTRATOR])

    async def call(self, letter: Letter, caller: Caller) -> tuple[int, Document]:
        """Run the operation that a message calls; answers the HTTP status and its result, or what went wrong."""
        try:
            message = _checked(letter)
            operation = self._dispatcher.context.catalogue.find(letter.intent, None, caller.tenant)
            if operation.kind is Kind.STREAM:
                raise InvalidRequest(f"{operation.name} is a stream.", fix="Read it at its own address, or over /ws.")
            key = message.id if message.id and KEY.fullmatch(message.id) else None
            outcome = await self._dispatcher.invoke(operation, caller, message.payload, idempotency_key=key)
            result = from_json(outcome.body)
        except AgoraError as error:
            return error.status, failure(error, letter)
        payload = result if isinstance(result, dict) else {"result": result}
        return operation.success_status, said("inform", "result", payload, letter.document)

    async def send(self, letter: Letter, caller: Caller, key: str | None = None) -> Accepted:
        """Send a message. Raises an AgoraError."""
        outcome = await self._dispatcher.invoke(SEND, caller, {"message": letter.document}, idempotency_key=key)
        accepted: Accepted = outcome.result
        return accepted

    async def answer(
        self, letter: Letter, caller: Caller, accepted: Accepted, seconds: float | None = None
    ) -> Document | None:
        """What answers a message that was sent, None if nothing does in time. seconds: to wait; by the message if None."""
        patience = _patience(letter) if seconds is None else min(seconds, LONGEST)
        deadline, hasty = time.monotonic() + patience, 0
        while True:
            left = deadline - (began := time.monotonic())
            arguments = {"message_id": accepted.message_id, "wait": max(0.0, min(left, STRETCH))}
            outcome = await self._dispatcher.invoke(REPLY, caller, arguments)
            if outcome.result.message is not None:
                found: Document = from_json(outcome.body)["message"]
                return found
            hasty += time.monotonic() - began < HASTE
            if left <= 0 or not outcome.result.waiting or hasty > MOST_HASTY:
                return None

    def accepted(self, letter: Letter, accepted: Accepted) -> Document:
        """The receipt of a message, as a message."""
        told = accepted.model_dump(mode="json", exclude={"answer"}, exclude_none=True)
        document: Mapping[str, Any] = letter.document | {
            "id": accepted.id,
            "correlation": {"conversation_id": accepted.conversation_id},
        }
        return said("confirm", "accepted", told, dict(document))


def waits(letter: Letter) -> bool:
    """Whether the sender of a message waits for its answer: of its type, or because it expects one."""
    return letter.kind in WAITING or bool(letter.expected)


def _patience(letter: Letter) -> float:
    """Seconds to wait for an answer; a little longer than what is expected, so that its failure is the answer."""
    timeout = letter.expected.get("timeout")
    if isinstance(timeout, int | float) and not isinstance(timeout, bool) and timeout > 0:
        return min(timeout / 1000 + 1.0, LONGEST)
    return PATIENCE if waits(letter) else 0.0


@cache
def _outgoing() -> TypeAdapter[AgentMessage]:
    from agora_sdk.contract.envelopes import Outgoing

    return TypeAdapter(Outgoing)


def _checked(letter: Letter) -> AgentMessage:
    try:
        return _outgoing().validate_python(to_jsonable_python(letter.document))
    except ValidationError as error:
        raise to_invalid_request(error, SEND) from None
