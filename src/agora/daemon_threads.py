"""Blocking functions that a hanging disk may block for ever, in daemon threads.

The interpreter waits for the threads of a pool, such as that of ``asyncio.to_thread``, before it exits; not for daemons.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from contextlib import suppress
from typing import Generic, TypeVar

__all__ = ["DaemonThreadCall"]

T = TypeVar("T")


class DaemonThreadCall(Generic[T]):
    """Calls of a function in a daemon thread, at most one at a time: a call during another one shares its result.

    A cancelled caller does not wait for the thread, which a hanging disk may block for ever.
    """

    def __init__(self, function: Callable[[], T], name: str) -> None:
        self._function, self._name = function, name
        self._result: asyncio.Future[T] | None = None

    @property
    def is_running(self) -> bool:
        """Whether the function has been called and has not returned."""
        return self._result is not None and not self._result.done()

    async def run(self) -> T:
        """Call the function, or wait for the call that is running; return its result or raise its exception."""
        if self._result is None or self._result.done():
            self._result = self._start_thread()
        return await asyncio.shield(self._result)

    def _start_thread(self) -> asyncio.Future[T]:
        loop = asyncio.get_running_loop()
        result: asyncio.Future[T] = loop.create_future()
        # Retrieves the exception, which asyncio would log as never retrieved if every caller has been cancelled.
        result.add_done_callback(lambda done: done.exception())

        def call_and_report() -> None:
            report: Callable[[], None]
            try:
                value = self._function()
            except Exception as error:
                raised = error  # ``error`` is unbound at the end of the clause
                report = lambda: result.set_exception(raised)  # noqa: E731
            else:
                report = lambda: result.set_result(value)  # noqa: E731
            with suppress(RuntimeError):  # the loop was closed meanwhile
                loop.call_soon_threadsafe(report)

        threading.Thread(target=call_and_report, name=self._name, daemon=True).start()
        return result
