"""Chat completions: a turn as one object, or as chunks of a stream."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping
from typing import Any, Final

from pydantic_core import to_json

from agora.clock import new_id
from agora.core.events.frames import escape_line_ends
from agora.wire.a2a.states import INTERRUPTED_STATES
from agora_sdk.errors import AgoraError

from .errors import build_agent_failed_error, build_error_object
from .identifiers import CallId, TurnId
from .pieces import EndPiece, NotePiece, Piece, TextPiece, ToolCallsPiece

__all__ = ["ChatCompletionBuilder"]

COMPLETED: Final = "TASK_STATE_COMPLETED"

Usage = tuple[int, int] | None


class ChatCompletionBuilder:
    """Builds a completion. model: as requested. turn: None without an agent."""

    def __init__(self, model: str, turn: TurnId | None, *, shows_usage: bool = False) -> None:
        self._model, self._turn, self.shows_usage = model, turn, shows_usage
        # The id holds the time of the task, which is that of its first turn only.
        self._created_at = turn.created_at if turn is not None and not turn.entry else int(time.time())
        self._id = f"chatcmpl-{turn.digits if turn is not None else new_id('x')[2:]}"
        self._texts: list[str] = []
        self._calls: list[dict[str, Any]] = []
        self._finish_reason: str | None = None
        self.failure: AgoraError | None = None

    @property
    def has_turn_ended(self) -> bool:
        """Whether the completion has ended."""
        return self._finish_reason is not None or self.failure is not None

    def add_piece(self, piece: Piece) -> dict[str, Any] | None:
        """Add a piece of the turn; returns its delta in a stream."""
        match piece:
            case TextPiece(text):
                self._texts.append(text)
                return {"content": text}
            case ToolCallsPiece():
                self._calls = [_build_call(self._turn, piece, number) for number in range(len(piece.calls))]
                return {"tool_calls": [{"index": index, **call} for index, call in enumerate(self._calls)]}
            case EndPiece(state, reason):
                if state == COMPLETED or state in INTERRUPTED_STATES:
                    self._finish_reason = "tool_calls" if self._calls else "stop"
                else:
                    self.failure = build_agent_failed_error(state, reason)
            case NotePiece():
                pass  # not representable in a completion
        return None

    def build(self) -> dict[str, Any]:
        """Build the complete document."""
        message: dict[str, Any] = {"role": "assistant", "content": "".join(self._texts) or None, "refusal": None}
        if self._calls:
            message["tool_calls"] = self._calls
        # In OpenAI's API, null stands for calls without a text.
        elif message["content"] is None:
            message["content"] = ""
        choice = {"index": 0, "message": message, "logprobs": None, "finish_reason": self._finish_reason or "stop"}
        return self._build_common_members("chat.completion") | {"choices": [choice]}

    def _build_common_members(self, kind: str) -> dict[str, Any]:
        return {"id": self._id, "object": kind, "created": self._created_at, "model": self._model}

    # -- a stream ------------------------------------------------------------------------------------------

    def encode_opening_frames(self) -> bytes:
        """Encode the first chunk."""
        return self._encode_chunk({"role": "assistant", "content": ""})

    def encode_pieces(self, pieces: Iterable[Piece]) -> bytes:
        """Encode chunks of pieces, including the last one of a turn."""
        frames = [self._encode_chunk(delta) for piece in pieces if (delta := self.add_piece(piece)) is not None]
        if self._finish_reason is not None:
            frames.append(self._encode_chunk({}, self._finish_reason))
        if self.failure is not None:
            frames.append(self.encode_failure(self.failure))
        return b"".join(frames)

    def encode_failure(self, error: AgoraError) -> bytes:
        """Encode the error that ends a stream."""
        return _encode_data({"error": build_error_object(error)})

    def encode_usage(self, usage: Usage) -> bytes:
        """Encode the chunk with the usage after the last one, if requested."""
        if not self.shows_usage or self._finish_reason is None:
            return b""
        # A client that asked for the usage waits for this chunk, also if the agent reports none.
        input_tokens, output_tokens = usage or (0, 0)
        counts = {
            "prompt_tokens": input_tokens,
            "completion_tokens": output_tokens,
            "total_tokens": input_tokens + output_tokens,
        }
        return _encode_data(self._build_common_members("chat.completion.chunk") | {"choices": [], "usage": counts})

    def _encode_chunk(self, delta: Mapping[str, Any], finish: str | None = None) -> bytes:
        choice = {"index": 0, "delta": delta, "logprobs": None, "finish_reason": finish}
        chunk = self._build_common_members("chat.completion.chunk") | {"choices": [choice]}
        # In OpenAI's API, with include_usage each chunk has the member, null except in the last one.
        return _encode_data(chunk | ({"usage": None} if self.shows_usage else {}))


def _build_call(turn: TurnId | None, piece: ToolCallsPiece, number: int) -> dict[str, Any]:
    call = piece.calls[number]
    assert turn is not None
    arguments = call.arguments if isinstance(call.arguments, str) else to_json(call.arguments).decode()
    identifier = str(CallId(turn.task_id, piece.entry, number))
    return {"id": identifier, "type": "function", "function": {"name": call.name, "arguments": arguments}}


def _encode_data(document: Mapping[str, Any]) -> bytes:
    return b"data: %b\n\n" % escape_line_ends(to_json(document))
