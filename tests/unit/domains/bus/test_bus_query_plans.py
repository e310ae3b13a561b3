"""Recurring queries of the bus use an index."""

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
        ("delete_entries", "SEARCH bus_entries USING PRIMARY KEY (tenant_id=? AND stream=? AND number<?)"),
        (
            "delete_pending_entries",
            "SEARCH bus_pending USING PRIMARY KEY (tenant_id=? AND stream=? AND group_name=? AND number=?)",
        ),
        (
            "select_pending_entries_of_consumer",
            "SEARCH p USING PRIMARY KEY (tenant_id=? AND stream=? AND group_name=? AND number=?)",
        ),
        (
            "select_pending_entries_of_consumer",
            "SEARCH bus_entries USING COVERING INDEX bus_entries_ref (tenant_id=? AND stream=? AND ref=?)",
        ),
        (
            "select_pending_entries_of_consumer",
            "SEARCH bus_entries USING COVERING INDEX bus_entries_name (tenant_id=? AND stream=? AND name=?)",
        ),
        (
            "select_groups_with_stale_entries",
            "SEARCH bus_pending USING INDEX bus_pending_age (tenant_id=? AND delivered_at<?)",
        ),
        ("select_silent_consumers", "SEARCH c USING COVERING INDEX bus_consumers_age (tenant_id=? AND seen_at<?)"),
        ("select_due_responses", "SEARCH bus_responses USING INDEX bus_responses_due (tenant_id=? AND due_at<?)"),
        (
            "select_queued_messages",
            "SEARCH d USING INDEX deliveries_waiting (tenant_id=? AND recipient=? AND message_id>?)",
        ),
        ("select_broadcasts", "SEARCH m USING INDEX messages_broadcast (tenant_id=? AND message_id>?)"),
        (
            "list_bridge_members",
            "SEARCH g USING COVERING INDEX bus_groups_name (tenant_id=? AND group_name=? AND stream>?)",
        ),
    ],
)
def test_sqlite_uses_an_index(name: str, step: str, connection: sqlite3.Connection) -> None:
    statement = getattr(bus, name)
    values = dict.fromkeys(statement.parameter_names, "[]")
    plan = [row[3] for row in connection.execute(f"explain query plan {statement.sql}", values)]
    assert step in plan
