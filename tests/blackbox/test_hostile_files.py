"""Files that expand to gigabytes or nest without bound are refused by every command that reads YAML or JSON."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from agora.worker.profiles import load_profiles
from tests.blackbox.server import ServerProcess

LEVELS = "".join(f"a{level}: &a{level} [{', '.join([f'*a{level - 1}'] * 10)}]\n" for level in range(1, 10))
FILES = {
    "laughs.yaml": (f"a0: &a0 [x, x]\n{LEVELS}agents: *a9\nsteps: *a9\n", "larger than 4,000,000 characters"),
    "nested.yaml": (f"agents: {'[' * 100_000}{']' * 100_000}\n", "nested deeper than 100 levels"),
    "endless.yaml": ("agents: &a [*a]\n", "an alias inside its own anchor"),
    "huge.yaml": ("agents:\n" + "- {name: a, model: m}\n" * 480_000, "larger than 4,000,000 characters"),
    "nested.json": ("[" * 100_000 + "]" * 100_000, "is not JSON"),
}
COMMANDS = (
    ("apply", "--file"),
    ("workflow", "create"),
    ("agent", "register", "--config"),
    ("app", "install"),
)


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_unboundedly_expanding_files_are_refused(
    shared_server: ServerProcess, tmp_path: Path, command: tuple[str, ...]
) -> None:
    for name, (text, problem) in FILES.items():
        path = tmp_path / name
        path.write_text(text)
        run = subprocess.run(
            [sys.executable, "-m", "agora.cli", *command, str(path)],
            env=shared_server.environment,
            capture_output=True,
            text=True,
            timeout=60,  # expanding the first takes hours
        )
        output = " ".join((run.stdout + run.stderr).replace("│", " ").split())
        assert run.returncode == 2, output
        assert problem in output, (name, output)
        assert "Traceback" not in output


@pytest.mark.parametrize("name", ["laughs.yaml", "nested.yaml", "endless.yaml"])
def test_unboundedly_expanding_worker_profiles_are_refused(tmp_path: Path, name: str) -> None:
    text, problem = FILES[name]
    path = tmp_path / name
    path.write_text(text)
    with pytest.raises(ValueError, match=problem):
        load_profiles(path)
