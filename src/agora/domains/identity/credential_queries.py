"""Queries of credentials before the caller's tenant is known, and of the tenant's status."""

from __future__ import annotations

from agora.store.port import Query

from .records import AgentCredentialRow, TaskCredentialRow, TenantStatusRow, TokenRow

__all__ = [
    "select_agent_credential",
    "select_key_by_digest",
    "select_key_by_id",
    "select_task_credential",
    "select_tenant_status",
]

select_agent_credential = Query(
    "select agent_name, account_id, service_tier, status, token_generation, registrar, enrolment from agents "
    "where tenant_id = :tenant and agent_id = :agent_id",
    AgentCredentialRow,
)
select_key_by_digest = Query(
    "select * from tokens where digest = :digest",
    TokenRow,
    postgres="select * from agora_credential(:digest)",
    types={"digest": "bytea"},
    crosses_tenants=True,
)
select_key_by_id = Query("select * from tokens where tenant_id = :tenant and token_id = :token_id", TokenRow)
select_task_credential = Query(
    "select status, holder, worker, attempts, lease_until, created_by, account_id from tasks "
    "where tenant_id = :tenant and task_id = :task_id",
    TaskCredentialRow,
)
select_tenant_status = Query("select status, reason from tenants where tenant_id = :tenant", TenantStatusRow)
