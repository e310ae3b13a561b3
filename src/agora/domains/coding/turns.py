"""Turns as checkpoints: rewinding and forking a session at a turn.

The files of a turn are a commit in the worker's repository. The server stores only the hashes of the changed files, so
it can show the effect of a rewind without asking the worker; a job for the worker performs it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal

from agora.core import pagination as paging
from agora.core.call import BoundService, decode_json, encode_json
from agora.core.errors import not_found
from agora.core.record_models import build_from_record
from agora.domains.tasks import access, views
from agora.domains.tasks.service import TaskService
from agora_sdk.contract import implements
from agora_sdk.contract import turns as contract
from agora_sdk.contract.fields import JsonObject
from agora_sdk.contract.tasks import TaskReceipt
from agora_sdk.contract.tasks.coding import JOB_TYPE
from agora_sdk.errors import Conflict, InvalidRequest, field_error

from . import queries as codings
from . import review_queries
from . import turn_queries as statements
from .access import load_codebase, load_own_codebase, require_requester
from .transcripts import format_messages_as_text
from .turn_records import TURNS, TurnRow
from .worker_capabilities import build_codebase_capability

__all__ = ["TurnService"]

MAX_TRANSCRIPT_CHARACTERS = 20_000  #: of an earlier session, passed to a new one
MAX_TRANSCRIPT_MESSAGES = 100
MAX_PATH_CHARACTERS = 4096
MAX_BLOB_CHARACTERS = 64
MAX_STATUS_CHARACTERS = 1
FILE_FIELDS = {"path": MAX_PATH_CHARACTERS, "status": MAX_STATUS_CHARACTERS, "blob": MAX_BLOB_CHARACTERS}


class TurnService(BoundService, contract.Turns):
    """The contract's operations on turns."""

    @implements
    async def list(self, job_id: str, *, limit: int = 50, cursor: str | None = None) -> contract.TurnPage:
        call = self.call
        await self._load_last_visible_turn(job_id)
        after = paging.decode_cursor(cursor, int)[0] if cursor else 0
        rows = await call.tx.all(statements.list_turns, job_id=job_id, after=after, limit=limit + 1)
        more, rows = len(rows) > limit, rows[:limit]
        page = [_build_turn(row) for row in rows]
        return contract.TurnPage.model_construct(
            turns=page, **paging.build_page_fields(page, "number", more=more, cursor=cursor)
        )

    @implements
    async def preview(self, job_id: str, number: int, *, what: contract.Scope = "both") -> contract.TurnPreview:
        last = await self._load_last_visible_turn(job_id)
        row = await self._load_turn(job_id, number)
        is_same_session = row.session_id == last.session_id
        return contract.TurnPreview.model_construct(
            job_id=job_id,
            number=number,
            turns=last.number - number,
            messages=max(0, last.messages - row.messages) if what != "files" and is_same_session else 0,
            files=[] if what == "conversation" else _compare_files(decode_json(last.files), decode_json(row.files)),
        )

    @implements
    async def rewind(self, job_id: str, number: int, prompt: str = "", *, what: contract.Scope = "both") -> TaskReceipt:
        if not prompt and what != "files":
            raise InvalidRequest(
                "Rewinding the conversation requires the next prompt.",
                fix="Give a prompt, or rewind the files alone.",
                errors=[field_error("prompt", "required")],
            )
        last, row = await self._load_last_own_turn(job_id), await self._load_turn(job_id, number)
        if what != "conversation" and not row.commit_id:
            raise Conflict(f"Turn {number} of {job_id} has no files to take back: its codebase has no git.")
        # A rewind changes the worktree, so no job may work in it.
        key = {"context_id": last.context_id, "task_id": "", "job_id": job_id}
        working = await self.call.tx.one(review_queries.select_unfinished_job, **key)
        if working is not None:
            raise Conflict(f"The agent works on it: {working}.", fix="Cancel that job, or wait for its end.")
        details = {"job": job_id, "commit": row.commit_id, "what": what, "is_last": not prompt}
        return await self._assign_job_to_worker(
            row, prompt or f"Rewind to turn {number}", "rewind", details, context_id=row.context_id
        )

    @implements
    async def fork(
        self, job_id: str, number: int, prompt: str, *, title: str = "", model: str | None = None
    ) -> TaskReceipt:
        await self._load_last_own_turn(job_id)
        row = await self._load_turn(job_id, number)
        if not row.commit_id:
            raise Conflict(f"Turn {number} of {job_id} cannot be forked: its codebase has no git.")
        details = {"commit": row.commit_id, "what": "both"}
        return await self._assign_job_to_worker(row, prompt, "fork", details, title=title, model=model)

    async def _assign_job_to_worker(
        self,
        row: TurnRow,
        prompt: str,
        kind: str,
        details: Mapping[str, Any],
        *,
        context_id: str | None = None,
        **more: Any,
    ) -> TaskReceipt:
        """Create a job for the worker that has the files; the payload names the turn."""
        codebase = await load_codebase(self.call, row.codebase_id)
        place: JsonObject = {"number": row.number, "codebase_id": row.codebase_id, "session_id": row.session_id}
        values = {"prompt": prompt, "codebase_id": row.codebase_id, **more}
        payload: JsonObject = {name: value for name, value in values.items() if value}
        if details["what"] != "files":
            place["transcript"] = await self._build_transcript(row)
        payload[kind] = {**place, **details}
        return await TaskService(self.call).assign(
            JOB_TYPE,
            payload,
            f"worker:{codebase.worker_id}",
            required_capabilities=[build_codebase_capability(row.codebase_id)],
            context_id=context_id,
        )

    async def _build_transcript(self, row: TurnRow) -> str:
        """Build a transcript up to the end of a turn, for a new session.

        It is read with the rights of the caller who rewinds or forks.
        """
        key = {"codebase_id": row.codebase_id, "session_id": row.session_id}
        rows = await self.call.tx.all(
            # `after` is an exclusive upper bound here: the newest messages up to that turn.
            codings.list_newest_messages,
            **key,
            after=row.messages + 1,
            limit=MAX_TRANSCRIPT_MESSAGES,
        )
        # The end is kept: the newest messages matter most to the agent that continues.
        return format_messages_as_text(rows[::-1])[-MAX_TRANSCRIPT_CHARACTERS:]

    @implements
    async def record(
        self,
        job_id: str,
        task_id: str,
        fencing_token: int,
        number: int,
        codebase_id: str,
        session_id: str,
        *,
        prompt: str = "",
        commit: str = "",
        files: contract.Documents = [],
    ) -> contract.Turn:
        call = self.call
        draft = await access.lock_held_task(call, task_id, fencing_token)
        codebase = await load_own_codebase(call, codebase_id)
        context_id = views.get_task_context_id(draft.row)
        last = await call.tx.one(statements.select_last_turn, job_id=job_id)
        # The first turn is recorded by the job that its session is named after.
        is_same = last.context_id == context_id if last is not None else task_id == job_id
        # Another worker has taken over the job: it may add turns but not change earlier ones.
        is_next = last is not None and last.requester == draft.row.created_by and number > last.number
        if not (is_same and (last is None or last.owner == codebase.owner or is_next)):
            raise InvalidRequest(
                f"{task_id} is not a job of the session of {job_id}.", errors=[field_error("job_id", "another session")]
            )
        session = await call.tx.one(codings.select_session, codebase_id=codebase_id, session_id=session_id)
        row = TurnRow(
            tenant_id=call.caller.tenant,
            job_id=job_id,
            number=number,
            task_id=task_id,
            codebase_id=codebase_id,
            session_id=session_id,
            context_id=context_id,
            requester=draft.row.created_by,
            owner=codebase.owner,
            prompt=prompt,
            commit_id=commit,
            messages=session.messages if session is not None else 0,
            files=encode_json([_parse_changed_file(file, index) for index, file in enumerate(files)]),
            created_at=call.now,
        )
        # A repeated report replaces the earlier one.
        await call.tx.execute(statements.delete_turn, job_id=job_id, number=number)
        call.tx.append(TURNS, row)
        return _build_turn(row)

    async def _load_last_visible_turn(self, job_id: str) -> TurnRow:
        """Load the last turn of a job whose turns the caller may read. Raises NotFound for a hidden job, too."""
        row, caller = await self.call.tx.one(statements.select_last_turn, job_id=job_id), self.call.caller
        if row is None or not (caller.reads_all or caller.subject in (row.requester, row.owner)):
            raise not_found("job_id", f"There are no turns of {job_id!r}.", fix="See GET /v1/agent/tasks.")
        return row

    async def _load_last_own_turn(self, job_id: str) -> TurnRow:
        row, caller = await self._load_last_visible_turn(job_id), self.call.caller
        require_requester(caller, job_id, row.requester, "do this")
        return row

    async def _load_turn(self, job_id: str, number: int) -> TurnRow:
        row = await self.call.tx.one(statements.select_turn, job_id=job_id, number=number)
        if row is None:
            fix = f"See GET /v1/agent/tasks/{job_id}/turns."
            raise not_found("number", f"There is no turn {number} of {job_id}.", fix=fix)
        return row


def _parse_changed_file(document: Mapping[str, Any], index: int) -> list[str]:
    """Read path, status and blob of a changed file. Raises InvalidRequest."""
    values = []
    for name, most in FILE_FIELDS.items():
        value = document.get(name)
        if not isinstance(value, str) or not 1 <= len(value) <= most or not value.isprintable():
            field = f"files[{index}].{name}"
            raise InvalidRequest(
                f"{field}: 1 to {most} printable characters are required.", errors=[field_error(field, "not a text")]
            )
        values.append(value)
    return values


def _compare_files(now: Sequence[Sequence[str]], then: Sequence[Sequence[str]]) -> list[contract.FileChange]:
    """Compare two sets of changes against the same base: the change of each file from ``now`` to ``then``."""
    before, after = ({path: (status, blob) for path, status, blob in files} for files in (now, then))
    changes = []
    for path in sorted({*before, *after}):
        if before.get(path) == after.get(path):
            continue
        is_there = before.get(path, ("M", ""))[0] != "D"
        # A path that only `now` lists was unchanged then: it existed, unless `now` says that it was added.
        stays = after.get(path, ("D" if before.get(path, ("M", ""))[0] == "A" else "M", ""))[0] != "D"
        change: Literal["remove", "restore", "change"] = (
            "change" if is_there and stays else "remove" if is_there else "restore"
        )
        # A path that only the later turn has added does not exist now.
        if path not in before and after[path][0] == "A":
            change = "restore"
        changes.append(contract.FileChange(path=path, change=change))
    return changes[:1000]


def _build_turn(row: TurnRow) -> contract.Turn:
    return build_from_record(contract.Turn, row, commit=row.commit_id, files=len(decode_json(row.files)))
