"""The checkpoint shown as a model's work is untrusted: parsing takes linear time."""

from __future__ import annotations

import pytest

from agora.protocols.web.pages.model_work import remove_data_marks

START, END = '<data source="tool">\n', "\n</data>"


@pytest.mark.parametrize(
    ("content", "text"),
    [
        (f"{START}a result{END}", "a result"),
        (f"before {START}a{END} between {START}b{END} after", f"before a{END} between {START}b after"),
        (f"{START}not closed", f"{START}not closed"),
        (f"not opened{END}", f"not opened{END}"),
        ({"a": 1}, {"a": 1}),
    ],
)
def test_marks_around_data_are_removed(content: object, text: object) -> None:
    assert remove_data_marks(content) == text


@pytest.mark.parametrize("mark", [START, "<data source=", "<data source=a", "<data source=>"])
def test_many_opening_marks_are_parsed_in_linear_time(mark: str) -> None:
    """In quadratic time this would run for hours."""
    content = mark * (4_000_000 // len(mark))
    assert remove_data_marks(content) == content
