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

from typing import TYPE_CHECKING

from .errors import AgoraError
from .lazy_names import attach_names

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

__getattr__, __dir__ = attach_names(__name__, __all__, _HOMES)
