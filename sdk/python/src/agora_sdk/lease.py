"""The lease on a claimed task: renewal, and calls under its fencing token."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any, TypeVar

from .backoff import Backoff
from .errors import AgoraError, Conflict, IllegalTransition, InternalError, NotFound, StaleLease
from .retry import is_transient

if TYPE_CHECKING:
    from .client import AgoraClient
    from .contract.fields import JsonObject
    from .contract.tasks import ClaimedTask, Renewal

__all__ = ["Lease"]

logger = logging.getLogger("agora_sdk")

T = TypeVar("T")
MAX_SERVER_ERRORS = 5  #: limit of one call
#: Checkpoint numbers increase over all attempts: those of a claim follow those of earlier claims.
CHECKPOINTS_PER_CLAIM = 1_000_000


class Lease:
    """The lease on one claimed task.

    Every call carries the claim's fencing token and waits for an unreachable server. Once the server has
    reported that the lease is lost, ``lost`` holds the error and no further call is made.
    """

    def __init__(self, client: AgoraClient, task: ClaimedTask, backoff: Backoff) -> None:
        self.task_id, self.token, self.seconds = task.task_id, task.fencing_token, task.lease_seconds
        self.lost: AgoraError | None = None
        self._client, self._backoff = client, backoff
        self._due = asyncio.Event()
        self._checkpoints = 0

    async def renew_periodically(self) -> None:
        """Renew periodically at a third of the lease; raises the AgoraError that ends it."""
        while True:
            with contextlib.suppress(TimeoutError):
                # A third of the lease leaves time for two failed renewals before it expires.
                await asyncio.wait_for(self._due.wait(), self.seconds / 3)
            self._due.clear()
            await self.renew()

    def renew_soon(self) -> None:
        """Renew now, since the task may have changed."""
        self._due.set()

    async def renew(self, **options: Any) -> Renewal:
        """Extend the lease; options are those of ``agora.task.renew``. Raises StaleLease once it is lost."""
        try:
            renewal: Renewal = await self.call_until_answered("renew", **options)
        except (IllegalTransition, NotFound) as error:  # the task has ended, or has been deleted
            raise self._mark_lost(error) from error
        return renewal

    async def checkpoint(self, checkpoint: JsonObject) -> Renewal:
        """Extend the lease and store a checkpoint."""
        return await self.renew(checkpoint=checkpoint, checkpoint_number=self.take_checkpoint_number())

    def take_checkpoint_number(self) -> int:
        """Return the number of the next checkpoint."""
        self._checkpoints += 1
        # The fencing token grows with every claim, so the numbers grow over all attempts and a late write is recognised.
        return self.token * CHECKPOINTS_PER_CLAIM + self._checkpoints

    async def call_until_answered(self, action: str, *arguments: Any, **options: Any) -> Any:
        """Call an operation on the task until it is answered or refused; raises the refusal.

        The server recognises repetitions, so that the effect occurs once.
        """
        if self.lost is not None:
            raise self.lost
        # One key for all attempts of repeat_until_answered(): that of the session covers the retries of one attempt only.
        # renew is idempotent and needs none.
        key = None if action == "renew" else os.urandom(16).hex()
        operation = getattr(self._client.with_options(idempotency_key=key).task, action)
        return await self.repeat_until_answered(
            lambda: operation(self.task_id, *arguments, fencing_token=self.token, **options)
        )

    async def repeat_until_answered(self, attempt_call: Callable[[], Awaitable[T]]) -> T:
        """Make a call under the lease until it is answered or refused. The server must recognise repetitions of the
        call."""
        if self.lost is not None:
            raise self.lost
        attempt = 0
        while True:
            try:
                return await attempt_call()
            except StaleLease as error:
                raise self._mark_lost(error) from None
            except AgoraError as error:
                # 500 is a defect that every attempt may meet again, so its attempts are limited; outages are waited out.
                if not is_transient(error) or (isinstance(error, InternalError) and attempt >= MAX_SERVER_ERRORS):
                    if isinstance(error, Conflict):
                        self.renew_soon()  # the next renewal shows whether the lease is lost
                    raise
                logger.info("a call for %s waits: %s", self.task_id, error)
            await asyncio.sleep(self._backoff.pause(attempt))
            attempt += 1

    def _mark_lost(self, error: AgoraError) -> AgoraError:
        self.lost = error
        # Wakes renew_periodically(), whose next renewal raises the error and so ends the handler.
        self.renew_soon()
        return error
