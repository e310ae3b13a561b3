"""Multipart messages, as agents exchange them over A2A, with tasks, and through the marketplace."""

from __future__ import annotations

import json
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Self

__all__ = ["Message", "Part"]

#: metadata key of a multipart message in the marketplace's own messages and tasks
MULTIPART_KEY = "a2a"


@dataclass(slots=True)
class Part:
    """A part of a message.

    type: ``text`` (content is a string), ``data`` (JSON), ``file`` (content is base64) or ``url`` (of a file).
    """

    type: str = "text"
    content: Any = ""
    media_type: str | None = None
    filename: str | None = None
    metadata: dict[str, Any] = field(default_factory=dict)

    @classmethod
    def of(cls, wire: Mapping[str, Any]) -> Part:
        """Parse a part from JSON in any form: A2A 1.0, A2A 0.3, or with ``type`` and ``content``."""
        file, metadata = wire.get("file"), wire.get("metadata")
        if isinstance(file, Mapping):  # A2A 0.3
            wire = dict(wire) | {"raw": file.get("bytes"), "url": file.get("uri"), "filename": file.get("name")}
            wire["mediaType"] = file.get("mimeType")
        names = (
            ("text", "text"),
            ("data", "data"),
            ("raw", "file"),
            ("url", "url"),
            ("content", wire.get("type", "text")),
        )
        kind, content = next(((kind, wire[name]) for name, kind in names if wire.get(name) is not None), ("data", None))
        media_type = wire.get("mediaType") or wire.get("media_type")
        return cls(
            str(kind),
            content,
            media_type,
            wire.get("filename"),
            dict(metadata) if isinstance(metadata, Mapping) else {},
        )

    def wire(self) -> dict[str, Any]:
        """Serialize in the form of A2A 1.0."""
        names = {"text": "text", "data": "data", "file": "raw", "url": "url"}
        # A type that A2A does not know is sent as data, which any content fits.
        name = names.get(self.type, "data")
        content = str(self.content) if name == "text" else self.content
        more = {"mediaType": self.media_type, "filename": self.filename, "metadata": self.metadata}
        return {name: content} | {key: value for key, value in more.items() if value}


@dataclass(slots=True)
class Message:
    """A message from one agent to another.

    ::

        Message(parts=[Part(type="text", content="Calculate 10 + 5")])

    sender: id of the sending agent, if it came through the marketplace. context_id: identifies the conversation.
    task_id: the related task. skill: id of the requested skill.
    """

    parts: Sequence[Part] = ()
    role: str = "agent"
    message_id: str = field(default_factory=lambda: uuid.uuid4().hex)
    context_id: str | None = None
    task_id: str | None = None
    sender: str | None = None
    skill: str | None = None
    metadata: dict[str, Any] = field(default_factory=dict)

    @property
    def text(self) -> str:
        """Its texts, separated by line feeds."""
        return "\n".join(str(part.content) for part in self.parts if part.type == "text")

    @property
    def data(self) -> dict[str, Any]:
        """The objects of its data parts, merged."""
        merged: dict[str, Any] = {}
        for part in self.parts:
            if part.type == "data" and isinstance(part.content, dict):
                merged |= part.content
        return merged

    @property
    def is_plain(self) -> bool:
        """Whether it consists of text only."""
        return all(part.type == "text" for part in self.parts)

    @classmethod
    def of(cls, wire: Mapping[str, Any], **known: Any) -> Self:
        """Parse a message from JSON; ``known`` sets further fields. Members of a wrong type are ignored."""
        # Nothing is raised: the payload of a task is any JSON, and its requester must not be able to end an agent.
        items, metadata = wire.get("parts"), wire.get("metadata")
        parts = [Part.of(item) for item in items if isinstance(item, Mapping)] if isinstance(items, list) else []
        ids = {"message_id": "messageId", "context_id": "contextId", "task_id": "taskId"}
        ids_of_wire = {name: wire[key] for name, key in ids.items() if isinstance(wire.get(key), str)}
        # ``user`` in 0.3, ``ROLE_USER`` in 1.0; older clients send no role at all.
        role = "user" if "user" in str(wire.get("role", "user")).lower() else "agent"
        own_metadata = dict(metadata) if isinstance(metadata, Mapping) else {}
        return cls(parts, role=role, metadata=own_metadata, **(ids_of_wire | known))

    @classmethod
    def carried(cls, content: str, metadata: Mapping[str, Any], **known: Any) -> Self:
        """Convert a message of the marketplace: its multipart message if it has one, else its text."""
        carried_fields = metadata.get(MULTIPART_KEY)
        wire = carried_fields.get("message") if isinstance(carried_fields, dict) else None
        if not isinstance(wire, Mapping):
            wire = {"parts": [{"text": content}], "role": "user"}
        return cls.of(wire, **known)

    def wire(self) -> dict[str, Any]:
        """Serialize in the form of A2A 1.0."""
        role = "ROLE_USER" if self.role == "user" else "ROLE_AGENT"
        document: dict[str, Any] = {
            "messageId": self.message_id,
            "role": role,
            "parts": [part.wire() for part in self.parts],
        }
        more = {"contextId": self.context_id, "taskId": self.task_id, "metadata": self.metadata}
        return document | {name: value for name, value in more.items() if value}

    def as_text(self) -> str:
        """Convert to plain text: its texts, else its data as JSON."""
        other_parts = [part.content for part in self.parts if part.type != "text"]
        return self.text or "\n".join(json.dumps(content, ensure_ascii=False) for content in other_parts)
