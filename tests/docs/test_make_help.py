"""`make help` is the list of what can be made."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

ROOT = Path(__file__).parents[2]
WIDTH = 80  # of the usual terminal


def _run_help() -> list[str]:
    return subprocess.run(
        ["make", "--no-print-directory", "help"], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout.splitlines()


def test_make_help_lists_every_described_target() -> None:
    described = re.findall(r"^([^\s:]+):.*## ", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE)
    assert described == [line.split()[1] for line in _run_help() if line.startswith("  make ")]


def test_make_help_fits_a_terminal_and_aligns_the_descriptions() -> None:
    lines = _run_help()
    assert max(len(line) for line in lines) <= WIDTH
    column = lines[0].index("Show what can be made")
    assert {line[column - 1] for line in lines} == {" "}
    assert all(line[column] != " " for line in lines)
