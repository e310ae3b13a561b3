"""Streamed chat: ``POST .../orchestrator-agent/chat`` with ``Accept: text/event-stream`` answers server-sent events.

``piece`` is a part of the answer's text, ``result`` the operation's whole result, as without a stream.
Errors are problem documents: the answer is produced in one transaction and streamed after the commit.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from pydantic_core import from_json

from agora.protocols.http import Scope, Send, read_header
from agora_sdk.contract import Operation

from .event_response import EventResponse

__all__ = ["send_chat_stream", "wants_chat_stream"]

_WORDS = re.compile(r"\S+\s*")
WORDS_PER_PIECE = 8  #: words


def wants_chat_stream(operation: Operation, scope: Scope) -> bool:
    """Whether a request calls the chat and accepts a stream."""
    is_chat = operation.category == "orchestrator" and operation.action == "chat"
    return is_chat and "text/event-stream" in (read_header(scope, b"accept") or "")


async def send_chat_stream(send: Send, body: bytes, headers: Sequence[tuple[bytes, bytes]]) -> None:
    """Send the pieces of the chat's text and the whole result. body: the operation's result as JSON."""
    answer = EventResponse(send, headers)
    words = _WORDS.findall(from_json(body)["response"])
    for piece in _join_words(words):
        await answer.send_piece(0, None, piece)
    await answer.send_event("result", body)
    await answer.end()


def _join_words(words: Sequence[str]) -> Iterator[str]:
    for start in range(0, len(words), WORDS_PER_PIECE):
        yield "".join(words[start : start + WORDS_PER_PIECE])
