"""Agents: the base class of programs on the marketplace."""

from __future__ import annotations

import asyncio
import contextlib
import inspect
import logging
import signal
import sys
import threading
from collections.abc import Mapping, Sequence
from importlib import import_module
from typing import TYPE_CHECKING, Any, ClassVar, Literal, Self

from . import message_processing
from .backoff import Backoff
from .client import AgoraClient
from .contract.agents import Agents
from .contract.fields import AgentStatus
from .errors import AgoraError, InvalidRequest
from .events import follow_task_offers, open_event_stream
from .executor import Executor
from .inbox import Inbox
from .message import Message as MultipartMessage
from .retry import is_transient
from .taskrun import MESSAGE_TASK

if TYPE_CHECKING:
    from pydantic import JsonValue

    from .contract.agents import Registration
    from .contract.events import Event, EventReceipt
    from .contract.fields import BusyPolicy
    from .contract.messaging import Message, MessageReceipt
    from .listener import Handler, Listener, Unsubscribed
    from .taskrun import TaskRun

__all__ = ["Agent", "run", "stop_on_signals"]

logger = logging.getLogger("agora_sdk")

MESSAGE_EVENTS = ["agora.message.received", "agora.broadcast.sent"]
#: events after which another worker may have the task
TASK_LOST_EVENTS = ["agora.task.cancelled", "agora.task.reassigned", "agora.task.requeued", "agora.task.failed",
         "agora.task.expired", "agora.task.dead_lettered"]  # fmt: skip
HOOKS = ("initialize", "process_message", "on_reply", "on_message", "on_task", "on_event", "on_error", "on_start",
         "on_stop")  # fmt: skip
WORKER_UPDATED = "agora.worker.updated"
ERROR_STATUS = "error"  #: type of the event about a message whose handler failed


class Agent:
    """An agent: subclass it, declare its capabilities, handle messages, execute tasks.

    ::

        class Echo(Agent):
            capabilities = ["echo"]

            async def on_message(self, message):
                await self.reply(message, message.content)

            async def on_task(self, task):
                return {"echo": task.payload}

        if __name__ == "__main__":
            Echo.run()

    An agent that only answers defines :meth:`process_message` instead, which serves every protocol::

        class Echo(Agent):
            async def process_message(self, message):
                return Message(parts=[Part(type="text", content=message.text)])

    Over A2A its answer is the result of a task. With ``answers_with = "message"`` it is a Message, if it is the agent's
    first output; work that takes long or asks for input is a task in any case. In :meth:`on_task` such an answer is
    :meth:`agora_sdk.taskrun.TaskRun.answer`.

    The class attributes are the arguments of ``agora.agent.register``; ``name`` is the class's name unless
    given. ``events`` are the types of events passed to :meth:`on_event`. Up to ``max_concurrent_tasks`` messages are
    handled concurrently, each at least once: after a crash a handler may see a message again. A handler that fails is
    tried three times; then its message stays in the inbox as read, and events of type ``error`` give the reason.

    A class that defines :meth:`on_task` claims tasks: those assigned to it, for one of its capabilities, or for
    anyone; only
    of the types in ``task_types``, if given, and only those that require one of ``models`` or none. Up to
    ``max_concurrent_tasks`` tasks run concurrently, in addition to messages. Several processes may run the same
    agent: each
    claims tasks separately. ``worker`` names this process; tasks can be assigned to it as ``worker:ID``.
    A task returns to the queue if its agent does not renew the lease for ``lease_seconds``.

    ``busy`` decides about a task in a context where an earlier task of the same requester is running: it waits
    (``enqueue``, the default), is rejected (``reject``), replaces the earlier one, whose handler is cancelled (``interrupt``;
    ``rollback`` also removes it from the conversation), or runs concurrently (``concurrent``).
    """

    name: str = ""
    description: str = ""
    capabilities: Sequence[str] = ()
    service_tier: str = "basic"
    category: str = ""
    tags: Sequence[str] = ()
    visibility: str = "public"
    endpoints: Mapping[str, str] = {}
    metadata: Mapping[str, Any] = {}
    answers_with: Literal["task", "message"] = "task"
    max_concurrent_tasks: int = 1
    busy: BusyPolicy | None = None
    proficiency_level: int | None = None
    alias: str | None = None

    task_types: Sequence[str] = ()
    models: Sequence[str] = ()
    takes_unassigned: bool = True  #: whether it also claims unassigned tasks without requirements
    lease_seconds: int = 60
    worker: str | None = None
    provider_account: str | None = None
    worker_metadata: Mapping[str, Any] = {}
    follows_offers: ClassVar[bool] = False  #: claim when the server announces a task; needs ``worker``

    events: Sequence[str] = ()
    backoff: ClassVar[Backoff] = Backoff(first=0.5)  #: pauses between attempts
    heartbeat_seconds: ClassVar[float] = 30.0
    stop_seconds: ClassVar[float] = 10.0  #: how long handlers may take to end when the agent stops

    def __init__(
        self,
        name: str | None = None,
        description: str | None = None,
        *,
        client: AgoraClient | None = None,
        url: str | None = None,
        message_broker: AgoraClient | str | None = None,
    ) -> None:
        """url: of the marketplace; also as ``message_broker``, or a connected client.

        client: to share its connections and credentials; several agents may share one.
        """
        url = url or (message_broker.url if isinstance(message_broker, AgoraClient) else message_broker)
        self.name = name or self.name or type(self).__name__
        self.description = description or self.description
        # Always awaitable, whatever the mode of a given client: every method of an agent awaits its calls.
        self.client = client.with_options(mode="async") if client else AgoraClient(url, mode="async")
        self._owns_client = client is None
        self.registration: Registration | None = None
        self.worker_id: str | None = None  #: id of this process once it is registered as ``worker``
        self._inbox: Inbox | None = None
        self._executor: Executor | None = None
        self._wake: asyncio.Event | None = None
        self._stopping = asyncio.Event()
        self._listening = asyncio.Event()
        self._serving: asyncio.Task[None] | None = None

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        for hook in HOOKS:
            if not inspect.iscoroutinefunction(getattr(cls, hook)):
                raise TypeError(f"{cls.__name__}.{hook} must be declared with 'async def'")

    # -- to be overridden ---------------------------------------------------------------------------------

    async def initialize(self, message_broker: Any = None) -> None:
        """Initialize the registered agent, for example by subscribing to events of other agents."""

    async def process_message(self, message: MultipartMessage) -> MultipartMessage | None:
        """Process a message: an A2A message, a task, or a message of the marketplace.

        The answer is returned the same way: as the task's result, or as a reply. Raise
        :class:`agora_sdk.InputRequired` to ask for input, any other exception to fail.
        """
        return None

    async def on_reply(self, message: Message) -> None:
        """Handle a reply to a message of the agent; only called if ``process_message`` is defined."""

    async def on_message(self, message: Message) -> None:
        """Handle a message. By default :meth:`process_message` answers it, if defined."""
        if not self._defines_process_message:
            # Logged and then acknowledged: raising would have the message tried three times and published as an error.
            logger.info("%s: a message from %s, and no on_message to handle it", self.name, message.from_name)
        # A reply is not answered, so that two agents do not answer each other endlessly; a broadcast is not either.
        elif message.reply_to is not None:
            await self.on_reply(message)
        elif not message.broadcast:
            await message_processing.answer_message(self.process_message, self.reply, message)

    async def on_task(self, task: TaskRun) -> Any:
        """Execute a claimed task and return its result, which is JSON.

        ``task.message`` is the requester's last message, ``task.history`` the earlier ones; ``task.payload`` is the
        original payload.
        An exception fails the attempt; it is retried while attempts are left, unless it is a
        :class:`agora_sdk.PermanentFailure`. Errors of an unreachable, overloaded or halted server postpone the
        task. A handler is cancelled when the task was cancelled or reassigned, or when the agent stops and the handler
        takes longer than ``stop_seconds``; then the task returns to the queue. By default :meth:`process_message`,
        if defined, executes tasks of the type ``a2a.message`` and of the agent's capabilities.
        """
        return await message_processing.run_task(self.process_message, self.answers_with, task)

    async def on_event(self, event: Event) -> None:
        """Handle an event of one of the types in ``events``; the next one follows when this returns."""

    async def on_start(self) -> None:
        """Called when the agent is registered and about to listen."""

    async def on_stop(self) -> None:
        """Called before the agent stops; it can still send."""

    async def on_error(self, message: Message, error: Exception, attempt: int) -> None:
        """Handle a failed handler: log the error, and publish an event of type ``error`` for the operators."""
        logger.error("%s: message %s, try %d", self.name, message.message_id, attempt, exc_info=error)
        text = f"{type(error).__name__}: {error}"[:500]
        data: dict[str, JsonValue] = {"message_id": message.message_id, "attempt": attempt, "error": text}
        await self.client.event.publish(ERROR_STATUS, data, subject=message.message_id, to=[self.agent_id])

    # -- for use in handlers ------------------------------------------------------------------------------

    @property
    def agent_id(self) -> str:
        """The agent's id, once it is registered."""
        if self.registration is None:
            raise AgoraError(f"{self.name} is not registered yet.", fix="Wait until on_start.")
        return self.registration.agent_id

    async def reply(self, message: Message, content: str, **options: Any) -> MessageReceipt:
        """Answer a message; options are those of ``agora.messaging.send``."""
        options.setdefault("correlation_id", message.correlation_id or message.message_id)
        return await self.client.messaging.send(message.from_agent, content, reply_to=message.message_id, **options)

    async def send_message_to_agent(
        self, target_agent: str, message: MultipartMessage | str, **options: Any
    ) -> MessageReceipt:
        """Send a message; options are those of ``agora.messaging.send``."""
        content, options = _build_message_content(message, options)
        return await self.client.messaging.send(target_agent, content, **options)

    async def request(self, agent_name: str, message: MultipartMessage | str, **options: Any) -> Message:
        """Send a message and wait for the reply; options are those of :meth:`AgoraClient.request`."""
        content, options = _build_message_content(message, options)
        return await self.client.request(agent_name, content, **options)

    async def publish_event(self, event_type: str, data: Any = None) -> EventReceipt:
        """Publish an event of the agent."""
        return await self.client.publish_event(event_type, data)

    async def subscribe_to_agent_events(self, agent_name: str, event_type: str, handler: Handler) -> Listener:
        """Call ``handler(event_type, data)`` for such events of another agent."""
        return await self.client.subscribe_to_agent_events(agent_name, event_type, handler)

    async def unsubscribe_from_agent_events(
        self, agent_name: str, event_type: str, handler: Handler | None = None
    ) -> Unsubscribed:
        """End such subscriptions."""
        return self.client.unsubscribe_from_agent_events(agent_name, event_type, handler)

    def _extract_text_content(self, message: MultipartMessage) -> str:
        """Extract the text of a message."""
        return message.text

    # -- lifecycle ----------------------------------------------------------------------------------------

    @classmethod
    def run(cls, *, url: str | None = None, name: str | None = None) -> None:
        """Run an agent of this class until SIGTERM or SIGINT."""
        _run_agent(cls(url=url, name=name))

    async def __aenter__(self) -> Self:
        """Run in the background until the block ends. Inside it, the agent listens."""
        self._serving = asyncio.create_task(self.serve(), name=f"agent {self.name}")
        on_listening = asyncio.create_task(self._listening.wait())
        try:
            await asyncio.wait((self._serving, on_listening), return_when=asyncio.FIRST_COMPLETED)
        except asyncio.CancelledError:
            # The block is not entered, so __aexit__ does not run: the agent would wait for its server for ever.
            self._serving.cancel()
            await asyncio.gather(self._serving, return_exceptions=True)
            raise
        finally:
            on_listening.cancel()
        # It ended before it listened: raise its error here, not when the block is left.
        if self._serving.done():
            self._serving.result()
        return self

    async def __aexit__(self, *exception: object) -> None:
        self.stop()
        if self._serving is not None:
            await self._serving

    @property
    def load(self) -> float:
        """Share of its places for messages or tasks that are taken, 0 to 1, as its heartbeats report it."""
        return max((part.load for part in (self._inbox, self._executor) if part is not None), default=0.0)

    def stop(self) -> None:
        """Request a stop: running handlers may finish."""
        self._stopping.set()

    async def serve(self) -> None:
        """Register, work until :meth:`stop`, then disconnect.

        Waits for an unreachable server. Raises AgoraErrors that waiting does not resolve, such as Unauthenticated
        when the agent was deregistered.
        """
        try:
            await self._retry_until_stopped(self._register_agent)
            if self.registration is not None:
                await self._work_until_stopped()
        finally:
            if self._owns_client:
                await self.client.aclose()

    async def _work_until_stopped(self) -> None:
        """Process messages, events and tasks until :meth:`stop`; then let the handlers finish, and disconnect."""
        self._inbox = Inbox(self.client, self.max_concurrent_tasks, self.on_message, self.on_error, self.backoff)
        self._wake = asyncio.Event() if self.follows_offers and self.worker_id is not None else None
        claim_arguments = self._build_claim_arguments()
        self._executor = Executor(
            self.client,
            self.max_concurrent_tasks,
            self._load_conversation_and_run,
            claim_arguments,
            self.backoff,
            self._wake,
        )
        try:
            await self.initialize()
            await self.on_start()
            await self._run_loops(self._inbox, self._executor)
            # Before waiting for the handlers: meanwhile the server must offer this process no more tasks.
            await self._drain_worker()
            # Handlers end before on_stop: they use what it tears down.
            await self._finish_handlers(self.stop_seconds)
            await self.on_stop()
            # Last: until on_stop has ended, the agent may still send.
            await self._report_offline()
        finally:
            # Also after an error or a cancellation: no handler outlives its agent.
            await self._finish_handlers(0)
            self.client._session.stop_listening()

    async def _register_agent(self) -> None:
        names = [name for name in Agents.operations["register"].parameters if hasattr(self, name)]
        arguments = {name: getattr(self, name) for name in names if getattr(self, name) is not None}
        if self.answers_with == "message":
            a2a_metadata = self.metadata.get("a2a")
            a2a_options = dict(a2a_metadata) if isinstance(a2a_metadata, Mapping) else {}
            arguments["metadata"] = {**self.metadata, "a2a": {**a2a_options, "answers": "message"}}
        registration = await self.client.register(self.name, **arguments)
        self.client = self.client.as_agent(registration)  # a copy, so that other uses of the client are not affected
        if self._takes_tasks and self.worker is not None:
            # A server of an earlier release does not accept an account: it is sent only if there is one.
            account: dict[str, Any] = (
                {} if self.provider_account is None else {"provider_account": self.provider_account}
            )
            worker_options: dict[str, Any] = {"metadata": dict(self.worker_metadata)} if self.worker_metadata else {}
            worker = await self.client.worker.register(
                self.worker, models=list(self.models), **worker_options, **account
            )
            self.worker_id = worker.worker_id
        self.registration = registration

    async def _load_conversation_and_run(self, task: TaskRun) -> Any:
        await message_processing.load_conversation(self.client, task)
        return await self.on_task(task)

    @property
    def _takes_tasks(self) -> bool:
        return type(self).on_task is not Agent.on_task or self._defines_process_message

    @property
    def _defines_process_message(self) -> bool:
        return type(self).process_message is not Agent.process_message

    def _build_claim_arguments(self) -> dict[str, Any]:
        """Build the arguments of every claim."""
        types = list(self.task_types)
        if not types and type(self).on_task is Agent.on_task:
            # Without on_task it claims only what process_message is made for: messages, and tasks of the agent's capabilities.
            types = [MESSAGE_TASK, *self.capabilities]
        filters: dict[str, Any] = {"task_types": types, "models": list(self.models), "worker": self.worker}
        if not self.takes_unassigned:
            filters["unassigned"] = False
        return {"lease_seconds": self.lease_seconds} | {
            name: value for name, value in filters.items() if value or name == "unassigned"
        }

    async def _run_loops(self, inbox: Inbox, executor: Executor) -> None:
        """Run all loops until one of them fails or the agent stops."""
        # Separate loops: a slow claim or a long reading of the inbox must not delay the heartbeats.
        loops = [inbox.run(), self._follow_inbox_events(inbox, executor), self._send_heartbeats(inbox, executor)]
        if self._takes_tasks:
            loops.append(executor.run())
        if self._wake is not None:
            loops.append(self._follow_worker_events(self._wake))
        if self.events:
            loops.append(self._follow_subscribed_events())
        tasks = [asyncio.create_task(loop) for loop in loops]
        stopping: asyncio.Task[Any] = asyncio.create_task(self._stopping.wait())
        try:
            await asyncio.wait([*tasks, stopping], return_when=asyncio.FIRST_COMPLETED)
            for task in tasks:
                if task.done():
                    task.result()
        finally:
            for task in (*tasks, stopping):
                task.cancel()
            await asyncio.gather(*tasks, stopping, return_exceptions=True)

    async def _finish_handlers(self, seconds: float) -> None:
        """Let running handlers finish, and cancel those that take longer."""
        await asyncio.gather(*(part.finish(seconds) for part in (self._executor, self._inbox) if part is not None))

    async def _follow_inbox_events(self, inbox: Inbox, executor: Executor) -> None:
        """Read the inbox at every connection, and whenever a message of another agent arrives."""
        types = [*MESSAGE_EVENTS, *TASK_LOST_EVENTS] if self._takes_tasks else MESSAGE_EVENTS

        def on_listening() -> None:
            self._listening.set()
            inbox.wake()

        # Gaps may be skipped: events only trigger readings of the inbox and checks of leases, and every connection triggers one too.
        stream = open_event_stream(self.client._session, types, skips_gaps=True, on_listening=on_listening)

        async def listen() -> None:
            async for event in stream:
                if event.type in TASK_LOST_EVENTS:
                    # The event may concern an earlier lease: the renewal shows whether the present one is lost.
                    executor.renew_lease_soon(event.subject)
                elif not isinstance(event.data, dict) or event.data.get("from_agent") != self.agent_id:
                    inbox.wake()

        await self._retry_until_stopped(listen)

    async def on_worker_update(self, event: Event) -> None:
        """Handle a change of this worker by the server: draining, substitution for another worker, or a usage limit."""

    async def _follow_worker_events(self, wake: asyncio.Event) -> None:
        """Wake the executor at every connection, and whenever a task is offered to this worker."""

        async def follow() -> None:
            while True:  # a changed worker is offered other tasks, which requires a new stream
                offers = follow_task_offers(self.client._session, str(self.worker_id), wake.set)
                async with contextlib.aclosing(offers):
                    async for event in offers:
                        wake.set()
                        if event.type == WORKER_UPDATED:
                            await self.on_worker_update(event)
                            break

        await self._retry_until_stopped(follow)

    async def _follow_subscribed_events(self) -> None:
        # An agent that was away longer than events are kept goes on with the oldest one instead of ending.
        stream = open_event_stream(self.client._session, self.events, skips_gaps=True)

        async def follow() -> None:
            async for event in stream:
                try:
                    await self.on_event(event)
                # An error of the program about one event must not end the stream.
                except Exception:
                    logger.exception("%s: on_event failed for %s", self.name, event.type)

        await self._retry_until_stopped(follow)

    async def _send_heartbeats(self, inbox: Inbox, executor: Executor) -> None:
        while True:
            await asyncio.sleep(self.heartbeat_seconds)
            try:
                # A heartbeat lost in an outage is not fatal: the next one makes an offline agent active again.
                await self.client.agent.heartbeat(load=self.load)
            except AgoraError as error:
                if not is_transient(error):
                    raise
                logger.warning("%s: no heartbeat: %s", self.name, error)

    async def _retry_until_stopped(self, work: Any) -> None:
        """Repeat an action with pauses until it succeeds or the agent stops."""
        attempt = 0
        while not self._stopping.is_set():
            try:
                await work()
                return
            except AgoraError as error:
                if not is_transient(error):
                    raise
                logger.warning("%s waits: %s", self.name, error)
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._stopping.wait(), self.backoff.pause(attempt))
            attempt += 1

    async def _drain_worker(self) -> None:
        """Tell the server that this process takes no more tasks."""
        if self.worker_id is None:
            return
        try:
            await self.client.worker.drain(self.worker_id)
        except AgoraError as error:
            logger.warning("%s could not report that its worker is draining: %s", self.name, error)

    async def _report_offline(self) -> None:
        try:
            await self.client.agent.heartbeat(status=AgentStatus.OFFLINE)
        except AgoraError as error:
            logger.warning("%s could not report that it stops: %s", self.name, error)


def _build_message_content(message: MultipartMessage | str, options: dict[str, Any]) -> tuple[str, dict[str, Any]]:
    """Build the marketplace's form of a message: its text, with its parts in the metadata unless it is text only."""
    if isinstance(message, str):
        return message, options
    extra = message_processing.build_part_options(message)
    if "metadata" in extra:
        extra["metadata"] |= options.get("metadata") or {}
    return message.as_text(), options | extra


def _run_agent(agent: Agent) -> None:
    async def serve_until_stopped() -> None:
        stop_on_signals(agent)
        await agent.serve()

    asyncio.run(serve_until_stopped())


def stop_on_signals(agent: Agent) -> None:
    """Stop an agent on SIGTERM and SIGINT, while the running loop serves it.

    Without effect outside of the main thread, and on Windows, where a loop takes no signals.
    """
    if sys.platform == "win32" or threading.current_thread() is not threading.main_thread():
        return
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, agent.stop)


def run(spec: str, *, url: str | None = None, name: str | None = None) -> None:
    """Run the agent named by ``module:Class`` (or ``module:instance``) until SIGTERM or SIGINT.

    The module is also searched for in the current directory. Raises InvalidRequest if there is no such agent.
    """
    module_name, _, attribute = spec.partition(":")
    if not module_name or not attribute:
        raise InvalidRequest(f"{spec!r} does not name an agent.", fix="Write module:Class, such as examples.echo:Echo.")
    # A console script, unlike ``python -m``, does not search the current directory.
    if "" not in sys.path:
        sys.path.insert(0, "")
    try:
        module = import_module(module_name)
    except ModuleNotFoundError as error:
        # The module exists and imports one that does not: its own traceback tells more.
        if error.name != module_name and not module_name.startswith(f"{error.name}."):
            raise
        raise InvalidRequest(
            f"There is no module {module_name!r}.", fix="Run it from the module's directory."
        ) from None
    # An instance is already constructed: ``url`` and ``name`` apply only to a class.
    agent = getattr(module, attribute, None)
    if isinstance(agent, Agent):
        _run_agent(agent)
    elif isinstance(agent, type) and issubclass(agent, Agent):
        agent.run(url=url, name=name)
    else:
        raise InvalidRequest(f"{spec} is not an agent.", fix="It must be a class derived from agora_sdk.Agent.")
