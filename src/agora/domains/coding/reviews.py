"""Reviews of changes made by coding jobs: diffs and comments are stored here; git operations are the worker's.

An approval is a task for the worker that has the branch. Its outcome is reported under that task's fencing token, in
the transaction that changes the review; in case of conflicts, the same transaction begins a follow-up to the agent. A
review whose task ends without a report is opened again in the transaction that ends the task.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from agora.clock import new_id
from agora.core import pagination as paging
from agora.core.call import BoundService, Call, decode_json, encode_json
from agora.core.errors import not_found
from agora.core.record_models import build_from_record
from agora.domains.tasks import access, views
from agora.domains.tasks import queries as tasks
from agora.domains.tasks import worker_queries as workers
from agora.domains.tasks.creation import Order, create_task
from agora.domains.tasks.draft import TaskDraft
from agora.domains.tasks.records import TaskRow
from agora.store.port import write_record
from agora_sdk.contract import follow_ups, implements
from agora_sdk.contract import reviews as contract
from agora_sdk.contract.tasks.coding import DELIVERY_TYPE
from agora_sdk.errors import Conflict, InvalidRequest, field_error

from . import review_queries as statements
from .access import load_own_codebase, require_requester
from .diff_lines import find_line_text, format_review_prompt
from .follow_ups import add_follow_up, build_follow_up
from .review_files import build_review_file, parse_files
from .review_records import COMMENTS, FILES, CommentRow, ReviewRow
from .watch import apply_review_limit

__all__ = ["ReviewService", "lock_review_after_jobs"]

MAX_COMMENTS = 100  #: comments waiting to be sent
STATE_BY_OUTCOME = {
    "merged": "merged",
    "pushed": "pushed",
    "proposed": "proposed",
    "patched": "patched",
    "conflicted": "conflicted",
    "failed": "open",
}
CONFLICT_MESSAGE = (
    "The changes were approved, but the branch conflicts with {target} in:\n\n{paths}\n\n"
    "Merge {target} into the branch that you work on (git merge {target}), solve the conflicts, and commit."
)


#: texts of decisions in the job's log
DECISION_TITLES: Mapping[str, str] = {
    "changes_requested": "Review: changes requested",
    "dismissed": "Review: dismissed",
    "merge": "Review: approved, to be merged",
    "push": "Review: approved, the branch to be pushed",
    "pull_request": "Review: approved, as a pull request",
    "patch": "Review: approved, as a patch",
}


class ReviewService(BoundService, contract.Reviews):
    """The contract's operations on reviews."""

    # -- reading ------------------------------------------------------------------------------------------

    @implements
    async def list(
        self,
        codebase_id: str | None = None,
        state: contract.ReviewState | None = None,
        *,
        limit: int = 50,
        cursor: str | None = None,
    ) -> contract.ReviewPage:
        call = self.call
        before, after = paging.decode_cursor(cursor, int, str) if cursor else (tasks.NO_DEADLINE, "")
        rows = await call.tx.all(
            statements.list_reviews,
            before=before,
            after=after,
            reader="" if call.caller.reads_all else call.caller.subject,
            codebase_id=codebase_id or "",
            state=state or "",
            limit=limit + 1,
        )
        more, rows = len(rows) > limit, rows[:limit]
        return contract.ReviewPage.model_construct(
            reviews=[await self._build_review(row, whole=False) for row in rows],
            **paging.build_page_fields(rows, "updated_at", "job_id", more=more, cursor=cursor),
        )

    @implements
    async def get(self, job_id: str) -> contract.Review:
        return await self._build_review(await self._load_visible_review(job_id))

    @implements
    async def files(self, job_id: str, *, limit: int = 20, cursor: str | None = None) -> contract.ReviewFilePage:
        call = self.call
        await self._load_visible_review(job_id)
        rows, more = await paging.read_query_page(
            call, statements.list_files, "number", limit, cursor, first=0, job_id=job_id
        )
        page = [build_review_file(row) for row in rows]
        return contract.ReviewFilePage.model_construct(
            files=page, **paging.build_page_fields(page, "number", more=more, cursor=cursor)
        )

    @implements
    async def comments(
        self, job_id: str, *, waiting: bool = False, limit: int = 50, cursor: str | None = None
    ) -> contract.ReviewCommentPage:
        call = self.call
        await self._load_visible_review(job_id)
        query = statements.list_waiting_comments if waiting else statements.list_comments
        rows, more = await paging.read_query_page(call, query, "number", limit, cursor, first=0, job_id=job_id)
        return contract.ReviewCommentPage.model_construct(
            comments=[_build_comment(row) for row in rows],
            **paging.build_page_fields(rows, "number", more=more, cursor=cursor),
        )

    # -- comments -----------------------------------------------------------------------------------------

    @implements
    async def comment(
        self, job_id: str, path: str, line: int, text: str, *, side: contract.Side = "new"
    ) -> contract.ReviewComment:
        call = self.call
        review = await self._lock_own_review(job_id)
        file = await call.tx.one(statements.select_file_by_path, job_id=job_id, path=path)
        # The line's text is stored with the comment, since the next submission replaces the diff.
        code = None if file is None else find_line_text(file.patch, side, line)
        if code is None:
            field = "path" if file is None else "line"
            raise InvalidRequest(
                f"The diff does not show line {line} of {path}.",
                fix=f"See GET /v1/agent/reviews/{job_id}/files for what it shows.",
                errors=[field_error(field, "not in the diff")],
            )
        if (await call.tx.one(statements.count_waiting_comments, job_id=job_id) or 0) >= MAX_COMMENTS:
            raise Conflict(f"{MAX_COMMENTS} comments wait to be sent.", fix="Request the changes, then go on.")
        number = await call.tx.one(statements.select_last_comment_number, job_id=job_id) or 0
        row = CommentRow(
            tenant_id=call.caller.tenant,
            comment_id=new_id("rc"),
            job_id=job_id,
            number=number + 1,
            author=call.caller.subject,
            path=path,
            line=line,
            side=side,
            code=code,
            text=text,
            created_at=call.now,
            follow_up_id=None,
        )
        call.tx.append(COMMENTS, row)
        self._emit_review_changed(review)
        return _build_comment(row)

    @implements
    async def remove_comment(self, job_id: str, comment_id: str) -> contract.RemovedComment:
        review = await self._lock_own_review(job_id)
        row = await self.call.tx.one(statements.select_comment, job_id=job_id, comment_id=comment_id)
        if row is None:
            fix = f"See GET /v1/agent/reviews/{job_id}/comments."
            raise not_found("comment_id", f"There is no comment {comment_id!r} on {job_id}.", fix=fix)
        if row.follow_up_id is not None:
            raise Conflict(f"The agent has already received {comment_id}.", fix="Add another comment.")
        await self.call.tx.execute(statements.delete_comment, comment_id=comment_id)
        self._emit_review_changed(review)
        return contract.RemovedComment(comment_id=comment_id)

    @implements
    async def request_changes(self, job_id: str, text: str = "") -> follow_ups.FollowUp:
        call = self.call
        row = await self._lock_own_review(job_id)
        await self._require_not_delivering(row)
        comments = await call.tx.all(statements.list_waiting_comments, job_id=job_id, after=0, limit=MAX_COMMENTS)
        if not comments and not text:
            raise InvalidRequest(
                "There is nothing to send: no comment is waiting, and there is no text.",
                errors=[field_error("text", "required without comments")],
            )
        prompt = format_review_prompt(comments, text)
        follow_up = await add_follow_up(call, await self._lock_newest_job(row), prompt)
        await call.tx.execute(statements.mark_comments_sent, job_id=job_id, follow_up_id=follow_up.follow_up_id)
        row.state, row.reviewer = "changes_requested", call.caller.subject
        await self._save_and_announce_review(row)
        await self._record_decision(row, "changes_requested")
        return build_follow_up(follow_up)

    # -- decisions ----------------------------------------------------------------------------------------

    @implements
    async def approve(
        self,
        job_id: str,
        action: contract.Action = "merge",
        *,
        head: str | None = None,
        target: str | None = None,
        title: str = "",
        body: str = "",
    ) -> contract.Review:
        call = self.call
        row = await self._lock_own_review(job_id)
        await self._require_not_delivering(row)
        # A head given by the reviewer is what was read: a commit submitted since must not be merged unseen.
        await self._require_unchanged_and_idle(row, head)
        worker = await call.tx.one(workers.select_worker, ref=row.worker_id, owner="")
        if worker is None:
            raise Conflict(
                f"The worker that has the branch {row.branch} has left.",
                fix="Start it again with the same name; the branch is in its codebase.",
            )
        payload = {
            "job_id": job_id,
            "codebase_id": row.codebase_id,
            "action": action,
            "branch": row.branch,
            "base": row.base,
            "head": row.head,
            "target": target or row.target,
            "title": title or row.title,
            "body": body,
            "pull_request": row.pull_request,
        }
        # Created by the job's requester, whoever approves: git operations use the rights of the job.
        order = Order(DELIVERY_TYPE, encode_json(payload), f"worker:{worker.worker_id}", created_by=row.requester)
        draft, _ = await create_task(call, order)
        # Until the task reports or ends, no other decision is possible (_require_not_delivering).
        row.state, row.delivery_task_id, row.reviewer = "delivering", draft.task_id, call.caller.subject
        row.error, row.conflicts = None, "[]"
        await self._save_and_announce_review(row)
        await self._record_decision(row, action)
        return await self._build_review(row)

    @implements
    async def dismiss(self, job_id: str) -> contract.Review:
        row = await self._lock_own_review(job_id)
        await self._require_not_delivering(row)
        row.state, row.reviewer = "dismissed", self.call.caller.subject
        await self._save_and_announce_review(row)
        await self._record_decision(row, "dismissed")
        return await self._build_review(row)

    async def _record_decision(self, row: ReviewRow, decision: str) -> None:
        """Record a decision and its author in the job's log, because the review holds only the last decision."""
        job = await self.call.tx.one(tasks.lock_task, task_id=row.job_id)
        if job is None:  # old tasks are deleted, their reviews are not
            return
        draft = TaskDraft(self.call, job)
        data = {"review": {"decision": decision, "head": row.head}}
        draft.append_entry("comment", content=DECISION_TITLES[decision], data=data)
        await draft.save()

    async def _require_not_delivering(self, row: ReviewRow) -> None:
        """Check that no worker is carrying out an approval. Raises Conflict."""
        if row.state == "delivering":
            raise _build_delivery_under_way_error(row)

    async def _require_unchanged_and_idle(self, row: ReviewRow, head: str | None) -> None:
        """Check that the review is unchanged since it was read and no job is working on it. Raises Conflict."""
        if head is not None and head != row.head:
            raise Conflict(f"The branch is at {row.head} now.", fix="Look at the review again.", head=row.head)
        key = {"context_id": row.context_id, "task_id": row.delivery_task_id or "", "job_id": row.job_id}
        working = await self.call.tx.one(statements.select_unfinished_job, **key)
        if working is not None:
            raise Conflict(f"The agent works on it: {working}.", fix="Approve it when that job has ended.")
        # A new head has reopened the review during a delivery, which may open a pull request that the next one must update. A
        # delivery that has reported its outcome is not awaited: it has set another state, or an error.
        if row.state == "open" and row.error is None:
            delivery = await self.call.tx.one(tasks.select_task, task_id=row.delivery_task_id or "")
            if delivery is not None and delivery.completed_at is None:
                raise _build_delivery_under_way_error(row)

    # -- operations of the worker -------------------------------------------------------------------------

    @implements
    async def submit(
        self,
        job_id: str,
        task_id: str,
        fencing_token: int,
        branch: str,
        base: str,
        head: str,
        files: contract.Documents,
        *,
        codebase_id: str,
        target: str = "",
        title: str = "",
    ) -> contract.Review:
        call = self.call
        # The worker's claim proves that it works on the session; the codebase, that the branch is on its machine.
        draft = await access.lock_held_task(call, task_id, fencing_token)
        codebase = await load_own_codebase(call, codebase_id)
        context_id = views.get_task_context_id(draft.row)
        row = await call.tx.one(statements.lock_review, job_id=job_id)
        await self._require_same_session(job_id, draft.row.task_id, context_id, row)
        rows = parse_files(files, call.caller.tenant, job_id)
        values: dict[str, Any] = {
            "task_id": task_id,
            "codebase_id": codebase.codebase_id,
            "context_id": context_id,
            "worker_id": codebase.worker_id,
            "owner": codebase.owner,
            "requester": draft.row.created_by,
            "title": title,
            "branch": branch,
            "target": target,
            "base": base,
            "files": len(rows),
            "additions": sum(file.additions for file in rows),
            "deletions": sum(file.deletions for file in rows),
        }
        if row is None:
            row = _build_new_review(call.caller.tenant, job_id, call.now, head, values)
            await self._insert_and_announce_review(row)
        else:
            _apply_submission(row, head, values)
            await call.tx.execute(statements.delete_files, job_id=job_id)
            await self._save_and_announce_review(row)
        for file in rows:
            call.tx.append(FILES, file)
        return await self._build_review(row)

    async def _require_same_session(self, job_id: str, task_id: str, context_id: str, row: ReviewRow | None) -> None:
        """Check that the caller's task and the reviewed job belong to one session. Raises InvalidRequest."""
        if row is not None:
            is_same = row.context_id == context_id and row.owner == self.call.caller.subject
        else:
            # Without a review there is no stored context, so the first job itself tells the session.
            first = await self.call.tx.one(tasks.select_task, task_id=job_id)
            is_same = job_id == task_id or (first is not None and views.get_task_context_id(first) == context_id)
        if not (is_same or self.call.caller.acts_for_others):
            problem = f"{task_id} is not a job of the session of {job_id}."
            raise InvalidRequest(problem, errors=[field_error("job_id", "another session")])

    @implements
    async def conclude(
        self,
        job_id: str,
        task_id: str,
        fencing_token: int,
        outcome: contract.Outcome,
        *,
        conflicts: contract.Conflicts = [],
        pull_request: str | None = None,
        error: str | None = None,
    ) -> contract.Review:
        call = self.call
        await access.lock_held_task(call, task_id, fencing_token)
        row = await lock_review_after_jobs(call, job_id)
        if row is None or row.delivery_task_id != task_id:
            raise InvalidRequest(
                f"{task_id} carries out no approval of {job_id}.", errors=[field_error("task_id", "another review")]
            )
        if row.state != "delivering":
            # A repeated call, or the branch has a new head, which is undecided. The pull request exists in either case: the
            # next approval must update it instead of opening another.
            if pull_request is not None and pull_request != row.pull_request:
                row.pull_request = pull_request
                await self._save_and_announce_review(row)
            return await self._build_review(row)
        row.state, row.error = STATE_BY_OUTCOME[outcome], error
        row.pull_request = pull_request or row.pull_request
        row.conflicts = encode_json(list(conflicts))
        if outcome == "conflicted":
            paths = "\n".join(f"- {path}" for path in conflicts[:100])
            text = CONFLICT_MESSAGE.format(target=row.target or "the target", paths=paths)
            # To the newest job of the session, or its successor: the agent solves the conflicts in the same worktree.
            await add_follow_up(call, await self._lock_newest_job(row), text)
        await self._save_and_announce_review(row)
        return await self._build_review(row)

    # -- rows ---------------------------------------------------------------------------------------------

    async def _load_visible_review(self, job_id: str, *, lock: bool = False) -> ReviewRow:
        """Load a review that the caller may read. Raises NotFound for a hidden review, too."""
        call, caller = self.call, self.call.caller
        if lock:
            row = await lock_review_after_jobs(call, job_id)
        else:
            row = await call.tx.one(statements.select_review, job_id=job_id)
        if row is not None and (caller.subject in (row.requester, row.owner) or caller.reads_all):
            self.call.target = job_id
            return row
        raise not_found("job_id", f"There is no review of {job_id!r}.", fix="See GET /v1/agent/reviews.")

    async def _lock_own_review(self, job_id: str) -> ReviewRow:
        """Lock a review of a job of the caller; operators: any. Raises NotFound, PermissionDenied."""
        row, caller = await self._load_visible_review(job_id, lock=True), self.call.caller
        require_requester(caller, job_id, row.requester, "review it")
        return row

    async def _lock_newest_job(self, row: ReviewRow) -> TaskDraft:
        """Lock the newest job of a review's session, or the first one if retention has deleted the newest."""
        newest = await self.call.tx.one(tasks.lock_task, task_id=row.task_id)
        # The newest may have ended long before the first. A review is deleted with its first job.
        return await access.lock_task(self.call, row.job_id) if newest is None else TaskDraft(self.call, newest)

    async def _insert_and_announce_review(self, row: ReviewRow) -> None:
        # inserted immediately instead of with the batch, because open reviews are counted next
        await write_record(self.call.tx, statements.insert_review, row)
        self._emit_review_changed(row)
        await apply_review_limit(self.call, row.codebase_id)

    async def _save_and_announce_review(self, row: ReviewRow) -> None:
        row.updated_at = self.call.now
        await write_record(self.call.tx, statements.update_review, row)
        self._emit_review_changed(row)
        await apply_review_limit(self.call, row.codebase_id)

    async def reopen_undelivered_review(self, task: TaskRow) -> None:
        """Reopen the review whose delivery task has ended, unless the task has reported its outcome."""
        row = await self.call.tx.one(statements.lock_review_of_delivery, task_id=task.task_id)
        if row is not None:
            row.state, row.error = "open", task.error
            await self._save_and_announce_review(row)

    def _emit_review_changed(self, row: ReviewRow) -> None:
        data = {"job_id": row.job_id, "task_id": row.task_id, "state": row.state, "revision": row.revision}
        audience = tuple(dict.fromkeys((row.requester, row.owner)))
        self.call.emit("agora.review.changed", data, subject=row.job_id, audience=audience)

    async def _build_review(self, row: ReviewRow, *, whole: bool = True) -> contract.Review:
        """Build a review; without the texts that may be long if not ``whole``."""
        return build_from_record(
            contract.Review,
            row,
            conflicts=decode_json(row.conflicts) if whole else [],
            error=row.error if whole else None,
        )


async def lock_review_after_jobs(call: Call, job_id: str) -> ReviewRow | None:
    """Lock a review after its first and its newest job, in the order of a job that submits it."""
    row = await call.tx.one(statements.select_review, job_id=job_id)
    if row is None:
        return None
    await call.tx.all(tasks.lock_tasks, ids=encode_json([row.job_id, row.task_id]))
    return await call.tx.one(statements.lock_review, job_id=job_id)


def _build_delivery_under_way_error(row: ReviewRow) -> Conflict:
    return Conflict(
        f"{row.job_id} has been approved; the task {row.delivery_task_id} is delivering its changes.",
        fix=f"Wait until the task ends, or cancel it: agora.task.cancel {row.delivery_task_id}.",
    )


def _build_new_review(tenant: str, job_id: str, now: int, head: str, values: dict[str, Any]) -> ReviewRow:
    return ReviewRow(
        tenant_id=tenant,
        job_id=job_id,
        **values,
        head=head,
        state="open",
        revision=1,
        conflicts="[]",
        pull_request=None,
        delivery_task_id=None,
        error=None,
        reviewer=None,
        created_at=now,
        updated_at=now,
    )


def _apply_submission(row: ReviewRow, head: str, values: dict[str, Any]) -> None:
    """Update a review from a new submission. It reopens if its branch has changed or changes were requested."""
    # An equal submission repeats one whose answer was lost, and must not reopen what was decided since.
    if head != row.head or row.state in ("changes_requested", "conflicted"):
        row.state, row.error, row.conflicts = "open", None, "[]"
        row.revision += 1
    row.head = head
    for name, value in values.items():
        setattr(row, name, value)


def _build_comment(row: CommentRow) -> contract.ReviewComment:
    return build_from_record(contract.ReviewComment, row, side="old" if row.side == "old" else "new")
