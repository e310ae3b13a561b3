"""Upstreams: MCP servers whose tools the marketplace offers, prefixed with the upstream's name."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal, TypeAlias

from pydantic import Field, JsonValue

from .fields import PRINTABLE, Cursor, JsonObject, Limit, Text, Timestamp
from .operation import Exposure, Kind, Service, operation
from .results import Page, Result

__all__ = [
    "Acceptance",
    "ConnectionState",
    "ItemKind",
    "ItemKindLike",
    "ItemState",
    "ItemStateLike",
    "PromptResult",
    "ResourceResult",
    "ToolResult",
    "Upstream",
    "UpstreamAuthorization",
    "UpstreamCompletion",
    "UpstreamDeauthorization",
    "UpstreamDetail",
    "UpstreamItem",
    "UpstreamPage",
    "UpstreamRemoval",
    "Upstreams",
]

MEBIBYTE = 1024 * 1024


class ConnectionState(StrEnum):
    """Connection state of an upstream."""

    IDLE = "idle"
    CONNECTING = "connecting"
    CONNECTED = "connected"
    UNAVAILABLE = "unavailable"


class ItemKind(StrEnum):
    """Kind of an upstream item."""

    TOOL = "tool"
    RESOURCE = "resource"
    TEMPLATE = "template"
    PROMPT = "prompt"


class ItemState(StrEnum):
    """Whether an upstream item can be used."""

    ACTIVE = "active"
    QUARANTINED = "quarantined"
    DROPPED = "dropped"


# Parameters accept a member, or its value as a literal. Only type checkers see the literals; models and
# implementations use the enum.
if TYPE_CHECKING:
    ItemKindLike: TypeAlias = ItemKind | Literal["tool", "resource", "template", "prompt"]
    ItemStateLike: TypeAlias = ItemState | Literal["active", "quarantined", "dropped"]
else:
    ItemKindLike = ItemKind
    ItemStateLike = ItemState


UpstreamName = Annotated[
    str,
    Field(
        min_length=1,
        max_length=24,
        pattern=r"^[a-z0-9]([a-z0-9-]*[a-z0-9])?$",
        description="Name of the upstream and prefix of its tools: lower-case letters, digits, hyphens.",
        examples=["github"],
    ),
]
UpstreamRef = Annotated[
    str, Field(min_length=1, max_length=64, pattern=r"^[a-z0-9_-]+$", description="Name or id of the upstream.")
]
ToolName = Annotated[
    str, Field(min_length=1, max_length=200, pattern=PRINTABLE, description="Name of the tool at the upstream.")
]
Url = Annotated[
    str,
    Field(
        max_length=2000,
        pattern=r"^https?://[^\s\x00-\x1f\x7f]+$",
        description="URL of its streamable HTTP endpoint.",
        examples=["https://mcp.example.com/mcp"],
    ),
]
Headers = Annotated[
    dict[
        Annotated[str, Field(max_length=100, pattern=r"^[A-Za-z0-9!#$%&'*+.^_`|~-]+$")],
        Annotated[str, Field(max_length=4000, pattern=r"^[\x20-\x7e]*$")],
    ],
    Field(max_length=30, description="Sent with every request, such as Authorization; stored encrypted, never shown."),
]
Seconds = Annotated[float, Field(gt=0, le=3600, description="Timeout of a call, in seconds.")]
ToolTimeouts = Annotated[
    dict[Annotated[str, Field(max_length=200)], Seconds],
    Field(max_length=1000, description="Timeout of individual tools, in seconds."),
]
Names = Annotated[
    list[Annotated[str, Field(max_length=2000)]],
    Field(max_length=1000, description="Names of tools, resources or prompts; empty: all quarantined items."),
]
Hashes = Annotated[
    list[Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]],
    Field(max_length=1000, description="Only definitions with these hashes, as reviewed."),
]
Concurrency = Annotated[
    int,
    Field(
        ge=1,
        le=1000,
        description="Maximum number of concurrent calls at the upstream; one caller can use three quarters of them.",
    ),
]


OAuthModeName: TypeAlias = Literal["none", "shared", "user", "machine"]
OAuthMode = Annotated[
    OAuthModeName,
    Field(
        description="Access token sent to the upstream: none; shared (authorized once by an operator for all "
        "callers); user (each caller's own); machine (client credentials)."
    ),
]
OAuthClientId = Annotated[
    str,
    Field(
        min_length=1,
        max_length=2000,
        pattern=r"^[!-~]+$",
        description="Client id at the authorization server; default: dynamic registration.",
    ),
]
OAuthClientSecret = Annotated[
    str,
    Field(
        min_length=1,
        max_length=4000,
        pattern=r"^[\x20-\x7e]+$",
        description="Client secret; stored encrypted, never shown.",
    ),
]
OAuthScope = Annotated[
    str,
    Field(
        min_length=1,
        max_length=2000,
        pattern=r"^[\x21\x23-\x5b\x5d-\x7e]+( [\x21\x23-\x5b\x5d-\x7e]+)*$",
        description="Requested scopes, separated by spaces; default: those that the upstream names.",
    ),
]


class Upstream(Result):
    """An MCP server whose tools the marketplace offers. Credentials are never shown."""

    upstream_id: str
    name: str
    description: str = ""
    transport: Literal["http", "stdio"] = "http"
    url: str | None = None
    command: list[str] = []
    has_credentials: bool = False
    oauth: OAuthModeName = Field(
        default="none", description="Kind of access token sent: none, shared, user or machine."
    )
    authorized: bool | None = Field(
        default=None, description="Whether a token exists: the caller's own with user, otherwise the shared one."
    )
    origin: Literal["operator", "settings", "file", "registry"] = "operator"
    timeout: float = 30.0
    tool_timeouts: dict[str, float] = {}
    concurrency: int = 16
    server_name: str | None = None
    server_version: str | None = None
    protocol_version: str | None = None
    instructions: str | None = None
    state: ConnectionState = ConnectionState.IDLE
    error: str | None = Field(default=None, description="Reason why it cannot be reached.")
    retry_at: Timestamp | None = Field(default=None, description="Time of the next connection attempt.")
    tools: int = Field(default=0, description="Tools that can be called.")
    quarantined: int = Field(default=0, description="Number of changed items awaiting acceptance.")
    dropped: int = Field(default=0, description="Number of unusable items; each has a reason.")
    listed_at: Timestamp | None = None
    created_at: Timestamp
    updated_at: Timestamp


class UpstreamItem(Result):
    """A tool, resource, resource template or prompt of an upstream."""

    kind: ItemKind
    name: str = Field(description="Name of a tool or prompt, URI of a resource.")
    service: str | None = Field(default=None, description="Name of the tool in the marketplace.")
    description: str = ""
    state: ItemState = ItemState.ACTIVE
    reason: str | None = Field(default=None, description="Reason why it is quarantined or dropped.")
    hash: str = Field(description="SHA-256 of the definition.")
    definition: dict[str, Any] = Field(default={}, description="As offered by the upstream.")
    accepted: dict[str, Any] | None = Field(default=None, description="The previously accepted definition.")
    first_seen: Timestamp
    changed_at: Timestamp


class UpstreamDetail(Upstream):
    """An upstream with a page of its items."""

    items: list[UpstreamItem] = []
    has_more: bool = False
    next_cursor: str | None = Field(default=None, description="Cursor of the next page of items.")


class UpstreamPage(Page[Upstream]):
    items_field: ClassVar[str] = "upstreams"

    upstreams: list[Upstream]


class Acceptance(Result):
    """The accepted items."""

    upstream_id: str
    name: str
    accepted: list[str] = []


class UpstreamRemoval(Result):
    upstream_id: str
    name: str


class UpstreamAuthorization(Result):
    """An OAuth authorization at an upstream. If not authorized, a person must visit the URL."""

    upstream: str
    shared: bool = Field(default=False, description="Whether it is shared by all callers.")
    authorized: bool = False
    url: str | None = Field(default=None, description="URL where a person signed in to the monitor grants access.")
    scope: str = Field(default="", description="Requested or granted scopes.")
    expires_at: Timestamp | None = Field(default=None, description="Expiry of the URL or of the granted token.")


class UpstreamDeauthorization(Result):
    """A removed authorization. revoked: whether the authorization server revoked the token, too."""

    upstream: str
    shared: bool = False
    revoked: bool = False


class ToolResult(Result):
    """Unchanged result of a tool. ``is_error``: the tool reports a failure."""

    upstream: str
    tool: str
    content: list[JsonValue] = Field(default=[], description="Content blocks, as in the MCP specification.")
    structured_content: JsonValue = None
    is_error: bool = False
    meta: JsonValue = Field(default=None, description="The result's _meta.")


class ResourceResult(Result):
    """Contents of a resource."""

    upstream: str
    uri: str
    contents: list[JsonValue] = []


class PromptResult(Result):
    """A prompt with its arguments filled in."""

    upstream: str
    prompt: str
    description: str | None = None
    messages: list[JsonValue] = []


class UpstreamCompletion(Result):
    """Completions of an argument value."""

    upstream: str
    values: list[str] = []
    total: int | None = Field(default=None, description="Total number of completions, if the upstream reports it.")
    has_more: bool = False


class Upstreams(Service, category="upstream"):
    """MCP servers whose tools, resources and prompts are offered over every protocol."""

    @operation("POST /upstreams", scope="admin", kind=Kind.RELAY, exposure=Exposure.OPERATOR)
    async def add(
        self,
        name: UpstreamName,
        url: Url,
        *,
        description: Annotated[Text, Field(max_length=1000)] = "",
        headers: Headers = {},
        timeout: Seconds | None = None,
        tool_timeouts: ToolTimeouts = {},
        concurrency: Concurrency = 16,
        oauth: OAuthMode = "none",
        oauth_client_id: OAuthClientId | None = None,
        oauth_client_secret: OAuthClientSecret | None = None,
        oauth_scope: OAuthScope | None = None,
        verify: Annotated[
            bool, Field(description="Connect first; false stores it even if it cannot be reached now.")
        ] = True,
    ) -> Upstream:
        """Add an upstream MCP server by URL, and offer its tools as ``name.tool``.

        A URL that resolves to a private or loopback address is rejected unless the server's settings allow it.
        Upstreams started by a command are configured only on the server (setting ``mcp_config``). With ``oauth``, the
        authorization server is discovered now; call ``authorize`` next.
        """

    @operation("GET /upstreams", scope="read:catalogue")
    async def list(self, *, limit: Limit = 50, cursor: Cursor = None) -> UpstreamPage:
        """List the upstreams by name, each with the state of its connection."""

    @operation("GET /upstreams/{upstream}", scope="read:catalogue")
    async def get(
        self,
        upstream: UpstreamRef,
        *,
        kind: Annotated[ItemKindLike | None, Field(description="Only items of this kind.")] = None,
        state: Annotated[ItemStateLike | None, Field(description="Only items in this state.")] = None,
        cursor: Cursor = None,
    ) -> UpstreamDetail:
        """Show an upstream with its items, and the reason why an item is unusable."""

    @operation(
        "POST /upstreams/{upstream}/refresh",
        scope="admin",
        kind=Kind.RELAY,
        exposure=Exposure.OPERATOR,
        idempotent=True,
    )
    async def refresh(self, upstream: UpstreamRef) -> UpstreamDetail:
        """Refresh an upstream's items; changed definitions are quarantined."""

    @operation("POST /upstreams/{upstream}/accept", scope="admin", exposure=Exposure.OPERATOR, idempotent=True)
    async def accept(
        self,
        upstream: UpstreamRef,
        names: Names = [],
        *,
        hashes: Hashes = [],
    ) -> Acceptance:
        """Accept changed definitions: they are pinned and can be used again."""

    @operation("DELETE /upstreams/{upstream}", scope="admin", exposure=Exposure.OPERATOR, destructive=True)
    async def remove(self, upstream: UpstreamRef) -> UpstreamRemoval:
        """Remove an upstream with its items, and close its connection."""

    @operation("POST /upstreams/{upstream}/authorize", scope="write:tools", kind=Kind.RELAY)
    async def authorize(
        self,
        upstream: UpstreamRef,
        *,
        shared: Annotated[
            bool, Field(description="Authorize for all callers and for listing tools; needs the scope admin.")
        ] = False,
        scope: OAuthScope | None = None,
    ) -> UpstreamAuthorization:
        """Start an OAuth authorization at an upstream. Open the returned URL in a browser.

        The browser is redirected back to this server, where the person must be signed in as the user who started the
        authorization. With client credentials (``machine``) there is no URL: the token is requested at once.
        """

    @operation("POST /upstream-authorizations", scope="write:tools", kind=Kind.RELAY)
    async def finish_authorization(
        self,
        state: Annotated[
            str, Field(min_length=1, max_length=200, pattern=r"^[A-Za-z0-9_-]+$", description="From the callback.")
        ],
        *,
        code: Annotated[
            str | None, Field(min_length=1, max_length=8000, pattern=PRINTABLE, description="From the callback.")
        ] = None,
        iss: Annotated[str | None, Field(max_length=2000, pattern=PRINTABLE, description="From the callback.")] = None,
        error: Annotated[
            str | None,
            Field(max_length=500, pattern=PRINTABLE, description="Error code of the callback."),
        ] = None,
    ) -> UpstreamAuthorization:
        """Finish an authorization with the parameters of the OAuth callback; once, by the caller who started it."""

    @operation(
        "POST /upstreams/{upstream}/deauthorize",
        scope="write:tools",
        kind=Kind.RELAY,
        idempotent=True,
        destructive=True,
    )
    async def deauthorize(
        self,
        upstream: UpstreamRef,
        *,
        shared: Annotated[bool, Field(description="Remove the shared authorization; needs the scope admin.")] = False,
    ) -> UpstreamDeauthorization:
        """Delete an authorization, and revoke its token if the authorization server supports it."""

    @operation("POST /tools/{upstream}/{tool}", scope="write:tools", kind=Kind.RELAY, body_limit=4 * MEBIBYTE)
    async def call(
        self,
        upstream: UpstreamRef,
        tool: ToolName,
        arguments: JsonObject = {},
        *,
        timeout: Seconds | None = None,
        task_id: Annotated[
            str | None,
            Field(
                max_length=64,
                pattern=r"^task_[0-9a-f]{32}$",
                description="Your task that the call belongs to. Questions of the upstream become questions of the "
                "task.",
            ),
        ] = None,
        fencing_token: Annotated[
            int | None, Field(ge=1, le=2**53, description="Fencing token of the task's claim.")
        ] = None,
    ) -> ToolResult:
        """Call a tool of an upstream and return its unchanged result.

        A failed tool returns ``is_error``. After a timeout or a broken connection, the error has ``outcome: unknown``:
        the tool may have done its work.
        """

    @operation("POST /upstreams/{upstream}/resources/read", scope="read:catalogue", kind=Kind.RELAY, idempotent=True)
    async def read(
        self, upstream: UpstreamRef, uri: Annotated[str, Field(min_length=1, max_length=2000, pattern=PRINTABLE)]
    ) -> ResourceResult:
        """Read a resource of an upstream by a listed URI or one that matches a listed template."""

    @operation("POST /upstreams/{upstream}/prompts/{prompt}", scope="read:catalogue", kind=Kind.RELAY, idempotent=True)
    async def prompt(
        self,
        upstream: UpstreamRef,
        prompt: Annotated[str, Field(min_length=1, max_length=200, pattern=PRINTABLE)],
        arguments: Annotated[dict[str, str], Field(max_length=100)] = {},
    ) -> PromptResult:
        """Get a prompt of an upstream, filled in with arguments."""

    @operation("POST /upstreams/{upstream}/complete", scope="read:catalogue", kind=Kind.RELAY, idempotent=True)
    async def complete(
        self,
        upstream: UpstreamRef,
        kind: Annotated[Literal["prompt", "template"], Field(description="Kind of item with the argument.")],
        name: Annotated[
            str,
            Field(min_length=1, max_length=2000, pattern=PRINTABLE, description="Name of a prompt, or URI template."),
        ],
        argument: Annotated[str, Field(min_length=1, max_length=200, pattern=PRINTABLE, description="Its argument.")],
        value: Annotated[Text, Field(max_length=1000, description="The typed prefix.")] = "",
        *,
        context: Annotated[
            dict[Annotated[str, Field(max_length=200)], Annotated[Text, Field(max_length=4000)]],
            Field(max_length=100, description="Arguments that are already filled in."),
        ] = {},
    ) -> UpstreamCompletion:
        """Get the upstream's completions of an argument of a prompt or resource template."""
