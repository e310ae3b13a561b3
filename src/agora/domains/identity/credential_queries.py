"""Credentials: what is looked up before the caller's tenant is known, and whether that tenant is served."""

from __future__ import annotations

from agora.store.port import Query

from .records import AgentCredentialRow, TenantStatusRow, TokenRow

__all__ = ["agent", "key", "tenant"]

agent = Query(
    "select agent_name, account_id, service_tier, status, token_generation, registrar, enrolment from agents "
    "where tenant_id = :tenant and agent_id = :agent_id",
    AgentCredentialRow,
)
key = Query(
    "select * from tokens where digest = :digest",
    TokenRow,
    postgres="select * from agora_credential(:digest)",
    types={"digest": "bytea"},
    beyond=True,
)
tenant = Query("select status, reason from tenants where tenant_id = :tenant", TenantStatusRow)
