"""Options of the worker, as the command line and the environment give them."""

from __future__ import annotations

import os
import shlex
import socket
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from .agents import AGENTS, CodingAgent, find_installed
from .codebases import Codebase
from .container_settings import ContainerSettings
from .permissions import Approval

if TYPE_CHECKING:
    from .profiles import Profile

__all__ = ["Isolation", "WorkerOptions", "choose_agent", "default_name", "parse_choice", "state_directory"]

Choice = TypeVar("Choice", bound=StrEnum)


class Isolation(StrEnum):
    """Where a job's agent works."""

    WORKTREE = "worktree"  #: in a git worktree and on a branch of its own
    NONE = "none"  #: in the codebase itself
    DOCKER = "docker"  #: in a worktree of its own that a container has, and little else of the machine


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkerOptions:
    """What a worker is told by its owner.

    agent: the command of an agent that speaks ACP, with its environment; None if ``command`` is used, a command line with
    ``{prompt}`` in it. provider_account: opaque name of the account that the model's provider bills: a usage limit of it holds
    for all workers with that name. offers_tools: whether agents are given the marketplace as an MCP server. check, setup: shell commands of the owner's. park_seconds: that an agent waits for a permission
    before its process is ended; the job waits on. drain_seconds: that jobs under way may take once the worker is stopped. models: that the agent is logged in to. mcp_servers: that its sessions
    are given besides, as the Agent Client Protocol writes them. profiles: that a job may choose, by name. local_sessions: database of the
    agent whose sessions are reported to the server, those of no job too; None to report none. codebase_roots: below which others
    may have directories registered as codebases. worktree_days, worktree_megabytes: age, and size for each codebase, beyond
    which worktrees without unmerged work are removed. container: of the isolation docker.
    """

    name: str
    codebases: Sequence[Codebase]
    agent_name: str
    agent_command: Sequence[str] | None
    agent_environment: Mapping[str, str]
    command: str | None = None
    offers_tools: bool = True
    approval: Approval = Approval.SAFE
    provider_account: str | None = None
    model: str | None = None
    max_concurrent_tasks: int = 4
    labels: Sequence[str] = ()
    once: bool = False
    isolation: Isolation = Isolation.WORKTREE
    container: ContainerSettings | None = None
    check: str | None = None
    check_seconds: float = 1800.0
    setup: str | None = None
    state: Path
    park_seconds: float = 900.0
    drain_seconds: float = 30.0
    lease_seconds: int = 60
    models: Sequence[str] = ()
    mcp_servers: Sequence[Mapping[str, Any]] = ()
    profiles: Mapping[str, Profile] = field(default_factory=dict)
    local_sessions: Path | None = None
    codebase_roots: Sequence[Path] = ()
    worktree_days: float = 14.0
    worktree_megabytes: int = 10_000


def default_name() -> str:
    """A worker's name, if none is given."""
    return f"worker-{socket.gethostname()}"[:128]


def state_directory() -> Path:
    """Where worktrees are kept: the user's state directory."""
    base = os.environ.get("XDG_STATE_HOME")
    return (Path(base) if base else Path.home() / ".local/state") / "agora-worker"


def parse_choice(option: str, value: str, choices: type[Choice]) -> Choice:
    """The choice of that name. Raises ValueError, which names the others."""
    try:
        return choices(value)
    except ValueError as error:
        raise ValueError(f"{option} is one of {', '.join(choices)}, not {value!r}.") from error


def choose_agent(reference: str | None, isolation: Isolation = Isolation.WORKTREE) -> CodingAgent:
    """An agent by its name, or by a command line of one that speaks ACP; the first installed one that is logged in, if None.

    Raises ValueError, which says how to get one. An agent in containers is one of their image, not of this machine.
    """
    if reference is None and isolation is Isolation.DOCKER:
        raise ValueError("--isolation docker needs an --agent: which ones its image has is not known.")
    if reference is None:
        installed = find_installed()
        if not installed:
            hints = "; ".join(f"{agent.title}: {agent.install}" for agent in AGENTS.values())
            raise ValueError(f"No coding agent is installed. {hints}. See agora worker doctor.")
        ready = [agent for agent in installed if agent.find_credential(os.environ, Path.home())]
        return (ready or installed)[0]
    agent = AGENTS.get(reference)
    if agent is not None:
        if isolation is not Isolation.DOCKER and agent.find_executable() is None:
            raise ValueError(f"{agent.command[0]} is not in PATH. Install {agent.title}: {agent.install}.")
        return agent
    words = tuple(shlex.split(reference))
    if not words:
        raise ValueError(f"--agent names one of {', '.join(AGENTS)}, or a command that speaks ACP.")
    return CodingAgent(Path(words[0]).name, reference, words, (), (), "", "", {})
