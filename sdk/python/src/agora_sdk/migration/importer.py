"""Import of a v4 export in batches of rows, ordered so that referenced rows are imported first."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import IO, Any, Literal

from ..client import AgoraClient
from ..contract.migration import ImportRun
from ..errors import Conflict, InvalidRequest, NotFound
from .export_file import ExportFile

__all__ = ["ImportSummary", "Importer"]

#: agents first: messages refer to them
Table = Literal["agent_capability", "workflow_coordination", "task_assignment", "agent_message"]
IMPORTED_TABLES: tuple[Table, ...] = ("agent_capability", "workflow_coordination", "task_assignment", "agent_message")
STEPS_TABLE = "workflow_step"
# Below the limits of ``agora.migration.import_rows``: 1000 rows and a body of 16 MiB.
BATCH_ROWS = 500
BATCH_BYTES = 2_000_000
REFUSAL_ERRORS = (
    InvalidRequest,
    NotFound,
    Conflict,
)  # errors of the rows; any other error is temporary and ends the import


class ImportSummary:
    """The outcome of an import. counts: by table, rows ``created``, ``known``, ``skipped``, ``refused``."""

    def __init__(self, run: ImportRun | None, totals: Mapping[str, int]) -> None:
        self.run, self.totals = run, dict(totals)
        self.counts: dict[str, Counter[str]] = {}

    def count(self, table: str, **numbers: int) -> None:
        """Add to the counts of a table."""
        self.counts.setdefault(table, Counter()).update(numbers)

    @property
    def refused(self) -> int:
        """Number of refused rows."""
        return sum(counts["refused"] for counts in self.counts.values())


class Importer:
    """Imports an export; an interrupted import is resumed, and imported rows are skipped.

    client: of an operator. refused: file for refused rows, each a JSON object with number and reason. on_progress:
    called with table, rows done and total rows. dry_run: check everything and store nothing. Memory: a batch of
    messages, and the steps of workflows.
    """

    def __init__(
        self,
        client: AgoraClient,
        file: ExportFile,
        database: str,
        refused: Path,
        *,
        dry_run: bool = False,
        on_progress: Callable[[str, int, int], None] = lambda table, done, total: None,
    ) -> None:
        self._client, self._file, self._database = client, file, database
        self._on_refusal, self._dry_run, self._on_progress = refused, dry_run, on_progress

    def run(self) -> ImportSummary:
        """Import the file. Raises InvalidRequest for a file that is not an export. After a temporary error, run it
        again."""
        # Counted first: a file that is not an export must not begin a run on the server.
        totals = self._file.count_rows()
        run = None
        if not self._dry_run:
            run = self._client.migration.begin_import(self._database, self._file.compute_digest())
        summary = ImportSummary(run, totals)
        positions = run.positions if run is not None else {}
        steps = self._collect_steps()
        # A resumed import continues the file: the refused rows before its positions are not sent again.
        with self._on_refusal.open("a" if positions else "w", encoding="utf-8") as refusals:
            for table in IMPORTED_TABLES:
                offset = positions.get(table, 0)
                for position, rows in self._read_batches(table, offset, steps):
                    self._send(summary, refusals, table, position, rows)
                    self._on_progress(table, position + len(rows), totals.get(table, 0))
        # steps were imported with their workflows; the other tables are history of v4
        for other in totals.keys() - set(IMPORTED_TABLES):
            summary.count(other, skipped=totals[other])
        if run is not None:
            summary.run = self._client.migration.finish_import(run.run_id)
        # The file of a resumed import stays: it may have refused rows from before the interruption.
        if not summary.refused and not positions:
            self._on_refusal.unlink()
        return summary

    def _send(self, summary: ImportSummary, refusals: IO[str], table: Table, position: int, rows: list[Any]) -> None:
        """Send rows; a refused batch is halved until the refused row is alone."""
        try:
            if not all(isinstance(row, dict) for row in rows):
                raise InvalidRequest("The row is not an object.")
            run_id = None if summary.run is None else summary.run.run_id
            step = self._client.migration.import_rows(run_id, table, position, rows)
        except REFUSAL_ERRORS as error:
            if len(rows) > 1:
                half = len(rows) // 2
                self._send(summary, refusals, table, position, rows[:half])
                self._send(summary, refusals, table, position + half, rows[half:])
                return
            summary.count(table, refused=1)
            entry = {"table": table, "row": position, "reason": error.detail, "content": rows[0]}
            refusals.write(json.dumps(entry, ensure_ascii=False) + "\n")
            # The import may be interrupted, and a resumed one does not send this row again.
            refusals.flush()
        else:
            summary.count(table, created=step.created, known=step.known, skipped=step.skipped)

    def _read_batches(self, table: Table, done: int, steps: Mapping[str, list[Any]]) -> Iterator[tuple[int, list[Any]]]:
        """Yield batches of a table after the rows already done, each with the number of its first row."""
        batch: list[Any] = []
        size, first = 0, done
        for number, row in enumerate(self._file.read_rows(table)):
            if number < done:
                continue
            if table == "workflow_coordination" and isinstance(row, dict):
                row = {**row, "steps": steps.get(str(row.get("workflow_id")), [])}
            length = len(json.dumps(row))
            # A row above BATCH_BYTES is sent alone; an empty batch is never sent.
            if batch and (len(batch) >= BATCH_ROWS or size + length > BATCH_BYTES):
                yield first, batch
                batch, size, first = [], 0, number
            batch.append(row)
            size += length
        if batch:
            yield first, batch

    def _collect_steps(self) -> dict[str, list[Any]]:
        """Collect steps by the id of their workflow."""
        steps: dict[str, list[Any]] = {}
        for row in self._file.read_rows(STEPS_TABLE):
            if isinstance(row, dict):
                steps.setdefault(str(row.get("workflow_id")), []).append(row)
        return steps
