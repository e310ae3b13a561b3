"""Streams of turns: server-sent events that end with ``[DONE]``.

A heartbeat comment is a single line without a blank line after it: several clients read a comment with a blank line as
an empty message, and fail.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final, Protocol

from pydantic_core import from_json

from agora.core.events.frames import CLOSE_RESTARTING, CLOSE_TOO_SLOW, Batch, CloseReason
from agora_sdk.errors import AgoraError, Overloaded, StorageUnavailable

from .chat_completions import ChatCompletionBuilder
from .pieces import Piece, TurnPieceReader
from .responses import ResponseBuilder, encode_event

__all__ = ["DONE_EVENT", "ChatWriter", "ResponseWriter", "TurnEncoder", "TurnWriter"]

DONE_EVENT: Final = b"data: [DONE]\n\n"
HEARTBEAT_LINE: Final = b": keep-alive\n"


class TurnWriter(Protocol):
    """Encodes a turn in the format of an API."""

    @property
    def has_turn_ended(self) -> bool:
        """Whether the turn has ended."""

    @property
    def fix(self) -> str:
        """What the client can do about a stream that ends before its turn."""

    def encode_opening(self) -> bytes:
        """Encode the first frames."""

    def encode_pieces(self, pieces: Iterable[Piece], /) -> bytes:
        """Encode pieces of the turn."""

    def encode_failure(self, error: AgoraError, /) -> bytes:
        """Encode the error of a stream that ends before its turn."""


class ChatWriter:
    """Encodes chunks of a completion."""

    def __init__(self, completion: ChatCompletionBuilder) -> None:
        self._completion = completion

    @property
    def has_turn_ended(self) -> bool:
        return self._completion.has_turn_ended

    @property
    def fix(self) -> str:
        return "Ask again in a moment; the agent's task is cancelled."

    def encode_opening(self) -> bytes:
        return self._completion.encode_opening_frames()

    def encode_pieces(self, pieces: Iterable[Piece], /) -> bytes:
        return self._completion.encode_pieces(pieces)

    def encode_failure(self, error: AgoraError, /) -> bytes:
        return self._completion.encode_failure(error)


class ResponseWriter:
    """Encodes the events of a response. after: sequence number of the client's last event; earlier ones are skipped."""

    def __init__(self, response: ResponseBuilder, after: int = -1) -> None:
        self._response, self._after = response, after

    @property
    def has_turn_ended(self) -> bool:
        return self._response.has_turn_ended

    @property
    def fix(self) -> str:
        return "Read the response again in a moment; the agent continues."

    def encode_opening(self) -> bytes:
        return self._encode(self._response.build_opening_events())

    def encode_pieces(self, pieces: Iterable[Piece], /) -> bytes:
        return self._encode(self._response.add_pieces(pieces))

    def encode_failure(self, error: AgoraError, /) -> bytes:
        return self._encode(self._response.build_error_events(error))

    def _encode(self, events: Iterable[dict[str, object]]) -> bytes:
        return b"".join([encode_event(event) for event in events if int(str(event["sequence_number"])) > self._after])


class TurnEncoder:
    """Encodes a task's stream. Implements the encoder of :mod:`..http_streams`.

    was_closed: whether the stream ended by itself, not because the client disconnected.
    """

    def __init__(self, reader: TurnPieceReader, writer: TurnWriter) -> None:
        self._reader, self._writer = reader, writer
        self.was_closed = False

    def encode_batches(self, batches: Sequence[Batch], /) -> bytes:
        return b"".join([self._encode_batch(batch) for batch in batches])

    def _encode_batch(self, batch: Batch) -> bytes:
        if not batch.items:
            return HEARTBEAT_LINE
        return b"".join(
            [
                self._writer.encode_pieces(self._reader.read_pieces(from_json(item.json), item.number))
                for item in batch.items
            ]
        )

    def encode_end(self, close_reason: CloseReason, position: int, /) -> bytes:
        self.was_closed = True
        if self._writer.has_turn_ended:
            return b""
        error = close_reason.error
        if error is None:
            text = "The server stops." if close_reason.code == CLOSE_RESTARTING else "The stream ended before the task."
            error = StorageUnavailable(text, fix=self._writer.fix)
        elif close_reason.code == CLOSE_TOO_SLOW:
            # Its own advice, to resume after an event, is not possible in a completion.
            error = Overloaded(error.detail, fix=self._writer.fix, retry_after=1)
        return self._writer.encode_failure(error)
