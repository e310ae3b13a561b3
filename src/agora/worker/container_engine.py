"""The Docker Engine, used through its command line: containers of jobs, and removal of containers of dead workers.

The command line finds the engine as its user configured it (``DOCKER_HOST``, contexts, certificates). Each worker
process holds a lock for its lifetime, and its containers are labelled with the lock's name: a container whose lock
nobody holds is an orphan.
"""

from __future__ import annotations

import fcntl
import json
import os
import tempfile
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from .container_settings import ContainerSettings
from .subprocesses import CommandResult, run_command
from .worktree import try_lock

__all__ = ["ContainerEngine", "ContainerError", "Mount", "split_environment"]

STATE_LABEL = "agora.worker.state"  #: the state directory of a container's worker
OWNER_LABEL = "agora.worker.owner"  #: the worker process of a container
TASK_LABEL = "agora.task"
PULL_SECONDS = 1800.0  #: timeout for the creation of a container, including the download of its image
CALL_SECONDS = 60.0
MAX_LINE_CHARACTERS = 60_000  #: limit of a variable in an environment file; the command line reads lines of 64 KiB
#: variables that the command line itself obeys: no job may choose its engine
RESERVED_VARIABLE_PREFIXES = ("DOCKER_", "LD_", "GO", "PATH", "HOME", "XDG_", "SSL_", "HTTP", "NO_PROXY", "ALL_PROXY")


class ContainerError(Exception):
    """An error of the engine. Another attempt at the job may succeed."""


@dataclass(frozen=True, slots=True)
class Mount:
    """A local directory or file, mounted at the same path in a container."""

    path: Path
    is_readonly: bool = False

    def to_option(self) -> str:
        """Format for ``--mount``: one line of CSV."""
        source, target = (f"{name}={self.path}".replace('"', '""') for name in ("source", "target"))
        return f'type=bind,"{source}","{target}"' + (",readonly" if self.is_readonly else "")


class ContainerEngine:
    """The engine of one worker process. state: the worker's state directory.

    lock: descriptor of a file that is locked as long as the process lives.
    """

    def __init__(self, state: Path) -> None:
        self._directory = state / "containers"
        self._directory.mkdir(parents=True, exist_ok=True)
        self._state_id = _read_or_create_state_id(self._directory / "id")
        self._owner = uuid.uuid4().hex
        draft = self._directory / f"{self._owner}.new"
        self.lock = os.open(draft, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        fcntl.flock(self.lock, fcntl.LOCK_EX)
        draft.rename(draft.with_suffix(".lock"))  # never visible unlocked while this process lives
        self._user: str | None = None

    def close(self) -> None:
        """Release the lock. Remaining containers become orphans."""
        (self._directory / f"{self._owner}.lock").unlink(missing_ok=True)
        os.close(self.lock)

    async def create_container(
        self,
        settings: ContainerSettings,
        command: Sequence[str],
        cwd: Path,
        mounts: Sequence[Mount],
        variables: Mapping[str, str],
        task_id: str,
    ) -> str:
        """Create a container that runs a command when it is started. Returns its name. Raises ContainerError."""
        name = f"agora-job-{uuid.uuid4().hex}"
        labels = {STATE_LABEL: self._state_id, OWNER_LABEL: self._owner, TASK_LABEL: task_id}
        lines, environment = split_environment(variables)
        with tempfile.NamedTemporaryFile("w", dir=self._directory, prefix="env-", newline="") as file:  # mode 0600
            file.write("".join(f"{line}\n" for line in lines))
            file.flush()
            words = [
                # --init: as process 1, an agent would ignore signals that it does not handle, and reap no orphans.
                *("docker", "create", "--name", name, "--interactive", "--init", "--rm", "--workdir", str(cwd)),
                *("--user", await self._get_mount_user(), "--cap-drop", "ALL", "--security-opt", "no-new-privileges"),
                *("--network", settings.network, "--pids-limit", str(settings.pids), "--cpus", str(settings.cpus)),
                # Both values are equal: by default Docker allows as much swap as memory in addition.
                *("--memory", f"{settings.memory_megabytes}m", "--memory-swap", f"{settings.memory_megabytes}m"),
                *(word for key, value in labels.items() for word in ("--label", f"{key}={value}")),
                *(word for mount in mounts for word in ("--mount", mount.to_option())),
                *("--env-file", file.name, *(word for key in environment for word in ("--env", key))),
                *("--entrypoint", command[0], settings.image, *command[1:]),
            ]
            _require_success(await self._run_docker(words, environment, PULL_SECONDS), "make a container")
        return name

    async def remove_container(self, name: str) -> None:
        """Remove a container, running or not; a missing one is no error. Raises ContainerError."""
        # Volumes that the image declares have no name, and would stay on the disk for ever.
        result = await self._run_docker(["docker", "rm", "--force", "--volumes", name])
        # Because of ``--rm`` the engine may be removing the ended container at the same time.
        if "already in progress" not in result.output and "No such container" not in result.output:
            _require_success(result, f"remove {name}")

    async def pause_container(self, name: str) -> bool:
        """Pause all processes of a container. Returns False if it is not running. Raises ContainerError."""
        result = await self._run_docker(["docker", "pause", name])
        if result.exit_code and ("not running" in result.output or "No such container" in result.output):
            return False
        _require_success(result, f"pause {name}")
        return True

    async def resume_container(self, name: str) -> None:
        """Resume a paused container. Raises ContainerError."""
        _require_success(await self._run_docker(["docker", "unpause", name]), f"resume {name}")

    async def remove_orphaned_containers(self) -> list[str]:
        """Remove the containers of dead workers with this state directory. Returns their names."""
        text = f'{{{{.Names}}}} {{{{.Label "{OWNER_LABEL}"}}}}'
        words = ["docker", "ps", "--all", "--no-trunc", "--filter", f"label={STATE_LABEL}={self._state_id}"]
        result = _require_success(await self._run_docker([*words, "--format", text]), "list containers")
        names: list[str] = []
        for line in result.output.splitlines():
            name, _, owner = line.partition(" ")
            if owner != self._owner and not self._is_owner_alive(owner):
                await self.remove_container(name)
                names.append(name)
        for path in self._directory.glob("*.lock"):
            if not self._is_owner_alive(path.stem):
                path.unlink(missing_ok=True)
        return names

    def _is_owner_alive(self, owner: str) -> bool:
        """Whether the owner's process is alive."""
        try:
            descriptor = os.open(self._directory / f"{owner}.lock", os.O_RDWR | os.O_CLOEXEC)
        except FileNotFoundError:
            return False
        try:
            return not try_lock(descriptor)
        finally:
            os.close(descriptor)

    async def _get_mount_user(self) -> str:
        """Return the user who owns the worker's files in a mount: in a rootless engine, root is the user who runs the
        engine."""
        if self._user is None:
            words = ["docker", "info", "--format", "{{json .SecurityOptions}}"]
            result = _require_success(await self._run_docker(words), "describe the engine")
            is_rootless = any("name=rootless" in option for option in json.loads(result.output) or [])
            self._user = "0:0" if is_rootless else f"{os.getuid()}:{os.getgid()}"
        return self._user

    async def _run_docker(
        self, words: Sequence[str], environment: Mapping[str, str] | None = None, timeout: float = CALL_SECONDS
    ) -> CommandResult:
        try:
            return await run_command(words, self._directory, timeout=timeout, environment=environment)
        except OSError as error:
            raise ContainerError(f"docker cannot be run: {error}") from error


def split_environment(variables: Mapping[str, str]) -> tuple[list[str], dict[str, str]]:
    """Split variables into lines of an environment file, and those that do not fit into a line and are passed in the
    command line's environment.

    Neither are arguments, which other users of the machine could read. Raises ContainerError.
    """
    lines: list[str] = []
    environment: dict[str, str] = {}
    for name, value in variables.items():
        # The file has one variable per line, without a syntax for escapes.
        if not set(value) & {"\n", "\r"} and len(value) <= MAX_LINE_CHARACTERS:
            lines.append(f"{name}={value}")
        elif name.upper().startswith(RESERVED_VARIABLE_PREFIXES):
            raise ContainerError(f"The variable {name} cannot have more than one line.")
        else:
            environment[name] = value
    return lines, environment


def _read_or_create_state_id(path: Path) -> str:
    """Read or create the permanent id of a state directory. Safe when two processes do so at once."""
    draft = path.with_name(f"id-{uuid.uuid4().hex}")
    draft.write_text(uuid.uuid4().hex)
    try:
        os.link(draft, path)
    except FileExistsError:
        pass
    finally:
        draft.unlink()
    return path.read_text()


def _require_success(result: CommandResult, purpose: str) -> CommandResult:
    if result.exit_code:
        raise ContainerError(f"Docker could not {purpose}: {result.output.strip()[-2000:]}")
    return result
