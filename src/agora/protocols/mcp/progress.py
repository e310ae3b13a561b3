"""Progress of long calls as ``notifications/progress``: events, and heartbeats in between.

Many clients time out after 60 seconds, counted anew from each notification. The progress value must increase with each
notification, so heartbeats add a small step.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from typing import Any, Final

from pydantic_core import from_json

from agora.core.call import Progress
from agora.core.dispatcher import Dispatcher
from agora.protocols.operation_calls import open_operation_stream
from agora_sdk.errors import AgoraError

from .request_context import RequestContext

__all__ = ["ProgressReporter", "TaskProgressRelay", "follow_task_with_progress"]

# A twelfth of the usual 60 s timeout: several heartbeats may be lost or delayed without ending the call.
HEARTBEAT_SECONDS: Final = 5.0  #: interval of heartbeats to a waiting client
MIN_STEP: Final = 0.001
PROGRESS_TOTAL: Final = 100.0  #: progress is in percent
MAX_TEXT_CHARACTERS: Final = 500  #: maximum characters of a notification's message


class ProgressReporter:
    """Reports the progress of one call to its client. wait: maximum seconds of a call that only waits."""

    def __init__(self, progress: Progress, wait: float | None = None) -> None:
        self._progress, self._value, self._text = progress, 0.0, "waiting"
        self._wait = wait

    async def report(self, value: float | None, text: str) -> None:
        """Report progress. value: percent done; None if unknown."""
        self._wait = None  # from now on progress is known
        # MCP requires an increasing value, and an agent may report the same percentage twice or a smaller one.
        self._value, self._text = max(value or 0.0, self._value + MIN_STEP), text[:MAX_TEXT_CHARACTERS]
        await self._progress(round(self._value, 3), PROGRESS_TOTAL, self._text)

    @contextlib.asynccontextmanager
    async def keep_alive(self) -> AsyncIterator[None]:
        """Send heartbeats during the block."""
        heartbeat_task = asyncio.create_task(self._send_heartbeats())
        try:
            yield
        finally:
            heartbeat_task.cancel()
            await asyncio.gather(heartbeat_task, return_exceptions=True)

    async def _send_heartbeats(self) -> None:
        loop = asyncio.get_running_loop()
        started_at = loop.time()
        while True:
            await asyncio.sleep(HEARTBEAT_SECONDS)
            if self._wait is None:
                await self.report(None, self._text)
            else:
                # While nothing is known, elapsed seconds of the wait are the honest measure.
                self._value = round(loop.time() - started_at, 1)
                await self._progress(self._value, max(self._wait, self._value), self._text)


async def follow_task_with_progress(
    dispatcher: Dispatcher,
    request_context: RequestContext,
    task_id: str,
    reporter: ProgressReporter,
    after: int | None = None,
) -> AsyncGenerator[Mapping[str, Any], None]:
    """Read the entries of a task's log until its end, and report each as progress to the client. after: number of the last known
    entry."""
    arguments: dict[str, Any] = {"task_id": task_id}
    if after is not None:
        arguments["last_event_id"] = str(after)
    stream = await open_operation_stream(
        dispatcher, "agora.task.stream", request_context.caller, arguments, request_context.valid
    )
    try:
        async for item in stream:
            entry = from_json(item.json)
            await reporter.report(
                entry.get("progress"), entry.get("content") or _format_message_text(entry) or entry["type"]
            )
            yield entry
    finally:
        stream.close()


def _format_message_text(entry: Mapping[str, Any]) -> str:
    """Join the texts of the message in a log entry; empty for other entries."""
    data = entry.get("data")
    # The data of the last entry is the agent's result, which may have any form.
    parts = data.get("parts") if isinstance(data, dict) else None
    if not isinstance(parts, list):
        return ""
    return "\n".join(part["text"] for part in parts if isinstance(part, dict) and isinstance(part.get("text"), str))


class TaskProgressRelay:
    """Reports the progress of the task that a call waits for."""

    def __init__(self, dispatcher: Dispatcher, request_context: RequestContext, reporter: ProgressReporter) -> None:
        self._dispatcher, self._request_context, self._reporter = dispatcher, request_context, reporter
        self._relay_task: asyncio.Task[None] | None = None

    def start_following_task(self, subject: str) -> None:
        """Begin to follow a task; other subjects have no progress."""
        if self._relay_task is None and subject.startswith("task_"):
            self._relay_task = asyncio.create_task(self._relay_progress(subject))

    async def _relay_progress(self, task_id: str) -> None:
        with contextlib.suppress(AgoraError):  # without the permission to read the log there are only heartbeats
            async for _ in follow_task_with_progress(self._dispatcher, self._request_context, task_id, self._reporter):
                pass

    async def stop(self) -> None:
        """Stop following the task."""
        if self._relay_task is not None:
            self._relay_task.cancel()
            await asyncio.gather(self._relay_task, return_exceptions=True)
