"""Message exchanges: pass a message to the dispatcher, and find its reply.

A ``request`` to agent.marketplace.orchestrator whose intent is the name of an operation (``agora.task.get``) calls it:
the payload contains its arguments, and an ``inform`` with the intent ``result`` its result. So an agent that supports
only this protocol can use every operation.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from functools import cache
from typing import TYPE_CHECKING, Any

from pydantic import TypeAdapter, ValidationError
from pydantic_core import from_json, to_jsonable_python

from agora.core.call import Caller
from agora.core.dispatcher import KEY_PATTERN, Dispatcher
from agora.core.validation import convert_validation_error
from agora_sdk.contract import Kind, declared
from agora_sdk.contract.envelopes import ORCHESTRATOR
from agora_sdk.contract.outgoing_messages import Outgoing
from agora_sdk.errors import AgoraError, InvalidRequest

from .messages import Document, IncomingMessage, build_error_message, build_marketplace_message

if TYPE_CHECKING:
    from agora_sdk.contract.conversations import Accepted
    from agora_sdk.contract.envelopes import AgentMessage

__all__ = ["MessageExchange", "expects_reply"]

SEND, REPLY = declared("conversation", "send"), declared("conversation", "reply")
REPLY_TYPES = frozenset({"request", "discover", "deploy", "co_locate", "scale"})  # replied to in the same response
DEFAULT_WAIT_SECONDS = 30.0  #: default seconds to wait for a reply
MAX_WAIT_SECONDS = 300.0
POLL_SECONDS = 60.0
SHORT_WAIT_SECONDS = 0.05  #: of a wait that ended early, because a server stops
MAX_SHORT_WAITS = 3


class MessageExchange:
    """Sends messages through the dispatcher, calls operations that they name, and finds replies, for both transports."""

    def __init__(self, dispatcher: Dispatcher) -> None:
        self._dispatcher = dispatcher

    def is_operation_call(self, message: IncomingMessage) -> bool:
        """Whether a message calls an operation."""
        return message.kind == "request" and message.intent.startswith("agora.") and message.to in ([], [ORCHESTRATOR])

    async def answer_operation_call(self, message: IncomingMessage, caller: Caller) -> tuple[int, Document]:
        """Run the operation that a message calls; returns the HTTP status, and its result or error."""
        try:
            request = _validate_message(message)
            operation = self._dispatcher.context.registry.resolve(message.intent, None, caller.tenant)
            # One message has one reply.
            if operation.kind is Kind.STREAM:
                raise InvalidRequest(f"{operation.name} is a stream.", fix="Read it at its own address, or over /ws.")
            # The id makes a repeated call take effect once; ids that are no valid key are allowed, too.
            key = request.id if request.id and KEY_PATTERN.fullmatch(request.id) else None
            outcome = await self._dispatcher.invoke(operation, caller, request.payload, idempotency_key=key)
            result = from_json(outcome.body)
        except AgoraError as error:
            return error.status, build_error_message(error, message)
        payload = result if isinstance(result, dict) else {"result": result}
        return operation.success_status, build_marketplace_message("inform", "result", payload, message.document)

    async def send_message(self, message: IncomingMessage, caller: Caller, key: str | None = None) -> Accepted:
        """Send a message. Raises an AgoraError."""
        outcome = await self._dispatcher.invoke(SEND, caller, {"message": message.document}, idempotency_key=key)
        accepted: Accepted = outcome.result
        return accepted

    async def wait_for_reply(
        self, message: IncomingMessage, caller: Caller, receipt: Accepted, seconds: float | None = None
    ) -> Document | None:
        """Wait for the reply to a sent message; None after the timeout. seconds: timeout; None: from the message."""
        timeout = _choose_reply_timeout(message) if seconds is None else min(seconds, MAX_WAIT_SECONDS)
        deadline, short_waits = time.monotonic() + timeout, 0
        while True:
            remaining = deadline - (started_at := time.monotonic())
            arguments = {"message_id": receipt.message_id, "wait": max(0.0, min(remaining, POLL_SECONDS))}
            outcome = await self._dispatcher.invoke(REPLY, caller, arguments)
            if outcome.result.message is not None:
                reply: Document = from_json(outcome.body)["message"]
                return reply
            # A stopping server answers waits at once: repeating them without bound would be a busy loop until it is gone.
            short_waits += time.monotonic() - started_at < SHORT_WAIT_SECONDS
            if remaining <= 0 or not outcome.result.waiting or short_waits > MAX_SHORT_WAITS:
                return None

    def build_receipt(self, message: IncomingMessage, receipt: Accepted) -> Document:
        """Build the receipt of a message."""
        payload = receipt.model_dump(mode="json", exclude={"answer"}, exclude_none=True)
        document: Mapping[str, Any] = message.document | {
            "id": receipt.id,
            "correlation": {"conversation_id": receipt.conversation_id},
        }
        return build_marketplace_message("confirm", "accepted", payload, dict(document))


def expects_reply(message: IncomingMessage) -> bool:
    """Whether the sender of a message waits for a reply, by its type or its expectation."""
    return message.kind in REPLY_TYPES or bool(message.expected)


def _choose_reply_timeout(message: IncomingMessage) -> float:
    """Choose the seconds to wait for a reply: slightly more than expected, so that the timeout's failure is the reply."""
    timeout = message.expected.get("timeout")
    if isinstance(timeout, int | float) and not isinstance(timeout, bool) and timeout > 0:
        return min(timeout / 1000 + 1.0, MAX_WAIT_SECONDS)
    return DEFAULT_WAIT_SECONDS if expects_reply(message) else 0.0


@cache
def _create_outgoing_adapter() -> TypeAdapter[AgentMessage]:
    return TypeAdapter(Outgoing)


def _validate_message(message: IncomingMessage) -> AgentMessage:
    try:
        return _create_outgoing_adapter().validate_python(to_jsonable_python(message.document))
    except ValidationError as error:
        raise convert_validation_error(error, SEND) from None
