"""A separate log to follow: rows of ``task_entries``, and events that hint at them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from pydantic_core import to_json

from agora.clock import new_id
from agora.core.call import Entry, LogPage, LogStreamSpec
from agora.core.events.filter import Viewer
from agora.store.port import NewEvent, Query, Reader, Store, Table, Tx
from agora.store.records import record

__all__ = ["TaskLog"]


@record
class WrittenEntry:
    tenant_id: str
    task_id: str
    number: int
    type: str
    time: int
    actor: str
    content: str


@record
class ReadEntry:
    number: int
    type: str
    content: str


_TABLE = Table("task_entries", WrittenEntry)
_PAGE = Query(
    "select number, type, content from task_entries "
    "where tenant_id = :tenant and task_id = :task_id and number > :after order by number limit :limit",
    ReadEntry,
    types={"after": "bigint", "limit": "bigint"},
)


class TaskLog:
    """Entries of one task. reads: positions of the reads."""

    def __init__(self, store: Store, task_id: str = "task_1", tenant: str = "default", *, page: int = 100) -> None:
        self.store, self.task_id, self.tenant, self.page = store, task_id, tenant, page
        self.written = 0
        self.reads: list[int] = []
        self.after_read: list[Callable[[], Any]] = []

    async def append(
        self, *contents: str, done: bool = False, hint: bool = True, audience: tuple[str, ...] | None = None
    ) -> None:
        """Commit entries in one transaction; with ``done``, the last one ends the log."""
        rows = [("output", content) for content in contents] + ([("done", "")] if done else [])

        async def work(tx: Tx) -> None:
            for number, (type, content) in enumerate(rows, self.written + 1):
                entry = WrittenEntry(
                    tenant_id=self.tenant,
                    task_id=self.task_id,
                    number=number,
                    type=type,
                    time=0,
                    actor="agent_a",
                    content=content,
                )
                tx.append(_TABLE, entry)
            if hint:
                tx.emit(NewEvent(new_id("evt"), "agora.task.output", "/agora", self.task_id, 0, b"null", audience))

        await self.store.write(self.tenant, work)
        self.written += len(rows)

    def following(self, position: int = 0) -> LogStreamSpec:
        return LogStreamSpec(self._read, self.task_id, Viewer("agent_a"), position)

    async def _read(self, reader: Reader, after: int) -> LogPage:
        self.reads.append(after)
        rows = await reader.all(_PAGE, task_id=self.task_id, after=after, limit=self.page)
        if self.after_read:
            await self.after_read.pop(0)()
        entries = [Entry(row.number, row.type, self._document(row)) for row in rows]
        return LogPage(entries, await self._is_done(reader, rows, after))

    def _document(self, row: ReadEntry) -> bytes:
        return to_json({"type": row.type, "task_id": self.task_id, "number": row.number, "content": row.content})

    async def _is_done(self, reader: Reader, rows: Sequence[ReadEntry], after: int) -> bool:
        """Whether the last entry that the reader has, or gets now, ends the log."""
        if not rows:
            last = await reader.all(_PAGE, task_id=self.task_id, after=after - 1, limit=1)
            rows = [row for row in last if row.number == after]  # not a later one
        return bool(rows and rows[-1].type == "done")
