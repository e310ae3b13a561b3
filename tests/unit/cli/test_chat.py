"""Rendering of a conversation in a terminal with 80 columns."""

from __future__ import annotations

import io

import pytest
from rich.console import Console
from rich.markdown import Markdown

from agora.cli.chat import fence_log_lines

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
