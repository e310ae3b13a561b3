"""Buffered output of a job, so that not each chunk of an agent's text is a request."""

from __future__ import annotations

import asyncio
import contextlib
import logging

from agora_sdk import AgoraError, TaskRun

from .transcript import replace_unstorable_characters

__all__ = ["OutputWriter"]

logger = logging.getLogger("agora.worker")

FLUSH_SECONDS = 0.2


class OutputWriter:
    """Writes buffered text to the output of a task, a few times a second, until it is closed.

    A parked job that continues has a new run of its task, which is set with :meth:`switch_run`.
    """

    def __init__(self, run: TaskRun) -> None:
        self._run = run
        self._pending: list[str] = []
        self._has_text = asyncio.Event()
        self._lock = asyncio.Lock()
        self._flushing = asyncio.create_task(self._flush_regularly())

    def switch_run(self, run: TaskRun) -> None:
        """Write to this run of the task from now on."""
        self._run = run

    def add_text(self, text: str) -> None:
        """Add text to the output."""
        if text:
            self._pending.append(replace_unstorable_characters(text))
            self._has_text.set()

    async def flush_output(self) -> None:
        """Write the buffered text. Raises StaleLease, AgoraError."""
        async with self._lock:
            # Taken before the request: text that arrives during it waits for the next one.
            text, self._pending = "".join(self._pending), []
            self._has_text.clear()
            if text:
                await self._run.write(text)

    async def close(self) -> None:
        """Stop writing."""
        self._flushing.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await self._flushing

    async def _flush_regularly(self) -> None:
        while True:
            await self._has_text.wait()
            # After the first text, so that the following chunks join it.
            await asyncio.sleep(FLUSH_SECONDS)
            try:
                await self.flush_output()
            except AgoraError as error:  # a lost lease cancels the job; output beyond the limit is dropped
                logger.warning("Output of %s is not written: %s", self._run.task_id, error)
            except Exception:  # a defect must not end the output of the whole job
                logger.exception("Output of %s is not written", self._run.task_id)
