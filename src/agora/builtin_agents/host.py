"""The host of built-in agents: dispatches their tasks, renews the leases, and stops the runs.

A task whose agent has a free slot is leased in the transaction that creates it and started here on commit, without
polling. Other tasks wait in their queue and are claimed when a slot becomes free. After a crash the leases expire, and
the server that hosts the agent then claims the tasks.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from functools import partial

from pydantic_core import from_json

from agora.clock import Clock
from agora.core.call import Call, Caller
from agora.core.dispatcher import Dispatcher
from agora.core.overrides import ActiveOverrides
from agora.core.scopes import AGENT
from agora.domains.tasks.claims import claim_own_tasks
from agora.domains.tasks.local_dispatch import requeue_orphaned_tasks
from agora.domains.tasks.message_tasks import MAX_BATCH, create_tasks_from_messages
from agora.store.port import NewEvent, StoredEvent
from agora_sdk.contract import Operation
from agora_sdk.contract.tasks import Claim, ClaimedTask
from agora_sdk.errors import AgoraError, Halted

from .calls import AgentCalls
from .port import BuiltinAgent
from .task_run import TaskRun

__all__ = ["AgentHost"]

log = logging.getLogger(__name__)

# Far longer than a transaction lasts, so that a commit under way still finds its reservation.
RESERVATION_SECONDS = 30.0  # seconds after which a reserved task that was never committed is dropped
RELEASE_SECONDS = 5.0  # seconds for the release of tasks at a stop
TIER = "enterprise"
ENDED_EVENTS = {"cancelled", "completed", "failed", "rejected", "expired", "dead_lettered"}
#: these may refer to an earlier lease, since a starting server receives old events: the row decides
RETURNED_EVENTS = {"reassigned", "requeued"}
STATUS_EVENTS = ("agora.agent.status_changed", "agora.agent.deregistered")
KEY_LABEL = "residents"


# By identity: the states are members of sets, and their fields change.
@dataclass(slots=True, eq=False)
class HostedAgent:
    """State of an agent that this process hosts.

    uncommitted: when tasks were leased to it, by id, in transactions that are not committed yet. has_waiting_tasks: its
    queues may hold tasks. has_mail: its inbox may hold messages. may_have_orphaned_tasks: tasks may
    still be leased to it from a previous process. is_suspended: an operator has suspended it.
    """

    agent: BuiltinAgent
    caller: Caller
    capabilities: frozenset[str]
    calls: AgentCalls
    uncommitted: dict[str, float] = field(default_factory=dict)
    runs: dict[str, TaskRun] = field(default_factory=dict)
    has_waiting_tasks: bool = True
    has_mail: bool = True
    may_have_orphaned_tasks: bool = False
    is_suspended: bool = False
    fetch_task: asyncio.Task[None] | None = None

    @property
    def free_slots(self) -> int:
        return max(0, self.agent.concurrency - len(self.runs) - len(self.uncommitted))


class AgentHost:
    """All built-in agents of this process.

    find_operation: by name and tenant. alone: no other process uses the store. grace: seconds for running
    tasks to end when the server stops.
    """

    grace = 2.0

    def __init__(
        self,
        dispatcher: Dispatcher,
        overrides: ActiveOverrides,
        clock: Clock,
        find_operation: Callable[[str, str], Operation],
        *,
        alone: bool = False,
    ) -> None:
        self._dispatcher, self._overrides, self._clock = dispatcher, overrides, clock
        self._find_operation, self._alone = find_operation, alone
        self._claim_operation = find_operation("agora.task.claim", "default")
        self._hosted_agents: dict[tuple[str, str], HostedAgent] = {}
        self._tenants: dict[str, set[HostedAgent]] = {}
        self._uncommitted_tasks: dict[str, tuple[HostedAgent, ClaimedTask]] = {}
        self._runs: dict[str, tuple[HostedAgent, TaskRun]] = {}
        self._override_change_event = asyncio.Event()
        self._removals: set[asyncio.Task[None]] = set()
        self._lease_checks: set[asyncio.Task[None]] = set()
        self._closing = False

    # -- hosted agents ---------------------------------------------------------------------------

    def host_agent(
        self, tenant: str, agent_id: str, name: str, agent: BuiltinAgent, *, is_suspended: bool = False
    ) -> None:
        """Host a registered agent and claim its waiting tasks.

        If it is already hosted, the new implementation is used from the next task on. is_suspended: whether it is suspended.
        """
        caller = Caller(tenant, agent_id, name, "agent", AGENT, tier=TIER)
        calls = AgentCalls(self._dispatcher, caller, self._find_operation, self._sleep_until_override_change)
        hosted = HostedAgent(
            agent, caller, frozenset(agent.profile.capabilities), calls, may_have_orphaned_tasks=self._alone
        )
        hosted.is_suspended = is_suspended
        agents_of_tenant = self._tenants.setdefault(tenant, set())
        # The earlier state is replaced; its runs keep it, and end over their own agent.
        agents_of_tenant.discard(self._hosted_agents.get((tenant, agent_id), hosted))
        agents_of_tenant.add(hosted)
        self._hosted_agents[tenant, agent_id] = hosted
        self.start_fetch_unless_running(hosted)

    async def stop_hosting_agent(self, tenant: str, agent_id: str) -> None:
        """Stop hosting an agent and release its tasks."""
        hosted = self._hosted_agents.pop((tenant, agent_id), None)
        if hosted is None:
            return
        self._tenants[tenant].discard(hosted)
        for task_id in hosted.uncommitted:  # their leases expire
            del self._uncommitted_tasks[task_id]
        hosted.uncommitted.clear()
        await self._await_or_release_runs([hosted])
        await hosted.agent.close()

    def has_agent(self, tenant: str, agent_id: str) -> bool:
        return (tenant, agent_id) in self._hosted_agents

    @property
    def hosted_agents(self) -> Sequence[HostedAgent]:
        return tuple(self._hosted_agents.values())

    # -- incoming tasks --------------------------------------------------------------------------

    def find_lease_seconds_if_slot_free(self, tenant: str, agent_id: str, /) -> int | None:
        hosted = self._hosted_agents.get((tenant, agent_id))
        # While earlier tasks may be waiting in the queue, a new one is not leased ahead of them.
        if hosted is None or self._closing or hosted.has_waiting_tasks or not self._may_claim_tasks(hosted):
            return None
        if not hosted.free_slots:
            self._free_slots_of_uncommitted_tasks(hosted)
        if not hosted.free_slots:
            return None
        return hosted.agent.lease_seconds

    def start_task_after_commit(self, tenant: str, agent_id: str, task: ClaimedTask, /) -> None:
        hosted = self._hosted_agents[tenant, agent_id]
        hosted.uncommitted[task.task_id] = time.monotonic()
        self._uncommitted_tasks[task.task_id] = (hosted, task)

    def _free_slots_of_uncommitted_tasks(self, hosted_agent: HostedAgent) -> None:
        """Free the slots of tasks whose transaction was rolled back."""
        before = time.monotonic() - RESERVATION_SECONDS
        for task_id in [name for name, since in hosted_agent.uncommitted.items() if since < before]:
            del hosted_agent.uncommitted[task_id], self._uncommitted_tasks[task_id]

    def _may_claim_tasks(self, hosted_agent: HostedAgent) -> bool:
        """Whether the agent may claim tasks now: neither replaced, removed, suspended nor halted by an override."""
        key = hosted_agent.caller.tenant, hosted_agent.caller.subject
        # The runs of a replaced agent end over its own connections; the rest of its queue is its successor's.
        if hosted_agent.is_suspended or self._hosted_agents.get(key) is not hosted_agent:
            return False
        try:
            self._overrides.check_overrides(hosted_agent.caller, self._claim_operation, self._clock.now())
        except Halted:
            return False
        return True

    def receive_committed_events(self, events: Sequence[StoredEvent]) -> None:
        """Apply committed events on the event loop: start leased tasks, fetch waiting ones, stop ended ones."""
        if not self._hosted_agents or self._closing:
            return
        for event in events:
            try:
                self._apply_event(event.tenant_id, event.event)
            except Exception:  # other followers of the event log must still get the events
                log.exception("the built-in agents could not process %s", event.event.type)

    def _apply_event(self, tenant: str, event: NewEvent) -> None:
        if event.type.startswith("agora.task."):
            self._apply_task_event(tenant, event, event.type.removeprefix("agora.task."))
        elif event.type == "agora.message.received":
            for agent_id in event.audience or ():
                if hosted := self._hosted_agents.get((tenant, agent_id)):
                    hosted.has_mail = True
                    self.start_fetch_unless_running(hosted)
        elif event.type.startswith("agora.override."):
            self._apply_override_event(tenant, event)
        elif event.type in STATUS_EVENTS and (hosted := self._hosted_agents.get((tenant, event.subject or ""))):
            self._apply_status_event(hosted, event)

    def _apply_status_event(self, hosted_agent: HostedAgent, event: NewEvent) -> None:
        """Apply the suspension, activation or deregistration of an agent."""
        if event.type == "agora.agent.deregistered":
            # In a task: events are applied synchronously, and removing waits for runs.
            removal = asyncio.get_running_loop().create_task(
                self.stop_hosting_agent(hosted_agent.caller.tenant, hosted_agent.caller.subject)
            )
            self._removals.add(removal)
            removal.add_done_callback(self._removals.discard)
            return
        hosted_agent.is_suspended = from_json(event.data)["to"] == "suspended"
        if hosted_agent.is_suspended:
            for run in tuple(hosted_agent.runs.values()):
                run.stop_handler("stopping")
        else:
            hosted_agent.has_waiting_tasks = True
            self.start_fetch_unless_running(hosted_agent)

    def _apply_task_event(self, tenant: str, event: NewEvent, change: str) -> None:
        task_id = event.subject or ""
        if change == "started":
            if task_id in self._uncommitted_tasks:
                hosted, task = self._uncommitted_tasks.pop(task_id)
                del hosted.uncommitted[task_id]
                self._start_run(hosted, task)
        elif change == "available":
            for hosted in self._list_eligible_agents(tenant, event):
                hosted.has_waiting_tasks = True
                self.start_fetch_unless_running(hosted)
        elif task_id in self._runs and change == "message":
            self._runs[task_id][1].news.set()
        elif task_id in self._runs and change in ENDED_EVENTS:
            self._runs[task_id][1].stop_handler("cancelled" if change == "cancelled" else "lost")
        elif task_id in self._runs and change in RETURNED_EVENTS:
            # A renewal asks the row: it fails if the lease is lost, and then stops the run.
            lease_check = asyncio.get_running_loop().create_task(
                self._runs[task_id][1].renew_lease_or_stop_handler(self._clock.now())
            )
            self._lease_checks.add(lease_check)
            lease_check.add_done_callback(self._lease_checks.discard)

    def _list_eligible_agents(self, tenant: str, event: NewEvent) -> Sequence[HostedAgent]:
        """Return the hosted agents that may claim a task: its assignee, or those with the required capabilities."""
        if event.audience is not None:
            candidates = (self._hosted_agents.get((tenant, agent_id)) for agent_id in event.audience)
            return [hosted for hosted in candidates if hosted is not None]
        required = set(from_json(event.data)["required_capabilities"]) if tenant in self._tenants else set()
        return [hosted for hosted in self._tenants.get(tenant, ()) if required and required <= hosted.capabilities]

    def _apply_override_event(self, tenant: str, event: NewEvent) -> None:
        data = from_json(event.data)
        # Wakes every present sleeper; later ones wait for the next change.
        self._override_change_event.set()
        self._override_change_event = asyncio.Event()
        for hosted in tuple(self._tenants.get(tenant, ())):
            if data["target_id"] not in ("system_wide", hosted.caller.subject):
                continue
            if event.type == "agora.override.applied" and data["action"] in ("emergency_halt", "terminate"):
                for run in tuple(hosted.runs.values()):
                    run.stop_handler("lost")
            elif event.type != "agora.override.applied":
                hosted.has_waiting_tasks = True
                self.start_fetch_unless_running(hosted)

    # -- jobs ------------------------------------------------------------------------------------

    def _start_run(self, hosted_agent: HostedAgent, task: ClaimedTask) -> None:
        run = TaskRun.from_claimed_task(
            task, hosted_agent.calls, hosted_agent.agent, hosted_agent.caller.tenant, self._clock.now()
        )
        hosted_agent.runs[run.task_id] = run
        self._runs[run.task_id] = (hosted_agent, run)
        run.task = asyncio.get_running_loop().create_task(
            run.run_handler_and_store_outcome(), name=f"resident {run.task_id}"
        )
        run.task.add_done_callback(partial(self._forget_run_and_fetch_more, hosted_agent, run))

    def _forget_run_and_fetch_more(self, hosted_agent: HostedAgent, run: TaskRun, task: asyncio.Task[None]) -> None:
        if not task.cancelled() and (error := task.exception()) is not None:
            log.error("the outcome of %s is unknown", run.task_id, exc_info=error)
        # The task may have been claimed again meanwhile, by a newer run.
        if hosted_agent.runs.get(run.task_id) is run:
            del hosted_agent.runs[run.task_id]
            del self._runs[run.task_id]
        if hosted_agent.has_waiting_tasks or hosted_agent.has_mail:
            self.start_fetch_unless_running(hosted_agent)

    def start_fetch_unless_running(self, hosted_agent: HostedAgent) -> None:
        """Start fetching work for an agent, unless a fetch is running."""
        if hosted_agent.fetch_task is None and not self._closing:
            hosted_agent.fetch_task = asyncio.get_running_loop().create_task(self._fetch_work(hosted_agent))

    async def _fetch_work(self, hosted_agent: HostedAgent) -> None:
        """Fetch messages and tasks while there are free slots. Failures are retried by the next :meth:`renew_due_leases_and_retry_fetches`."""
        try:
            while not self._closing and self._may_claim_tasks(hosted_agent):
                if hosted_agent.may_have_orphaned_tasks:
                    await self._requeue_orphaned_tasks(hosted_agent)
                elif hosted_agent.has_mail:
                    await self._create_tasks_from_inbox(hosted_agent)
                elif hosted_agent.has_waiting_tasks and hosted_agent.free_slots:
                    await self._claim_and_start_tasks(hosted_agent)
                else:
                    return
        except AgoraError as error:
            log.info("%s could not fetch its tasks: %s", hosted_agent.caller.name, error)
        except Exception:
            log.exception("%s could not fetch its tasks", hosted_agent.caller.name)
        finally:
            hosted_agent.fetch_task = None

    async def _requeue_orphaned_tasks(self, hosted_agent: HostedAgent) -> None:
        # Only if no other process uses the store: otherwise such a task may be running elsewhere, and its lease has to expire.
        work = partial(requeue_orphaned_tasks, agent_id=hosted_agent.caller.subject, running=frozenset(self._runs))
        await self._dispatcher.write_as_system(hosted_agent.caller.tenant, work, label=KEY_LABEL)
        hosted_agent.may_have_orphaned_tasks = False

    async def _create_tasks_from_inbox(self, hosted_agent: HostedAgent) -> None:
        # Before the transaction: a message that arrives during it sets the mark again.
        hosted_agent.has_mail = False
        try:
            count = await self._dispatcher.write_as_system(
                hosted_agent.caller.tenant,
                partial(create_tasks_from_messages, reader=hosted_agent.caller),
                label=KEY_LABEL,
            )
        except BaseException:
            hosted_agent.has_mail = True
            raise
        hosted_agent.has_mail = hosted_agent.has_mail or count >= MAX_BATCH

    async def _claim_and_start_tasks(self, hosted_agent: HostedAgent) -> None:
        # Before the transaction: a task that becomes available during it sets the mark again.
        hosted_agent.has_waiting_tasks, limit = False, hosted_agent.free_slots

        async def claim_tasks(call: Call) -> Claim:
            return await claim_own_tasks(
                replace(call, caller=hosted_agent.caller), limit, hosted_agent.agent.lease_seconds
            )

        try:
            claim = await self._dispatcher.write_as_system(hosted_agent.caller.tenant, claim_tasks, label=KEY_LABEL)
        except BaseException:
            hosted_agent.has_waiting_tasks = True
            raise
        # A full claim: there may be more.
        hosted_agent.has_waiting_tasks = hosted_agent.has_waiting_tasks or len(claim) >= limit
        for task in claim.tasks:
            self._start_run(hosted_agent, task)

    # -- time ------------------------------------------------------------------------------------

    async def renew_due_leases_and_retry_fetches(self) -> None:
        """Renew the leases that are due and retry failed fetches. The controller calls it every two
        seconds."""
        now = self._clock.now()
        due = [run for _, run in tuple(self._runs.values()) if run.renew_at <= now and not run.is_storing_outcome]
        for hosted in self.hosted_agents:
            self._free_slots_of_uncommitted_tasks(hosted)
            if hosted.has_waiting_tasks or hosted.has_mail or hosted.may_have_orphaned_tasks:
                self.start_fetch_unless_running(hosted)
        await asyncio.gather(*(run.renew_lease_or_stop_handler(now) for run in due))

    async def stop(self) -> None:
        """Let runs end for ``grace`` seconds, release the others, and close the agents."""
        self._closing = True
        await self._await_or_release_runs(self.hosted_agents)
        for lease_check in self._lease_checks:
            lease_check.cancel()
        await asyncio.gather(*(hosted.agent.close() for hosted in self.hosted_agents), return_exceptions=True)

    async def _await_or_release_runs(self, agents: Sequence[HostedAgent]) -> None:
        # A claim in progress still starts runs, so it is awaited before the runs are collected.
        fetch_tasks = [hosted.fetch_task for hosted in agents if hosted.fetch_task is not None]
        if fetch_tasks:
            await asyncio.wait(fetch_tasks)
        run_tasks = [run.task for hosted in agents for run in hosted.runs.values() if run.task is not None]
        if not run_tasks:
            return
        await asyncio.wait(run_tasks, timeout=self.grace)
        for run in [run for hosted in agents for run in hosted.runs.values()]:
            run.stop_handler("stopping")
        late_tasks = [task for task in run_tasks if not task.done()]
        if late_tasks:
            await asyncio.wait(late_tasks, timeout=RELEASE_SECONDS)
        # Their leases expire, and the next server claims the tasks.
        for task in late_tasks:
            task.cancel()

    async def wait_until_idle(self) -> None:
        """Wait until no run, fetch or removal is in progress."""
        while pending := [
            *(run.task for _, run in self._runs.values() if run.task is not None),
            *(hosted.fetch_task for hosted in self.hosted_agents if hosted.fetch_task is not None),
            *self._removals,
            *self._lease_checks,
        ]:
            await asyncio.wait(pending)

    async def _sleep_until_override_change(self, seconds: float) -> None:
        """Sleep for a number of seconds, or until an override changes."""
        # This event is replaced at the next change, so it is read once.
        changed = self._override_change_event
        try:
            async with asyncio.timeout(seconds):
                await changed.wait()
        except TimeoutError:
            return
