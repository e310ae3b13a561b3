"""The words of a model on their way into a task's output: gathered for a moment, so that a token is not a call."""

from __future__ import annotations

import asyncio
import contextlib

from agora_sdk.taskrun import TaskRun

__all__ = ["TextStream"]

GATHER_SECONDS = 0.15


class TextStream:
    """Writes what is added to the output, in order, while the model goes on."""

    def __init__(self, task: TaskRun) -> None:
        self._task, self._waiting = task, ""
        self._writer: asyncio.Task[None] | None = None

    def add(self, text: str) -> None:
        """Have a text written soon."""
        self._waiting += text.replace("\x00", "")
        if self._writer is None or self._writer.done():
            self._writer = asyncio.create_task(self._write())

    async def flush(self) -> None:
        """Wait until all is written. Raises what writing raised."""
        if self._writer is not None:
            await self._writer
        await self._write_waiting()

    async def close(self) -> None:
        """Write no more."""
        if self._writer is not None:
            self._writer.cancel()
            with contextlib.suppress(asyncio.CancelledError, Exception):
                await self._writer

    async def _write(self) -> None:
        await asyncio.sleep(GATHER_SECONDS)
        await self._write_waiting()

    async def _write_waiting(self) -> None:
        while self._waiting:
            text, self._waiting = self._waiting, ""
            await self._task.write(text)
