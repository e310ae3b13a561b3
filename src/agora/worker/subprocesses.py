"""Commands of the worker itself: git, the set-up of a worktree, and the repository's check."""

from __future__ import annotations

import asyncio
import codecs
import contextlib
import os
import shlex
import signal
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from .process_reaper import MARK, kill_marked

__all__ = ["CommandError", "CommandResult", "fill_command", "list_fields", "run_checked", "run_command"]

MAX_OUTPUT_BYTES = 1_000_000
MAX_LIST_BYTES = 64_000_000


class CommandError(Exception):
    """A command of the worker itself has failed."""


@dataclass(frozen=True, slots=True)
class CommandResult:
    """Result of a command. output: standard output and error; truncated to the end if too long."""

    exit_code: int
    output: str


def fill_command(command: str, directory: Path, prompt: str) -> list[str]:
    """Split a command line and substitute ``{directory}`` and ``{prompt}``."""
    words = shlex.split(command)
    return [word.replace("{directory}", str(directory)).replace("{prompt}", prompt) for word in words]


async def run_command(
    command: Sequence[str] | str,
    cwd: Path,
    *,
    timeout: float = 120.0,
    environment: Mapping[str, str] | None = None,
    on_output: Callable[[str], None] | None = None,
    inherited: Sequence[int] = (),
    limit: int = MAX_OUTPUT_BYTES,
) -> CommandResult:
    """Run a command; a string is run by the shell.

    Its process group is killed when it ends or after the timeout (exit code 124), and so are all processes with its
    mark (``process_reaper``), if it has one. on_output: called with each chunk of output. inherited: file descriptors
    passed to the command, such as a lock that must be held until the command has ended even if this process is killed.
    limit: bytes of the output; of a longer one only the end is kept.
    """
    words = ["/bin/sh", "-c", command] if isinstance(command, str) else list(command)
    process = await asyncio.create_subprocess_exec(
        *words,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
        cwd=cwd,
        # Some programs read the working directory from the variable, not from the system.
        env=os.environ | {"PWD": str(cwd)} | dict(environment or {}),
        start_new_session=True,
        pass_fds=inherited,
    )
    output = bytearray()
    decoder = codecs.getincrementaldecoder("utf-8")(errors="replace")

    async def read_output() -> None:
        assert process.stdout is not None
        while chunk := await process.stdout.read(65_536):
            output.extend(chunk)
            if on_output is not None:
                on_output(decoder.decode(chunk))
            del output[:-limit]
        await process.wait()

    try:
        await asyncio.wait_for(read_output(), timeout)
        code = process.returncode or 0
    except TimeoutError:
        code = 124
        output.extend(f"\nended after {timeout:.0f} seconds\n".encode())
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        await process.wait()
        if mark := (environment or {}).get(MARK):
            await asyncio.to_thread(kill_marked, mark)
    return CommandResult(code, output.decode(errors="replace"))


async def run_checked(
    command: Sequence[str], cwd: Path, environment: Mapping[str, str] | None = None, inherited: Sequence[int] = ()
) -> str:
    """Return the output of a command that must succeed, without the final line feed. Raises CommandError."""
    result = await run_command(command, cwd, environment=environment, inherited=inherited)
    if result.exit_code:
        raise CommandError(f"{' '.join(command)} failed in {cwd}: {result.output.strip()}")
    return result.output.rstrip("\n")


async def list_fields(command: Sequence[str], cwd: Path) -> list[str]:
    """Return the output of a command that separates fields by NUL, such as the names of changed files.

    It must be whole: the end alone would begin in the middle of a field. Raises CommandError for over MAX_LIST_BYTES.
    """
    result = await run_command(command, cwd, limit=MAX_LIST_BYTES)
    if result.exit_code:
        raise CommandError(f"{' '.join(command)} failed in {cwd}: {result.output.strip()[-MAX_OUTPUT_BYTES:]}")
    if len(result.output) >= MAX_LIST_BYTES:
        raise CommandError(f"The list of changed files is over {MAX_LIST_BYTES} bytes: change fewer files.")
    return result.output.split("\0")
