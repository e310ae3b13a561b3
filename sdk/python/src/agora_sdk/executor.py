"""The executor of a running agent: it claims tasks and runs their handlers."""

from __future__ import annotations

import asyncio
import logging
import os
from collections.abc import Awaitable, Callable, Mapping
from typing import TYPE_CHECKING, Any

from .backoff import Backoff
from .errors import AgoraError, InvalidRequest, StaleLease
from .inbox import RETRY_LATER
from .lease import Lease
from .retry import is_transient
from .taskrun import InputRequired, PermanentFailure, Postponed, Rejected, TaskRun

if TYPE_CHECKING:
    from .client import AgoraClient
    from .contract.tasks import Claim, ClaimedTask

__all__ = ["Executor"]

logger = logging.getLogger("agora_sdk")

#: Seconds that a claim waits for a task: intermediaries may cut off longer calls.
CLAIM_WAIT_SECONDS = 25.0
#: Seconds: an empty answer that comes sooner means that the server does not wait, as during its shutdown.
EARLY_RETURN_SECONDS = 1.0
#: Seconds allowed for releasing tasks when the agent stops.
RELEASE_SECONDS = 5.0
MAX_DELAY_SECONDS = 86_400.0  #: longest delay of a release
MAX_ERROR_CHARACTERS = 4000  #: most characters of an error's text


class Executor:
    """Passes each claimed task to a handler, up to a limit of concurrent ones, and reports the outcomes.

    A task is claimed only for a free slot, by a call that waits on the server for a task. While its
    handler runs, its lease is renewed; a handler whose lease was lost is cancelled.
    handle: awaited with the task; returns its result. claim_arguments: further arguments of ``agora.task.claim``.
    wake: set whenever a task may be available; then claims do not wait on the server. None without such notifications.
    """

    def __init__(
        self,
        client: AgoraClient,
        max_concurrent: int,
        handle: Callable[[TaskRun], Awaitable[Any]],
        claim_arguments: Mapping[str, Any],
        backoff: Backoff,
        wake: asyncio.Event | None = None,
    ) -> None:
        self._client, self._handle, self._claim_arguments = client, handle, claim_arguments
        self._max_concurrent, self._backoff = max_concurrent, backoff
        self._wake = wake
        self._slot_event = asyncio.Event()
        self._slot_event.set()
        self._leases: dict[str, Lease] = {}
        self._handlers: set[asyncio.Task[Any]] = set()
        self._handler_tasks: set[asyncio.Task[None]] = set()
        self._open_claim: tuple[str, int] | None = None  #: key and limit of an unanswered claim

    @property
    def load(self) -> float:
        """Share of the slots in use, 0 to 1."""
        return len(self._handler_tasks) / self._max_concurrent

    def renew_lease_soon(self, task_id: str | None) -> None:
        """Check the lease of a task after an event, if the task is held here."""
        if lease := self._leases.get(task_id or ""):
            lease.renew_soon()

    async def run(self) -> None:
        """Work until cancelled."""
        clock = asyncio.get_running_loop().time
        while True:
            await self._slot_event.wait()
            started_at = clock()
            if self._wake is not None:
                self._wake.clear()  # before the claim: what becomes available during it is claimed by the next one
            claim = await self._claim_tasks(self._max_concurrent - len(self._handler_tasks))
            for task in claim.tasks:
                self._start_task(task)
            if not claim and self._wake is not None:
                await self._wake.wait()
            elif not claim and clock() - started_at < EARLY_RETURN_SECONDS:
                await asyncio.sleep(self._backoff.pause(0))

    async def finish(self, seconds: float) -> None:
        """Let running handlers finish; those that take longer are cancelled, and their tasks released."""
        await self._release_open_claim()
        if not self._handler_tasks:
            return
        await asyncio.wait(self._handler_tasks, timeout=seconds)
        # Only the handlers: the work around each of them then releases its task.
        for handler in self._handlers:
            handler.cancel()
        if self._handler_tasks:
            await asyncio.wait(self._handler_tasks, timeout=RELEASE_SECONDS)
        overdue = tuple(self._handler_tasks)
        for work in overdue:
            work.cancel()
        await asyncio.gather(*overdue, return_exceptions=True)

    async def _claim_tasks(self, limit: int) -> Claim:
        """Claim until answered: all attempts use one key, so that tasks of a lost answer are returned again."""
        # Without the key a lost answer would leave its tasks leased to us, unknown, until their leases expire.
        key = os.urandom(16).hex()
        client = self._client.with_options(idempotency_key=key)
        wait = CLAIM_WAIT_SECONDS if self._wake is None else 0
        attempt = 0
        self._open_claim = key, limit
        while True:
            try:
                claim = await client.task.claim(limit, wait, **self._claim_arguments)
            except AgoraError as error:
                if not is_transient(error):
                    # A refused claim has leased nothing.
                    self._open_claim = None
                    raise
                logger.warning("No task can be claimed for the moment: %s", error)
            else:
                self._open_claim = None
                return claim
            await asyncio.sleep(self._backoff.pause(attempt))
            attempt += 1

    async def _release_open_claim(self) -> None:
        """Release the tasks of a cancelled claim: the server may have answered during the stop."""
        if self._open_claim is None:
            return
        (key, limit), self._open_claim = self._open_claim, None
        client = self._client.with_options(idempotency_key=key)
        try:
            async with asyncio.timeout(RELEASE_SECONDS):
                # The same key: the server returns the tasks that the unanswered claim leased.
                claim = await client.task.claim(limit, 0, **self._claim_arguments)
                for task in claim.tasks:
                    await Lease(self._client, task, self._backoff).call_until_answered(
                        "release", reason="The agent stopped."
                    )
        except (AgoraError, TimeoutError) as error:
            logger.warning("Whether the last claim leased a task is unknown; its lease would expire: %s", error)

    def _start_task(self, task: ClaimedTask) -> None:
        lease = Lease(self._client, task, self._backoff)
        self._leases[task.task_id] = lease
        work = asyncio.create_task(
            self._run_handler_and_report_outcome(TaskRun.of(task, lease), lease), name=f"work on {task.task_id}"
        )
        self._handler_tasks.add(work)
        work.add_done_callback(lambda done: self._release_slot(done, lease))
        if len(self._handler_tasks) >= self._max_concurrent:
            self._slot_event.clear()

    def _release_slot(self, work: asyncio.Task[None], lease: Lease) -> None:
        self._handler_tasks.discard(work)
        # The task may have been claimed again meanwhile, under another lease.
        if self._leases.get(lease.task_id) is lease:
            del self._leases[lease.task_id]
        self._slot_event.set()

    async def _run_handler_and_report_outcome(self, run: TaskRun, lease: Lease) -> None:
        handler: asyncio.Task[Any] = asyncio.ensure_future(self._handle(run))
        renewal = asyncio.create_task(lease.renew_periodically())
        self._handlers.add(handler)
        try:
            # Whichever ends first: when the renewal ends, the lease is lost and the handler must not write any more.
            await asyncio.wait((handler, renewal), return_when=asyncio.FIRST_COMPLETED)
            if renewal.done():
                renewal.result()
            if lease.lost is not None:
                raise lease.lost
            await self._report_outcome(handler, run, lease)
        except StaleLease as lost:
            logger.warning("The lease on task %s was lost: %s", run.task_id, lost)
        except AgoraError as error:
            logger.error("The outcome of task %s could not be reported: %s", run.task_id, error)
        finally:
            self._handlers.discard(handler)
            for part in (handler, renewal):
                part.cancel()
            await asyncio.gather(handler, renewal, return_exceptions=True)

    async def _report_outcome(self, handler: asyncio.Task[Any], run: TaskRun, lease: Lease) -> None:
        """Report the handler's outcome; raises the AgoraError of a refusal."""
        try:
            result = handler.result()
        except asyncio.CancelledError as error:
            if handler.cancelling():
                await lease.call_until_answered("release", reason="The agent stopped.")
                return
            # Raised by the handler itself, for example by awaiting a task that was cancelled. Without a delay the task would
            # be claimed and released in an endless loop, since a release does not count as an attempt.
            logger.error("The handler of task %s ended as cancelled", lease.task_id, exc_info=error)
            await lease.call_until_answered(
                "release", reason="The handler ended as cancelled.", delay=self._backoff.most
            )
        except RETRY_LATER as error:
            logger.warning("Task %s is postponed: %s", lease.task_id, error)
            await lease.call_until_answered("release", reason=_format_error_text(error), delay=self._backoff.most)
        except InputRequired as question:
            status = "auth_required" if question.auth else "input_required"
            await lease.call_until_answered("message", parts=question.parts, status=status, metadata=question.metadata)
        except Postponed as postponed:
            await lease.call_until_answered(
                "release", reason=postponed.reason, delay=min(postponed.seconds, MAX_DELAY_SECONDS)
            )
        except Rejected as error:
            await lease.call_until_answered("update", status="rejected", notes=_format_error_text(error))
        except PermanentFailure as error:
            await lease.call_until_answered("fail", _format_error_text(error), retry=False)
        except Exception as error:
            logger.error("Task %s failed", lease.task_id, exc_info=error)
            if not run.answered:
                await lease.call_until_answered("fail", _format_error_text(error))
        else:
            if not run.answered:
                await self._complete_or_fail_task(lease, result)

    async def _complete_or_fail_task(self, lease: Lease, result: Any) -> None:
        try:
            await lease.call_until_answered("complete", result)
        # Without a retry: another attempt would repeat the work for a result that cannot be stored.
        except InvalidRequest as error:
            logger.error("The result of task %s cannot be stored: %s", lease.task_id, error)
            await lease.call_until_answered("fail", _format_error_text(error), retry=False)


def _format_error_text(error: Exception) -> str:
    """Format an error for storage: its class and text, without characters that the wire format refuses."""
    text = str(error) if isinstance(error, PermanentFailure | Rejected) else f"{type(error).__name__}: {error}"
    storable = text.replace("\x00", "").encode("utf-8", "replace").decode()
    return storable[:MAX_ERROR_CHARACTERS] or type(error).__name__
