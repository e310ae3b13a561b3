"""Commands of the worker itself: git, the set-up of a worktree, and the repository's check."""

from __future__ import annotations

import asyncio
import codecs
import contextlib
import os
import shlex
import signal
import subprocess
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from .process_reaper import MARK_VARIABLE, kill_marked_processes

__all__ = [
    "CommandError",
    "CommandResult",
    "fill_command_template",
    "run_and_split_fields",
    "run_checked",
    "run_command",
]

MAX_OUTPUT_BYTES = 1_000_000
MAX_LIST_BYTES = 64_000_000
READ_BYTES = 65_536
MAX_PIPE_BYTES = 1_048_576  #: the largest pipe that Linux allows a process by default


class CommandError(Exception):
    """A command of the worker itself has failed."""


@dataclass(frozen=True, slots=True)
class CommandResult:
    """Result of a command. output: standard output and error; truncated to the end if too long.

    errors: standard error, if it was to be kept apart.
    """

    exit_code: int
    output: str
    errors: str = ""


def fill_command_template(command: str, directory: Path, prompt: str) -> list[str]:
    """Split a command line and substitute ``{directory}`` and ``{prompt}``."""
    words = shlex.split(command)
    return [word.replace("{directory}", str(directory)).replace("{prompt}", prompt) for word in words]


class _Output:
    """Output of a command, read from a non-blocking pipe. The other parameters are those of :func:`run_command`."""

    def __init__(self, descriptor: int, limit: int, keeps_start: bool, on_output: Callable[[str], None] | None) -> None:
        self._descriptor, self._limit, self._keeps_start, self._on_output = descriptor, limit, keeps_start, on_output
        self._content = bytearray()
        self._decoder = codecs.getincrementaldecoder("utf-8")(errors="replace")

    def read_available(self) -> int:
        """Read available output. Returns the number of bytes, 0 at the end, -1 if none is available."""
        try:
            chunk = os.read(self._descriptor, READ_BYTES)
        except BlockingIOError:
            return -1
        self._content.extend(chunk)
        if self._on_output is not None and chunk:
            self._on_output(self._decoder.decode(chunk))
        del self._content[self._limit if self._keeps_start else 0 : None if self._keeps_start else -self._limit]
        return len(chunk)

    def read_rest(self) -> None:
        """Read what was written before the end of the command, which is in the pipe."""
        # Bounded: a process that has left the command's group and has no mark may write for ever.
        for _ in range(MAX_PIPE_BYTES // READ_BYTES):
            if self.read_available() <= 0:
                break

    def decode(self) -> str:
        return self._content.decode(errors="replace")


async def run_command(
    command: Sequence[str] | str,
    cwd: Path,
    *,
    timeout: float = 120.0,
    environment: Mapping[str, str] | None = None,
    on_output: Callable[[str], None] | None = None,
    inherited: Sequence[int] = (),
    limit: int = MAX_OUTPUT_BYTES,
    keeps_start: bool = False,
    separates_errors: bool = False,
) -> CommandResult:
    """Run a command; a string is run by the shell.

    Its process group is killed when it ends or after the timeout (exit code 124), and so are all processes with its
    mark (``process_reaper``), if it has one. on_output: called with each chunk of output. inherited: file descriptors
    passed to the command, such as a lock that must be held until the command has ended even if this process is killed.
    limit: bytes of the output; of a longer one only the end is kept, or with ``keeps_start`` only the start.
    separates_errors: keep standard error apart, for an output that is parsed: git writes warnings although it succeeds.
    """
    words = ["/bin/sh", "-c", command] if isinstance(command, str) else list(command)
    reading, writing = os.pipe()
    os.set_blocking(reading, False)
    # A file in memory needs no reader, unlike a second pipe.
    errors = os.memfd_create("errors") if separates_errors else None
    try:
        process = _start_process(words, cwd, environment or {}, writing, errors, inherited)
    except BaseException:
        os.close(reading)
        if errors is not None:
            os.close(errors)
        raise
    finally:
        os.close(writing)
    output = _Output(reading, limit, keeps_start, on_output)

    def end_processes() -> None:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)  # before it is reaped, while the group's id is its own
        process.wait()
        if mark := (environment or {}).get(MARK_VARIABLE):
            kill_marked_processes(mark)

    # The exit of the process counts and not the end of its output, which one left in the background keeps open.
    loop, exited = asyncio.get_running_loop(), asyncio.Event()
    descriptor = os.pidfd_open(process.pid)
    loop.add_reader(descriptor, exited.set)
    loop.add_reader(reading, lambda: output.read_available() == 0 and loop.remove_reader(reading))
    has_ended = True
    try:
        async with asyncio.timeout(timeout):
            await exited.wait()
    except TimeoutError:
        has_ended = False
    finally:
        loop.remove_reader(descriptor)
        loop.remove_reader(reading)
        try:
            # Also if the caller is cancelled: no process of the command may continue.
            await _run_to_end(end_processes)
        finally:
            output.read_rest()
            os.close(descriptor)
            os.close(reading)
            error_text = _read_and_close_errors(errors) if errors is not None else ""
    if has_ended:
        return CommandResult(process.returncode, output.decode(), error_text)
    return CommandResult(124, output.decode() + f"\nended after {timeout:.0f} seconds\n", error_text)


async def _run_to_end(work: Callable[[], None]) -> None:
    """Run blocking work in a thread and wait for its end, however often the caller is cancelled meanwhile."""
    running = asyncio.ensure_future(asyncio.to_thread(work))
    cancellation: asyncio.CancelledError | None = None
    while not running.done():
        try:
            await asyncio.wait((running,))
        except asyncio.CancelledError as error:
            cancellation = error
    running.result()
    if cancellation is not None:
        raise cancellation


def _read_and_close_errors(descriptor: int) -> str:
    """Read the end of the standard error that was kept apart, and close it."""
    with open(descriptor, "rb") as file:
        file.seek(max(0, file.seek(0, os.SEEK_END) - MAX_OUTPUT_BYTES))
        return file.read().decode(errors="replace")


def _start_process(
    words: Sequence[str],
    cwd: Path,
    environment: Mapping[str, str],
    output: int,
    errors: int | None,
    inherited: Sequence[int],
) -> subprocess.Popen[bytes]:
    # Some programs read the working directory from the variable, not from the system.
    variables = os.environ | {"PWD": str(cwd)} | dict(environment)
    return subprocess.Popen(
        words,
        stdin=subprocess.DEVNULL,
        stdout=output,
        stderr=subprocess.STDOUT if errors is None else errors,
        cwd=cwd,
        env=variables,
        start_new_session=True,
        pass_fds=inherited,
    )


async def run_checked(
    command: Sequence[str], cwd: Path, environment: Mapping[str, str] | None = None, inherited: Sequence[int] = ()
) -> str:
    """Return the standard output of a command that must succeed, without the final line feed. Raises CommandError."""
    result = await run_command(command, cwd, environment=environment, inherited=inherited, separates_errors=True)
    if result.exit_code:
        raise CommandError(f"{' '.join(command)} failed in {cwd}: {(result.output + result.errors).strip()}")
    return result.output.rstrip("\n")


async def run_and_split_fields(command: Sequence[str], cwd: Path) -> list[str]:
    """Return the output of a command that separates fields by NUL, such as the names of changed files.

    It must be whole: the end alone would begin in the middle of a field. Raises CommandError for over MAX_LIST_BYTES.
    """
    result = await run_command(command, cwd, limit=MAX_LIST_BYTES, separates_errors=True)
    if result.exit_code:
        text = (result.output + result.errors).strip()
        raise CommandError(f"{' '.join(command)} failed in {cwd}: {text[-MAX_OUTPUT_BYTES:]}")
    if len(result.output) >= MAX_LIST_BYTES:
        raise CommandError(f"The list of changed files is over {MAX_LIST_BYTES} bytes: change fewer files.")
    return result.output.split("\0")
