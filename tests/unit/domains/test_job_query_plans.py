"""Recurring queries use an index, not a table scan."""

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
        ("update_last_activity", "SEARCH agents USING INDEX sqlite_autoindex_agents_1 (tenant_id=? AND agent_id=?)"),
        ("select_silent_agents", "SEARCH agents USING INDEX agents_activity (tenant_id=? AND last_activity<?)"),
        ("select_next_override_end", "SEARCH overrides USING INDEX overrides_active (tenant_id=?)"),
        ("select_overdue_override", "SEARCH overrides USING INDEX overrides_active (tenant_id=?)"),
        ("select_page_end", "SEARCH d USING INDEX deliveries_waiting (tenant_id=? AND (recipient,message_id)>(?,?))"),
        (
            "select_overdue_deliveries",
            "SEARCH m USING INDEX sqlite_autoindex_messages_1 (tenant_id=? AND message_id=?)",
        ),
        ("expire_deliveries", "SEARCH deliveries USING PRIMARY KEY (tenant_id=? AND recipient=? AND message_id=?)"),
        ("select_addressed_agents", "SEARCH d USING PRIMARY KEY (tenant_id=? AND recipient>? AND recipient<?)"),
        ("select_expired_messages", "SEARCH m USING INDEX sqlite_autoindex_messages_1 (tenant_id=? AND message_id<?)"),
        ("select_expired_deliveries", "SEARCH d USING PRIMARY KEY (tenant_id=? AND recipient=? AND message_id<?)"),
        ("delete_deliveries", "SEARCH deliveries USING PRIMARY KEY (tenant_id=? AND recipient=? AND message_id=?)"),
        ("delete_messages", "SEARCH messages USING INDEX sqlite_autoindex_messages_1 (tenant_id=? AND message_id=?)"),
        ("delete_old_events", "SEARCH events USING INDEX sqlite_autoindex_events_1 (tenant_id=? AND seq<?)"),
        (
            "delete_old_idempotency_records",
            "SEARCH o USING COVERING INDEX idempotency_age (tenant_id=? AND created_at<?)",
        ),
    ],
)
def test_sqlite_uses_an_index(name: str, step: str, connection: sqlite3.Connection) -> None:
    (statement,) = {getattr(module, name) for module in MODULES if hasattr(module, name)}
    values = dict.fromkeys(statement.parameter_names, "[]")
    plan = [row[3] for row in connection.execute(f"explain query plan {statement.sql}", values)]
    assert step in plan
