"""Confinement: no statement reaches a tenant's rows without naming the tenant.

PostgreSQL's policies enforce this row by row; SQLite has none, so every statement is checked, for both engines:
statements in the source when the list of :mod:`.checked_statements` is written, any other at its first use. In each
SELECT,
UPDATE and DELETE, and in each of their subqueries, every table must be confined by ``tenant_id = :tenant``, or by
``tenant_id`` of a confined table; an INSERT must write ``:tenant`` into that column, and an UPDATE may not change
it. A condition counts only if no ``or`` is combined with it.

The parser supports the SQL that Agora uses, not all of SQL; it refuses everything else.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from .checked_statements import TENANT_COLUMN, Unconfined

__all__ = ["check_confined"]

TENANT_PARAMETER = ":tenant"
#: SQLite's full-text index; its matches are looked up among the tenant's own documents
SHARED_TABLES = frozenset({"agent_search", "agent_vocabulary"})

_TOKENS = re.compile(
    r"""--[^\n]* | '(?:[^']|'')*' | "(?:[^"]|"")*" | :: | :[a-z_]\w* | [a-z_]\w*(?:\.(?:[a-z_]\w*|\*))? | \d+(?:\.\d+)?
        | <> | <= | >= | != | \|\| | ->>? | @@ | [^\s]""",
    re.VERBOSE | re.IGNORECASE,
)
_NAME = re.compile(r"[a-z_]\w*")
_SET_OPERATORS = frozenset({"union", "intersect", "except"})
_BEFORE_CONDITION = frozenset({"where", "on", "and"})
_AFTER_CONDITION = frozenset({"and", "group", "order", "limit", "offset", "returning", "for", "on", "union"})
_AFTER_CONDITIONS = frozenset({"group", "order", "limit", "returning", "having", "for", "window"})
_CLAUSES = frozenset({"select", "from", "where", "set", "group", "order", "values", "returning"})
_JOINS = frozenset({"join", "left", "cross", "inner", "where"})
_AFTER_TABLE = _AFTER_CONDITION | _JOINS | {"set", "indexed", "not", "values", "select", "using", "default", "having"}


@dataclass(slots=True)
class TokenGroup:
    """Tokens between parentheses, or of the whole statement."""

    parts: list[str | TokenGroup] = field(default_factory=list)


Parts = Sequence["str | TokenGroup"]


def check_confined(sql: str) -> str:
    """Check a statement and return it unchanged. Raises Unconfined, naming the table and the error."""
    try:
        statement = _parse_groups(sql)
        _ConfinementCheck(_list_cte_names(statement)).check_group(statement, frozenset())
    except Unconfined as error:
        raise Unconfined(f"{error} in: {' '.join(sql.split())}") from None
    return sql


def _parse_groups(sql: str) -> TokenGroup:
    stack = [TokenGroup()]
    for token in _TOKENS.findall(sql):
        if token.startswith("--"):
            continue
        if token == "(":  # noqa: S105
            inner = TokenGroup()
            stack[-1].parts.append(inner)
            stack.append(inner)
        elif token == ")":  # noqa: S105
            stack.pop()
        else:
            stack[-1].parts.append(token.lower())
    return stack[0]


def _list_cte_names(group: TokenGroup) -> frozenset[str]:
    """Names of common table expressions: ``NAME [(columns)] as [materialized] (select ...)``."""
    names: set[str] = set()
    parts = group.parts
    for at, part in enumerate(parts):
        if isinstance(part, TokenGroup):
            names |= _list_cte_names(part)
        elif part == "as" and at and _is_subquery(parts, at + 1):
            before = parts[at - 2] if isinstance(parts[at - 1], TokenGroup) and at > 1 else parts[at - 1]
            if isinstance(before, str):
                names.add(before)
    return frozenset(names)


def _is_subquery(parts: Parts, at: int) -> bool:
    """Whether a parenthesised query is at that place."""
    while at < len(parts) and parts[at] in ("materialized", "not"):
        at += 1
    inner = parts[at] if at < len(parts) else None
    return (
        isinstance(inner, TokenGroup)
        and bool(inner.parts)
        and inner.parts[0] in ("select", "insert", "update", "delete")
    )


@dataclass(slots=True)
class _ConfinementCheck:
    """State of a check. cte_names: names of common table expressions, which are no tables."""

    cte_names: frozenset[str]

    def check_group(self, group: TokenGroup, confined_outside: frozenset[str]) -> None:
        """Check each query of a group. confined_outside: names of outer tables that are already confined."""
        for segment in _split_set_operation(group.parts):
            conditions = confined_outside | self.check_query(segment, confined_outside)
            for part in segment:
                if isinstance(part, TokenGroup):
                    self.check_group(part, conditions)

    def check_query(self, parts: Parts, confined_outside: frozenset[str]) -> frozenset[str]:
        """Check one query without its subqueries. Returns the names of confined tables."""
        tables = dict(self.find_tables(parts))
        target = _find_insert_target(parts)
        if target is not None:
            _check_insert(parts, target)
        if not tables:
            return frozenset()
        # ``tenant_id = :tenant and a or b`` would also select rows of other tenants. Within parentheses, ``or`` is in another group.
        if "or" in _select_condition_parts(parts):
            raise Unconfined(f"{next(iter(tables.values()))}: 'or' stands beside its conditions, without parentheses")
        if (
            "set" in parts
            and TENANT_COLUMN in parts[_find_word_or_end(parts, "set") : _find_word_or_end(parts, "where")]
        ):
            raise Unconfined("an update changes the tenant")
        confined, links = set(confined_outside - tables.keys()), list(_find_tenant_equalities(parts, tables))
        # Each round follows one more link (a joined to b, b to c), so that as many rounds as links reach every table.
        for _ in links:
            confined |= {
                mine
                for mine, other in links
                if other == TENANT_PARAMETER or other.removesuffix(f".{TENANT_COLUMN}") in confined
            }
        for alias, table in tables.items():
            if alias not in confined:
                raise Unconfined(f"{table} is not held by tenant_id = :tenant")
        return frozenset(tables)

    def find_tables(self, parts: Parts) -> Iterator[tuple[str, str]]:
        """Alias and name of each table that a query reads or changes."""
        for at, part in enumerate(parts):
            if not _introduces_table(parts, at):
                continue
            name = parts[at + 1] if at + 1 < len(parts) else None
            after = parts[at + 2] if at + 2 < len(parts) else None
            if (
                not isinstance(name, str)
                or not _NAME.fullmatch(name)
                or name in self.cte_names
                or name in SHARED_TABLES
            ):
                continue
            if isinstance(after, TokenGroup) and part != "into":
                continue  # a function
            if part == "into":
                continue  # an insert is checked separately
            if after == "as":
                after = parts[at + 3]
            has_alias = isinstance(after, str) and _NAME.fullmatch(after) and after not in _AFTER_TABLE
            yield (str(after) if has_alias else name), name


def _split_set_operation(parts: Parts) -> Iterator[Parts]:
    """Split a set operation into its queries."""
    start = 0
    for at, part in enumerate(parts):
        if isinstance(part, str) and part in _SET_OPERATORS:
            yield parts[start:at]
            start = at + 1
    yield parts[start:]


def _introduces_table(parts: Parts, at: int) -> bool:
    """Whether a table follows: ``from``, ``join``, ``update``, or a comma in a list of tables."""
    part = parts[at]
    if part == "update":
        return at == 0 or parts[at - 1] not in ("do", "for", "key")
    if part == "from":
        return at == 0 or parts[at - 1] != "distinct"
    if part == ",":
        before = [word for word in parts[:at] if isinstance(word, str) and word in _CLAUSES]
        return bool(before) and before[-1] == "from"
    return part == "join"


def _find_tenant_equalities(parts: Parts, tables: dict[str, str]) -> Iterator[tuple[str, str]]:
    """Find the equalities that confine a table: (alias, ``:tenant`` or another table's column)."""
    for at, part in enumerate(parts):
        if part != "=" or at == 0 or at + 1 >= len(parts):
            continue
        left_side, right, start = parts[at - 1], parts[at + 1], at - 1
        if parts[at - 2 : at] == ["||", "''"]:  # keeps a planner from using an index
            left_side, start = parts[at - 3], at - 3
        if (
            not isinstance(left_side, str)
            or not isinstance(right, str)
            or not _is_word(parts[start - 1], _BEFORE_CONDITION)
        ):
            continue
        if at + 2 < len(parts) and not _is_word(parts[at + 2], _AFTER_CONDITION | _JOINS):
            continue
        for one, other in ((left_side, right), (right, left_side)):
            if one == TENANT_COLUMN:
                yield from (
                    (alias, other)
                    for alias in tables
                    if other == TENANT_PARAMETER or other.endswith(f".{TENANT_COLUMN}")
                )
            elif one.endswith(f".{TENANT_COLUMN}"):
                yield one.removesuffix(f".{TENANT_COLUMN}"), other


def _is_word(part: str | TokenGroup, words: frozenset[str]) -> bool:
    return isinstance(part, str) and part in words


def _find_word_or_end(parts: Parts, word: str) -> int:
    return parts.index(word) if word in parts else len(parts)


def _select_condition_parts(parts: Parts) -> Parts:
    """Select the parts from the tables to the end of the conditions."""
    start = min(_find_word_or_end(parts, "from"), _find_word_or_end(parts, "where"))
    after = (at for at in range(start, len(parts)) if _is_word(parts[at], _AFTER_CONDITIONS))
    return parts[start : next(after, len(parts))]


def _find_insert_target(parts: Parts) -> int | None:
    """Find the position of an insert's table name."""
    return parts.index("into") + 1 if "into" in parts else None


def _check_insert(parts: Parts, at: int) -> None:
    name, columns = parts[at], parts[at + 1] if at + 1 < len(parts) else None
    column_items = _split_items(columns.parts) if isinstance(columns, TokenGroup) else []
    if [TENANT_COLUMN] not in column_items:
        raise Unconfined(f"{name}: the insert does not name tenant_id")
    column_index = column_items.index([TENANT_COLUMN])
    after = at + 2
    values: Sequence[Parts] = []
    if parts[after] == "values":
        values = [row.parts for row in parts[after + 1 :] if isinstance(row, TokenGroup)][
            : _count_value_rows(parts, after + 1)
        ]
    elif parts[after] == "select":
        values = [list(parts[after + 1 : after + 1 + _find_word_or_end(parts[after + 1 :], "from")])]
    if not values:
        raise Unconfined(f"{name}: the inserted values cannot be parsed")
    for row in values:
        items = _split_items(row)
        if column_index >= len(items) or items[column_index] not in ([TENANT_PARAMETER], [f"{TENANT_PARAMETER}"]):
            raise Unconfined(f"{name}: the insert does not write :tenant into tenant_id")
    if "conflict" in parts:
        target = parts[parts.index("conflict") + 1]
        # An upsert whose key lacks the tenant would find, and change, another tenant's row.
        if isinstance(target, TokenGroup) and TENANT_COLUMN not in target.parts:
            raise Unconfined(f"{name}: the insert meets rows of other tenants")


def _count_value_rows(parts: Parts, at: int) -> int:
    """Count the rows of a VALUES clause."""
    count = 0
    while at < len(parts) and isinstance(parts[at], TokenGroup):
        count, at = count + 1, at + 2 if at + 1 < len(parts) and parts[at + 1] == "," else len(parts)
    return count


def _split_items(parts: Parts) -> list[list[str | TokenGroup]]:
    """Split a list at commas."""
    items: list[list[str | TokenGroup]] = [[]]
    for part in parts:
        if part == ",":
            items.append([])
        else:
            items[-1].append(part)
    return items
