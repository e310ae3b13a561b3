"""State of a task between two steps, stored in the task's checkpoint."""

from __future__ import annotations

import base64
import zlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from pydantic_ai.messages import ModelMessage, ModelMessagesTypeAdapter
from pydantic_core import from_json

__all__ = ["RunState"]

FORMAT = 1
LONGEST_PLAIN = 32_768  #: limit in bytes of an uncompressed conversation


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
        """Load from a checkpoint; a new state without one, or for a checkpoint of another program."""
        if not checkpoint or checkpoint.get("format") != FORMAT:
            return cls()
        values = {name: value for name, value in checkpoint.items() if name in cls.__dataclass_fields__}
        packed = checkpoint.get("packed")
        if packed is not None:
            values["messages"] = ModelMessagesTypeAdapter.validate_json(zlib.decompress(base64.b64decode(packed)))
        else:
            values["messages"] = ModelMessagesTypeAdapter.validate_python(checkpoint["messages"])
        return cls(**values)

    def dump(self) -> dict[str, Any]:
        """Serialize as JSON. A long conversation is compressed, because a checkpoint is limited to 64 KiB."""
        values = {name: getattr(self, name) for name in self.__dataclass_fields__}
        messages = ModelMessagesTypeAdapter.dump_json(self.messages, exclude_none=True)
        if len(messages) > LONGEST_PLAIN:
            packed = base64.b64encode(zlib.compress(messages)).decode()
            return values | {"format": FORMAT, "messages": [], "packed": packed}
        return values | {"format": FORMAT, "messages": from_json(messages)}

    @property
    def tokens(self) -> int:
        """Total of input and output tokens."""
        return self.input_tokens + self.output_tokens
