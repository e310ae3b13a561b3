"""The report: what was expected, what was observed."""

from __future__ import annotations

from dataclasses import dataclass, field

__all__ = ["Report"]


@dataclass
class Report:
    """Expectations in the order they were checked."""

    rows: list[tuple[str, str, bool]] = field(default_factory=list)

    def expect(self, what: str, observed: object, met: bool) -> None:
        """Note an expectation, and print it as it comes."""
        self.rows.append((what, str(observed), met))
        _console().print(f"  {'✓' if met else '✗'} {what}", highlight=False, markup=False)

    @property
    def missing(self) -> list[str]:
        """What was not observed."""
        return [what for what, _, met in self.rows if not met]

    def show(self) -> None:
        """Print the table."""
        from rich import box
        from rich.table import Table

        table = Table(box=box.SIMPLE_HEAD)
        for heading in ("", "expected", "observed"):
            table.add_column(heading, overflow="fold")
        for what, observed, met in self.rows:
            table.add_row("✓" if met else "✗", what, observed)
        _console().print(table)
        if self.missing:
            _console().print("Missing: " + "; ".join(self.missing), highlight=False)
        else:
            _console().print(f"All {len(self.rows)} expectations were observed.", highlight=False)


def _console():  # type: ignore[no-untyped-def]
    from rich.console import Console

    return Console(width=None if _wide() else 110)


def _wide() -> bool:
    import sys

    return sys.stdout.isatty()
