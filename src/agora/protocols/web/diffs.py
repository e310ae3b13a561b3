"""Unified diffs in colour: added and removed lines are distinguished by their sign and by colour.

Characters that change the direction of text are shown by their code points, so that a line reads as it is compiled.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final

from markupsafe import Markup, escape

from .drawing.svg import tag

__all__ = ["MAX_LINES", "FileDiff", "escape_direction_controls", "is_diff", "parse_diff", "render_diff"]

MAX_LINES: Final = 2_000  #: maximum lines shown of a diff
MAX_LINE_CHARACTERS: Final = 1_000
FILE_HEADER: Final = re.compile(r"^(diff --git .*|--- .*\n\+\+\+ .*\n@@ .*)$", re.MULTILINE)
MAX_PREAMBLE_CHARACTERS: Final = 2_000  #: characters of a text within which a diff must begin
HUNK_HEADER: Final = re.compile(r"@@ -\d+(?:,(\d{1,9}))? \+\d+(?:,(\d{1,9}))? @@")
HUNK_SIGNS: Final = ("", " ", "+", "-", "\\")  #: first characters of a hunk's lines, including empty ones
#: tones by sign of a line
TONES: Final = {"+": "add", "-": "del", "\\": "hunk"}
VISIBLE_CONTROLS: Final = {
    code: f"<U+{code:04X}>" for code in (*range(0x202A, 0x202F), *range(0x2066, 0x206A), 0x061C, 0x200E, 0x200F)
}


@dataclass(slots=True)
class FileDiff:
    """The changes in one file. path: empty if the diff has none. left_out: number of lines not shown."""

    path: str = ""
    added: int = 0
    removed: int = 0
    left_out: int = 0
    lines: list[tuple[str, str]] = field(default_factory=list)

    @property
    def size(self) -> int:
        """Number of lines."""
        return len(self.lines) + self.left_out

    @property
    def html(self) -> Markup:
        """The lines as HTML."""
        return _render_lines(self.lines, self.left_out, self.path)


def is_diff(text: str) -> bool:
    """Whether a text is a unified diff, possibly after some other text."""
    return FILE_HEADER.search(text[:MAX_PREAMBLE_CHARACTERS]) is not None


def escape_direction_controls(text: str) -> str:
    """Make the characters visible that change the direction of a text."""
    return text.translate(VISIBLE_CONTROLS)


def parse_diff(text: str) -> list[FileDiff]:
    """Parse the files of a diff in order, with at most MAX_LINES lines together."""
    files: list[FileDiff] = []
    line_count = 0
    for starts_file, path, tone, line in _read_lines(text):
        if starts_file or not files:
            files.append(FileDiff())
        current = files[-1]
        current.path = path or current.path
        current.added += tone == "add"
        current.removed += tone == "del"
        if line_count < MAX_LINES:
            current.lines.append((tone, line))
            line_count += 1
        else:
            current.left_out += 1
    return files


def render_diff(text: str) -> Markup:
    """Render a diff as one block; without headers, the lines are classified by their signs."""
    if is_diff(text):
        lines = [(tone, line) for _, _, tone, line in _read_lines(text)]
    else:
        lines = [(TONES.get(line[:1], ""), line) for line in text.removesuffix("\n").split("\n")]
    return _render_lines(lines[:MAX_LINES], max(0, len(lines) - MAX_LINES), "")


def _read_lines(text: str) -> Iterator[tuple[bool, str, str, str]]:
    """Read the lines as tuples: whether a file begins, the path in the line, its tone, and its text.

    Lines are counted by the header of their hunk, because a removed line that begins with "-- " looks like a file
    header.
    """
    old_left = new_left = 0
    in_git_head = False
    for line in text.removesuffix("\n").split("\n"):
        if (old_left > 0 or new_left > 0) and line[:1] in HUNK_SIGNS:
            old_left -= not line.startswith(("+", "\\"))
            new_left -= not line.startswith(("-", "\\"))
            yield False, "", TONES.get(line[:1], ""), line
        elif hunk := HUNK_HEADER.match(line):
            old_left, new_left = (1 if count is None else int(count) for count in hunk.groups())
            in_git_head = False
            yield False, "", "hunk", line
        else:
            starts_git_file = line.startswith("diff --git ")
            starts_file = starts_git_file or (line.startswith("--- ") and not in_git_head)
            in_git_head = in_git_head or starts_git_file
            old_left = new_left = 0
            yield starts_file, _read_path(line), "file", line


def _read_path(line: str) -> str:
    """Read the path in a line of a file header: the new path, or the old one of a removed file."""
    if line.startswith("diff --git "):
        return line.rpartition(" b/")[2][:300]
    if line.startswith(("--- ", "+++ ")):
        path = line[4:].split("\t")[0].strip()
        return "" if path == "/dev/null" else path.removeprefix("a/").removeprefix("b/")[:300]
    return ""


def _render_lines(lines: Sequence[tuple[str, str]], left_out: int, path: str) -> Markup:
    spans = [
        tag("span", escape(escape_direction_controls(line[:MAX_LINE_CHARACTERS]) + "\n"), class_=tone or None)
        for tone, line in lines
    ]
    if left_out:
        spans.append(tag("span", escape(f"… {left_out:,} more lines"), class_="hunk"))
    label = f"Changes of {path}" if path else "Changes"
    return tag("pre", *spans, class_="diff", dir="ltr", tabindex="0", aria_label=label)
