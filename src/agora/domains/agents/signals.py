"""Signals of agents: registered, deregistered, names and aliases taken."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from agora.core.lazy import Lazy
from agora.core.ports import Port
from agora.core.signals import Signal
from agora_sdk.contract.agents import Registration

from .records import AgentRow

__all__ = [
    "ADDRESS_TAKEN",
    "AGENT_REGISTERED",
    "AGENT_RETIRED",
    "DEREGISTRATION_REQUESTED",
    "HALT_ENDED",
    "MANIFEST_REGISTRATION",
    "AddressTaken",
    "AgentRegistered",
]


@dataclass(slots=True)
class AddressTaken:
    """An agent has taken a name or alias. messages: number of held messages delivered, added up by handlers."""

    agent_id: str
    name: str
    messages: int = 0


@dataclass(slots=True)
class AgentRegistered:
    """A new agent. tasks: number of tasks that waited for its name, added up by handlers."""

    agent_id: str
    agent_name: str
    tasks: int = 0


ADDRESS_TAKEN: Signal[AddressTaken] = Signal("an agent has taken an address")
AGENT_REGISTERED: Signal[AgentRegistered] = Signal("an agent has registered")
#: carries the agent's row; a handler refuses by raising an AgoraError
DEREGISTRATION_REQUESTED: Signal[AgentRow] = Signal("an agent is about to leave")
#: carries the agent's row as it was
AGENT_RETIRED: Signal[AgentRow] = Signal("an agent has left")
#: carries when the halt began, in microseconds since 1970
HALT_ENDED: Signal[int] = Signal("the last halt of the marketplace has ended")

#: registers an agent from its manifest: call, name, manifest, and the values given beside it
MANIFEST_REGISTRATION: Port[Lazy[Callable[..., Awaitable[Registration]]]] = Port("registration by manifest")
