"""Several questions in one message of an agent, and their answers, by metadata of the task's messages.

The agent's message names its questions; a message of the requester names the one that it answers, or answers all.

    asked:   {"metadata": {"questions": {"size": {"text": "Which size?", "requestedSchema": {...}}, "gift": {...}}}}
    answer:  {"metadata": {"answers": "size"}}
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

__all__ = [
    "ANSWERS_KEY",
    "MAX_QUESTIONS",
    "QUESTIONS_KEY",
    "find_answered_question_name",
    "find_named_questions",
    "list_unanswered_question_names",
]

QUESTIONS_KEY: Final = "questions"
ANSWERS_KEY: Final = "answers"
MAX_QUESTIONS: Final = 20  #: maximum in one message; a message with more counts as one question
MAX_NAME_CHARACTERS: Final = 64


def find_named_questions(message: Mapping[str, Any]) -> dict[str, Mapping[str, Any]]:
    """Find the questions of an agent's message by name; empty for a message with a single question."""
    questions = _read_metadata(message).get(QUESTIONS_KEY)
    if not isinstance(questions, Mapping) or not 1 <= len(questions) <= MAX_QUESTIONS:
        return {}
    # Metadata belongs to the agents, which may use this key for something else: a mismatch is no error.
    is_sound = all(
        1 <= len(name) <= MAX_NAME_CHARACTERS
        and isinstance(question, Mapping)
        and isinstance(question.get("text"), str)
        for name, question in questions.items()
    )
    return dict(questions) if is_sound else {}


def find_answered_question_name(message: Mapping[str, Any]) -> str | None:
    """Find the name of the question that a requester's message answers; None if it answers all."""
    name = _read_metadata(message).get(ANSWERS_KEY)
    return name if isinstance(name, str) else None


def list_unanswered_question_names(question: Mapping[str, Any], answers: Iterable[Mapping[str, Any]]) -> set[str]:
    """List the names of a message's questions that are not answered by later messages of the requester."""
    names = set(find_named_questions(question))
    for answer in answers:
        name = find_answered_question_name(answer)
        if name is None:
            return set()
        names.discard(name)
    return names


def _read_metadata(message: Mapping[str, Any]) -> Mapping[str, Any]:
    metadata = message.get("metadata")
    return metadata if isinstance(metadata, Mapping) else {}
