"""The codebases of a worker: local directories, each identified by a name and, with git, by its remote."""

from __future__ import annotations

import re
import subprocess
from dataclasses import dataclass
from pathlib import Path

__all__ = ["GLOBAL", "Codebase", "inspect_codebases", "normalize_remote"]

GLOBAL = "global"  #: name of the codebase at the worker's home directory
MAX_NAME_CHARACTERS = 64
# ``(?!//)``: the scheme of a URL ends with a colon, too.
_SCP = re.compile(r"^(?:[\w.-]+@)?([\w.-]+):(?!//)(.+)$")
_URL = re.compile(r"^[a-z+]+://(?:[^@/]+@)?([^/:]+)(?::\d+)?/(.+)$", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Codebase:
    """A codebase. repository: identity of its git remote, such as ``github.com/owner/name``; None without one."""

    name: str
    path: Path
    repository: str | None
    is_git: bool

    @classmethod
    def from_directory(cls, path: Path, name: str | None = None) -> Codebase:
        """Inspect a directory. Raises ValueError if it does not exist."""
        path = path.expanduser().resolve()
        if not path.is_dir():
            raise ValueError(f"{path} is not a directory; --codebases names directories, separated by commas.")
        is_git = _run_git_or_none(path, "rev-parse", "--is-inside-work-tree") == "true"
        remote = _run_git_or_none(path, "config", "--get", "remote.origin.url") if is_git else None
        return cls((name or path.name)[:MAX_NAME_CHARACTERS], path, normalize_remote(remote), is_git)


def inspect_codebases(text: str) -> list[Codebase]:
    """Parse codebases from ``DIR[:NAME],...``. Raises ValueError for a missing directory and for a duplicate name."""
    codebases: list[Codebase] = []
    for word in filter(None, (part.strip() for part in text.split(","))):
        # From the right: a path may contain a colon, a name may not.
        directory, _, name = word.rpartition(":") if ":" in word else (word, "", "")
        codebase = Codebase.from_directory(Path(directory), name or None)
        if codebase.name in {other.name for other in codebases}:
            raise ValueError(f"Two codebases are named {codebase.name!r}; write DIR:NAME for one of them.")
        codebases.append(codebase)
    return codebases


def normalize_remote(remote: str | None) -> str | None:
    """Normalize a git remote to host and path, independent of scheme and credentials. None for a local one."""
    match = (_URL.match(remote) or _SCP.match(remote)) if remote else None
    if match is None:
        return None
    return f"{match[1].lower()}/{match[2].strip('/').removesuffix('.git')}"


def _run_git_or_none(path: Path, *arguments: str) -> str | None:
    try:
        result = subprocess.run(["git", "-C", str(path), *arguments], capture_output=True, text=True, timeout=10)
    except (OSError, subprocess.TimeoutExpired):
        return None
    return result.stdout.strip() if result.returncode == 0 else None
