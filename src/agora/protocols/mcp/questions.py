"""Questions of an agent, as MCP requests to a user: an elicitation with a form.

An agent asks with a message that sets ``input_required``. The form has one text field, unless the metadata of the
message contain a ``requestedSchema``: an object of strings, numbers, booleans and enumerations, as MCP forms are. Then
the answer to the agent is a data part. A message may contain several questions by name (:mod:`agora.wire.questions`).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

from agora.value_classes import value_class
from agora.wire.questions import ANSWERS_KEY, find_named_questions, list_unanswered_question_names

__all__ = ["ELICIT_METHOD", "INTERRUPTED_STATUSES", "Question", "list_open_questions", "list_questions_of_entry"]

ELICIT_METHOD: Final = "elicitation/create"
INTERRUPTED_STATUSES: Final = frozenset(
    {"input_required", "auth_required"}
)  #: states of a task that waits for an answer
ANSWER_FIELD: Final = "answer"
FIELD_TYPES: Final = frozenset({"string", "number", "integer", "boolean", "array"})
MAX_FIELDS: Final = 50
DECLINED_MESSAGE: Final = "The user declined to answer."
DEFAULT_QUESTION: Final = "The agent needs an answer to continue."
REQUESTER_ROLE: Final = "ROLE_USER"


@value_class
class Question:
    """A question of a task's agent. number: of its log entry. schema: of the form; None for text. name: among several
    questions."""

    task_id: str
    number: int
    text: str
    schema: Mapping[str, Any] | None = None
    name: str | None = None

    @property
    def key(self) -> str:
        """Key of the question among the requests of its task; unique within the task."""
        return f"question-{self.number}" if self.name is None else f"question-{self.number}.{self.name}"

    def build_elicitation_params(self) -> dict[str, Any]:
        """Build the parameters of ``elicitation/create``."""
        schema = self.schema or {
            "type": "object",
            "properties": {ANSWER_FIELD: {"type": "string", "title": "Answer"}},
            "required": [ANSWER_FIELD],
        }
        return {"mode": "form", "message": self.text, "requestedSchema": schema}

    def build_answer_arguments(self, response: Mapping[str, Any]) -> dict[str, Any] | None:
        """Build the arguments of ``agora.task.message`` for a response; None if the response cancels the call."""
        if response.get("action") == "cancel":
            return None
        content = response.get("content")
        # Names the entry that is answered, so a late response cannot answer a newer question.
        arguments: dict[str, Any] = {"task_id": self.task_id, "answers": f"{self.task_id}.{self.number}"}
        if self.name is not None:
            arguments["metadata"] = {ANSWERS_KEY: self.name}
        if response.get("action") != "accept" or not isinstance(content, Mapping):
            declined = {**arguments.get("metadata", {}), "action": "decline"}
            # "decline" goes to the agent as an answer: the task continues, and the agent decides without it.
            return arguments | {"text": DECLINED_MESSAGE, "metadata": declined}
        if self.schema is not None:
            return arguments | {"parts": [{"data": dict(content)}]}
        return arguments | {"text": str(content.get(ANSWER_FIELD) or DECLINED_MESSAGE)}


def list_questions_of_entry(entry: Mapping[str, Any]) -> list[Question]:
    """List the questions in an entry of a task's log; empty for other entries."""
    if entry.get("status") not in INTERRUPTED_STATUSES or entry["type"] not in ("message", "status"):
        return []
    message = _read_message_of_entry(entry)
    task_id, number = entry["task_id"], entry["number"]
    if named := find_named_questions(message):
        return [
            Question(task_id, number, question["text"] or DEFAULT_QUESTION, _find_form_schema(question), name)
            for name, question in named.items()
        ]
    texts = [part["text"] for part in message.get("parts", ()) if isinstance(part.get("text"), str)]
    # MCP requires a message, and an agent may ask with a status entry or a data part alone.
    text = "\n".join(texts) or entry.get("content") or DEFAULT_QUESTION
    metadata = message.get("metadata")
    return [Question(task_id, number, text, _find_form_schema(metadata if isinstance(metadata, Mapping) else {}))]


def list_open_questions(entries: Iterable[Mapping[str, Any]]) -> list[Question]:
    """List the unanswered questions in the log of a waiting task. entries: oldest first."""
    question_entry: Mapping[str, Any] | None = None
    answers: list[Mapping[str, Any]] = []
    for entry in entries:
        if list_questions_of_entry(entry):
            # A newer question replaces an older one; answers given before it belong to that one.
            question_entry, answers = entry, []
        elif _read_message_of_entry(entry).get("role") == REQUESTER_ROLE:
            answers.append(_read_message_of_entry(entry))
    if question_entry is None:
        return []
    questions = list_questions_of_entry(question_entry)
    # A single question is open as long as the task waits: its answer changes the state.
    if questions[0].name is None:
        return questions
    names = list_unanswered_question_names(_read_message_of_entry(question_entry), answers)
    return [question for question in questions if question.name in names]


def _read_message_of_entry(entry: Mapping[str, Any]) -> Mapping[str, Any]:
    data = entry.get("data")
    return data if isinstance(data, Mapping) else {}


def _find_form_schema(holder: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """Find the schema of a question if clients support it as a form: a flat object."""
    schema = holder.get("requestedSchema")
    properties = schema.get("properties") if isinstance(schema, Mapping) and schema.get("type") == "object" else None
    is_form = (
        isinstance(properties, Mapping)
        and 1 <= len(properties) <= MAX_FIELDS
        and all(isinstance(part, Mapping) and part.get("type") in FIELD_TYPES for part in properties.values())
    )
    return schema if is_form and isinstance(schema, Mapping) else None
