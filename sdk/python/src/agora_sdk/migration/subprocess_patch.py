"""Patch of ``subprocess.run`` for v4 agents: ``spacetime`` commands are handled by this package, all others run as
before."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable, Sequence
from typing import Any

from .compatibility import V4CompatibilityLayer
from .spacetime_commands import run_command

__all__ = ["patch_subprocess"]


def patch_subprocess(layer: V4CompatibilityLayer | None = None) -> Callable[[], None]:
    """Patch ``subprocess.run`` of this process. Returns a function that undoes it.

    layer: compatibility layer for the commands; by default that of a server at http://localhost:8080.
    """
    target = layer or V4CompatibilityLayer()
    original = subprocess.run

    def patched_run(command: Any, *args: Any, **options: Any) -> Any:
        words = _split_command_words(command)
        result = run_command(target, words[1:]) if words and os.path.basename(words[0]) == "spacetime" else None
        if result is None:
            return original(command, *args, **options)
        return _convert_result(result, command, options)

    subprocess.run = patched_run  # type: ignore[assignment]

    def undo() -> None:
        subprocess.run = original

    return undo


def _split_command_words(command: Any) -> list[str]:
    """Return the words of a command given as a list; empty for a shell command."""
    if isinstance(command, str | bytes | os.PathLike) or not isinstance(command, Sequence):
        return []
    return [os.fsdecode(word) if isinstance(word, bytes | os.PathLike) else str(word) for word in command]


def _convert_result(result: subprocess.CompletedProcess[str], command: Any, options: dict[str, Any]) -> Any:
    """Convert a result to text or bytes, and raise if the caller checks, like the original."""
    is_text = any(options.get(name) for name in ("text", "universal_newlines", "encoding", "errors"))
    stdout: Any = result.stdout if is_text else result.stdout.encode()
    stderr: Any = result.stderr if is_text else result.stderr.encode()
    if options.get("check") and result.returncode:
        raise subprocess.CalledProcessError(result.returncode, command, stdout, stderr)
    return subprocess.CompletedProcess(command, result.returncode, stdout, stderr)
