"""Print the number of tests per engine for each module of the conformance suite.

    python scripts/conformance_engines.py

Counts are those of pytest's collection. Tests that open their own stores, or none, count as "other".
"""

from __future__ import annotations

import os
import sys
from collections import Counter
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT))

__all__ = ["ModuleCounter"]

COLUMNS = ("SQLite", "PostgreSQL", "PostgreSQL if long", "other")


class ModuleCounter:
    """A pytest plugin that counts the collected tests by module and engine."""

    def __init__(self) -> None:
        self.counts: dict[str, Counter[str]] = {}
        self.statements: dict[str, str] = {}

    def pytest_collection_finish(self, session: pytest.Session) -> None:
        from tests.conformance.conftest import engine_of

        for item in session.items:
            if isinstance(item, pytest.Function):
                module = item.path.relative_to(ROOT / "tests" / "conformance").as_posix()
                self.statements[module] = item.module.RUNS_ON.value
                long = " if long" if item.get_closest_marker("long") else ""
                column = {"sqlite": "SQLite", "postgres": f"PostgreSQL{long}"}.get(engine_of(item) or "", "other")
                self.counts.setdefault(module, Counter())[column] += 1


def main() -> int:
    counter = ModuleCounter()
    with open(os.devnull, "w") as quiet:
        shown, sys.stdout = sys.stdout, quiet
        try:
            code = pytest.main(["--collect-only", "-m", "", "-p", "no:cacheprovider", "tests/conformance"], [counter])
        finally:
            sys.stdout = shown
    if code:
        print("the suite cannot be collected: run pytest --collect-only tests/conformance", file=sys.stderr)
        return int(code)
    print("| module | runs on |", " | ".join(COLUMNS), "|")
    print("|---|---|" + "---:|" * len(COLUMNS))
    for module, counts in sorted(counter.counts.items()):
        numbers = " | ".join(str(counts[column] or "") for column in COLUMNS)
        print(f"| {module} | {counter.statements[module]} | {numbers} |")
    totals = sum(counter.counts.values(), Counter())
    print("| all | |", " | ".join(str(totals[column]) for column in COLUMNS), "|")
    return 0


if __name__ == "__main__":
    os.chdir(ROOT)
    sys.exit(main())
