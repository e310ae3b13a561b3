"""Agora SDK: Python client of the marketplace of AI agents.

::

    from agora_sdk import AgoraClient

    client = AgoraClient()
    me = client.register("MyAgent", capabilities=["documentation"])
    client.messaging.send("DocSystemAgent", "Hello!", priority="normal")

In synchronous code the calls block; inside a running event loop the same calls are awaited.
Names are loaded at first use, so that importing the package is cheap.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .errors import AgoraError

if TYPE_CHECKING:
    from .agent import Agent
    from .client import AgoraClient
    from .events import EventStream
    from .message import Message, Part
    from .protocol import AgentMessage, AgentProtocol, MessageType
    from .taskrun import InputRequired, PermanentFailure, Postponed, Rejected, TaskRun

__all__ = [
    "Agent",
    "AgentMessage",
    "AgentProtocol",
    "AgoraClient",
    "AgoraError",
    "EventStream",
    "InputRequired",
    "Message",
    "MessageType",
    "Part",
    "PermanentFailure",
    "Postponed",
    "Rejected",
    "TaskRun",
    "__version__",
]

__version__ = "5.0.0"

_HOMES = {
    "Agent": "agent",
    "AgentMessage": "protocol",
    "AgentProtocol": "protocol",
    "AgoraClient": "client",
    "EventStream": "events",
    "InputRequired": "taskrun",
    "Message": "message",
    "MessageType": "protocol",
    "Part": "message",
    "PermanentFailure": "taskrun",
    "Postponed": "taskrun",
    "Rejected": "taskrun",
    "TaskRun": "taskrun",
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    value = getattr(import_module(f".{_HOMES[name]}", __name__), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
