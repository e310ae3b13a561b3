"""Outgoing messages: envelopes that satisfy the rules of their type."""

from __future__ import annotations

from typing import Annotated, TypeAlias

from pydantic import AfterValidator

from .envelopes import AgentMessage

__all__ = ["Outgoing", "check_message"]

EXTENSIONS = 50  #: limit of unknown fields in an envelope


def check_message(message: AgentMessage) -> AgentMessage:
    """Validate a message against the rules of its type. Raises ValueError naming the field."""
    from .performatives import check_payload  # deferred: the sixteen models are built when the first message is sent

    if len(message.model_extra or ()) > EXTENSIONS:
        raise ValueError(f"more than {EXTENSIONS} fields that the protocol does not know")
    check_payload(message)
    return message


Outgoing: TypeAlias = Annotated[AgentMessage, AfterValidator(check_message)]
