"""Fair scheduling of callers on the event loop and in queues.

:class:`FairQueue` is round robin over owners: the items of one owner never delay all items of others.

:class:`LoopScheduler` schedules calls on the loop by weighted fair queueing of CPU time, like an operating system's
scheduler: each owner has a virtual time that advances by the CPU time of its calls, and the waiting owner with the
least virtual time goes next. An owner that is not ahead does not wait, so an idle server only adds a comparison. Owners
may be members of a group with its own virtual time: a member's position is the later one of its own and the group's.
"""

from __future__ import annotations

import asyncio
import heapq
import time
from collections import OrderedDict, deque
from collections.abc import Callable, Coroutine, Generator, Iterator
from itertools import count
from typing import Any, Final, Generic, TypeVar

from agora_sdk.errors import Overloaded

__all__ = ["FairQueue", "LoopScheduler", "MeteredCoroutine", "Owner", "Share", "StepClock"]

T = TypeVar("T")

Owner = tuple[str, str]  #: tenant, and the caller or its registrar

SLICE_SECONDS: Final = 0.004  # of turns in one iteration of the loop, before it polls its sockets again
LONE_SLICE_SECONDS: Final = 0.03  # the same for a lone owner, so that more of its calls share a commit
OVERHEAD_SECONDS: Final = 0.0002  # per turn, for the unmeasured work of protocols and sockets
MAX_REST_SECONDS: Final = 0.05
QUIET_SECONDS: Final = 0.25  # without a call that need not wait, after which no rest is inserted
LONE_AFTER_SECONDS: Final = 2.0  # without a call of another owner
FIRST_ESTIMATE_SECONDS: Final = 0.0005
MAX_WAITING_CALLS: Final = 2_000  # calls of one owner that wait for their turn
MAX_REMEMBERED_OWNERS: Final = 10_000  # owners
SHORT_STEP_SECONDS: Final = 0.0005  # up to which a step is measured by the monotonic clock
STALE_READING_SECONDS: Final = 0.01  # after which the processor clock is read again before a step


class FairQueue(Generic[T]):
    """A queue: first in, first out per owner, round robin over owners; items without an owner come first.

    An owner may fill half of the free room, so that one owner cannot leave no room for others.
    """

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self._urgent: deque[T] = deque()
        self._lanes: OrderedDict[Owner, deque[T]] = OrderedDict()
        self._size = 0

    def __len__(self) -> int:
        return self._size

    def has_room(self, owner: Owner | None) -> bool:
        """Whether one more item of an owner may be queued."""
        free = self.limit - self._size
        share = self._lanes.get(owner) if owner is not None else None
        return free > 0 if share is None else len(share) < free

    def push_item(self, owner: Owner | None, item: T) -> None:
        """Queue an item; the caller has checked :meth:`has_room`."""
        self._size += 1
        if owner is None:
            self._urgent.append(item)
        elif (share := self._lanes.get(owner)) is not None:
            share.append(item)
        else:
            self._lanes[owner] = deque((item,))

    def pop_item(self) -> T:
        """Take the next item. Raises KeyError when there is none."""
        if self._urgent:
            self._size -= 1
            return self._urgent.popleft()
        owner = next(iter(self._lanes), None)
        if owner is None:
            raise KeyError("the queue is empty")
        share = self._lanes[owner]
        self._size -= 1
        item = share.popleft()
        if not share:
            del self._lanes[owner]
        elif len(self._lanes) > 1:
            self._lanes.move_to_end(owner)
        return item

    def restore_item(self, owner: Owner | None, item: T) -> None:
        """Put a taken item back to the front: it is the next one again."""
        self._size += 1
        if owner is None:
            self._urgent.appendleft(item)
            return
        self._lanes.setdefault(owner, deque()).appendleft(item)
        self._lanes.move_to_end(owner, last=False)

    def __iter__(self) -> Iterator[T]:
        """Items in the order in which they would be taken."""
        yield from self._urgent
        turns = deque(map(iter, self._lanes.values()))
        while turns:
            share = turns.popleft()
            for item in share:
                yield item
                turns.append(share)
                break


class Share:
    """The share of an owner or a group in the event loop.

    virtual: its virtual time in seconds. weight: its CPU time relative to other owners. waiting: waiting calls of an
    owner. members: waiting members of a group, by virtual time, which may be out of date.
    """

    __slots__ = ("estimate", "group", "members", "place", "virtual", "waiting", "weight")

    def __init__(self, virtual: float, weight: float, group: Share | None = None) -> None:
        self.virtual, self.weight, self.group = virtual, weight, group
        self.members: list[tuple[float, int, Share]] = []
        self.place: int | None = None  # order number of its current entry in the heap
        self.estimate = FIRST_ESTIMATE_SECONDS  # of CPU time of its next turn
        self.waiting: deque[asyncio.Future[None]] = deque()

    @property
    def position(self) -> float:
        """The virtual time that orders the turns: of an owner, or of a group's member with the least virtual time."""
        members = self.members
        if not members:
            return self.virtual if self.group is None else max(self.virtual, self.group.virtual)
        while members[0][0] < members[0][2].virtual:
            _, order, member = members[0]
            heapq.heapreplace(members, (member.virtual, order, member))
        return max(self.virtual, members[0][0])

    def add_time(self, seconds: float, start: float) -> None:
        """Add time used. start: the least virtual time that it is added to."""
        virtual = self.virtual
        self.virtual = (virtual if virtual > start else start) + seconds / self.weight
        if self.group is not None:
            self.group.add_time(seconds, start)


class StepClock:
    """Seconds of processor time that steps of one thread use, without a system call for each.

    The thread's processor clock is a system call of one to three microseconds; the monotonic clock costs a tenth of it,
    but also counts while the thread is preempted. So a short step is measured by the monotonic clock, and a longer one
    counts at most the processor time since the last reading, at most STALE_READING_SECONDS before the step.
    """

    __slots__ = ("_monotonic", "_processor", "_read_at", "_thread_time")

    def __init__(
        self, monotonic: Callable[[], float] = time.perf_counter, thread_time: Callable[[], float] = time.thread_time
    ) -> None:
        self._monotonic, self._thread_time = monotonic, thread_time
        self._processor, self._read_at = thread_time(), monotonic()

    def begin_step(self) -> float:
        """The time at which a step begins, for :meth:`measure_step`."""
        now = self._monotonic()
        if now - self._read_at > STALE_READING_SECONDS:
            self._processor, self._read_at = self._thread_time(), now
        return now

    def measure_step(self, began: float) -> float:
        """Seconds of processor time that a step has used."""
        elapsed = self._monotonic() - began
        if elapsed <= SHORT_STEP_SECONDS:
            return elapsed
        return min(elapsed, self._thread_time() - self._processor)


class LoopScheduler:
    """Scheduler of turns on the event loop. Not thread-safe."""

    def __init__(self) -> None:
        self.clock = StepClock()
        self._virtual = 0.0  # the virtual time of the owner that ran last
        self._shares: dict[Owner, Share] = {}
        # Waiting owners and groups by position, which may be out of date; entries whose number is not their ``place``
        # are stale.
        self._heap: list[tuple[float, int, Share]] = []
        self._order = count()
        self._used_seconds = 0.0  # seconds used since turns were last granted
        self._recent: Share | None = None  # owner of the latest call
        self._has_several_owners = False  # whether several owners began calls since turns were last granted
        self._slice_seconds = LONE_SLICE_SECONDS  # that an owner may be ahead, and that are granted at once
        self._has_passed = False  # whether any call proceeded without waiting since then
        self._rest_until = 0.0
        self._alone_after = 0.0  # time from which a single owner counts as alone
        self._is_granting_turns = False
        self._is_advance_scheduled = False  # whether ``_virtual`` follows a lone owner after this iteration

    def get_or_create_share(self, owner: Owner, weight: float = 1.0, group: Share | None = None) -> Share:
        """The share of an owner, or of a group."""
        share = self._shares.get(owner)
        if share is None:
            if len(self._shares) >= MAX_REMEMBERED_OWNERS:
                self._forget_idle()
            share = self._shares[owner] = Share(self._virtual, weight, group)
        return share

    def try_begin_turn(self, share: Share) -> bool:
        """Whether a call may continue without waiting; else it awaits :meth:`wait_for_turn`."""
        position = share.virtual if share.group is None else share.position
        if share.waiting or position > self._virtual + self._slice_seconds:
            return False
        self._begin_turn(share)
        self._has_passed = True
        if not self._is_advance_scheduled and self._slice_seconds == LONE_SLICE_SECONDS:
            self._is_advance_scheduled = True
            asyncio.get_running_loop().call_soon(self._follow_lone_owner, share)
        return True

    async def wait_for_turn(self, share: Share, *, is_woken: bool = False) -> None:
        """Wait for a turn. Raises Overloaded when too many calls of the owner wait already.

        is_woken: whether the call has waited for an event. It is not refused: its command may be committed, and its
        caller would repeat it.
        """
        if not is_woken and len(share.waiting) >= MAX_WAITING_CALLS:
            raise Overloaded(
                f"{MAX_WAITING_CALLS} of your calls wait for their turn.", fix="Wait for answers first.", retry_after=1
            )
        loop = asyncio.get_running_loop()
        if not share.waiting:
            self._enqueue_waiter(share)
        future: asyncio.Future[None] = loop.create_future()
        share.waiting.append(future)
        if not self._is_granting_turns:
            self._is_granting_turns = True
            loop.call_soon(self._grant_turns)
        await future

    def charge_time(self, share: Share, seconds: float) -> None:
        """Count processor time that a call of an owner has used."""
        share.estimate += (seconds - share.estimate) / 4
        share.add_time(seconds, self._virtual)
        self._used_seconds += seconds

    def _enqueue_waiter(self, share: Share) -> None:
        """Let an owner wait, as a member of its group if it has one."""
        waiter = share
        if share.group is not None:
            waiter = share.group
            heapq.heappush(waiter.members, (share.virtual, next(self._order), share))
            if waiter.place is not None and waiter.members[0][2] is not share:
                return
        waiter.place = next(self._order)
        heapq.heappush(self._heap, (waiter.position, waiter.place, waiter))

    def _pop_next_waiter(self) -> tuple[float, Share, asyncio.Future[None]] | None:
        """Position, share and call of the next turn; None if the entry was stale."""
        heap = self._heap
        position, slot, waiter = heap[0]
        if slot != waiter.place:
            heapq.heappop(heap)
            return None
        if position < waiter.position:
            heapq.heapreplace(heap, (waiter.position, slot, waiter))
            return None
        share = waiter.members[0][2] if waiter.members else waiter
        future = share.waiting.popleft()
        if not share.waiting:
            if waiter.members:
                heapq.heappop(waiter.members)
            if not waiter.members:
                heapq.heappop(heap)
                waiter.place = None
        return position, share, future

    def _begin_turn(self, share: Share) -> None:
        share.add_time(OVERHEAD_SECONDS, self._virtual)
        if share is not self._recent:
            if self._recent is not None:
                self._has_several_owners, self._slice_seconds = True, SLICE_SECONDS
            self._recent = share

    def _follow_lone_owner(self, share: Share) -> None:
        """Advance to the virtual time of the only owner, so that it has a whole slice again in the next iteration.

        Otherwise it would always be ahead, and most of its calls would wait although no other owner needs a turn.
        """
        self._is_advance_scheduled = False
        if self._slice_seconds == LONE_SLICE_SECONDS and not self._heap:
            self._virtual = max(self._virtual, share.position)

    def _grant_turns(self) -> None:
        """Grant turns to the callers that have used least, for about one slice; then schedule the next round."""
        now = time.monotonic()
        if self._has_several_owners:
            self._alone_after = now + LONE_AFTER_SECONDS
        if self._has_passed:
            self._rest_until = now + QUIET_SECONDS
        is_lone = now >= self._alone_after
        self._slice_seconds = LONE_SLICE_SECONDS if is_lone else SLICE_SECONDS
        overrun = self._used_seconds - SLICE_SECONDS
        self._used_seconds, self._has_several_owners, self._has_passed = 0.0, False, False
        loop = asyncio.get_running_loop()
        if (
            overrun > 0 and not is_lone and now < self._rest_until
        ):  # after long turns, leave as much time to running calls of others
            loop.call_later(min(overrun, MAX_REST_SECONDS), self._grant_turns)
            return
        heap, planned = self._heap, self._slice_seconds
        while heap and planned > 0:
            if (turn := self._pop_next_waiter()) is not None:
                position, share, future = turn
                if not future.done():
                    self._virtual = max(self._virtual, position)
                    self._begin_turn(share)
                    future.set_result(None)
                    planned -= share.estimate + OVERHEAD_SECONDS
        if heap:
            loop.call_soon(self._grant_turns)
        else:
            self._is_granting_turns = False

    def _forget_idle(self) -> None:
        """Drop shares that are equal to a new one; a group stays as long as one of its members."""
        active = {
            owner: share for owner, share in self._shares.items() if share.waiting or share.virtual > self._virtual
        }
        groups = {share.group for share in active.values()}
        self._shares = {owner: share for owner, share in self._shares.items() if owner in active or share in groups}


class MeteredCoroutine(Coroutine[Any, Any, T]):
    """A coroutine that reports its processor time on this thread after each step."""

    __slots__ = ("_charge", "_clock", "_work")

    def __init__(self, work: Coroutine[Any, Any, T], charge: Callable[[float], None], clock: StepClock) -> None:
        self._work, self._charge, self._clock = work, charge, clock

    def __await__(self) -> Generator[Any, Any, T]:
        return self  # awaiting needs only an iterator with ``send`` and ``throw``

    def __iter__(self) -> MeteredCoroutine[T]:
        return self

    def __next__(self) -> Any:
        return self.send(None)

    def send(self, value: Any) -> Any:
        started_at = self._clock.begin_step()
        try:
            return self._work.send(value)
        finally:
            self._charge(self._clock.measure_step(started_at))

    def throw(self, *error: Any) -> Any:
        started_at = self._clock.begin_step()
        try:
            return self._work.throw(*error)
        finally:
            self._charge(self._clock.measure_step(started_at))

    def close(self) -> None:
        self._work.close()
