"""The measurement of test smells, and a check that every assertion can fail."""

from __future__ import annotations

import ast

from scripts import measure_tests

TEXT = """
from package._module import name

async def test_example(monkeypatch):
    while not ready:
        await asyncio.sleep(0.1)
        for each in (1, 2):
            time.sleep(each)
    monkeypatch.setattr(module, "LIMIT", 1)
    setattr(module, "LIMIT", 1)
    assert thing._state or True
    assert row._replace(number=1)
    assert (thing, "said")
"""


def test_each_kind_is_found_once() -> None:
    places = sorted(measure_tests.find_places(ast.parse(TEXT)))
    assert places == [
        ("constant", 11),
        ("constant", 13),
        ("import", 2),
        ("patch", 9),
        ("private", 11),
        ("sleep", 6),
        ("sleep", 8),
    ]
    assert {kind for kind, _ in places} == measure_tests.KINDS.keys()


def test_every_assertion_can_fail() -> None:
    for path in measure_tests.TESTS.rglob("*.py"):
        kinds = dict(measure_tests.find_places(ast.parse(path.read_text("utf-8"))))
        assert "constant" not in kinds, f"{path}:{kinds['constant']}"
