"""The core: what each method of MCP answers, whoever speaks the protocol's outer forms."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from agora.core.dispatcher import Dispatcher, Outcome
from agora_sdk.contract import Kind, Operation
from agora_sdk.errors import AgoraError, InvalidRequest, Unauthenticated

from . import completions, prompts, toolsets
from . import tool_search as finding
from .agent_offers import Offers
from .agent_tools import Errands
from .bounded_streams import beating, stretch
from .exchange import INVALID_PARAMS, Exchange, Refusal, nothing_heard
from .resources import Resources
from .results import ToolResult, failed
from .tools import Listing, Tool, Tools, foreign, page, underscored
from .view import DEFAULT

if TYPE_CHECKING:
    from agora_sdk.contract.upstreams import ToolResult as UpstreamResult

__all__ = ["KEY", "VERSION", "Core"]

KEY = "agora/idempotency-key"
VERSION = "agora/version"
_FINDERS = {name: called for called in (finding.SEARCH, finding.CALL) for name in (called, underscored(called))}


class Core:
    """Answers; every method raises Refusal, and Unauthenticated where a credential would help."""

    def __init__(self, dispatcher: Dispatcher) -> None:
        self.dispatcher = dispatcher
        self.tools = Tools(dispatcher.context.catalogue)
        self.offers, self.errands = Offers(dispatcher), Errands(dispatcher)
        self.resources = Resources(dispatcher)

    # -- tools -----------------------------------------------------------------------------------

    async def list_tools(self, exchange: Exchange, cursor: str | None = None) -> Listing:
        """One page of the tools the caller may call."""
        view = exchange.view
        try:
            found = self.tools.visible(exchange.caller, view)
        except InvalidRequest as error:
            raise Refusal(INVALID_PARAMS, str(error), error.problem()) from None
        if not view.toolsets or {toolsets.ALL, toolsets.AGENTS} & set(view.toolsets):
            found += await self._offered(exchange, found)
        return page(found + finding.finders(view), view, cursor)

    async def _offered(self, exchange: Exchange, found: Sequence[Tool]) -> list[Tool]:
        """What agents offer, under names that nothing in the catalogue goes by."""
        taken = {underscored(tool.name) for tool in found}
        offers = await self.offers.visible(exchange)
        return [offer.tool for offer in offers if underscored(offer.tool.name) not in taken]

    def find(self, exchange: Exchange, params: Mapping[str, Any]) -> Operation | None:
        """The operation that a tools/call is for; None where it is for something else."""
        name = params.get("name")
        if not isinstance(name, str) or name in _FINDERS or not self.tools.has(name, exchange.caller.tenant):
            return None
        try:
            return self.tools.find(name, _version(params), exchange.caller.tenant)
        except (AgoraError, Refusal):
            return None

    async def call_tool(self, exchange: Exchange, params: Mapping[str, Any]) -> ToolResult:
        """The result of a tool, or what a model is told of why there is none. Raises Refusal for an unknown tool."""
        try:
            return await self._call(exchange, params["name"], params.get("arguments") or {}, params)
        except Unauthenticated:
            raise
        except AgoraError as error:
            return failed(error)

    async def _call(
        self, exchange: Exchange, name: str, arguments: Mapping[str, Any], params: Mapping[str, Any]
    ) -> ToolResult:
        finder = _FINDERS.get(name)
        if finder == finding.CALL:
            called = finding.unwrap(arguments)
            return await self._call(exchange, called.name, called.arguments, params)
        if finder == finding.SEARCH:
            return await self._search(exchange, arguments)
        key = _key(exchange, params)
        if not self.tools.has(name, exchange.caller.tenant):
            offer = await self.offers.find(exchange, name)
            if offer is not None:
                return await self.errands.run(exchange, offer, arguments, key)
        operation = self.tools.find(name, _version(params), exchange.caller.tenant)
        return await self.run(exchange, operation, arguments, key)

    async def run(
        self, exchange: Exchange, operation: Operation, arguments: Mapping[str, Any], key: str | None
    ) -> ToolResult:
        """The result of an operation. Raises an AgoraError."""
        dispatcher, caller = self.dispatcher, exchange.caller
        if operation.kind is Kind.STREAM:
            waiting = stretch(dispatcher, operation, caller, arguments, exchange.valid)
            return ToolResult(await beating(waiting, exchange.progress, waits(operation, arguments)))
        call = dispatcher.invoke(
            operation,
            caller,
            arguments,
            idempotency_key=key,
            request_id=exchange.request_id,
            progress=None if exchange.progress is nothing_heard else exchange.progress,
        )
        seconds = waits(operation, arguments)
        return _answer(await (beating(call, exchange.progress, seconds) if seconds else call))

    async def _search(self, exchange: Exchange, arguments: Mapping[str, Any]) -> ToolResult:
        self.dispatcher.limiter.take(exchange.caller)
        found = self.tools.visible(exchange.caller, DEFAULT)
        found += await self._offered(exchange, found)
        return finding.search(found, exchange.view, arguments)

    # -- resources and prompts -------------------------------------------------------------------

    async def list_resources(self, exchange: Exchange, cursor: str | None = None) -> dict[str, Any]:
        """One page of resources."""
        return await self.resources.list(exchange, cursor)

    async def list_templates(self, exchange: Exchange) -> dict[str, Any]:
        """The forms of resources' URIs."""
        return await self.resources.templates(exchange)

    async def read_resource(self, exchange: Exchange, uri: str) -> dict[str, Any]:
        """What a URI names."""
        return await self.resources.read(exchange, uri)

    async def list_prompts(self, exchange: Exchange) -> dict[str, Any]:
        """Every prompt, ours and those of upstreams."""
        own = [prompt.document() for prompt in prompts.PROMPTS]
        return {"prompts": own + await self.resources.abroad.prompts(exchange)}

    async def get_prompt(self, exchange: Exchange, name: str, arguments: Mapping[str, str]) -> dict[str, Any]:
        """A prompt, filled in."""
        if "." in name:
            return await self.resources.abroad.prompt(exchange, name, arguments)
        return prompts.find(name).filled(arguments)

    async def complete(self, exchange: Exchange, argument: Mapping[str, Any]) -> dict[str, Any]:
        """Values for an argument."""
        return await completions.complete(self.resources, exchange, argument)


def waits(operation: Operation, arguments: Mapping[str, Any]) -> float:
    """Seconds that a call may wait for its answer; 0 for one that answers at once."""
    if operation.kind is not Kind.STREAM and "wait" not in operation.parameters:
        return 0.0
    given = arguments.get("wait", 20.0 if operation.kind is Kind.STREAM else 0.0)
    return float(given) if isinstance(given, int | float) else 1.0


def _answer(outcome: Outcome) -> ToolResult:
    """A result of ours, or one that came from a tool elsewhere, handed on untouched."""
    meta: dict[str, Any] = {}
    if outcome.replayed:
        meta["agora/replayed"] = True
    if outcome.notices:
        meta["agora/notices"] = dict(outcome.notices)
    if getattr(outcome.operation, "definition", None) is not None:
        return ToolResult(meta=meta, relayed=_relayed(outcome.result))
    return ToolResult(outcome.body, meta=meta)


def _relayed(result: UpstreamResult) -> dict[str, Any]:
    found: dict[str, Any] = {"content": result.content, "isError": result.is_error}
    if result.structured_content is not None:
        found["structuredContent"] = result.structured_content
    own = foreign(result.meta) if isinstance(result.meta, dict) else {}
    return found | {"_meta": own} if own else found


def _meta(params: Mapping[str, Any]) -> Mapping[str, Any]:
    meta = params.get("_meta")
    return meta if isinstance(meta, Mapping) else {}


def _version(params: Mapping[str, Any]) -> str | None:
    version = _meta(params).get(VERSION)
    return version if isinstance(version, str) else None


def _key(exchange: Exchange, params: Mapping[str, Any]) -> str | None:
    key = _meta(params).get(KEY, exchange.key)
    if key is not None and not isinstance(key, str):
        raise InvalidRequest(
            "The idempotency key is no text.", errors=[{"field": f"_meta.{KEY}", "message": "not a string"}]
        )
    return key
