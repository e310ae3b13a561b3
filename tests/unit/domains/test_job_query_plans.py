"""What runs over and over walks an index, not a table."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator

import pytest

from agora.domains.admin import retention_queries
from agora.domains.agents import presence_queries
from agora.domains.messaging import expiry_queries
from agora.store import migrate

MODULES = (retention_queries, presence_queries, expiry_queries)


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
        ("seen", "SEARCH agents USING INDEX sqlite_autoindex_agents_1 (tenant_id=? AND agent_id=?)"),
        ("silent", "SEARCH agents USING INDEX agents_activity (tenant_id=? AND last_activity<?)"),
        ("next_override_end", "SEARCH overrides USING INDEX overrides_active (tenant_id=?)"),
        ("overdue_overrides", "SEARCH overrides USING INDEX overrides_active (tenant_id=?)"),
        ("page_end", "SEARCH d USING INDEX deliveries_waiting (tenant_id=? AND (recipient,message_id)>(?,?))"),
        ("overdue_deliveries", "SEARCH m USING INDEX sqlite_autoindex_messages_1 (tenant_id=? AND message_id=?)"),
        ("expire", "SEARCH deliveries USING PRIMARY KEY (tenant_id=? AND recipient=? AND message_id=?)"),
        ("addressed", "SEARCH d USING PRIMARY KEY (tenant_id=? AND recipient>? AND recipient<?)"),
        ("doomed_messages", "SEARCH m USING INDEX sqlite_autoindex_messages_1 (tenant_id=? AND message_id<?)"),
        ("doomed_deliveries", "SEARCH d USING PRIMARY KEY (tenant_id=? AND recipient=? AND message_id<?)"),
        ("drop_deliveries", "SEARCH deliveries USING PRIMARY KEY (tenant_id=? AND recipient=? AND message_id=?)"),
        ("drop_messages", "SEARCH messages USING INDEX sqlite_autoindex_messages_1 (tenant_id=? AND message_id=?)"),
        ("prune_events", "SEARCH events USING INDEX sqlite_autoindex_events_1 (tenant_id=? AND seq<?)"),
        ("prune_idempotency", "SEARCH o USING COVERING INDEX idempotency_age (tenant_id=? AND created_at<?)"),
    ],
)
def test_sqlite_finds_its_way(name: str, step: str, connection: sqlite3.Connection) -> None:
    (statement,) = {getattr(module, name) for module in MODULES if hasattr(module, name)}
    values = dict.fromkeys(statement.parameter_names, "[]")
    plan = [row[3] for row in connection.execute(f"explain query plan {statement.sql}", values)]
    assert step in plan
