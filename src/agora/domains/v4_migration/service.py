"""Operations of the migration from Agora v4."""

from __future__ import annotations

import logging
from collections import Counter

from agora.clock import new_id
from agora.core import pagination as paging
from agora.core.call import BoundService, Call, WaitForEvent, cast_encoded_to_result, decode_json, encode_json
from agora.core.errors import not_found
from agora.core.record_models import build_from_record
from agora.domains.agents.references import load_agent
from agora.domains.agents.service import AgentService
from agora.domains.identity.authority import check_and_record_administration
from agora_sdk.contract import implements
from agora_sdk.contract import migration as contract
from agora_sdk.contract.agents import Registration
from agora_sdk.contract.fields import JsonObject
from agora_sdk.errors import AgoraError

from . import imports, report
from . import queries as statements
from .arguments import parse_arguments
from .identities import switch_agent
from .records import IMPORTS, ImportRow
from .reducers import REDUCERS
from .rollback import undo_import_items
from .sql import run_v4_query
from .sunset import announce_sunset_once, require_before_sunset

__all__ = ["MigrationService"]

log = logging.getLogger(__name__)
#: names of the argument that identifies the calling v4 agent
CALLER_ARGUMENTS = ("agent_id", "from_agent", "requesting_agent", "coordinator_agent")
AFTER_EVERY_RUN = "run_g"  #: sorts after every run id


class MigrationService(BoundService, contract.Migration):
    """Operations of the migration from v4 to v5."""

    @implements
    async def run_reducer(self, database: str, reducer: str, args: contract.Arguments = []) -> contract.V4Answer:
        call = self.call
        agent = ""
        try:
            require_before_sunset(call, reducer)
            self._require_database(database)
            arguments = parse_arguments(reducer, args)
            agent = next(filter(None, map(arguments.read_text, CALLER_ARGUMENTS)), "")
            answer = await REDUCERS[reducer](call, arguments)
            notice = await announce_sunset_once(call)
        # The transaction is rolled back: a refused call is counted by the log and the metric only.
        except AgoraError as error:
            self._log_and_count_call(agent, database, reducer, error.code)
            error.extra |= {"success": False, "error": error.detail}  # v4's error format
            raise
        self._log_and_count_call(agent, database, reducer, "ok")
        day = call.now // report.DAY
        await call.tx.execute(
            statements.increment_call_count, day=day, agent=agent[:200], reducer=reducer, now=call.now
        )
        result = contract.V4Answer(**answer, success=True, notice=notice)
        return cast_encoded_to_result(result.model_dump_json(exclude_none=True).encode(), contract.V4Answer)

    def _require_database(self, database: str) -> None:
        names = self.call.context.settings.v4_databases
        if database not in names:
            raise not_found(
                "database",
                f"{database!r} is not a v4 database of this marketplace.",
                fix=f"These are: {', '.join(names)}; the setting v4_databases names them.",
            )

    def _log_and_count_call(self, agent: str, database: str, reducer: str, outcome: str) -> None:
        """Log and count each v4 call, including refused ones."""
        label = reducer if reducer in REDUCERS else "other"  # metric labels must not be chosen by callers
        self.call.context.v4_calls[label, outcome] += 1
        # repr escapes line breaks: a caller must not forge lines of the log.
        excerpts = [repr(value[:200])[1:-1] for value in (agent or "-", reducer, database)]
        log.info("v4_api_call agent=%s reducer=%s database=%s outcome=%s", *excerpts, outcome)

    @implements
    async def sql(self, database: str, query: str) -> contract.V4Rows:
        require_before_sunset(self.call, "sql")
        self._require_database(database)
        return await run_v4_query(self.call, query)

    @implements
    async def switch(self, agent_name: str, capabilities: list[str] = [], to: contract.Version = "v5") -> Registration:
        return await switch_agent(self.call, agent_name, capabilities, to)

    async def reissue_credential(self, result: Registration) -> Registration:
        """Return the token again for a switch repeated under its idempotency key."""
        return await AgentService(self.call).issue_registration(await load_agent(self.call.tx, result.agent_id))

    @implements
    async def report(self, days: int = 7) -> contract.MigrationReport:
        return await report.build_report(self.call, days)

    # -- imports -----------------------------------------------------------------------------------

    @implements
    async def begin_import(self, database: str, digest: str) -> contract.ImportRun:
        call = self.call
        # By the digest of the file: the same file continues where its import stopped, another one begins its own.
        run = await call.tx.one(statements.select_running_import, source=database, digest=digest)
        if run is None:
            run = _new_run(call, database, digest)
            call.tx.append(IMPORTS, run)
            await check_and_record_administration(call, run.run_id)
        call.target = run.run_id
        return _build_run(run)

    @implements
    async def import_rows(
        self, run_id: str | None, table: contract.Table, position: int, rows: list[JsonObject]
    ) -> contract.ImportStep:
        if run_id is None:
            return await self._dry_run_import(table, position, rows)
        await check_and_record_administration(self.call, run_id)
        run = await imports.lock_run(self.call, run_id)
        imports.require_running(run)
        batch = imports.Batch(self.call, run, table, position)
        await imports.import_batch(batch, rows)
        positions, counts = decode_json(run.positions), decode_json(run.counts)
        # Stored with the rows: an interrupted import resumes exactly behind what was committed.
        positions[table] = position + len(rows)
        counts[table] = Counter(counts.get(table, {})) + batch.counts
        run.positions, run.counts = encode_json(positions), encode_json(counts)
        await imports.save_import(self.call, run)
        return contract.ImportStep(table=table, position=positions[table], **batch.counts)

    async def _dry_run_import(
        self, table: contract.Table, position: int, rows: list[JsonObject]
    ) -> contract.ImportStep:
        """Import rows in a transaction that is rolled back: a complete check without changes."""
        batch = imports.Batch(self.call, _new_run(self.call, "dry-run", "0" * 64), table, position)
        await imports.import_batch(batch, rows)
        # A wait without events: the dispatcher rolls the transaction back and returns the result.
        raise WaitForEvent(
            frozenset(), 0, contract.ImportStep(table=table, position=position + len(rows), **batch.counts)
        )

    @implements
    async def finish_import(self, run_id: str) -> contract.ImportRun:
        await check_and_record_administration(self.call, run_id)
        run = await imports.lock_run(self.call, run_id)
        if run.status == "running":
            run.status, run.finished_at = "finished", self.call.now
            await imports.save_import(self.call, run)
        return _build_run(run)

    @implements
    async def rollback_import(self, run_id: str, limit: int = 500) -> contract.RollbackStep:
        call = self.call
        await check_and_record_administration(call, run_id)
        run = await imports.lock_run(call, run_id)
        size = await call.tx.one(statements.count_mappings_of_run, run_id=run_id) or 0
        removed, kept_count = await undo_import_items(call, run, limit)
        if removed == size and run.status != "rolled_back":
            run.status, run.finished_at = "rolled_back", call.now
            await imports.save_import(call, run)
        return contract.RollbackStep(
            run_id=run_id, removed=removed - kept_count, remaining=size - removed, kept=kept_count
        )

    @implements
    async def list_imports(self, *, limit: int = 50, cursor: str | None = None) -> contract.ImportRunPage:
        before = paging.decode_cursor(cursor)[0] if cursor else AFTER_EVERY_RUN
        rows = await self.call.tx.all(statements.list_imports, before=before, limit=limit + 1)
        runs = [_build_run(row) for row in rows[:limit]]
        return contract.ImportRunPage.model_construct(
            runs=runs, **paging.build_page_fields(runs, "run_id", more=len(rows) > limit, cursor=cursor)
        )


def _new_run(call: Call, database: str, digest: str) -> ImportRow:
    return ImportRow(
        tenant_id=call.caller.tenant,
        run_id=new_id("run"),
        source_database=database,
        digest=digest,
        status="running",
        positions="{}",
        counts="{}",
        started_at=call.now,
        finished_at=None,
    )


def _build_run(row: ImportRow) -> contract.ImportRun:
    return build_from_record(contract.ImportRun, row, database=row.source_database)
