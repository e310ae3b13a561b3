"""Reconciler of the instances on this host: drives them to their desired state, checks and meters them.

Desired and current state are stored in rows, so a crash loses nothing. Each instance takes one step at a time. A slow
step (a build) delays no other instance, and a hanging engine delays no other engine.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections import defaultdict
from collections.abc import Awaitable, Callable, Hashable, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar

from agora.clock import SECOND
from agora.core.call import Call, decode_json, encode_json
from agora.core.jobs import DueController, JobContext
from agora.core.usage import DEFAULT_TENANT
from agora.net.backoff import compute_exponential_delay
from agora.runtimes.errors import EngineError, EngineUnavailable
from agora.runtimes.local_host import LocalHost
from agora.runtimes.port import Capacity, EngineStatus, FoundInstance, Handle, Observation, Runtime
from agora.store.port import StoredEvent, StoreUnavailable

from . import host_queries
from . import queries as statements
from .records import InstanceRow, RunningProgram

if TYPE_CHECKING:
    from .lifecycle import InstanceLifecycle
    from .metering import MonotonicTime

__all__ = ["InstanceReconciler"]

K = TypeVar("K", bound=Hashable)
P = TypeVar("P", InstanceRow, RunningProgram)
log = logging.getLogger(__name__)

MAX_BATCH = 200
MAX_CONSECUTIVE_STEPS = 10  #: most consecutive steps of one instance before others get their turn
BUILD_STATES = ("requested", "provisioning")
MAX_CONCURRENT_STEPS = 64  #: concurrent steps on one engine above which no further build starts
MAX_CONCURRENT_PROBES = 32  #: concurrent health probes
DESIRED_STATE_EVENTS = frozenset(
    {"agora.instance.requested", "agora.instance.pausing", "agora.instance.resuming", "agora.instance.stopping"}
)
RESERVED_RESOURCES = ("memory", "cpu", "gpus")  #: resources of a host that are reserved for instances
CAPACITY_TIMEOUT = 5.0  #: seconds for an engine to report its capacity
ADOPTION_TIMEOUT = 1.0  #: seconds that a step waits for engines to list their programs
#: seconds until an instance is retried after an unexpected error in its step, doubled by each further one
RETRY_AFTER_ERROR = 5.0
MAX_RETRY_DELAY = 300.0  #: the longest such delay
ENGINE_RETRY_DELAY = 10 * SECOND  #: until an unavailable engine is asked again for its programs
MIN_SCAN_INTERVAL = 2 * SECOND  #: minimum time between two quick scans for ended programs
SCAN_REST_FACTOR = 200  #: minimum pause after a scan, as a multiple of its duration: bounds its CPU share to 0.5 %


class InstanceReconciler(DueController):
    """The reconciler of one host."""

    name = "instances"
    interval = 0.25
    next_due = statements.select_next_due_time

    def __init__(self, context: JobContext, local: LocalHost) -> None:
        super().__init__(context)
        self.local = local
        self._step_tasks: dict[tuple[str, str], asyncio.Task[None]] = {}
        self._lifecycles: dict[tuple[str, str], InstanceLifecycle] = {}
        self._delayed_until: dict[tuple[str, str], float] = {}
        self._step_failures: dict[tuple[str, str], int] = {}  # consecutive unexpected errors
        self._urgent_tasks: set[asyncio.Task[None]] = set()
        self._probe_tasks: dict[tuple[str, str], asyncio.Task[None]] = {}
        self._probed_instances: dict[tuple[str, str], frozenset[str]] = {}
        self._scan_tasks: dict[str, asyncio.Task[None]] = {}
        self._next_scan_at: dict[str, int] = {}
        self._adoption_tasks: dict[str, asyncio.Task[None]] = {}
        self._adopted_engines: set[str] = set()
        self._next_orphan_scan_at: dict[str, int] = {}
        self._reserved_amounts: dict[str, dict[str, int]] = {}

    @property
    def check_interval(self) -> int:
        """Return the interval between checks of an instance, in microseconds."""
        return int(self.context.server.settings.instance_check * SECOND)

    @property
    def due_parameters(self) -> Mapping[str, Any]:
        return {"host_id": self.local.host_id}

    # -- the loop --------------------------------------------------------------------------------

    async def start_up(self) -> None:
        """Register this host in each tenant before the first call needs it."""
        for tenant in {DEFAULT_TENANT, *await self.context.store.tenants()}:
            await self.store_heartbeat(tenant)

    async def step(self) -> None:
        await self._remove_orphaned_programs()
        await super().step()
        now = self.context.clock.now()
        # Running instances are due for their next check. Without any, no engine is queried, and rows are read as rarely
        # as those of other jobs.
        self.idle_interval = MIN_SCAN_INTERVAL / SECOND if self._due else DueController.idle_interval
        for name in self.local.engines if self._due else ():
            # Bounded: a clock that is set back must not put the scan off for long.
            if name not in self._scan_tasks and not 0 < self._next_scan_at.get(name, 0) - now <= self.check_interval:
                self._run_in_background(self._scan_tasks, name, partial(self._make_ended_instances_due, name))

    async def shut_down(self) -> None:
        """Cancel the running steps. Instances keep running; the next server repeats the steps."""
        probe_tasks = [*self._probe_tasks.values(), *self._scan_tasks.values(), *self._adoption_tasks.values()]
        tasks = [*self._urgent_tasks, *self._step_tasks.values(), *probe_tasks]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await self.local.close()

    async def reconcile(self, tenant: str) -> None:
        """Handle due instances: those that only need a check together, each of the others in a separate task."""
        now = self.context.clock.now()
        instances_in_check = {
            (tenant, name)
            for key in self._probe_tasks
            if key[0] == tenant
            for name in self._probed_instances.get(key, ())
        }
        limit = (
            MAX_BATCH + len(self._step_tasks) + len(instances_in_check)
        )  # slow steps remain due and must not displace others
        rows = await self.read(
            tenant, statements.select_due_instances, host_id=self.local.host_id, now=now, limit=limit
        )
        self._cancel_builds_to_stop(tenant, rows)
        busy = self._step_tasks.keys() | self._list_current_delays().keys() | instances_in_check
        free = [row for row in rows if (tenant, row.instance_id) not in busy]
        self._start_checks_by_engine(tenant, [row for row in free if _needs_only_check(row)])
        for row in free:
            # Only builds are held back: an instance that stops or resumes must not wait for them.
            if not _needs_only_check(row) and (
                row.state not in BUILD_STATES or self._count_steps_in_progress(row.engine) < MAX_CONCURRENT_STEPS
            ):
                self._begin_step(tenant, row)

    def _count_steps_in_progress(self, engine: str) -> int:
        """Count the instances of an engine that are taking a step."""
        return sum(life.row.engine == engine for life in self._lifecycles.values())

    def _start_checks_by_engine(self, tenant: str, rows: Sequence[InstanceRow]) -> None:
        """Start a check for each engine, unless one is running."""
        for engine, group in _group_by_engine(rows).items():
            key = (tenant, engine)
            if key not in self._probe_tasks and not self.is_stopping:
                self._probed_instances[key] = frozenset(row.instance_id for row in group)
                self._run_in_background(self._probe_tasks, key, partial(self.check_and_meter_instances, tenant, group))

    def _run_in_background(
        self, tasks: dict[K, asyncio.Task[None]], key: K, work: Callable[[], Awaitable[None]]
    ) -> None:
        """Run work concurrently with the loop; its errors are counted like those of a step."""
        task = tasks[key] = asyncio.create_task(self._run_recording_failure(work))
        task.add_done_callback(lambda _: tasks.pop(key))

    def _cancel_builds_to_stop(self, tenant: str, rows: Sequence[InstanceRow]) -> None:
        """Cancel builds of instances that are to be stopped."""
        for row in rows:
            key = (tenant, row.instance_id)
            if row.desired == "stopped" and key in self._lifecycles and self._lifecycles[key].row.state in BUILD_STATES:
                self._step_tasks[key].cancel()

    def _list_current_delays(self) -> dict[tuple[str, str], float]:
        """Drop elapsed delays; return the instances still delayed after an unexpected error."""
        now = time.monotonic()
        self._delayed_until = {key: until for key, until in self._delayed_until.items() if until > now}
        return self._delayed_until

    def receive_committed_events(self, events: Sequence[StoredEvent]) -> None:
        """React immediately to changed desired states, and register this host in new tenants."""
        super().receive_committed_events(events)
        desired_state_events = [event for event in events if event.event.type in DESIRED_STATE_EVENTS]
        for event in desired_state_events:  # another step than the one that failed
            self._delayed_until.pop((event.tenant_id, event.event.subject or ""), None)
        tenants = {event.tenant_id for event in desired_state_events}
        if tenants and not self.is_stopping:
            # Not at the next step: a call waits for the change.
            task = asyncio.ensure_future(self._reconcile_now(tenants))
            self._urgent_tasks.add(task)
            task.add_done_callback(self._urgent_tasks.discard)
        for event in events:
            if event.event.type == "agora.tenant.deleting":
                self._reserved_amounts.pop(event.event.subject or "", None)
            if event.event.type == "agora.tenant.created" and event.event.subject and not self.is_stopping:
                heartbeat_task = asyncio.ensure_future(
                    self._run_recording_failure(partial(self.store_heartbeat, event.event.subject))
                )
                self._urgent_tasks.add(heartbeat_task)
                heartbeat_task.add_done_callback(self._urgent_tasks.discard)

    async def _reconcile_now(self, tenants: set[str]) -> None:
        for tenant in tenants:
            await self._run_recording_failure(partial(self.reconcile, tenant))

    def _begin_step(self, tenant: str, row: InstanceRow) -> None:
        key = (tenant, row.instance_id)
        if key in self._step_tasks or self.is_stopping:
            return
        from .lifecycle import InstanceLifecycle

        life = InstanceLifecycle(
            self.local, self.context.clock, self.context.server, partial(self.write_as_system, tenant), tenant, row
        )
        self._lifecycles[key] = life
        task = self._step_tasks[key] = asyncio.create_task(self._run_steps(life))
        task.add_done_callback(partial(self._record_step_end, key))

    async def _run_steps(self, life: InstanceLifecycle) -> None:
        """Take up to ``MAX_CONSECUTIVE_STEPS`` steps while the instance is due now."""
        for _ in range(MAX_CONSECUTIVE_STEPS):
            await life.take_step()
            rows = await self.read(life.tenant, statements.select_instance, instance_id=life.row.instance_id)
            due = rows[0].due_at if rows else None
            if due is None or due > self.context.clock.now() or _needs_only_check(rows[0]):
                return
            # The next step judges the row as it is now: a call may have changed the desired state.
            life.row = rows[0]

    def _record_step_end(self, key: tuple[str, str], task: asyncio.Task[None]) -> None:
        del self._step_tasks[key], self._lifecycles[key]
        self.mark_tenant_due(key[0])
        error = None if task.cancelled() else task.exception()
        failures = self._step_failures.pop(key, 0)
        if error is not None:
            log.warning("a step of the instance %s of tenant %s failed", key[1], key[0], exc_info=error)
            self._step_failures[key] = failures + 1
            # Short in an outage of the store, so that work resumes soon after it.
            longest = RETRY_AFTER_ERROR if isinstance(error, StoreUnavailable) else MAX_RETRY_DELAY
            delay = compute_exponential_delay(failures + 1, RETRY_AFTER_ERROR, longest)
            self._delayed_until[key] = time.monotonic() + delay
            self.failures += 1
            self.last_error = f"{type(error).__name__}: {error}"

    async def wait_until_idle(self) -> None:
        """Wait until no step and no check is running."""
        while tasks := [*self._step_tasks.values(), *self._probe_tasks.values()]:
            await asyncio.wait(tasks)

    # -- reading ---------------------------------------------------------------------------------

    async def check_and_meter_instances(self, tenant: str, rows: Sequence[InstanceRow]) -> None:
        """Check running instances: state, resource usage, health; extend their metered time."""
        from .metering import MonotonicTime

        ticks = MonotonicTime(self.local.ticks(), self.local.boot_id)
        running: list[tuple[InstanceRow, Observation]] = []
        for row, observation in await self._observe_instances(rows):
            if observation is not None and observation.state == "running":
                running.append((row, observation))
            else:
                self._begin_step(tenant, row)
        if running:
            verdicts = await self._probe_instances([row for row, _ in running])
            await self.write_as_system(
                tenant, partial(self._store_checks_and_bill, observations=running, verdicts=verdicts, ticks=ticks)
            )
            self.mark_tenant_due(tenant)

    async def _observe_instances(self, rows: Sequence[P]) -> list[tuple[P, Observation | None]]:
        """Observe instances: each row with its engine's observation; None if the engine is unavailable."""
        observations: list[tuple[P, Observation | None]] = []
        for name, group in _group_by_engine(rows).items():
            try:
                engine = self._require_engine(name)
                results = await engine.inspect_all([_parse_handle(row) for row in group])
                observations += zip(group, results, strict=True)
            except EngineError:
                # An engine that cannot be asked says nothing about its instances: unknown never counts as ended.
                observations += [(row, None) for row in group]
        return observations

    def _require_engine(self, name: str) -> Runtime:
        engine = self.local.engines.get(name)
        if engine is None:
            raise EngineUnavailable(f"This server has no engine {name!r}.")
        return engine

    async def _probe_instances(self, rows: Sequence[InstanceRow]) -> dict[str, tuple[bool, str]]:
        """Probe instances; return by instance id whether it is healthy, and a detail."""
        from .specs import build_health_check

        semaphore = asyncio.Semaphore(MAX_CONCURRENT_PROBES)

        async def probe_instance(row: InstanceRow) -> tuple[str, tuple[bool, str]]:
            try:
                health = build_health_check(row)
            except ValueError:  # a running program must not stop because newer rules reject its manifest
                return row.instance_id, (True, "it runs")
            if health.path is None:
                return row.instance_id, (True, "it runs")
            async with semaphore:
                try:
                    handle = _parse_handle(row)
                    verdict = await self._require_engine(row.engine).probe(handle, health)
                except EngineError as error:
                    return row.instance_id, (False, error.detail)
                return row.instance_id, (verdict.healthy, verdict.detail)

        return dict(await asyncio.gather(*map(probe_instance, rows)))

    async def _store_checks_and_bill(
        self,
        call: Call,
        *,
        observations: Sequence[tuple[InstanceRow, Observation]],
        verdicts: dict[str, tuple[bool, str]],
        ticks: MonotonicTime,
    ) -> None:
        from . import metering
        from .lifecycle import MAX_FAILED_CHECKS
        from .spending_limits import block_exhausted_instances

        checks: list[list[Any]] = []
        for row, observation in observations:
            healthy, detail = verdicts[row.instance_id]
            failing = 0 if healthy else row.failing + 1
            since = row.seen_at or row.started_at or call.now
            due = call.now + (self.check_interval if failing < MAX_FAILED_CHECKS else 0)
            error = None if healthy else f"Its health check failed: {detail}."
            check = metering.CheckResult(observation.usage, since, due, failing, error)
            checks.append(metering.build_check_update(call, row, check))
        await call.tx.execute(statements.update_checked_instances, checks=encode_json(checks), now=call.now)
        rows = [row for row, _ in observations]
        await metering.bill_running_intervals(call, [row.instance_id for row in rows], ticks)
        await block_exhausted_instances(call, rows)

    async def _make_ended_instances_due(self, engine: str) -> None:
        """Scan an engine's running instances for ended ones, and schedule the next scan."""
        started_at = time.monotonic()
        try:
            await self.run_for_each_tenant(partial(self._make_ended_instances_of_tenant_due, engine=engine))
        finally:
            pause = int((time.monotonic() - started_at) * SCAN_REST_FACTOR * SECOND)
            self._next_scan_at[engine] = self.context.clock.now() + min(
                self.check_interval, max(MIN_SCAN_INTERVAL, pause)
            )

    async def _make_ended_instances_of_tenant_due(self, tenant: str, *, engine: str) -> None:
        """Make ended instances due now instead of at their next check."""
        running = await self.read(tenant, statements.select_running_programs, host_id=self.local.host_id)
        rows = [row for row in running if row.engine == engine]
        ended = [
            row.instance_id
            for row, observation in await self._observe_instances(rows)
            if observation is not None and observation.state != "running"
        ]
        idle_names = [name for name in ended if (tenant, name) not in self._step_tasks]
        if idle_names:
            await self.write_as_system(tenant, partial(_make_instances_due, ids=idle_names))
            self.mark_tenant_due(tenant)

    # -- this host -------------------------------------------------------------------------------

    async def store_heartbeat(self, tenant: str) -> None:
        """Store this host's engines and capacity, which is also its heartbeat.

        A server that never had engines is not stored: as Kubernetes Pods, such servers are short-lived.
        """
        if not self.local.engines and not await self.read(tenant, host_queries.select_host, ref=self.local.host_id):
            return
        engines: dict[str, str] = {}
        capacity: dict[str, Any] = {}
        limits: dict[str, Mapping[str, str]] = {}
        offered = await asyncio.gather(*map(_read_capacity, self.local.engines.values()))
        for name, (condition, has) in zip(self.local.engines, offered, strict=True):
            engines[name] = "" if condition.available else condition.detail
            if has is not None:
                limits[name] = condition.limits
                capacity = {
                    "memory": has.memory,
                    "memory_free": has.memory_free,
                    "cpus": has.cpus,
                    "gpus": has.gpus,
                    "disk_free": has.disk_free,
                    **capacity,  # with several engines, the first one's capacity describes the host
                    "ports": max(has.ports, capacity.get("ports", 0)),
                }

        capacity |= {"limits": limits} if limits else {}
        capacity |= await self._read_reserved_by_other_tenants(tenant)

        async def save_host(call: Call) -> None:
            await call.tx.execute(
                host_queries.upsert_host,
                host_id=self.local.host_id,
                name=await _find_free_host_name(call, self.local),
                kind="server",
                agent_id=None,
                region=self.local.region,
                engines=encode_json(engines),
                capacity=encode_json(capacity),
                private=1,
                now=call.now,
            )

        await self.write_as_system(tenant, save_host)

    async def _read_reserved_by_other_tenants(self, tenant: str) -> dict[str, int]:
        """Read the resources of this host reserved by other tenants, which do not appear in this tenant's rows."""
        rows = await self.read(tenant, host_queries.sum_reserved_resources)
        own_host = next((row for row in rows if row.host_id == self.local.host_id), None)
        self._reserved_amounts[tenant] = {
            name: getattr(own_host, name) if own_host is not None else 0 for name in RESERVED_RESOURCES
        }
        other_amounts = [amounts for other, amounts in self._reserved_amounts.items() if other != tenant]
        return {f"{name}_elsewhere": sum(amounts[name] for amounts in other_amounts) for name in RESERVED_RESOURCES}

    async def _remove_orphaned_programs(self) -> None:
        """Remove programs without a row after a start; the others are reconciled."""
        started_instances = []
        for name, engine in self.local.engines.items():
            now, again = self.context.clock.now(), self._next_orphan_scan_at.get(name, 0)
            # Bounded, because the clock may be set back.
            if (
                name not in self._adopted_engines
                and name not in self._adoption_tasks
                and not 0 < again - now <= ENGINE_RETRY_DELAY
            ):
                self._run_in_background(self._adoption_tasks, name, partial(self._remove_orphans_of_engine, engine))
                started_instances.append(self._adoption_tasks[name])
        if started_instances:
            # Not to the end: an engine that does not answer must not hold up the others.
            await asyncio.wait(started_instances, timeout=ADOPTION_TIMEOUT)

    async def _remove_orphans_of_engine(self, engine: Runtime) -> None:
        name = engine.name
        try:
            for remnant in await engine.list_instances():
                await self._remove_if_orphaned(engine, remnant)
            await engine.sweep()
        except EngineError as error:
            # A warning only once: the engine is asked every few seconds.
            level = logging.DEBUG if name in self._next_orphan_scan_at else logging.WARNING
            log.log(level, "the engine %s cannot be used: %s", name, error)
            self._next_orphan_scan_at[name] = self.context.clock.now() + ENGINE_RETRY_DELAY
        else:
            self._adopted_engines.add(name)

    async def _remove_if_orphaned(self, engine: Runtime, remnant: FoundInstance) -> None:
        """Remove a program whose instance is unknown, has ended, or has a newer generation."""
        handle = remnant.handle
        rows = await self.read(remnant.tenant, statements.select_instance_state, instance_id=handle.instance_id)
        row = rows[0] if rows else None
        # An equal generation stays, also without a handle in the row: the server ended before storing it (ADR 15).
        if row is None or row.stopped_at is not None or handle.generation < row.generation:
            log.warning("removing %s (generation %d), which has no row", handle.instance_id, handle.generation)
            await engine.remove(handle)


async def _read_capacity(engine: Runtime) -> tuple[EngineStatus, Capacity | None]:
    """Read whether an engine is usable, and its capacity if so."""
    try:
        async with asyncio.timeout(CAPACITY_TIMEOUT):
            condition = await engine.check()
            return condition, await engine.capacity() if condition.available else None
    except TimeoutError:
        return EngineStatus(False, f"it did not answer in {CAPACITY_TIMEOUT:g} seconds"), None
    except EngineError as error:
        return EngineStatus(False, error.detail), None


def _group_by_engine(rows: Sequence[P]) -> dict[str, list[P]]:
    groups: dict[str, list[P]] = defaultdict(list)
    for row in rows:
        groups[row.engine].append(row)
    return groups


def _parse_handle(row: InstanceRow | RunningProgram) -> Handle:
    assert row.handle is not None, "a running instance has a handle"
    return Handle.from_json(decode_json(row.handle))


def _needs_only_check(row: InstanceRow) -> bool:
    """Whether an instance runs as desired and only needs a check."""
    from .lifecycle import MAX_FAILED_CHECKS
    from .transitions import resolve_goal_state

    return row.state == "running" and resolve_goal_state(row) == "running" and row.failing < MAX_FAILED_CHECKS


async def _find_free_host_name(call: Call, local: LocalHost) -> str:
    """Find a free name for the host: its own, with a suffix if another host has it."""
    row = await call.tx.one(host_queries.select_host, ref=local.name)
    if row is None or row.host_id == local.host_id:
        return local.name
    return f"{local.name}-{local.host_id[-6:]}"


async def _make_instances_due(call: Call, *, ids: Sequence[str]) -> None:
    for instance_id in ids:
        await call.tx.execute(statements.wake_instance, instance_id=instance_id, now=call.now)
