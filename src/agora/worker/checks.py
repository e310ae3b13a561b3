"""The check of a codebase: a command that decides whether a job is done, regardless of what the agent reports."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from .execution import Execution, run_job_command
from .worktree import Workplace

__all__ = ["CheckResult", "run_check"]

MAX_OUTPUT_CHARACTERS = 20_000  #: limit of the stored output of a check; the end is kept


@dataclass(frozen=True, slots=True)
class CheckResult:
    """Result of a check, as observed by the worker."""

    command: str
    exit_code: int
    output: str

    def to_document(self) -> dict[str, Any]:
        """Serialize as JSON."""
        return {"command": self.command, "exit_code": self.exit_code, "output": self.output}


async def run_check(
    execution: Execution, command: str, place: Workplace, timeout: float, environment: Mapping[str, str]
) -> CheckResult:
    """Run a check in a shell, in the job's execution environment. timeout: seconds."""
    result = await run_job_command(execution, command, place, environment, timeout)
    return CheckResult(command, result.exit_code, result.output[-MAX_OUTPUT_CHARACTERS:])
