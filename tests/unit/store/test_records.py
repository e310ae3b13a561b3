"""Mapping between rows and records, by column name."""

from __future__ import annotations

import sqlite3
from typing import Any

import pytest

from agora.store.checked_statements import Unconfined
from agora.store.port import Query, Table
from agora.store.records import RecordMismatch, build_record_loader, record
from agora.store.sqlite.reading import load_all, load_first


@record
class Entry:
    tenant_id: str
    account: str
    amount: int
    share: float | None
    digest: bytes


@record
class SwappedEntry:
    """The same record with fields declared in another order."""

    amount: int
    account: str
    digest: bytes
    tenant_id: str
    share: float | None


VALUES = {"tenant_id": "t", "account": "a", "amount": 5, "share": None, "digest": b"d"}


@pytest.fixture
def connection() -> Any:
    connection = sqlite3.connect(":memory:")
    connection.execute("create table entries (digest, share, amount, account, tenant_id)")
    connection.execute("insert into entries values (x'64', null, 5, 'a', 't')")
    yield connection
    connection.close()


def test_columns_of_a_table_are_the_fields_of_its_record() -> None:
    assert Table("entries", Entry).columns == (
        ("tenant_id", "text"),
        ("account", "text"),
        ("amount", "bigint"),
        ("share", "double precision"),
        ("digest", "bytea"),
    )


@pytest.mark.parametrize("kind", [Entry, SwappedEntry])
def test_stored_rows_depend_only_on_names(kind: type[Any]) -> None:
    table = Table("entries", kind)
    swapped = dict(reversed(VALUES.items()))
    assert dict(zip(table.column_names, table.to_row(kind(**VALUES), "t"), strict=True)) == VALUES
    assert table.to_row(kind(**swapped), "t") == table.to_row(kind(**VALUES), "t")


@pytest.mark.parametrize("kind", [Entry, SwappedEntry])
@pytest.mark.parametrize("columns", [list(VALUES), sorted(VALUES), [*reversed(VALUES), "added_later"]])
def test_read_records_depend_only_on_names(kind: type[Any], columns: list[str]) -> None:
    values = VALUES | {"added_later": 1}
    assert build_record_loader(kind, columns)([[values[name] for name in columns]]) == [kind(**VALUES)]


def test_row_of_another_tenant_is_refused() -> None:
    with pytest.raises(Unconfined):
        Table("entries", SwappedEntry).to_row(SwappedEntry(**VALUES | {"tenant_id": "u"}), "t")  # type: ignore[arg-type]


def test_record_without_a_tenant_cannot_be_stored() -> None:
    @record
    class Global:
        account: str

    with pytest.raises(Unconfined):
        Table("entries", Global)


def test_type_without_a_column_type_is_refused() -> None:
    @record
    class Odd:
        tenant_id: str
        when: list[int]

    with pytest.raises(RecordMismatch, match="when"):
        Table("entries", Odd)


def test_missing_column_is_named(connection: Any) -> None:
    query = Query("select tenant_id, account, amount, share from entries", Entry)
    with pytest.raises(RecordMismatch, match="digest"):
        load_all(query, connection.execute(query.sql))


def test_sqlite_rows_become_records(connection: Any) -> None:
    query = Query("select * from entries", Entry)
    assert load_all(query, connection.execute(query.sql)) == [Entry(**VALUES)]
    assert load_first(query, connection.execute(query.sql)) == Entry(**VALUES)
    assert load_first(query, connection.execute(query.sql + " where false")) is None


def test_column_added_at_run_time_shifts_no_value(connection: Any) -> None:
    query = Query("select *, 1 as one from entries", Entry)
    assert load_all(query, connection.execute(query.sql)) == [Entry(**VALUES)]
    connection.execute("alter table entries add column first")
    assert load_all(query, connection.execute(query.sql)) == [Entry(**VALUES)]


def test_scalar_is_the_value_of_the_first_column(connection: Any) -> None:
    query = Query("select amount from entries", int)
    assert load_all(query, connection.execute(query.sql)) == [5]
    assert load_first(query, connection.execute(query.sql)) == 5


def test_single_field_is_found_by_its_name(connection: Any) -> None:
    @record
    class Amount:
        amount: int

    query = Query("select * from entries", Amount)
    assert load_all(query, connection.execute(query.sql)) == [Amount(amount=5)]


def test_names_with_digits_are_supported() -> None:
    statement = Query("select target from v4_mappings where tenant_id = :tenant and v4_key = :v4_key", str)
    assert (statement.table_names, statement.parameter_names) == (frozenset({"v4_mappings"}), ("tenant", "v4_key"))


def test_records_compare_by_class_and_values_and_are_unhashable() -> None:
    entry = Entry(**VALUES)
    assert entry == Entry(**VALUES)
    assert entry != Entry(**VALUES | {"amount": 6})
    assert entry != SwappedEntry(**VALUES)
    assert entry != tuple(VALUES.values())
    with pytest.raises(TypeError, match="unhashable"):
        hash(entry)


def test_repr_of_a_record_shows_its_fields() -> None:
    assert repr(Entry(**VALUES)) == "Entry(tenant_id='t', account='a', amount=5, share=None, digest=b'd')"
