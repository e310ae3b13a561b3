"""The driver of a coding agent: runs its process and speaks the Agent Client Protocol (version 1, JSON-RPC over stdio).

Not to be confused with the agent communication protocol of the marketplace. A session outlives its process: it is
reopened by ``session/resume``, else by ``session/load``, else replaced by a new session with the transcript.
"""

from __future__ import annotations

import asyncio
import contextlib
import ctypes
import logging
import os
import signal
import time
from collections import deque
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import acp
from acp import schema
from acp.client import ClientSideConnection

from . import gemini
from .permissions import Decision, PermissionRequest
from .process_reaper import MARK_VARIABLE, kill_marked_processes
from .usage_limits import UsageLimitReached, find_usage_limit_end

__all__ = ["AgentDied", "AgentFailed", "AgentProcess", "SessionState", "TurnEnd"]

logger = logging.getLogger("agora.worker")

PROTOCOL_VERSION = 1  #: in the draft of version 2 the response to a prompt no longer ends the turn
START_SECONDS = 120.0  #: the first start of an agent may install dependencies
CANCEL_SECONDS = 10.0  #: time for an agent to end a cancelled turn
# A line is one message of the protocol: it may contain whole files, as the result of a tool or a diff.
MAX_LINE_BYTES = 64 * 1024 * 1024
# Shown in the error when the agent dies.
MAX_LOG_LINES = 50
MAX_AGENT_RETRY_SECONDS = 30.0  #: shorter limits are left to the agent's own retries
#: Variables for the worker only; all others, including provider keys, are passed to the agent.
PRIVATE_VARIABLE_PREFIXES = ("AGORA_", "A2A_")
PR_SET_PDEATHSIG = 1
_libc = ctypes.CDLL(None, use_errno=True)


class AgentDied(Exception):
    """The agent's process or its connection has ended."""


class AgentFailed(Exception):
    """The agent has answered with an error that a restart would not fix."""


@dataclass(frozen=True, slots=True)
class TurnEnd:
    """End of a turn. stop_reason: end_turn, max_tokens, max_turn_requests, refusal or cancelled."""

    stop_reason: str
    usage: Mapping[str, Any]


@dataclass(slots=True)
class SessionState:
    """A session of an agent, with the data to reopen it. opening_method: resume, load or new.

    model: model of the session as reported by the agent; '' if it does not report one.
    """

    session_id: str
    opening_method: str
    models: list[str] = field(default_factory=list)
    model: str = ""
    options: dict[str, str] = field(default_factory=dict)


OnUpdate = Callable[[Mapping[str, Any]], None]
OnPermission = Callable[[PermissionRequest], Awaitable[Decision]]


def _set_kill_on_worker_death() -> None:
    """Have the kernel kill the process when the worker dies. Runs in the child process before exec."""
    # A killed worker cannot end its agents, which would go on working without a lease.
    # It refers to the thread that forks: that of the event loop lives as long as the worker, a pool's may end earlier.
    _libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


class AgentProcess:
    """A running coding agent with one session.

    on_update: called with each ``session/update``, as JSON. on_permission: awaited for each permission request; the
    turn waits for it.
    """

    def __init__(
        self,
        command: Sequence[str],
        cwd: Path,
        environment: Mapping[str, str],
        on_update: OnUpdate,
        on_permission: OnPermission,
    ) -> None:
        self.command, self.cwd = tuple(command), cwd
        self.on_update, self.on_permission = on_update, on_permission
        self._environment = environment
        self._process: asyncio.subprocess.Process | None = None
        self._connection: ClientSideConnection | None = None
        self._capabilities: schema.AgentCapabilities | None = None
        self._name = ""
        self._session: SessionState | None = None
        self._is_replaying = False
        self._stderr_lines: deque[str] = deque(maxlen=MAX_LOG_LINES)
        self._stderr_task: asyncio.Task[None] | None = None
        self._usage_limit_end: asyncio.Future[float] | None = None

    @property
    def pid(self) -> int:
        """Process id. The process must be running."""
        assert self._process is not None
        return self._process.pid

    async def start(self) -> str:
        """Start the process and initialize the connection. Returns its name and version. Raises AgentDied,
        AgentFailed."""
        try:
            self._process = await asyncio.create_subprocess_exec(
                *self.command,
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.PIPE,
                cwd=self.cwd,
                env=self.process_environment,
                limit=MAX_LINE_BYTES,
                start_new_session=True,  # its tools are in its process group, which is killed with it
                preexec_fn=_set_kill_on_worker_death,
            )
        except OSError as error:
            raise AgentFailed(f"{self.command[0]} cannot be started: {error}") from error
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._stderr_task = asyncio.create_task(self._read_stderr())
        client: Any = _AcpClient(self)
        self._connection = ClientSideConnection(client, self._process.stdin, self._process.stdout)
        # None are offered: the agent reads and writes files itself, below its worktree.
        capabilities = schema.ClientCapabilities(fs=schema.FileSystemCapabilities())
        info = schema.Implementation(name="agora-worker", version="5")
        initialization = await self._await_answer(
            self._connection.initialize(PROTOCOL_VERSION, capabilities, info), START_SECONDS
        )
        if initialization.protocol_version != PROTOCOL_VERSION:
            raise AgentFailed(
                f"The agent speaks version {initialization.protocol_version} of ACP; the worker speaks 1."
            )
        self._capabilities = initialization.agent_capabilities
        self._name = initialization.agent_info.name if initialization.agent_info else ""
        return (
            f"{initialization.agent_info.name} {initialization.agent_info.version}"
            if initialization.agent_info
            else self.command[0]
        )

    @property
    def process_environment(self) -> dict[str, str]:
        """Build the environment of the process: the worker's without its private variables, plus the agent's own."""
        inherited_variables = {
            name: value for name, value in os.environ.items() if not name.startswith(PRIVATE_VARIABLE_PREFIXES)
        }
        return inherited_variables | dict(self._environment)

    @property
    def missing_tools_reason(self) -> str | None:
        """Return why the started agent may ignore the MCP servers of a session; None if it uses them."""
        return gemini.describe_missing_tools(self.process_environment) if self._name == gemini.NAME else None

    @property
    def supports_http_servers(self) -> bool:
        """Whether the started agent supports MCP servers over HTTP."""
        capabilities = self._capabilities.mcp_capabilities if self._capabilities else None
        return bool(capabilities and capabilities.http)

    async def reopen_or_open_session(
        self, session_id: str | None, mcp_servers: Sequence[Mapping[str, Any]] = ()
    ) -> SessionState:
        """Reopen a session, or open a new one if there was none or reopening fails. Raises AgentDied, AgentFailed."""
        servers: list[Any] = [_convert_mcp_server(server) for server in mcp_servers]
        if session_id is not None:
            for opening_method, reopen in self._list_reopening_calls(session_id, servers):
                if opening_method == "load" and self._name == gemini.NAME:
                    await asyncio.sleep(gemini.compute_reopen_delay(session_id, self.process_environment, time.time()))
                self._is_replaying = True  # a loaded session repeats its messages, which the log already has
                try:
                    answer = await self._await_answer(reopen(), START_SECONDS)
                    self._session = SessionState(session_id, opening_method, **_read_options(answer))
                    if self._name == gemini.NAME:
                        gemini.remove_empty_session_files(session_id, self.process_environment)
                    return self._session
                except AgentFailed as error:
                    logger.info("session/%s of %s: %s", opening_method, session_id, error)
                finally:
                    self._is_replaying = False
        answer = await self._await_answer(
            self._live_connection.new_session(str(self.cwd), mcp_servers=servers), START_SECONDS
        )
        self._session = SessionState(answer.session_id, "new", **_read_options(answer))
        return self._session

    def _list_reopening_calls(
        self, session_id: str, servers: list[Any]
    ) -> list[tuple[str, Callable[[], Awaitable[Any]]]]:
        """List the supported ways to reopen a session, best first."""
        capabilities, cwd = self._capabilities, str(self.cwd)
        calls: list[tuple[str, Callable[[], Awaitable[Any]]]] = []
        if capabilities and capabilities.session_capabilities and capabilities.session_capabilities.resume is not None:
            calls.append(("resume", lambda: self._live_connection.resume_session(session_id, cwd, mcp_servers=servers)))
        if capabilities and capabilities.load_session:
            calls.append(("load", lambda: self._live_connection.load_session(cwd, session_id, mcp_servers=servers)))
        return calls

    async def set_option_if_supported(self, category: str, value: str) -> bool:
        """Set an option of the session, such as model or mode. Returns whether the agent has such an option."""
        option = self._session_state.options.get(category)
        if option is None:
            return False
        await self._await_answer(
            self._live_connection.set_config_option(option, self._session_state.session_id, value), START_SECONDS
        )
        if category == "model":
            self._session_state.model = value
        return True

    @property
    def model(self) -> str:
        """Model of the open session as reported by the agent; '' if it does not report one."""
        return self._session.model if self._session is not None else ""

    async def run_prompt(self, text: str) -> TurnEnd:
        """Send a prompt and wait for the end of its turn. Raises AgentDied, AgentFailed, UsageLimitReached.

        Cancelling the coroutine cancels the turn; if the agent answers in time, the end of the turn is returned.
        """
        loop = asyncio.get_running_loop()
        self._usage_limit_end = loop.create_future()
        turn = asyncio.ensure_future(self._await_answer(self._send_prompt(text)))
        try:
            await asyncio.wait((turn, self._usage_limit_end), return_when=asyncio.FIRST_COMPLETED)
            # The usage limit came first; the agent itself would go on retrying without a message.
            if not turn.done():
                until = self._usage_limit_end.result()
                await self._cancel_turn(turn)
                raise UsageLimitReached(f"{self.command[0]}: the usage limit is reached.", until)
            answer = turn.result()
        except asyncio.CancelledError:
            # Before the process is killed: an agent that is told can store its session, which is reopened later.
            await self._cancel_turn(turn)
            if not turn.done() or turn.cancelled() or turn.exception() is not None:
                raise
            # Not raised again, because the answer contains the tokens of the cancelled turn.
            answer = turn.result()
        finally:
            self._usage_limit_end = None
            turn.cancel()
        return TurnEnd(answer.stop_reason, _read_usage(answer))

    async def _send_prompt(self, text: str) -> schema.PromptResponse:
        block = schema.TextContentBlock(type="text", text=text)
        return await self._live_connection.prompt(self._session_state.session_id, [block])

    async def _cancel_turn(self, turn: asyncio.Future[Any]) -> None:
        """Send ``session/cancel`` and wait up to ``CANCEL_SECONDS`` for the end of the turn."""
        # The agent may have ended, or may not read any more: close() kills it in any case.
        with contextlib.suppress(Exception):
            await self._live_connection.cancel(self._session_state.session_id)
        await asyncio.wait((turn,), timeout=CANCEL_SECONDS)
        # Retrieves the error, which asyncio would log as never retrieved.
        if turn.done() and not turn.cancelled():
            turn.exception()

    async def close(self) -> None:
        """End the process and its descendants."""
        process = self._process
        if process is None:
            return
        if self._connection is not None:
            with contextlib.suppress(Exception):
                await asyncio.wait_for(self._connection.close(), 1)
        # Both, also after an orderly end: the group may contain tools that ignore SIGTERM.
        for number in (signal.SIGTERM, signal.SIGKILL):
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, number)
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(process.wait(), 3)
        # Processes that its tools started in sessions of their own would continue to change the worktree of the next
        # agent.
        if mark := self._environment.get(MARK_VARIABLE):
            await asyncio.to_thread(kill_marked_processes, mark)
        if self._stderr_task is not None:
            self._stderr_task.cancel()
        # asyncio keeps the pipe of an ended process open until its transport is closed.
        process._transport.close()  # type: ignore[attr-defined]

    @property
    def stderr_tail(self) -> str:
        """Return the last lines of its standard error."""
        return "\n".join(self._stderr_lines)

    # -- from the agent -----------------------------------------------------------------------------------

    def receive_update(self, update: Mapping[str, Any]) -> None:
        """Handle an update of the session."""
        if not self._is_replaying:
            self.on_update(update)

    async def _read_stderr(self) -> None:
        assert self._process is not None
        assert self._process.stderr is not None
        async for line in self._process.stderr:
            text = line.decode(errors="replace").rstrip()
            self._stderr_lines.append(text)
            logger.debug("%s: %s", self.command[0], text)
            self._detect_usage_limit(text)

    def _detect_usage_limit(self, line: str) -> None:
        limit_end = self._usage_limit_end
        # Only records of the agent's own log: a text that it works on may speak of limits, too.
        if limit_end is None or limit_end.done() or not line.startswith(("ERROR", "WARN", "timestamp=")):
            return
        until = find_usage_limit_end(line, time.time())
        # The agent itself waits out shorter ones.
        if until is not None and until > time.time() + MAX_AGENT_RETRY_SECONDS:
            limit_end.set_result(until)

    @property
    def _live_connection(self) -> ClientSideConnection:
        assert self._connection is not None
        return self._connection

    @property
    def _session_state(self) -> SessionState:
        assert self._session is not None
        return self._session

    async def _await_answer(self, answer: Awaitable[Any], timeout: float | None = None) -> Any:
        """Wait for a response of the agent. Raises AgentDied if it ends first, AgentFailed, UsageLimitReached."""
        assert self._process is not None
        call = asyncio.ensure_future(answer)
        ended = asyncio.ensure_future(self._process.wait())
        try:
            await asyncio.wait((call, ended), timeout=timeout, return_when=asyncio.FIRST_COMPLETED)
            # Checked first: an agent may answer and end at once, and then the answer counts.
            if call.done():
                return call.result()
            if ended.done():
                raise AgentDied(
                    f"{self.command[0]} ended with {_describe_exit(ended.result())}. {self.stderr_tail}".strip()
                )
            raise AgentFailed(
                f"{self.command[0]} has not answered for {timeout:.0f} seconds. {self.stderr_tail}".strip()
            )
        except acp.RequestError as error:
            text = f"{error} {error.data or ''}".strip()
            until = find_usage_limit_end(text, time.time())
            if until is not None:
                raise UsageLimitReached(text, until) from error
            raise AgentFailed(text) from error
        except (ConnectionError, EOFError) as error:
            raise AgentDied(f"{self.command[0]}: the connection ended. {self.stderr_tail}".strip()) from error
        finally:
            # Both are ended here, so that no task outlives its agent.
            for part in (call, ended):
                part.cancel()
            await asyncio.gather(call, ended, return_exceptions=True)


class _AcpClient:
    """The client side of the protocol, called by the agent."""

    def __init__(self, agent: AgentProcess) -> None:
        self._agent = agent

    async def session_update(self, session_id: str, update: Any, **_: Any) -> None:
        self._agent.receive_update(update.model_dump(by_alias=True, exclude_none=True, mode="json"))

    async def request_permission(
        self, session_id: str, tool_call: Any, options: list[Any], **_: Any
    ) -> schema.RequestPermissionResponse:
        option_documents = [option.model_dump(by_alias=True, mode="json") for option in options]
        request = PermissionRequest.from_tool_call(
            tool_call.model_dump(by_alias=True, exclude_none=True, mode="json"), option_documents
        )
        decision = await self._agent.on_permission(request)
        outcome = (
            {"outcome": "cancelled"}
            if decision.option is None
            else {"outcome": "selected", "optionId": decision.option.option_id}
        )
        return schema.RequestPermissionResponse.model_validate({"outcome": outcome})

    def on_connect(self, connection: Any) -> None:
        """Do nothing when the connection opens."""

    async def ext_notification(self, method: str, params: dict[str, Any]) -> None:
        """Ignore extension notifications."""


def _convert_mcp_server(server: Mapping[str, Any]) -> Any:
    """Convert an MCP server to the protocol package's type: HTTP or stdio."""
    if "command" in server:
        return schema.McpServerStdio.model_validate(server)
    return schema.HttpMcpServer.model_validate({"headers": [], **server})


def _read_options(answer: Any) -> dict[str, Any]:
    """Read the options of a session: option ids by category, the models, and the current model."""
    options: dict[str, str] = {}
    models: list[str] = []
    model = ""
    for option in (answer.model_dump(by_alias=True, mode="json") if answer is not None else {}).get(
        "configOptions"
    ) or []:
        options[option.get("category") or option["id"]] = option["id"]
        if option.get("category") == "model":
            models = [str(choice["value"]) for choice in option.get("options") or [] if "value" in choice]
            model = str(option.get("currentValue") or "")
    return {"models": models, "model": model, "options": options}


def _read_usage(answer: schema.PromptResponse) -> Mapping[str, Any]:
    """Read the token usage of a turn, in the protocol's names; Gemini CLI reports it in an extension."""
    if answer.usage is not None:
        return answer.usage.model_dump(by_alias=True)
    quota = (answer.field_meta or {}).get("quota")
    tokens = quota.get("token_count") if isinstance(quota, dict) else None
    if not isinstance(tokens, dict):
        return {}
    return {"inputTokens": tokens.get("input_tokens"), "outputTokens": tokens.get("output_tokens")}


def _describe_exit(code: int) -> str:
    return f"signal {-code}" if code < 0 else f"exit code {code}"
