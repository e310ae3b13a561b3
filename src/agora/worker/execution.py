"""Execution of a job's commands: as processes of the worker's user, or in containers (``--isolation docker``).

A container mounts the job's worktree, a home directory of the job, and the repository's ``.git`` read-only. Git on the
host later reads the worktree, so the worktree must not contain a repository of its own: its configuration could name
commands that git runs.
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
from .process_reaper import create_process_mark
from .subprocesses import CommandResult, run_checked, run_command
from .worktree import Workplace

__all__ = [
    "Command",
    "ContainerExecution",
    "Execution",
    "HostExecution",
    "disable_git_hooks",
    "get_container_home",
    "rename_nested_repositories",
    "run_job_command",
]

logger = logging.getLogger("agora.worker")

DISARMED_GIT_NAME = ".git-of-job"  #: new name of a repository inside a worktree
LOOPBACK_NAMES = ("localhost", "::1")


@dataclass(frozen=True, slots=True)
class Command:
    """A command to start on this machine. environment: added to the worker's."""

    words: Sequence[str]
    environment: Mapping[str, str]


class Execution(Protocol):
    """Execution environment of one job's commands."""

    async def make_workplace_safe(self, place: Workplace) -> None:
        """Make a place safe to work in after an earlier attempt."""

    def open_command(
        self, command: Sequence[str] | str, place: Workplace, environment: Mapping[str, str]
    ) -> AbstractAsyncContextManager[Command]:
        """Prepare a command of the job; a string is a shell command. It is cleaned up after the block."""

    def pause_commands(self, place: Workplace) -> AbstractAsyncContextManager[None]:
        """Keep the job's commands from changing the worktree while git reads it."""

    def explain_unreachable_url(self, url: str) -> str | None:
        """Return why commands of the job cannot reach a URL; None if they can."""


class HostExecution:
    """Runs commands as processes of the worker's user."""

    async def make_workplace_safe(self, place: Workplace) -> None:
        """Do nothing."""

    @asynccontextmanager
    async def open_command(
        self, command: Sequence[str] | str, place: Workplace, environment: Mapping[str, str]
    ) -> AsyncIterator[Command]:
        """Yield the command itself."""
        yield Command(_split_command(command), {**environment, **create_process_mark()})

    @asynccontextmanager
    async def pause_commands(self, place: Workplace) -> AsyncIterator[None]:
        """Do nothing: an agent is expected to be idle between two turns."""
        yield

    def explain_unreachable_url(self, url: str) -> str | None:
        """Return None: a process can reach every URL."""
        return None


class ContainerExecution:
    """Runs each command in its own container."""

    def __init__(
        self, engine: ContainerEngine, settings: ContainerSettings, state: Path, agent_name: str, task_id: str
    ) -> None:
        self._engine, self._settings, self._state = engine, settings, state
        self._agent_name, self._task_id = agent_name, task_id
        self._names: list[str] = []

    async def make_workplace_safe(self, place: Workplace) -> None:
        """Remove the containers of dead workers, which may still run here, and disarm repositories that they left."""
        await self._engine.remove_orphaned_containers()
        await _rename_nested_repositories_of(place)

    @asynccontextmanager
    async def open_command(
        self, command: Sequence[str] | str, place: Workplace, environment: Mapping[str, str]
    ) -> AsyncIterator[Command]:
        """Yield the command line that starts the command's container and attaches to it."""
        home = get_container_home(self._state, place.codebase.name, place.path.name if place.branch else "shared")
        home.mkdir(parents=True, exist_ok=True, mode=0o700)
        # The repository is read-only there: git must not try to refresh the index in passing.
        variables = {**self._read_credential_variables(), **environment, "GIT_OPTIONAL_LOCKS": "0", "HOME": str(home)}
        mounts = [Mount(home), *await _list_mounts(place)]
        name = await self._engine.create_container(
            self._settings, _split_command(command), place.path, mounts, variables, self._task_id
        )
        self._names.append(name)
        try:
            yield Command(["docker", "start", "--attach", "--interactive", name], create_process_mark())
        finally:
            self._names.remove(name)
            try:
                await self._engine.remove_container(name)
            except ContainerError as error:  # the command's effects are kept
                logger.warning("%s", error)

    @asynccontextmanager
    async def pause_commands(self, place: Workplace) -> AsyncIterator[None]:
        """Pause the containers until the block ends."""
        # Paused first: a command could otherwise recreate a repository after it was disarmed.
        paused_names = [name for name in self._names if await self._engine.pause_container(name)]
        try:
            await _rename_nested_repositories_of(place)
            yield
        finally:
            for name in paused_names:
                await self._engine.resume_container(name)

    def explain_unreachable_url(self, url: str) -> str | None:
        """Return why a container cannot reach a URL: it has its own loopback interface, and possibly no network."""
        host = urlsplit(url).hostname or ""
        if self._settings.network == "none":
            return "its container has no network"
        if host in LOOPBACK_NAMES or host.startswith("127."):
            return f"{host} of its container is not this machine"
        return None

    def _read_credential_variables(self) -> dict[str, str]:
        """Read the variables that log the agent in; no other variables of the worker reach a container."""
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
    """Run a shell command of a job in its execution environment. timeout: seconds."""
    async with execution.open_command(command, place, environment) as prepared_command:
        return await run_command(
            prepared_command.words, place.path, timeout=timeout, environment=prepared_command.environment
        )


def get_container_home(state: Path, codebase: str, job: str) -> Path:
    """Return the home directory of a job's containers, where the agent's sessions outlive them."""
    return state / "homes" / codebase / job


def rename_nested_repositories(worktree: Path) -> list[str]:
    """Rename repositories inside a worktree so that git treats them as plain files. Returns their former paths."""
    renamed_places: list[str] = []
    # Without recursion, which os.walk uses: an agent can nest directories deeper than the stack.
    directories = [os.fspath(worktree)]
    while directories:
        directory = directories.pop()
        try:
            with os.scandir(directory) as entries:
                is_folder = {entry.name: entry.is_dir(follow_symlinks=False) for entry in entries}
        except OSError:
            continue
        # A repository's own files are not searched.
        directories += [os.path.join(directory, name) for name in is_folder if is_folder[name] and name != ".git"]
        if ".git" in is_folder and Path(directory) != worktree:
            number, target = 1, Path(directory, DISARMED_GIT_NAME)
            while os.path.lexists(target):
                number, target = number + 1, Path(directory, f"{DISARMED_GIT_NAME}-{number}")
            Path(directory, ".git").rename(target)
            renamed_places.append(os.path.relpath(directory, worktree))
    return renamed_places


def disable_git_hooks(environment: MutableMapping[str, str]) -> None:
    """Disable hooks for every git with this environment (``core.hooksPath``): jobs may write to the hooks of a
    repository."""
    number = int(environment.get("GIT_CONFIG_COUNT") or 0)
    for key, value in (("core.hooksPath", os.devnull), ("core.fsmonitor", "false")):
        environment.update({f"GIT_CONFIG_KEY_{number}": key, f"GIT_CONFIG_VALUE_{number}": value})
        number += 1
    environment["GIT_CONFIG_COUNT"] = str(number)


async def _rename_nested_repositories_of(place: Workplace) -> None:
    if place.branch is not None:
        await asyncio.to_thread(rename_nested_repositories, place.path)


async def _list_mounts(place: Workplace) -> list[Mount]:
    """List the mounts of a place: a writable worktree, with its ``.git`` file and the repository read-only."""
    if place.branch is None:
        return [Mount(place.path)]
    # Read-only: git on the host runs what the repository's configuration and hooks name (ADR 36).
    common = await run_checked(["git", "rev-parse", "--path-format=absolute", "--git-common-dir"], place.codebase.path)
    # The worktree's .git file names its repository: a job must not lead git on the host to another one.
    return [Mount(place.path), Mount(place.path / ".git", is_readonly=True), Mount(Path(common), is_readonly=True)]


def _split_command(command: Sequence[str] | str) -> list[str]:
    return ["/bin/sh", "-c", command] if isinstance(command, str) else list(command)
