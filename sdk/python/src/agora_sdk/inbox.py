"""The inbox of a running agent, worked off."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from typing import TYPE_CHECKING

from .contract.fields import DeliveryState
from .errors import AgoraError, Halted, Overloaded, RateLimited, ServerUnreachable
from .retry import Backoff, is_passing

if TYPE_CHECKING:
    from .client import AgoraClient
    from .contract.messaging import Message
    from .expected import Expected

__all__ = ["Inbox"]

logger = logging.getLogger("agora_sdk")

#: Not the handler's fault: what met one of these is done again from the start.
NOT_NOW = (ServerUnreachable, Overloaded, RateLimited, Halted)
TRIES = 3
PAGE = 100
REMEMBERED = 10_000


class Inbox:
    """Hands each unread message to a handler, so many at once, and marks what became of it.

    The durable inbox is the truth, and live events only a reason to look. A message is marked as
    delivered before and as acknowledged after its handler; after a crash in between it is handled again.
    One whose handler fails every time is left as read. handle: awaited with the message.
    failed: awaited with the message, the error and the number of the try.
    """

    def __init__(
        self,
        client: AgoraClient,
        at_once: int,
        handle: Callable[[Message], Awaitable[None]],
        failed: Callable[[Message, Exception, int], Awaitable[None]],
        backoff: Backoff,
    ) -> None:
        self._client, self._handle, self._failed = client, handle, failed
        self._backoff = backoff
        self._at_once = at_once
        self._slots = asyncio.Semaphore(at_once)
        self._wake = asyncio.Event()
        self._working: set[asyncio.Task[None]] = set()
        self._known: dict[str, DeliveryState | None] = {}

    @property
    def load(self) -> float:
        """Share of the places in use, 0 to 1."""
        return len(self._working) / self._at_once

    def wake(self) -> None:
        """There may be something new."""
        self._wake.set()

    async def run(self) -> None:
        """Work until cancelled."""
        attempt = 0
        while True:
            await self._wake.wait()
            self._wake.clear()
            try:
                await self._drain()
                attempt = 0
            except AgoraError as error:
                if not is_passing(error):
                    raise
                logger.warning("The inbox cannot be read for the moment: %s", error)
                self._wake.set()
                await asyncio.sleep(self._backoff.pause(attempt))
                attempt += 1

    async def finish(self, seconds: float) -> None:
        """Let the handlers under way end, and cancel those that take longer."""
        if self._working:
            _, late = await asyncio.wait(self._working, timeout=seconds)
            for task in late:
                task.cancel()
            await asyncio.gather(*late, return_exceptions=True)

    async def _drain(self) -> None:
        cursor = None
        while True:
            page = await self._client.messaging.receive(unread=True, limit=PAGE, cursor=cursor)
            fresh = [m for m in page.items if m.message_id not in self._known and m not in self._expected]
            await self._mark([m.message_id for m in fresh if m.status is DeliveryState.QUEUED], DeliveryState.DELIVERED)
            await self._mark_again([m.message_id for m in page.items])
            for message in fresh:
                await self._slots.acquire()
                self._start(message)
            cursor = page.next_cursor
            if cursor is None:
                return

    @property
    def _expected(self) -> Expected:
        return self._client._session.expected

    async def _mark(self, message_ids: Sequence[str], state: DeliveryState) -> None:
        if message_ids:
            await self._client.messaging.mark(list(message_ids), state)

    async def _mark_again(self, message_ids: Sequence[str]) -> None:
        """Messages that are done but still unread: their mark got lost."""
        for state in (DeliveryState.ACKNOWLEDGED, DeliveryState.READ):
            await self._mark([i for i in message_ids if self._known.get(i) is state], state)

    def _start(self, message: Message) -> None:
        self._known[message.message_id] = None
        task = asyncio.create_task(self._work(message), name=message.message_id)
        self._working.add(task)
        task.add_done_callback(self._ended)

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._working.discard(task)
        self._slots.release()

    async def _work(self, message: Message) -> None:
        try:
            state = await self._attempt(message)
        except NOT_NOW as error:
            logger.warning("Message %s is put off: %s", message.message_id, error)
            await asyncio.sleep(self._backoff.pause(1))
            del self._known[message.message_id]
            self.wake()
            return
        self._remember(message.message_id, state)
        try:
            await self._mark([message.message_id], state)
        except AgoraError as error:
            logger.warning("Message %s is done, its mark is put off: %s", message.message_id, error)

    async def _attempt(self, message: Message) -> DeliveryState:
        for attempt in range(1, TRIES + 1):
            try:
                await self._handle(message)
            except NOT_NOW:
                raise
            except Exception as error:
                await self._tell(message, error, attempt)
                if attempt < TRIES:
                    await asyncio.sleep(self._backoff.pause(attempt - 1))
            else:
                return DeliveryState.ACKNOWLEDGED
        return DeliveryState.READ

    async def _tell(self, message: Message, error: Exception, attempt: int) -> None:
        try:
            await self._failed(message, error, attempt)
        except Exception:
            logger.exception("What became of message %s could not be told.", message.message_id)

    def _remember(self, message_id: str, state: DeliveryState) -> None:
        self._known[message_id] = state
        if len(self._known) > REMEMBERED:
            oldest = next((i for i, known in self._known.items() if known is not None), message_id)
            del self._known[oldest]
