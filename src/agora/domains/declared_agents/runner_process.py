"""The child process that runs declared agents: start, configuration, restart with backoff, and stop.

It receives its configuration (agents, credentials, keys of providers) on its standard input, one JSON line per
change; arguments, environment and files contain none of it. It exits when its input is closed, so that it does not
outlive a killed server.
"""

from __future__ import annotations

import asyncio
import contextlib
import importlib.util
import logging
import os
import sys
import time
from asyncio.subprocess import PIPE, Process
from collections.abc import Mapping

from agora.net.backoff import Backoff

__all__ = ["RunnerProcess", "is_runner_installed", "relay_log"]

log = logging.getLogger(__name__)

MODULE = "agora.agent_runner"
STOP_SECONDS = 15.0  # seconds for running tasks to be returned on stop
STABLE_SECONDS = 60.0  # uptime after which an exit resets the backoff
MAX_LINE_BYTES = 65_536
#: inherited environment variables; others may hold credentials that the child must not receive
INHERITED_VARIABLES = (
    "PATH", "HOME", "LANG", "LC_ALL", "TZ", "TMPDIR", "PYTHONPATH", "PYTHONDONTWRITEBYTECODE", "VIRTUAL_ENV",
    "SSL_CERT_FILE", "SSL_CERT_DIR", "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY",
)  # fmt: skip


def is_runner_installed() -> bool:
    """Whether the model client is installed: the extra agora-server[models]."""
    return all(importlib.util.find_spec(name) is not None for name in ("pydantic_ai", "openai", "anthropic"))


class RunnerProcess:
    """A child process that runs while there is a configuration."""

    def __init__(self) -> None:
        self._process: Process | None = None
        self._log_task: asyncio.Task[None] | None = None
        self._sent_configuration = b""
        self._backoff = Backoff(1.0, 15.0)
        self._started_at = 0.0
        self._start_again_at = 0.0

    @property
    def pid(self) -> int | None:
        """The process's id while it runs."""
        return self._process.pid if self._process is not None and self._process.returncode is None else None

    async def reconcile(self, configuration: bytes | None) -> bool:
        """Run the process with a configuration, a line of JSON; None: stop it.

        Returns whether a new process was started, so that no earlier one works on tasks any more.
        """
        if self._process is not None and self._process.returncode is not None:
            # An exit is noticed here and not by a waiting task, so that restarts follow the controller's steps.
            await self._record_exit(self._process)
        if configuration is None:
            await self.stop()
            return False
        is_started = False
        if self._process is None:
            if time.monotonic() < self._start_again_at:
                return False
            await self._start_process()
            is_started = True
        if configuration != self._sent_configuration:
            await self._send_configuration(configuration)
        return is_started

    async def stop(self) -> None:
        """Stop the process, which returns its tasks; kill it after a timeout."""
        process, self._process, self._sent_configuration = self._process, None, b""
        if process is None:
            return
        if process.stdin is not None:
            # The end of its input asks the process to return its tasks and to exit.
            process.stdin.close()
        try:
            async with asyncio.timeout(STOP_SECONDS):
                await process.wait()
        except TimeoutError:
            log.warning("the process of the declared agents did not end, and is killed")
            with contextlib.suppress(ProcessLookupError):
                process.kill()
            await process.wait()
        if self._log_task is not None:
            await asyncio.gather(self._log_task, return_exceptions=True)

    async def _start_process(self) -> None:
        self._sent_configuration, self._started_at = b"", time.monotonic()
        self._process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", MODULE),
            env=_select_environment(os.environ),
            stdin=PIPE,
            # Nobody reads it: a library that prints there would fill the pipe, and then block the process.
            stdout=asyncio.subprocess.DEVNULL,
            stderr=PIPE,
            limit=MAX_LINE_BYTES,
        )
        self._log_task = asyncio.create_task(relay_log(self._process))
        log.info("the declared agents run in process %d", self._process.pid)

    async def _send_configuration(self, configuration: bytes) -> None:
        assert self._process is not None
        assert self._process.stdin is not None
        try:
            self._process.stdin.write(configuration + b"\n")
            await self._process.stdin.drain()
        except (BrokenPipeError, ConnectionResetError):
            return  # it has exited; the next step handles it
        # Only if it was written: otherwise the next step sends it to the next process.
        self._sent_configuration = configuration

    async def _record_exit(self, process: Process) -> None:
        self._process = None
        if self._log_task is not None:
            await asyncio.gather(self._log_task, return_exceptions=True)
        if time.monotonic() - self._started_at > STABLE_SECONDS:
            self._backoff.reset_failures()
        pause = self._backoff.next_delay()
        self._start_again_at = time.monotonic() + pause
        log.warning(
            "the process of the declared agents ended with %s; it starts again in %.1f s", process.returncode, pause
        )


def _select_environment(variables: Mapping[str, str]) -> dict[str, str]:
    # OTLP settings, the same as for the server.
    return {name: value for name, value in variables.items() if name in INHERITED_VARIABLES or name.startswith("OTEL_")}


async def relay_log(process: Process) -> None:
    """Relay the process's log to the server's log."""
    assert process.stderr is not None
    while True:
        try:
            line = await process.stderr.readline()
        except ValueError:  # an overlong line: the reader has dropped what it held of it
            continue
        if not line:
            return
        log.info("declared agents: %s", line.decode("utf-8", "replace").rstrip()[:2000])
