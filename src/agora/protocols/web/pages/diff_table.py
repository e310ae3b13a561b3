"""The diff of a file as table rows: numbered lines, unified or side by side, each with optional comments."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final

from agora_sdk.contract.reviews import ReviewComment, ReviewFile

from ..diffs import escape_direction_controls

__all__ = ["MAX_ROWS", "MAX_SELECTED_ROWS", "DiffRow", "FileView", "build_file_view"]

HUNK_HEADER: Final = re.compile(r"@@ -(\d{1,9})(?:,\d+)? \+(\d{1,9})(?:,\d+)? @@")
MAX_ROWS: Final = 1_500  #: maximum of one file, unless it is selected
MAX_SELECTED_ROWS: Final = 10_000  #: maximum of the selected file
MAX_LINE_CHARACTERS: Final = 1_000
HEADERS: Final = {
    name: re.compile(pattern, re.MULTILINE)
    for name, pattern in (
        ("old name", r"^rename from (.+)$"),
        ("old mode", r"^old mode (\d+)$"),
        ("new mode", r"^new mode (\d+)$"),
        ("binary", r"^(Binary files |GIT binary patch)"),
    )
}


@dataclass(slots=True)
class DiffCell:
    """A line on one side. number: None for a hunk header. side: new or old. tone: of its colour. ends: whether with a
    newline."""

    text: str
    tone: str = ""
    number: int | None = None
    side: str = "new"
    ends: bool = True


@dataclass(slots=True)
class DiffRow:
    """A row of the table. cells: one, or the old and the new line side by side; None for a missing line."""

    cells: list[DiffCell | None]
    comments: list[ReviewComment] = field(default_factory=list)
    has_comment_form: bool = False  #: below it

    @property
    def is_hunk_header(self) -> bool:
        """Whether the row is a hunk header."""
        return self.cells[0] is not None and self.cells[0].tone == "hunk"


@dataclass(slots=True)
class FileView:
    """A changed file for display. left_out: number of rows not shown. note: further information."""

    file: ReviewFile
    rows: list[DiffRow]
    left_out: int = 0
    note: str = ""


def build_file_view(
    file: ReviewFile,
    comments: Sequence[ReviewComment],
    *,
    split: bool,
    commented_line: tuple[str, int] | None = None,
    limit: int = MAX_ROWS,
) -> FileView:
    """Build the rows of a file. comments: on it. commented_line: side and number of the line with the comment form. limit: of rows."""
    cells = list(_read_cells(file.patch))
    rows = list(_pair_cells(cells)) if split else [DiffRow([cell]) for cell in cells]
    # By place: a search among all comments for each row would take seconds for a long diff with many.
    comments_by_place: dict[tuple[str, int], list[tuple[int, ReviewComment]]] = {}
    for index, comment in enumerate(comments):
        comments_by_place.setdefault((comment.side, comment.line), []).append((index, comment))
    for row in rows[:limit]:
        # A set: a context line stands on both sides of a split row, and its comments are shown once.
        places = {(cell.side, cell.number) for cell in row.cells if cell is not None and cell.number is not None}
        indexed = [pair for place in places for pair in comments_by_place.get(place, ())]
        row.comments = [comment for _, comment in sorted(indexed, key=lambda pair: pair[0])]
        row.has_comment_form = commented_line in places
    return FileView(file, rows[:limit], max(0, len(rows) - limit), _describe_change(file))


def _describe_change(file: ReviewFile) -> str:
    """Describe the changes in the header of a diff: a rename, a mode, a binary file."""
    head, _, _ = file.patch.partition("\n@@")
    names = {key: match[1] for key, pattern in HEADERS.items() if (match := pattern.search(head))}
    notes = [f"Renamed from {names['old name'][:300]}."] if "old name" in names else []
    if "old mode" in names and "new mode" in names:
        notes.append(f"Its mode changes from {names['old mode']} to {names['new mode']}.")
    if "binary" in names:
        notes.append("A binary file: its content is not shown.")
    elif not file.patch and file.truncated:
        notes.append("The diff is too large to be shown; see the branch.")
    elif file.truncated:
        notes.append("The end of the diff is not shown; see the branch.")
    elif "\n@@" not in file.patch and not notes:
        notes.append("An empty file." if file.status in "AD" else "No lines have changed.")
    return " ".join(notes)


def _read_cells(patch: str) -> Iterator[DiffCell]:
    """Read each line of the hunks; a context line belongs to the new side."""
    new = old = 0
    in_hunk = False
    lines = patch.removesuffix("\n").split("\n")
    for line, following in zip(lines, (*lines[1:], ""), strict=True):
        ends = not following.startswith("\\ ")  # "\\ No newline at end of file"
        text = escape_direction_controls(line[1 : MAX_LINE_CHARACTERS + 1])
        if hunk := HUNK_HEADER.match(line):
            old, new, in_hunk = int(hunk[1]), int(hunk[2]), True
            yield DiffCell(escape_direction_controls(line[:MAX_LINE_CHARACTERS]), "hunk")
        elif in_hunk and line[:1] == "+":
            yield DiffCell(text, "add", new, ends=ends)
            new += 1
        elif in_hunk and line[:1] == "-":
            yield DiffCell(text, "del", old, "old", ends)
            old += 1
        elif in_hunk and line[:1] == " ":
            yield DiffCell(text, "", new, ends=ends)
            new, old = new + 1, old + 1


def _pair_cells(cells: Sequence[DiffCell]) -> Iterator[DiffRow]:
    """Pair removed lines with the added lines that follow them."""
    removed: list[DiffCell] = []
    added: list[DiffCell] = []

    def flush() -> Iterator[DiffRow]:
        for index in range(max(len(removed), len(added))):
            pair = [side[index] if index < len(side) else None for side in (removed, added)]
            yield DiffRow(list(pair))
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
            yield DiffRow([cell] if cell.tone == "hunk" else [cell, cell])
    yield from flush()
