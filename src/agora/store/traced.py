"""A store that records traces of its work, from submission to commit."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from functools import partial
from typing import Any, TypeVar, cast

from agora.scheduling import Owner
from agora.telemetry.context import CURRENT_TRACE
from agora.telemetry.tracing import HeldSpan, Tracing

from .port import Reading, Store, Work

__all__ = ["trace_store"]

T = TypeVar("T")


def trace_store(store: Store, tracing: Tracing) -> Store:
    """Wrap a store with tracing. Work outside a trace, such as background jobs, is not recorded."""
    return cast("Store", _TracedStore(store, tracing))


class _TracedStore:
    def __init__(self, store: Store, tracing: Tracing) -> None:
        self._store, self._tracing = store, tracing
        self._attributes = {"db.system.name": "sqlite" if store.exclusive else "postgresql"}

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)

    def write(self, tenant: str, work: Work[T], *, label: str = "", owner: Owner | None = None) -> Awaitable[T]:
        if CURRENT_TRACE.get() is None:
            return self._store.write(tenant, work, label=label, owner=owner)
        span = self._tracing.start_held_span("store.write", "client", self._attributes | {"agora.work": label})
        try:
            future = asyncio.ensure_future(self._store.write(tenant, work, label=label, owner=owner))
        except BaseException as error:
            span.close(error)
            raise
        # By a callback: the caller may never await the future, and the span must end with the commit.
        future.add_done_callback(partial(_close_span, span))
        return future

    async def read(self, tenant: str, work: Reading[T]) -> T:
        if CURRENT_TRACE.get() is None:
            return await self._store.read(tenant, work)
        span = self._tracing.start_held_span("store.read", "client", self._attributes)
        try:
            result = await self._store.read(tenant, work)
        except BaseException as error:
            span.close(error)
            raise
        span.close(None)
        return result


def _close_span(span: HeldSpan, future: asyncio.Future[Any]) -> None:
    span.close(asyncio.CancelledError() if future.cancelled() else future.exception())
