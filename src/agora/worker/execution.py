"""Where the commands of a job run: as processes of the worker's user, or in containers (``--isolation docker``).

A container has the job's worktree, a home directory of the job, and the repository's ``.git`` for reading. What it leaves in the
worktree is read by git on the machine, so it must not bring a repository of its own, whose configuration names commands that git runs.
"""

from __future__ import annotations

import asyncio
import logging
import os
from collections.abc import AsyncIterator, Mapping, MutableMapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol
from urllib.parse import urlsplit

from .agents import AGENTS
from .container_engine import ContainerEngine, ContainerError, Mount
from .container_settings import ContainerSettings
from .process_reaper import mark_processes
from .subprocesses import CommandResult, run_checked, run_command
from .worktree import Workplace

__all__ = [
    "Command",
    "ContainerExecution",
    "Execution",
    "HostExecution",
    "disable_git_hooks",
    "disarm_repositories",
    "find_home",
    "run_job_command",
]

logger = logging.getLogger("agora.worker")

DISARMED = ".git-of-job"  #: what a repository inside of a worktree is renamed to
LOOPBACK = ("localhost", "::1")


@dataclass(frozen=True, slots=True)
class Command:
    """A command as this machine starts it. environment: besides the worker's."""

    words: Sequence[str]
    environment: Mapping[str, str]


class Execution(Protocol):
    """Where the commands of one job run."""

    async def enter(self, place: Workplace) -> None:
        """Make a place safe to work in, whatever an earlier attempt has left."""

    def open_command(
        self, command: Sequence[str] | str, place: Workplace, environment: Mapping[str, str]
    ) -> AbstractAsyncContextManager[Command]:
        """What to start for a command of the job; a string is one of the shell. Nothing of it is left after the block."""

    def hold_still(self, place: Workplace) -> AbstractAsyncContextManager[None]:
        """Keep the job's commands from changing the worktree while git reads it."""

    def find_barrier(self, url: str) -> str | None:
        """Why commands of the job cannot reach a URL; None if they may."""


class HostExecution:
    """Commands are processes of the worker's user."""

    async def enter(self, place: Workplace) -> None:
        """Nothing is to be done."""

    @asynccontextmanager
    async def open_command(
        self, command: Sequence[str] | str, place: Workplace, environment: Mapping[str, str]
    ) -> AsyncIterator[Command]:
        """The command itself."""
        yield Command(_split_command(command), {**environment, **mark_processes()})

    @asynccontextmanager
    async def hold_still(self, place: Workplace) -> AsyncIterator[None]:
        """An agent between two turns is trusted to wait."""
        yield

    def find_barrier(self, url: str) -> str | None:
        """There is none."""
        return None


class ContainerExecution:
    """Each command runs in a container of its own."""

    def __init__(
        self, engine: ContainerEngine, settings: ContainerSettings, state: Path, agent_name: str, task_id: str
    ) -> None:
        self._engine, self._settings, self._state = engine, settings, state
        self._agent_name, self._task_id = agent_name, task_id
        self._names: list[str] = []

    async def enter(self, place: Workplace) -> None:
        """Remove the containers of dead workers, which may still work here, and disarm what they have left."""
        await self._engine.remove_orphans()
        await _disarm_place(place)

    @asynccontextmanager
    async def open_command(
        self, command: Sequence[str] | str, place: Workplace, environment: Mapping[str, str]
    ) -> AsyncIterator[Command]:
        """The command line that starts the command's container and is attached to it."""
        home = find_home(self._state, place.codebase.name, place.path.name if place.branch else "shared")
        home.mkdir(parents=True, exist_ok=True, mode=0o700)
        variables = {**self._read_credentials(), **environment, "GIT_OPTIONAL_LOCKS": "0", "HOME": str(home)}
        mounts = [Mount(home), *await _list_mounts(place)]
        name = await self._engine.create_container(
            self._settings, _split_command(command), place.path, mounts, variables, self._task_id
        )
        self._names.append(name)
        try:
            yield Command(["docker", "start", "--attach", "--interactive", name], mark_processes())
        finally:
            self._names.remove(name)
            try:
                await self._engine.remove_container(name)
            except ContainerError as error:  # what the command has done stands
                logger.warning("%s", error)

    @asynccontextmanager
    async def hold_still(self, place: Workplace) -> AsyncIterator[None]:
        """Pause the containers; nothing in them runs until the block ends."""
        paused = [name for name in self._names if await self._engine.pause_container(name)]
        try:
            await _disarm_place(place)
            yield
        finally:
            for name in paused:
                await self._engine.resume_container(name)

    def find_barrier(self, url: str) -> str | None:
        """A container has a loopback interface of its own, and may have no network."""
        host = urlsplit(url).hostname or ""
        if self._settings.network == "none":
            return "its container has no network"
        if host in LOOPBACK or host.startswith("127."):
            return f"{host} of its container is not this machine"
        return None

    def _read_credentials(self) -> dict[str, str]:
        """The variables of the worker's environment that log the agent in; no other reaches a container."""
        agent = AGENTS.get(self._agent_name)
        names = agent.credential_variables if agent is not None else ()
        return {name: value for name in names if (value := os.environ.get(name))}


async def run_job_command(
    execution: Execution,
    command: str,
    place: Workplace,
    environment: Mapping[str, str],
    timeout: float,
) -> CommandResult:
    """Run a shell command of a job where its commands run. timeout: seconds."""
    async with execution.open_command(command, place, environment) as opened:
        return await run_command(opened.words, place.path, timeout=timeout, environment=opened.environment)


def find_home(state: Path, codebase: str, job: str) -> Path:
    """The home directory of a job's containers, which the agent's sessions outlive them in."""
    return state / "homes" / codebase / job


def disarm_repositories(worktree: Path) -> list[str]:
    """Rename the repositories inside of a worktree, so that git takes them for plain files; answers where they were."""
    places: list[str] = []
    for directory, folders, files in os.walk(worktree):
        if ".git" in (*folders, *files) and Path(directory) != worktree:
            number, target = 1, Path(directory, DISARMED)
            while os.path.lexists(target):
                number, target = number + 1, Path(directory, f"{DISARMED}-{number}")
            Path(directory, ".git").rename(target)
            places.append(os.path.relpath(directory, worktree))
        folders[:] = [name for name in folders if name != ".git"]
    return places


def disable_git_hooks(environment: MutableMapping[str, str]) -> None:
    """Have every git with this environment run no hooks: a repository may keep them where its jobs write (``core.hooksPath``)."""
    number = int(environment.get("GIT_CONFIG_COUNT") or 0)
    for key, value in (("core.hooksPath", os.devnull), ("core.fsmonitor", "false")):
        environment.update({f"GIT_CONFIG_KEY_{number}": key, f"GIT_CONFIG_VALUE_{number}": value})
        number += 1
    environment["GIT_CONFIG_COUNT"] = str(number)


async def _disarm_place(place: Workplace) -> None:
    if place.branch is not None:
        await asyncio.to_thread(disarm_repositories, place.path)


async def _list_mounts(place: Workplace) -> list[Mount]:
    """A worktree can be written, but not the file that names its repository, nor the repository."""
    if place.branch is None:
        return [Mount(place.path)]
    common = await run_checked(["git", "rev-parse", "--path-format=absolute", "--git-common-dir"], place.codebase.path)
    return [Mount(place.path), Mount(place.path / ".git", is_readonly=True), Mount(Path(common), is_readonly=True)]


def _split_command(command: Sequence[str] | str) -> list[str]:
    return ["/bin/sh", "-c", command] if isinstance(command, str) else list(command)
