"""The real ``spacetime`` program, if installed: for databases outside this marketplace, and for exports."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

__all__ = ["REAL_PROGRAM_VARIABLE", "find_program", "is_shim", "run_program"]

REAL_PROGRAM_VARIABLE = "AGORA_REAL_SPACETIME"  #: environment variable with the path of the real program
SHIM_MARK = b"agora_sdk.migration.spacetime"  #: marker near the beginning of a shim
_run = subprocess.run  # saved before any patching


def find_program() -> str | None:
    """Return the path of the real program: as configured, else the first in PATH that is not a shim; None if
    missing."""
    configured = os.environ.get(REAL_PROGRAM_VARIABLE)
    if configured:
        path = shutil.which(configured)
        return None if path is None or is_shim(path) else path
    for directory in os.get_exec_path():
        path = shutil.which("spacetime", path=directory)
        if path is not None and not is_shim(path):
            return path
    return None


def is_shim(path: str) -> bool:
    """Whether a program is one of our shims, which must never call itself."""
    try:
        with Path(path).open("rb") as file:
            return SHIM_MARK in file.read(2048)
    except OSError:
        return False


def run_program(arguments: Sequence[str], timeout: float | None = None) -> subprocess.CompletedProcess[str]:
    """Run the real program with these arguments; exit code 127 if it is missing."""
    program = find_program()
    if program is None:
        message = f"No spacetime program is installed; {REAL_PROGRAM_VARIABLE} names it where it is not on the path.\n"
        return subprocess.CompletedProcess(["spacetime", *arguments], 127, "", message)
    return _run([program, *arguments], capture_output=True, text=True, timeout=timeout, check=False)
