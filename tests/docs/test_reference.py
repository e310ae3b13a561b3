"""The reference is current, and complete."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest
from scripts import reference

from agora.events import frames
from agora.settings import Settings
from agora_sdk.contract import Exposure, operations
from agora_sdk.errors import BY_CODE

ROOT = Path(__file__).parents[2]
REFERENCE = ROOT / "docs" / "reference"
EMITTERS = {"emit", "_emit", "_announce"}


def _page(name: str) -> str:
    return (REFERENCE / name).read_text("utf-8")


@pytest.fixture(scope="module")
def written() -> dict[str, str]:
    return reference.pages()


def test_the_committed_pages_are_what_would_be_written(written: dict[str, str]) -> None:
    stale = [name for name, text in written.items() if _page(name) != text]
    assert not stale, f"{stale} are stale: run 'make reference'"


def test_a_stale_page_is_found_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reference, "DIRECTORY", tmp_path)
    assert reference.main(["--check"]) == 1
    assert reference.main([]) == 0
    assert reference.main(["--check"]) == 0
    page = tmp_path / "errors.md"
    page.write_text(page.read_text("utf-8") + "\n", "utf-8")
    assert reference.main(["--check"]) == 1


def test_every_operation_is_there() -> None:
    page = _page("operations.md")
    for operation in operations():
        shown = f"### {operation.name}" in page.replace(f" {operation.version}\n", "\n")
        assert shown is (operation.exposure is not Exposure.TEST), operation.name
        for route in operation.routes:
            assert not shown or f"`{route.method} {route.path}`" in page


def test_every_setting_and_every_error_is_there() -> None:
    for name, field in Settings.model_fields.items():
        assert f"| `{name}` | `AGORA_{name.upper()}`" in _page("settings.md")
        assert field.description, f"{name} has no description"
    for code, kind in BY_CODE.items():
        assert f"| `{code}` | `{kind.__name__}` | {kind.status} | {kind.jsonrpc} |" in _page("errors.md")


def test_every_command_is_there(written: dict[str, str]) -> None:
    for name in ("serve", "demo", "doctor", "register", "agents", "send", "inbox", "watch", "services", "call", "run"):
        assert f"# agora {name}\n" in written["cli.md"]
    for operation in operations():
        if operation.exposure is not Exposure.TEST:
            assert f"# agora {operation.category} {operation.action.replace('_', '-')}\n" in written["cli.md"]


def _emitted() -> Iterator[str]:
    """Types of the server's events, wherever the code makes one."""
    for file in (ROOT / "src" / "agora").rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text("utf-8"))):
            if isinstance(node, ast.Call) and getattr(node.func, "attr", getattr(node.func, "id", "")) in EMITTERS:
                for argument in node.args[:1]:
                    if isinstance(argument, ast.Constant) and str(argument.value).startswith("agora."):
                        yield str(argument.value)


def test_the_types_of_events_are_those_that_are_made() -> None:
    emitted = set(_emitted())
    documented = {
        line.split("`")[1] for line in _page("events.md").splitlines() if line.startswith("| `agora.") and "|" in line
    }
    assert documented == emitted
    assert len(emitted) > 10


def test_the_close_codes_of_streams_are_there() -> None:
    for code in (frames.NORMAL, frames.RESTARTING, frames.TOO_SLOW):
        assert f"| {code} |" in _page("live.md")
