"""Resources: agents, tasks, workflows and the operation registry by URI, read through the dispatcher.

=====================================  ==================================
``agora://catalogue``                  the operations that can be called
``agora://catalogue/{service}``        the schema of one operation
``agora://marketplace``                the marketplace in numbers
``agora://agents/{agent_id}``          an agent's profile
``agora://tasks/{task_id}``            a task, with its result
``agora://tasks/{task_id}/output``     a task's output so far
``agora://workflows/{workflow_id}``    a workflow with its steps
``agora://workflows/{id}/diagram``     a workflow as a Mermaid diagram
``agora://upstreams/{name}/{uri}``     a resource of an upstream, see :mod:`.upstream_resources`
=====================================  ==================================

All of them can be read. The listing does not grow with use: the first two, the active agents, tasks and workflows
(:data:`MAX_LISTED_ENTRIES` of each), and the resources of upstreams. Templates describe the URIs of the rest.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import quote, unquote

from pydantic_core import to_json

from agora.core.dispatcher import Dispatcher
from agora.protocols.operation_calls import call_operation
from agora.value_classes import value_class
from agora_sdk.errors import AgoraError, NotFound, PermissionDenied, Unauthenticated

from . import cursors
from .request_context import INVALID_PARAMS, JsonRpcError, RequestContext
from .upstream_resources import URI_PREFIX, UpstreamResources

__all__ = [
    "COLLECTIONS",
    "MAX_LISTED_ENTRIES",
    "RESOURCE_TEMPLATES",
    "ResourceCollection",
    "ResourceTemplate",
    "Resources",
]

JSON_TYPE: Final = "application/json"
MAX_POSITION_DIGITS: Final = 9


@value_class
class ResourceTemplate:
    """A URI template, and the operation that reads its resources.

    field: the field of the operation's result that is the content; empty for the whole result.
    """

    uri: str
    operation: str
    name: str
    description: str
    mime: str = JSON_TYPE
    field: str = ""

    @property
    def parameter_name(self) -> str:
        """Name of the part in braces; empty for a URI without one."""
        return self.uri.partition("{")[2].partition("}")[0]

    def match_uri(self, uri: str) -> str | None:
        """Extract the value of the template's variable, percent-decoded; None for another URI."""
        prefix, brace, remainder = self.uri.partition("{")
        if not brace:
            return "" if uri == self.uri else None
        suffix = remainder.partition("}")[2]
        # The length excludes an empty value, and an overlap of prefix and suffix, as in agora://tasks/output.
        if not (uri.startswith(prefix) and uri.endswith(suffix) and len(uri) > len(prefix) + len(suffix)):
            return None
        value = uri[len(prefix) : len(uri) - len(suffix)]
        # A further segment, such as /output, belongs to another template.
        return None if "/" in value else unquote(value)

    def to_document(self) -> dict[str, Any]:
        key = "uriTemplate" if self.parameter_name else "uri"
        return {key: self.uri, "name": self.name, "description": self.description, "mimeType": self.mime}


RESOURCE_TEMPLATES: Final = (
    ResourceTemplate("agora://catalogue", "agora.discovery.list", "Catalogue", "Every operation that can be called."),
    ResourceTemplate("agora://marketplace", "agora.query.marketplace", "Marketplace", "The marketplace in numbers."),
    ResourceTemplate(
        "agora://catalogue/{service}", "agora.discovery.schema", "Operation", "How to call one operation."
    ),
    ResourceTemplate("agora://agents/{agent_id}", "agora.agent.get", "Agent", "An agent's profile, by id or name."),
    ResourceTemplate("agora://tasks/{task_id}", "agora.task.get", "Task", "A task, with its result."),
    ResourceTemplate(
        "agora://tasks/{task_id}/output",
        "agora.task.output",
        "Output of a task",
        "The output that a task has written so far.",
        "text/plain",
        "content",
    ),
    ResourceTemplate(
        "agora://workflows/{workflow_id}", "agora.workflow.status", "Workflow", "A workflow with its steps."
    ),
    ResourceTemplate(
        "agora://workflows/{workflow_id}/diagram",
        "agora.workflow.diagram",
        "Diagram of a workflow",
        "A workflow as a Mermaid diagram.",
        "text/vnd.mermaid",
        "mermaid",
    ),
)


MAX_LISTED_ENTRIES: Final = 20  #: maximum entries of a collection in resources/list


@value_class
class ResourceCollection:
    """A listed collection. items, id, title: fields of the operation's result. active_filter: arguments that select active
    items."""

    prefix: str
    operation: str
    items: str
    id: str
    title: str
    active_filter: Mapping[str, Any]


_OPEN_TASK_STATUSES: Final = ["pending", "in_progress", "input_required", "auth_required"]
COLLECTIONS: Final = (
    ResourceCollection(
        "agora://agents/", "agora.query.agents", "agents", "agent_id", "agent_name", {"status": "active"}
    ),
    ResourceCollection(
        "agora://workflows/",
        "agora.workflow.list",
        "workflows",
        "workflow_id",
        "workflow_name",
        {"status": ["running", "paused"]},
    ),
    ResourceCollection(
        "agora://tasks/",
        "agora.task.list",
        "tasks",
        "task_id",
        "task_type",
        {"status": _OPEN_TASK_STATUSES, "descending": True},
    ),
)


class Resources:
    """Lists and reads the resources visible to the caller."""

    def __init__(self, dispatcher: Dispatcher) -> None:
        self._dispatcher = dispatcher
        self.upstreams = UpstreamResources(self.invoke_operation)

    async def invoke_operation(self, request_context: RequestContext, name: str, arguments: Mapping[str, Any]) -> Any:
        """Run an operation and return its result as JSON types. Raises AgoraError."""
        client = request_context.client if request_context.client.key else None
        return await call_operation(
            self._dispatcher,
            name,
            request_context.caller,
            arguments,
            request_id=request_context.request_id,
            client=client,
        )

    async def list_resources_page(self, request_context: RequestContext, cursor: str | None) -> dict[str, Any]:
        """List one page: the constant resources, active items, and resources of upstreams. cursor: number of preceding
        entries."""
        position = cursors.decode_cursor(cursor) or "0"
        # isdecimal rejects signs; the length bounds the integer that a client makes us parse.
        if not position.isdecimal() or len(position) > MAX_POSITION_DIGITS:
            raise JsonRpcError(INVALID_PARAMS, "Invalid cursor: leave it out to begin again.")
        entries = [template.to_document() for template in RESOURCE_TEMPLATES if not template.parameter_name]
        for collection in COLLECTIONS:
            entries += await self._list_active_items(request_context, collection)
        entries += await self.upstreams.list_resources(request_context)
        begin = int(position)
        end = begin + request_context.view.page
        page: dict[str, Any] = {"resources": entries[begin:end]}
        return page | {"nextCursor": cursors.encode_cursor(str(end))} if end < len(entries) else page

    async def _list_active_items(
        self, request_context: RequestContext, collection: ResourceCollection
    ) -> list[dict[str, Any]]:
        try:
            page = await self.invoke_operation(
                request_context, collection.operation, {**collection.active_filter, "limit": MAX_LISTED_ENTRIES}
            )
        # The listing holds what the caller may read; one missing scope must not hide the rest.
        except (PermissionDenied, Unauthenticated):
            return []
        except AgoraError as error:
            raise JsonRpcError.from_error(error, modern=request_context.modern) from None
        return [_build_resource_entry(collection, item) for item in page[collection.items]]

    async def list_templates(self, request_context: RequestContext) -> dict[str, Any]:
        """List the URI templates."""
        own_templates = [template.to_document() for template in RESOURCE_TEMPLATES if template.parameter_name]
        return {"resourceTemplates": own_templates + await self.upstreams.list_templates(request_context)}

    async def read_uri(self, request_context: RequestContext, uri: str) -> dict[str, Any]:
        """Read a resource by URI. Raises JsonRpcError, and Unauthenticated if a credential is required."""
        try:
            if uri.startswith(URI_PREFIX):
                return await self.upstreams.read_uri(request_context, uri)
            for template in RESOURCE_TEMPLATES:
                if (value := template.match_uri(uri)) is not None:
                    return await self._read_content(request_context, template, uri, value)
            raise NotFound(
                f"There is no resource {uri[:200]!r}.", fix="resources/templates/list lists the available resources."
            )
        except Unauthenticated:
            raise
        except AgoraError as error:
            # Cut, because a URI of any length would come back in the error.
            raise JsonRpcError.from_error(error, modern=request_context.modern, data={"uri": uri[:1000]}) from None

    async def _read_content(
        self, request_context: RequestContext, template: ResourceTemplate, uri: str, value: str
    ) -> dict[str, Any]:
        arguments = {template.parameter_name: value} if template.parameter_name else {}
        result = await self.invoke_operation(request_context, template.operation, arguments)
        text = result[template.field] if template.field else to_json(result).decode()
        return {"contents": [{"uri": uri, "mimeType": template.mime, "text": text}]}


def _build_resource_entry(collection: ResourceCollection, item: Mapping[str, Any]) -> dict[str, Any]:
    entry = {
        "uri": collection.prefix + quote(item[collection.id], safe=""),
        "name": item[collection.id],
        "title": item.get(collection.title) or item[collection.id],
        "mimeType": JSON_TYPE,
    }
    description = item.get("description") or item.get("status")
    return entry | ({"description": str(description)} if description else {})
