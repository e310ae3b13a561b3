"""The worker: an agent of the marketplace that runs a coding agent for its tasks, in local codebases."""

from __future__ import annotations

import asyncio
import logging
import socket
import time
from collections.abc import Callable, Coroutine, Mapping
from dataclasses import replace
from typing import Any, cast

from agora_sdk import Agent, AgoraError, InputRequired, PermanentFailure, Postponed, TaskRun, __version__
from agora_sdk.backoff import Backoff
from agora_sdk.client import AgoraClient
from agora_sdk.contract.events import Event
from agora_sdk.contract.workers import CODING_PROGRAM, Worker
from agora_sdk.errors import StaleLease

from .adoption import PENDING_CODEBASE, REGISTRATION_TYPE, adopt_or_decline_codebase
from .container_engine import ContainerEngine
from .delivery import DELIVERY_TYPE, deliver_branch
from .execution import ContainerExecution, Execution, HostExecution
from .follow_ups import FOLLOW_UP_EVENT
from .job import Job
from .job_secrets import HAS_SECRETS_KEY, MaskedRun, SecretMask, mask_exception, read_secrets
from .options import WorkerOptions
from .profiles import apply_profile
from .registry import CodebaseRegistry
from .request import JOB_TYPE, MESSAGE_TYPE
from .session_sync import SessionSync
from .usage_limits import MAX_PAUSE_SECONDS, AccountBreaker
from .worktree_maintenance import CLEANING_TYPE, WorktreeMaintenance

__all__ = ["CodingWorker"]

logger = logging.getLogger("agora.worker")

DRAIN_POLL_SECONDS = 2.0  #: polling interval while a draining worker ends its jobs
LOST_EVENTS = ("agora.task.cancelled", "agora.task.expired", "agora.task.reassigned", "agora.task.started")
STEERING_ACTION = "steering"
RESTART_BACKOFF = Backoff(first=1.0, most=600.0)  #: until a background task that has failed is started again


class CodingWorker(Agent):
    """Claims jobs, and keeps the agents of jobs that wait for a permission.

    Each codebase is a capability, ``codebase:NAME``, and each repository, ``repository:IDENTITY``: a job that requires
    it goes to any worker that has it.
    """

    follows_offers = True

    def __init__(self, options: WorkerOptions, client: AgoraClient) -> None:
        super().__init__(options.name, f"Coding agent {options.agent_name}", client=client)
        self.options = options
        self.worker = options.name
        self.capabilities = build_capabilities(options)
        self.task_types = (JOB_TYPE, MESSAGE_TYPE, REGISTRATION_TYPE, DELIVERY_TYPE, CLEANING_TYPE)
        self.models = tuple(dict.fromkeys([*([options.model] if options.model else []), *options.models]))
        self.max_concurrent_tasks = options.max_concurrent_tasks
        self.lease_seconds = options.lease_seconds
        self.category = "coding"
        self.tags = tuple(options.labels)
        self.events = (*LOST_EVENTS, FOLLOW_UP_EVENT)
        self.metadata = {
            "agent": options.agent_name,
            "codebases": [codebase.name for codebase in options.codebases],
            "profiles": sorted(options.profiles),
        }
        self.worker_metadata = {
            "program": CODING_PROGRAM,
            "version": __version__,
            "hostname": socket.gethostname(),
        }
        self.stop_seconds = options.drain_seconds  # type: ignore[misc]
        self.provider_account = options.provider_account
        self._drain_task: asyncio.Task[None] | None = None
        self._breaker = AccountBreaker()
        if options.provider_account is not None:
            self._breaker.share = self._share_usage_limit_or_log
        self._registry = CodebaseRegistry(options)
        self._containers = ContainerEngine(options.state) if options.container is not None else None
        self._background_tasks: list[asyncio.Task[None]] = []
        # One delivery at a time: git's checkout and index are shared by all branches of a codebase.
        self._merge_lock = asyncio.Lock()
        self._running: dict[str, Job] = {}
        # Jobs whose agent waits for a person: their task is not held, and any worker may claim it.
        self._parked_jobs: dict[str, Job] = {}
        self._park_timers: dict[str, asyncio.Task[None]] = {}
        self._withheld_output: dict[
            str, str
        ] = {}  # output suffixes of paused jobs that may be the beginning of a secret

    async def _share_usage_limit_or_log(self, until: float) -> None:
        """Report a usage limit to the server, which informs the account's other workers."""
        assert self.worker_id is not None
        # A duration, not a timestamp: the clocks of this machine and the server may differ by more than the limit
        # lasts.
        seconds = min(max(1.0, until - time.time()), MAX_PAUSE_SECONDS)
        try:
            await self.client.worker.report_limit(self.worker_id, seconds=seconds)
        except AgoraError as error:
            logger.warning("The usage limit is not shared: %s", error)

    def _apply_server_state(self, worker: Worker) -> None:
        """Apply the worker's state on the server: a usage limit reported by another worker of the account, and
        draining."""
        if worker.status == "draining" and (self._drain_task is None or self._drain_task.done()):
            self._drain_task = asyncio.create_task(self._stop_when_drained())
            self._background_tasks.append(self._drain_task)
        if worker.limit_seconds is not None:
            self._breaker.block_until(time.time() + worker.limit_seconds)

    async def _stop_when_drained(self) -> None:
        """Stop after the last running task, unless the worker is set online again.

        The leases on the server decide, not the local jobs: a claim may just have been answered.
        """
        assert self.worker_id is not None
        logger.info("%s is draining: it takes no more jobs, and stops after the running ones", self.name)
        while True:
            try:
                worker = await self.client.worker.get(self.worker_id)
            except AgoraError as error:
                logger.warning("%s cannot check whether it is drained: %s", self.name, error)
            else:
                # An operator has set it online again while it was draining.
                if worker.status == "online":
                    return
                if not worker.active_tasks:
                    break
            await asyncio.sleep(DRAIN_POLL_SECONDS)
        self.stop()

    async def on_worker_update(self, event: Event) -> None:
        assert self.worker_id is not None
        self._apply_server_state(await self.client.worker.get(self.worker_id))

    async def on_start(self) -> None:
        assert self.worker_id is not None
        if self._containers is not None:
            # Before jobs are claimed: a container of a dead worker would go on changing the worktree of its job.
            for name in await self._containers.remove_orphaned_containers():
                logger.info("removed %s of a dead worker", name)
        # Ids exist only after registration, and with them the capabilities by which jobs name a codebase.
        names = await self._registry.register_codebases(self.client, self.worker_id)
        self._apply_server_state(await self.client.worker.get(self.worker_id))
        await self.client.agent.update(self.agent_id, capabilities=[*self.capabilities, *names])
        directories = ", ".join(str(codebase.path) for codebase in self.options.codebases)
        logger.info("%s takes jobs for %s with %s", self.name, directories, self.options.agent_name)
        self._worktree_maintenance = WorktreeMaintenance(self.options, self.client, self._registry)
        self._run_with_restarts(self._worktree_maintenance.clean_and_report_regularly)
        self._run_with_restarts(self._send_heartbeats_while_full)
        if self.options.opencode_database is not None:
            sync = SessionSync(self.options.opencode_database, self.client, self._registry)
            self._run_with_restarts(sync.report_changes_regularly)

    def _run_with_restarts(self, run: Callable[[], Coroutine[Any, Any, None]]) -> None:
        """Start a background task that runs until the worker stops; it is started again after an unexpected error."""

        async def run_until_cancelled() -> None:
            loop, failures = asyncio.get_running_loop(), 0
            while True:
                start = loop.time()
                try:
                    await run()
                except Exception:
                    logger.exception("%s: %s has failed and is started again", self.name, run.__qualname__)
                failures = RESTART_BACKOFF.count_failure(failures, loop.time() - start)
                await asyncio.sleep(RESTART_BACKOFF.pause(failures - 1))

        self._background_tasks.append(asyncio.create_task(run_until_cancelled()))

    async def on_task(self, task: TaskRun) -> Any:
        """Run a job; secrets are masked in everything sent to the server."""
        if task.task_type == REGISTRATION_TYPE:
            return await self._adopt_codebase(task)
        if task.task_type == DELIVERY_TYPE:
            return await deliver_branch(task, self.client, self._registry, self._merge_lock)
        if task.task_type == CLEANING_TYPE:
            return await self._worktree_maintenance.remove_requested_worktrees(task)
        if not task.payload.get(HAS_SECRETS_KEY):
            return await self._run_or_continue_job(task, self._build_job_options(task, {}), None)
        secrets = await read_secrets(self.client, task)
        mask = SecretMask(list(secrets.values()))
        run = MaskedRun(task, mask, self._withheld_output.pop(task.task_id, ""))
        try:
            result = await self._run_or_continue_job(cast("TaskRun", run), self._build_job_options(task, secrets), mask)
            return mask.mask_value(result)
        except (InputRequired, Postponed) as pause:
            # The other half of a secret may follow when the job continues.
            if rest := run.take_withheld_text():
                self._withheld_output[task.task_id] = rest
            raise mask_exception(pause, mask) from None
        except Exception as error:
            # Without its cause, whose text contains the secrets, too.
            raise mask_exception(error, mask) from None
        finally:
            await run.write_withheld_text()

    async def _adopt_codebase(self, task: TaskRun) -> Any:
        """Adopt a codebase at the server's request. If it is declined, the server offers the task to the next
        worker."""
        assert self.worker_id is not None
        options = self.options
        codebase = await adopt_or_decline_codebase(
            task,
            self.client,
            self.worker_id,
            options.codebase_roots,
            options.state / "repositories",
            options.clone_policy,
        )
        if codebase is None:
            # The executor reports no outcome of a lost lease: the server has already passed the task on.
            raise StaleLease(f"{task.task_id} was declined.")
        codebase_id = str(task.payload["codebase_id"])
        self._registry.add_codebase(codebase, codebase_id)
        return {"codebase_id": codebase_id, "worker_id": self.worker_id, "path": str(codebase.path)}

    def _build_job_options(self, task: TaskRun, secrets: Mapping[str, str]) -> WorkerOptions:
        """Choose the options of one job: of its profile, with its secrets. Raises PermanentFailure."""
        options, name = self.options, task.payload.get("profile")
        if name is not None:
            profile = options.profiles.get(str(name))
            if profile is None:
                names = ", ".join(sorted(options.profiles)) or "none"
                raise PermanentFailure(f"This worker has no profile {str(name)[:64]!r}; it has {names}.")
            options = apply_profile(options, profile)
        if secrets:
            options = replace(options, agent_environment={**options.agent_environment, **secrets})
        return options

    async def _run_or_continue_job(self, task: TaskRun, options: WorkerOptions, mask: SecretMask | None) -> Any:
        """Run a job, or continue one whose agent waits here."""
        registry = self._registry if mask is None else self._registry.with_mask(mask)
        job = self._parked_jobs.pop(task.task_id, None)
        if job is None:
            execution = self._create_execution(task.task_id, options)
            job = Job(task, self.client, options, self._breaker, registry, execution)
        else:
            self._park_timers.pop(task.task_id).cancel()
            job.continue_under_new_claim(task)
        self._running[task.task_id] = job
        try:
            result = await job.run_job()
        except InputRequired:
            self._park_job(job)
            raise
        # Also for a cancellation: the lease is lost, and the agent must not go on working without one.
        except BaseException:
            await job.close()
            self._stop_if_once()
            raise
        finally:
            # Another claim of the same task may have replaced it.
            if self._running.get(task.task_id) is job:
                del self._running[task.task_id]
            self._worktree_maintenance.schedule_report()
        await job.close()
        self._stop_if_once()
        return result

    def _create_execution(self, task_id: str, options: WorkerOptions) -> Execution:
        """Choose the execution environment of a job's commands."""
        if self._containers is None or options.container is None:
            return HostExecution()
        return ContainerExecution(self._containers, options.container, options.state, options.agent_name, task_id)

    async def on_event(self, event: Event) -> None:
        """Handle task events: a parked job that ended or continues at another worker, and steering follow-ups."""
        task_id = event.subject or ""
        if event.type == FOLLOW_UP_EVENT:
            await self._interrupt_for_steering(task_id, event)
            return
        # The worker's own claim of an answered job is such an event, too: its parked agent continues.
        is_own_claim = event.type == "agora.task.started" and _read_worker_id(event) == self.worker_id
        if task_id in self._parked_jobs and not is_own_claim:
            await self._close_parked_job(task_id)

    async def _interrupt_for_steering(self, task_id: str, event: Event) -> None:
        """Interrupt a job for a steering follow-up; a parked job is released, to be claimed again."""
        data = event.data if isinstance(event.data, dict) else {}
        if data.get("mode") != STEERING_ACTION or data.get("change") not in ("added", "changed"):
            return
        if (running := self._running.get(task_id)) is not None:
            running.request_interruption()
        elif (parked := self._parked_jobs.get(task_id)) is not None:
            await parked.release()

    async def on_stop(self) -> None:
        for task in self._background_tasks:
            task.cancel()
        for task_id in tuple(self._parked_jobs):
            await self._close_parked_job(task_id)

    async def _send_heartbeats_while_full(self) -> None:
        """Send heartbeats while the worker claims nothing because all its places are taken."""
        assert self.worker_id is not None
        while True:
            await asyncio.sleep(self.heartbeat_seconds)
            try:
                self._apply_server_state(await self.client.worker.heartbeat(self.worker_id))
            except AgoraError as error:
                logger.warning("%s: no heartbeat: %s", self.name, error)

    def _park_job(self, job: Job) -> None:
        self._parked_jobs[job.task_id] = job
        self._park_timers[job.task_id] = asyncio.create_task(self._close_parked_job_after_timeout(job.task_id))

    async def _close_parked_job_after_timeout(self, task_id: str) -> None:
        """End an agent after the maximum wait; the job keeps waiting, and its session is reopened later."""
        await asyncio.sleep(self.options.park_seconds)
        logger.info("%s: its agent was stopped; the job keeps waiting for its answer", task_id)
        del self._park_timers[task_id]
        await self._parked_jobs.pop(task_id).close()

    async def _close_parked_job(self, task_id: str) -> None:
        self._park_timers.pop(task_id).cancel()
        await self._parked_jobs.pop(task_id).close()

    def _stop_if_once(self) -> None:
        if self.options.once:
            self.stop()


def build_capabilities(options: WorkerOptions) -> list[str]:
    """Build the capabilities that a worker announces."""
    names = [f"codebase:{codebase.name}" for codebase in options.codebases]
    repositories = [f"repository:{codebase.repository}" for codebase in options.codebases if codebase.repository]
    profiles = [f"profile:{name}" for name in options.profiles]
    return list(
        dict.fromkeys(
            ["coding", f"coding:{options.agent_name}", f"codebase:{PENDING_CODEBASE}", *names, *repositories, *profiles]
        )
    )


def _read_worker_id(event: Event) -> Any:
    return event.data.get("worker") if isinstance(event.data, dict) else None
