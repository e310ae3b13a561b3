"""The client: every operation of the marketplace as a method, synchronous and asynchronous from one class."""

from __future__ import annotations

import os
from collections.abc import Callable
from functools import cached_property
from typing import TYPE_CHECKING, Any, Concatenate, ParamSpec, Self, TypeVar

from .closing import Closing
from .credentials import Credentials
from .identity import Identity
from .session import Mode, Options, Server, Session

if TYPE_CHECKING:
    from . import contract
    from .contract.fields import JsonObject, PriorityLike
    from .contract.operation import Service
    from .listener import Handler, Listener, Unsubscribed
    from .protocol import AgentProtocol

    P = ParamSpec("P")
    R = TypeVar("R")
    S = TypeVar("S", bound=Service)

    def _at_root(operation: Callable[Concatenate[S, P], R]) -> Callable[Concatenate[AgoraClient, P], R]: ...


__all__ = ["AgoraClient"]


class AgoraClient(Closing):
    """A client of one Agora server.

    ::

        client = AgoraClient()
        me = client.register("MyAgent", capabilities=["documentation"])      # in plain code it blocks
        me = await client.register("MyAgent", capabilities=["documentation"])  # in an event loop, await it

    url: the server; else ``AGORA_URL``, else http://127.0.0.1:8080.
    token: a credential; by default the one stored at registration of ``agent``, else ``AGORA_TOKEN``.
    agent: name of an agent registered earlier from this machine, to act as it.
    tenant: the marketplace whose stored credentials are used; operators of the server enter it with their own.
    mode: ``"sync"`` always blocks, ``"async"`` always returns an awaitable; ``"auto"`` checks
    whether an event loop is running.
    timeout: seconds for a call with its retries. retries: number of further attempts of a call
    that could not be delivered or was refused temporarily; while the server's storage is unavailable,
    any number above 0 means as many as the timeout allows.
    credentials: the file of stored credentials; else ``AGORA_CREDENTIALS``, else ~/.config/agora/credentials.json.

    The client acts as the first agent that it registers, or as the given one. Registering another one does not
    change this (a warning is logged): use :meth:`as_agent`. Only a task of ``asyncio`` that registers an agent of
    its own, beside others of the same client, acts as that one, so agents may be registered with ``asyncio.gather``.

    Calls raise :class:`agora_sdk.AgoraError` and its subclasses (see :mod:`agora_sdk.errors`). Every command has
    its own Idempotency-Key, so that a retry has no second effect. Threads and event loops may share a client.
    """

    a2a: contract.a2a.A2A
    admin: contract.admin.Admin
    agent: contract.agents.Agents
    app: contract.apps.Apps
    attempt: contract.attempts.Attempts
    auth: contract.auth.Auth
    billing: contract.billing.Billing
    bus: contract.bus.Bus
    codebase: contract.codebases.Codebases
    conversation: contract.conversations.Conversations
    dead_letter: contract.dead_letters.DeadLetters
    declared_agent: contract.declared_agents.DeclaredAgents
    deployment: contract.deployments.Deployments
    discovery: contract.discovery.Discovery
    event: contract.events.Events
    follow_up: contract.follow_ups.FollowUps
    host: contract.hosts.Hosts
    instance: contract.instances.Instances
    media: contract.media.Media
    memory: contract.memory.Memories
    messaging: contract.messaging.Messaging
    migration: contract.migration.Migration
    model_provider: contract.model_providers.ModelProviders
    monitor: contract.monitor.Monitor
    orchestrator: contract.orchestrator.Orchestrator
    query: contract.query.Queries
    registry: contract.registry.Registry
    review: contract.reviews.Reviews
    runtime: contract.runtime.Runtime
    session: contract.codebases.Sessions
    task: contract.tasks.Tasks
    tenant: contract.tenants.Tenants
    token: contract.tokens.Tokens
    token_billing: contract.token_billing.TokenBilling
    turn: contract.turns.Turns
    transcript: contract.transcripts.Transcripts
    upstream: contract.upstreams.Upstreams
    user: contract.users.Users
    virtual_server: contract.virtual_servers.VirtualServers
    worker: contract.workers.Workers
    workflow: contract.workflows.Workflows
    worktree: contract.worktrees.Worktrees

    if TYPE_CHECKING:
        register = _at_root(contract.agents.Agents.register)

    def __init__(
        self,
        url: str | None = None,
        *,
        token: str | None = None,
        agent: str | None = None,
        tenant: str | None = None,
        mode: Mode = "auto",
        timeout: float = 30.0,
        retries: int = 3,
        credentials: str | os.PathLike[str] | None = None,
    ) -> None:
        server = Server(url)
        identity = Identity(Credentials(credentials), server.url, tenant or "default", agent=agent, token=token)
        self._session = Session(server, identity, Options(mode, timeout, retries))

    def with_options(
        self,
        *,
        mode: Mode | None = None,
        timeout: float | None = None,
        retries: int | None = None,
        idempotency_key: str | None = None,
        token: str | None = None,
    ) -> Self:
        """Return a copy with these options that shares the connections.

        idempotency_key: for one command: a repetition with the same key and arguments returns the first result.
        token: the copy's identity; by default that of this client.
        """
        session = self._session
        options = Options(
            mode or session.options.mode,
            session.options.timeout if timeout is None else timeout,
            session.options.retries if retries is None else retries,
            idempotency_key or session.options.idempotency_key,
        )
        identity = session.identity
        if token:
            identity = Identity(identity.store, identity.url, identity.tenant, token=token)
        # Without __init__, which would take the options of the environment and open connections of its own.
        copy = type(self).__new__(type(self))
        copy._session = Session(session.server, identity, options)
        return copy

    def as_agent(self, agent: str | contract.agents.Registration) -> Self:
        """Return a copy that acts as an agent registered from this machine and shares the connections.

        ::

            ada, bob = client.register("Ada"), client.register("Bob")
            client.as_agent(bob).messaging.send("Ada", "Hello")

        agent: its name, or the result of its registration. Raises :class:`agora_sdk.errors.Unauthenticated` if no
        credential
        of it is stored.
        """
        session = self._session
        name = agent if isinstance(agent, str) else agent.agent_name
        copy = type(self).__new__(type(self))
        copy._session = Session(session.server, session.identity.get_identity_of_agent(name), session.options)
        return copy

    @cached_property
    def protocol(self) -> AgentProtocol:
        """The Agent Communication Protocol: messages with an intent, see :mod:`agora_sdk.protocol`."""
        from .protocol import AgentProtocol

        return AgentProtocol(self._session)

    @property
    def url(self) -> str:
        """The server's address."""
        return self._session.server.url

    @property
    def agent_id(self) -> str | None:
        """Id of the agent this client acts as (in this task), once registered or found among the stored credentials."""
        return self._session.identity.agent_id

    @property
    def agent_name(self) -> str | None:
        """Name of the agent this client acts as (in this task)."""
        return self._session.identity.name

    @property
    def bearer_token(self) -> str | None:
        """The credential of its calls, for other interfaces of the server such as ``{url}/mcp``; None for the local
        operator. Raises :class:`Unauthenticated` if no credential of its agent is stored."""
        return self._session.identity.token()

    def request(
        self,
        to_agent: str,
        content: str,
        message_type: str = "info",
        priority: PriorityLike | None = None,
        *,
        timeout: float = 30.0,
        metadata: JsonObject | None = None,
    ) -> contract.messaging.Message:
        """Send a message and wait for its reply, the first message of the same correlation id.

        The reply is marked as acknowledged. Raises :class:`DeadlineExceeded` after ``timeout`` seconds
        without a reply; a later reply stays in the inbox.
        """
        from .conversation import request_reply

        options = {"message_type": message_type, "priority": priority, "metadata": metadata}
        send_options = {name: value for name, value in options.items() if value is not None}
        return self._session.run_or_return_pending(
            "request", lambda io: request_reply(io, self._session, to_agent, content, timeout, send_options)
        )

    def publish_event(self, event_type: str, data: Any = None) -> contract.events.EventReceipt:
        """Publish an event of the agent; short for ``event.publish``."""
        return self.event.publish(event_type, data)

    def subscribe_to_agent_events(self, agent_name: str, event_type: str, handler: Handler) -> Listener:
        """Call ``handler(event_type, data)`` for each such event of that agent, from now on.

        In an event loop the handler may be a coroutine function and runs in a task of that loop; in
        synchronous code it is a plain function and runs in a separate thread. The subscription ends with
        :meth:`unsubscribe_from_agent_events`, or by closing the returned listener.
        """
        from .listener import start_listener

        return self._session.run_or_return_pending(
            "subscribe_to_agent_events", lambda io: start_listener(io, self._session, agent_name, event_type, handler)
        )

    def unsubscribe_from_agent_events(
        self, agent_name: str, event_type: str, handler: Handler | None = None
    ) -> Unsubscribed:
        """End such subscriptions of this client, of that handler or of all; return their number."""
        from .listener import close_listeners

        return close_listeners(self._session, agent_name, event_type, handler)

    def close(self) -> None:
        """End the listeners and close connections of synchronous calls; a later call reopens them. Copies share them."""
        self._session.stop_listening()
        # A cached property: without an entry it was never used, and reading it would create connections only to close
        # them.
        if "blocking_transport" in self._session.server.__dict__:
            self._session.server.blocking_transport.close()

    async def aclose(self) -> None:
        """End the listeners and close the connections of the running event loop. Copies share them."""
        self._session.stop_listening()
        if "async_transport" in self._session.server.__dict__:
            await self._session.server.async_transport.close()

    if not TYPE_CHECKING:  # hidden from mypy: only the annotated attributes above are typed

        def __getattr__(self, name: str) -> Any:
            value = None
            if not name.startswith("_"):
                from .projection import find_root_attribute

                value = find_root_attribute(self._session, name)
            if value is None:
                raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}")
            # Later look-ups find it there, and do not reach __getattr__.
            self.__dict__[name] = value
            return value

    def __dir__(self) -> list[str]:
        from .projection import category_names

        return sorted({*super().__dir__(), *category_names()})

    def __repr__(self) -> str:
        who = f", agent={self.agent_name!r}" if self.agent_name else ""
        return f"AgoraClient({self.url!r}{who})"
