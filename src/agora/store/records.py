"""Records: typed rows, and the conversion of database rows to them.

A record is a class decorated with :func:`record`; its fields are columns, by name, and its annotations their types.
A table declares the record that it stores (:class:`agora.store.port.Table`), a statement the record of its rows
(:class:`agora.store.port.Query`). The order of fields, arguments and returned columns does not matter.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import fields
from functools import cache
from itertools import starmap
from operator import itemgetter
from typing import Any, TypeVar, dataclass_transform

from agora.value_classes import build_values_getter, create_dataclass

__all__ = ["Loader", "RecordMismatch", "build_record_loader", "list_column_types", "list_record_values", "record"]

T = TypeVar("T")

Loader = Callable[[Iterable[Any]], list[Any]]

_COLUMN_TYPES = {"str": "text", "int": "bigint", "float": "double precision", "bytes": "bytea"}
_SCALARS = frozenset({str, int, float, bytes, bool})


class RecordMismatch(TypeError):
    """A statement's columns do not match its declared record."""


@dataclass_transform(kw_only_default=True)
def record(cls: type[T]) -> type[T]:
    """A slotted dataclass whose fields are columns.

    Type checkers allow keyword arguments only, so that no value is stored or read by its position. At run time the
    class takes positions too: :func:`build_record_loader` uses them, because keywords cost twice as much for each row.
    """
    return create_dataclass(cls, None, match_args=False)


def list_column_types(cls: type[Any]) -> tuple[tuple[str, str], ...]:
    """List (name, PostgreSQL type) of each field. Raises RecordMismatch for an unsupported annotation."""
    return tuple((field.name, _column_type(cls, field.name, field.type)) for field in fields(cls))


def _column_type(cls: type[Any], name: str, annotation: Any) -> str:
    # a string, because of ``from __future__ import annotations``: resolving it would cost an import
    kind = _COLUMN_TYPES.get(str(annotation).removesuffix(" | None"))
    if kind is None:
        raise RecordMismatch(f"{cls.__qualname__}.{name}: {annotation} is not a column type")
    return kind


def build_record_loader(cls: type[Any], columns: Sequence[str]) -> Loader:
    """Build a function that converts rows with these columns to records, or to the first column for scalars.

    Columns without a field are ignored: a newer server may have added them to the table.
    Raises RecordMismatch when one of its fields is missing.
    """
    if cls in _SCALARS:
        return _load_scalars
    names = tuple(field.name for field in fields(cls))
    # At the first row, not at the first access of the field, which a rare branch may make much later.
    if missing := [name for name in names if name not in columns]:
        raise RecordMismatch(f"{cls.__qualname__} has {', '.join(missing)}, but the columns are {', '.join(columns)}")
    if tuple(columns) == names:
        return lambda rows: list(starmap(cls, rows))
    if len(names) == 1:
        position = columns.index(names[0])
        return lambda rows: [cls(row[position]) for row in rows]
    pick = itemgetter(*(columns.index(name) for name in names))
    return lambda rows: list(starmap(cls, map(pick, rows)))


def list_record_values(row: Any) -> Iterable[Any]:
    """List the values of a record in field order."""
    kind: Any = type(row)
    return _values_getter(kind)(row)


@cache
def _values_getter(cls: Any) -> Callable[[Any], tuple[Any, ...]]:
    return build_values_getter([field.name for field in fields(cls)])


def _load_scalars(rows: Iterable[Any]) -> list[Any]:
    return [row[0] for row in rows]
