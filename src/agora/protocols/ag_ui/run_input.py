"""``RunAgentInput``: a client's request to begin a run, parsed with limits.

A client sends the whole conversation each time. The server stores it as the tasks of the thread, so only the messages
after the agent's last one are new: messages of the user, or results of tools executed by the page. A client without new
messages connects to the thread, and follows its events.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import field
from typing import Any, Final

from pydantic_core import to_json

from agora.value_classes import value_class
from agora_sdk.errors import InvalidRequest, field_error

__all__ = ["ResumeEntry", "RunInput", "ToolAnswer", "read_run_input"]

MAX_ID_CHARACTERS: Final = 150  #: maximum characters of a thread's or run's id
MAX_MESSAGES: Final = 10_000
MAX_RESUME_ANSWERS: Final = 20
MAX_TOOLS: Final = 128
MAX_CONTEXT: Final = 100
MAX_PARTS: Final = 100
MAX_CONTEXT_CHARACTERS: Final = (
    262_144  #: bytes of JSON of state, tools, context, forwardedProps and instructions together
)
MAX_SKILL_CHARACTERS: Final = 64
MEDIA_TYPES: Final = frozenset({"image", "audio", "video", "document"})
INSTRUCTION_ROLES: Final = frozenset({"system", "developer"})
_WITHOUT_CONTROLS = re.compile(r"[^\x00-\x1f\x7f]+")

Fields = Mapping[str, Any]


@value_class
class ResumeEntry:
    """The answer to one interrupt. is_cancelled: whether the user gave no answer."""

    interrupt_id: str
    is_cancelled: bool
    payload: Any


@value_class
class ToolAnswer:
    """The result of a tool executed by the page."""

    call_id: str
    content: Any


@value_class
class RunInput:
    """A requested run.

    parts: A2A parts of the user's messages since the agent's last message. answers: results of tools since then.
    page_context: further data of the page, for agents that use it. skill: for the front agent, from ``forwardedProps``.
    """

    thread_id: str
    run_id: str
    parts: Sequence[dict[str, Any]] = ()
    answers: Sequence[ToolAnswer] = ()
    resume: Sequence[ResumeEntry] = ()
    state: Any = None
    page_context: dict[str, Any] = field(default_factory=dict)
    skill: str | None = None

    @property
    def only_connects(self) -> bool:
        """Whether the client sends nothing new, and follows the events of the thread."""
        return not self.parts and not self.answers and not self.resume


def read_run_input(document: Fields) -> RunInput:
    """Read a request's body. Raises InvalidRequest with the field's name."""
    messages = _read_list(document, "messages", MAX_MESSAGES, required=True)
    if not all(isinstance(message, dict) and isinstance(message.get("role"), str) for message in messages):
        raise _invalid_field("messages", "should be objects with a role")
    resume = [
        _read_resume(entry, f"resume.{index}")
        for index, entry in enumerate(_read_list(document, "resume", MAX_RESUME_ANSWERS))
    ]
    parts, answers = _read_new_messages(messages)
    if messages and not resume and not parts and not answers:
        raise _invalid_field(
            "messages", "should end with a message of the user or the result of a tool, or be empty to connect"
        )
    return RunInput(
        thread_id=_read_id(document, "threadId"),
        run_id=_read_id(document, "runId"),
        parts=parts,
        answers=answers,
        resume=resume,
        state=document.get("state"),
        page_context=_read_page_context(document, messages),
        skill=_read_skill(document.get("forwardedProps")),
    )


def _read_id(document: Fields, name: str) -> str:
    value = document.get(name)
    if (
        not isinstance(value, str)
        or not 0 < len(value) <= MAX_ID_CHARACTERS
        or _WITHOUT_CONTROLS.fullmatch(value) is None
    ):
        raise _invalid_field(name, f"should be a text of 1 to {MAX_ID_CHARACTERS} printable characters")
    return value


def _read_list(document: Fields, name: str, limit: int, *, required: bool = False) -> list[Any]:
    value = document.get(name)
    if value is None and not required:
        return []
    if not isinstance(value, list) or len(value) > limit:
        raise _invalid_field(name, f"should be a list of at most {limit}")
    return value


def _read_resume(entry: Any, path: str) -> ResumeEntry:
    if not isinstance(entry, dict):
        raise _invalid_field(path, "should be an object")
    interrupt_id, status = entry.get("interruptId"), entry.get("status")
    if not isinstance(interrupt_id, str) or not 0 < len(interrupt_id) <= 500:
        raise _invalid_field(f"{path}.interruptId", "should be the id of an interrupt")
    if status not in ("resolved", "cancelled"):
        raise _invalid_field(f"{path}.status", "should be 'resolved' or 'cancelled'")
    return ResumeEntry(interrupt_id, status == "cancelled", entry.get("payload"))


def _read_new_messages(messages: Sequence[Fields]) -> tuple[list[dict[str, Any]], list[ToolAnswer]]:
    """Read the messages after the agent's last one: the user's parts, and results of tools."""
    begin = len(messages)
    # Backwards from the end: the conversation before the agent's last message is stored already.
    while begin and messages[begin - 1]["role"] not in ("assistant", "reasoning", "activity"):
        begin -= 1
    parts: list[dict[str, Any]] = []
    answers: list[ToolAnswer] = []
    for index in range(begin, len(messages)):
        message, path = messages[index], f"messages.{index}"
        if message["role"] == "user":
            parts += _read_content(message.get("content"), f"{path}.content")
        elif message["role"] == "tool":
            answers.append(_read_tool_message(message, path))
        elif message["role"] not in INSTRUCTION_ROLES:
            raise _invalid_field(f"{path}.role", "should be a role of AG-UI 1.0")
    if len(parts) > MAX_PARTS:
        raise _invalid_field("messages", f"hold more than {MAX_PARTS} new parts")
    return parts, answers


def _read_tool_message(message: Fields, path: str) -> ToolAnswer:
    call_id = message.get("toolCallId")
    if not isinstance(call_id, str) or not 0 < len(call_id) <= 500:
        raise _invalid_field(f"{path}.toolCallId", "should be the id of a call")
    error = message.get("error")
    return ToolAnswer(call_id, {"error": error} if isinstance(error, str) and error else message.get("content"))


def _read_content(content: Any, path: str) -> list[dict[str, Any]]:
    """Read a message's content as A2A parts; empty texts are omitted."""
    if isinstance(content, str):
        return [{"text": content}] if content else []
    if not isinstance(content, list):
        raise _invalid_field(path, "should be a text or a list of parts")
    parts = [_read_part(part, f"{path}.{index}") for index, part in enumerate(content)]
    return [part for part in parts if part.get("text") != ""]


def _read_part(part: Any, path: str) -> dict[str, Any]:
    if not isinstance(part, dict):
        raise _invalid_field(path, "should be an object")
    kind = part.get("type")
    if kind == "text":
        if not isinstance(part.get("text"), str):
            raise _invalid_field(f"{path}.text", "should be a text")
        return {"text": part["text"]}
    if kind == "binary":  # before 1.0
        return _read_source({"data": "data", "url": "url"}, part, path)
    if kind not in MEDIA_TYPES:
        raise _invalid_field(f"{path}.type", "should be text, image, audio, video or document")
    source = part.get("source")
    if not isinstance(source, dict) or source.get("type") not in ("data", "url"):
        raise _invalid_field(f"{path}.source", "should be data or a url; files are not stored on this server")
    return _read_source({source["type"]: "value"}, source, f"{path}.source")


def _read_source(members: Mapping[str, str], source: Fields, path: str) -> dict[str, Any]:
    """Read a file as an A2A part. members: names of the members with its base64 bytes or its URL."""
    for kind, member in members.items():
        value = source.get(member)
        if isinstance(value, str) and value:
            media_type = source.get("mimeType")
            media = {"mediaType": media_type} if isinstance(media_type, str) and media_type else {}
            return {"raw" if kind == "data" else "url": value, **media}
    raise _invalid_field(path, "should hold data or a url")


def _read_page_context(document: Fields, messages: Sequence[Fields]) -> dict[str, Any]:
    """Build the context for the agent beside the message, with the names of AG-UI."""
    _read_list(document, "tools", MAX_TOOLS)
    _read_list(document, "context", MAX_CONTEXT)
    names = ("state", "tools", "context", "forwardedProps", "parentRunId")
    page_context = {name: document[name] for name in names if document.get(name) not in (None, [], {}, "")}
    texts = [message.get("content") for message in messages if message["role"] in INSTRUCTION_ROLES]
    if instructions := [text for text in texts if isinstance(text, str) and text]:
        page_context["instructions"] = instructions
    if len(to_json(page_context)) > MAX_CONTEXT_CHARACTERS:
        raise _invalid_field(
            "state", f"with tools, context, forwardedProps and instructions is over {MAX_CONTEXT_CHARACTERS} bytes"
        )
    return page_context


def _read_skill(forwarded: Any) -> str | None:
    skill = forwarded.get("skill") if isinstance(forwarded, dict) else None
    return skill if isinstance(skill, str) and 0 < len(skill) <= MAX_SKILL_CHARACTERS and skill.isprintable() else None


def _invalid_field(name: str, problem: str) -> InvalidRequest:
    return InvalidRequest(
        f"{name} {problem}.",
        fix="The body is a RunAgentInput of AG-UI 1.0.",
        errors=[field_error(name, problem)],
    )
