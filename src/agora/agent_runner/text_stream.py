"""Buffered stream of a model's text into a task's output, so that not every token is a request."""

from __future__ import annotations

import asyncio
import contextlib

from agora_sdk.taskrun import TaskRun

__all__ = ["TextStream"]

FLUSH_SECONDS = 0.15


class TextStream:
    """Writes added text to the output, in order, concurrently with the model."""

    def __init__(self, task: TaskRun) -> None:
        self._task, self._waiting = task, ""
        self._timer: asyncio.TimerHandle | None = None
        self._writer: asyncio.Task[None] | None = None

    def add(self, text: str) -> None:
        """Add text to write."""
        # The server refuses NUL in texts.
        self._waiting += text.replace("\x00", "")
        if self._timer is None and self._writer is None:
            self._timer = asyncio.get_running_loop().call_later(FLUSH_SECONDS, self._start_writer)

    async def take_unwritten_text(self) -> str:
        """End the stream and return the unwritten text. Raises the error of a failed write."""
        if self._writer is not None:
            await self._writer
        self._stop_timer()
        rest, self._waiting = self._waiting, ""
        return rest

    async def close(self) -> None:
        """Stop writing."""
        self._stop_timer()
        if self._writer is not None:
            self._writer.cancel()
            with contextlib.suppress(asyncio.CancelledError, Exception):
                await self._writer

    def _stop_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _start_writer(self) -> None:
        self._timer, self._writer = None, asyncio.create_task(self._write_pending_text())

    async def _write_pending_text(self) -> None:
        text, self._waiting = self._waiting, ""
        await self._task.write(text)
        self._writer = None  # a failed writer is kept: its error is raised at the end of the stream
        # Text that was added during the write gets a timer of its own.
        if self._waiting:
            self.add("")
