"""The server features of MCP (tools, resources, prompts, tasks): answers its methods independently of transport and
protocol version."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from agora.core.call import CallClient
from agora.core.dispatcher import Dispatcher, Outcome
from agora_sdk.contract import Kind, Operation
from agora_sdk.errors import AgoraError, InvalidRequest, Unauthenticated, field_error

from . import completions, prompts, tool_search
from .agent_offers import AgentOffers
from .agent_tasks import AgentTasks
from .agent_tools import AgentToolCalls
from .bounded_streams import read_bounded_stream
from .enabled_toolsets import EnabledToolsets
from .model_view import add_model_defaults
from .progress import ProgressReporter, TaskProgressRelay
from .request_context import INVALID_PARAMS, JsonRpcError, RequestContext, ignore_progress
from .resources import Resources
from .schemas import DEFAULT_WAIT_SECONDS
from .suspended_calls import SuspendedCalls
from .task_methods import TaskMethods, WatchTask, build_no_task_support_error, serves_legacy_tasks
from .tool_results import ToolResult, build_error_result
from .tool_selection import (
    includes_agent_offers,
    refuse_changes_if_read_only,
    require_tool_of_virtual_server,
    select_tools,
)
from .tools import Listing, Tool, Tools, build_tool_page, select_foreign_meta, underscore_name
from .toolsets import list_toolset_names, resolve_toolsets
from .upstream_resources import rewrite_links_to_local_uris

if TYPE_CHECKING:
    from agora_sdk.contract.upstreams import ToolResult as UpstreamResult

__all__ = ["IDEMPOTENCY_KEY", "VERSION_KEY", "ServerFeatures", "to_tool_result"]

IDEMPOTENCY_KEY = "agora/idempotency-key"
#: default wait of a call from a client without progress: many clients time out after 60 seconds
SILENT_WAIT_SECONDS = 50.0
VERSION_KEY = "agora/version"
_TOOLS_ABOUT_TOOLS = {
    name: tool
    for tool in (tool_search.SEARCH_TOOL, tool_search.CALL_TOOL, tool_search.ENABLE_TOOL)
    for name in (tool, underscore_name(tool))
}


class ServerFeatures:
    """Implements the methods. Each raises JsonRpcError, and Unauthenticated if a credential would help."""

    def __init__(
        self, dispatcher: Dispatcher, enabled_toolsets: EnabledToolsets, watch_task: WatchTask | None = None
    ) -> None:
        self.dispatcher, self._enabled_toolsets = dispatcher, enabled_toolsets
        self.tools = Tools(dispatcher.context.registry)
        tasks = AgentTasks(dispatcher)
        self.offers, self.agent_tools = AgentOffers(dispatcher), AgentToolCalls(tasks)
        self.tasks = TaskMethods(tasks, watch_task)
        self.suspended_calls = SuspendedCalls()
        self.resources = Resources(dispatcher)
        self._page_bytes = dispatcher.context.settings.page_bytes

    # -- tools -----------------------------------------------------------------------------------

    async def list_tools(self, request_context: RequestContext, cursor: str | None = None) -> Listing:
        """List one page of the view's tools that the caller may call."""
        view = request_context.view
        try:
            toolsets = await self._list_toolsets_in_force(request_context)
        except InvalidRequest as error:
            raise JsonRpcError(INVALID_PARAMS, str(error), error.problem()) from None
        tools = self.tools.list_visible_tools(request_context.caller)
        if includes_agent_offers(view, toolsets):
            tools += await self._list_offered_tools(request_context, tools)
        view_tools = select_tools(tools, view, toolsets) + tool_search.list_tools_about_tools(view)
        if serves_legacy_tasks(request_context):
            view = replace(view, task_support=True)
        return await build_tool_page(view_tools, view, cursor, self._page_bytes)

    async def _list_toolsets_in_force(self, request_context: RequestContext) -> tuple[str, ...]:
        """Resolve the toolsets of the view and those enabled since. Raises InvalidRequest for an unknown toolset."""
        view = request_context.view
        toolsets = (
            resolve_toolsets(view.toolsets, self.tools.list_categories(request_context.caller)) if view.toolsets else ()
        )
        return (*toolsets, *await self._enabled_toolsets.read_toolsets(request_context)) if view.compact else toolsets

    async def _list_offered_tools(self, request_context: RequestContext, others: Sequence[Tool]) -> list[Tool]:
        """List the tools that agents offer, except those whose names are in the catalogue."""
        # Compared with underscores, because a view may list both with them, and names must differ there, too.
        names = {underscore_name(tool.name) for tool in others}
        offers = await self.offers.list_offers(request_context)
        return [offer.tool for offer in offers if underscore_name(offer.tool.name) not in names]

    def find_operation(self, request_context: RequestContext, params: Mapping[str, Any]) -> Operation | None:
        """Find the operation of a tools/call; None if it calls something else."""
        name = params.get("name")
        if not isinstance(name, str) or name in _TOOLS_ABOUT_TOOLS:
            return None
        try:
            return self._resolve_operation(request_context, name, params)
        except (AgoraError, JsonRpcError):
            return None

    def _resolve_operation(
        self, request_context: RequestContext, name: str, params: Mapping[str, Any]
    ) -> Operation | None:
        """Resolve a name to an operation; None if there is none. Raises JsonRpcError for an unknown version."""
        version, resolved = _read_requested_version(params), request_context.resolved
        if resolved is not None and resolved[0] == name and resolved[1] == version:
            return resolved[2]
        if not self.tools.has_operation(name, request_context.caller.tenant):
            return None
        operation = self.tools.resolve_operation(name, version, request_context.caller.tenant)
        request_context.resolved = (name, version, operation)
        return operation

    def find_called_operation(self, request_context: RequestContext, params: Mapping[str, Any]) -> Operation | None:
        """Find the operation of a tools/call, including calls through ``agora.tools.call``."""
        if _TOOLS_ABOUT_TOOLS.get(str(params.get("name"))) != tool_search.CALL_TOOL:
            return self.find_operation(request_context, params)
        arguments = params.get("arguments")
        try:
            inner_call = tool_search.parse_inner_call(arguments if isinstance(arguments, dict) else {})
        except AgoraError:
            return None
        return self.find_operation(request_context, {**params, "name": inner_call.name})

    async def call_tool(self, request_context: RequestContext, params: Mapping[str, Any]) -> ToolResult:
        """Call a tool; returns its result, or an error result for the model. Raises JsonRpcError for an unknown
        tool."""
        try:
            return await self._call_tool(request_context, params["name"], params.get("arguments") or {}, params)
        except Unauthenticated:
            raise
        except AgoraError as error:
            return build_error_result(error)

    async def _call_tool(
        self, request_context: RequestContext, name: str, arguments: Mapping[str, Any], params: Mapping[str, Any]
    ) -> ToolResult:
        require_tool_of_virtual_server(request_context.view, name)
        own = _TOOLS_ABOUT_TOOLS.get(name)
        # Unwrapped before all checks, so that a call within a call meets the same ones as a direct call.
        if own == tool_search.CALL_TOOL:
            inner_call = tool_search.parse_inner_call(arguments)
            return await self._call_tool(request_context, inner_call.name, inner_call.arguments, params)
        if own == tool_search.SEARCH_TOOL:
            return await self._search_tools(request_context, arguments)
        if own == tool_search.ENABLE_TOOL:
            return await self._change_toolsets(request_context, arguments)
        key = _read_idempotency_key(request_context, params)
        operation = self._resolve_operation(request_context, name, params)
        if operation is None:
            offer = await self.offers.find_offer(request_context, name)
            if offer is not None:
                refuse_changes_if_read_only(request_context.view, name, None, arguments)
                if self.tasks.creates_task(request_context, params, offer):
                    return await self.tasks.create_task(request_context, params, offer, arguments, key)
                return await self.agent_tools.run_task(request_context, offer, arguments, key)
            # Only for unknown names: it explains a quarantined or dropped tool, and costs reads of all upstreams.
            if (
                unusable := await self.resources.upstreams.find_error_of_withheld_tool(request_context, name)
            ) is not None:
                raise unusable
            operation = self.tools.resolve_operation(
                name, _read_requested_version(params), request_context.caller.tenant
            )
        sends_task = self.tasks.creates_task_by_sending(request_context, operation, {**params, "arguments": arguments})
        if not sends_task and not request_context.modern and self.tasks.accepts_task_result(request_context, params):
            raise build_no_task_support_error(name)
        refuse_changes_if_read_only(request_context.view, name, operation, arguments)
        if sends_task:
            return await self.tasks.create_task_by_sending(request_context, params, arguments, key)
        return await self.run_operation(request_context, operation, arguments, key)

    async def creates_task(self, request_context: RequestContext, params: Mapping[str, Any]) -> bool:
        """Whether a tools/call is answered immediately with a task. False for a call that will be refused."""
        if not self.tasks.accepts_task_result(request_context, params):
            return False
        if _TOOLS_ABOUT_TOOLS.get(params["name"]) == tool_search.CALL_TOOL:
            try:
                inner_call = tool_search.parse_inner_call(params.get("arguments") or {})
            except AgoraError:
                return False
            params = {**params, "name": inner_call.name, "arguments": inner_call.arguments}
        operation = self.find_operation(request_context, params)
        if operation is not None:
            return self.tasks.creates_task_by_sending(request_context, operation, params)
        try:
            offer = await self.offers.find_offer(request_context, params["name"])
            return offer is not None and self.tasks.creates_task(request_context, params, offer)
        except (AgoraError, JsonRpcError):
            return False

    async def run_operation(
        self, request_context: RequestContext, operation: Operation, arguments: Mapping[str, Any], key: str | None
    ) -> ToolResult:
        """Run an operation. Raises an AgoraError."""
        if request_context.view.compact:
            arguments = add_model_defaults(operation.name, arguments)
        dispatcher, caller, silent = (
            self.dispatcher,
            request_context.caller,
            request_context.progress is ignore_progress,
        )
        seconds = choose_wait_seconds(operation, arguments)
        reporter = ProgressReporter(request_context.progress, seconds)
        if operation.kind is Kind.STREAM:
            async with reporter.keep_alive():
                return ToolResult(
                    await read_bounded_stream(dispatcher, operation, caller, arguments, request_context.valid)
                )
        if not seconds:
            progress = None if silent else request_context.progress

            async def invoke_with_client(client: CallClient | None) -> ToolResult:
                options = {"progress": progress, "client": client}
                return to_tool_result(
                    await self._invoke_operation(request_context, operation, arguments, key, **options)
                )

            if operation.kind is not Kind.RELAY or not request_context.client.key:
                return await invoke_with_client(None)
            # In the older era, requests go to the client while the call runs; in the newer one, the call is suspended and repeated.
            if request_context.client.send is not None:
                return await invoke_with_client(request_context.client)
            return await self.suspended_calls.run_call(request_context, operation.name, invoke_with_client)
        if silent:
            return to_tool_result(
                await self._invoke_operation(request_context, operation, _shorten_wait(operation, arguments), key)
            )
        task = TaskProgressRelay(dispatcher, request_context, reporter)
        try:
            async with reporter.keep_alive():
                return to_tool_result(
                    await self._invoke_operation(
                        request_context, operation, arguments, key, on_wait=task.start_following_task
                    )
                )
        finally:
            await task.stop()

    async def _invoke_operation(
        self,
        request_context: RequestContext,
        operation: Operation,
        arguments: Mapping[str, Any],
        key: str | None,
        **options: Any,
    ) -> Outcome:
        return await self.dispatcher.invoke(
            operation,
            request_context.caller,
            arguments,
            idempotency_key=key,
            request_id=request_context.request_id,
            **options,
        )

    async def _search_tools(self, request_context: RequestContext, arguments: Mapping[str, Any]) -> ToolResult:
        # A search runs no operation, so the dispatcher does not count it.
        self.dispatcher.limiter.charge_call(request_context.caller)
        tools = self.tools.list_visible_tools(request_context.caller)
        tools += await self._list_offered_tools(request_context, tools)
        restricted = self.tools.list_restricted_tools(request_context.caller)
        if request_context.view.readonly:
            tools, restricted = ([tool for tool in each if tool.reads] for each in (tools, restricted))
        return tool_search.search_tools(tools, request_context.view, arguments, restricted)

    async def _change_toolsets(self, request_context: RequestContext, arguments: Mapping[str, Any]) -> ToolResult:
        change = tool_search.parse_toolset_change(arguments)
        categories = self.tools.list_categories(request_context.caller)
        toolsets = resolve_toolsets(change.toolsets, categories)
        if toolsets:
            enabled = await self._enabled_toolsets.change_toolsets(request_context, toolsets, enabled=change.enabled)
        else:
            enabled = await self._enabled_toolsets.read_toolsets(request_context)
        count = len(select_tools(self.tools.list_visible_tools(request_context.caller), request_context.view, enabled))
        return tool_search.build_toolsets_result(enabled, list_toolset_names(categories), count)

    # -- resources and prompts -------------------------------------------------------------------

    async def list_resources(self, request_context: RequestContext, cursor: str | None = None) -> dict[str, Any]:
        """List one page of resources. A virtual server has only tools."""
        if request_context.view.server:
            return {"resources": []}
        return await self.resources.list_resources_page(request_context, cursor)

    async def list_templates(self, request_context: RequestContext) -> dict[str, Any]:
        """List the URI templates of resources."""
        if request_context.view.server:
            return {"resourceTemplates": []}
        return await self.resources.list_templates(request_context)

    async def read_resource(self, request_context: RequestContext, uri: str) -> dict[str, Any]:
        """Read the resource of a URI."""
        if request_context.view.server:
            raise JsonRpcError(INVALID_PARAMS, "A virtual server has no resources.")
        return await self.resources.read_uri(request_context, uri)

    async def list_prompts(self, request_context: RequestContext) -> dict[str, Any]:
        """List every prompt, including those of upstreams."""
        if request_context.view.server:
            return {"prompts": []}
        own = [prompt.to_document() for prompt in prompts.PROMPTS]
        return {"prompts": own + await self.resources.upstreams.list_prompts(request_context)}

    async def get_prompt(
        self, request_context: RequestContext, name: str, arguments: Mapping[str, str]
    ) -> dict[str, Any]:
        """Return a prompt with its arguments inserted."""
        if request_context.view.server:
            raise JsonRpcError(INVALID_PARAMS, "A virtual server has no prompts.")
        if "." in name:
            return await self.resources.upstreams.get_prompt(request_context, name, arguments)
        return prompts.require_prompt(name).fill_template(arguments)

    async def complete_argument(
        self,
        request_context: RequestContext,
        argument: Mapping[str, Any],
        reference: Mapping[str, Any],
        context: Mapping[str, str],
    ) -> dict[str, Any]:
        """Complete an argument of a prompt or resource template. context: arguments that already have values."""
        if request_context.view.server:
            return {"completion": {"values": [], "total": 0, "hasMore": False}}
        upstream = await self.resources.upstreams.complete_argument_or_none(
            request_context, argument, reference, context
        )
        if upstream is not None:
            return upstream
        return await completions.complete_argument(self.resources, request_context, argument)


def choose_wait_seconds(operation: Operation, arguments: Mapping[str, Any]) -> float:
    """Return the seconds that a call may wait for its result; 0 for a call that answers immediately."""
    if operation.kind is not Kind.STREAM and "wait" not in operation.parameters:
        return 0.0
    wait = arguments.get(
        "wait", DEFAULT_WAIT_SECONDS if operation.kind is Kind.STREAM else operation.parameters["wait"].default
    )
    return float(wait) if isinstance(wait, int | float) else 1.0


def _shorten_wait(operation: Operation, arguments: Mapping[str, Any]) -> Mapping[str, Any]:
    """Limit the default wait for a client without progress, so that the response precedes its timeout."""
    if "wait" in arguments or choose_wait_seconds(operation, arguments) <= SILENT_WAIT_SECONDS:
        return arguments
    return {**arguments, "wait": SILENT_WAIT_SECONDS}


def to_tool_result(outcome: Outcome) -> ToolResult:
    """Build a tool result; a result of a remote tool is passed on unchanged."""
    meta: dict[str, Any] = {}
    if outcome.replayed:
        meta["agora/replayed"] = True
    if outcome.notices:
        meta["agora/notices"] = dict(outcome.notices)
    if getattr(outcome.operation, "definition", None) is not None:
        return ToolResult(meta=meta, relayed=_build_relayed_result(outcome.result))
    return ToolResult(outcome.body, meta=meta)


def _build_relayed_result(result: UpstreamResult) -> dict[str, Any]:
    content = [rewrite_links_to_local_uris(result.upstream, block) for block in result.content]
    result_document: dict[str, Any] = {"content": content, "isError": result.is_error}
    if result.structured_content is not None:
        result_document["structuredContent"] = result.structured_content
    own = select_foreign_meta(result.meta) if isinstance(result.meta, dict) else {}
    return result_document | {"_meta": own} if own else result_document


def _read_request_meta(params: Mapping[str, Any]) -> Mapping[str, Any]:
    meta = params.get("_meta")
    return meta if isinstance(meta, Mapping) else {}


def _read_requested_version(params: Mapping[str, Any]) -> str | None:
    version = _read_request_meta(params).get(VERSION_KEY)
    return version if isinstance(version, str) else None


def _read_idempotency_key(request_context: RequestContext, params: Mapping[str, Any]) -> str | None:
    key = _read_request_meta(params).get(IDEMPOTENCY_KEY, request_context.key)
    if key is not None and not isinstance(key, str):
        raise InvalidRequest(
            "The idempotency key must be a string.", errors=[field_error(f"_meta.{IDEMPOTENCY_KEY}", "not a string")]
        )
    return key
