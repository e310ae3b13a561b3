"""Upstreams: remote MCP servers whose tools the marketplace offers under their name."""

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
    """Whether an upstream item can be used here."""

    ACTIVE = "active"
    QUARANTINED = "quarantined"
    DROPPED = "dropped"


# What parameters take: a member, or its value as a literal. Type checkers alone see the literals; models and
# implementations have the enum.
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
        description="Name of the upstream, the prefix of its tools: small letters, digits, hyphens.",
        examples=["github"],
    ),
]
UpstreamRef = Annotated[
    str, Field(min_length=1, max_length=64, pattern=r"^[a-z0-9_-]+$", description="Name or id of the upstream.")
]
ToolName = Annotated[
    str, Field(min_length=1, max_length=200, pattern=PRINTABLE, description="Name of the tool, as the upstream has it.")
]
Url = Annotated[
    str,
    Field(
        max_length=2000,
        pattern=r"^https?://[^\s\x00-\x1f\x7f]+$",
        description="Where it serves streamable HTTP.",
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
Seconds = Annotated[float, Field(gt=0, le=3600, description="Seconds a call may take.")]
ToolTimeouts = Annotated[
    dict[Annotated[str, Field(max_length=200)], Seconds],
    Field(max_length=1000, description="Timeout of individual tools, in seconds."),
]
Names = Annotated[
    list[Annotated[str, Field(max_length=2000)]],
    Field(max_length=1000, description="Tools, resources or prompts; all that are quarantined if empty."),
]
Hashes = Annotated[
    list[Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]],
    Field(max_length=1000, description="Only definitions with these hashes: those that were reviewed."),
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
        description="Whose access token is sent: none; shared, one that an operator authorizes for all callers; user, "
        "each caller's own; machine, one by client credentials."
    ),
]
OAuthClientId = Annotated[
    str,
    Field(
        min_length=1,
        max_length=2000,
        pattern=r"^[!-~]+$",
        description="This server's client at the authorization server; registered dynamically if absent.",
    ),
]
OAuthClientSecret = Annotated[
    str,
    Field(
        min_length=1,
        max_length=4000,
        pattern=r"^[\x20-\x7e]+$",
        description="Its secret; stored encrypted, never shown.",
    ),
]
OAuthScope = Annotated[
    str,
    Field(
        min_length=1,
        max_length=2000,
        pattern=r"^[\x21\x23-\x5b\x5d-\x7e]+( [\x21\x23-\x5b\x5d-\x7e]+)*$",
        description="Scopes to ask for, separated by spaces; those that the upstream names if absent.",
    ),
]


class Upstream(Result):
    """An MCP server whose tools are offered here. Credentials are never shown."""

    upstream_id: str
    name: str
    description: str = ""
    transport: Literal["http", "stdio"] = "http"
    url: str | None = None
    command: list[str] = []
    has_credentials: bool = False
    oauth: OAuthModeName = Field(default="none", description="Whose access token is sent.")
    authorized: bool | None = Field(
        default=None, description="Whether there is one: the caller's own with user, the shared one otherwise."
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
    quarantined: int = Field(default=0, description="Changed items that wait for acceptance.")
    dropped: int = Field(default=0, description="Items that cannot be offered; each has its reason.")
    listed_at: Timestamp | None = None
    created_at: Timestamp
    updated_at: Timestamp


class UpstreamItem(Result):
    """A tool, resource, resource template or prompt of an upstream."""

    kind: ItemKind
    name: str = Field(description="Name of a tool or prompt, URI of a resource.")
    service: str | None = Field(default=None, description="Name of a tool in the catalogue.")
    description: str = ""
    state: ItemState = ItemState.ACTIVE
    reason: str | None = Field(default=None, description="Reason why it is quarantined or dropped.")
    hash: str = Field(description="SHA-256 of the definition.")
    definition: dict[str, Any] = Field(default={}, description="As offered by the upstream.")
    accepted: dict[str, Any] | None = Field(default=None, description="The definition accepted before it changed.")
    first_seen: Timestamp
    changed_at: Timestamp


class UpstreamDetail(Upstream):
    """An upstream with its items, in pages if there are many."""

    items: list[UpstreamItem] = []
    has_more: bool = False
    next_cursor: str | None = Field(default=None, description="Cursor of the items after these.")


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
    """An authorization at an upstream. authorized: it is in force; otherwise a person visits the URL."""

    upstream: str
    shared: bool = Field(default=False, description="Whether it is the one that callers share.")
    authorized: bool = False
    url: str | None = Field(default=None, description="Where a person grants it, in a browser that is signed in here.")
    scope: str = Field(default="", description="What was asked for, or granted.")
    expires_at: Timestamp | None = Field(default=None, description="When the URL, or the granted token, ends.")


class UpstreamDeauthorization(Result):
    """The end of an authorization. revoked: whether the authorization server has ended it, too."""

    upstream: str
    shared: bool = False
    revoked: bool = False


class ToolResult(Result):
    """Result of a tool, unchanged. ``is_error``: the tool itself says that it failed."""

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
    """A prompt, filled in."""

    upstream: str
    prompt: str
    description: str | None = None
    messages: list[JsonValue] = []


class UpstreamCompletion(Result):
    """What a person may mean by the first letters of an argument."""

    upstream: str
    values: list[str] = []
    total: int | None = Field(default=None, description="How many there are, if the upstream says so.")
    has_more: bool = False


class Upstreams(Service, category="upstream"):
    """Remote MCP servers: their tools, resources and prompts, offered here over every protocol."""

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
        """Add an upstream MCP server by its URL, and offer its tools as ``name.tool``.

        A URL that leads to a private or loopback address is refused unless the server's settings allow it.
        Upstreams that are commands are configured on the server alone (setting ``mcp_config``).
        With ``oauth``, its authorization server is looked up now, and the upstream is to be authorized next.
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
        """Show an upstream with its items, with the reason for each unusable one."""

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
        """Accept changed definitions: from now on they are the pinned ones, and can be used again."""

    @operation("DELETE /upstreams/{upstream}", scope="admin", exposure=Exposure.OPERATOR, destructive=True)
    async def remove(self, upstream: UpstreamRef) -> UpstreamRemoval:
        """Remove an upstream with all its items, and close its connection."""

    @operation("POST /upstreams/{upstream}/authorize", scope="write:tools", kind=Kind.RELAY)
    async def authorize(
        self,
        upstream: UpstreamRef,
        *,
        shared: Annotated[
            bool, Field(description="Authorize for all callers, and for the listing; takes the scope admin.")
        ] = False,
        scope: OAuthScope | None = None,
    ) -> UpstreamAuthorization:
        """Begin an OAuth authorization at an upstream; the answer's URL is for a person's browser.

        The browser comes back to this server, where the person has to be signed in as the one who has begun. With client
        credentials (``machine``) there is no URL: the token is requested at once.
        """

    @operation("POST /upstream-authorizations", scope="write:tools", kind=Kind.RELAY)
    async def finish_authorization(
        self,
        state: Annotated[
            str, Field(min_length=1, max_length=200, pattern=r"^[A-Za-z0-9_-]+$", description="As the callback has it.")
        ],
        *,
        code: Annotated[
            str | None, Field(min_length=1, max_length=8000, pattern=PRINTABLE, description="As the callback has it.")
        ] = None,
        iss: Annotated[
            str | None, Field(max_length=2000, pattern=PRINTABLE, description="As the callback has it.")
        ] = None,
        error: Annotated[
            str | None,
            Field(max_length=500, pattern=PRINTABLE, description="As the callback has it: why there is no code."),
        ] = None,
    ) -> UpstreamAuthorization:
        """Finish an authorization with what the authorization server sent the browser back with; once, by who has begun."""

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
        shared: Annotated[bool, Field(description="The one that callers share; takes the scope admin.")] = False,
    ) -> UpstreamDeauthorization:
        """Forget an authorization, and revoke it where the authorization server allows."""

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
                description="A task of yours that it is for: what the upstream asks becomes a question of the task.",
            ),
        ] = None,
        fencing_token: Annotated[int | None, Field(ge=1, le=2**53, description="Of the task's claim.")] = None,
    ) -> ToolResult:
        """Call a tool of an upstream; its result is returned unchanged.

        A tool that failed answers with ``is_error``. If there was no answer in time, or the connection broke, the
        error says ``outcome: unknown``: the tool may have done its work.
        """

    @operation("POST /upstreams/{upstream}/resources/read", scope="read:catalogue", kind=Kind.RELAY, idempotent=True)
    async def read(
        self, upstream: UpstreamRef, uri: Annotated[str, Field(min_length=1, max_length=2000, pattern=PRINTABLE)]
    ) -> ResourceResult:
        """Read a resource of an upstream, by a listed URI or one that fits a listed template."""

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
        kind: Annotated[Literal["prompt", "template"], Field(description="What has the argument.")],
        name: Annotated[
            str,
            Field(min_length=1, max_length=2000, pattern=PRINTABLE, description="Name of a prompt, or URI template."),
        ],
        argument: Annotated[str, Field(min_length=1, max_length=200, pattern=PRINTABLE, description="Its argument.")],
        value: Annotated[Text, Field(max_length=1000, description="The letters that were typed.")] = "",
        *,
        context: Annotated[
            dict[Annotated[str, Field(max_length=200)], Annotated[Text, Field(max_length=4000)]],
            Field(max_length=100, description="Arguments that are filled in already."),
        ] = {},
    ) -> UpstreamCompletion:
        """Complete an argument of an upstream's prompt or resource template, as the upstream does."""
