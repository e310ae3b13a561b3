"""Tenants: separate marketplaces in one installation, each with its own agents, messages, tasks and keys."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

from pydantic import Field

from .fields import PRINTABLE, Cursor, JsonObject, Limit, Timestamp
from .operation import Exposure, Service, operation
from .results import Page, Result

__all__ = ["CreatedTenant", "DeletedTenant", "Tenant", "TenantDetails", "TenantKey", "TenantPage", "Tenants"]

TenantId = Annotated[
    str,
    Field(
        max_length=63,
        pattern=r"^[a-z0-9]([a-z0-9-]*[a-z0-9])?$",
        description="Id of a tenant: lower-case letters, digits and inner hyphens.",
    ),
]
TenantName = Annotated[str, Field(min_length=1, max_length=200, pattern=PRINTABLE, description="Display name.")]
Reason = Annotated[str, Field(max_length=500, description="Reason, shown to refused callers.", pattern=r"^[^\x00]*$")]
About = Annotated[JsonObject, Field(description="Metadata for the operator, such as a subscription or a namespace.")]


class Tenant(Result):
    """A tenant and its status."""

    tenant_id: str
    name: str
    status: Literal["active", "suspended", "deleting"]
    reason: str = ""
    metadata: JsonObject = {}
    created_at: Timestamp
    created_by: str
    status_since: Timestamp
    updated_at: Timestamp


class TenantDetails(Tenant):
    """agents: registered agents, excluding built-in ones. instances: unfinished instances. Both are visible only to the
    operator."""

    agents: int | None = None
    instances: int | None = None


class CreatedTenant(Tenant):
    token_id: str = Field(description="Id of its first admin key, in the new tenant.")
    token: str | None = Field(default=None, description="The key. Shown once: keep it.")


class TenantKey(Result):
    tenant_id: str
    token_id: str
    token: str | None = Field(default=None, description="The key. Shown once: keep it.")


class TenantPage(Page[Tenant]):
    items_field: ClassVar[str] = "tenants"

    tenants: list[Tenant]


class DeletedTenant(Result):
    tenant_id: str
    status: Literal["deleting"] = "deleting"


class Tenants(Service, category="tenant"):
    """The marketplaces of this installation. Only for the supreme operator, except ``get`` for one's own tenant."""

    @operation("POST /tenants", scope="admin", exposure=Exposure.OPERATOR, secrets=("token",))
    async def create(
        self, tenant_id: TenantId, name: TenantName | None = None, *, metadata: About = {}
    ) -> CreatedTenant:
        """Create a tenant and its first admin key."""

    @operation("GET /tenants", scope="admin", exposure=Exposure.OPERATOR)
    async def list(self, *, limit: Limit = 50, cursor: Cursor = None) -> TenantPage:
        """List the tenants by id."""

    @operation("GET /tenants/{tenant_id}", scope="admin", exposure=Exposure.OPERATOR)
    async def get(self, tenant_id: TenantId) -> TenantDetails:
        """Show a tenant; administrators of a tenant see their own."""

    @operation("PATCH /tenants/{tenant_id}", scope="admin", exposure=Exposure.OPERATOR, idempotent=True)
    async def update(
        self,
        tenant_id: TenantId,
        name: TenantName | None = None,
        *,
        metadata: Annotated[
            JsonObject | None, Field(description="Replaces the metadata; unchanged if omitted.")
        ] = None,
    ) -> Tenant:
        """Change a tenant's name or metadata."""

    @operation("POST /tenants/{tenant_id}/suspend", scope="admin", exposure=Exposure.OPERATOR, idempotent=True)
    async def suspend(self, tenant_id: TenantId, reason: Reason = "") -> Tenant:
        """Suspend a tenant: its callers are refused until it is resumed, and its streams are closed. Data is kept."""

    @operation("POST /tenants/{tenant_id}/resume", scope="admin", exposure=Exposure.OPERATOR, idempotent=True)
    async def resume(self, tenant_id: TenantId) -> Tenant:
        """Resume a suspended tenant."""

    @operation("POST /tenants/{tenant_id}/keys", scope="admin", exposure=Exposure.OPERATOR, secrets=("token",))
    async def create_key(
        self,
        tenant_id: TenantId,
        label: Annotated[str, Field(min_length=1, max_length=64, pattern=PRINTABLE)] = "admin",
    ) -> TenantKey:
        """Create another admin key for a tenant, for example if the first was lost."""

    @operation(
        "DELETE /tenants/{tenant_id}", scope="admin", exposure=Exposure.OPERATOR, idempotent=True, destructive=True
    )
    async def delete(
        self,
        tenant_id: TenantId,
        confirm: Annotated[
            str,
            Field(max_length=63, description="The tenant's id, as confirmation: all its data is erased permanently."),
        ],
    ) -> DeletedTenant:
        """Permanently delete a suspended tenant with all its data. Its id is not reused."""
