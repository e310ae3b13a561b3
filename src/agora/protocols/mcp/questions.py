"""Questions of an agent at work, as MCP asks a person: an elicitation with a form.

An agent asks with a message that sets ``input_required``. The form has one field for a text, unless the message's metadata
hold a ``requestedSchema``: an object of texts, numbers, truth values and choices, as MCP's forms are. Then the agent is
answered with a data part.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

__all__ = ["ASKING", "Question", "question_of_entry"]

ASKING: Final = frozenset({"input_required", "auth_required"})  #: states of a task that waits for an answer
FIELD: Final = "answer"
FIELD_TYPES: Final = frozenset({"string", "number", "integer", "boolean", "array"})
MAX_FIELDS: Final = 50
DECLINED: Final = "The person declines to answer."
NO_TEXT: Final = "The agent needs an answer to go on."


@dataclass(frozen=True, slots=True)
class Question:
    """A question of a task's agent. number: of the log entry it is. schema: the form's; None for a text."""

    task_id: str
    number: int
    text: str
    schema: Mapping[str, Any] | None = None

    def elicitation_params(self) -> dict[str, Any]:
        """The parameters of ``elicitation/create``."""
        schema = self.schema or {
            "type": "object",
            "properties": {FIELD: {"type": "string", "title": "Answer"}},
            "required": [FIELD],
        }
        return {"mode": "form", "message": self.text, "requestedSchema": schema}

    def answer_message(self, response: Mapping[str, Any]) -> dict[str, Any] | None:
        """The arguments of ``agora.task.message`` that pass a person's response on; None if it cancels the call."""
        if response.get("action") == "cancel":
            return None
        content = response.get("content")
        if response.get("action") != "accept" or not isinstance(content, Mapping):
            return {"task_id": self.task_id, "text": DECLINED}
        if self.schema is not None:
            return {"task_id": self.task_id, "parts": [{"data": dict(content)}]}
        return {"task_id": self.task_id, "text": str(content.get(FIELD) or DECLINED)}


def question_of_entry(entry: Mapping[str, Any]) -> Question | None:
    """The question that an entry of a task's log asks; None if it is none."""
    if entry.get("status") not in ASKING or entry["type"] not in ("message", "status"):
        return None
    data = entry.get("data")
    message: Mapping[str, Any] = data if isinstance(data, Mapping) else {}
    texts = [part["text"] for part in message.get("parts", ()) if isinstance(part.get("text"), str)]
    text = "\n".join(texts) or entry.get("content") or NO_TEXT
    metadata = message.get("metadata")
    schema = metadata.get("requestedSchema") if isinstance(metadata, Mapping) else None
    return Question(entry["task_id"], entry["number"], text, schema if _is_form(schema) else None)


def _is_form(schema: Any) -> bool:
    """Whether a schema is one that clients make a form of: an object with fields that hold no objects."""
    properties = schema.get("properties") if isinstance(schema, Mapping) and schema.get("type") == "object" else None
    return (
        isinstance(properties, Mapping)
        and 1 <= len(properties) <= MAX_FIELDS
        and all(isinstance(part, Mapping) and part.get("type") in FIELD_TYPES for part in properties.values())
    )
