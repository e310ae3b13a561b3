"""Responses (Open Responses): a turn as one object, or as the events of a stream.

The answer is a ``message``, notes on the work are ``reasoning`` with a summary, calls of the client's tools
``function_call``. An agent's question is also a message, and completes the response: the next request, with
``previous_response_id``, answers it. The events of a turn are reproducible, so a stream resumes after any
``sequence_number``.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from typing import Any, Final

from pydantic_core import to_json

from agora.clock import new_id
from agora.core.events.frames import escape_line_ends
from agora.wire.a2a.states import INTERRUPTED_STATES
from agora.wire.tool_calls import ToolCall
from agora_sdk.errors import AgoraError

from .errors import build_error_object
from .identifiers import CallId, TurnId
from .pieces import EndPiece, NotePiece, Piece, TextPiece, ToolCallsPiece

__all__ = ["ResponseBuilder", "encode_event"]

COMPLETED: Final = "TASK_STATE_COMPLETED"
CANCELED: Final = "TASK_STATE_CANCELED"
#: members of a response, in order, with their defaults
_DEFAULTS: Final[Mapping[str, Any]] = {
    "instructions": None,
    "previous_response_id": None,
    "tools": [],
    "tool_choice": "auto",
    "truncation": "disabled",
    "parallel_tool_calls": True,
    "text": {"format": {"type": "text"}},
    "top_p": 1.0,
    "presence_penalty": 0.0,
    "frequency_penalty": 0.0,
    "top_logprobs": 0,
    "temperature": 1.0,
    "reasoning": None,
    "max_output_tokens": None,
    "max_tool_calls": None,
    "store": True,
    "background": False,
    "service_tier": "default",
    "metadata": {},
    "safety_identifier": None,
    "prompt_cache_key": None,
}
_TEXT_PART: Final[Mapping[str, Any]] = {"type": "output_text", "annotations": [], "logprobs": []}

Event = dict[str, Any]
Fields = Mapping[str, Any]


class ResponseBuilder:
    """Builds a response. echo: members of its request. turn: None without an agent."""

    def __init__(self, model: str, turn: TurnId | None, echo: Fields) -> None:
        self._turn = turn
        self._digits = turn.digits if turn is not None else new_id("x")[2:]
        created = turn.created_at if turn is not None and not turn.entry else int(time.time())
        self._document: dict[str, Any] = {
            "id": f"resp_{self._digits}",
            "object": "response",
            "created_at": created,
            "completed_at": None,
            "status": "in_progress",
            "incomplete_details": None,
            "error": None,
            "model": model,
            "output": [],
            "usage": None,
            **_DEFAULTS,
            **{name: value for name, value in echo.items() if name in _DEFAULTS},
        }
        self._open_text: list[str] | None = None  # of the last item, while it is incomplete
        self._sequence = 0

    @property
    def status(self) -> str:
        return str(self._document["status"])

    @property
    def has_turn_ended(self) -> bool:
        """Whether the response has ended."""
        return self.status not in ("queued", "in_progress")

    def build(self, usage: tuple[int, int] | None = None) -> dict[str, Any]:
        """Build the response in its current state."""
        output = list(self._document["output"])
        if self._open_text is not None:
            output[-1] = self._build_text_item("in_progress")
        document = self._document | {"output": output}
        if usage is not None:
            document["usage"] = {
                "input_tokens": usage[0],
                "input_tokens_details": {"cached_tokens": 0},
                "output_tokens": usage[1],
                "output_tokens_details": {"reasoning_tokens": 0},
                "total_tokens": sum(usage),
            }
        return document

    def add_pieces(self, pieces: Iterable[Piece]) -> list[Event]:
        """Add pieces of the turn; returns their events in a stream."""
        return [event for piece in pieces for event in self._build_piece_events(piece)]

    def build_opening_events(self) -> list[Event]:
        """Build the first events."""
        return [self._build_snapshot_event("response.created"), self._build_snapshot_event("response.in_progress")]

    def build_error_events(self, error: AgoraError) -> list[Event]:
        """Build the events of a failed stream; the turn itself may continue."""
        return [self._build_event("error", error=build_error_object(error))]

    def _build_piece_events(self, piece: Piece) -> Iterator[Event]:
        match piece:
            case TextPiece(text):
                yield from self._add_text(text)
            case NotePiece(text):
                yield from self._complete_text()
                yield from self._add_note(text)
            case ToolCallsPiece(entry, calls):
                yield from self._complete_text()
                for number, call in enumerate(calls):
                    yield from self._add_call(entry, number, call)
            case EndPiece():
                yield from self._complete_text()
                yield self._finish_response(piece)

    # -- items ---------------------------------------------------------------------------------------------

    def _add_text(self, text: str) -> Iterator[Event]:
        if self._open_text is None:
            self._open_text = []
            self._document["output"].append(self._build_text_item("in_progress") | {"content": []})
            yield self._build_item_event("response.output_item.added", item=self._document["output"][-1])
            yield self._build_part_event("response.content_part.added", part={**_TEXT_PART, "text": ""})
        self._open_text.append(text)
        yield self._build_part_event("response.output_text.delta", delta=text, logprobs=[])

    def _complete_text(self) -> Iterator[Event]:
        if self._open_text is None:
            return
        item = self._document["output"][-1] = self._build_text_item("completed")
        part, self._open_text = item["content"][0], None
        yield self._build_part_event("response.output_text.done", text=part["text"], logprobs=[])
        yield self._build_part_event("response.content_part.done", part=part)
        yield self._build_item_event("response.output_item.done", item=item)

    def _build_text_item(self, status: str) -> Event:
        # Without a text yet, the item is being added: the last one of the output is another.
        item = self._document["output"][-1] if self._open_text else None
        identifier = item["id"] if item is not None else self._next_id("msg")
        part = {**_TEXT_PART, "text": "".join(self._open_text or ())}
        return {"type": "message", "id": identifier, "status": status, "role": "assistant", "content": [part]}

    def _add_note(self, text: str) -> Iterator[Event]:
        item = {"type": "reasoning", "id": self._next_id("rs"), "summary": []}
        self._document["output"].append(item)
        yield self._build_item_event("response.output_item.added", item=item)
        empty, part = {"type": "summary_text", "text": ""}, {"type": "summary_text", "text": text}
        yield self._build_summary_event("response.reasoning_summary_part.added", part=empty)
        yield self._build_summary_event("response.reasoning_summary_text.delta", delta=text)
        yield self._build_summary_event("response.reasoning_summary_text.done", text=text)
        yield self._build_summary_event("response.reasoning_summary_part.done", part=part)
        self._document["output"][-1] = item | {"summary": [part]}
        yield self._build_item_event("response.output_item.done", item=self._document["output"][-1])

    def _add_call(self, entry: int, number: int, call: ToolCall) -> Iterator[Event]:
        assert self._turn is not None
        arguments = call.arguments if isinstance(call.arguments, str) else to_json(call.arguments).decode()
        item = {
            "type": "function_call",
            "id": self._next_id("fc"),
            "call_id": str(CallId(self._turn.task_id, entry, number)),
            "name": call.name,
            "arguments": arguments,
            "status": "completed",
        }
        self._document["output"].append(item | {"arguments": "", "status": "in_progress"})
        yield self._build_item_event("response.output_item.added", item=self._document["output"][-1])
        item_fields = {"item_id": item["id"]}
        yield self._build_item_event("response.function_call_arguments.delta", **item_fields, delta=arguments)
        yield self._build_item_event(
            "response.function_call_arguments.done", **item_fields, name=call.name, arguments=arguments
        )
        self._document["output"][-1] = item
        yield self._build_item_event("response.output_item.done", item=item)

    def _next_id(self, prefix: str) -> str:
        return f"{prefix}_{self._digits}_{len(self._document['output'])}"

    def _finish_response(self, end: EndPiece) -> Event:
        # The task's time, not the present: reading the response again gives the same one.
        seconds = int(datetime.fromisoformat(end.time).timestamp()) if end.time else int(time.time())
        if end.state == COMPLETED or end.state in INTERRUPTED_STATES:
            self._document |= {"status": "completed", "completed_at": seconds}
            return self._build_snapshot_event("response.completed")
        word = end.state.removeprefix("TASK_STATE_").lower()
        reason = end.reason or f"The agent ended its task with the status {word}."
        if end.state == CANCELED:
            self._document |= {"status": "cancelled", "incomplete_details": {"reason": "cancelled"}}
            # The streams of OpenAI's API have no event for a cancelled response.
            return self._build_snapshot_event("response.incomplete")
        self._document |= {"status": "failed", "error": {"code": f"agent_{word}", "message": reason}}
        return self._build_snapshot_event("response.failed")

    # -- events --------------------------------------------------------------------------------------------

    def _build_event(self, kind: str, **members: Any) -> Event:
        number, self._sequence = self._sequence, self._sequence + 1
        return {"type": kind, "sequence_number": number, **members}

    def _build_snapshot_event(self, kind: str) -> Event:
        return self._build_event(kind, response=self.build())

    def _build_item_event(self, kind: str, **members: Any) -> Event:
        return self._build_event(kind, output_index=len(self._document["output"]) - 1, **members)

    def _build_part_event(self, kind: str, **members: Any) -> Event:
        identifier = self._document["output"][-1]["id"]
        return self._build_item_event(kind, item_id=identifier, content_index=0, **members)

    def _build_summary_event(self, kind: str, **members: Any) -> Event:
        identifier = self._document["output"][-1]["id"]
        return self._build_item_event(kind, item_id=identifier, summary_index=0, **members)


def encode_event(event: Fields) -> bytes:
    """Encode an event of a stream."""
    return b"event: %b\ndata: %b\n\n" % (str(event["type"]).encode(), escape_line_ends(to_json(event)))
