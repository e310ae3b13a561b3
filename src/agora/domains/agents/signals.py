"""Signals of agents: what other domains act on when agents come, go, and change their names."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from agora.core.lazy import Lazy
from agora.core.ports import Port
from agora.core.signals import Signal
from agora.store.port import Row
from agora_sdk.contract.agents import Registration

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
    """An agent answers to a name from now on. messages: how many that waited for it were delivered."""

    agent_id: str
    name: str
    messages: int = 0


@dataclass(slots=True)
class AgentRegistered:
    """A new agent. tasks: how many that waited for its name are its own now."""

    agent_id: str
    agent_name: str
    tasks: int = 0


ADDRESS_TAKEN: Signal[AddressTaken] = Signal("an agent has taken an address")
AGENT_REGISTERED: Signal[AgentRegistered] = Signal("an agent has registered")
#: carries the agent's row; a handler refuses by raising an AgoraError
DEREGISTRATION_REQUESTED: Signal[Row] = Signal("an agent is about to leave")
#: carries the agent's row as it was
AGENT_RETIRED: Signal[Row] = Signal("an agent has left")
#: carries when the halt began, in microseconds since 1970
HALT_ENDED: Signal[int] = Signal("the last halt of the marketplace has ended")

#: registers an agent from its manifest: call, name, manifest, and the values given beside it
MANIFEST_REGISTRATION: Port[Lazy[Callable[..., Awaitable[Registration]]]] = Port("registration by manifest")
