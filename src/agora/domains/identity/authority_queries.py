"""Queries of administration: which authority last administered a target."""

from __future__ import annotations

from agora.store.port import Query, Write

__all__ = ["select_administering_authority", "upsert_administration"]

select_administering_authority = Query(
    "select authority from administration where tenant_id = :tenant and target = :target", int, lock=True
)
upsert_administration = Write(
    """
    insert into administration (tenant_id, target, authority, administered_at, administered_by)
    values (:tenant, :target, :authority, :now, :by)
    on conflict (tenant_id, target) do update set authority = excluded.authority,
        administered_at = excluded.administered_at, administered_by = excluded.administered_by
    """,
    types={"authority": "bigint", "now": "bigint"},
)
