"""Options of the worker, from the command line and the environment."""

from __future__ import annotations

import os
import shlex
import socket
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Any, TypeVar

from .adoption import ClonePolicy
from .agents import AGENTS, CodingAgent, list_installed_agents
from .codebases import Codebase
from .container_settings import ContainerSettings
from .permissions import Approval

__all__ = [
    "Isolation",
    "Profile",
    "WorkerOptions",
    "build_default_worker_name",
    "choose_agent",
    "get_state_directory",
    "parse_choice",
]

Choice = TypeVar("Choice", bound=StrEnum)


class Isolation(StrEnum):
    """Isolation of a job's agent."""

    WORKTREE = "worktree"  #: a git worktree with its own branch
    NONE = "none"  #: the codebase itself
    DOCKER = "docker"  #: a worktree in a container with little access to the machine


@dataclass(frozen=True, slots=True)
class Profile:
    """A profile that a job may choose; fields that are None or empty default to the worker's own. mcp_servers: in the format of
    ``session/new``."""

    name: str
    agent: str | None = None
    model: str | None = None
    approval: Approval | None = None
    check: str | None = None
    environment: Mapping[str, str] = field(default_factory=dict)
    mcp_servers: Sequence[Mapping[str, Any]] = ()
    container_changes: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkerOptions:
    """Options set by the worker's owner.

    agent: the command of an agent that speaks ACP, with its environment; None if ``command`` is used, a command line
    with ``{prompt}`` in it. provider_account: opaque name of the account that the model's provider bills: its usage
    limit applies to all workers with that name. offers_tools: whether agents get the marketplace as an MCP server.
    check, setup: shell commands of the owner. park_seconds: time that an agent waits for a permission before its
    process is ended; the job keeps waiting. drain_seconds: time for running jobs after the worker is stopped. models:
    models that the agent is logged in to. mcp_servers: additional servers of its sessions, in the format of the Agent
    Client Protocol. profiles: profiles that a job may choose, by name. opencode_database: database of the agent whose
    sessions are reported to the server, including those without a job; None to report none. codebase_roots: directories
    below which others may register codebases. worktree_days, worktree_megabytes: age, and size per codebase, beyond
    which worktrees without unmerged work are removed. clone_policy: limits of repositories that others ask the worker to
    clone. container: settings of the isolation docker.
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
    opencode_database: Path | None = None
    codebase_roots: Sequence[Path] = ()
    worktree_days: float = 14.0
    worktree_megabytes: int = 10_000
    clone_policy: ClonePolicy = field(default_factory=ClonePolicy)


def build_default_worker_name() -> str:
    """Return the default name of a worker."""
    return f"worker-{socket.gethostname()}"[:128]


def get_state_directory() -> Path:
    """Return the user's state directory, where worktrees are stored."""
    base = os.environ.get("XDG_STATE_HOME")
    return (Path(base) if base else Path.home() / ".local/state") / "agora-worker"


def parse_choice(option: str, value: str, choices: type[Choice]) -> Choice:
    """Parse a choice by name. Raises ValueError, which lists the valid names."""
    try:
        return choices(value)
    except ValueError as error:
        raise ValueError(f"{option} is one of {', '.join(choices)}, not {value!r}.") from error


def choose_agent(reference: str | None, isolation: Isolation = Isolation.WORKTREE) -> CodingAgent:
    """Choose an agent by its name, or by the command line of one that speaks ACP; by default the first installed agent
    that is logged in.

    Raises ValueError, which explains how to install one. With container isolation, the agent must be in the image, not
    on this machine.
    """
    if reference is None and isolation is Isolation.DOCKER:
        raise ValueError("--isolation docker needs an --agent: which ones its image has is not known.")
    if reference is None:
        installed = list_installed_agents()
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
    # No credential is known of such an agent, so its usage limits are shared with no other worker.
    return CodingAgent(Path(words[0]).name, reference, words, (), (), "", "", {})
