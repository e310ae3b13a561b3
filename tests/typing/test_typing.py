"""Type checking of the contract and the client: valid examples pass mypy, invalid ones fail as stated.

Every expected error in a file in ``fail`` is stated on its line: ``# E: code`` or ``# E: code: part of the text``.
"""

from __future__ import annotations

import importlib
import json
import re
import subprocess
import sys
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import pytest

from agora_sdk.contract import agents, implements, tokens

HERE = Path(__file__).parent
ROOT = HERE.parent.parent
LITERALS = re.compile(r"    (?P<enum>\w+)Like: TypeAlias = \(?\s*(?P=enum)\s*\| Literal\[(?P<values>[^]]*)\]")
EXPECTED = re.compile(r"# E: (?P<code>[\w-]+)(: (?P<text>.+))?$")


@dataclass(frozen=True)
class Finding:
    line: int
    code: str
    message: str


@cache
def findings() -> dict[str, list[Finding]]:
    """Return the errors of one strict run over all files."""
    files = [str(path.relative_to(ROOT)) for path in sorted(HERE.glob("*/*.py"))]
    command = [sys.executable, "-m", "mypy", "--strict", "--warn-unused-ignores", "--output", "json", *files]
    run = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert run.returncode in (0, 1), run.stdout + run.stderr
    found: dict[str, list[Finding]] = {file: [] for file in files}
    for line in run.stdout.splitlines():
        item = json.loads(line)
        if item["severity"] == "error":
            where = item["file"] if item["file"] in found else "elsewhere"
            text = item["message"] if where != "elsewhere" else f"{item['file']}: {item['message']}"
            found.setdefault(where, []).append(Finding(item["line"], item["code"], text))
    return found


def expected(path: Path) -> list[tuple[int, str, str]]:
    stated = []
    for number, line in enumerate(path.read_text().splitlines(), 1):
        if match := EXPECTED.search(line):
            stated.append((number, match["code"], match["text"] or ""))
    return stated


@pytest.mark.parametrize("path", sorted(HERE.glob("pass/*.py")), ids=lambda path: path.stem)
def test_valid_examples_pass(path: Path) -> None:
    assert findings()[str(path.relative_to(ROOT))] == []


@pytest.mark.parametrize("path", sorted(HERE.glob("fail/*.py")), ids=lambda path: path.stem)
def test_invalid_examples_fail_as_stated(path: Path) -> None:
    found = findings()[str(path.relative_to(ROOT))]
    stated = expected(path)
    assert stated, "a file that must fail states its errors"
    assert [(finding.line, finding.code) for finding in found] == [(line, code) for line, code, _ in stated], found
    for finding, (_, _, text) in zip(found, stated, strict=True):
        assert text in finding.message


def test_imported_modules_have_no_errors() -> None:
    assert findings().get("elsewhere", []) == []


def test_signatures_unchecked_by_mypy_are_refused_at_class_creation() -> None:
    """For a renamed parameter or another default mypy reports no error, so the contract checks it."""
    with pytest.raises(TypeError, match=r"Renamed\.get differs from the contract of agora\.agent\.get"):

        class Renamed(agents.Agents):
            @implements
            async def get(self, ref: str) -> agents.Agent:
                raise AssertionError(ref)

    with pytest.raises(TypeError, match=r"Redefaulted\.list differs"):

        class Redefaulted(tokens.Tokens):
            @implements
            async def list(self, *, limit: int = 51) -> tokens.TokenPage:
                raise AssertionError(limit)


def test_literals_of_parameters_equal_the_values_of_their_enums() -> None:
    """Only type checkers read the literals, so nothing else detects a value added only to an enum."""
    compared = 0
    for path in (ROOT / "sdk/python/src/agora_sdk/contract").rglob("*.py"):
        for literal in LITERALS.finditer(path.read_text()):
            module = importlib.import_module(".".join(path.relative_to(ROOT / "sdk/python/src").with_suffix("").parts))
            values = [member.value for member in getattr(module, literal["enum"])]
            assert re.findall(r'"(\w+)"', literal["values"]) == values, literal["enum"]
            compared += 1
    assert compared == 18
