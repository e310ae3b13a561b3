"""Pieces of a turn, common to both APIs: text, notes on the work, calls of the client's tools, and the end.

=========================================  ==================================================================
in the turn                                piece
=========================================  ==================================================================
output, artifacts, result                  :class:`TextPiece`, with a blank line between sources; a result that equals
                                                                                      the end of the output is omitted
progress, notes, messages during the work  :class:`NotePiece`; the last message is text if there is no other text
a question                                 :class:`TextPiece`, and the end of the turn
calls in a question, of tools that the     :class:`ToolCallsPiece`, and the end of the turn
client declares
the end of the task                        :class:`EndPiece`
=========================================  ==================================================================

The same updates yield the same pieces, so reading a turn later gives the same result as streaming it.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any, Final, TypeAlias

from pydantic_core import to_json

from agora.value_classes import value_class
from agora.wire.a2a.states import INTERRUPTED_STATES, TERMINAL_STATES
from agora.wire.tool_calls import ToolCall, list_tool_calls

__all__ = [
    "EndPiece",
    "NotePiece",
    "Piece",
    "TextPiece",
    "ToolCallsPiece",
    "TurnPieceReader",
    "list_updates_of_task_document",
    "render_parts",
]

OUTPUT_ARTIFACT: Final = "output"  #: id of the artifact with a task's output
RESULT_ARTIFACT: Final = "result"  #: id of the artifact with a task's result
MAX_REMEMBERED_CHARACTERS: Final = 65_536  #: characters of the output kept to detect a result that repeats its end
WORKING: Final = "TASK_STATE_WORKING"
COMPLETED: Final = "TASK_STATE_COMPLETED"
BLANK_LINE: Final = "\n\n"

Fields = Mapping[str, Any]


@value_class
class TextPiece:
    """A part of the answer."""

    text: str


@value_class
class NotePiece:
    """Information about the work, not part of the answer."""

    text: str


@value_class
class ToolCallsPiece:
    """Calls that the client should execute. entry: the log entry of the question with the calls."""

    entry: int
    calls: Sequence[ToolCall]


@value_class
class EndPiece:
    """The end of a turn. state: of the task, as in A2A. reason: why it failed or was cancelled. time: RFC 3339."""

    state: str
    reason: str = ""
    time: str | None = None


Piece: TypeAlias = TextPiece | NotePiece | ToolCallsPiece | EndPiece


class TurnPieceReader:
    """Converts the updates of a turn, items of A2A's stream, to pieces. tools: names of the client's tools."""

    def __init__(self, tools: Collection[str] = ()) -> None:
        self._tools = tools
        self._source: str | None = None
        self._message = ""  # message during the work, not yet emitted
        self._output = ""  # end of the output so far, to detect a result that repeats it
        self.has_ended = False

    def read_pieces(self, update: Fields, number: int) -> Iterator[Piece]:
        """Convert one update to pieces. number: of the stream's item."""
        if self.has_ended:
            return
        if "artifactUpdate" in update:
            yield from self._build_artifact_pieces(update["artifactUpdate"])
        elif "statusUpdate" in update:
            yield from self._build_status_pieces(update["statusUpdate"], number)

    def _build_artifact_pieces(self, update: Fields) -> Iterator[Piece]:
        artifact = update["artifact"]
        text = render_parts(artifact.get("parts", ()))
        if artifact["artifactId"] == RESULT_ARTIFACT and text == self._message:
            self._message = ""  # the message that ended the task is also its result
        yield from self._flush_message_note()
        if artifact["artifactId"] == OUTPUT_ARTIFACT:
            self._output = (self._output + text)[-MAX_REMEMBERED_CHARACTERS:]
        # Agents often return what they have streamed: the answer must not say it twice.
        elif artifact["artifactId"] == RESULT_ARTIFACT and self._output.rstrip().endswith(text.strip()):
            return
        yield from self._build_text_pieces(text, artifact["artifactId"], append=bool(update.get("append")))

    def _build_text_pieces(self, text: str, source: str, *, append: bool = False) -> Iterator[Piece]:
        if not text:
            return
        continues = append and source == self._source
        separator = "" if self._source is None or continues else BLANK_LINE
        self._source = source
        yield TextPiece(separator + text)

    def _flush_message_note(self) -> Iterator[Piece]:
        if self._message:
            yield NotePiece(self._message)
            self._message = ""

    def _build_status_pieces(self, update: Fields, number: int) -> Iterator[Piece]:
        status = update["status"]
        state, message = status["state"], status.get("message") or {}
        text = render_parts(message.get("parts", ()))
        if state in INTERRUPTED_STATES:
            yield from self._build_question_pieces(message, text, number)
        elif state in TERMINAL_STATES:
            yield from self._build_final_pieces(state, text)
        elif ((update.get("metadata") or {}).get("agora") or {}).get("note"):
            if text:
                yield NotePiece(text)
            return
        else:
            if text:
                yield from self._flush_message_note()
                self._message = text
            return
        self.has_ended = True
        yield EndPiece(state, text, status.get("timestamp"))

    def _build_question_pieces(self, message: Fields, text: str, number: int) -> Iterator[Piece]:
        yield from self._flush_message_note()
        calls = list_tool_calls(message)
        # A client cannot run other calls, such as those for another protocol's page: it gets the text.
        if calls and all(call.name in self._tools for call in calls):
            # The inverse of TurnId.position: the entry of the log is part of the ids of the calls.
            yield ToolCallsPiece((number - 1) // 2, calls)
        else:
            yield from self._build_text_pieces(text, f"question {number}")

    def _build_final_pieces(self, state: str, text: str) -> Iterator[Piece]:
        """Yield the final pieces of a turn: the message as answer if there was no other text, otherwise a note."""
        if state == COMPLETED:
            if text and text != self._message:
                yield from self._flush_message_note()
                self._message = text
            if self._source is None:
                yield from self._build_text_pieces(self._message, "message")
                self._message = ""
        yield from self._flush_message_note()


def render_parts(parts: Sequence[Fields]) -> str:
    """Render parts as text: data as JSON, files as Markdown links."""
    return "\n".join(text for text in map(_render_part, parts) if text)


def _render_part(part: Fields) -> str:
    if isinstance(part.get("text"), str):
        return str(part["text"])
    if "data" in part:
        data = part["data"]
        return "" if isinstance(data, dict) and "tool_call" in data else to_json(data).decode()
    media_type = str(part.get("mediaType") or "application/octet-stream")
    url = part.get("url") or f"data:{media_type};base64,{part.get('raw', '')}"
    mark = "!" if media_type.startswith("image/") else ""
    return f"{mark}[{part.get('filename') or 'file'}]({url})"


def list_updates_of_task_document(task: Fields) -> list[tuple[int, Fields]]:
    """Convert a task's document to the updates of its first turn, each with its item number."""
    # The position of the whole document, for all updates: only a question uses its own, and that is the last update.
    number = int(task["metadata"]["agora"]["position"])
    messages = [message for message in task.get("history", ()) if message.get("role") == "ROLE_AGENT"]
    updates: list[Fields] = [{"statusUpdate": {"status": {"state": WORKING, "message": each}}} for each in messages]
    updates += [{"artifactUpdate": {"artifact": artifact}} for artifact in task.get("artifacts", ())]
    updates.append({"statusUpdate": {"status": task["status"]}})
    return [(number, update) for update in updates]
