"""Commands of the worker itself: git, the set-up of a worktree, the repository's check."""

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

__all__ = ["CommandError", "CommandResult", "fill_command", "run_checked", "run_command"]

MAX_OUTPUT_BYTES = 1_000_000


class CommandError(Exception):
    """A command of the worker's own has failed."""


@dataclass(frozen=True, slots=True)
class CommandResult:
    """How a command ended. output: standard output and error; its end, where there is too much."""

    exit_code: int
    output: str


def fill_command(command: str, directory: Path, prompt: str) -> list[str]:
    """The words of a command line, with what stands for ``{directory}`` and ``{prompt}`` in them."""
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
) -> CommandResult:
    """Run a command; a string is run by the shell. Its process group ends with it, or with the timeout (exit code 124), and so do
    all processes with its mark (``process_reaper``) if it has one.

    on_output: called with each piece of the output as it comes. inherited: file descriptors that the command gets, such as a
    lock that has to hold until it has ended, also where this process is killed meanwhile.
    """
    words = ["/bin/sh", "-c", command] if isinstance(command, str) else list(command)
    process = await asyncio.create_subprocess_exec(
        *words,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
        cwd=cwd,
        # Some programs ask the shell's variable, and not the system, where they are.
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
            del output[:-MAX_OUTPUT_BYTES]
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
    """The output of a command that has to succeed, without the line feed at its end. Raises CommandError."""
    result = await run_command(command, cwd, environment=environment, inherited=inherited)
    if result.exit_code:
        raise CommandError(f"{' '.join(command)} failed in {cwd}: {result.output.strip()}")
    return result.output.rstrip("\n")
