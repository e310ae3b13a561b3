"""Several questions in one message of an agent, and which of them are answered, by metadata of the task's messages.

The agent's message names its questions; a message of the requester says which one it answers. One that names none answers all.

    asked:   {"metadata": {"questions": {"size": {"text": "Which size?", "requestedSchema": {...}}, "gift": {...}}}}
    answer:  {"metadata": {"answers": "size"}}
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

__all__ = [
    "ANSWERS",
    "MAX_QUESTIONS",
    "QUESTIONS",
    "find_answered_name",
    "find_named_questions",
    "list_unanswered_names",
]

QUESTIONS: Final = "questions"
ANSWERS: Final = "answers"
MAX_QUESTIONS: Final = 20  #: in one message; what has more is one question
MAX_NAME_CHARACTERS: Final = 64


def find_named_questions(message: Mapping[str, Any]) -> dict[str, Mapping[str, Any]]:
    """The questions of an agent's message by name; empty for a message that is a single question."""
    questions = _read_metadata(message).get(QUESTIONS)
    if not isinstance(questions, Mapping) or not 1 <= len(questions) <= MAX_QUESTIONS:
        return {}
    is_sound = all(
        1 <= len(name) <= MAX_NAME_CHARACTERS
        and isinstance(question, Mapping)
        and isinstance(question.get("text"), str)
        for name, question in questions.items()
    )
    return dict(questions) if is_sound else {}


def find_answered_name(message: Mapping[str, Any]) -> str | None:
    """The question that a requester's message answers; None for one that answers all."""
    name = _read_metadata(message).get(ANSWERS)
    return name if isinstance(name, str) else None


def list_unanswered_names(question: Mapping[str, Any], answers: Iterable[Mapping[str, Any]]) -> set[str]:
    """Names of the questions in a message that none of these later messages of the requester answers."""
    names = set(find_named_questions(question))
    for answer in answers:
        name = find_answered_name(answer)
        if name is None:
            return set()
        names.discard(name)
    return names


def _read_metadata(message: Mapping[str, Any]) -> Mapping[str, Any]:
    metadata = message.get("metadata")
    return metadata if isinstance(metadata, Mapping) else {}
