"""The real ``spacetime`` program, where it is installed: for databases that are not this marketplace's, and for exports."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

__all__ = ["SETTING", "find_program", "is_shim", "run_program"]

SETTING = "AGORA_REAL_SPACETIME"  #: environment variable with the path of the real program
MARK = b"agora_sdk.migration.spacetime"  #: what a shim says of itself, near its beginning
_run = subprocess.run  # as it was before anything was patched


def find_program() -> str | None:
    """Path of the real program: as configured, else the first on the path that is no shim of ours; None without one."""
    configured = os.environ.get(SETTING)
    if configured:
        path = shutil.which(configured)
        return None if path is None or is_shim(path) else path
    for directory in os.get_exec_path():
        path = shutil.which("spacetime", path=directory)
        if path is not None and not is_shim(path):
            return path
    return None


def is_shim(path: str) -> bool:
    """Whether a program is a shim of ours: it must never call itself."""
    try:
        with Path(path).open("rb") as file:
            return MARK in file.read(2048)
    except OSError:
        return False


def run_program(arguments: Sequence[str], timeout: float | None = None) -> subprocess.CompletedProcess[str]:
    """Run the real program with these arguments; 127 if there is none."""
    program = find_program()
    if program is None:
        message = f"No spacetime program is installed; {SETTING} names it where it is not on the path.\n"
        return subprocess.CompletedProcess(["spacetime", *arguments], 127, "", message)
    return _run([program, *arguments], capture_output=True, text=True, timeout=timeout, check=False)
