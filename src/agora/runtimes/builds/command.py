"""Execution of one build command: output by line, a timeout, and no remaining process."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import subprocess
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from agora.runtimes.port import Progress
from agora.value_classes import value_class

__all__ = ["Command", "CommandResult", "CommandTimeout"]

MAX_LINE_CHARACTERS = 4_096
TAIL_CHARACTERS = 8_192
READ_BYTES = 65_536
MAX_PIPE_BYTES = 1_048_576  #: the largest pipe that Linux allows a process by default
#: no core files, and no file larger than 16 GiB; then the shell is replaced by the command
LIMITED_SHELL = 'ulimit -c 0; ulimit -f 33554432; exec "$@"'


class CommandTimeout(Exception):
    """The command timed out. output: the end of its output."""

    def __init__(self, output: str) -> None:
        super().__init__(output)
        self.output = output


@value_class
class CommandResult:
    """code: exit code, negative for a signal. output: the end of its output."""

    code: int
    output: str


@value_class
class Command:
    """arguments: the program and its arguments. environment: the complete one. timeout: seconds.

    secrets: replaced in its output. on_end: called after its end, to clean up.
    """

    arguments: Sequence[str]
    directory: Path
    environment: Mapping[str, str]
    timeout: float
    secrets: Sequence[str] = ()
    on_end: Callable[[], object] | None = None

    async def run_command(self, progress: Progress) -> CommandResult:
        """Run a command. Raises CommandTimeout. Cancellation kills the command.

        It ends when the command itself ends, even if a background process of it holds its output open.
        """
        # Closed in any case: also if a process cannot be started, and if its clean-up fails or is cancelled.
        with contextlib.ExitStack() as descriptors:
            return await self._run_process(progress, descriptors)

    async def _run_process(self, progress: Progress, descriptors: contextlib.ExitStack) -> CommandResult:
        lines = _OutputLines(progress, [secret for secret in self.secrets if secret])
        read_end, write_end = os.pipe()
        descriptors.callback(os.close, read_end)
        os.set_blocking(read_end, False)
        try:
            process = self._spawn_process(write_end)
        finally:
            os.close(write_end)
        loop = asyncio.get_running_loop()
        has_exited = asyncio.Event()
        pidfd = os.pidfd_open(process.pid)
        descriptors.callback(os.close, pidfd)
        loop.add_reader(pidfd, has_exited.set)
        loop.add_reader(read_end, lambda: _drain_output(read_end, lines) == 0 and loop.remove_reader(read_end))
        try:
            async with asyncio.timeout(self.timeout):
                await has_exited.wait()
        except TimeoutError:
            raise CommandTimeout(lines.tail) from None
        finally:
            loop.remove_reader(pidfd)
            loop.remove_reader(read_end)
            # Also if the caller is cancelled: no process of the command may continue.
            await asyncio.shield(asyncio.to_thread(self._kill_group_and_reap, process))
            # What was written before the end is in the pipe. A process without the variables of the build may write for ever.
            for _ in range(MAX_PIPE_BYTES // READ_BYTES):
                if _drain_output(read_end, lines) <= 0:
                    break
            lines.flush_incomplete_line()
        return CommandResult(process.returncode, lines.tail)

    def _spawn_process(self, output: int) -> subprocess.Popen[bytes]:
        return subprocess.Popen(  # noqa: S603
            ["/bin/sh", "-c", LIMITED_SHELL, "sh", *self.arguments],
            cwd=self.directory, env=dict(self.environment), start_new_session=True, umask=0o077,
            stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT,
        )  # fmt: skip

    def _kill_group_and_reap(self, process: subprocess.Popen[bytes]) -> None:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)  # it has not been reaped yet, so the group id is still its own
        process.wait()
        if self.on_end is not None:
            self.on_end()


def _drain_output(read_end: int, lines: _OutputLines) -> int:
    """Read available output; return the number of bytes, 0 at the end, -1 if none is available."""
    try:
        data = os.read(read_end, READ_BYTES)
    except BlockingIOError:
        return -1
    lines.feed_output(data)
    return len(data)


class _OutputLines:
    """Splits output into lines, and keeps the end of it."""

    def __init__(self, progress: Progress, secrets: Sequence[str]) -> None:
        self._progress = progress
        self._secrets = secrets
        self._incomplete_line = b""
        self.tail = ""

    def feed_output(self, data: bytes) -> None:
        *lines, self._incomplete_line = (
            (self._incomplete_line + data).replace(b"\r\n", b"\n").replace(b"\r", b"\n").split(b"\n")
        )
        for line in lines:
            self._emit_line(line)
        if len(self._incomplete_line) > TAIL_CHARACTERS:
            self.flush_incomplete_line()

    def flush_incomplete_line(self) -> None:
        if self._incomplete_line:
            self._emit_line(self._incomplete_line)
            self._incomplete_line = b""

    def _emit_line(self, line: bytes) -> None:
        text = line.decode(errors="replace")
        for secret in self._secrets:
            text = text.replace(secret, "***")
        self.tail = (self.tail + text + "\n")[-TAIL_CHARACTERS:]
        for at in range(0, max(len(text), 1), MAX_LINE_CHARACTERS):
            self._progress(text[at : at + MAX_LINE_CHARACTERS])
