"""Unified diffs: finding lines by number, and formatting review comments as a prompt."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Final

from .review_records import CommentRow

__all__ = ["find_line_text", "format_review_prompt"]

# At most nine digits: the patch is a worker's text, and int() of a huge number is slow.
HUNK_HEADER: Final = re.compile(r"@@ -(\d{1,9})(?:,\d+)? \+(\d{1,9})(?:,\d+)? @@")
MAX_CODE_CHARACTERS: Final = 300
INTRODUCTION: Final = "Your changes were reviewed. Please work on this:"


def find_line_text(patch: str, side: str, number: int) -> str | None:
    """Find the text of a line on the new or old side of a diff; None if the diff does not contain it."""
    for new, old, text in _iterate_diff_lines(patch):
        if number == (new if side == "new" else old):
            return text[:MAX_CODE_CHARACTERS]
    return None


def _iterate_diff_lines(patch: str) -> Iterator[tuple[int | None, int | None, str]]:
    """Read the lines of all hunks: number on the new side, number on the old side, and text."""
    new = old = 0
    in_hunk = False
    for line in patch.split("\n"):
        if hunk := HUNK_HEADER.match(line):
            old, new = int(hunk[1]), int(hunk[2])
            in_hunk = True
        # Only within a hunk: the header lines `+++` and `---` begin with the same signs.
        elif in_hunk and line[:1] in ("+", " "):
            yield new, old if line[0] == " " else None, line[1:]
            new, old = new + 1, old + (line[0] == " ")
        elif in_hunk and line[:1] == "-":
            yield None, old, line[1:]
            old += 1


def format_review_prompt(comments: Sequence[CommentRow], text: str) -> str:
    """Format comments as one prompt: the text, then path, line, code and comment of each."""
    parts = [INTRODUCTION, text] if text else [INTRODUCTION]
    for comment in comments:
        side = "" if comment.side == "new" else " (as it was before)"
        parts.append(f"{comment.path}:{comment.line}{side}\n> {comment.code}\n{comment.text}")
    return "\n\n".join(parts)
