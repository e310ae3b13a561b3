"""The controller of built-in agents: registers them in every tenant, renews leases, records heartbeats."""

from __future__ import annotations

from functools import partial

from agora.clock import SECOND
from agora.core.jobs import Controller, JobContext
from agora.core.usage import DEFAULT_TENANT

from .host import AgentHost
from .registration import deactivate_builtin_agent, register_or_update_builtin
from .registry import BUILTIN_AGENTS

__all__ = ["BuiltinAgentsController"]


class BuiltinAgentsController(Controller):
    """Runs the :class:`AgentHost` of this process."""

    name = "residents"
    interval = 2.0

    def __init__(self, context: JobContext, host: AgentHost) -> None:
        super().__init__(context)
        self._host = host
        self._settled_tenants: set[str] = set()
        self._next_heartbeat_at = 0

    async def start_up(self) -> None:
        for tenant in {DEFAULT_TENANT, *await self.context.store.tenants()}:
            await self.reconcile(tenant)

    async def step(self) -> None:
        await super().step()
        await self._host.renew_due_leases_and_retry_fetches()
        self._record_due_heartbeats()

    async def shut_down(self) -> None:
        await self._host.stop()

    async def reconcile(self, tenant: str) -> None:
        """Register the built-in agents in a tenant, once."""
        if tenant in self._settled_tenants:
            return
        for agent in BUILTIN_AGENTS:
            settings = self.context.server.settings
            if not settings.builtin_agents or not agent.is_available(settings):
                await self.write_as_system(tenant, partial(deactivate_builtin_agent, profile=agent.profile))
            elif registration := await self.write_as_system(
                tenant, partial(register_or_update_builtin, profile=agent.profile)
            ):
                agent_id, suspended = registration
                self._host.host_agent(tenant, agent_id, agent.profile.name, agent, is_suspended=suspended)
        self._settled_tenants.add(tenant)

    def _record_due_heartbeats(self) -> None:
        """Record heartbeats as a connected agent does, three times within the offline timeout."""
        now, settings = self.context.clock.now(), self.context.server.settings
        if now < self._next_heartbeat_at:
            return
        self._next_heartbeat_at = now + int(settings.offline_after * SECOND / 3)
        for hosted_agent in self._host.hosted_agents:
            if hosted_agent.agent.alive:
                self.context.server.last_seen[hosted_agent.caller.tenant, hosted_agent.caller.subject] = now
