"""Processes of the agents, from start to end."""

from __future__ import annotations

import asyncio
import json
import signal
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import Collection, Mapping
from pathlib import Path
from types import TracebackType
from typing import Self

from .ledger import Ledger, Report
from .participants import ROLES, Participants

__all__ = ["AgentProcesses"]

STOP_SECONDS = 4.0
# Reports hold whole messages: a line above asyncio's default of 64 KiB would end the reading with an error.
MAX_LINE_BYTES = 1 << 20


class AgentProcesses:
    """Starts and stops agents, and records their reports in the ledger.

    environ: environment of the agents. directory: for their error output and files.
    without: roles that are never started. Leaving the block ends all remaining processes.
    """

    def __init__(
        self, participants: Participants, environ: Mapping[str, str], directory: Path, without: Collection[str] = ()
    ) -> None:
        self.participants, self.environ, self.directory = participants, environ, directory
        self.ledger = Ledger(absent=dict.fromkeys(without, "does not take part"))
        self.roles = tuple(role for role in ROLES if role not in without)
        self._processes: dict[str, Process] = {}
        self._readers: dict[str, asyncio.Task[None]] = {}

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.stop_all()

    async def start_agent(self, role: str, after: int = 0) -> None:
        """Start an agent, unless it is left out."""
        if role not in self.roles:
            return
        command = [sys.executable, "-m", "agora.demo.agent_process", role, self.participants.mark, str(after)]
        with self._log_file(role).open("ab") as errors:
            process = await asyncio.create_subprocess_exec(
                *command,
                stdin=PIPE,
                stdout=PIPE,
                stderr=errors,
                env=dict(self.environ),
                limit=MAX_LINE_BYTES,
                # Ctrl-C in a terminal reaches the whole foreground group: the agents would end before the demo asks them to.
                start_new_session=True,
            )
        # A restarted agent can report again.
        self.ledger.absent.pop(role, None)
        self._processes[role] = process
        self._readers[role] = asyncio.create_task(self._read_reports(role, process))

    async def kill(self, role: str) -> int:
        """Kill an agent with SIGKILL, so that nothing is flushed. Return how the process ended."""
        process = self._processes.pop(role)
        # Neither a notice nor a flush: this shows what the server does about an agent that vanishes.
        process.kill()
        await self._readers.pop(role)
        return await process.wait()

    async def stop_all(self) -> dict[str, int]:
        """Ask every agent to stop, and kill those that do not; return the exit codes."""
        for process in self._processes.values():
            _send_signal(process, signal.SIGTERM)
        if self._readers:
            await asyncio.wait(self._readers.values(), timeout=STOP_SECONDS)
        for process in self._processes.values():
            _send_signal(process, signal.SIGKILL)
        await asyncio.gather(*self._readers.values(), return_exceptions=True)
        codes = {role: await process.wait() for role, process in self._processes.items()}
        self._processes.clear()
        self._readers.clear()
        return codes

    async def _read_reports(self, role: str, process: Process) -> None:
        """Record reports until the process ends. A line that was cut off by its end is ignored."""
        assert process.stdout is not None
        async for line in process.stdout:
            if line.endswith(b"\n"):
                fields = json.loads(line)
                self.ledger.add_report(Report(role, fields.pop("kind"), fields))
        code = await process.wait()
        # Of a traceback, the last line names the error.
        last_line = self._log_file(role).read_text("utf-8", "replace").strip().rpartition("\n")[2]
        self.ledger.absent[role] = f"has ended with code {code}" + (f": {last_line}" if last_line else "")
        self.ledger.notify_waiters()

    def _log_file(self, role: str) -> Path:
        return self.directory / f"{role}.log"


def _send_signal(process: Process, number: int) -> None:
    if process.returncode is None:
        process.send_signal(number)
