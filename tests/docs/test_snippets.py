"""Every fenced block of the documentation is executed or checked, or states why not."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import Any

import pytest

from tests.docs.snippets import SnippetFailure, blocks_of, matches, run_page

ROOT = Path(__file__).parents[2]
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])


def _text(path: Path) -> str:
    return path.read_text("utf-8")


#: pages that take more than two seconds; README, the tutorial and short pages run each time
LONG = frozenset(
    f"docs/how-to/{name}.md"
    for name in (
        "a2a", "remote-a2a-agents", "agent-protocol", "billing", "bus", "mcp-upstreams", "mcp", "mcp-clients", "built-in-agents",
        "single-sign-on", "work-on-tasks", "workflows",
    )
)  # fmt: skip


def _page(path: Path) -> Any:
    marks = [pytest.mark.long] if path.relative_to(ROOT).as_posix() in LONG else []
    return pytest.param(path, marks=marks, id=path.relative_to(ROOT).as_posix())


@pytest.mark.parametrize("path", list(map(_page, PAGES)))
async def test_blocks_of_a_page_are_correct(path: Path, tmp_path: Path) -> None:
    if "$ curl" in _text(path) and not shutil.which("curl") and os.environ.get("AGORA_REQUIRE") != "all":
        pytest.skip("no curl: apt-get install curl")
    await run_page(path, _text(path), tmp_path)


# -- the checks can fail -----------------------------------------------------------------------------

BAD = {
    "another output": "```console\n$ echo one\ntwo\n```",
    "an output too many": "```console\n$ true\nsomething\n```",
    "an output too few": "```console\n$ echo one; echo two\none\n```",
    "a failing command": "```console\n$ false\n```",
    "a command that ought to fail": "```console fails\n$ true\n```",
    "a shell that ends": "```console\n$ exit 0\n```",
    "no command": "```console\nhello\n```",
    "a failing script": "```bash\nfalse\n```",
    "a failing program": "```python\nraise SystemExit(3)\n```",
    "another output of a program": "```python\nprint(1)\n```\n```output\n2\n```",
    "a language nobody knows": "```perl\nprint 1\n```",
    "no language": "```\nhello\n```",
    "no reason": "```bash no-run\nmake up\n```",
}


@pytest.mark.parametrize("text", BAD.values(), ids=BAD)
async def test_wrong_page_is_detected(text: str, tmp_path: Path) -> None:
    with pytest.raises(SnippetFailure):
        await run_page(Path("page.md"), text, tmp_path)


async def test_invalid_programs_json_and_settings_are_detected(tmp_path: Path) -> None:
    for number, text in enumerate(("```python file=x.py\n1 +\n```", "```json\n{]\n```", "```toml\nport = -1\n```")):
        with pytest.raises((SyntaxError, ValueError)):
            await run_page(Path("page.md"), text, tmp_path / str(number))


async def test_blocks_of_a_page_share_a_server_a_shell_and_a_directory(tmp_path: Path) -> None:
    text = """
```python
from agora_sdk import AgoraClient
with AgoraClient() as client:
    print(client.register("First").agent_id)
```
```output
agent_0123456789abcdef0123456789abcdef
```
```python file=second.py
print("from a file")
```
```console
$ NAME=First
$ python second.py
from a file
$ curl --silent http://127.0.0.1:8080/agents/$NAME
{"agent_id":...}
```
"""
    assert await run_page(Path("page.md"), text, tmp_path) == 4


def test_blocks_are_found_with_their_lines() -> None:
    first, second = blocks_of(Path("p.md"), "a\n```text\nx\n```\n\n```bash no-run because\ny\n```\n")
    assert (first.line, first.language, first.exempt) == (2, "text", True)
    assert (second.line, second.options, second.exempt, second.text) == (6, "no-run because", True, "y\n")


@pytest.mark.parametrize(
    ("expected", "actual", "same"),
    [
        ("a\n...\nz", "a\nb\nc\nz\n", True),
        ("a\n...\nz", "a\nz\n", True),
        ("a ... z", "a b z", True),
        ("a ... z", "a b\nz", False),
        ("msg_" + "0" * 32, "msg_" + "f" * 32, True),
        ("msg_" + "0" * 32, "agent_" + "f" * 32, False),
        ("at 2026-01-01T10:00:00Z", "at 2027-12-31T23:59:59.123456+00:00", True),
        ("", "something", False),
    ],
)
def test_ellipsis_in_output_matches_any_text(expected: str, actual: str, same: bool) -> None:
    assert matches(expected, actual) is same
