"""The diff of a file as rows of a table: numbered lines, in one column or side by side, each of which can be commented on."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final

from agora_sdk.contract.reviews import ReviewComment, ReviewFile

from ..diffs import show_controls

__all__ = ["FileView", "Row", "view_file"]

HUNK: Final = re.compile(r"@@ -(\d{1,9})(?:,\d+)? \+(\d{1,9})(?:,\d+)? @@")
MAX_ROWS: Final = 1_500  #: of one file
MAX_LINE_CHARACTERS: Final = 1_000


@dataclass(slots=True)
class Cell:
    """A line on one side. number: None for the head of a hunk. side: new or old. tone: of its colour."""

    text: str
    tone: str = ""
    number: int | None = None
    side: str = "new"


@dataclass(slots=True)
class Row:
    """A row of the table. cells: one, or the old and the new line beside each other; None where a side has no line."""

    cells: list[Cell | None]
    comments: list[ReviewComment] = field(default_factory=list)
    is_asked: bool = False  #: whether the form for a comment stands below it

    @property
    def is_hunk(self) -> bool:
        """Whether it is the head of a hunk."""
        return self.cells[0] is not None and self.cells[0].tone == "hunk"


@dataclass(slots=True)
class FileView:
    """A changed file as it is shown. left_out: rows that are not."""

    file: ReviewFile
    rows: list[Row]
    left_out: int = 0


def view_file(
    file: ReviewFile, comments: Sequence[ReviewComment], *, split: bool, asked: tuple[str, int] | None
) -> FileView:
    """Rows of a file. comments: on it. asked: side and number of the line that is being commented on."""
    cells = list(_read_cells(file.patch))
    rows = list(_pair_cells(cells)) if split else [Row([cell]) for cell in cells]
    for row in rows:
        places = {(cell.side, cell.number) for cell in row.cells if cell is not None and cell.number is not None}
        row.comments = [comment for comment in comments if (comment.side, comment.line) in places]
        row.is_asked = asked in places
    return FileView(file, rows[:MAX_ROWS], max(0, len(rows) - MAX_ROWS))


def _read_cells(patch: str) -> Iterator[Cell]:
    """Each line of the hunks; a line that both sides have is of the new side."""
    new = old = 0
    in_hunk = False
    for line in patch.removesuffix("\n").split("\n"):
        text = show_controls(line[1 : MAX_LINE_CHARACTERS + 1])
        if hunk := HUNK.match(line):
            old, new, in_hunk = int(hunk[1]), int(hunk[2]), True
            yield Cell(show_controls(line[:MAX_LINE_CHARACTERS]), "hunk")
        elif in_hunk and line[:1] == "+":
            yield Cell(text, "add", new)
            new += 1
        elif in_hunk and line[:1] == "-":
            yield Cell(text, "del", old, "old")
            old += 1
        elif in_hunk and line[:1] == " ":
            yield Cell(text, "", new)
            new, old = new + 1, old + 1


def _pair_cells(cells: Sequence[Cell]) -> Iterator[Row]:
    """Removed lines beside the added ones that follow them."""
    removed: list[Cell] = []
    added: list[Cell] = []

    def flush() -> Iterator[Row]:
        for index in range(max(len(removed), len(added))):
            pair = [side[index] if index < len(side) else None for side in (removed, added)]
            yield Row(list(pair))
        removed.clear()
        added.clear()

    for cell in cells:
        if cell.tone == "del":
            if added:
                yield from flush()
            removed.append(cell)
        elif cell.tone == "add":
            added.append(cell)
        else:
            yield from flush()
            yield Row([cell] if cell.tone == "hunk" else [cell, cell])
    yield from flush()
