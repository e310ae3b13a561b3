"""The controller of declared agents: converts their messages to tasks, and runs the agents in a child process."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

from agora.core.call import Call, Caller, encode_json
from agora.core.jobs import Controller, JobContext
from agora.core.lazy import Lazy
from agora.core.scopes import AGENT
from agora.core.usage import DEFAULT_TENANT
from agora.domains.agents import queries as agents
from agora.domains.tasks.local_dispatch import requeue_orphaned_tasks
from agora.domains.tasks.message_tasks import MAX_BATCH, create_tasks_from_messages
from agora.store.port import Reader, StoredEvent
from agora.value_classes import value_class

from . import queries as statements
from .port import KEY_SEALER
from .records import DeclaredAgentRow
from .runner_process import RunnerProcess, is_runner_installed

if TYPE_CHECKING:
    from agora_sdk.contract.declared_agents import AgentSpecification

    from .providers import ModelEndpoint

__all__ = ["DeclaredAgentsController"]

log = logging.getLogger(__name__)

CONFIGURATION_EVENTS = (
    "agora.declared_agent.",
    "agora.model_provider.",
    "agora.agent.deregistered",
    "agora.agent.status_changed",
)
MESSAGE_RECEIVED = "agora.message.received"
SPECIFICATION: Lazy[type[AgentSpecification]] = Lazy("agora_sdk.contract.declared_agents:AgentSpecification")
RESOLVE_MODEL: Lazy[Callable[..., ModelEndpoint | str]] = Lazy(
    "agora.domains.declared_agents.providers:resolve_model_or_problem"
)
# Agents may be suspended, and settings changed, on another server whose event did not reach this one.
FULL_READ_SECONDS = 60.0  # seconds between reads of the declarations without an event


@value_class
class RunnableAgent:
    """A declared agent with its configuration for the runner, and the caller that reads its messages."""

    row: DeclaredAgentRow
    caller: Caller
    configuration: dict[str, Any]


class DeclaredAgentsController(Controller):
    """Runs the declared agents of every tenant. Without any, it reads only committed events."""

    name = "declared agents"
    interval = 1.0

    def __init__(self, context: JobContext) -> None:
        super().__init__(context)
        self._runner = RunnerProcess()
        self._agents: dict[tuple[str, str], RunnableAgent] = {}
        self._agents_with_mail: set[tuple[str, str]] = set()
        self._is_stale = True
        self._read_at = 0.0
        self._has_warned = False
        self._problems: dict[tuple[str, str], list[str]] = {}  # logged problems, by tenant and name
        self._is_ending = False

    def receive_committed_events(self, events: Sequence[StoredEvent], /) -> None:
        """Record events that change declarations, and agents with new messages."""
        for stored in events:
            event = stored.event
            if event.type.startswith(CONFIGURATION_EVENTS):
                self._is_stale = True
                self._wakeup.set()
            elif event.type == MESSAGE_RECEIVED and self._agents:
                receivers = {(stored.tenant_id, subject) for subject in event.audience or ()}
                if not receivers.isdisjoint(self._agents):
                    self._agents_with_mail |= receivers & self._agents.keys()
                    self._wakeup.set()

    async def step(self) -> None:
        clock = asyncio.get_running_loop().time
        if self._is_stale or clock() - self._read_at > FULL_READ_SECONDS:
            # Before the reading: a change during it makes the declarations stale again.
            self._is_stale = False
            try:
                await self._reload_agents()
            except BaseException:
                self._is_stale = True
                raise
            self._read_at = clock()
        while self._agents_with_mail and not self.is_stopping:
            await self._create_tasks_from_messages(self._agents_with_mail.pop())
        if self._is_ending:
            return
        # Only if no other server shares the store: its runner may be working on these tasks.
        if await self._runner.reconcile(self._build_configuration()) and self.context.store.exclusive:
            await self._requeue_tasks_of_dead_runner()

    async def stop_own_clients(self) -> None:
        """Stop the runner; another server takes over its tasks immediately."""
        self._is_ending = True
        await self._runner.stop()

    async def shut_down(self) -> None:
        await self._runner.stop()

    async def _wait_for_next_step_or_stop(self, stop: asyncio.Event) -> bool:
        return await self._wait_for_wakeup_or_stop(
            stop, self.seconds_until_next_step if self._agents or self._is_stale else FULL_READ_SECONDS
        )

    async def _reload_agents(self) -> None:
        earlier = set(self._agents)
        current: dict[tuple[str, str], RunnableAgent] = {}
        for tenant in sorted({DEFAULT_TENANT, *await self.context.store.tenants()}):
            for agent in await self._read_runnable_agents(tenant):
                current[tenant, agent.row.agent_id] = agent
        self._agents = current
        # Messages that arrived before this server knew of the agent had no reader.
        self._agents_with_mail |= current.keys() - earlier

    async def _read_runnable_agents(self, tenant: str) -> list[RunnableAgent]:
        async def read(reader: Reader) -> list[RunnableAgent]:
            rows = await reader.all(statements.select_all_agents)
            providers = await reader.all(statements.select_all_providers) if rows else ()
            runnable = [await self._build_runnable_agent(reader, tenant, row, providers) for row in rows]
            return [agent for agent in runnable if agent is not None]

        return await self.context.store.read(tenant, read)

    async def _build_runnable_agent(
        self, reader: Reader, tenant: str, row: DeclaredAgentRow, providers: Any
    ) -> RunnableAgent | None:
        agent = await reader.one(agents.select_agent_by_id, ref=row.agent_id)
        if agent is None or agent.status in ("retired", "suspended"):
            return None
        specification = SPECIFICATION.get().model_validate_json(row.specification)
        context = self.context.server
        sealer = context.ports.get(KEY_SEALER)
        models = [
            RESOLVE_MODEL.get()(model, tenant, providers, context.settings, sealer)
            for model in (specification.model, *specification.fallbacks)
        ]
        # An agent runs with the models that can be resolved; without any, its tasks wait.
        endpoints = [model for model in models if not isinstance(model, str)]
        self._log_problems(tenant, row.name, [model for model in models if isinstance(model, str)])
        if not endpoints:
            return None
        caller = Caller(
            tenant=tenant,
            subject=agent.agent_id,
            name=agent.agent_name,
            kind="agent",
            scopes=AGENT,
            account=agent.account_id,
            tier=agent.service_tier,
        )
        configuration = {
            "name": row.name,
            "agent_id": row.agent_id,
            "tenant": tenant,
            "version": row.version,
            # Of the current generation: a revoked token changes the configuration, which is then sent again.
            "token": context.signer.sign_agent_token(tenant, agent.agent_id, agent.token_generation),
            "specification": specification.model_dump(mode="json"),
            "models": [
                {"provider": one.provider, "wire": one.wire, "url": one.url, "key": one.key, "model": one.model}
                for one in endpoints
            ],
        }
        return RunnableAgent(row, caller, configuration)

    def _log_problems(self, tenant: str, name: str, problems: list[str]) -> None:
        """Log the problems of an agent's models, only when they change, because any change rereads all agents."""
        if problems == self._problems.get((tenant, name), []):
            return
        self._problems[tenant, name] = problems
        for problem in problems:
            log.warning("declared agent %s of tenant %s: %s", name, tenant, problem)

    async def _create_tasks_from_messages(self, agent_key: tuple[str, str]) -> None:
        """Convert an agent's messages to tasks."""
        agent = self._agents.get(agent_key)
        if agent is None:
            return

        async def create_tasks(call: Call) -> int:
            # The lock prevents two servers from converting the same messages.
            if await call.tx.one(statements.lock_agent, name=agent.row.name) is None:
                return 0
            return await create_tasks_from_messages(call, agent.caller)

        try:
            if await self.write_as_system(agent_key[0], create_tasks) >= MAX_BATCH:
                self._agents_with_mail.add(agent_key)
        except BaseException:
            self._agents_with_mail.add(agent_key)
            raise

    async def _requeue_tasks_of_dead_runner(self) -> None:
        """Requeue tasks leased by a dead process immediately. With several servers, their leases expire instead."""
        for tenant, agent_id in tuple(self._agents):
            await self.write_as_system(tenant, partial(requeue_orphaned_tasks, agent_id=agent_id, running=()))

    def _build_configuration(self) -> bytes | None:
        """Build the runner's configuration as a line of JSON; None if there is nothing to run."""
        if not self._agents:
            return None
        if not is_runner_installed():
            if not self._has_warned:
                log.warning("declared agents do not run: install agora-server[models]")
                self._has_warned = True
            return None
        configurations = [agent.configuration for agent in self._agents.values()]
        tracing = self.context.server.settings.tracing
        return encode_json({"url": self._build_server_url(), "tracing": tracing, "agents": configurations}).encode()

    def _build_server_url(self) -> str:
        settings = self.context.server.settings
        # The certificate names the public host, not the loopback address.
        if settings.scheme == "https" and settings.public_url:
            return settings.public_url
        host = "127.0.0.1" if settings.host in ("", "0.0.0.0", "::", "localhost") else settings.host  # noqa: S104
        return f"{settings.scheme}://{f'[{host}]' if ':' in host else host}:{settings.port}"
