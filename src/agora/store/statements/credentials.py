"""Credentials: what is looked up before the caller's tenant is known to be right."""

from __future__ import annotations

from ..port import Query

__all__ = ["agent", "key"]

agent = Query(
    "select agent_name, account_id, service_tier, status, token_generation from agents "
    "where tenant_id = :tenant and agent_id = :agent_id"
)
key = Query("select * from tokens where tenant_id = :tenant and digest = :digest", types={"digest": "bytea"})
