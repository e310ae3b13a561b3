"""Messages of a coding agent's session, as parts for templates.

The parts of a message are stored by its worker: arbitrary JSON. Only its readable members are used, and nothing is
trusted: texts are Markdown without HTML, the rest is plain text.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Mapping, Sequence
from dataclasses import field
from datetime import datetime
from typing import Any, Final

from markupsafe import Markup
from pydantic_core import to_json

from agora.value_classes import value_class
from agora_sdk.contract.codebases import SessionMessage

from ..diffs import FileDiff, escape_direction_controls, is_diff, parse_diff
from ..drawing.svg import tag
from ..filters import find_page_path
from ..markdown import render_markdown

__all__ = ["PlanStep", "ReadableMessage", "SessionPart", "read_messages", "read_output"]

MAX_PARTS: Final = 200  #: maximum of one message, last ones
MAX_STEPS: Final = 100  #: maximum of a plan
MAX_LOCATIONS: Final = 20
MAX_TEXT: Final = 20_000  #: maximum characters of one text
MAX_TITLE: Final = 300
MAX_MARKDOWN: Final = 60_000  #: maximum characters parsed per page; the rest is shown as plain text
STEP_TONES: Final = {"completed": "good", "in_progress": "live"}
STEP_MARKS: Final = {"x": "good", "~": "live", " ": "wait"}
PLAN_LINE: Final = re.compile(r"\[plan\] \[([x~ ])\] (.*)")
HEAD_LINE: Final = re.compile(r"\[(agora|read|edit|delete|move|search|execute|think|fetch|switch_mode|other)\] (.*)")
FAILED_SUFFIX: Final = " (failed)"
RESULT_INDENT: Final = "  "
ROLES: Final = {"user": "Prompt", "assistant": "Agent", "system": "System"}


@value_class
class PlanStep:
    """A step of an agent's plan. tone: good if completed, live if in progress, otherwise wait."""

    text: str
    tone: str


@value_class
class SessionPart:
    """A part of a message.

    kind: text, thought, tool, plan, or note (of the worker). html: of a text or thought. title, status, label,
    locations, arguments, output and diffs: of a tool call; label is its kind, such as read or execute.
    """

    kind: str
    html: Markup = field(default_factory=Markup)
    title: str = ""
    status: str = ""
    label: str = ""
    locations: tuple[str, ...] = ()
    arguments: str = ""
    output: str = ""
    diffs: tuple[FileDiff, ...] = ()
    steps: tuple[PlanStep, ...] = ()


@value_class
class ReadableMessage:
    """A message. task_path: page of its job. left_out: number of earlier parts not shown."""

    number: int
    role: str
    speaker: str
    time: datetime
    task_path: str | None
    parts: tuple[SessionPart, ...]
    left_out: int


async def read_messages(messages: Sequence[SessionMessage]) -> list[ReadableMessage]:
    """Convert messages for display. Runs in a thread: parsing a hostile text takes a tenth of a second."""
    return await asyncio.to_thread(_PageReader().read_page, messages)


async def read_output(text: str) -> list[SessionPart]:
    """Convert the output of a job to parts: the agent's current work is stored as a message only at the end of its turn."""
    return await asyncio.to_thread(_OutputReader().read, text)


class _OutputReader:
    """Parses lines in the format of workers: ``[plan] [x] step``, ``[agora] note``, and ``[kind] title`` of a tool call
    with its result indented below it; other lines are the agent's text.
    """

    def __init__(self) -> None:
        self._parts: list[SessionPart] = []
        self._page = _PageReader()
        self._text: list[str] = []
        self._call: tuple[str, str] | None = None
        self._result: list[str] = []
        self._steps: list[PlanStep] = []

    def read(self, text: str) -> list[SessionPart]:
        """Parse the last parts of an output."""
        for line in text.split("\n"):
            self._add_line(line)
        self._close_part()
        return self._parts[-MAX_PARTS:]

    def _add_line(self, line: str) -> None:
        if self._call is not None and line.startswith(RESULT_INDENT):
            self._result.append(line.removeprefix(RESULT_INDENT))
            return
        if step := PLAN_LINE.match(line):
            if not self._steps:
                self._close_part()
            self._steps.append(PlanStep(_format_line(step[2]), STEP_MARKS[step[1]]))
            return
        head = HEAD_LINE.match(line)
        if head or self._call is not None or self._steps:
            self._close_part()
        if head is None:
            self._text.append(line)
        elif head[1] == "agora":
            self._parts.append(SessionPart("note", title=_format_line(head[2])))
        else:
            self._call = (head[1], head[2])

    def _close_part(self) -> None:
        """Add the part of the collected lines."""
        if any(self._text):
            self._parts.append(SessionPart("text", html=self._page.render_text(_format_text("\n".join(self._text)))))
        if self._call is not None:
            label, title = self._call
            status = "failed" if title.endswith(FAILED_SUFFIX) else "completed"
            call = {"title": title.removesuffix(FAILED_SUFFIX), "kind": label, "status": status}
            self._parts.append(_read_tool_part({**call, "result": "\n".join(self._result)}))
        if self._steps:
            self._parts.append(SessionPart("plan", steps=tuple(self._steps[:MAX_STEPS])))
        self._text, self._call, self._result, self._steps = [], None, [], []


class _PageReader:
    """Converts the messages of one page, within its limit of parsed Markdown."""

    def __init__(self) -> None:
        self._remaining = MAX_MARKDOWN

    def read_page(self, messages: Sequence[SessionMessage]) -> list[ReadableMessage]:
        """Convert messages in order; the last ones are parsed first, because they are read first."""
        return [self._read_message(message) for message in reversed(messages)][::-1]

    def _read_message(self, message: SessionMessage) -> ReadableMessage:
        parts = message.parts if isinstance(message.parts, list) else [message.parts]
        newest = parts[-MAX_PARTS:]
        # Workers begin the id of a message with that of its job.
        task_id = message.message_id.partition(":")[0]
        return ReadableMessage(
            number=message.number,
            role=message.role,
            speaker=ROLES.get(message.role, message.role),
            time=message.created_at,
            task_path=find_page_path(task_id),
            parts=tuple(self._read_part(part) for part in newest if part),
            left_out=len(parts) - len(newest),
        )

    def _read_part(self, part: Any) -> SessionPart:
        if not isinstance(part, Mapping):
            return SessionPart("text", html=self.render_text(_format_text(part)))
        match part.get("type"):
            case "text" | "thought" as kind:
                return SessionPart(kind, html=self.render_text(_format_text(part.get("text"))))
            case "note":
                return SessionPart("note", title=_format_text(part.get("text")))
            case "plan":
                return SessionPart("plan", steps=_read_steps(part.get("entries")))
            case "tool":
                return _read_tool_part(part)
            case _:
                return SessionPart("text", html=self.render_text(_format_text(part)))

    def render_text(self, text: str) -> Markup:
        """Render a text as HTML, parsed within the limit."""
        self._remaining -= len(text)
        if self._remaining < 0:
            return tag("div", Markup("%s") % text, class_="message", dir="auto")
        return render_markdown(text)


def _read_tool_part(part: Mapping[str, Any]) -> SessionPart:
    output = _format_text(part.get("result"))
    diffs = tuple(parse_diff(output)) if is_diff(output) else ()
    locations = part.get("locations")
    return SessionPart(
        "tool",
        title=_format_line(part.get("title")) or "a tool",
        status=_format_line(part.get("status")),
        label=_format_line(part.get("kind")) or "other",
        locations=tuple(map(_format_line, locations[:MAX_LOCATIONS])) if isinstance(locations, list) else (),
        arguments=_format_text(part["input"]) if part.get("input") else "",
        output="" if diffs else output,
        diffs=diffs,
    )


def _read_steps(entries: Any) -> tuple[PlanStep, ...]:
    steps = [entry for entry in entries if isinstance(entry, Mapping)] if isinstance(entries, list) else []
    return tuple(
        PlanStep(_format_line(step.get("text")), STEP_TONES.get(str(step.get("status")), "wait"))
        for step in steps[:MAX_STEPS]
    )


def _format_line(value: Any) -> str:
    return _format_text(value)[:MAX_TITLE].replace("\n", " ")


def _format_text(value: Any) -> str:
    """Convert a value to text: other values as JSON, truncated if long."""
    if value is None:
        return ""
    text = value if isinstance(value, str) else to_json(value, indent=2, fallback=str).decode()
    if len(text) > MAX_TEXT:
        text = f"{text[:MAX_TEXT]}\n… {len(text) - MAX_TEXT:,} more characters"
    return escape_direction_controls(text)
