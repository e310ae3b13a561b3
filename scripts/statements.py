"""Check that every statement is confined to one tenant, and list those that are. Usage: statements.py [--check]

``src/agora/store/checked_statements.txt`` has a digest of the text of each; the server itself checks only unlisted
statements (docs/adr/0017). ``--check`` writes nothing and fails if the list is stale.
"""

from __future__ import annotations

import gc
import re
import sys
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path

from agora.store.checked_statements import STATEMENTS_FILE, compute_statement_digest
from agora.store.port import Statement, Write
from agora.store.tenancy import check_confined

__all__ = ["checked_list", "confined_texts", "main"]

SOURCE = Path(__file__).parents[1] / "src"
DECLARES = re.compile(r"\b(?:Query|Write)\(")


def confined_texts() -> Iterator[str]:
    """Yield the texts of every declared statement for each engine, except those that are meant to reach several
    tenants."""
    for file in sorted(SOURCE.rglob("*.py")):
        if DECLARES.search(file.read_text("utf-8")):
            import_module(".".join(file.relative_to(SOURCE).with_suffix("").parts).removesuffix(".__init__"))
    for statement in [each for each in gc.get_objects() if isinstance(each, Statement)]:
        if not statement.crosses_tenants:
            yield from filter(None, (statement.sql, statement.postgres))
        if isinstance(statement, Write) and (many := statement.many_text) is not None:
            yield many


def checked_list() -> str:
    """Build the list. Raises Unconfined for a statement that could reach rows of another tenant."""
    return "".join(sorted(f"{compute_statement_digest(check_confined(text))}\n" for text in set(confined_texts())))


def main(arguments: list[str]) -> int:
    text = checked_list()
    if "--check" in arguments:
        return int(STATEMENTS_FILE.read_text("ascii") != text)
    STATEMENTS_FILE.write_text(text, "ascii")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
