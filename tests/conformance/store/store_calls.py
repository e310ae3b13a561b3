"""Work for the stores under test: small pieces over a few tables of the foundation."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Sequence
from typing import Any

from agora.clock import new_id
from agora.store.port import NewEvent, Query, Reader, Row, Store, Table, Tx, Work, Write

__all__ = [
    "RATINGS",
    "SETTINGS",
    "TENANT",
    "TOKENS",
    "add",
    "append",
    "append_if_absent",
    "event",
    "event_log",
    "get",
    "get_locked",
    "increment",
    "listed",
    "logged",
    "put",
    "read_all",
    "rename",
    "setting",
    "together",
    "tokens_of",
    "value_of",
]

TENANT = "acme"
SETTINGS = Table(
    "settings",
    (
        ("tenant_id", "text"),
        ("name", "text"),
        ("value", "text"),
        ("changed_at", "bigint"),
        ("changed_by", "text"),
    ),
)
RATINGS = Table(
    "ratings",
    (
        ("tenant_id", "text"),
        ("agent_id", "text"),
        ("rater_id", "text"),
        ("rating", "double precision"),
        ("comment", "text"),
        ("rated_at", "bigint"),
    ),
)

get = Query("select name, value, changed_at from settings where tenant_id = :tenant and name = :name")
get_locked = Query("select value from settings where tenant_id = :tenant and name = :name", lock=True)
listed = Query("select name, value, changed_at from settings where tenant_id = :tenant order by name")
put = Write("update settings set value = :value where tenant_id = :tenant and name = :name")
add = Write(
    "update settings set changed_at = changed_at + :n where tenant_id = :tenant and name = :name returning changed_at",
    types={"n": "bigint"},
)
rename = Write("update settings set name = :new where tenant_id = :tenant and name = :name")
tokens_of = Query("select token_id, digest from tokens where tenant_id = :tenant order by token_id")
event_log = Query("select seq, event_id, subject from events where tenant_id = :tenant order by seq")


def setting(name: str, value: str = "", at: int = 0, *, tenant: str = TENANT) -> tuple[Any, ...]:
    return (tenant, name, value, at, "test")


def event(subject: str = "x") -> NewEvent:
    return NewEvent(new_id("evt"), "test.done", "/test", subject, 1, b'{"ok":true}', None)


def append_if_absent(name: str, value: str) -> Work[str]:
    """Answers the value that is there in the end."""

    async def work(tx: Tx) -> str:
        row = await tx.one(get, name=name)
        if row is not None:
            return str(row["value"])
        tx.append(SETTINGS, setting(name, value, tenant=tx.tenant))
        tx.emit(event(name))
        return value

    return work


def increment(name: str) -> Work[int]:
    """Read, add one, write: loses updates unless the row is locked."""

    async def work(tx: Tx) -> int:
        row = await tx.one(get_locked, name=name)
        assert row is not None
        value = int(row["value"]) + 1
        await tx.execute(put, name=name, value=str(value))
        tx.emit(event(name))
        return value

    return work


async def read_all(store: Store, query: Query, tenant: str = TENANT, **parameters: Any) -> Sequence[Row]:
    async def work(reader: Reader) -> Sequence[Row]:
        return await reader.all(query, **parameters)

    return await store.read(tenant, work)


async def value_of(store: Store, name: str, tenant: str = TENANT) -> str | None:
    """The committed value of a setting."""
    rows = await read_all(store, get, tenant, name=name)
    return rows[0]["value"] if rows else None


async def logged(store: Store, tenant: str = TENANT) -> list[tuple[int, str]]:
    """Sequence and subject of every logged event."""
    return [(row["seq"], row["subject"]) for row in await read_all(store, event_log, tenant)]


def append(*rows: tuple[Any, ...], table: Table = SETTINGS) -> Work[None]:
    """Append rows, nothing else."""

    def work(tx: Tx) -> Coroutine[Any, Any, None]:
        async def run() -> None:
            for row in rows:
                tx.append(table, row)

        return run()

    return work


TOKENS = Table(
    "tokens",
    (
        ("tenant_id", "text"),
        ("token_id", "text"),
        ("kind", "text"),
        ("label", "text"),
        ("account_id", "text"),
        ("digest", "bytea"),
        ("scopes", "text"),
        ("service_tier", "text"),
        ("authority", "bigint"),
        ("created_at", "bigint"),
        ("expires_at", "bigint"),
        ("revoked_at", "bigint"),
    ),
)


async def together(store: Store, *works: Any, tenant: str = TENANT) -> list[Any]:
    """Submit work at the same moment, so that it shares batches; answers results and exceptions."""
    return await asyncio.gather(*[store.write(tenant, work) for work in works], return_exceptions=True)
