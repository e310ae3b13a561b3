"""A real server in a separate process, and the command line that uses it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from agora.cli.app import build_application
from tests.harness import free_port
from tests.processes import spawn_tethered

AGORA = (sys.executable, "-m", "agora.cli")


@dataclass(frozen=True)
class Served:
    """A server that runs ``agora serve``."""

    url: str
    data_dir: Path


@pytest.fixture(scope="session")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    directory, port = tmp_path_factory.mktemp("cli") / "data", free_port()
    options = ("--port", str(port), "--events-port", "0", "--data-dir", str(directory), "--log-level", "error")
    clean = {name: value for name, value in os.environ.items() if not name.startswith("AGORA_")}
    process = spawn_tethered([*AGORA, "serve", *options], stdout=subprocess.PIPE, text=True, env=clean)
    assert process.stdout is not None
    assert "is ready" in process.stdout.readline()
    yield Served(f"http://127.0.0.1:{port}", directory)
    process.terminate()
    process.communicate(timeout=60)
    assert process.returncode == 0


Agora = Callable[..., Any]


@pytest.fixture
def agora(served: Served, monkeypatch: pytest.MonkeyPatch) -> Agora:
    """Run the command line in this process. Returns its result, with separate ``.stdout`` and ``.stderr``."""
    monkeypatch.setenv("AGORA_URL", served.url)
    monkeypatch.setenv("AGORA_DATA_DIR", str(served.data_dir))

    def run(*words: str, exit_code: int = 0) -> Any:
        result = CliRunner().invoke(build_application(), list(words))
        assert result.exit_code == exit_code, (result.stdout, result.stderr, result.exception)
        return result

    return run


@pytest.fixture
def answer(agora: Agora) -> Agora:
    """Run a command with ``--json``. Returns its parsed output."""
    return lambda *words: json.loads(agora(*words, "--json").stdout)
