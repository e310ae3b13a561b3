"""Listeners: a handler that is called for the events of another agent."""

from __future__ import annotations

import asyncio
import inspect
import itertools
import logging
import threading
from collections.abc import Callable, Generator
from typing import TYPE_CHECKING, Any, Self, TypeAlias

from .backoff import Backoff
from .contract.agents import Agents
from .contract.results import Result
from .errors import AgoraError, InvalidRequest, NotFound
from .events import open_event_stream
from .retry import is_transient
from .transport import BlockingTransport, run_blocking

if TYPE_CHECKING:
    from .contract.events import Event
    from .session import Session
    from .transport import AsyncTransport

__all__ = ["Handler", "Listener", "Unsubscribed", "close_listeners", "start_listener"]

logger = logging.getLogger("agora_sdk")

Handler: TypeAlias = Callable[[str, Any], Any]

AGENT_SOURCE_PREFIX = "/agora/agents/"
MAX_MATCHES = 10_000


class Unsubscribed(Result):
    """Number of ended listeners."""

    ended: int


class Listener:
    """Calls ``handler(event_type, data)`` for the events of one agent, until it is closed.

    The agent is identified by its name or id; it may register later, or again. An error of the handler is
    logged, and the next event follows.
    """

    def __init__(self, session: Session, agent_name: str, event_type: str, handler: Handler) -> None:
        self.agent_name, self.event_type, self.handler = agent_name, event_type, handler
        self._session = session
        self._stream = open_event_stream(session, [event_type], skips_gaps=True)
        self._matches: dict[str, bool] = {}
        self._backoff = Backoff()
        self._task: asyncio.Task[None] | None = None

    def __await__(self) -> Generator[Any, None, Self]:
        return self
        # Unreachable; it makes the method a generator, so that a connected listener can be awaited as well.
        yield

    def __repr__(self) -> str:
        return f"<Listener to {self.event_type} of {self.agent_name}>"

    def start(self, io: BlockingTransport | AsyncTransport) -> None:
        """Start in a thread or in a task of the running loop."""
        if isinstance(io, BlockingTransport):
            work = self._handle_events(io)
            # A daemon thread: one that waits on a silent stream must not keep the program from exiting.
            threading.Thread(target=run_blocking, args=(work,), name=repr(self), daemon=True).start()
        else:
            self._task = asyncio.get_running_loop().create_task(self._handle_events(io), name=repr(self))

    async def connect(self, io: BlockingTransport | AsyncTransport) -> None:
        """Return when the server has opened the stream: no later event is missed."""
        await self._stream.tail(io).open()

    def close(self) -> None:
        """Stop; a running handler may finish."""
        if self in self._session.listeners:
            self._session.listeners.remove(self)
        self._stream.close()
        if self._task is not None and not self._task.done():
            # close() may be called in another thread than that of the loop.
            self._task.get_loop().call_soon_threadsafe(self._task.cancel)

    async def _handle_events(self, io: BlockingTransport | AsyncTransport) -> None:
        try:
            while (event := await self._next_event(io)) is not None:
                await self._call_handler(event)
        except AgoraError:
            logger.exception("%r has ended", self)
        finally:
            await self._stream.tail(io).close()

    async def _next_event(self, io: BlockingTransport | AsyncTransport) -> Event | None:
        """Return the next event of the agent; None once closed."""
        tail = self._stream.tail(io)
        while (frame := await tail.receive()) is not None:
            event = self._stream.parse(frame)
            if await self._is_about_agent(io, event):
                return event
        return None

    async def _is_about_agent(self, io: BlockingTransport | AsyncTransport, event: Event) -> bool:
        """Whether the agent published the event, or the event is about it."""
        for agent_id in {event.source.removeprefix(AGENT_SOURCE_PREFIX), event.subject or ""} - {""}:
            if agent_id not in self._matches:
                # All at once: an entry is cheap to find again, and a listener may run for months.
                if len(self._matches) >= MAX_MATCHES:
                    self._matches.clear()
                self._matches[agent_id] = await self._is_id_of_agent(io, agent_id)
            if self._matches[agent_id]:
                return True
        return False

    async def _is_id_of_agent(self, io: BlockingTransport | AsyncTransport, agent_id: str) -> bool:
        if agent_id == self.agent_name:
            return True
        # A source or subject may be anything, such as a task: it costs no request.
        if not agent_id.startswith("agent_"):
            return False
        for attempt in itertools.count():
            try:
                agent = await self._session.bind_and_call(io, Agents.operations["get"], agent_id)
                return bool(agent.agent_name == self.agent_name)
            except NotFound:
                break
            except AgoraError as error:
                # Like the stream, the look-up outlasts an outage of the server.
                if not is_transient(error):
                    raise
                if self not in self._session.listeners:  # closed
                    break
                logger.warning("%r cannot look up %s for the moment: %s", self, agent_id, error)
                await io.pause(self._backoff.pause(attempt))
        return False

    async def _call_handler(self, event: Event) -> None:
        try:
            outcome = self.handler(event.type, event.data)
            if inspect.isawaitable(outcome):
                await outcome
        except Exception:
            logger.exception("%r: the handler failed", self)


async def start_listener(
    io: BlockingTransport | AsyncTransport, session: Session, agent_name: str, event_type: str, handler: Handler
) -> Listener:
    """Create a listener that is already connected."""
    if isinstance(io, BlockingTransport) and inspect.iscoroutinefunction(handler):
        raise InvalidRequest(
            "The handler is a coroutine function, and there is no event loop to run it.",
            fix="Give a plain function, or subscribe from asynchronous code.",
        )
    listener = Listener(session, agent_name, event_type, handler)
    await listener.connect(io)
    session.listeners.append(listener)
    listener.start(io)
    return listener


def close_listeners(session: Session, agent_name: str, event_type: str, handler: Handler | None) -> Unsubscribed:
    """Close the matching listeners."""
    listeners = [
        listener
        for listener in session.listeners
        if (listener.agent_name, listener.event_type) == (agent_name, event_type)
        and handler in (None, listener.handler)
    ]
    for listener in listeners:
        listener.close()
    return Unsubscribed(ended=len(listeners))
