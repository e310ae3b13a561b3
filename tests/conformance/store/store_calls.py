"""Work items for the stores under test: small transactions over a few tables."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Sequence
from typing import Any

from agora.clock import new_id
from agora.store.port import NewEvent, Query, R, Reader, Store, Table, Tx, Work, Write
from agora.store.records import record

__all__ = [
    "RATINGS",
    "SETTINGS",
    "TENANT",
    "TOKENS",
    "RatingRow",
    "Setting",
    "SettingRow",
    "TokenRow",
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


@record
class SettingRow:
    tenant_id: str
    name: str
    value: str
    changed_at: int
    changed_by: str


@record
class Setting:
    name: str
    value: str
    changed_at: int


@record
class RatingRow:
    tenant_id: str
    agent_id: str
    rater_id: str
    rating: float
    comment: str
    rated_at: int


@record
class TokenRow:
    tenant_id: str
    token_id: str
    kind: str
    label: str
    account_id: str
    digest: bytes
    scopes: str
    service_tier: str
    authority: int
    created_at: int
    expires_at: int | None
    revoked_at: int | None


@record
class TokenDigest:
    token_id: str
    digest: bytes


@record
class LoggedEvent:
    seq: int
    event_id: str
    subject: str


SETTINGS = Table("settings", SettingRow)
RATINGS = Table("ratings", RatingRow)
TOKENS = Table("tokens", TokenRow)

get = Query("select name, value, changed_at from settings where tenant_id = :tenant and name = :name", Setting)
get_locked = Query("select value from settings where tenant_id = :tenant and name = :name", str, lock=True)
listed = Query("select name, value, changed_at from settings where tenant_id = :tenant order by name", Setting)
put = Write("update settings set value = :value where tenant_id = :tenant and name = :name")
add = Write(
    "update settings set changed_at = changed_at + :n where tenant_id = :tenant and name = :name returning changed_at",
    int,
    types={"n": "bigint"},
)
rename = Write("update settings set name = :new where tenant_id = :tenant and name = :name")
tokens_of = Query("select token_id, digest from tokens where tenant_id = :tenant order by token_id", TokenDigest)
event_log = Query("select seq, event_id, subject from events where tenant_id = :tenant order by seq", LoggedEvent)


def setting(name: str, value: str = "", at: int = 0, *, tenant: str = TENANT) -> SettingRow:
    return SettingRow(tenant_id=tenant, name=name, value=value, changed_at=at, changed_by="test")


def event(subject: str = "x") -> NewEvent:
    return NewEvent(new_id("evt"), "test.done", "/test", subject, 1, b'{"ok":true}', None)


def append_if_absent(name: str, value: str) -> Work[str]:
    """Append a value if absent. Returns the value at the end."""

    async def work(tx: Tx) -> str:
        row = await tx.one(get, name=name)
        if row is not None:
            return row.value
        tx.append(SETTINGS, setting(name, value, tenant=tx.tenant))
        tx.emit(event(name))
        return value

    return work


def increment(name: str) -> Work[int]:
    """Read, add one, write: loses updates unless the row is locked."""

    async def work(tx: Tx) -> int:
        row = await tx.one(get_locked, name=name)
        assert row is not None
        value = int(row) + 1
        await tx.execute(put, name=name, value=str(value))
        tx.emit(event(name))
        return value

    return work


async def read_all(store: Store, query: Query[R], tenant: str = TENANT, **parameters: Any) -> Sequence[R]:
    async def work(reader: Reader) -> Sequence[R]:
        return await reader.all(query, **parameters)

    return await store.read(tenant, work)


async def value_of(store: Store, name: str, tenant: str = TENANT) -> str | None:
    """Return the committed value of a setting."""
    rows = await read_all(store, get, tenant, name=name)
    return rows[0].value if rows else None


async def logged(store: Store, tenant: str = TENANT) -> list[tuple[int, str]]:
    """Return sequence and subject of every logged event."""
    return [(row.seq, row.subject) for row in await read_all(store, event_log, tenant)]


def append(*rows: Any, table: Table[Any] = SETTINGS) -> Work[None]:
    """Append rows only."""

    def work(tx: Tx) -> Coroutine[Any, Any, None]:
        async def run() -> None:
            for row in rows:
                tx.append(table, row)

        return run()

    return work


async def together(store: Store, *works: Any, tenant: str = TENANT) -> list[Any]:
    """Submit work concurrently, so that it shares batches. Returns results and exceptions."""
    return await asyncio.gather(*[store.write(tenant, work) for work in works], return_exceptions=True)
