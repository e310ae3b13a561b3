"""What the bus asks over and over walks an index, however much there is."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator

import pytest

from agora.domains.bus import queries as bus
from agora.store import migrate


@pytest.fixture(scope="module")
def connection() -> Iterator[sqlite3.Connection]:
    connection = sqlite3.connect(":memory:")
    for migration in migrate.list_migrations("sqlite"):
        connection.executescript(migration.sql)
    yield connection
    connection.close()


@pytest.mark.parametrize(
    ("name", "step"),
    [
        ("between", "SEARCH bus_entries USING PRIMARY KEY (tenant_id=? AND stream=? AND number>? AND number<?)"),
        ("drop_entries", "SEARCH bus_entries USING PRIMARY KEY (tenant_id=? AND stream=? AND number<?)"),
        (
            "drop_pending",
            "SEARCH bus_pending USING PRIMARY KEY (tenant_id=? AND stream=? AND group_name=? AND number=?)",
        ),
        ("pending_by", "SEARCH p USING PRIMARY KEY (tenant_id=? AND stream=? AND group_name=? AND number=?)"),
        ("pending_by", "SEARCH bus_entries USING COVERING INDEX bus_entries_ref (tenant_id=? AND stream=? AND ref=?)"),
        (
            "pending_by",
            "SEARCH bus_entries USING COVERING INDEX bus_entries_name (tenant_id=? AND stream=? AND name=?)",
        ),
        ("stale_groups", "SEARCH bus_pending USING INDEX bus_pending_age (tenant_id=? AND delivered_at<?)"),
        ("quiet", "SEARCH c USING COVERING INDEX bus_consumers_age (tenant_id=? AND seen_at<?)"),
        ("due", "SEARCH bus_responses USING INDEX bus_responses_due (tenant_id=? AND due_at<?)"),
        ("queued", "SEARCH d USING INDEX deliveries_waiting (tenant_id=? AND recipient=? AND message_id>?)"),
        ("broadcasts", "SEARCH m USING INDEX messages_broadcast (tenant_id=? AND message_id>?)"),
        ("members", "SEARCH g USING COVERING INDEX bus_groups_name (tenant_id=? AND group_name=? AND stream>?)"),
    ],
)
def test_sqlite_finds_its_way(name: str, step: str, connection: sqlite3.Connection) -> None:
    statement = getattr(bus, name)
    values = dict.fromkeys(statement.parameter_names, "[]")
    plan = [row[3] for row in connection.execute(f"explain query plan {statement.sql}", values)]
    assert step in plan
