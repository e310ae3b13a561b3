"""Concurrency limit of an upstream, with a bounded queue and a fair share per caller."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass

from agora_sdk.errors import Overloaded

__all__ = ["ConcurrencyLimiter"]

MAX_WAITING_PER_CALL = 16  # queued calls per concurrent call


@dataclass(slots=True)
class _CallerSlots:
    """Slots of one caller. calls: running and waiting."""

    slots: asyncio.Semaphore
    calls: int = 0


class ConcurrencyLimiter:
    """Limits concurrent calls. A caller gets at most three quarters of the slots, and of the queue."""

    def __init__(self, name: str, limit: int) -> None:
        self._name, self._limit, self._share = name, limit, limit - limit // 4
        self._slots = asyncio.Semaphore(limit)
        self._callers: dict[str, _CallerSlots] = {}
        self.queued = 0
        self.running = 0

    @property
    def active_callers(self) -> int:
        """Number of callers with running or waiting calls; no state of other callers is kept."""
        return len(self._callers)

    @contextlib.asynccontextmanager
    async def acquire_slot(self, caller: str, seconds: float) -> AsyncIterator[None]:
        """Acquire a slot for a call. Raises Overloaded if the queue is full or the wait times out."""
        caller_slots = self._callers.setdefault(caller, _CallerSlots(asyncio.Semaphore(self._share)))
        if self.queued >= self._limit * MAX_WAITING_PER_CALL or caller_slots.calls >= self._share * (
            MAX_WAITING_PER_CALL + 1
        ):
            if not caller_slots.calls:
                del self._callers[caller]
            queue_note = f"{self.queued} calls wait for {self._name} already."
            raise Overloaded(queue_note, fix="Try again later.", retry_after=1)
        caller_slots.calls += 1
        try:
            await self._wait_for_slot(caller_slots, seconds)
            self.running += 1
            try:
                yield
            finally:
                self.running -= 1
                self._slots.release()
                caller_slots.slots.release()
        finally:
            caller_slots.calls -= 1
            if not caller_slots.calls:
                self._callers.pop(caller, None)

    async def _wait_for_slot(self, own: _CallerSlots, seconds: float) -> None:
        """Acquire a slot of the caller's share, and a slot of the total."""
        self.queued += 1
        try:
            async with asyncio.timeout(seconds):
                # The caller's share first: a caller that is at its limit must not hold a common slot while it waits.
                await own.slots.acquire()
                try:
                    await self._slots.acquire()
                except BaseException:
                    own.slots.release()
                    raise
        except TimeoutError:
            busy = f"{self._name} was busy with {self.running} calls for {seconds:g} s."
            raise Overloaded(busy, fix="Try again later.", retry_after=1) from None
        finally:
            self.queued -= 1
