"""``make test`` fails if a test fails, even if the test passes when repeated; such a test is listed as flaky."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

SCRIPT = Path(__file__).parents[2] / "scripts" / "run_tests.py"
TESTS = """
from pathlib import Path

def test_broken():
    assert {broken}

def test_flaky():
    once = Path("once")
    if not once.exists():
        once.touch()
        raise AssertionError

def test_good():
    pass
"""


def _run(directory: Path, broken: bool) -> subprocess.CompletedProcess[str]:
    directory.mkdir()
    (directory / "test_sample.py").write_text(TESTS.format(broken=not broken))
    command = [sys.executable, str(SCRIPT), "-p", "no:cacheprovider", "test_sample.py"]
    environment = os.environ | {"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}  # loading them takes longest
    return subprocess.run(command, cwd=directory, env=environment, capture_output=True, text=True, check=False)


def test_failure_fails_the_run_and_flaky_tests_are_listed(tmp_path: Path) -> None:
    run = _run(tmp_path / "both", broken=True)
    assert run.returncode == 1
    flaky, broken = run.stdout.split("== Flaky:")[1].split("== Broken:")
    assert flaky.split()[-1] == "test_sample.py::test_flaky"
    assert broken.split()[-1] == "test_sample.py::test_broken"
    run = _run(tmp_path / "flaky", broken=False)
    assert run.returncode == 1, "it passed the second time: a failure all the same"
    assert "== Broken" not in run.stdout


def test_makefile_uses_the_exit_code_of_the_first_run() -> None:
    makefile = (SCRIPT.parents[1] / "Makefile").read_text()
    assert "--last-failed" not in makefile
