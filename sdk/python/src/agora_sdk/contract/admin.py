"""Administration: overrides, health, management and audit."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

from pydantic import BaseModel, Field, JsonValue

from .fields import Cursor, JsonData, Limit, OverrideAction, OverrideActionLike, Text, Timestamp
from .operation import Exposure, Service, operation
from .results import Page, Result

__all__ = [
    "ActiveOverride",
    "Admin",
    "AuditEntry",
    "AuditPage",
    "ComponentHealth",
    "Health",
    "Managed",
    "OverrideReceipt",
    "Stop",
]


class OverrideReceipt(Result):
    override_id: str
    status: str
    target_id: str
    action: OverrideAction
    priority: int
    executed_at: Timestamp
    expires_at: Timestamp | None = None
    lifted: list[str] = Field(default=[], description="Ids of the overrides that this one replaced.")


class ComponentHealth(BaseModel):
    status: Literal["healthy", "degraded", "critical"]
    detail: str = ""
    metrics: dict[str, float] = {}
    warning: str | None = Field(default=None, description="Problem predicted from the trend.")
    latency_ms: float | None = Field(default=None, description="Duration of the check, in milliseconds.")
    stack: str | None = Field(
        default=None, description="For `event_loop`: where the loop was last blocked. Visible to operators only."
    )


class ActiveOverride(BaseModel):
    override_id: str
    target_id: str = Field(description="An agent or workflow, or 'system_wide'.")
    action: OverrideAction
    by: str = Field(description="Who made it.")
    priority: int = Field(description="Its authority; lifting it needs at least the same authority.")
    reason: str = ""
    since: Timestamp
    expires_at: Timestamp | None = None


class Stop(BaseModel):
    """A halt or pause of the whole marketplace."""

    action: OverrideAction
    by: str = Field(description="Who made it.")
    since: Timestamp
    expires_at: Timestamp | None = None


class StoppedTenant(Stop):
    """A halt or pause of a tenant's whole marketplace."""

    tenant_id: str


class Health(Result):
    status: Literal["healthy", "degraded", "paused", "halted", "critical"] = Field(
        description="Status of the worst component; paused or halted if the whole marketplace is and no component is critical."
    )
    stopped: Stop | None = Field(default=None, description="Override that stops the whole marketplace, if any.")
    overrides: list[ActiveOverride] = Field(
        default=[], description="Active overrides: all for operators; for others, those that affect them."
    )
    stopped_tenants: list[StoppedTenant] = Field(
        default=[], description="Tenants that are halted or paused. Visible to operators of the installation only."
    )
    components: dict[str, ComponentHealth]
    version: str
    timestamp: Timestamp


class Managed(Result):
    resource: str
    target: str
    action: str
    before: JsonValue = None
    after: JsonValue = None
    executed_at: Timestamp


class AuditEntry(Result):
    audit_id: str
    time: Timestamp
    actor: str
    operation: str
    target: str | None = None
    outcome: str
    detail: str | None = None
    request_id: str | None = None


class AuditPage(Page[AuditEntry]):
    items_field: ClassVar[str] = "entries"

    entries: list[AuditEntry]


class Admin(Service, category="admin"):
    """Overrides, health, management and the audit trail."""

    @operation(
        "POST /agora/admin/override",
        scope="admin",
        exposure=Exposure.OPERATOR,
        destructive=True,
        during_halt=True,
    )
    async def override(
        self,
        target_id: Annotated[
            str, Field(min_length=1, max_length=200, description="Agent, workflow, or 'system_wide'.")
        ],
        action: OverrideActionLike,
        reason: Annotated[Text, Field(max_length=2000)] = "",
        priority: Annotated[
            int | None, Field(ge=0, le=255, description="Authority, 255 = supreme; default: the caller's own.")
        ] = None,
        expires_in: Annotated[
            int | None, Field(ge=1, le=31_536_000, description="Seconds until the override expires.")
        ] = None,
    ) -> OverrideReceipt:
        """Pause, resume, terminate or halt an agent or the whole marketplace. Takes effect at once in every protocol.

        ``resume`` lifts those overrides of the target whose authority is not higher than the caller's.
        """

    @operation("GET /agora/admin/health", scope="", exposure=Exposure.PUBLIC, during_halt=True)
    async def health(
        self,
        component: Annotated[
            str | None, Field(max_length=64, description="Only this component: database, mcp_server, agents ...")
        ] = None,
    ) -> Health:
        """Check the health of the system, with warnings derived from trends.

        Includes the active overrides: target, actor, start and reason.
        """

    @operation(
        "POST /agora/admin/manage",
        scope="admin",
        exposure=Exposure.OPERATOR,
        destructive=True,
        read_actions=("get", "list"),
    )
    async def manage(
        self,
        resource: Annotated[
            Literal["agent", "configuration", "service"], Field(description="Kind of resource to manage.")
        ],
        target: Annotated[
            str,
            Field(
                min_length=1,
                max_length=200,
                description="Agent id or name, setting name, or operation name; for list: 'all' or a name prefix.",
            ),
        ],
        action: Annotated[
            str,
            Field(
                min_length=1,
                max_length=64,
                description="agent: suspend, activate, retire, set_tier, and hand_over (target: the id of a retired agent; value: who gets its unfinished tasks and unread mail); configuration: list, get, set, reset; service: activate, beta, deprecate, sunset, reset.",
            ),
        ],
        value: Annotated[
            JsonData,
            Field(
                description="set: the setting's value; set_tier: the tier; hand_over: an agent; deprecate and sunset: what to call instead (NAME or NAME@VERSION), or an object with replacement, sunset_date (YYYY-MM-DD, for deprecate) and migration_guide."
            ),
        ] = None,
        reason: Annotated[Text, Field(max_length=2000)] = "",
    ) -> Managed:
        """Manage an agent's lifecycle, a runtime setting, or the lifecycle status of an operation.

        The actions ``get`` and ``list`` only read, so they also work during a halt. The ``after`` field of a list holds
        each setting's value, whether it was changed, and whether it can be changed at run time. Secrets are masked.
        """

    @operation("GET /agora/admin/audit", scope="admin", exposure=Exposure.OPERATOR, during_halt=True)
    async def audit(
        self,
        actor: Annotated[str | None, Field(max_length=200)] = None,
        operation: Annotated[str | None, Field(max_length=200)] = None,
        target: Annotated[str | None, Field(max_length=200)] = None,
        outcome: Annotated[str | None, Field(max_length=64)] = None,
        *,
        since: Timestamp | None = None,
        until: Timestamp | None = None,
        limit: Limit = 50,
        cursor: Cursor = None,
    ) -> AuditPage:
        """Read the audit trail, newest first: actor, operation, target and outcome."""
