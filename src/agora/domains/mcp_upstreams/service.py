"""Implementation of the upstream operations: adding upstreams, and calling their tools."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Literal, TypeVar

from pydantic import JsonValue, ValidationError

from agora.core import pagination as paging
from agora.core.call import Call, CallClient, cast_relay_to_result, decode_json
from agora.domains.identity.authority import check_administration_authority, check_and_record_administration
from agora.domains.tasks.service import TaskService
from agora_sdk.contract import Result, implements
from agora_sdk.contract import upstreams as contract
from agora_sdk.contract.fields import JsonObject
from agora_sdk.errors import (
    AgoraError,
    Conflict,
    InvalidRequest,
    NotFound,
    UpstreamFailed,
    UpstreamUnavailable,
    field_error,
)
from agora_sdk.mcp_wire import MIRROR_KEY, build_mirrored_headers, list_mirrored_parameters

from . import authorizations
from . import queries as statements
from .authorizations import REQUEST_SECONDS, Authorizer
from .oauth.authorization import Callback
from .oauth.challenge import AuthorizationNeeded
from .offer_review import emit_and_queue_offer, review_and_store_listing
from .port import ANSWER_SECONDS, Listing
from .records import UpstreamRow, UpstreamToolRow
from .registration import (
    CONNECT_SECONDS,
    NewUpstream,
    OAuthConfiguration,
    add_upstream_by_url,
    delete_upstream_and_emit,
    get_upstream_connections,
)
from .task_questions import OPERATIONS, TaskClient
from .views import NOT_PERMITTED, build_detail, build_summary, build_upstream_endpoint, count_items, require_upstream

__all__ = ["UpstreamService", "uri_matches"]

R = TypeVar("R", bound=Result)
MAX_ITEMS = 4000  # per response: all items of an upstream, if they fit into a page
TIMEOUT_SLACK_SECONDS = 2.0  # seconds beyond the timeout that the engine itself enforces


class UpstreamService(contract.Upstreams):
    """Operations on remote MCP servers. Not a ``BoundService``, whose attribute ``call`` collides with an operation."""

    def __init__(self, call: Call) -> None:
        self._call = call

    # -- upstreams -------------------------------------------------------------------------------

    @implements
    async def add(
        self,
        name: str,
        url: str,
        *,
        description: str = "",
        headers: contract.Headers = {},
        timeout: float | None = None,
        tool_timeouts: contract.ToolTimeouts = {},
        concurrency: int = 16,
        oauth: contract.OAuthMode = "none",
        oauth_client_id: contract.OAuthClientId | None = None,
        oauth_client_secret: contract.OAuthClientSecret | None = None,
        oauth_scope: contract.OAuthScope | None = None,
        verify: bool = True,
    ) -> contract.Upstream:
        new = NewUpstream(
            name=name,
            url=url,
            description=description,
            secrets=headers,
            timeout=timeout,
            tool_timeouts=tool_timeouts,
            concurrency=concurrency,
            oauth=OAuthConfiguration(oauth, oauth_client_id, oauth_client_secret, oauth_scope),
        )
        return await add_upstream_by_url(self._call, new, verify=verify)

    @implements
    async def list(self, *, limit: int = 50, cursor: str | None = None) -> contract.UpstreamPage:
        rows, more = await paging.read_query_page(self._call, statements.list_upstreams, "name", limit, cursor)
        counts = await count_items(self._call, rows)
        summaries = [build_summary(self._call, row, counts.get(row.upstream_id, {})) for row in rows]
        return contract.UpstreamPage.model_construct(
            upstreams=summaries,
            **paging.build_page_fields(summaries, "name", more=more, cursor=cursor),
        )

    @implements
    async def get(
        self,
        upstream: str,
        *,
        kind: contract.ItemKindLike | None = None,
        state: contract.ItemStateLike | None = None,
        cursor: str | None = None,
    ) -> contract.UpstreamDetail:
        row = await require_upstream(self._call, upstream)
        counts = (await count_items(self._call, [row])).get(row.upstream_id, {})
        filters = {"kind": kind and contract.ItemKind(kind).value, "state": state and contract.ItemState(state).value}

        async def read_upstream_items(after: tuple[str, str], count: int) -> Sequence[UpstreamToolRow]:
            place = {"after_kind": after[0], "after_name": after[1], "limit": count}
            return await self._call.tx.all(statements.list_items, upstream_id=row.upstream_id, **filters, **place)

        first = tuple(paging.decode_cursor(cursor, str, str)) if cursor else ("", "")
        size_limit = self._call.context.settings.page_bytes
        items, more = await paging.read_page(read_upstream_items, first, ("kind", "name"), MAX_ITEMS, size_limit)
        return build_detail(self._call, row, counts, items, more=more)

    @implements
    async def refresh(self, upstream: str) -> contract.UpstreamDetail:
        call, connections = self._call, get_upstream_connections(self._call)
        row = await self._require_usable(upstream)
        await check_administration_authority(call, row.upstream_id)
        endpoint = build_upstream_endpoint(row)

        async def store_listing(end: Call, outcome: Listing | AgoraError) -> contract.UpstreamDetail:
            if isinstance(outcome, AgoraError):
                raise outcome
            locked_row = await require_upstream(end, row.upstream_id, lock=True)
            if await review_and_store_listing(end, locked_row, outcome):
                await emit_and_queue_offer(end, "changed", locked_row)
            return await type(self)(end).get(row.upstream_id)

        call.target = row.upstream_id
        return cast_relay_to_result(
            lambda: connections.read_listing(endpoint), store_listing, endpoint.timeout + CONNECT_SECONDS
        )

    @implements
    async def accept(
        self, upstream: str, names: contract.Names = [], *, hashes: contract.Hashes = []
    ) -> contract.Acceptance:
        call = self._call
        row = await require_upstream(call, upstream, lock=True)
        call.target = row.upstream_id
        await check_and_record_administration(call, row.upstream_id)
        accepted = []
        for item in await call.tx.all(statements.select_items, upstream_id=row.upstream_id):
            # The hash says which definition was reviewed: one that changed since is not accepted.
            if (names and item.name not in names) or (hashes and item.hash not in hashes):
                continue
            key = {"upstream_id": row.upstream_id, "kind": item.kind, "name": item.name}
            if await call.tx.execute(statements.accept_item, **key, now=call.now):
                accepted.append(item.name)
        if accepted:
            await emit_and_queue_offer(call, "accepted", row)
        return contract.Acceptance.model_construct(upstream_id=row.upstream_id, name=row.name, accepted=accepted)

    @implements
    async def remove(self, upstream: str) -> contract.UpstreamRemoval:
        row = await require_upstream(self._call, upstream, lock=True)
        self._call.target = row.upstream_id
        await check_and_record_administration(self._call, row.upstream_id)
        await delete_upstream_and_emit(self._call, row)
        return contract.UpstreamRemoval(upstream_id=row.upstream_id, name=row.name)

    # -- OAuth -----------------------------------------------------------------------------------

    @implements
    async def authorize(
        self, upstream: str, *, shared: bool = False, scope: contract.OAuthScope | None = None
    ) -> contract.UpstreamAuthorization:
        return await authorizations.begin_upstream_authorization(self._call, upstream, shared=shared, scope=scope)

    @implements
    async def finish_authorization(
        self, state: str, *, code: str | None = None, iss: str | None = None, error: str | None = None
    ) -> contract.UpstreamAuthorization:
        return await authorizations.finish_upstream_authorization(self._call, state, Callback(code, error, iss))

    @implements
    async def deauthorize(self, upstream: str, *, shared: bool = False) -> contract.UpstreamDeauthorization:
        return await authorizations.revoke_upstream_authorization(self._call, upstream, shared=shared)

    async def _require_usable(self, upstream: str) -> UpstreamRow:
        """Load an upstream that may be connected to."""
        row = await require_upstream(self._call, upstream)
        if row.transport == "stdio" and not self._call.context.settings.mcp_commands:
            raise UpstreamUnavailable(f"{row.name} is not available: {NOT_PERMITTED}.")
        return row

    # -- items -----------------------------------------------------------------------------------

    @implements
    async def call(
        self,
        upstream: str,
        tool: str,
        arguments: JsonObject = {},
        *,
        timeout: float | None = None,
        task_id: str | None = None,
        fencing_token: int | None = None,
    ) -> contract.ToolResult:
        row = await self._require_usable(upstream)
        client = (
            await self._renew_task_and_build_client(task_id, fencing_token)
            if task_id is not None
            else self._call.client
        )
        item = await self._require_active(row, "tool", tool)
        headers = _build_parameter_headers(item.definition, arguments)
        seconds = timeout or decode_json(row.tool_timeouts).get(tool) or row.timeout

        def build_tool_result(raw: Mapping[str, Any]) -> contract.ToolResult:
            return contract.ToolResult.model_construct(
                upstream=row.name,
                tool=tool,
                content=_read_objects(row, raw, "content"),
                structured_content=raw.get("structuredContent"),
                is_error=bool(raw.get("isError", False)),
                meta=raw.get("_meta"),
            )

        params = {"name": tool, "arguments": arguments}
        return self._relay_request(row, "tools/call", params, seconds, tool, build_tool_result, client, headers)

    async def _renew_task_and_build_client(self, task_id: str, fencing_token: int | None) -> CallClient:
        """Build the client for a call on behalf of a task that the caller holds. Raises StaleLease, InvalidRequest."""
        if fencing_token is None:
            problem = "It is needed with task_id: the token of the claim."
            raise InvalidRequest(problem, errors=[field_error("fencing_token", problem)])
        # It checks the lease, and gives the call the time of a fresh one.
        await TaskService(self._call).renew(task_id, fencing_token)
        invoke = self._call.context.ports.get(OPERATIONS)
        return TaskClient(invoke, self._call.caller, task_id, fencing_token, self._call.client)

    @implements
    async def read(self, upstream: str, uri: str) -> contract.ResourceResult:
        row = await self._require_usable(upstream)
        # Only offered resources are read: an upstream's other URIs may be files of its machine.
        if not await self._matches_template(row, uri) and not await self._may_be_linked(row, uri):
            await self._require_active(row, "resource", uri)

        def build_resource(raw: Mapping[str, Any]) -> contract.ResourceResult:
            contents = _read_objects(row, raw, "contents")
            return contract.ResourceResult.model_construct(upstream=row.name, uri=uri, contents=contents)

        return self._relay_request(row, "resources/read", {"uri": uri}, row.timeout, uri, build_resource)

    @implements
    async def prompt(self, upstream: str, prompt: str, arguments: dict[str, str] = {}) -> contract.PromptResult:
        row = await self._require_usable(upstream)
        await self._require_active(row, "prompt", prompt)

        def build_prompt(raw: Mapping[str, Any]) -> contract.PromptResult:
            return contract.PromptResult.model_construct(
                upstream=row.name,
                prompt=prompt,
                description=raw.get("description"),
                messages=_read_objects(row, raw, "messages"),
            )

        params = {"name": prompt, "arguments": arguments}
        return self._relay_request(row, "prompts/get", params, row.timeout, prompt, build_prompt)

    @implements
    async def complete(
        self,
        upstream: str,
        kind: Literal["prompt", "template"],
        name: str,
        argument: str,
        value: str = "",
        *,
        context: dict[str, str] = {},
    ) -> contract.UpstreamCompletion:
        row = await self._require_usable(upstream)
        await self._require_active(row, kind, name)

        def build_completion(raw: Mapping[str, Any]) -> contract.UpstreamCompletion:
            document = raw.get("completion")
            completion: Mapping[str, Any] = document if isinstance(document, dict) else {}
            fields = {
                "upstream": row.name,
                "values": completion.get("values", []),
                "total": completion.get("total"),
                "has_more": bool(completion.get("hasMore")),
            }
            try:
                return contract.UpstreamCompletion.model_validate(fields)
            except ValidationError:
                raise _build_invalid_answer_error(row, "completion is not a list of texts") from None

        reference = {"type": "ref/prompt", "name": name} if kind == "prompt" else {"type": "ref/resource", "uri": name}
        params: dict[str, Any] = {"ref": reference, "argument": {"name": argument, "value": value}}
        if context:
            params["context"] = {"arguments": context}
        return self._relay_request(row, "completion/complete", params, row.timeout, name, build_completion)

    async def _require_active(self, upstream: UpstreamRow, kind: str, name: str) -> UpstreamToolRow:
        """Load an item and check that it is active. Raises NotFound, Conflict."""
        row = await self._call.tx.one(statements.select_item, upstream_id=upstream.upstream_id, kind=kind, name=name)
        where = f"GET /upstreams/{upstream.name}"
        if row is None:
            raise NotFound(f"{upstream.name} has no {kind} {name!r}.", fix=f"Its offers are listed at {where}.")
        if row.state == "quarantined":
            raise Conflict(
                f"The {kind} {name!r} of {upstream.name} is quarantined: {row.reason}.",
                fix=f"An operator can review it ({where}) and accept it (agora.upstream.accept).",
            )
        if row.state == "dropped":
            raise NotFound(f"The {kind} {name!r} of {upstream.name} cannot be offered: {row.reason}.")
        return row

    async def _may_be_linked(self, upstream: UpstreamRow, uri: str) -> bool:
        """Whether a URI may be an unlisted resource of the client's session, linked from a tool's result."""
        if self._call.client is None:
            return False
        key = {"upstream_id": upstream.upstream_id, "kind": "resource", "name": uri}
        return await self._call.tx.one(statements.select_item, **key) is None

    async def _matches_template(self, upstream: UpstreamRow, uri: str) -> bool:
        rows = await self._call.tx.all(statements.select_template_names, upstream_id=upstream.upstream_id)
        return any(uri_matches(name, uri) for name in rows)

    def _relay_request(
        self,
        upstream: UpstreamRow,
        method: str,
        params: Mapping[str, Any],
        seconds: float,
        item_name: str,
        build_result: Callable[[Mapping[str, Any]], R],
        client: CallClient | None = None,
        headers: Mapping[str, str] = {},
    ) -> R:
        """Send a request to the upstream outside any transaction. client: receives its requests; None: the call's.

        headers: those that repeat arguments of a tool.
        """
        connections, endpoint, progress = (
            get_upstream_connections(self._call),
            build_upstream_endpoint(upstream),
            self._call.progress,
        )
        caller, client = self._call.caller.subject, client or self._call.client
        self._call.target = f"{upstream.name}.{item_name}"[:200]

        authorizer = Authorizer(self._call, client) if endpoint.oauth_mode != "none" else None

        async def send_to_upstream() -> dict[str, Any]:
            try:
                return await connections.send_request(
                    endpoint, method, params, seconds, progress, caller, client, headers
                )
            except AuthorizationNeeded as error:
                if authorizer is None:
                    raise
                await authorizer.ask_user_for_grant(endpoint, error)
            # Once more, outside of the handler: a second refusal is an error, or the person would be asked without end.
            return await connections.send_request(endpoint, method, params, seconds, progress, caller, client, headers)

        async def build_answer(end: Call, outcome: dict[str, Any] | AgoraError) -> R:
            if isinstance(outcome, AgoraError):
                raise outcome
            if outcome.get("resultType", "complete") != "complete":
                raise UpstreamFailed(
                    f"{item_name!r} of {upstream.name} asks for input, and the caller cannot be asked.",
                    fix="Call it over MCP, with a client that declares the capability (elicitation, sampling, roots).",
                )
            return build_result(outcome)

        # The engine enforces `seconds` itself, without the time of a person's answer; this is only the outer limit.
        patience = ANSWER_SECONDS if client is not None else REQUEST_SECONDS if authorizer is not None else 0.0
        return cast_relay_to_result(send_to_upstream, build_answer, seconds + TIMEOUT_SLACK_SECONDS + patience)


def _build_parameter_headers(definition: str, arguments: Mapping[str, Any]) -> dict[str, str]:
    """Build the headers that repeat arguments of a tool. Few tools have any, and a definition may be long."""
    if MIRROR_KEY not in definition:
        return {}
    return build_mirrored_headers(dict(list_mirrored_parameters(decode_json(definition).get("inputSchema"))), arguments)


def _read_objects(upstream: UpstreamRow, raw: Mapping[str, Any], name: str) -> list[JsonValue]:
    """Read a list of objects in an upstream's answer. Raises UpstreamFailed.

    Direct answers of upstreams are not validated by the protocol's types, and every protocol reads these lists.
    """
    parts: list[JsonValue] = raw.get(name, [])
    if not isinstance(parts, list) or not all(isinstance(part, dict) for part in parts):
        raise _build_invalid_answer_error(upstream, f"{name} is not a list of objects")
    return parts


def _build_invalid_answer_error(upstream: UpstreamRow, problem: str) -> UpstreamFailed:
    # The upstream has answered, so the request may have taken effect, whatever the answer is.
    return UpstreamFailed(f"The answer of {upstream.name} is not valid MCP: {problem}.", outcome="unknown")


def uri_matches(template: str, uri: str) -> bool:
    """Whether a URI may result from a template (RFC 6570): its fixed parts occur in order, with text in between.

    Searched from left to right, each part once, because a regular expression could be made to backtrack excessively.
    """
    first, *middle = re.split(r"\{[^{}]*\}", template)
    if not middle:
        return uri == template
    last = middle.pop()
    end = len(uri) - len(last)
    if not uri.startswith(first) or not uri.endswith(last):
        return False
    place = len(first)
    for part in middle:
        index = uri.find(part, place + 1, end)
        if index < 0:
            return False
        place = index + len(part)
    return place < end
