"""The inbox of a running agent: passes messages to the handler."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from typing import TYPE_CHECKING

from .backoff import Backoff
from .contract.fields import DeliveryState
from .errors import AgoraError, Halted, Overloaded, RateLimited, ServerUnreachable
from .retry import is_transient

if TYPE_CHECKING:
    from .client import AgoraClient
    from .contract.messaging import Message
    from .expected_replies import ExpectedReplies

__all__ = ["Inbox"]

logger = logging.getLogger("agora_sdk")

#: Errors that are not the handler's fault: the message is processed again from the start.
RETRY_LATER = (ServerUnreachable, Overloaded, RateLimited, Halted)
MAX_ATTEMPTS = 3
PAGE_SIZE = 100
MAX_REMEMBERED = 10_000


class Inbox:
    """Passes each unread message to a handler, up to a limit of concurrent ones, and marks its outcome.

    The durable inbox is authoritative; live events only trigger reading it. A message is marked as
    delivered before and as acknowledged after its handler; after a crash in between it is handled again.
    A message whose handler fails every time is left as read. handle: awaited with the message.
    on_failure: awaited with the message, the error and the number of the attempt.
    """

    def __init__(
        self,
        client: AgoraClient,
        max_concurrent: int,
        handle: Callable[[Message], Awaitable[None]],
        on_failure: Callable[[Message, Exception, int], Awaitable[None]],
        backoff: Backoff,
    ) -> None:
        self._client, self._handle, self._on_failure = client, handle, on_failure
        self._backoff = backoff
        self._max_concurrent = max_concurrent
        self._slots = asyncio.Semaphore(max_concurrent)
        self._wake = asyncio.Event()
        self._handler_tasks: set[asyncio.Task[None]] = set()
        # By message id: None while its handler runs, then the outcome, kept until the server is known to have the mark.
        self._states: dict[str, DeliveryState | None] = {}

    @property
    def load(self) -> float:
        """Share of the slots in use, 0 to 1."""
        return len(self._handler_tasks) / self._max_concurrent

    def wake(self) -> None:
        """Signal that there may be new messages."""
        self._wake.set()

    async def run(self) -> None:
        """Work until cancelled."""
        attempt = 0
        while True:
            await self._wake.wait()
            # Before the reading: a message that arrives during it causes another reading.
            self._wake.clear()
            try:
                await self._start_handlers_of_unread()
                attempt = 0
            except AgoraError as error:
                if not is_transient(error):
                    raise
                logger.warning("The inbox cannot be read for the moment: %s", error)
                # The signal was cleared above: without it, the failed reading would wait for the next message.
                self._wake.set()
                await asyncio.sleep(self._backoff.pause(attempt))
                attempt += 1

    async def finish(self, seconds: float) -> None:
        """Let running handlers finish, and cancel those that take longer."""
        if self._handler_tasks:
            _, overdue = await asyncio.wait(self._handler_tasks, timeout=seconds)
            for task in overdue:
                task.cancel()
            await asyncio.gather(*overdue, return_exceptions=True)

    async def _start_handlers_of_unread(self) -> None:
        cursor = None
        while True:
            page = await self._client.messaging.receive(unread=True, limit=PAGE_SIZE, cursor=cursor)
            # A message in progress is still unread on the server and is read again; the states here identify it.
            new_messages = [
                m for m in page.items if m.message_id not in self._states and m not in self._expected_replies
            ]
            await self._mark_messages(
                [m.message_id for m in new_messages if m.status is DeliveryState.QUEUED], DeliveryState.DELIVERED
            )
            # Before the handlers, which may take long: a processed message must not stay unread while they run.
            await self._repeat_lost_marks([m.message_id for m in page.items])
            for message in new_messages:
                # Reading pauses while every slot is taken, so an inbox of any size does not fill the memory.
                await self._slots.acquire()
                self._start_handler(message)
            cursor = page.next_cursor
            if cursor is None:
                return

    @property
    def _expected_replies(self) -> ExpectedReplies:
        return self._client._session.expected

    async def _mark_messages(self, message_ids: Sequence[str], state: DeliveryState) -> None:
        if message_ids:
            await self._client.messaging.mark(list(message_ids), state)

    async def _repeat_lost_marks(self, message_ids: Sequence[str]) -> None:
        """Mark again messages that are processed but still unread, because their mark was lost."""
        for state in (DeliveryState.ACKNOWLEDGED, DeliveryState.READ):
            await self._mark_messages([i for i in message_ids if self._states.get(i) is state], state)

    def _start_handler(self, message: Message) -> None:
        self._states[message.message_id] = None
        task = asyncio.create_task(self._handle_and_mark(message), name=message.message_id)
        self._handler_tasks.add(task)
        task.add_done_callback(self._release_slot)

    def _release_slot(self, task: asyncio.Task[None]) -> None:
        self._handler_tasks.discard(task)
        self._slots.release()

    async def _handle_and_mark(self, message: Message) -> None:
        try:
            state = await self._handle_with_retries(message)
        except RETRY_LATER as error:
            logger.warning("Message %s is postponed: %s", message.message_id, error)
            await asyncio.sleep(self._backoff.pause(1))
            # Without an entry, the next reading of the inbox starts the message again.
            del self._states[message.message_id]
            self.wake()
            return
        self._remember_state(message.message_id, state)
        try:
            await self._mark_messages([message.message_id], state)
        # The next reading of the inbox repeats the mark (see _repeat_lost_marks).
        except AgoraError as error:
            logger.warning("Message %s is processed, its mark is postponed: %s", message.message_id, error)

    async def _handle_with_retries(self, message: Message) -> DeliveryState:
        for attempt in range(1, MAX_ATTEMPTS + 1):
            try:
                await self._handle_once(message)
            except RETRY_LATER:
                raise
            except Exception as error:
                await self._call_on_failure(message, error, attempt)
                if attempt < MAX_ATTEMPTS:
                    await asyncio.sleep(self._backoff.pause(attempt - 1))
            else:
                return DeliveryState.ACKNOWLEDGED
        # Not acknowledged, but read: it is not handled again, and stays in the inbox for a person to see.
        return DeliveryState.READ

    async def _handle_once(self, message: Message) -> None:
        try:
            await self._handle(message)
        except asyncio.CancelledError as error:
            task = asyncio.current_task()
            if task is not None and task.cancelling():
                raise
            # Raised by the handler itself, for example by awaiting a task that was cancelled. Passed on, it would end this
            # task without an outcome, and the message would stay unread and in progress until a restart.
            raise RuntimeError("The handler ended as cancelled.") from error

    async def _call_on_failure(self, message: Message, error: Exception, attempt: int) -> None:
        try:
            await self._on_failure(message, error, attempt)
        # ``on_error`` is code of the program: its failure must not lose the outcome of the message.
        except Exception:
            logger.exception("The outcome of message %s could not be reported.", message.message_id)

    def _remember_state(self, message_id: str, state: DeliveryState) -> None:
        self._states[message_id] = state
        if len(self._states) > MAX_REMEMBERED:
            # One in progress (None) is never forgotten: the next reading would start it a second time.
            oldest = next((i for i, value in self._states.items() if value is not None), message_id)
            del self._states[oldest]
