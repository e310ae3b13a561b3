"""Migrations that compute values of existing rows give them the values that the server would have written."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from agora.store import migrate
from tests.conformance.engines import Engine, RunsOn
from tests.market import Market

RUNS_ON = RunsOn.BOTH


def list_updates(dialect: str, number: int) -> list[str]:
    """List the statements of a migration that change rows."""
    (migration,) = (each for each in migrate.list_migrations(dialect) if each.number == number)
    lines = [line for line in migration.sql.splitlines() if not line.startswith("--")]
    return [text.strip() for text in "\n".join(lines).split(";") if text.strip().startswith("update")]


async def test_tasks_get_the_sort_key_of_new_ones(market: Market, engine: Engine) -> None:
    for hours in (None, 1, 24 * 365 * 50):
        deadline = None if hours is None else datetime.now(UTC) + timedelta(hours=hours)
        await market.call(market.operator, "task.assign", task_type="work", deadline=deadline)
    ended = await market.call(market.operator, "task.assign", task_type="work")
    await market.call(market.operator, "task.cancel", task_id=ended.task_id)
    keys = "select task_id, sort_key from tasks order by task_id"
    expected = {row["task_id"]: row["sort_key"] for row in await engine.run(keys)}
    await engine.run("update tasks set sort_key = ''")
    (statement,) = list_updates(engine.dialect, 59)
    await engine.run(statement)
    updated = {row["task_id"]: row["sort_key"] for row in await engine.run(keys)}
    assert updated.pop(ended.task_id) == "", "an ended task is not claimed"
    del expected[ended.task_id]
    assert updated == expected
    assert len(set(expected.values())) == 3
