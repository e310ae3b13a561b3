"""The context of a service: its call, its caller, and the parts of the server that rules may use."""

from __future__ import annotations

from collections import Counter
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol, TypeVar, cast

from pydantic_core import from_json, to_json

from agora.clock import new_id
from agora.settings import Settings
from agora.store.port import NewEvent, Reader, Tx, Work
from agora.value_classes import value_class
from agora_sdk.contract import Lifecycle, Operation, Result
from agora_sdk.errors import AgoraError

from .events.filter import EventFilter, Viewer
from .operation_lifecycle import OperationLifecycle
from .ports import Ports
from .runtime_settings import RuntimeSettings
from .signals import Signal, Signals

__all__ = [
    "BoundService",
    "Call",
    "CallClient",
    "Caller",
    "ClientRefused",
    "DeferredResult",
    "EncodedResult",
    "Entry",
    "EventStreamSpec",
    "LogPage",
    "LogStreamSpec",
    "Person",
    "Progress",
    "Relay",
    "ServerContext",
    "WaitForEvent",
    "cast_deferred_to_result",
    "cast_encoded_to_result",
    "cast_relay_to_result",
    "decode_json",
    "encode_json",
]

T = TypeVar("T")
R = TypeVar("R", bound=Result)

#: called with the progress of a call: amount done, total (None: unknown), and a message
Progress = Callable[[float, float | None, str | None], Awaitable[None]]


class ClientRefused(Exception):
    """The client did not fulfil a request of a call: it declined, failed, disconnected, or timed out."""


class CallClient(Protocol):
    """The client of a call, if its protocol supports requests to the client during the call.

    The vocabulary is MCP's: capabilities as clients declare them, and requests such as ``elicitation/create``.
    key: the same for all calls of one client session. log_level: minimum level of log messages that it requests, if
    any.
    """

    @property
    def key(self) -> str: ...
    @property
    def capabilities(self) -> Mapping[str, Any]: ...
    @property
    def log_level(self) -> str | None: ...

    async def send_request(self, method: str, params: Mapping[str, Any], /) -> dict[str, Any]:
        """Send a request to the client and return its result. Raises ClientRefused."""

    async def send_notification(self, method: str, params: Mapping[str, Any], /) -> None:
        """Send a notification to the client, during the call or later in its session."""


@value_class
class Person:
    """A signed-in person, as described by the identity provider. roles: names used by the provider.

    login: keys of this credential and of its session at the provider, under which their end is recorded.
    limit: tasks that may wait and run at once; daily_job_limit: coding jobs in a day; 0 for no limit. issued_at: microseconds since 1970.
    """

    issuer: str
    subject: str
    username: str
    email: str | None = None
    name: str | None = None
    roles: tuple[str, ...] = ()
    role: str | None = None
    login: tuple[str, ...] = ()
    session_id: str | None = None
    limit: int = 0
    issued_at: int = 0
    daily_job_limit: int = 0


@dataclass(slots=True, eq=False)
class Caller:
    """The caller: tenant, account, subject and scopes.

    subject: an agent id, ``operator``, ``system``, a key's id, a person's, or a task's for the program that works on it.
    authority: 0 to 255, 255 being the supreme override.
    expires_at: microseconds since 1970; None never.
    registrar: whose limits apply to it, too: the first registrar of its chain of registrations, or the address of an
    anonymous caller; None if only its own limits apply.
    enrolment: the enrolment token that it uses, or with which it or its registrar was registered: agents of one token
    share additional limits.
    has_credential: False for a caller identified only by its address, which unrelated callers may share.
    owner: holder of the server share that its calls use: tenant, and registrar or subject.
    """

    tenant: str
    subject: str
    name: str
    kind: str  # agent, operator, key, task, user, enrolment, anonymous, system
    scopes: frozenset[str]
    account: str = "default"
    tier: str = "basic"
    authority: int = 0
    expires_at: int | None = None
    token_id: str | None = None
    generation: int = 0
    person: Person | None = None
    registrar: str | None = None
    enrolment: str | None = None
    has_credential: bool = True
    owner: tuple[str, str] = field(init=False)

    def __post_init__(self) -> None:
        self.owner = self.tenant, self.registrar or self.subject

    def may(self, scope: str) -> bool:
        """Whether a scope is held; ``*`` holds every scope."""
        # An operation without a scope is public.
        return not scope or scope in self.scopes or "*" in self.scopes

    @property
    def registrar_for_new_agents(self) -> str | None:
        """The registrar recorded for agents that it registers; None if agents are accountable individually."""
        # Agents of an enrolment token share its limits instead (``enrolment``), so a fleet does not exhaust a single registrar's.
        if self.kind in ("operator", "system") or "*" in self.scopes or (self.kind == "enrolment" and self.token_id):
            return None
        return self.registrar or self.subject

    @property
    def quota_groups(self) -> tuple[tuple[str, str], ...]:
        """Groups with which it shares limited resources such as streams; none for operators."""
        if self.kind in ("operator", "system"):
            return ()
        names = [f"registrar:{self.registrar or self.subject}"]
        if self.account != "default":
            names.append(f"account:{self.account}")
        if self.enrolment is not None:
            names.append(f"enrolment:{self.enrolment}")
        return tuple((self.tenant, name) for name in names)

    @property
    def acts_for_others(self) -> bool:
        """Whether it may act for another agent."""
        return "*" in self.scopes or "act:any" in self.scopes

    def acts_for(self, subject: str | None) -> bool:
        """Whether it may change what belongs to a subject: its own, and anybody's if it acts for others."""
        return subject == self.subject or self.acts_for_others

    @property
    def reads_all(self) -> bool:
        """Whether it may read what belongs to others in its tenant."""
        return self.may("read:all") or self.acts_for_others


class OperationRegistry(Protocol):
    """Operations that can be found and called."""

    operations: tuple[Operation, ...]

    def resolve(self, name: str, version: str | None, tenant: str, /) -> Operation: ...
    def has(self, name: str, tenant: str, /) -> bool: ...
    def list_visible(self, caller: Caller, /) -> Sequence[Operation]: ...
    def select(
        self, caller: Caller, /, *, category: str | None, version: str | None, status: Lifecycle | None
    ) -> Sequence[Operation]: ...
    def status(self, operation: Operation, tenant: str, /) -> Lifecycle: ...
    def describe_lifecycle(self, operation: Operation, tenant: str, /) -> OperationLifecycle: ...
    def declared_status(self, operation: Operation, /) -> Lifecycle: ...
    def updated_at(self, operation: Operation, tenant: str, /) -> int: ...
    def get_call_statistics(self, operation: Operation, tenant: str, /) -> dict[str, Any]: ...


class Signer(Protocol):
    """Creates credentials. The same id and generation give the same credential."""

    def sign_agent_token(self, tenant: str, agent_id: str, generation: int) -> str: ...
    def sign_task_token(
        self, tenant: str, task_id: str, holder: str, worker: str | None, attempt: int, scopes: Sequence[str]
    ) -> str: ...
    def derive_key(self, tenant: str, token_id: str, kind: str) -> str: ...
    def compute_digest(self, credential: str) -> bytes: ...


@dataclass(slots=True)
class ServerContext:
    """Parts of the server available to services. None of them does I/O inside a transaction.

    started_at: microseconds since 1970. live: open streams by kind. last_seen: times of the last activity, not written
    yet, by tenant and agent. pushes: push notifications by outcome. v4_calls: calls of v4 agents by reducer and
    outcome. ports: parts that only some domains need. signals: notifications between domains within a call.
    """

    configuration: RuntimeSettings
    registry: OperationRegistry
    signer: Signer
    started_at: int
    live: Mapping[str, int] = field(default_factory=dict)
    last_seen: dict[tuple[str, str], int] = field(default_factory=dict)
    pushes: Counter[str] = field(default_factory=Counter)
    v4_calls: Counter[tuple[str, str]] = field(default_factory=Counter)
    ports: Ports = field(default_factory=Ports)
    signals: Signals = field(default_factory=Signals)

    @property
    def settings(self) -> Settings:
        """The settings in force."""
        return self.configuration.current


@dataclass(slots=True, eq=False)
class Call:
    """One call of one operation: its caller, operation, time and transaction.

    notices: headers about the lifecycle of the called object, in addition to those of the operation.
    """

    operation: Operation | None
    caller: Caller
    now: int
    context: ServerContext
    tx: Tx
    request_id: str
    events: list[NewEvent] = field(default_factory=list)
    target: str | None = None
    detail: str | None = None
    progress: Progress | None = None
    client: CallClient | None = None
    idempotency_key: str | None = None
    notices: dict[str, str] = field(default_factory=dict)

    def emit(
        self,
        type: str,
        data: Any,
        *,
        subject: str | None = None,
        audience: tuple[str, ...] | None = None,
        source: str | None = None,
    ) -> str:
        """Log an event in this call's transaction and return its id."""
        event_id = new_id("evt")
        origin = source or f"/agora/agents/{self.caller.subject}"
        event = NewEvent(event_id, type, origin, subject, self.now, to_json(data), audience)
        self.events.append(event)
        # Logged in the call's transaction: an event is committed exactly if its cause is.
        self.tx.emit(event)
        return event_id

    async def publish(self, signal: Signal[T], payload: T) -> T:
        """Let other domains handle a signal within this call. Returns the payload after all handlers."""
        return await self.context.signals.publish(signal, self, payload)


class BoundService:
    """A service over one call. Services compose by constructing each other over the same call."""

    __slots__ = ("call",)

    def __init__(self, call: Call) -> None:
        self.call = call


@value_class
class EventStreamSpec:
    """Filter, start position and viewer of a stream. A stream operation returns it; the feed runs it.

    position: sequence number after which it begins. resumed: whether the reader requested that position, so that it has
    everything before it. heartbeat_rounds: the stream gets a heartbeat in every n-th heartbeat round of the server.
    """

    filter: EventFilter
    viewer: Viewer
    position: int
    subscription_id: str | None = None
    resumed: bool = False
    heartbeat_rounds: int = 1


@value_class
class Entry:
    """One item of a followed log. kind: its SSE event name. json: the item as it goes over a wire."""

    number: int
    kind: str
    json: bytes


@value_class
class LogPage:
    """A page of entries after a position, in order. done: whether the log ends with this page."""

    entries: Sequence[Entry]
    done: bool = False


@value_class
class LogStreamSpec:
    """A separate log that a stream follows to its end. A stream operation returns it.

    read: returns a bounded page of the entries after a number. subject: its events indicate that there may be new
    entries. position: number of the last entry the reader has.
    """

    read: Callable[[Reader, int], Awaitable[LogPage]]
    subject: str
    viewer: Viewer
    position: int = 0


@value_class
class Relay:
    """Remote work of a call. A relay operation returns it; the dispatcher runs it.

    perform: does the work, outside any transaction. settle: turns the outcome, or the AgoraError that perform raised,
    into the call's result in a second transaction; it raises the error for the caller. timeout: seconds for perform.
    An error with ``outcome="unknown"`` means that the work may or may not have been done.
    """

    perform: Callable[[], Awaitable[Any]]
    settle: Callable[[Call, Any | AgoraError], Awaitable[Result]]
    timeout: float


def cast_relay_to_result(
    perform: Callable[[], Awaitable[T]], settle: Callable[[Call, T | AgoraError], Awaitable[R]], timeout: float
) -> R:
    """A :class:`Relay`, typed as its eventual result, so that a relay's method keeps its contract's type."""
    return cast(R, Relay(perform, settle, timeout))


@value_class
class EncodedResult:
    """A result that is already JSON, such as one assembled from stored documents."""

    json: bytes


def cast_encoded_to_result(json: bytes, kind: type[R]) -> R:
    """An :class:`EncodedResult`, typed as the result that it encodes."""
    return cast(R, EncodedResult(json))


@value_class
class DeferredResult:
    """A result that is read after the command's commit. ``read`` returns it and may raise :class:`WaitForEvent`.

    It is not stored under an idempotency key: the command itself must recognise a repetition.
    """

    read: Callable[[Call], Awaitable[Result]]


def cast_deferred_to_result(read: Callable[[Call], Awaitable[R]]) -> R:
    """A :class:`DeferredResult`, typed as its eventual result."""
    return cast(R, DeferredResult(read))


class WaitForEvent(Exception):
    """Raised by a call that has no result yet. It is rolled back and run again when a matching event arrives.

    events: types that may change the answer. result: the answer at the end of the wait time; a deferred one is read
    then. matters: whether an event of these types may change the answer, so that one event does not wake every waiting
    call. subject: subject of the events, known to be visible to the caller. record: what is written before the wait, in
    a transaction of its own.
    """

    harmless = True  # does not count as a failure of the server

    def __init__(
        self,
        events: frozenset[str],
        seconds: float,
        result: Any,
        matters: Callable[[NewEvent], bool] = lambda event: True,
        subject: str | None = None,
        record: Work[None] | None = None,
    ) -> None:
        super().__init__("waiting")
        self.events, self.seconds, self.result, self.matters = events, seconds, result, matters
        self.subject, self.record = subject, record


def encode_json(value: Any) -> str:
    """Encode a value as the JSON text of a column."""
    return to_json(value).decode()


def decode_json(text: str) -> Any:
    """Decode the JSON text of a column."""
    return from_json(text)
