"""State of a task between two steps, stored in the task's checkpoint."""

from __future__ import annotations

import base64
import zlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from pydantic_ai.messages import FilePart, ModelMessage, ModelMessagesTypeAdapter, ToolReturnPart, UserPromptPart
from pydantic_core import from_json

__all__ = ["RunState"]

FORMAT_VERSION = 1
MAX_CONVERSATION_BYTES = 8 << 20  #: limit in bytes of an unpacked conversation
MAX_UNCOMPRESSED_BYTES = 32_768  #: limit in bytes of an uncompressed conversation


@dataclass(slots=True)
class RunState:
    """State from which another process can continue after the last step.

    messages: the conversation with the model. results: results of the tools called by the newest response, by number of
    the call. asked: number of the call that waits for the requester, and the number of the requester's messages at that
    time. seconds: working time of earlier attempts. postponed: consecutive postponements without a model. output_size:
    characters of the task's output written by complete answers.
    """

    messages: list[ModelMessage] = field(default_factory=list)
    results: dict[str, dict[str, Any]] = field(default_factory=dict)
    asked: str | None = None
    messages_seen: int = 0
    steps: int = 0
    input_tokens: int = 0
    output_tokens: int = 0
    seconds: float = 0.0
    postponed: int = 0
    corrections: int = 0
    output_size: int = 0

    @classmethod
    def load(cls, checkpoint: Mapping[str, Any] | None) -> RunState:
        """Load from a checkpoint; a new state without one, or for a checkpoint of another program.

        Raises ValueError for a conversation that is not this program's: an earlier holder of the task may have written
        the checkpoint.
        """
        if not checkpoint or checkpoint.get("format") != FORMAT_VERSION:
            return cls()
        values = {name: value for name, value in checkpoint.items() if name in cls.__dataclass_fields__}
        packed = checkpoint.get("packed")
        if packed is not None:
            values["messages"] = ModelMessagesTypeAdapter.validate_json(_unpack_conversation(packed))
        else:
            values["messages"] = ModelMessagesTypeAdapter.validate_python(checkpoint["messages"])
        if not all(_is_text(part) for message in values["messages"] for part in message.parts):
            raise ValueError("the checkpoint's conversation has content other than text")
        return cls(**values)

    def dump(self) -> dict[str, Any]:
        """Serialize as JSON. A long conversation is compressed, because a checkpoint is limited to 64 KiB."""
        values = {name: getattr(self, name) for name in self.__dataclass_fields__}
        messages = ModelMessagesTypeAdapter.dump_json(self.messages, exclude_none=True)
        if len(messages) > MAX_UNCOMPRESSED_BYTES:
            packed = base64.b64encode(zlib.compress(messages)).decode()
            return values | {"format": FORMAT_VERSION, "messages": [], "packed": packed}
        return values | {"format": FORMAT_VERSION, "messages": from_json(messages)}

    @property
    def tokens(self) -> int:
        """Total of input and output tokens."""
        return self.input_tokens + self.output_tokens


def _unpack_conversation(packed: str) -> bytes:
    unpacker = zlib.decompressobj()
    messages = unpacker.decompress(base64.b64decode(packed), MAX_CONVERSATION_BYTES)
    # Bounded while unpacking: some kilobytes may expand to gigabytes.
    if not unpacker.eof:
        raise ValueError(f"the checkpoint's conversation is cut off, or larger than {MAX_CONVERSATION_BYTES} bytes")
    return messages


def _is_text(part: Any) -> bool:
    """Whether a part of a message is text: the model's library fetches the URLs of images and documents itself."""
    if isinstance(part, UserPromptPart):
        return isinstance(part.content, str)
    if isinstance(part, ToolReturnPart):
        return not part.files
    return not isinstance(part, FilePart)
