"""Rendering of a conversation in a terminal with 80 columns."""

from __future__ import annotations

import io
from types import SimpleNamespace
from typing import Any

import pytest
from rich.console import Console
from rich.markdown import Markdown

from agora.cli import chat
from agora.cli.chat import fence_log_lines
from agora.cli.output import Output

TURN = """\
I look at **it**.
and at that

[agora] the session ses_1 was reopened with session/resume
[execute] ls *.py | grep _x_ && echo {long}
  a_file_.py
  ```
  b.py

  and more
[read] README (failed)
It *is* there:
```
[execute] no log line
```
[a link](https://example.com) [x] done
""".format(long="word " * 20)


def test_log_lines_of_a_worker_keep_their_line_breaks() -> None:
    console = Console(width=80, file=io.StringIO(), force_terminal=True, color_system=None)
    console.print(Markdown(fence_log_lines(TURN)))
    file = console.file
    assert isinstance(file, io.StringIO)
    lines = [line.strip() for line in file.getvalue().splitlines()]
    assert max(map(len, file.getvalue().splitlines())) <= 80
    for line in (
        "I look at it. and at that",
        "[agora] the session ses_1 was reopened with session/resume",
        "a_file_.py",
        "b.py",
        "[read] README (failed)",
        "It is there:",
        "[execute] no log line",
    ):
        assert line in lines, file.getvalue()
    assert any(line.startswith("[execute] ls *.py | grep _x_ && echo word") for line in lines)
    assert any(line.startswith("a link") for line in lines)


@pytest.mark.parametrize("text", ["", "plain\n", "[1] a footnote", "[x] done", "[Agora] Name", "[agora]"])
def test_answer_without_log_lines_is_unchanged(text: str) -> None:
    assert fence_log_lines(text) == text


def print_in_chunks(text: str, size: int) -> str:
    """Stream a text to a terminal in chunks of a size. Returns what the terminal received."""
    out, file = Output(), io.StringIO()
    out.console = Console(width=80, file=file, force_terminal=True, color_system=None)
    session: Any = SimpleNamespace(out=out)
    with chat._AnswerPrinter(session) as printer:
        for start in range(0, len(text), size):
            printer.add_text(text[start : start + size])
    return file.getvalue()


def test_long_paragraph_is_not_rendered_again_for_every_chunk(monkeypatch: pytest.MonkeyPatch) -> None:
    text, rendered = "word " * 4000, 0
    clean_text_lines = chat.clean_text_lines

    def count_characters(part: str) -> str:
        nonlocal rendered
        rendered += len(part)
        return clean_text_lines(part)

    monkeypatch.setattr(chat, "clean_text_lines", count_characters)
    assert print_in_chunks(text, 10).count("word") >= 16
    assert rendered < 100 * len(text), "it is rendered some times a second, not for each of the 2000 chunks"


@pytest.mark.parametrize("size", [1, 7, 1000])
def test_complete_paragraphs_are_the_same_however_the_answer_is_cut(size: int) -> None:
    text = "First.\n\n```\ncode\n\nmore code\n```\nSecond.\n\nlast"
    buffer = chat._ParagraphBuffer()
    parts = [buffer.take_complete_paragraphs(text[start : start + size]) for start in range(0, len(text), size)]
    assert ("".join(parts), buffer.text) == (text.removesuffix("last"), "last")
