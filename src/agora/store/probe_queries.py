"""The probe that checks whether the database accepts writes. It leaves no row, so that servers do not conflict."""

from __future__ import annotations

from uuid import uuid4

from .port import Tx, Write

__all__ = ["write_probe"]

_INSERT_PROBE = Write("insert into storage_probes (tenant_id, token) values (:tenant, :token)")
_DELETE_PROBES = Write("delete from storage_probes where tenant_id = :tenant and token = :token")


async def write_probe(tx: Tx) -> None:
    """Write and delete a row, both of which must be committed to disk."""
    token = uuid4().hex
    await tx.execute(_INSERT_PROBE, token=token)
    await tx.execute(_DELETE_PROBES, token=token)
