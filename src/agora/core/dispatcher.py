"""The dispatcher: the single entry point of calls from every protocol.

A call first waits for its caller's share of the event loop (:mod:`agora.scheduling`). Then, in this order: lifecycle of
the operation, backpressure, rate limit, scope, overrides, validation of the arguments; one transaction that claims the
idempotency key, runs the service method and writes the audit record and the events; the answer.
A refused call is audited in a transaction of its own, because the call's transaction is rolled back.
"""

from __future__ import annotations

import hashlib
import logging
import re
import time
from collections.abc import Awaitable, Callable, Coroutine, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol, TypeVar

from agora.clock import Clock, new_id
from agora.net.backpressure import Backpressure, Limits
from agora.scheduling import LoopScheduler, MeteredCoroutine, Share
from agora.store.port import Reader, Store, StoreFailure, Tx, Work
from agora.telemetry import CURRENT_CALLER, CURRENT_PROTOCOL, CURRENT_REQUEST_ID, Measures
from agora.telemetry.tracing import Tracing
from agora_sdk.contract import Kind, Operation, Service
from agora_sdk.errors import (
    AgoraError,
    InternalError,
    InvalidRequest,
    PermissionDenied,
    field_error,
)

from . import relays
from .admission import ADMISSION, Admission, LifecycleCheck, OverrideCheck
from .call import (
    Call,
    CallClient,
    Caller,
    DeferredResult,
    EncodedResult,
    EventStreamSpec,
    Progress,
    Relay,
    ServerContext,
    WaitForEvent,
)
from .events.feed import Feed
from .events.filter import EventFilter, Viewer
from .events.stream import LiveStream
from .idempotency import build_key_reused_error, find_idempotent_answer, store_idempotent_answer
from .rate_limits import RateLimiter
from .records import AUDIT, AuditEntryRow
from .validation import validate_arguments

__all__ = ["Dispatcher", "Outcome"]

T = TypeVar("T")
log = logging.getLogger(__name__)
SYSTEM = "system"
# A key is a part of a primary key and of error texts: short, and without characters that headers could not carry.
MAX_KEY_CHARACTERS = 200
KEY_PATTERN = re.compile(r"[!-~]+")
SMALL_PAYLOAD_BYTES = 2_000  # bytes of arguments or of a response below which no time is measured
SECONDS_PER_BYTE = 8e-9  # to encode an answer as JSON
SECONDS_PER_BYTE_READ = 2e-8  # to read a body from its socket and scan it
OPERATOR_WEIGHT = 8.0  # event loop shares of an operator, so that repairs get through under load
ENROLMENT_WEIGHT = 8.0  # event loop shares of all agents of one enrolment token together


class UsageMeter(Protocol):
    """Usage counters."""

    def record(self, operation: Operation, seconds: float, ok: bool, tenant: str) -> None: ...


class CpuUsage:
    """CPU time of one call: charged to its caller's share of the event loop immediately, and to its rate limit at the
    end."""

    __slots__ = ("_dispatcher", "_share", "caller", "seconds")

    def __init__(self, dispatcher: Dispatcher, share: Share | None, caller: Caller) -> None:
        self._dispatcher, self._share, self.caller = dispatcher, share, caller
        self.seconds = 0.0

    def charge_share(self, seconds: float) -> None:
        """Add CPU seconds used by the call, and charge them to its caller's share of the event loop."""
        self.seconds += seconds
        if self._share is not None:
            self._dispatcher.scheduler.charge_time(self._share, seconds)

    def try_begin_turn(self) -> bool:
        """Whether the call may continue without waiting. If not, it must await :meth:`wait_for_turn`."""
        return self._share is None or self._dispatcher.scheduler.try_begin_turn(self._share)

    async def wait_for_turn(self, *, is_woken: bool = False) -> None:
        """Wait for the turn of a caller that has had more than its share. Raises Overloaded, unless the call is woken."""
        assert self._share is not None
        await self._dispatcher.scheduler.wait_for_turn(self._share, is_woken=is_woken)

    def charge_rate_limit(self) -> None:
        """Charge the CPU time used since the last charge to the caller's rate limit."""
        self._dispatcher.limiter.charge_cpu_time(self.caller, self.seconds)
        self.seconds = 0.0


@dataclass(slots=True)
class _Request:
    """One invocation of an operation: caller, idempotency key, and resources used.

    progress: called with the progress of a relay. on_wait: called with the subject of the events that the call waits
    for. client: the client, for requests of a relay. is_follow_up: see :meth:`Admission.admit_and_charge_call`.
    """

    operation: Operation
    caller: Caller
    key: str | None
    request_id: str
    progress: Progress | None
    usage: CpuUsage
    on_wait: Callable[[str], None] | None = None
    client: CallClient | None = None
    is_follow_up: bool = False


@dataclass(slots=True)
class Outcome:
    """The outcome of a call. ``body`` is the result as JSON; ``notices`` are headers about the operation's life."""

    operation: Operation
    _result: Any = None
    _body: bytes | None = None
    replayed: bool = False
    notices: Mapping[str, str] = field(default_factory=dict)
    waited: float = 0.0  # seconds spent waiting for an event, as requested
    usage: CpuUsage | None = None

    @classmethod
    def from_result(cls, operation: Operation, result: Any) -> Outcome:
        """Create an outcome from a service's result. Encoded JSON is decoded only if the model is requested."""
        return cls(operation, None, result.json) if type(result) is EncodedResult else cls(operation, result)

    @property
    def deferred_result(self) -> DeferredResult | None:
        """The deferred part of the result, if any."""
        return self._result if type(self._result) is DeferredResult else None

    @property
    def body(self) -> bytes:
        if self._body is None:
            self._body = self.operation.output.dump_json(self._result, by_alias=True)
            # The rate was charged when the call ended; a large answer is encoded after that, and must not be free.
            if self.usage is not None and len(self._body) > SMALL_PAYLOAD_BYTES:
                self.usage.charge_share(len(self._body) * SECONDS_PER_BYTE)
                self.usage.charge_rate_limit()
        return self._body

    @property
    def result(self) -> Any:
        if self._result is None and self._body is not None:
            self._result = self.operation.output.validate_json(self._body)
        return self._result


class Dispatcher:
    """One per server. ``services`` maps a category to the class that implements it.

    measures: counters of calls. tracing: exporter of traces, if any. backpressure: limits on unread responses.
    """

    def __init__(
        self,
        *,
        store: Store,
        feed: Feed,
        services: Mapping[str, type[Service]],
        context: ServerContext,
        clock: Clock,
        overrides: OverrideCheck,
        meter: UsageMeter,
        registry: LifecycleCheck,
        limiter: RateLimiter,
        measures: Measures | None = None,
        tracing: Tracing | None = None,
        backpressure: Backpressure | None = None,
    ) -> None:
        self.store, self.feed, self.services, self.context, self.clock = store, feed, services, context, clock
        self.overrides, self.meter, self.registry, self.limiter = overrides, meter, registry, limiter
        self.measures, self.tracing = measures or Measures(), tracing
        self.scheduler = LoopScheduler()
        self.backpressure = Backpressure(Limits()) if backpressure is None else backpressure
        self.admission = context.ports.provide(
            ADMISSION, Admission(registry, limiter, overrides, clock, context, self.backpressure)
        )

    # -- one call --------------------------------------------------------------------------------

    async def invoke(
        self,
        operation: Operation,
        caller: Caller,
        arguments: bytes | Mapping[str, Any],
        *,
        idempotency_key: str | None = None,
        request_id: str | None = None,
        progress: Progress | None = None,
        on_wait: Callable[[str], None] | None = None,
        client: CallClient | None = None,
        is_follow_up: bool = False,
    ) -> Outcome:
        """Run one operation for a caller; arguments are a JSON object as bytes, or a mapping.

        progress: called with the progress of a relay. on_wait: called before a wait with its subject, such as a task's
        id. client: the client, for requests of a relay. is_follow_up: see :meth:`Admission.admit_and_charge_call`.
        Raises an AgoraError (including StorageUnavailable); any other failure is logged and becomes InternalError.
        """
        request_id = request_id or new_id("req")
        usage = self._create_cpu_usage(caller)
        # A caller above its share waits before any other work, so that it costs the others nothing.
        if not usage.try_begin_turn():
            await usage.wait_for_turn()
        request = _Request(
            operation, caller, idempotency_key, request_id, progress, usage, on_wait, client, is_follow_up
        )
        try:
            if self.tracing is None:
                return await self._run_operation(request, arguments)
            attributes = {"agora.protocol": CURRENT_PROTOCOL.get(), "agora.request_id": request_id}
            with self.tracing.open_span(operation.name, "internal", attributes):
                return await self._run_operation(request, arguments)
        finally:
            # Failed and cancelled calls are charged, too: they have used CPU time.
            usage.charge_rate_limit()

    def resolve_operation_or_charge(self, caller: Caller, name: str, version: str | None = None) -> Operation:
        """Find the operation named by a caller. Raises NotFound, InvalidRequest, or RateLimited.

        An unknown name is charged as a call, plus the time of the search for similar names.
        """
        started_at = self.scheduler.clock.begin_step()
        try:
            # Charged only on failure: a known name is a look-up, an unknown one is compared with hundreds of others.
            return self.context.registry.resolve(name, version, caller.tenant)
        except AgoraError:
            usage = self._create_cpu_usage(caller)
            usage.charge_share(self.scheduler.clock.measure_step(started_at))
            usage.charge_rate_limit()
            self.limiter.charge_call(caller)
            raise

    async def wait_for_turn(self, caller: Caller, size: int = 0) -> None:
        """Wait for a caller's turn for work outside a call, such as reading its frames. Raises Overloaded.

        size: bytes that are about to be read.
        """
        usage = self._create_cpu_usage(caller)
        if not usage.try_begin_turn():
            await usage.wait_for_turn()
        if size > SMALL_PAYLOAD_BYTES:
            usage.charge_share(size * SECONDS_PER_BYTE_READ)

    def _create_cpu_usage(self, caller: Caller) -> CpuUsage:
        """Create the CPU usage of a call. The server's own work has no share and takes precedence."""
        # Jobs expire leases and timers: if they waited behind callers, a flood would delay what ends it.
        if caller.kind == "system":
            return CpuUsage(self, None, caller)
        weight, group = OPERATOR_WEIGHT if caller.kind == "operator" else 1.0, None
        if caller.enrolment is not None:
            # Whoever holds the token can register any number of agents: their shares are taken from one common share.
            group = self.scheduler.get_or_create_share(
                (caller.tenant, f"enrolment:{caller.enrolment}"), ENROLMENT_WEIGHT
            )
        return CpuUsage(self, self.scheduler.get_or_create_share(caller.owner, weight, group), caller)

    async def _run_operation(self, request: _Request, arguments: bytes | Mapping[str, Any]) -> Outcome:
        operation, caller, usage = request.operation, request.caller, request.usage
        started_at, waited = time.perf_counter(), 0.0
        # Set before anything can raise: a cancellation passes both handlers below, and is still counted as one.
        failure: str | None = "cancelled"
        CURRENT_REQUEST_ID.set(request.request_id)
        CURRENT_CALLER.set((caller.tenant, caller.subject))
        try:
            # Admitted before validated: a caller over its rate must not buy processor time with large arguments.
            self.admission.admit_and_charge_call(operation, caller, is_follow_up=request.is_follow_up)
            values = self._validate_arguments(operation, arguments, usage)
            # The arguments decide whether such a call only reads, so its overrides are checked after validation.
            if operation.read_actions:
                self.admission.check_overrides_by_arguments(operation, caller, values)
            if operation.kind is Kind.QUERY:
                outcome = await MeteredCoroutine(
                    self._run_query(request, values), usage.charge_share, self.scheduler.clock
                )
            elif operation.kind is Kind.RELAY:
                outcome = await self._run_relay(request, values)
            else:
                outcome = await self._run_command(request, values)
            # Those of the operation come last: they take precedence over what the service said about the object.
            if notices := self.registry.get_lifecycle_headers(operation, caller.tenant):
                outcome.notices = {**outcome.notices, **notices}
            outcome.usage = usage
            failure, waited = None, outcome.waited
            return outcome
        except AgoraError as error:
            failure = error.code
            # Not of every error: with a row for each mistake, a caller could fill the disk.
            if isinstance(error, PermissionDenied) and operation.kind is not Kind.QUERY:
                await self._audit_refusal(operation, caller, error, request.request_id)
            raise
        except Exception as error:
            failure = InternalError.code
            raise self._log_as_internal_error(operation, error) from error
        finally:
            self.record_call(operation, caller, time.perf_counter() - started_at, waited, failure)

    def record_call(
        self, operation: Operation, caller: Caller, seconds: float, waited: float, failure: str | None
    ) -> None:
        """Record a call in the metrics. waited: seconds spent waiting for an event on request."""
        self.meter.record(operation, seconds, failure is None, caller.tenant)
        # upstream tools are counted as one operation, because their number is unbounded
        label = operation if type(operation) is Operation else f"agora.{operation.implementation}.call"
        self.measures.record_call(CURRENT_PROTOCOL.get(), label, seconds - waited, failure)
        if log.isEnabledFor(logging.DEBUG):
            log.debug("%s: %s in %.1f ms", operation.name, failure or "ok", seconds * 1000)

    def _log_as_internal_error(self, operation: Operation, error: Exception) -> AgoraError:
        # The caller gets only this id: the error's text may name hosts, files or another caller's data.
        incident = new_id("err")
        log.error("%s failed (%s)", operation.name, incident, exc_info=error)
        if isinstance(error, StoreFailure):
            return InternalError(
                "The storage could not store the call.", fix="Look at the server's health and log.", incident=incident
            )
        return InternalError("Something went wrong on our side.", fix="Look in the server's log.", incident=incident)

    def _validate_arguments(
        self, operation: Operation, arguments: bytes | Mapping[str, Any], usage: CpuUsage
    ) -> dict[str, Any]:
        # Two readings of the CPU clock cost more than the validation of a small document.
        if type(arguments) is bytes and len(arguments) <= SMALL_PAYLOAD_BYTES:
            return validate_arguments(operation, arguments)
        started_at = self.scheduler.clock.begin_step()
        try:
            return validate_arguments(operation, arguments)
        finally:
            usage.charge_share(self.scheduler.clock.measure_step(started_at))

    def _build_call(self, operation: Operation, caller: Caller, tx: Any, request_id: str | None) -> Call:
        return Call(operation, caller, self.clock.now(), self.context, tx, request_id or new_id("req"))

    def _build_service(self, operation: Operation, call: Call) -> Any:
        return self.services[operation.implementation](call)  # type: ignore[call-arg]

    async def _run_query(self, request: _Request, values: dict[str, Any]) -> Outcome:
        operation, caller = request.operation, request.caller

        async def run_query_on_reader(reader: Reader) -> Any:
            service = self._build_service(operation, self._build_call(operation, caller, reader, request.request_id))
            return await getattr(service, operation.attribute)(**values)

        async def attempt_query() -> Outcome:
            return Outcome.from_result(operation, await self.store.read(caller.tenant, run_query_on_reader))

        return await self._run_with_long_poll(request, attempt_query)

    async def _run_with_long_poll(self, request: _Request, attempt: Callable[[], Awaitable[Outcome]]) -> Outcome:
        """Run a call, and repeat it after each matching event until it has a result or its wait time ends."""
        caller = request.caller
        deadline: float | None = None
        waited = 0.0
        while True:
            # The position is taken before the attempt: an event committed between the attempt and the wait would
            # otherwise be missed, and the caller would sleep until its deadline.
            position = (await self.feed.load_channel(caller.tenant)).head
            try:
                outcome = await attempt()
                outcome.waited = waited
                return outcome
            except WaitForEvent as wait:
                if request.on_wait is not None and wait.subject is not None:
                    request.on_wait(wait.subject)
                # In a transaction of its own: that of the attempt was rolled back by the exception.
                if wait.record is not None:
                    await self._write_metered(caller, wait.record, f"{request.operation.name}.wait", request.usage)
                now = time.monotonic()
                # Fixed by the first attempt: each wake-up would otherwise start the wait time anew.
                deadline = deadline or now + wait.seconds
                remaining = deadline - now
                # The service has checked that the caller may see a subject that it names, so that its events need no audience check.
                viewer = Viewer(caller.subject, caller.may("read:all") or wait.subject is not None)
                spec = EventStreamSpec(EventFilter.from_request(wait.events, subject=wait.subject), viewer, position)
                # The event is only a hint: the next attempt reads the rows, and may find that another caller was faster.
                is_woken = remaining > 0 and await self.feed.wait_for_event(
                    caller.tenant, spec, remaining, wait.matters, caller.quota_groups
                )
                waited += time.monotonic() - now
                if not is_woken:
                    # No last attempt at the deadline: an event would have woken the call.
                    outcome = Outcome.from_result(request.operation, wait.result)
                    if outcome.deferred_result is not None:
                        outcome = await self._read_deferred_answer(request, outcome.deferred_result)
                    outcome.waited = waited
                    return outcome
                if not request.usage.try_begin_turn():  # many may be woken at once
                    await request.usage.wait_for_turn(is_woken=True)
                # A halt may have begun during the wait. Admission ran before it, so the overrides are checked again.
                self.overrides.check_overrides(caller, request.operation, self.clock.now())

    async def _run_command(self, request: _Request, values: dict[str, Any]) -> Outcome:
        operation, caller, key = request.operation, request.caller, request.key
        digest = _validate_key_and_compute_digest(operation, values, key, caller) if key is not None else b""

        async def execute_command(tx: Tx) -> Outcome:
            call = self._build_call(operation, caller, tx, request.request_id)
            call.idempotency_key = key
            service = self._build_service(operation, call)
            if key is not None and (earlier := await self._find_stored_answer(call, service, key, digest)):
                return earlier
            result = await getattr(service, operation.attribute)(**values)
            outcome = Outcome.from_result(operation, result)
            # Not stored with the answer: a repetition has only the notices of the operation.
            outcome.notices = call.notices
            if key is not None and outcome.deferred_result is None:
                # Secrets are never stored with the idempotency record; a repetition gets them from service.reissue_credential.
                hidden = set(operation.secrets)
                stored_body = (
                    operation.output.dump_json(result, by_alias=True, exclude=hidden) if hidden else outcome.body
                )
                store_idempotent_answer(call, key, operation.name, digest, stored_body)
            # In the same transaction, so that every committed effect has an audit record and no rolled-back one does.
            tx.append(AUDIT, _build_audit_row(call, operation.name, "ok"))
            return outcome

        def attempt_command() -> Awaitable[Outcome]:
            return self._write_metered(caller, execute_command, operation.name, request.usage)

        outcome = await self._run_with_long_poll(request, attempt_command)
        if outcome.deferred_result is None:
            return outcome
        return await self._read_deferred_answer(request, outcome.deferred_result)

    def _write_metered(self, caller: Caller, work: Work[T], label: str, usage: CpuUsage) -> Awaitable[T]:
        """Run a caller's work in a transaction, scheduled fairly among other callers, and meter its CPU time."""

        def run_metered(tx: Tx) -> MeteredCoroutine[T]:
            return MeteredCoroutine(work(tx), usage.charge_share, self.scheduler.clock)

        # Without an owner a write is not queued behind its caller's others: operators must get through a flooded queue.
        owner = None if caller.kind in ("operator", "system") else caller.owner
        return self.store.write(caller.tenant, run_metered, label=label, owner=owner)

    async def _read_deferred_answer(self, request: _Request, deferred: DeferredResult) -> Outcome:
        """Read the result of a committed command in a separate transaction."""
        operation, caller = request.operation, request.caller

        # A new call for each attempt: its time is that of the answer, not that of the command.
        async def read_deferred(reader: Reader) -> Any:
            return await deferred.read(self._build_call(operation, caller, reader, request.request_id))

        async def answer_deferred() -> Outcome:
            return Outcome.from_result(operation, await self.store.read(caller.tenant, read_deferred))

        return await self._run_with_long_poll(request, answer_deferred)

    async def _run_relay(self, request: _Request, values: dict[str, Any]) -> Outcome:
        """Remote work between two transactions, see :mod:`agora.core.relays`."""
        operation, caller, key, usage = request.operation, request.caller, request.key, request.usage
        digest = _validate_key_and_compute_digest(operation, values, key, caller) if key is not None else b""

        async def begin_relay(tx: Tx) -> Outcome | relays.Intent:
            call = self._build_call(operation, caller, tx, request.request_id)
            call.progress, call.client, call.idempotency_key = request.progress, request.client, key
            service = self._build_service(operation, call)
            if key is not None and (earlier := await self._find_stored_answer(call, service, key, digest)):
                return earlier
            relay: Relay = await getattr(service, operation.attribute)(**values)
            return relays.record_relay_intent(call, relay, key, digest)

        # The intent is committed before the remote work starts: after a crash the pending row shows that the outcome is
        # unknown, and a repetition under the same key does not run the work twice.
        intent: Outcome | relays.Intent = await self._write_metered(caller, begin_relay, operation.name, usage)
        # Answered already: a repetition under the same key.
        if isinstance(intent, Outcome):
            return intent

        async def settle_relay(tx: Tx, outcome: Any) -> Any:
            call = self._build_call(operation, caller, tx, request.request_id)
            result = await relays.settle_relay(call, intent, outcome)
            code = result.code if isinstance(result, AgoraError) else "ok"
            if code != "ok" or not operation.reads:  # read-only relays are not audited, like queries
                tx.append(AUDIT, _build_audit_row(call, operation.name, code))
            return result

        async def finish_relay(outcome: Any) -> Any:
            return await self._write_metered(
                caller, lambda tx: settle_relay(tx, outcome), f"{operation.name}:settle", usage
            )

        # No transaction is open here: a slow upstream must not hold locks, or the only writer of SQLite.
        result = await relays.run_relay(intent, finish_relay)
        # Raised after the settling transaction, which has recorded the failure.
        if isinstance(result, AgoraError):
            raise result
        return Outcome(operation, result)

    async def _find_stored_answer(self, call: Call, service: Any, key: str, digest: bytes) -> Outcome | None:
        """Find the stored answer of an idempotency key. Raises IdempotencyConflict if it belongs to a different
        request."""
        operation = call.operation
        assert operation is not None
        answer = await find_idempotent_answer(
            call, key, operation.name, digest, lambda: build_key_reused_error("idempotency key", key, "request")
        )
        if answer is None:
            return None
        # An empty answer marks a relay that is running or whose outcome is unknown.
        if not answer:
            raise await relays.build_open_relay_error(call, key)
        outcome = Outcome(operation, None, answer, replayed=True)
        if operation.secrets:
            # Secrets are derived from the row's id and generation (ADR 4), so a repetition gets the same ones without their being stored.
            outcome = Outcome(operation, await service.reissue_credential(outcome.result), replayed=True)
        return outcome

    async def _audit_refusal(
        self, operation: Operation, caller: Caller, error: AgoraError, request_id: str | None
    ) -> None:
        async def append_refusal(tx: Tx) -> None:
            call = self._build_call(operation, caller, tx, request_id)
            call.detail = error.detail
            tx.append(AUDIT, _build_audit_row(call, operation.name, error.code))

        try:
            # Queued behind the caller's own writes: refusals must not take the turns of others.
            await self.store.write(caller.tenant, append_refusal, label="audit", owner=caller.owner)
        except Exception:  # the call is refused even if the audit entry cannot be written
            log.exception("a refusal of %s could not be audited", operation.name)

    # -- streams and the system ------------------------------------------------------------------

    async def open_stream(
        self,
        operation: Operation,
        caller: Caller,
        arguments: bytes | Mapping[str, Any],
        *,
        valid: Callable[[], Awaitable[None]] | None = None,
        is_follow_up: bool = False,
    ) -> LiveStream:
        """Open a stream of events or of a finite log. It holds no transaction.

        valid: raises if the stream's credential has ended. is_follow_up: see :meth:`Admission.admit_and_charge_call`. Attach a sink
        to the returned stream, or iterate it.
        """
        started_at, failure = time.perf_counter(), "cancelled"
        usage = self._create_cpu_usage(caller)
        try:
            if not usage.try_begin_turn():
                await usage.wait_for_turn()
            self.admission.admit_and_charge_call(operation, caller, is_follow_up=is_follow_up)
            values = self._validate_arguments(operation, arguments, usage)

            async def read_stream_spec(reader: Reader) -> Any:
                service = self._build_service(operation, self._build_call(operation, caller, reader, None))
                return await getattr(service, operation.attribute)(**values)

            spec = await self.store.read(caller.tenant, read_stream_spec)

            # A stream outlives its admission by hours, so credential and overrides are checked again at every heartbeat.
            async def recheck_caller() -> None:
                # In this order: a revoked credential must not count as activity of its agent.
                if valid is not None:
                    await valid()
                self.overrides.check_overrides(caller, operation, self.clock.now())
                if caller.kind == "agent":
                    self.context.last_seen[(caller.tenant, caller.subject)] = self.clock.now()

            stream: LiveStream = self.feed.open(caller.tenant, spec, recheck_caller, caller.quota_groups)
            failure = ""
            return stream
        except AgoraError as error:
            failure = error.code
            raise
        except Exception as error:
            failure = InternalError.code
            raise self._log_as_internal_error(operation, error) from error
        finally:
            usage.charge_rate_limit()
            self.record_call(operation, caller, time.perf_counter() - started_at, 0.0, failure or None)

    async def write_as_system(
        self, tenant: str, work: Callable[[Call], Coroutine[Any, Any, T]], *, label: str = SYSTEM
    ) -> T:
        """Run a job's work in a transaction as the system. Audited if it names a target."""
        # Highest authority: the server's own jobs must be able to end what any operator has begun.
        caller = Caller(tenant, SYSTEM, SYSTEM, SYSTEM, frozenset({"*"}), authority=255)

        async def run_system_work(tx: Tx) -> T:
            call = Call(None, caller, self.clock.now(), self.context, tx, new_id("req"))
            result = await work(call)
            if call.target is not None:
                tx.append(AUDIT, _build_audit_row(call, label, "ok"))
            return result

        return await self.store.write(tenant, run_system_work, label=label)


def _validate_key_and_compute_digest(operation: Operation, values: dict[str, Any], key: str, caller: Caller) -> bytes:
    """Compute the digest that identifies a request under an idempotency key. Raises InvalidRequest for a malformed key.

    Callers with an enrolment token share a subject, and a repeated registration returns its token again: their keys
    must be hard to guess.
    """
    min_characters = 16 if caller.kind == "enrolment" else 1
    if not min_characters <= len(key) <= MAX_KEY_CHARACTERS or not KEY_PATTERN.fullmatch(key):
        raise InvalidRequest(
            f"An idempotency key has {min_characters} to {MAX_KEY_CHARACTERS} visible ASCII characters.",
            errors=[field_error("Idempotency-Key", "malformed")],
        )
    # Digest of the validated arguments, so that the same request over another protocol is equal. The wait time is
    # excluded, because a retry may have less time left.
    request = operation.input.model_construct(**values).model_dump_json(exclude={"wait"})
    return hashlib.blake2b(f"{operation.name}@{operation.version}\n{request}".encode(), digest_size=16).digest()


def _build_audit_row(call: Call, operation: str, outcome: str) -> AuditEntryRow:
    return AuditEntryRow(
        tenant_id=call.caller.tenant,
        audit_id=new_id("aud"),
        time=call.now,
        actor=call.caller.subject,
        operation=operation,
        target=call.target,
        outcome=outcome,
        detail=call.detail,
        request_id=call.request_id,
    )
