"""The controller of tenants: erases the rows of deleted tenants in batches."""

from __future__ import annotations

from functools import partial
from itertools import groupby

from agora.clock import SECOND
from agora.core.call import Call
from agora.core.jobs import Controller
from agora.store.port import Write

from . import queries as statements
from .service import ADMINISTRATIVE_TENANT

__all__ = ["TenantController"]

GRACE_SECONDS = 120  # seconds for pending in-memory data of other servers to be written


class TenantController(Controller):
    """Erases table by table, ``batch`` rows per transaction. After a crash the next run continues."""

    name = "tenants"
    interval = 5.0
    batch = 2000

    async def step(self) -> None:
        for row in await self.read(ADMINISTRATIVE_TENANT, statements.select_tenants_to_erase):
            late = self.context.clock.now() - row.status_since > GRACE_SECONDS * SECOND
            # Other servers may still write what they hold in memory: only after the grace period is an empty pass the last.
            if await self._erase_rows_and_check_empty(row.tenant_id) and late:
                await self.write_as_system(
                    ADMINISTRATIVE_TENANT, partial(self._mark_deleted_and_announce, tenant=row.tenant_id)
                )

    async def _erase_rows_and_check_empty(self, tenant: str) -> bool:
        """Erase all rows in batches. Returns whether there were none, because rows may be added meanwhile."""
        rows = await self.read(tenant, statements.select_columns)
        erased = 0
        for table, columns in groupby(rows, key=lambda row: str(row.table_name)):
            erased += await self._erase_table(
                tenant, statements.build_erase_statement(table, tuple(row.column_name for row in columns))
            )
        # A pass that was stopped proves nothing: it has not reached every table.
        return erased == 0 and not self.is_stopping

    async def _erase_table(self, tenant: str, rows: Write) -> int:
        """Erase a table's rows. Returns their number."""

        async def erase_batch(call: Call) -> int:
            return await call.tx.execute(rows, limit=self.batch)

        erased = last = self.batch
        while last == self.batch and not self.is_stopping:
            last = await self.write_as_system(tenant, erase_batch)
            erased += last
        return erased - self.batch

    async def _mark_deleted_and_announce(self, call: Call, tenant: str) -> None:
        if await call.tx.returning(statements.mark_tenant_deleted, id=tenant, now=call.now):
            call.target = tenant
            call.emit("agora.tenant.deleted", {"tenant_id": tenant}, subject=tenant, audience=("operator",))
