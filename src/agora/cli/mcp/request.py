"""Pending requests: a request of the client, or a batch, until every part is answered."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping
from typing import Any

from agora_sdk import mcp_wire

from .server_client import Answer

__all__ = ["Message", "PendingRequest", "is_message", "read_request_params"]

Message = dict[str, Any]


def is_message(part: Any) -> bool:
    """Whether a value can be a JSON-RPC message: an object whose id, if any, is a string or a number."""
    return isinstance(part, dict) and isinstance(part.get("id"), (str, int, float, type(None)))


def read_request_params(message: Message) -> Message:
    """Return a message's parameters if they are an object, else an empty object."""
    params = message.get("params")
    return params if isinstance(params, dict) else {}


class PendingRequest:
    """A request or batch, with its unanswered parts."""

    def __init__(self, message: Message | list[Message], line: bytes) -> None:
        self._message, self._line = message, line
        self.parts = message if isinstance(message, list) else [message]
        self._unanswered_parts = {part["id"]: part for part in self.parts if "id" in part and "method" in part}
        # One key for all attempts: a tool whose answer was lost runs once.
        self._idempotency_key = os.urandom(16).hex()
        self.cancelled = False

    @property
    def first(self) -> Message:
        """The request, or the first unanswered one of a batch."""
        return next(iter(self._unanswered_parts.values()), self.parts[0])

    @property
    def method(self) -> str:
        return str(self.first.get("method"))

    @property
    def is_sessionless(self) -> bool:
        """Whether it needs no session, because it declares its protocol version itself."""
        return mcp_wire.find_declared_version(self.first) is not None

    @property
    def unanswered_ids(self) -> list[Any]:
        """Ids without an answer."""
        return list(self._unanswered_parts)

    def encode_body(self) -> bytes:
        """Encode the message; for an interrupted batch, only its unanswered parts."""
        # The client's own bytes if possible: parsing and encoding again could change numbers.
        if isinstance(self._message, dict) or len(self._unanswered_parts) == len(self.parts):
            return self._line
        return json.dumps(list(self._unanswered_parts.values())).encode()

    def build_headers(self, session: Mapping[str, str], mirrored: Mapping[tuple[str, ...], str]) -> dict[str, str]:
        """Build the headers of its protocol version. A tool call has an idempotency key, so that retries have no
        further effect."""
        if self.method == "initialize":
            return {}
        headers = mcp_wire.build_routing_headers(self.first) or dict(session)
        if self.method == "tools/call":
            headers["idempotency-key"] = self._idempotency_key
            headers |= mcp_wire.build_mirrored_headers(mirrored, read_request_params(self.first).get("arguments"))
        return headers

    def match_answer_and_mark_answered(self, answer: Answer) -> tuple[bytes, Iterator[tuple[Message, Message]]]:
        """Apply an answer. Returns the line for the client, and pairs of answered requests and their answers."""
        message, text = answer.message, answer.text
        if isinstance(self._message, dict) and mcp_wire.is_response(message) and message.get("id") is None:
            # an error that the server returned before it had read the id
            message = message | {"id": self._message.get("id")}
            text = json.dumps(message).encode()
        responses = [
            part for part in (message if isinstance(message, list) else [message]) if mcp_wire.is_response(part)
        ]
        pairs = [(self._unanswered_parts.pop(part.get("id"), None), part) for part in responses]
        return text, ((request, part) for request, part in pairs if request is not None)
