"""Durability on every engine: restarts, and exact round trips of values."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from agora.store.port import Query, Reader, Store, StoredEvent, Tx
from agora.store.records import record
from tests.conformance.engines import Engine, RunsOn
from tests.conformance.store.store_calls import (
    RATINGS,
    TENANT,
    TOKENS,
    RatingRow,
    Setting,
    TokenRow,
    append,
    append_if_absent,
    get,
    listed,
    logged,
    put,
    read_all,
    setting,
    together,
    tokens_of,
)

RUNS_ON = RunsOn.BOTH


async def test_restart_keeps_everything(engine: Engine) -> None:
    store = engine.store()
    await store.start()
    await together(store, *[append_if_absent(f"n{n}", str(n)) for n in range(10)])
    await store.close()
    published: list[StoredEvent] = []
    store = engine.store()
    store.on_commit = published.extend
    await store.start()
    assert [row.value for row in await read_all(store, listed)] == [str(n) for n in range(10)]
    await store.write(TENANT, append_if_absent("after", ""))
    assert [stored.seq for stored in published] == [11]
    assert [seq for seq, _ in await logged(store)] == list(range(1, 12))
    await store.close()


TEXTS = [
    "",
    "'; drop table settings; --",
    'quote " backslash \\ percent % dollar $1 colon :name',
    "naïve Ünïcödé 日本語 العربية",
    "🏳️‍🌈 👩‍👩‍👧‍👦 \U0001d4b3 \U0010fffd",
    "line\nbreak\ttab\r\n\x01\x1f\x7f\u2028",
    '{"nul": "\\u0000"}',
    "x" * 2_000_000,
]


@pytest.mark.parametrize("alone", [True, False])
async def test_text_round_trips_exactly(store: Store, alone: bool) -> None:
    rows = [append(setting(f"n{n}", text)) for n, text in enumerate(TEXTS)]
    if alone:
        for row in rows:
            await store.write(TENANT, row)
    else:
        assert await together(store, *rows) == [None] * len(rows)
    by_value = Query("select name from settings where tenant_id = :tenant and value = :value", str)

    def finding(text: str) -> Any:
        async def work(tx: Tx) -> list[Any]:
            return list(await tx.all(by_value, value=text))

        return work

    assert [row.value for row in await read_all(store, listed)] == TEXTS
    assert await together(store, *map(finding, TEXTS)) == [[f"n{n}"] for n in range(len(TEXTS))]


@pytest.mark.parametrize("count", [1, 6])
async def test_blobs_round_trip_exactly(store: Store, count: int) -> None:
    blobs = [bytes(range(256)), b"", b"\0", b"\xff" * 2000, b"\\x00", b"'"][:count]
    rows = [
        TokenRow(
            tenant_id=TENANT,
            token_id=f"t{n}",
            kind="key",
            label="",
            account_id="default",
            digest=blob,
            scopes="[]",
            service_tier="basic",
            authority=0,
            created_at=1,
            expires_at=None,
            revoked_at=None,
        )
        for n, blob in enumerate(blobs)
    ]
    assert await together(store, *[append(row, table=TOKENS) for row in rows]) == [None] * count
    assert [row.digest for row in await read_all(store, tokens_of)] == blobs
    by_digest = Query(
        "select token_id from tokens where tenant_id = :tenant and digest = :digest", str, types={"digest": "bytea"}
    )
    assert await read_all(store, by_digest, digest=blobs[0]) == ["t0"]


@record
class Sums:
    total: int
    mean: float
    n: int
    most: int
    positive: int


@record
class Rated:
    rated_at: int
    rating: float


async def test_numbers_round_trip_exactly(store: Store) -> None:
    values = [(2**62, 0.1), (-1, -2.5e300), (0, 3.0)]
    rows = [
        RatingRow(tenant_id=TENANT, agent_id="a", rater_id=f"r{n}", rating=real, comment="", rated_at=whole)
        for n, (whole, real) in enumerate(values)
    ]
    await together(store, *[append(row, table=RATINGS) for row in rows])
    query = Query(
        "select sum(rated_at) as total, avg(rating) as mean, count(*) as n, max(rated_at) as most, "
        "sum(case when rated_at > 0 then 1 else 0 end) as positive from ratings where tenant_id = :tenant "
        "and rater_id <> 'r1'",
        Sums,
    )
    (row,) = await read_all(store, query)
    assert row == Sums(total=2**62, mean=1.55, n=2, most=2**62, positive=1)
    assert isinstance(row.total, int)
    kept = await read_all(
        store, Query("select rated_at, rating from ratings where tenant_id = :tenant order by rater_id", Rated)
    )
    assert [(row.rated_at, row.rating) for row in kept] == values


async def test_names_are_ordered_by_code_point(store: Store) -> None:
    names = ["Zoë", "ada", "Ada", "a_b", "a-b", "éa", "a", "Á", "z", "Z0", "msg_01", "msg_0a"]
    await together(store, *[append_if_absent(name, "") for name in names])
    assert [row.name for row in await read_all(store, listed)] == sorted(names)


async def test_reader_never_sees_part_of_a_call(store: Store) -> None:
    """Each statement of a reader sees whole calls."""
    await store.write(TENANT, append(setting("a", "0"), setting("b", "0")))
    both = Query("select value from settings where tenant_id = :tenant and name in ('a', 'b') order by name", str)

    def move(n: int) -> Any:
        async def work(tx: Tx) -> None:
            await tx.execute(put, name="a", value=str(n))
            await tx.execute(put, name="b", value=str(n))

        return work

    async def look() -> set[str]:
        return set(await read_all(store, both))

    writes = [store.write(TENANT, move(n)) for n in range(30)]
    seen = await asyncio.gather(*[look() for _ in range(30)])
    await asyncio.gather(*writes)
    assert all(len(values) == 1 for values in seen)


async def test_reads_of_one_reader_may_run_concurrently(store: Store) -> None:
    await store.write(TENANT, append(*[setting(f"n{n}", str(n)) for n in range(10)]))

    async def work(reader: Reader) -> list[Setting | None]:
        return await asyncio.gather(*[reader.one(get, name=f"n{n}") for n in range(10)])

    assert [row and row.value for row in await store.read(TENANT, work)] == [str(n) for n in range(10)]
