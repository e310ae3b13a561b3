"""Signals of agents: registered, deregistered, names and aliases taken."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from agora.core.call import Call
from agora.core.signals import Signal
from agora.value_classes import value_class

from .records import AgentRow

__all__ = [
    "ADDRESS_TAKEN",
    "AGENT_REGISTERED",
    "AGENT_RETIRED",
    "CODEBASES_DECLARED",
    "CODEBASE_CAPABILITY",
    "DEREGISTRATION_REQUESTED",
    "HALT_ENDED",
    "AddressTaken",
    "AgentRegistered",
    "DeclaredCodebases",
    "publish_declared_codebases",
]

CODEBASE_CAPABILITY = "codebase:"  #: prefix of the capability that jobs for a codebase require


@dataclass(slots=True)
class AddressTaken:
    """An agent has taken a name or alias. messages: number of held messages delivered, summed by handlers."""

    agent_id: str
    name: str
    messages: int = 0


@dataclass(slots=True)
class AgentRegistered:
    """A new agent. tasks: number of tasks that waited for its name, summed by handlers."""

    agent_id: str
    agent_name: str
    category: str = ""
    tasks: int = 0


@value_class
class DeclaredCodebases:
    """Codebases declared by an agent or its worker: ids, or names that anybody may use."""

    owner: str
    codebases: Sequence[str]


ADDRESS_TAKEN: Signal[AddressTaken] = Signal("an agent has taken an address")
AGENT_REGISTERED: Signal[AgentRegistered] = Signal("an agent has registered")
#: a handler rejects it by raising an AgoraError
CODEBASES_DECLARED: Signal[DeclaredCodebases] = Signal("an agent has declared capabilities of codebases")
#: carries the agent's row; a handler rejects it by raising an AgoraError
DEREGISTRATION_REQUESTED: Signal[AgentRow] = Signal("an agent is about to leave")
#: carries the agent's row before the change
AGENT_RETIRED: Signal[AgentRow] = Signal("an agent has left")
#: carries the start of the halt, in microseconds since 1970
HALT_ENDED: Signal[int] = Signal("the last halt of the marketplace has ended")


async def publish_declared_codebases(call: Call, owner: str, capabilities: Sequence[str]) -> None:
    """Publish the codebases among the capabilities declared by an agent or its worker, if there are any."""
    codebases = [
        name.removeprefix(CODEBASE_CAPABILITY) for name in capabilities if name.startswith(CODEBASE_CAPABILITY)
    ]
    if codebases:
        await call.publish(CODEBASES_DECLARED, DeclaredCodebases(owner, codebases))
