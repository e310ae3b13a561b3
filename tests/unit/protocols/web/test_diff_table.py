"""Diffs of a review as rows: file headers, ends of files, and truncation of large diffs."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from agora.protocols.web.pages.diff_table import MAX_ROWS, build_file_view
from agora_sdk.contract.reviews import ReviewComment, ReviewFile


def changed_file(patch: str, status: str = "M", *, truncated: bool = False) -> ReviewFile:
    return ReviewFile(number=1, path="a.txt", status=status, patch=patch, truncated=truncated)


@pytest.mark.parametrize(
    ("file", "note"),
    [
        (
            changed_file("diff --git a/a b/b\nsimilarity index 100%\nrename from a\nrename to b\n", "R"),
            "Renamed from a.",
        ),
        (changed_file("diff\nold mode 100644\nnew mode 100755\n"), "Its mode changes from 100644 to 100755."),
        (
            changed_file("diff\nindex 1..2\nBinary files a/a and b/a differ\n"),
            "A binary file: its content is not shown.",
        ),
        (changed_file("diff\nnew file mode 100644\nindex 0..e\n", "A"), "An empty file."),
        (changed_file("", truncated=True), "The diff is too large to be shown; see the branch."),
        (
            changed_file("diff\n@@ -1 +1 @@\n-a\n", truncated=True),
            "The end of the diff is not shown; see the branch.",
        ),
        (changed_file("diff\n@@ -0,0 +1 @@\n+rename from a\n+Binary files \n", "A"), ""),
    ],
)
def test_changes_without_lines_are_described(file: ReviewFile, note: str) -> None:
    assert build_file_view(file, [], split=False).note == note


@pytest.mark.parametrize("split", [False, True])
def test_missing_newline_at_the_end_is_shown(split: bool) -> None:
    patch = "diff\n@@ -1 +1 @@\n-same\n\\ No newline at end of file\n+same\n"
    cells = [cell for row in build_file_view(changed_file(patch), [], split=split).rows for cell in row.cells if cell]
    assert [(cell.text, cell.ends) for cell in cells if cell.tone in ("add", "del")] == [
        ("same", False),
        ("same", True),
    ]


def test_large_diff_is_truncated_unless_its_file_is_selected() -> None:
    file = changed_file("diff\n@@ -0,0 +1,5000 @@\n" + "+line\n" * 5000, "A")
    view = build_file_view(file, [], split=False)
    assert (len(view.rows), view.left_out) == (MAX_ROWS, 5001 - MAX_ROWS)
    assert len(build_file_view(file, [], split=False, limit=10_000).rows) == 5001
    assert build_file_view(file, [], split=False, limit=0).rows == []


class CountedComments(list[ReviewComment]):
    """Comments that count how often they are read from the begin."""

    readings = 0

    def __iter__(self) -> Iterator[ReviewComment]:
        self.readings += 1
        return super().__iter__()


def test_comments_are_not_searched_for_each_row() -> None:
    fields = {"comment_id": "c", "job_id": "j", "path": "a.txt", "side": "new", "author": "a", "text": "Why?"}
    comments = CountedComments([ReviewComment.model_construct(**fields, line=line) for line in (2, 5, 2)])
    rows = build_file_view(changed_file("diff\n@@ -0,0 +1,9 @@\n" + "+a\n" * 9), comments, split=False).rows
    assert [len(row.comments) for row in rows] == [0, 0, 2, 0, 0, 1, 0, 0, 0, 0]
    assert comments.readings == 1
