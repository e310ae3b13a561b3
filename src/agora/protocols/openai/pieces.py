"""What an agent does in a turn, as both APIs have words for it: text, notes on the work, calls of the client's tools, the end.

=========================================  ==================================================================
in the turn                                piece
=========================================  ==================================================================
output, artifacts, result                  :class:`Text`, with a blank line between one source and the next; a result
                                           that the output ends with is not told again
progress, notes, messages during the work  :class:`Note`; the last message is text where there is no other
a question                                 :class:`Text`, and the end of the turn
calls in a question, of tools that the     :class:`Calls`, and the end of the turn
client offers
the end of the task                        :class:`End`
=========================================  ==================================================================

The same updates make the same pieces, so a turn that is read again is the turn that was streamed.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, TypeAlias

from pydantic_core import to_json

from agora.wire.a2a.states import INTERRUPTED, TERMINAL
from agora.wire.tool_calls import ToolCall, find_calls

__all__ = ["Calls", "End", "Note", "Piece", "Text", "TurnReader", "list_document_updates", "render_parts"]

OUTPUT: Final = "output"  #: id of the artifact that a task's output is
RESULT: Final = "result"  #: id of the artifact that a task's result is
MAX_REMEMBERED: Final = 65_536  #: characters of the output, to tell a result that only repeats its end
WORKING: Final = "TASK_STATE_WORKING"
COMPLETED: Final = "TASK_STATE_COMPLETED"
BLANK_LINE: Final = "\n\n"

Fields = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Text:
    """A piece of the answer."""

    text: str


@dataclass(frozen=True, slots=True)
class Note:
    """Something said of the work, and no part of the answer."""

    text: str


@dataclass(frozen=True, slots=True)
class Calls:
    """Calls that the client is to carry out. entry: of the log, the question that asks for them."""

    entry: int
    calls: Sequence[ToolCall]


@dataclass(frozen=True, slots=True)
class End:
    """The turn is over. state: of the task, as A2A has it. reason: why it failed or was cancelled. time: RFC 3339."""

    state: str
    reason: str = ""
    time: str | None = None


Piece: TypeAlias = Text | Note | Calls | End


class TurnReader:
    """Makes pieces of a turn's updates, which are items of A2A's stream. tools: names of those that the client offers."""

    def __init__(self, tools: Collection[str] = ()) -> None:
        self._tools = tools
        self._source: str | None = None
        self._message = ""  # said during the work, and not told yet
        self._output = ""  # written so far: its end may be the result, which is not told twice
        self.ended = False

    def read(self, update: Fields, number: int) -> Iterator[Piece]:
        """The pieces of one update. number: of the stream's item."""
        if self.ended:
            return
        if "artifactUpdate" in update:
            yield from self._read_artifact(update["artifactUpdate"])
        elif "statusUpdate" in update:
            yield from self._read_status(update["statusUpdate"], number)

    def _read_artifact(self, update: Fields) -> Iterator[Piece]:
        artifact = update["artifact"]
        text = render_parts(artifact.get("parts", ()))
        if artifact["artifactId"] == RESULT and text == self._message:
            self._message = ""  # the message that ended the task is its result, too
        yield from self._take_message_note()
        if artifact["artifactId"] == OUTPUT:
            self._output = (self._output + text)[-MAX_REMEMBERED:]
        elif artifact["artifactId"] == RESULT and self._output.rstrip().endswith(text.strip()):
            return
        yield from self._write_text(text, artifact["artifactId"], append=bool(update.get("append")))

    def _write_text(self, text: str, source: str, *, append: bool = False) -> Iterator[Piece]:
        if not text:
            return
        continues = append and source == self._source
        separator = "" if self._source is None or continues else BLANK_LINE
        self._source = source
        yield Text(separator + text)

    def _take_message_note(self) -> Iterator[Piece]:
        if self._message:
            yield Note(self._message)
            self._message = ""

    def _read_status(self, update: Fields, number: int) -> Iterator[Piece]:
        status = update["status"]
        state, message = status["state"], status.get("message") or {}
        text = render_parts(message.get("parts", ()))
        if state in INTERRUPTED:
            yield from self._read_question(message, text, number)
        elif state in TERMINAL:
            yield from self._finish_turn(state, text)
        elif ((update.get("metadata") or {}).get("agora") or {}).get("note"):
            if text:
                yield Note(text)
            return
        else:
            if text:
                yield from self._take_message_note()
                self._message = text
            return
        self.ended = True
        yield End(state, text, status.get("timestamp"))

    def _read_question(self, message: Fields, text: str, number: int) -> Iterator[Piece]:
        yield from self._take_message_note()
        calls = find_calls(message)
        if calls and all(call.name in self._tools for call in calls):
            yield Calls((number - 1) // 2, calls)
        else:
            yield from self._write_text(text, f"question {number}")

    def _finish_turn(self, state: str, text: str) -> Iterator[Piece]:
        """The final pieces of a turn: the answer if there was no other text, else a note."""
        if state == COMPLETED:
            if text and text != self._message:
                yield from self._take_message_note()
                self._message = text
            if self._source is None:
                yield from self._write_text(self._message, "message")
                self._message = ""
        yield from self._take_message_note()


def render_parts(parts: Sequence[Fields]) -> str:
    """Parts as one text: data as JSON, files as links of Markdown."""
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


def list_document_updates(task: Fields) -> list[tuple[int, Fields]]:
    """A task's document as the updates that lead to it, each with the number of its item; for a task's first turn."""
    number = int(task["metadata"]["agora"]["position"])
    messages = [message for message in task.get("history", ()) if message.get("role") == "ROLE_AGENT"]
    updates: list[Fields] = [{"statusUpdate": {"status": {"state": WORKING, "message": each}}} for each in messages]
    updates += [{"artifactUpdate": {"artifact": artifact}} for artifact in task.get("artifacts", ())]
    updates.append({"statusUpdate": {"status": task["status"]}})
    return [(number, update) for update in updates]
