"""Tenants: created, suspended and deleted by operators of the installation, from the tenant ``default``."""

from __future__ import annotations

from typing import Any, Final

from agora.clock import new_id
from agora.core import pagination as paging
from agora.core import scopes
from agora.core.call import BoundService, Call, Caller, encode_json
from agora.core.errors import not_found
from agora.core.record_models import build_from_record
from agora_sdk.contract import implements
from agora_sdk.contract import tenants as contract
from agora_sdk.contract.fields import JsonObject
from agora_sdk.errors import (
    Conflict,
    IllegalTransition,
    InvalidRequest,
    NameTaken,
    NotFound,
    PermissionDenied,
    field_error,
)

from . import queries as statements
from .records import TenantRow

__all__ = ["ADMINISTRATIVE_TENANT", "TenantService", "is_installation_operator"]

ADMINISTRATIVE_TENANT: Final = "default"  #: the tenant that administers the others
#: scopes of a tenant's administrators: everything in it, except running programs on the server's machine
ADMINISTRATOR_SCOPES: Final = scopes.AGENT | {"admin", "act:any", "read:all"}
ADMINISTRATOR_AUTHORITY: Final = (
    200  #: authority of a tenant's administrators; the operator of the installation has a higher one
)


def is_installation_operator(caller: Caller, minimum: int) -> bool:
    """Whether a caller is an operator of the installation. minimum: authority required by the settings."""
    return caller.tenant == ADMINISTRATIVE_TENANT and caller.authority >= minimum and caller.may("admin")


class TenantService(BoundService, contract.Tenants):
    """Operations on the tenants of this installation."""

    @implements
    async def create(
        self, tenant_id: str, name: str | None = None, *, metadata: JsonObject = {}
    ) -> contract.CreatedTenant:
        call = self.call
        self._require_operator()
        call.target = tenant_id
        rows = await call.tx.returning(
            statements.insert_tenant,
            id=tenant_id,
            name=name or tenant_id,
            metadata=encode_json(metadata),
            now=call.now,
            by=call.caller.subject,
        )
        if not rows:
            raise NameTaken(
                f"There is, or was, a tenant {tenant_id}.",
                fix="Choose another id; the id of a deleted tenant is not reused.",
                errors=[field_error("tenant_id", "taken")],
            )
        await call.tx.returning(statements.insert_hosts, id=tenant_id, now=call.now)
        token_id, key = await self._create_administrator_key(tenant_id, "admin")
        self._emit_tenant_event("created", tenant_id, name=name or tenant_id)
        row = await self._load_tenant(tenant_id)
        return build_from_record(contract.CreatedTenant, row, token_id=token_id, token=key)

    @implements
    async def list(self, *, limit: int = 50, cursor: str | None = None) -> contract.TenantPage:
        self._require_operator()
        rows, more = await paging.read_query_page(self.call, statements.list_tenants, "tenant_id", limit, cursor)
        tenants = [build_from_record(contract.Tenant, row) for row in rows]
        return contract.TenantPage.model_construct(
            tenants=tenants,
            **paging.build_page_fields(tenants, "tenant_id", more=more, cursor=cursor),
        )

    @implements
    async def get(self, tenant_id: str) -> contract.TenantDetails:
        call = self.call
        if not self._is_operator:
            # A tenant sees itself and gets NotFound for all others, whether they exist or not.
            row = await call.tx.one(statements.select_own_tenant) if tenant_id == call.caller.tenant else None
            if row is None:
                raise _build_tenant_not_found_error(tenant_id)
            return build_from_record(contract.TenantDetails, row)
        row = await self._load_tenant(tenant_id)
        counts = await call.tx.one(statements.select_tenant_counts, id=tenant_id)
        assert counts is not None
        return build_from_record(contract.TenantDetails, row, agents=counts.agents, instances=counts.instances)

    @implements
    async def update(
        self, tenant_id: str, name: str | None = None, *, metadata: JsonObject | None = None
    ) -> contract.Tenant:
        row = await self._load_changeable_tenant(tenant_id)
        packed = row.metadata if metadata is None else encode_json(metadata)
        updated_row = await self._update_tenant_or_conflict(row, name=name or row.name, metadata=packed)
        self._emit_tenant_event("updated", tenant_id, name=updated_row.name)
        return build_from_record(contract.Tenant, updated_row)

    @implements
    async def suspend(self, tenant_id: str, reason: str = "") -> contract.Tenant:
        row = await self._load_changeable_tenant(tenant_id)
        _refuse_home_tenant(tenant_id, "suspended")
        if row.status == "suspended" and row.reason == reason:
            return build_from_record(contract.Tenant, row)
        since = row.status_since if row.status == "suspended" else self.call.now
        updated_row = await self._update_tenant_or_conflict(row, status="suspended", reason=reason, since=since)
        self._emit_tenant_event("suspended", tenant_id, reason=reason)
        return build_from_record(contract.Tenant, updated_row)

    @implements
    async def resume(self, tenant_id: str) -> contract.Tenant:
        row = await self._load_changeable_tenant(tenant_id)
        if row.status == "active":
            return build_from_record(contract.Tenant, row)
        updated_row = await self._update_tenant_or_conflict(row, status="active", reason="", since=self.call.now)
        self._emit_tenant_event("resumed", tenant_id)
        return build_from_record(contract.Tenant, updated_row)

    @implements
    async def create_key(self, tenant_id: str, label: str = "admin") -> contract.TenantKey:
        row = await self._load_changeable_tenant(tenant_id)
        if row.status != "active":
            raise IllegalTransition(f"The tenant {tenant_id} is {row.status}.", fix="Resume it first.", allowed=[])
        token_id, key = await self._create_administrator_key(tenant_id, label)
        self._emit_tenant_event("key_created", tenant_id, token_id=token_id)
        return contract.TenantKey.model_construct(tenant_id=tenant_id, token_id=token_id, token=key)

    @implements
    async def delete(self, tenant_id: str, confirm: str) -> contract.DeletedTenant:
        row = await self._load_changeable_tenant(tenant_id, deleting=True)
        _refuse_home_tenant(tenant_id, "deleted")
        if confirm != tenant_id:
            raise InvalidRequest(
                "The confirmation is not the tenant's id.",
                fix="Repeat the id as confirm; erased data cannot be restored.",
                errors=[field_error("confirm", "is not the tenant's id")],
            )
        # A repeated deletion is answered like the first: its answer may have been lost.
        if row.status == "deleting":
            return contract.DeletedTenant(tenant_id=tenant_id)
        # Suspended first: its callers are refused then, so nothing new is written while it is erased.
        if row.status != "suspended":
            raise IllegalTransition(f"The tenant {tenant_id} is active.", fix="Suspend it first.", allowed=["suspend"])
        counts = await self.call.tx.one(statements.select_tenant_counts, id=tenant_id)
        if counts is not None and counts.instances:
            raise Conflict(
                f"{counts.instances} of its instances have not ended.",
                fix="End them first: resume the tenant, terminate its instances, suspend it again.",
            )
        await self._update_tenant_or_conflict(row, status="deleting", since=self.call.now)
        self._emit_tenant_event("deleting", tenant_id)
        return contract.DeletedTenant(tenant_id=tenant_id)

    async def reissue_credential(self, result: Any) -> Any:
        """Return the key again when its creation is repeated under the same idempotency key."""
        result.token = self.call.context.signer.derive_key(result.tenant_id, result.token_id, "api_key")
        return result

    # -- shared ------------------------------------------------------------------------------------

    @property
    def _is_operator(self) -> bool:
        return is_installation_operator(self.call.caller, self.call.context.settings.admin_authority_level)

    def _require_operator(self) -> None:
        if not self._is_operator:
            raise PermissionDenied(
                "Only the operator of this installation manages tenants.",
                fix="Use the admin token of the server; it is in the file admin-token of its data directory.",
                required="admin",
            )

    async def _load_tenant(self, tenant_id: str) -> TenantRow:
        row = await self.call.tx.one(statements.select_tenant, id=tenant_id)
        if row is None:
            raise _build_tenant_not_found_error(tenant_id)
        return row

    async def _load_changeable_tenant(self, tenant_id: str, *, deleting: bool = False) -> TenantRow:
        """Load a tenant that the operator may change. Raises IllegalTransition while it is being deleted."""
        self._require_operator()
        self.call.target = tenant_id
        row = await self._load_tenant(tenant_id)
        if row.status == "deleting" and not deleting:
            raise IllegalTransition(f"The tenant {tenant_id} is being deleted.", allowed=[])
        return row

    async def _update_tenant_or_conflict(self, row: TenantRow, **fields: Any) -> TenantRow:
        values = {
            "name": row.name,
            "status": row.status,
            "reason": row.reason,
            "metadata": row.metadata,
            "since": row.status_since,
        }
        updated_row = await self.call.tx.returning(
            statements.update_tenant, id=row.tenant_id, was=row.status, now=self.call.now, **values | fields
        )
        # The statement requires the status that was read (:was).
        if not updated_row:
            raise _build_concurrent_change_error()
        return await self._load_tenant(row.tenant_id)

    async def _create_administrator_key(self, tenant_id: str, label: str) -> tuple[str, str]:
        """Create a key for an administrator of the tenant. Returns its id and the key."""
        call, token_id = self.call, new_id("key")
        key = call.context.signer.derive_key(tenant_id, token_id, "api_key")
        rows = await call.tx.returning(
            statements.insert_key,
            id=tenant_id,
            token_id=token_id,
            label=label,
            digest=call.context.signer.compute_digest(key),
            scopes=encode_json(sorted(ADMINISTRATOR_SCOPES)),
            # Never above the caller's own, and below that of the installation's operator.
            authority=min(ADMINISTRATOR_AUTHORITY, call.caller.authority),
            now=call.now,
        )
        # The statement requires an active tenant.
        if not rows:
            raise _build_concurrent_change_error()
        return token_id, key

    def _emit_tenant_event(self, action: str, tenant_id: str, **data: Any) -> None:
        call: Call = self.call
        about = {"tenant_id": tenant_id, **data}
        call.emit(f"agora.tenant.{action}", about, subject=tenant_id, audience=(call.caller.subject,))


def _refuse_home_tenant(tenant_id: str, action: str) -> None:
    if tenant_id == ADMINISTRATIVE_TENANT:
        raise IllegalTransition(
            f"The tenant {ADMINISTRATIVE_TENANT} is the operator's own and cannot be {action}.", allowed=[]
        )


def _build_concurrent_change_error() -> Conflict:
    return Conflict("The tenant was changed concurrently.", fix="Read it again, then retry.")


def _build_tenant_not_found_error(tenant_id: str) -> NotFound:
    return not_found("tenant_id", f"There is no tenant {tenant_id}.", fix="Tenants are listed at GET /tenants.")
