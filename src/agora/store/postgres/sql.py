"""Statement texts for PostgreSQL, built once from the portable ones with ``:named`` parameters.

Three forms:

* **plain**: ``:name`` becomes ``$1::type``; one call's values.
* **shared**: the statement run once for the values of many calls. The values are arrays with one position per call, and
the statement is a lateral subquery over them; ``_ord`` is the number of a row's call.
* **insert**: rows of a table from one array for each column.

The inner ``offset 0`` (or ``limit 1``) is a fence: it keeps the planner from turning one index lookup
for each call into a join over the whole table, and the statement's own order is kept.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any

from agora.value_classes import value_class

from ..port import Query, Statement, Table, Write

__all__ = [
    "SqlText",
    "bind_values",
    "build_batched_text",
    "build_insert_all_text",
    "build_insert_many_text",
    "build_insert_one_text",
    "build_pipelined_text",
    "build_shared_text",
    "build_single_text",
    "build_skip_locked_text",
    "list_statement_words",
    "quote_literal",
]

_TOKENS = re.compile(r"""'(?:[^']|'')*' | "(?:[^"]|"")*" | --[^\n]* | :: | :(?P<name>[a-z_][a-z0-9_]*)""", re.VERBOSE)
_LOCKING_CLAUSE = re.compile(r"\bfor\s+(?:no\s+key\s+)?(?:update|share)\b", re.IGNORECASE)
_WORDS = re.compile(r"[a-z_][a-z0-9_]*")
_MAX_CACHED_STATEMENTS = 4096


@value_class
class SqlText:
    """SQL with ``$n`` parameters, and the names of the parameters in that order."""

    sql: str
    names: tuple[str, ...]


@lru_cache(_MAX_CACHED_STATEMENTS)
def build_single_text(statement: Statement[Any]) -> SqlText:
    """Build the statement for one call. Values are cast, so that a wrong type is an error."""
    names: list[str] = []

    def number_parameter(name: str) -> str:
        if name not in names:
            names.append(name)
        return f"${names.index(name) + 1}::{_find_parameter_type(statement, name)}"

    sql = _replace_parameters(_statement_source(statement), number_parameter)
    if isinstance(statement, Query) and statement.lock and not _LOCKING_CLAUSE.search(sql):
        sql += " for update"
    return SqlText(sql, tuple(names))


@lru_cache(_MAX_CACHED_STATEMENTS)
def build_skip_locked_text(query: Query[Any]) -> SqlText:
    """Build a query that locks a row only if no other transaction has it."""
    text = build_single_text(query)
    return SqlText(f"{text.sql} skip locked", text.names)


@lru_cache(_MAX_CACHED_STATEMENTS)
def build_pipelined_text(write: Write[Any], count: bool) -> str:
    """Build the write for one of many calls, with its position as the last parameter and last column.

    count: return the number of changed rows, in one row.
    """
    text = build_single_text(write)
    if count and "returning" not in list_statement_words(write):
        return f"with _w as ({text.sql} returning 1) select count(*) as changed from _w"
    position = len(text.names) + 1
    columns = "count(*) as changed" if count else f"_w.*, ${position}::bigint as _ord"
    return f"with _w as ({text.sql}) select {columns} from _w"


@lru_cache(_MAX_CACHED_STATEMENTS)
def build_batched_text(write: Write[Any]) -> SqlText | None:
    """Build the statement for many equal calls, if possible: values of ``alike``, ``calls``, then an array per other
    parameter."""
    if write.checked_many is None:
        return None
    other_names = [name for name in build_single_text(write).names if name != "tenant" and name not in write.alike]
    names = ("tenant", *write.alike, "calls", *other_names)
    places = {name: f"${at}" for at, name in enumerate(names, 1)}
    arrays = ", ".join(f"{places[name]}::{_find_parameter_type(write, name)}[]" for name in other_names)
    calls = f"unnest({arrays}) with ordinality as _calls ({', '.join(other_names)}, _ord)"
    text = str(write.many).strip().replace("{calls}", calls)
    types = {"calls": "bigint"}
    sql = _replace_parameters(
        text, lambda name: f"{places[name]}::{types.get(name) or _find_parameter_type(write, name)}"
    )
    return SqlText(sql, names)


@lru_cache(_MAX_CACHED_STATEMENTS)
def build_shared_text(query: Query[Any], first: bool) -> SqlText | None:
    """Build the query for many calls of one tenant; None if its parameters do not allow it.

    first: return only the first row of each call. ``$1`` is the tenant, then one array for each name.
    """
    names = tuple(name for name in build_single_text(query).names if name != "tenant")
    types = [_find_parameter_type(query, name) for name in names]
    # PostgreSQL has no arrays of arrays of different lengths, so that array parameters cannot be shared.
    if not names or any(kind.endswith("]") for kind in types):
        return None
    inner = _replace_parameters(
        _statement_source(query), lambda name: "$1::text" if name == "tenant" else f'_p."{name}"'
    )
    if query.lock:
        # Skipped, not awaited: one locked row would hold up the whole batch. A call without its row runs alone, and waits there.
        inner += " for update skip locked"
    arrays = ", ".join(f"${at}::{kind}[]" for at, kind in enumerate(types, 2))
    columns = ", ".join(f'"{name}"' for name in names)
    fence = "limit 1" if first else "offset 0"
    sql = (
        f"select _q.*, _p._ord from unnest({arrays}) with ordinality as _p({columns}, _ord) "
        f"cross join lateral (select * from ({inner}) as _i {fence}) as _q"
    )
    # Every parameter that is passed has to appear in the statement, or its type is unknown.
    if "tenant" not in build_single_text(query).names:
        sql += " where $1::text is not null"
    return SqlText(sql, names)


@lru_cache(_MAX_CACHED_STATEMENTS)
def build_insert_one_text(table: Table[Any]) -> str:
    """Build an insert of one row: a value per column."""
    values = ", ".join(f"${at}::{kind}" for at, (_, kind) in enumerate(table.columns, 1))
    return f"insert into {table.name} ({', '.join(table.column_names)}) values ({values})"


@lru_cache(_MAX_CACHED_STATEMENTS)
def build_insert_many_text(table: Table[Any]) -> str:
    """Build an insert of many rows: an array per column."""
    arrays = ", ".join(f"${at}::{kind}[]" for at, (_, kind) in enumerate(table.columns, 1))
    return f"insert into {table.name} ({', '.join(table.column_names)}) select * from unnest({arrays})"


@lru_cache(_MAX_CACHED_STATEMENTS)
def build_insert_all_text(tables: tuple[Table[Any], ...]) -> str:
    """Build an insert into several tables: an array per column of the first table, of the second ..."""
    parts, at = [], 1
    for table in tables:
        arrays = ", ".join(f"${number}::{kind}[]" for number, (_, kind) in enumerate(table.columns, at))
        parts.append(f"insert into {table.name} ({', '.join(table.column_names)}) select * from unnest({arrays})")
        at += len(table.columns)
    *other_names, last = parts
    return "with " + ", ".join(f"_{at} as ({part})" for at, part in enumerate(other_names)) + f" {last}"


@lru_cache(_MAX_CACHED_STATEMENTS)
def list_statement_words(statement: Statement[Any]) -> frozenset[str]:
    """List the words of a statement. It can only touch tables named among them."""
    return frozenset(_WORDS.findall(_statement_source(statement).lower()))


def bind_values(text: SqlText, tenant: str, parameters: Mapping[str, Any]) -> tuple[Any, ...]:
    """Order values by parameter names. Raises TypeError if one is missing."""
    try:
        return tuple([tenant if name == "tenant" else parameters[name] for name in text.names])
    except KeyError as missing:
        raise TypeError(f"the statement's parameter {missing} was not given") from None


def quote_literal(text: str) -> str:
    """A quoted string constant, for the simple protocol, which takes no parameters."""
    if "\0" in text:
        raise ValueError("PostgreSQL text cannot hold NUL")
    return "'" + text.replace("'", "''") + "'"


def _statement_source(statement: Statement[Any]) -> str:
    return statement.confined_postgres.strip().rstrip(";")


def _find_parameter_type(statement: Statement[Any], name: str) -> str:
    return statement.types.get(name, "text")


def _replace_parameters(sql: str, parameter: Callable[[str], str]) -> str:
    def replace_token(match: re.Match[str]) -> str:
        name = match["name"]
        # Quoted text, comments and casts (``::``) match too, without a name, so that no colon in them counts as a parameter.
        return match[0] if name is None else parameter(name)

    return _TOKENS.sub(replace_token, sql)
