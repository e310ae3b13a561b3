"""The task methods, in the experimental form of 2025-11-25 and of the extension of 2026-07-28.

A task is visible only to its creator, on any protocol, even if others may read it elsewhere. All access uses the
operations of tasks, with the caller's permissions.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Final

from pydantic_core import to_json

from agora.core.call import ClientRefused
from agora_sdk.contract import Operation
from agora_sdk.errors import AgoraError, IllegalTransition, InvalidRequest, NotFound, Unauthenticated

from .agent_offers import Offer
from .agent_tasks import TOOL_KEY, AgentTasks
from .client_requests import ClientRequests
from .progress import ProgressReporter, follow_task_with_progress
from .questions import ELICIT_METHOD, Question, list_questions_of_entry
from .request_context import INVALID_PARAMS, METHOD_NOT_FOUND, JsonRpcError, RequestContext
from .request_meta import CAPABILITIES_KEY
from .server_info import TASKS_EXTENSION
from .sessions import Session
from .task_views import (
    PROGRESS_KEY,
    RELATED_TASK_KEY,
    TASK_ID_KEY,
    TERMINAL_STATUSES,
    TTL_KEY,
    build_detailed_task,
    build_legacy_task,
    build_task_result,
    is_expired,
)
from .tool_results import ToolResult
from .tools import SEND_OPERATION

__all__ = [
    "LEGACY_VERSION",
    "MISSING_CAPABILITY",
    "TaskMethods",
    "build_no_task_support_error",
    "read_declared_capabilities",
    "serves_legacy_tasks",
]

LEGACY_VERSION: Final = "2025-11-25"  #: the only version with tasks of the experimental form
LEGACY_TASK_METHODS: Final = frozenset({"tasks/get", "tasks/result", "tasks/list", "tasks/cancel"})
MISSING_CAPABILITY: Final = -32021
MIN_TTL: Final = 1000  #: minimum in milliseconds; shorter values are raised to it
# Larger integers are not exact in clients whose numbers are floats.
MAX_TTL: Final = 2**53
PAGE_SIZE: Final = 50
MAX_WATCHED: Final = 200  #: maximum number of tasks of one subscriptions/listen
MAX_RESPONSES: Final = 100  #: maximum number in one tasks/update
#: subscribes a session to the status of a task
WatchTask = Callable[[Session, str], Awaitable[None]]
CANCELLATION_REASON: Final = "The client cancelled the task."


class TaskMethods:
    """Implements the methods. Each raises JsonRpcError, and Unauthenticated if a credential is required."""

    def __init__(self, tasks: AgentTasks, watch: WatchTask | None = None) -> None:
        self._tasks, self._dispatcher, self._watch = tasks, tasks.dispatcher, watch
        self._retention = tasks.dispatcher.context.settings.task_retention

    # -- calls that create tasks -----------------------------------------------------------------

    def accepts_task_result(self, request_context: RequestContext, params: Mapping[str, Any]) -> bool:
        """Whether the client of a tools/call accepts a task as the result."""
        if request_context.modern:
            return _declares_extension(params)
        return "task" in params and serves_legacy_tasks(request_context)

    def creates_task(self, request_context: RequestContext, params: Mapping[str, Any], offer: Offer) -> bool:
        """Whether the call of an offer creates a task. Raises JsonRpcError if the client must call it differently."""
        possible = self.accepts_task_result(request_context, params)
        if offer.task_support == "forbidden":
            if possible and not request_context.modern:
                raise build_no_task_support_error(offer.tool.name)
            return False
        if offer.task_support == "required" and not possible:
            if request_context.modern:
                raise _build_missing_extension_error()
            if serves_legacy_tasks(request_context):
                text = f"{offer.tool.name} only runs as a task: send the parameter 'task'."
                raise JsonRpcError(METHOD_NOT_FOUND, text)
        return possible

    async def create_task(
        self,
        request_context: RequestContext,
        params: Mapping[str, Any],
        offer: Offer,
        arguments: Mapping[str, Any],
        key: str | None,
    ) -> ToolResult:
        """Create the task of a call; returns its handle. The task can be read from now on."""
        metadata = {} if request_context.modern else _build_legacy_metadata(params)
        return await self._watch_and_build_handle(
            request_context, await self._tasks.assign_task(request_context, offer, arguments, key, metadata)
        )

    async def _watch_and_build_handle(self, request_context: RequestContext, task_id: str) -> ToolResult:
        """Build the handle of a new task; in the older era, also subscribe the session to its status."""
        task = await self._tasks.read_task(request_context, task_id)
        document = await self._build_task_document(request_context, task, detailed=False)
        if request_context.modern:
            return ToolResult(relayed={**document, "resultType": "task"})
        if request_context.session is not None and self._watch is not None:
            with contextlib.suppress(AgoraError):  # a session with the maximum number of subscriptions polls
                await self._watch(request_context.session, task_id)
        return ToolResult(relayed={"task": document})

    def creates_task_by_sending(
        self, request_context: RequestContext, operation: Operation, params: Mapping[str, Any]
    ) -> bool:
        """Whether a call of an operation creates a task: sending a message over A2A and waiting for its task does."""
        if operation.name != SEND_OPERATION or not self.accepts_task_result(request_context, params):
            return False
        arguments = params.get("arguments") or {}
        message = arguments.get("message")
        # A message to a running task, or without waiting, has no task of its own that could be the result.
        continues = "task_id" in arguments or (isinstance(message, Mapping) and "taskId" in message)
        return not continues and arguments.get("wait") != 0 and arguments.get("return_immediately") is not True

    async def create_task_by_sending(
        self, request_context: RequestContext, params: Mapping[str, Any], arguments: Mapping[str, Any], key: str | None
    ) -> ToolResult:
        """Send a message over A2A; returns the handle of its task, or the response if there is no task."""
        metadata = {} if request_context.modern else _build_legacy_metadata(params)
        send_result = await self._tasks.send_message(request_context, arguments, key, metadata)
        task_id = _find_task_id(send_result)
        if task_id is None:
            if request_context.modern:
                return ToolResult(to_json(send_result))
            raise JsonRpcError(
                METHOD_NOT_FOUND,
                "The agent did not accept the message as a task: call it without the parameter 'task'.",
            )
        return await self._watch_and_build_handle(request_context, task_id)

    # -- the methods -----------------------------------------------------------------------------

    async def get_task(self, request_context: RequestContext, params: Mapping[str, Any]) -> dict[str, Any]:
        """Implement ``tasks/get``."""
        self._require_method_support(request_context, params, "tasks/get")
        return await self._build_task_document(
            request_context, await self._load_own_task(request_context, params), capabilities_of=params
        )

    async def list_own_tasks(self, request_context: RequestContext, cursor: str | None) -> dict[str, Any]:
        """Implement ``tasks/list`` of the older era: one page of the caller's tasks, newest first."""
        if request_context.modern or not serves_legacy_tasks(request_context):
            raise _build_unknown_method_error("tasks/list")
        try:
            page = await self._tasks.list_own_tasks_page(request_context, cursor, PAGE_SIZE)
        except InvalidRequest:
            raise JsonRpcError(INVALID_PARAMS, "Invalid cursor: leave it out to begin again.") from None
        except AgoraError as error:
            raise _convert_task_error(error) from None
        now = self._dispatcher.clock.now()
        tasks = [task for task in page["tasks"] if not is_expired(task, now, self._retention)]
        result: dict[str, Any] = {"tasks": [build_legacy_task(task, [], now, self._retention) for task in tasks]}
        return result | {"nextCursor": page["next_cursor"]} if page["next_cursor"] else result

    async def update_task(self, request_context: RequestContext, params: Mapping[str, Any]) -> dict[str, Any]:
        """Implement ``tasks/update`` of the newer era: pass responses on; those without an open question are
        ignored."""
        self._require_method_support(request_context, params, "tasks/update")
        responses = params.get("inputResponses")
        is_sound = isinstance(responses, Mapping) and all(isinstance(part, Mapping) for part in responses.values())
        if not isinstance(responses, Mapping) or not is_sound or len(responses) > MAX_RESPONSES:
            raise JsonRpcError(
                INVALID_PARAMS, f"inputResponses must be an object of at most {MAX_RESPONSES} responses."
            )
        task = await self._load_own_task(request_context, params)
        try:
            for question in await self._tasks.list_unanswered_questions(request_context, task):
                if question.key in responses:
                    await self._tasks.answer_question_or_cancel_task(request_context, question, responses[question.key])
        except IllegalTransition:  # the task has ended since
            return {}
        except AgoraError as error:
            raise _convert_task_error(error) from None
        return {}

    async def cancel_task(self, request_context: RequestContext, params: Mapping[str, Any]) -> dict[str, Any]:
        """Implement ``tasks/cancel``: returns the task in the older era, an empty result in the newer one."""
        self._require_method_support(request_context, params, "tasks/cancel")
        task = await self._load_own_task(request_context, params)
        if task["status"] in TERMINAL_STATUSES:
            if request_context.modern:
                return {}
            raise JsonRpcError(INVALID_PARAMS, f"Cannot cancel task: already in terminal status '{task['status']}'")
        try:
            await self._tasks.cancel_task(request_context, task["task_id"], CANCELLATION_REASON)
        except IllegalTransition as error:  # the task has ended since
            if not request_context.modern:
                raise JsonRpcError(INVALID_PARAMS, f"Cannot cancel task: {error}") from None
        except AgoraError as error:
            raise _convert_task_error(error) from None
        return (
            {}
            if request_context.modern
            else await self._build_task_document(request_context, await self._load_own_task(request_context, params))
        )

    async def wait_for_result(self, request_context: RequestContext, params: Mapping[str, Any]) -> dict[str, Any]:
        """Implement ``tasks/result`` of the older era: wait for the call's result, relaying questions to the client."""
        if request_context.modern or not serves_legacy_tasks(request_context):
            raise _build_unknown_method_error("tasks/result")
        task = await self._load_own_task(request_context, params)
        if task["status"] not in TERMINAL_STATUSES:
            reporter = ProgressReporter(request_context.progress)
            async with reporter.keep_alive():
                await self._follow_and_relay_questions(request_context, task["task_id"], reporter)
            task = await self._load_own_task(request_context, params)
        result = (await self._build_result(request_context, task)).to_document()
        return result | {"_meta": {**result["_meta"], RELATED_TASK_KEY: {"taskId": task["task_id"]}}}

    async def find_progress_token(self, request_context: RequestContext, params: Mapping[str, Any]) -> int | str | None:
        """Find the progress token of a task's call, valid until the task ends; None without one. Raises JsonRpcError."""
        token = (await self._load_own_task(request_context, params))["metadata"].get(PROGRESS_KEY)
        return token if isinstance(token, int | str) else None

    async def select_own_task_ids(self, request_context: RequestContext, params: Mapping[str, Any]) -> list[str]:
        """Select the caller's own tasks among the ``taskIds`` of a newer-era subscription."""
        filters = params.get("notifications")
        task_ids = filters.get("taskIds") if isinstance(filters, Mapping) else None
        if task_ids is None:
            return []
        if not _declares_extension(params):
            raise _build_missing_extension_error()
        # Each id costs a read before the stream begins.
        if not isinstance(task_ids, list) or len(task_ids) > MAX_WATCHED:
            raise JsonRpcError(INVALID_PARAMS, f"notifications.taskIds must be an array of at most {MAX_WATCHED} ids.")
        own_ids: dict[str, None] = {}
        for task_id in task_ids:
            # Ids of others are left out of the acknowledgement, not reported: they cannot be probed.
            with contextlib.suppress(JsonRpcError):
                own_ids[(await self._load_own_task(request_context, {"taskId": task_id}))["task_id"]] = None
        return list(own_ids)

    async def describe_own_task_or_none(
        self, request_context: RequestContext, task_id: str, params: Mapping[str, Any]
    ) -> dict[str, Any] | None:
        """Describe a task for a notification; None if it is not the caller's. params: with the client's
        capabilities."""
        try:
            task = await self._load_own_task(request_context, {"taskId": task_id})
        except JsonRpcError:
            return None
        return await self._build_task_document(request_context, task, capabilities_of=params)

    # -- parts -----------------------------------------------------------------------------------

    def _require_method_support(self, request_context: RequestContext, params: Mapping[str, Any], method: str) -> None:
        """Raise JsonRpcError unless the client may call the method."""
        if not request_context.modern:
            if method not in LEGACY_TASK_METHODS or not serves_legacy_tasks(request_context):
                raise _build_unknown_method_error(method)
            return
        # A client that declares only the tasks of the older era may read and cancel tasks that it began in that era.
        is_legacy_client = method in LEGACY_TASK_METHODS and "tasks" in read_declared_capabilities(params)
        if not is_legacy_client and not _declares_extension(params):
            raise _build_missing_extension_error()

    async def _load_own_task(self, request_context: RequestContext, params: Mapping[str, Any]) -> dict[str, Any]:
        """Load the caller's task with the id in the parameters. Raises JsonRpcError, and Unauthenticated."""
        task_id = params.get("taskId")
        if not isinstance(task_id, str):
            raise JsonRpcError(INVALID_PARAMS, "taskId must be a string.")
        try:
            task = await self._tasks.read_task(request_context, task_id)
        except (NotFound, InvalidRequest):
            raise _build_unknown_task_error() from None
        except AgoraError as error:
            raise _convert_task_error(error) from None
        # One error for unknown, foreign and expired tasks: ids of others cannot be probed.
        is_own = task["created_by"] == request_context.caller.subject
        if not is_own or is_expired(task, self._dispatcher.clock.now(), self._retention):
            raise _build_unknown_task_error()
        return task

    async def _build_task_document(
        self,
        request_context: RequestContext,
        task: Mapping[str, Any],
        *,
        detailed: bool = True,
        capabilities_of: Mapping[str, Any] = {},
    ) -> dict[str, Any]:
        try:
            questions = await self._tasks.list_unanswered_questions(request_context, task)
        except AgoraError as error:
            raise _convert_task_error(error) from None
        now, retention = self._dispatcher.clock.now(), self._retention
        if not request_context.modern:
            return build_legacy_task(task, questions, now, retention)
        elicits = ClientRequests(read_declared_capabilities(capabilities_of)).is_supported(ELICIT_METHOD)
        has_result = detailed and task["status"] in ("completed", "failed")
        result = await self._build_result(request_context, task) if has_result else None
        document = build_detailed_task(task, questions, now, retention, elicits=elicits, result=result)
        if not detailed:
            for member in ("result", "error", "inputRequests"):
                document.pop(member, None)
        return document

    async def _build_result(self, request_context: RequestContext, task: Mapping[str, Any]) -> ToolResult:
        """Build the result of the call of an ended task."""
        if task["metadata"].get(TOOL_KEY) != SEND_OPERATION:
            return build_task_result(task)
        try:
            send_result = await self._tasks.read_send_result(request_context, task["task_id"])
        except AgoraError as error:
            raise _convert_task_error(error) from None
        return ToolResult(to_json(send_result), meta={TASK_ID_KEY: task["task_id"]})

    async def _follow_and_relay_questions(
        self, request_context: RequestContext, task_id: str, reporter: ProgressReporter
    ) -> None:
        """Follow a task to its end, and relay its questions; other clients may answer or end it in the meantime."""
        asking_tasks: dict[str, asyncio.Task[None]] = {}
        follow = follow_task_with_progress(self._dispatcher, request_context, task_id, reporter)
        try:
            async with contextlib.aclosing(follow) as entries:
                async for entry in entries:
                    if not list_questions_of_entry(entry):
                        continue
                    for question in await self._tasks.list_unanswered_questions(
                        request_context, await self._tasks.read_task(request_context, task_id)
                    ):
                        # Asked in the background: the log is followed meanwhile, since another client may answer or end the task.
                        if question.key not in asking_tasks:
                            asking_tasks[question.key] = asyncio.create_task(
                                self._ask_client_and_answer(request_context, question)
                            )
        except AgoraError as error:
            raise _convert_task_error(error) from None
        finally:
            for asking in asking_tasks.values():
                asking.cancel()
            await asyncio.gather(*asking_tasks.values(), return_exceptions=True)

    async def _ask_client_and_answer(self, request_context: RequestContext, question: Question) -> None:
        """Ask the client, and pass its response on if the question is still open."""
        client = request_context.client
        if client.send is None or not client.is_supported(ELICIT_METHOD):
            return
        related = {"_meta": {RELATED_TASK_KEY: {"taskId": question.task_id}}}
        with contextlib.suppress(ClientRefused, AgoraError):
            response = await client.send(ELICIT_METHOD, question.build_elicitation_params() | related)
            task = await self._tasks.read_task(request_context, question.task_id)
            # Read again after the person's answer, which may take an hour: the question may be closed by then.
            if question.key in {
                part.key for part in await self._tasks.list_unanswered_questions(request_context, task)
            }:
                await self._tasks.answer_question_or_cancel_task(request_context, question, response)


def serves_legacy_tasks(request_context: RequestContext) -> bool:
    """Whether the session uses the version with tasks of the older form."""
    return request_context.session is not None and request_context.session.protocol_version == LEGACY_VERSION


def read_declared_capabilities(params: Mapping[str, Any]) -> Mapping[str, Any]:
    """Read the capabilities that a client of the newer era declares in a request."""
    meta = params.get("_meta")
    capabilities = meta.get(CAPABILITIES_KEY) if isinstance(meta, Mapping) else None
    return capabilities if isinstance(capabilities, Mapping) else {}


def build_no_task_support_error(name: str) -> JsonRpcError:
    """Build the error for a task request to a tool without task support."""
    return JsonRpcError(METHOD_NOT_FOUND, f"{name} does not run as a task: call it without the parameter 'task'.")


def _find_task_id(send_result: Mapping[str, Any]) -> str | None:
    """Find the task of a sent message: in the response, or in the metadata of the agent's message; None without a
    task."""
    task, message = send_result.get("task"), send_result.get("message") or {}
    own_metadata = (message.get("metadata") or {}).get("agora") or {}
    return task["id"] if task is not None else own_metadata.get("task")


def _declares_extension(params: Mapping[str, Any]) -> bool:
    extensions = read_declared_capabilities(params).get("extensions")
    return isinstance(extensions, Mapping) and isinstance(extensions.get(TASKS_EXTENSION), Mapping)


def _build_legacy_metadata(params: Mapping[str, Any]) -> dict[str, Any]:
    """Build the metadata of a task in the older form: the requested lifetime, and the progress token."""
    task, meta = params["task"], params.get("_meta")
    if not isinstance(task, Mapping):
        raise JsonRpcError(INVALID_PARAMS, "task must be an object.")
    ttl = task.get("ttl")
    # A bool is an int in Python, but no number in JSON.
    is_number = isinstance(ttl, int | float) and not isinstance(ttl, bool)
    if ttl is not None and not (is_number and 0 <= ttl <= MAX_TTL):
        raise JsonRpcError(INVALID_PARAMS, "task.ttl must be a number of milliseconds, at least 0.")
    metadata: dict[str, Any] = {} if ttl is None else {TTL_KEY: max(MIN_TTL, int(ttl))}
    token = meta.get("progressToken") if isinstance(meta, Mapping) else None
    is_token = isinstance(token, int | str) and not isinstance(token, bool)
    return metadata | {PROGRESS_KEY: token} if is_token else metadata


def _build_missing_extension_error() -> JsonRpcError:
    required: dict[str, Any] = {"requiredCapabilities": {"extensions": {TASKS_EXTENSION: {}}}}
    return JsonRpcError(MISSING_CAPABILITY, f"The client does not declare the extension {TASKS_EXTENSION}.", required)


def _build_unknown_method_error(method: str) -> JsonRpcError:
    return JsonRpcError(METHOD_NOT_FOUND, "Method not found", method)


def _build_unknown_task_error() -> JsonRpcError:
    return JsonRpcError(INVALID_PARAMS, "Failed to retrieve task: Task not found")


def _convert_task_error(error: AgoraError) -> Exception:
    """Convert an error to one of JSON-RPC; Unauthenticated is unchanged, because HTTP reports it."""
    # Not the code of the older era for unknown objects, -32002: it is that of resources.
    return error if isinstance(error, Unauthenticated) else JsonRpcError.from_error(error, modern=True)
