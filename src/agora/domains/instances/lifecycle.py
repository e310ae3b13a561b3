"""Lifecycle of one instance: each step moves it towards its desired state.

A step may be interrupted at any point and is repeated from the row, so each engine call is idempotent: builds are
cached, and starting a generation again returns the same program. If row and engine disagree, the engine is authoritative.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from collections.abc import Awaitable, Callable, Coroutine, Iterator
from dataclasses import replace
from functools import partial
from typing import Any, TypeVar

from agora.clock import SECOND, Clock, new_id
from agora.core.call import Call, decode_json, encode_json
from agora.runtimes.errors import EngineError, EngineUnavailable, InvalidSpec, SourceRefused, Unknown, Unsupported
from agora.runtimes.local_host import LocalHost
from agora.runtimes.port import Build, Handle, LogPage, Observation, ProcessExit, Runtime
from agora.runtimes.spec import Spec

from . import metering, transitions
from . import queries as statements
from .metering import MonotonicTime
from .notifications import emit_instance_event
from .records import InstanceRow
from .request_replies import send_running_reply
from .specs import build_health_check, build_spec
from .spending_limits import schedule_limit_checks
from .transitions import resolve_goal_state

__all__ = ["MAX_FAILED_CHECKS", "InstanceLifecycle", "StepSuperseded"]

T = TypeVar("T")
log = logging.getLogger(__name__)

RunInTransaction = Callable[[Callable[[Call], Coroutine[Any, Any, Any]]], Awaitable[Any]]
#: prefixes of transient reasons, cleared by the next step
AWAY, NOT_YET, NOT_ENDED = "Its engine cannot be used: ", "It does not work yet: ", "It cannot be ended yet: "
REPLACE_FIX = "Terminate it, and make another one; if the server's key was lost, restore it."
ENGINE_RETRY_DELAY = 5_000_000  #: delay before an unavailable engine is retried, in microseconds
HEALTH_STEP_SECONDS = 1.0  #: seconds that one step waits for a program to become healthy
MAX_FAILED_CHECKS = 3  #: consecutive failed checks before an instance is restarted
POLL_SECONDS = 0.02  #: seconds between two probes


class UnreadableInstance(EngineError):
    """The instance's row is malformed, or its secrets were encrypted with another key."""

    code = "unreadable"


class StepSuperseded(Exception):
    """The row changed during the step, so the result must not be written."""


PERMANENT_ERRORS = (InvalidSpec, SourceRefused, Unsupported, UnreadableInstance)


class InstanceLifecycle:
    """The steps of one instance. act: runs a function in a transaction."""

    def __init__(
        self, local: LocalHost, clock: Clock, context: Any, act: RunInTransaction, tenant: str, row: InstanceRow
    ) -> None:
        self.local, self.clock, self.context = local, clock, context
        self.act, self.tenant, self.row = act, tenant, row

    @property
    def check_interval(self) -> int:
        """Return the interval between checks of the running instance, in microseconds."""
        return int(self.context.settings.instance_check * SECOND)

    async def take_step(self) -> None:
        """Take the next step. Errors of engines and unreadable rows are stored as reasons, not raised."""
        try:
            await self._take_step()
        except StepSuperseded:
            pass
        except EngineUnavailable as error:
            await self._postpone_step(error)
        except EngineError as error:
            await self._fail_or_retry_after_error(error)
        except OSError as error:
            await self._fail_or_retry_after_error(EngineError(f"The host refuses: {error}."))
        except ValueError as error:
            await self._fail_or_retry_after_error(
                UnreadableInstance(f"Its stored data cannot be read: {error}.", fix=REPLACE_FIX)
            )

    async def _take_step(self) -> None:
        row, goal = self.row, resolve_goal_state(self.row)
        if goal == "stopped":
            await self._stop_and_remove_instance()
            return
        match row.state:
            case "requested" | "provisioning":
                await self._build_and_start()
            case "starting":
                await self._probe_until_ready()
            case "running" | "paused":
                await self._reconcile_running(goal)
            case "failed" if goal == "running":
                await self._start_next_generation()
            case _:  # failed with the desired state paused: nothing to do until the desired state changes
                await self._schedule_step(self._lasting_reason, None)

    # -- engines ---------------------------------------------------------------------------------

    @property
    def current_engine(self) -> Runtime:
        name = self.row.engine
        engine = self.local.engines.get(name)
        if engine is None:
            raise EngineUnavailable(f"This server has no engine {name!r} any more.")
        return engine

    @property
    def handle(self) -> Handle:
        if self.row.handle is None:
            raise Unknown("It was never started.")
        return Handle.from_json(decode_json(self.row.handle))

    @property
    def ticks(self) -> MonotonicTime:
        return MonotonicTime(self.local.ticks(), self.local.boot_id)

    @property
    def _lasting_reason(self) -> str | None:
        """Return the row's reason, unless it is transient."""
        reason = self.row.reason
        return None if reason is not None and reason.startswith((AWAY, NOT_YET, NOT_ENDED)) else reason

    # -- towards running -------------------------------------------------------------------------

    async def _build_and_start(self) -> None:
        if self.row.state == "requested":
            await self._change_state_and_emit("provisioning", announced_state="provisioning", due_at=self.clock.now())
        spec = build_spec(self.context, self.tenant, self.row, self.local)
        build = await self._build_image(spec)
        # A crash after this leaves a program without a handle in its row: the repeated step gets the same program back.
        handle = await self.current_engine.start(spec, build)
        health = build_health_check(self.row).path
        url = handle.address + health if handle.address and health else None
        now = self.clock.now()
        await self._change_state_and_emit(
            "starting",
            announced_state="starting",
            handle=encode_json(handle.to_json()),
            address=handle.address,
            health_url=url,
            starting_at=now,
            due_at=now,
        )

    async def _build_image(self, spec: Spec) -> Build:
        try:
            build = await self.current_engine.build(spec)
        except (EngineError, OSError, ValueError):
            raise
        except Exception as error:  # otherwise the instance would be provisioned for ever, without a reason
            incident = new_id("err")
            log.exception("the build of the instance %s failed (%s)", self.row.instance_id, incident)
            raise EngineError(f"The build failed on our side ({incident}).") from error

        async def store_build(call: Call) -> None:
            still = await call.tx.execute(
                statements.update_build,
                instance_id=self.row.instance_id,
                **transitions.build_row_guard_parameters(self.row),
                build=encode_json(build.to_json()),
                now=call.now,
            )
            if not still:
                raise StepSuperseded

        await self.act(store_build)
        return build

    async def _probe_until_ready(self) -> None:
        """Probe the program for ``HEALTH_STEP_SECONDS``; fail it after its ``start_timeout``.

        A program that declares neither a health check nor a port gets the same time to listen, and counts as ready
        afterwards: it may only make outgoing calls.
        """
        declared, deadline = build_health_check(self.row), time.monotonic() + HEALTH_STEP_SECONDS
        health = declared if declared.has_probe else replace(declared, listens=True)
        detail = "it was not checked"
        while time.monotonic() < deadline:
            observation = await self.current_engine.inspect(self.handle)
            if observation.state == "paused":
                observation = await self.current_engine.resume(self.handle)
            if observation.state != "running":
                await self._record_crash(observation)
                return
            verdict = await self.current_engine.probe(self.handle, health)
            if verdict.healthy:
                await self._record_running(observation)
                return
            detail = verdict.detail
            await asyncio.sleep(POLL_SECONDS)
        if not declared.has_probe:
            await self._record_running(observation)
            return
        limit = decode_json(self.row.config).get("start_timeout", 60.0)
        if self.clock.now() - (self.row.starting_at or 0) > limit * SECOND:
            await self.current_engine.stop(self.handle, 1.0)
            await self._record_crash(None, f"It did not work within {limit:g} s: {detail}.")
        else:
            await self._schedule_step(f"{NOT_YET}{detail}.", self.clock.now())

    async def _record_running(self, observation: Observation) -> None:
        ticks = self.ticks

        async def begin_running(call: Call) -> None:
            row = self.row
            changed_row = await transitions.change_state_if_current(
                call,
                row,
                "running",
                healthy=1,
                failing=0,
                started_at=call.now,
                due_at=call.now + self._next_check_delay(row),
            )
            if not changed_row:
                raise StepSuperseded
            await metering.begin_interval(call, row, ticks)
            started_at, due = row.starting_at or call.now, call.now + self._next_check_delay(row)
            check = metering.CheckResult(observation.usage, since=started_at, due=due)
            update = metering.build_check_update(call, row, check)
            await call.tx.execute(statements.update_checked_instances, checks=encode_json([update]), now=call.now)
            await schedule_limit_checks(call, [(row.account_id, row.agent_id, row.price_version)])
            await emit_instance_event("agora.instance.running", call, row, status="running", address=row.address)
            await send_running_reply(call, row, row.address, row.health_url)

        await self._run_unless_superseded(begin_running)

    def _next_check_delay(self, row: InstanceRow) -> int:
        """Return the microseconds until the next check; 0 if the instance is to be paused."""
        return 0 if resolve_goal_state(row) == "paused" else self.check_interval

    async def _start_next_generation(self) -> None:
        """Start a failed instance again as its next generation."""
        row = self.row
        await self._change_state_and_emit(
            "provisioning",
            announced_state="provisioning",
            reason=row.reason,
            next_generation=row.generation + 1,
            handle=None,
            restarts=row.restarts + 1,
            due_at=self.clock.now(),
        )

    # -- while it runs or is paused --------------------------------------------------------------

    async def _reconcile_running(self, goal: str) -> None:
        """Reconcile a running or paused instance with what the engine reports."""
        row = self.row
        observation = await self.current_engine.inspect(self.handle)
        if observation.state not in ("running", "paused"):
            await self._record_crash(observation)
        elif row.failing >= MAX_FAILED_CHECKS:
            await self.current_engine.stop(self.handle, 1.0)
            await self._record_crash(None, f"It does not work any more. {row.last_error}", at=self.clock.now())
        elif goal == "paused" and (observation.state == "running" or row.state == "running"):
            await self._pause_instance(observation)
        elif goal == "running" and (observation.state == "paused" or row.state == "paused"):
            await self._resume_instance(observation)
        else:
            await self._schedule_step(self._lasting_reason, self.clock.now() + self.check_interval)

    async def _pause_instance(self, observation: Observation) -> None:
        """Pause the instance. Metered time ends before the pause, so that the customer never pays for paused time."""
        ticks, was_running = self.ticks, observation.state == "running"
        with self._freeze_displayed_running_time(ticks):
            if was_running:
                await self.current_engine.pause(self.handle)
            await self._record_pause(ticks, was_running)

    @contextlib.contextmanager
    def _freeze_displayed_running_time(self, ticks: MonotonicTime) -> Iterator[None]:
        """Stop the displayed running time at ``ticks``, so that it never exceeds the billed time."""
        end_times, instance_id = self.local.end_times, self.row.instance_id
        end_times[instance_id] = ticks.at
        try:
            yield
        finally:
            end_times.pop(instance_id, None)

    async def _record_pause(self, ticks: MonotonicTime, was_running: bool) -> None:
        async def store_pause(call: Call) -> None:
            row = self.row
            reason = row.reason if row.blocked else None
            if not await transitions.change_state_if_current(
                call, row, "paused", reason=reason, healthy=0, due_at=call.now + self.check_interval
            ):
                raise StepSuperseded
            await metering.close_and_bill_interval(call, row, ticks, until_now=was_running)
            await emit_instance_event("agora.instance.paused", call, row, status="paused", reason=reason)

        await self._run_unless_superseded(store_pause)

    async def _resume_instance(self, observation: Observation) -> None:
        if observation.state == "paused":
            await self.current_engine.resume(self.handle)
        ticks = self.ticks

        async def store_resume(call: Call) -> None:
            row = self.row
            changed_row = await transitions.change_state_if_current(
                call, row, "running", healthy=1, failing=0, due_at=call.now + self._next_check_delay(row)
            )
            if not changed_row:
                raise StepSuperseded
            await metering.begin_interval(call, row, ticks)
            await schedule_limit_checks(call, [(row.account_id, row.agent_id, row.price_version)])
            await emit_instance_event("agora.instance.running", call, row, status="running", address=row.address)

        await self._run_unless_superseded(store_resume)

    # -- when it ends ----------------------------------------------------------------------------

    async def _record_crash(
        self, observation: Observation | None, reason: str | None = None, at: int | None = None
    ) -> None:
        exit, ticks = observation.exit if observation is not None else None, self.ticks
        if at is not None:
            exit = ProcessExit(reason="stopped", at=at)
        await self.act(
            partial(self._store_crash, ticks=ticks, exit=exit, reason=reason or transitions.describe_exit(exit))
        )
        self._drop_connections()

    async def _store_crash(self, call: Call, *, ticks: MonotonicTime, exit: Any, reason: str) -> None:
        await transitions.record_crash_and_schedule_restart(call, self.row, ticks, exit, reason)

    async def _stop_and_remove_instance(self) -> None:
        """Stop the instance, store its end time and last output, then remove it from the engine."""
        handle = self._find_program_handle()
        if handle is not None:
            # Before the stop, too: afterwards, an engine may no longer have it.
            previous_output = await self._read_last_output(handle)
            await self._stop_program_and_metering(handle)
            await self._store_output(await self._read_last_output(handle) or previous_output)
            # After the end and the output are stored: a crash before this repeats the step with the program still
            # there.
            await self.current_engine.remove(handle)
        else:
            ticks = self.ticks
            await self.act(lambda call: metering.close_and_bill_interval(call, self.row, ticks))
        # When the engine has nothing left of it: a finished row is not looked at again.
        await self.act(lambda call: transitions.finish_and_refund_instance(call, self.row, self._lasting_reason))
        self._drop_connections()

    async def _read_last_output(self, handle: Handle) -> LogPage | None:
        """Read the last part of the output; None if there is none or the engine no longer has it."""
        output_limit = self.context.settings.instance_output_kept * 1024
        if not output_limit:
            return None
        try:
            page = await self.current_engine.logs(handle, -output_limit, output_limit)
        # It may still have the output: the step is repeated.
        except EngineUnavailable:
            raise
        except EngineError:
            return None
        return page if page.data else None

    async def _store_output(self, page: LogPage | None) -> None:
        """Store the last output, which would otherwise be removed with the instance's files."""
        if page is None:
            return
        fields = {"begins": page.begin, "size": page.size, "data": page.data}

        async def store_output(call: Call) -> None:
            await call.tx.execute(statements.upsert_output, instance_id=self.row.instance_id, **fields)

        await self.act(store_output)

    async def _stop_program_and_metering(self, handle: Handle) -> None:
        """Stop the program. Its metered time includes the time that its process took to end."""
        grace = decode_json(self.row.config).get("stop_grace", 10.0)
        was_running = (await self.current_engine.inspect(handle)).state == "running"
        previous_output, started_at = self.ticks, self.clock.now()
        with self._freeze_displayed_running_time(previous_output):
            observation = await self.current_engine.stop(handle, grace)
            at, took = observation.exit.at if observation.exit is not None else None, self.ticks.at - previous_output.at
            # The wall clock of the exit may be set during the stop; the monotonic time bounds what is billed.
            stop_time = min(max(0, at - started_at), took) if was_running and at is not None else 0

            async def close_metering_interval(call: Call) -> None:
                await metering.close_and_bill_interval(
                    call, self.row, previous_output, at, until_now=was_running, more=stop_time
                )

            await self.act(close_metering_interval)

    def _find_program_handle(self) -> Handle | None:
        """Find the handle of a program that the engine may have; without one in the row, that of a start interrupted by a crash."""
        row = self.row
        if row.handle is not None:
            return self.handle
        return Handle(row.engine, row.instance_id, row.generation) if row.engine in self.local.engines else None

    def _drop_connections(self) -> None:
        if self.row.address is not None:
            # The port may soon be another program's.
            self.local.http_client.drop_connections(self.row.address)

    # -- errors ----------------------------------------------------------------------------------

    async def _fail_or_retry_after_error(self, error: EngineError) -> None:
        """Handle an engine's error: fail the instance if the error is permanent, else schedule a retry."""
        reason = error.detail + (f" {error.fix}" if error.fix else "")
        output = getattr(error, "output", "")
        reason = transitions.clean_text(f"{reason}\n{output[-1500:]}" if output else reason)
        ticks, exit = self.ticks, None
        # The engine may still know how it ended, which decides whether time is billed until then.
        if isinstance(error, Unknown) and self.row.state in ("running", "paused", "starting"):
            with contextlib.suppress(EngineError):
                exit = (await self.current_engine.inspect(self.handle)).exit
        log.info("instance %s: %s: %s", self.row.instance_id, error.code, error.detail)
        if resolve_goal_state(self.row) == "stopped":
            # Never given up: a finished row would leave a program that nobody ends.
            await self._schedule_step(NOT_ENDED + reason, self.clock.now() + ENGINE_RETRY_DELAY)
        elif isinstance(error, PERMANENT_ERRORS):
            await self.act(partial(self._fail_permanently, ticks=ticks, reason=reason))
        else:
            await self.act(partial(self._store_crash, ticks=ticks, exit=exit, reason=reason))

    async def _fail_permanently(self, call: Call, *, ticks: MonotonicTime, reason: str) -> None:
        row = self.row
        await metering.close_and_bill_interval(call, row, ticks)
        if await transitions.report_failure_and_end(call, row, reason):
            return
        if await transitions.change_state_if_current(
            call, row, "failed", reason=reason, healthy=0, errors=1, last_error=reason
        ):
            await emit_instance_event(
                "agora.instance.failed", call, row, status="failed", reason=reason, crash_loop=False, retry_at=None
            )

    async def _postpone_step(self, error: EngineUnavailable) -> None:
        """Postpone the step: the engine is unavailable, so the unknown state stays unchanged and is checked later."""
        await self._schedule_step(f"{AWAY}{error.detail}", self.clock.now() + ENGINE_RETRY_DELAY)

    async def _schedule_step(self, reason: str | None, due_at: int | None) -> None:
        """Schedule the next step; None: when the desired state changes."""

        async def store_reason(call: Call) -> None:
            await call.tx.execute(
                statements.update_reason,
                instance_id=self.row.instance_id,
                **transitions.build_row_guard_parameters(self.row),
                reason=reason and transitions.clean_text(reason),
                due_at=due_at,
                now=call.now,
            )

        await self.act(store_reason)

    async def _change_state_and_emit(self, state: str, *, announced_state: str, **changes: Any) -> None:
        async def store_state(call: Call) -> None:
            if not await transitions.change_state_if_current(call, self.row, state, **changes):
                raise StepSuperseded
            if announced_state == "starting":
                await emit_instance_event("agora.instance.starting", call, self.row, status=state)
            else:
                generation = changes.get("next_generation", self.row.generation)
                await emit_instance_event(
                    "agora.instance.provisioning", call, self.row, status=state, generation=generation
                )

        await self._run_unless_superseded(store_state)

    async def _run_unless_superseded(self, work: Callable[[Call], Coroutine[Any, Any, None]]) -> None:
        with contextlib.suppress(StepSuperseded):
            await self.act(work)
