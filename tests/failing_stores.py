"""Stores that fail, or never respond, on demand."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

from agora.server.app import App
from agora.store.port import Reading, StoreFailure, Work
from agora.store.postgres import PostgresStore
from agora.store.sqlite import SqliteStore

__all__ = ["FailingPostgresStore", "FailingSqliteStore", "failing_store"]

T = TypeVar("T")


class _Failing:
    """Mixin for an engine. read_error, write_error: raised instead of reading or writing; SILENT: no response.

    failing_tenant: the only tenant whose calls fail; None for all. labels: of all writes so far. after_read: awaited once, after the next read and before its result is returned.
    """

    SILENT = StoreFailure("no answer")

    read_error: BaseException | None = None
    write_error: BaseException | None = None
    failing_tenant: str | None = None

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self.labels: list[str] = []
        self.after_read: Callable[[], Awaitable[object]] | None = None

    @contextmanager
    def failing(
        self,
        error: BaseException | None = None,
        *,
        reads: bool = True,
        writes: bool = True,
        silent: bool = False,
        tenant: str | None = None,
    ) -> Iterator[None]:
        """Fail with an error until the block ends; with ``silent``, never respond. tenant: only calls of this one."""
        error = self.SILENT if silent else error or StoreFailure("the disk is gone")
        before = self.read_error, self.write_error
        self.failing_tenant = tenant
        self.read_error, self.write_error = (error if reads else before[0]), (error if writes else before[1])
        try:
            yield
        finally:
            self.read_error, self.write_error = before
            self.failing_tenant = None

    async def read(self, tenant: str, work: Reading[T]) -> T:
        if self.read_error is not None and self.failing_tenant in (None, tenant):
            await self._fail(self.read_error)
        result = await super().read(tenant, work)  # type: ignore[misc]
        hook, self.after_read = self.after_read, None
        if hook is not None:
            await hook()
        return result  # type: ignore[no-any-return]

    def write(self, tenant: str, work: Work[T], **options: Any) -> asyncio.Future[T]:
        self.labels.append(options.get("label", ""))
        if self.write_error is not None and self.failing_tenant in (None, tenant):
            return asyncio.ensure_future(self._fail(self.write_error))
        return super().write(tenant, work, **options)  # type: ignore[misc, no-any-return]

    async def _fail(self, error: BaseException) -> Any:
        if error is self.SILENT:
            await asyncio.Event().wait()
        raise error


class FailingSqliteStore(_Failing, SqliteStore):  # type: ignore[misc]
    """SQLite that fails on demand."""

    @contextmanager
    def full_disk(self) -> Iterator[None]:
        """Let the database grow no further until the block ends."""
        (pages,) = self._writer_connection.execute("pragma page_count").fetchone()
        (limit,) = self._writer_connection.execute("pragma max_page_count").fetchone()
        self._writer_connection.execute(f"pragma max_page_count={pages}")
        try:
            yield
        finally:
            self._writer_connection.execute(f"pragma max_page_count={limit}")


class FailingPostgresStore(_Failing, PostgresStore):  # type: ignore[misc]
    """PostgreSQL that fails on demand."""


def failing_store(app: App) -> _Failing:
    """Return the store of a test application, which can be made to fail."""
    assert isinstance(app.store, _Failing)
    return app.store
