"""A turn of an agent, as text for the task's output and as records for the session."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

__all__ = ["Transcript", "Usage", "replace_unstorable_characters"]

PLAN_MARKS = {"completed": "x", "in_progress": "~", "pending": " "}
FINISHED_STATUSES = frozenset({"completed", "failed"})
MAX_TOOL_CHARACTERS = 4000  #: limit of a tool's result in the output
JsonMap = dict[str, Any]


@dataclass(slots=True)
class Usage:
    """Tokens and cost of a job, as the agent reports them: a sum over turns, so an estimate.

    Some agents report only the last model call of a turn.
    """

    input_tokens: int = 0
    output_tokens: int = 0
    cost: float | None = None
    currency: str | None = None

    def add_turn(self, usage: Mapping[str, Any]) -> None:
        """Add the usage of a prompt's response."""
        self.input_tokens += int(usage.get("inputTokens") or 0)
        self.output_tokens += int(usage.get("outputTokens") or 0)

    def to_document(self) -> JsonMap:
        """Serialize as JSON."""
        tokens = {"input_tokens": self.input_tokens, "output_tokens": self.output_tokens}
        cost = {} if self.cost is None else {"cost": self.cost, "currency": self.currency}
        return tokens | cost | {"is_estimate": True}

    @classmethod
    def from_document(cls, document: Mapping[str, Any]) -> Usage:
        """Parse the JSON of :meth:`to_document`."""
        tokens = (document.get("input_tokens", 0), document.get("output_tokens", 0))
        return cls(*tokens, document.get("cost"), document.get("currency"))


@dataclass(slots=True)
class Transcript:
    """Messages and tool calls of an agent in one turn.

    text: its answer: the text after its last tool call. parts: of the turn in order, for display in a session: text,
    thought, tool, plan. ends_line: whether the output currently ends with a line feed.
    """

    usage: Usage = field(default_factory=Usage)
    parts: list[JsonMap] = field(default_factory=list)
    ends_line: bool = True
    _tools: dict[str, JsonMap] = field(default_factory=dict)

    @property
    def text(self) -> str:
        """Text of the agent after its last tool call."""
        last = self.parts[-1] if self.parts else {}
        texts = [part["text"] for part in self.parts if part["type"] == "text"]
        return str(last["text"]) if last.get("type") == "text" else (texts[-1] if texts else "")

    def add_update(self, update: Mapping[str, Any]) -> str:
        """Record a ``session/update``. Returns the text to append to the output."""
        match update.get("sessionUpdate"):
            case "agent_message_chunk":
                text = _read_text(update.get("content"))
                self._append_text("text", text)
                return self._track_line_end(text)
            case "agent_thought_chunk":
                self._append_text("thought", _read_text(update.get("content")))
            case "tool_call" | "tool_call_update":
                return self._format_line(self._update_tool(update))
            case "plan":
                return self._format_line(self._replace_plan(update.get("entries") or []))
            case "usage_update":
                self._store_cost(update.get("cost"))
        return ""

    def add_note(self, note: str) -> str:
        """Record a note of the worker. Returns it as a line of the output."""
        self.parts.append({"type": "note", "text": note})
        return self._format_line(f"[agora] {note}")

    def _append_text(self, kind: str, text: str) -> None:
        if self.parts and self.parts[-1]["type"] == kind:
            self.parts[-1]["text"] += text
        elif text:
            self.parts.append({"type": kind, "text": text})

    def _update_tool(self, update: Mapping[str, Any]) -> str:
        call_id = str(update.get("toolCallId"))
        tool = self._tools.get(call_id)
        if tool is None:
            tool = self._tools[call_id] = {
                "type": "tool",
                "id": call_id,
                "title": "",
                "kind": "other",
                "status": "pending",
            }
            self.parts.append(tool)
        before = tool["status"]
        for name in ("title", "kind", "status"):
            tool[name] = update.get(name) or tool[name]
        if locations := [place["path"] for place in update.get("locations") or []]:
            tool["locations"] = locations
        if update.get("rawInput"):
            tool["input"] = update["rawInput"]
        if content := update.get("content"):
            tool["result"] = "\n".join(filter(None, map(_convert_content_to_text, content)))[:MAX_TOOL_CHARACTERS]
        # Printed once, when it has finished; agents repeat the last update.
        if tool["status"] not in FINISHED_STATUSES or before in FINISHED_STATUSES:
            return ""
        head = f"[{tool['kind']}] {tool['title']}" + (" (failed)" if tool["status"] == "failed" else "")
        result = tool.get("result", "")
        return head + "".join(f"\n  {line}" for line in result.splitlines())

    def _replace_plan(self, entries: list[Mapping[str, Any]]) -> str:
        plan = [{"text": entry["content"], "status": entry.get("status", "pending")} for entry in entries]
        # The protocol sends the whole plan each time: only the latest is shown.
        self.parts = [part for part in self.parts if part["type"] != "plan"]
        self.parts.append({"type": "plan", "entries": plan})
        return "\n".join(f"[plan] [{PLAN_MARKS.get(entry['status'], ' ')}] {entry['text']}" for entry in plan)

    def _store_cost(self, cost: Any) -> None:
        if isinstance(cost, dict) and isinstance(cost.get("amount"), (int, float)):
            self.usage.cost, self.usage.currency = float(cost["amount"]), cost.get("currency")

    def _track_line_end(self, text: str) -> str:
        if text:
            self.ends_line = text.endswith("\n")
        return text

    def _format_line(self, line: str) -> str:
        if not line:
            return ""
        start = "" if self.ends_line else "\n"
        self.ends_line = True
        return f"{start}{line}\n"


def _read_text(content: Any) -> str:
    return str(content.get("text") or "") if isinstance(content, dict) else ""


def _convert_content_to_text(content: Mapping[str, Any]) -> str:
    """Convert a piece of a tool's content to text; a diff to a unified diff."""
    if content.get("type") == "diff":
        before, after = (content.get("oldText") or "").splitlines(), (content.get("newText") or "").splitlines()
        name = str(content.get("path"))
        return "\n".join(difflib.unified_diff(before, after, name, name, lineterm=""))
    return _read_text(content.get("content"))


def replace_unstorable_characters(value: Any) -> Any:
    """Remove null characters from JSON, and replace lone surrogates by ``?``: a program's output may contain them, and
    the server rejects both."""
    if isinstance(value, str):
        return value.replace("\x00", "").encode("utf-8", "replace").decode()
    if isinstance(value, Mapping):
        return {
            replace_unstorable_characters(name): replace_unstorable_characters(part) for name, part in value.items()
        }
    return [replace_unstorable_characters(part) for part in value] if isinstance(value, list) else value
