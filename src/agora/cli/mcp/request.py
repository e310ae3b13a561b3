"""An inquiry: a request of the client, or a batch of them, on its way to the server until every part is answered."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping
from typing import Any

from agora_sdk import mcp_wire

from .upstream import Answer

__all__ = ["Message", "PendingRequest", "is_message", "read_request_params"]

Message = dict[str, Any]


def is_message(part: Any) -> bool:
    """Whether something can be a JSON-RPC message: an object, with an id that is a text or a number if it has one."""
    return isinstance(part, dict) and isinstance(part.get("id"), (str, int, float, type(None)))


def read_request_params(message: Message) -> Message:
    """A message's parameters, if they are an object."""
    params = message.get("params")
    return params if isinstance(params, dict) else {}


class PendingRequest:
    """What was asked, and what of it still waits for its answer."""

    def __init__(self, message: Message | list[Message], line: bytes) -> None:
        self._message, self._line = message, line
        self.parts = message if isinstance(message, list) else [message]
        self._waiting = {part["id"]: part for part in self.parts if "id" in part and "method" in part}
        self._key = os.urandom(16).hex()
        self.cancelled = False

    @property
    def first(self) -> Message:
        """The request; the first of a batch."""
        return next(iter(self._waiting.values()), self.parts[0])

    @property
    def method(self) -> str:
        return str(self.first.get("method"))

    @property
    def is_sessionless(self) -> bool:
        """Whether it needs no session: it declares its version itself."""
        return mcp_wire.declared_version(self.first) is not None

    @property
    def unanswered_ids(self) -> list[Any]:
        """Ids that have no answer yet."""
        return list(self._waiting)

    def encode_body(self) -> bytes:
        """What to send; of a batch that broke off, what was not answered."""
        if isinstance(self._message, dict) or len(self._waiting) == len(self.parts):
            return self._line
        return json.dumps(list(self._waiting.values())).encode()

    def build_headers(self, session: Mapping[str, str], mirrored: Mapping[tuple[str, ...], str]) -> dict[str, str]:
        """Headers of its era. A tool's call has a key of its own, so that however often it is sent it happens once."""
        if self.method == "initialize":
            return {}
        headers = mcp_wire.routing_headers(self.first) or dict(session)
        if self.method == "tools/call":
            headers["idempotency-key"] = self._key
            headers |= mcp_wire.mirrored_parameters(mirrored, read_request_params(self.first).get("arguments"))
        return headers

    def apply_answer(self, answer: Answer) -> tuple[bytes, Iterator[tuple[Message, Message]]]:
        """Count an answer in. Answers the line for the client, and the requests that it answers with their answers."""
        message, text = answer.message, answer.text
        if isinstance(self._message, dict) and mcp_wire.is_response(message) and message.get("id") is None:
            message = message | {"id": self._message.get("id")}  # refused before its id was read
            text = json.dumps(message).encode()
        responses = [
            part for part in (message if isinstance(message, list) else [message]) if mcp_wire.is_response(part)
        ]
        matched = [(self._waiting.pop(part.get("id"), None), part) for part in responses]
        return text, ((request, part) for request, part in matched if request is not None)
