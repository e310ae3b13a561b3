"""The controller of remote agents: hosts each one and checks it periodically, with backoff while unreachable."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from agora.clock import SECOND
from agora.core.call import decode_json
from agora.core.jobs import Controller, JobContext
from agora.core.usage import DEFAULT_TENANT
from agora.domains.a2a import queries as statements
from agora.domains.a2a.records import RemoteAgentProfile
from agora.domains.a2a.remote_connections import build_endpoint
from agora.net.backoff import Backoff
from agora.store.port import StoredEvent
from agora_sdk.errors import AgoraError

from ..host import AgentHost
from ..port import Profile
from .agent import RemoteAgent
from .client_factory import A2AClientFactory
from .errors import RemoteError
from .history import ConversationHistory
from .wire import Interface

__all__ = ["RemoteAgentsController"]

log = logging.getLogger(__name__)

FIRST_RETRY_SECONDS, MAX_BACKOFF = 2.0, 300.0  # seconds between checks of an unavailable agent: first and maximum
MIN_RETRY_SECONDS = 5.0  # minimum seconds between checks of an agent after an error
ROW_READ_SECONDS = 10.0  # seconds between reads of the rows, which another server may have changed
EVENT_PREFIX = "agora.remote."

Key = tuple[str, str]


@dataclass(slots=True, eq=False)
class RemoteAgentState:
    """The state of one remote agent. revision: of the row it was built from. due: time of the next check."""

    revision: int
    card: str | None
    agent: RemoteAgent | None
    backoff: Backoff
    due: int
    checked_at: int = 0


class RemoteAgentsController(Controller):
    """Runs while the marketplace is halted: it only updates what is known about remote agents."""

    name = "remotes"
    interval = 1.0

    def __init__(self, context: JobContext, host: AgentHost, clients: A2AClientFactory) -> None:
        super().__init__(context)
        self._host, self._clients, self._history = host, clients, ConversationHistory(context.store)
        self._states: dict[Key, RemoteAgentState] = {}
        self._check_tasks: dict[Key, asyncio.Task[None]] = {}
        self._sync_tasks: dict[str, asyncio.Task[None]] = {}
        self._changed_tenants: set[str] = set()
        self._read_at = 0

    # -- lifecycle -------------------------------------------------------------------------------

    async def start_up(self) -> None:
        for tenant in {DEFAULT_TENANT, *await self.context.store.tenants()}:
            await self._host_agents_of_tenant(tenant)

    def receive_committed_events(self, events: Sequence[StoredEvent]) -> None:
        """Follow the event log on the event loop: a newly added remote agent is connected immediately."""
        for event in events:
            if event.event.type.startswith(EVENT_PREFIX):
                self._changed_tenants.add(event.tenant_id)
                if event.tenant_id not in self._sync_tasks:
                    self._sync_tasks[event.tenant_id] = asyncio.create_task(
                        self._sync_tenant_while_changed(event.tenant_id)
                    )

    async def step(self) -> None:
        now = self.context.clock.now()
        if now - self._read_at >= ROW_READ_SECONDS * SECOND:
            self._read_at = now
            await self.run_for_each_tenant(self._host_agents_of_tenant)
        for key, state in self._states.items():
            agent = state.agent
            if agent is not None and agent.needs_check:
                agent.needs_check = False
                # Not at once: an agent with many failing tasks would be checked for each of them.
                state.due = min(state.due, max(now, state.checked_at + int(MIN_RETRY_SECONDS * SECOND)))
            if agent is not None and not agent.alive:
                self.context.server.last_seen.pop(key, None)  # its own writes are no heartbeat of the remote agent
            if state.due <= now and key not in self._check_tasks:
                self._check_tasks[key] = asyncio.create_task(self._fetch_card_and_store_state(key, state))

    async def shut_down(self) -> None:
        tasks = [*self._check_tasks.values(), *self._sync_tasks.values()]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def wait_until_settled(self) -> None:
        """Wait until no agent is being checked and all changes are processed."""
        while pending := [*self._check_tasks.values(), *self._sync_tasks.values()]:
            await asyncio.wait(pending)

    # -- hosting ---------------------------------------------------------------------------------

    async def _sync_tenant_while_changed(self, tenant: str) -> None:
        try:
            while tenant in self._changed_tenants:
                # Before reading: a change during it is read in another pass.
                self._changed_tenants.discard(tenant)
                await self._host_agents_of_tenant(tenant)
        except Exception:
            log.exception("The remote agents could not be read from the store. The next pass reads them again.")
            self._read_at = 0
        finally:
            del self._sync_tasks[tenant]

    async def _host_agents_of_tenant(self, tenant: str) -> None:
        """Host exactly the remote agents that have a row in the tenant."""
        rows = {row.agent_id: row for row in await self.read(tenant, statements.select_remote_agent_profiles)}
        for agent_id, row in rows.items():
            await self._host_or_replace_agent((tenant, agent_id), row)
        for key in [key for key in self._states if key[0] == tenant and key[1] not in rows]:
            del self._states[key]
            await self._host.stop_hosting_agent(*key)

    async def _host_or_replace_agent(self, key: Key, row: RemoteAgentProfile) -> None:
        state, reachable = self._states.get(key), row.state != "unavailable"
        if state is None:
            backoff = Backoff(FIRST_RETRY_SECONDS, MAX_BACKOFF)
            state = self._states[key] = RemoteAgentState(-1, None, None, backoff, self._compute_first_check_time(row))
        if state.agent is not None:
            state.agent.reachable = reachable
        # Building a client opens connections and drops those in use, so only for a change.
        if (state.revision, state.card) == (row.revision, row.card):
            return
        state.revision, state.card = row.revision, row.card
        if row.card is None or row.interface is None:
            return  # its card was never fetched
        card, interface = decode_json(row.card), decode_json(row.interface)
        try:
            agent = await self._create_agent(row, card, interface, reachable)
        except (AgoraError, RemoteError) as error:
            log.warning("Tasks cannot be forwarded to %s: %s", row.agent_name, error)
            return
        previous, state.agent = state.agent, agent
        self._host.host_agent(*key, row.agent_name, agent, is_suspended=row.status == "suspended")
        # Its running tasks continue over its own connections.
        if previous is not None:
            previous.close_when_idle()

    def _compute_first_check_time(self, row: RemoteAgentProfile) -> int:
        """Compute the time of the first check: one interval after the last check, or now if the agent is
        unavailable."""
        if row.state != "available" or row.checked_at is None:
            return 0
        return row.checked_at + self._refresh_interval

    @property
    def _refresh_interval(self) -> int:
        return int(self.context.server.settings.a2a_refresh * SECOND)

    async def _create_agent(
        self, row: RemoteAgentProfile, card: Mapping[str, Any], interface: Mapping[str, Any], reachable: bool
    ) -> RemoteAgent:
        client = await self._clients.create_client(build_endpoint(row), Interface.from_card(interface, card))
        profile = Profile(row.agent_name, row.description, _list_card_skills(card))
        return RemoteAgent(profile, client, self._history, reachable=reachable)

    # -- checks ----------------------------------------------------------------------------------

    async def _fetch_card_and_store_state(self, key: Key, state: RemoteAgentState) -> None:
        """Fetch one agent's card in a separate asyncio task, so that a slow agent does not delay others."""
        from agora.domains.a2a.remote_agents import store_card_or_mark_offline

        tenant, agent_id = key
        try:
            rows = await self.read(tenant, statements.select_remote_agent, agent_id=agent_id)
            if not rows:
                return
            outcome: Mapping[str, Any] | AgoraError
            try:
                outcome = await self._clients.fetch_card(build_endpoint(rows[0]))
            except AgoraError as error:
                outcome = error
            await self.write_as_system(tenant, partial(store_card_or_mark_offline, agent_id=agent_id, outcome=outcome))
            is_unreachable = isinstance(outcome, AgoraError)
            if state.agent is not None:
                state.agent.reachable = not is_unreachable
            if is_unreachable:
                log.info("Remote agent %s is unreachable: %s", agent_id, outcome)
            state.checked_at = self.context.clock.now()
            pause = int(state.backoff.next_delay() * SECOND) if is_unreachable else self._refresh_interval
            state.due = state.checked_at + pause
            if not is_unreachable:
                state.backoff.reset_failures()
        except Exception:
            log.exception("Remote agent %s could not be checked", agent_id)
            state.due = self.context.clock.now() + self._refresh_interval
        finally:
            del self._check_tasks[key]


def _list_card_skills(card: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    value = card.get("skills")
    skills = value if isinstance(value, list) else []
    return [skill for skill in skills if isinstance(skill, dict) and isinstance(skill.get("id"), str)]
