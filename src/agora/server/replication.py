"""Replication: several servers on one store act as one.

Each server notifies the others of its committed positions; their in-memory state then follows the log as if they had
committed it themselves. They also exchange counts of admitted calls, so that a rate limit applies across all of them.
"""

from __future__ import annotations

import asyncio
import json
import logging
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator, Sequence

from pydantic_core import from_json

from agora.core.events.remote_commits import RemoteCommits
from agora.core.rate_limits import RateLimiter
from agora.store.port import Peers, Store, StoredEvent

__all__ = ["Replication", "split_call_counts"]

log = logging.getLogger(__name__)

HELLO, HERE, LEAVING, SPENT = "hello", "here", "leaving", "spent"
ANNOUNCE_INTERVAL_SECONDS = 4.0
# One announcement may be lost, and the next one late.
PEER_TIMEOUT_SECONDS = 10.0  # without a message, after which another server counts as gone
CALL_COUNT_INTERVAL_SECONDS = 0.1
MAX_MESSAGE_BYTES = 7000  # of callers in one message, which has at most 7,900 bytes


class Replication:
    """Replication with the other servers of this store. ``others``: by origin, the time of the last message in
    seconds of the event loop. ``remote_commits``: what follows their commits."""

    def __init__(
        self,
        store: Store,
        limiter: RateLimiter,
        deliver_events: Callable[[str, Sequence[StoredEvent]], Awaitable[None]],
        on_missed_events: Callable[[str], Awaitable[None]],
        has_waiting_reader: Callable[[str], bool],
    ) -> None:
        self._peers: Peers | None = store.peers
        self._limiter = limiter
        self.remote_commits = RemoteCommits(store, deliver_events, on_missed_events, has_waiting_reader)
        self._read_tasks: set[asyncio.Task[None]] = set()
        self._presence_task: asyncio.Task[None] | None = None
        self.others: dict[str, float] = {}

    # -- lifecycle -------------------------------------------------------------------------------

    async def load_heads(self) -> None:
        """Store the head of each log before any state is loaded from it, so that later events are not missed."""
        if self._peers is not None:
            await self.remote_commits.start()

    async def start(self) -> None:
        """Join the other servers once their messages can be processed."""
        if self._peers is None:
            return
        # Before HELLO: the other servers answer it at once.
        self._peers.on_message = self._receive_message
        self._peers.send(HELLO)
        self._limiter.on_first_unannounced = self._schedule_announcement
        self._presence_task = asyncio.create_task(self._send_presence())

    async def stop(self) -> None:
        if self._peers is None:
            return
        # Without it, the others would go on notifying this server until it counts as silent.
        self._peers.send(LEAVING)
        tasks = [*self._read_tasks, *([self._presence_task] if self._presence_task is not None else [])]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await self.remote_commits.stop()

    def receive_committed_events(self, events: Sequence[StoredEvent]) -> None:
        """Receive the events that this server committed itself."""
        if self._peers is not None:
            self.remote_commits.receive_committed_events(events)

    # -- messages --------------------------------------------------------------------------------

    def _receive_message(self, origin: str, topic: str, text: str) -> None:
        match topic:
            case "news":
                tenant, head, _ = text.split(" ")
                self.remote_commits.schedule_delivery_up_to(tenant, int(head))
            case "spent":
                for tenant, subject, number in from_json(text):
                    self._limiter.add_remote_calls(tenant, subject, number)
            case "hello" | "here":
                self._read_logs_of_new_peer(origin, answer=topic == HELLO)
            # At once, not after PEER_TIMEOUT_SECONDS: for a server that stands alone, announcing commits is waste.
            case "leaving":
                self.others.pop(origin, None)
                self._update_peer_count()
            case "listening":  # this server itself has reconnected: it may have missed commits of the others
                self._send_message(HELLO)
                self._start_log_poll()

    def _read_logs_of_new_peer(self, origin: str, *, answer: bool) -> None:
        """Handle a peer's hello: it may have committed before it knew of this server, so its logs are read."""
        if answer:
            self._send_message(HERE)
        if origin not in self.others:
            log.info("another server works on this store: %s", origin)
        if answer or origin not in self.others:
            self._start_log_poll()
        self.others[origin] = asyncio.get_running_loop().time()
        self._update_peer_count()

    def _update_peer_count(self) -> None:
        assert self._peers is not None
        alone, self._peers.others = not self._peers.others, bool(self.others)
        if alone and self.others:  # earlier commits were not announced
            self._send_message(HELLO)
        # Counting for nobody would cost each call a little, and grow with every caller.
        if not self.others:
            self._limiter.unannounced_calls = None
        elif self._limiter.unannounced_calls is None:
            self._limiter.unannounced_calls = Counter()

    def _send_message(self, topic: str, text: str = "") -> None:
        assert self._peers is not None
        self._peers.send(topic, text)

    def _start_log_poll(self) -> None:
        """Read commits for which no notification arrived."""
        task = asyncio.create_task(self._poll_logs())
        self._read_tasks.add(task)
        task.add_done_callback(self._read_tasks.discard)

    async def _poll_logs(self) -> None:
        try:
            await self.remote_commits.poll_logs()
        # The next notification or poll reads the same positions again.
        except Exception as error:
            log.warning("What other servers committed cannot be read now: %s", error)

    # -- periodic --------------------------------------------------------------------------------

    async def _send_presence(self) -> None:
        """Announce this server periodically, and remove servers that have gone silent."""
        while True:
            self._send_message(HERE)
            await asyncio.sleep(ANNOUNCE_INTERVAL_SECONDS)
            now = asyncio.get_running_loop().time()
            for origin in [
                each for each, last_message_at in self.others.items() if now - last_message_at > PEER_TIMEOUT_SECONDS
            ]:
                log.warning("another server has gone silent: %s", origin)
                del self.others[origin]
                self._update_peer_count()

    def _schedule_announcement(self) -> None:
        """Send the usage of callers within the next moment as one message: a server without calls sends none and
        stays idle."""
        asyncio.get_running_loop().call_later(CALL_COUNT_INTERVAL_SECONDS, self._announce_calls)

    def _announce_calls(self) -> None:
        """Send the number of admitted calls by caller."""
        call_counts = self._limiter.unannounced_calls
        if call_counts:
            # Replaced, not cleared: calls that are counted from here on belong to the next message.
            self._limiter.unannounced_calls = Counter()
            for message in split_call_counts(call_counts):
                self._send_message(SPENT, message)


def split_call_counts(call_counts: Counter[tuple[str, str]]) -> Iterator[str]:
    """Split usage into messages of limited size, whatever the length of callers' names; JSON in ASCII."""
    messages: list[str] = []
    size = 0
    for key, count in call_counts.most_common():
        entry = json.dumps([*key, count])
        if len(entry) > MAX_MESSAGE_BYTES:  # a caller with such a long name is only counted locally
            continue
        if size + len(entry) > MAX_MESSAGE_BYTES:
            yield f"[{','.join(messages)}]"
            messages, size = [], 0
        messages.append(entry)
        size += len(entry) + 1
    if messages:
        yield f"[{','.join(messages)}]"
