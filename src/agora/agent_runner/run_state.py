"""The state of a task between two steps, as it is kept in the task's checkpoint."""

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
LONGEST_PLAIN = 32_768  #: bytes of a conversation that is not compressed


@dataclass(slots=True)
class RunState:
    """Everything that another process needs to go on after the last step.

    messages: the conversation with the model. results: of the tools that the newest response calls, by number of the call.
    asked: number of the call that waits for the requester, and how many messages the requester had sent by then.
    seconds: time at work in attempts before this one. postponed: times without a model in a row. output_size: characters of
    the task's output that whole answers wrote.
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
        """From a checkpoint; a new state without one, or with one of another program."""
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
        """As JSON. A long conversation is compressed, for a checkpoint holds 64 KiB."""
        values = {name: getattr(self, name) for name in self.__dataclass_fields__}
        messages = ModelMessagesTypeAdapter.dump_json(self.messages, exclude_none=True)
        if len(messages) > LONGEST_PLAIN:
            packed = base64.b64encode(zlib.compress(messages)).decode()
            return values | {"format": FORMAT, "messages": [], "packed": packed}
        return values | {"format": FORMAT, "messages": from_json(messages)}

    @property
    def tokens(self) -> int:
        """Tokens of input and output together."""
        return self.input_tokens + self.output_tokens
