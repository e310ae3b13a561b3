"""Scripts that install the coding worker: written files, refused input, and the started worker."""

from __future__ import annotations

import configparser
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
INSTALLER = ROOT / "agent_worker" / "install-codetether-worker.sh"


def run(*command: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run([str(part) for part in command], capture_output=True, text=True, timeout=60, check=False)


def test_service_is_installed_with_its_environment(tmp_path: Path) -> None:
    options = ("--server", "https://agora.example.com", "--codebases", "/srv/api", "--name", "box")
    done = run(INSTALLER, "--destination", tmp_path, *options)
    assert done.returncode == 0, done.stderr
    environment = tmp_path / "etc/codetether-worker/env"
    lines = environment.read_text().splitlines()
    assert {"A2A_SERVER_URL=https://agora.example.com", "A2A_CODEBASES=/srv/api", "A2A_AUTO_APPROVE=safe"} <= {*lines}
    assert "A2A_WORKER_NAME=box" in lines
    assert environment.stat().st_mode & 0o777 == 0o600, "it holds keys"
    environment.write_text("A2A_SERVER_URL=mine\n")
    assert "stays as it is" in run(INSTALLER, "--destination", tmp_path).stdout
    assert environment.read_text() == "A2A_SERVER_URL=mine\n"
    unit = configparser.ConfigParser(strict=False, interpolation=None)
    unit.optionxform = str  # type: ignore[assignment, method-assign]
    unit.read(tmp_path / "etc/systemd/system/codetether-worker.service")
    service = unit["Service"]
    assert (service["User"], service["Restart"], service["UMask"]) == ("a2a-worker", "always", "0002")
    assert service["EnvironmentFile"] == "/etc/codetether-worker/env"
    assert service["MemoryMax"]
    assert " worker run" in service["ExecStart"]


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        (("--from-cargo",), "there is no Rust binary"),
        (("--auto-approve", "most"), "all, safe or none"),
        (("--server",), "needs a value"),
        (("--nothing",), "unknown option"),
    ],
)
def test_invalid_arguments_are_refused(options: tuple[str, ...], reason: str, tmp_path: Path) -> None:
    done = run(INSTALLER, "--destination", tmp_path, *options)
    assert done.returncode == 2
    assert reason in done.stderr
    assert not list(tmp_path.iterdir())


def test_deploy_script_starts_a_worker(tmp_path: Path) -> None:
    place = tmp_path / "tree"
    (place / ".venv/bin").mkdir(parents=True)
    shutil.copy(ROOT / "deploy-worker.sh", place)
    for name, script in {"agora": 'printf "%s|" "$@"', "python": "exit 0"}.items():
        (place / ".venv/bin" / name).write_text(f"#!/bin/sh\n{script}\n")
        (place / ".venv/bin" / name).chmod(0o755)
    done = run(place / "deploy-worker.sh", "--name", "a b", "--server", "http://x", "--codebases", ".", "--once")
    assert done.stdout == "worker|run|--server|http://x|--codebases|.|--name|a b|--once|", done.stderr
    assert run(place / "deploy-worker.sh", "--server", "http://x").returncode == 2
