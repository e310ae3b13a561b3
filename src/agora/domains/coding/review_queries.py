"""SQL of reviews, their files and comments."""

from __future__ import annotations

from agora.store.port import Query, Write

from .review_records import REVIEWS, CommentRow, ReviewFileRow, ReviewRow

__all__ = [
    "count_waiting_comments",
    "delete_comment",
    "delete_files",
    "insert_review",
    "list_comments",
    "list_files",
    "list_reviews",
    "list_waiting_comments",
    "lock_review",
    "lock_review_of_delivery",
    "mark_comments_sent",
    "select_comment",
    "select_file_by_path",
    "select_last_comment_number",
    "select_review",
    "select_unfinished_job",
    "update_review",
]

BIG = "bigint"
_COLUMNS = tuple(name for name, _ in REVIEWS.columns)
_COUNT_TYPES = dict.fromkeys(("revision", "files", "additions", "deletions", "updated_at"), BIG)
_SELECT_REVIEW = "select * from coding_reviews where tenant_id = :tenant and job_id = :job_id"

select_review = Query(_SELECT_REVIEW, ReviewRow)
lock_review = Query(_SELECT_REVIEW, ReviewRow, lock=True)
lock_review_of_delivery = Query(
    "select * from coding_reviews where tenant_id = :tenant and state = 'delivering' and delivery_task_id = :task_id",
    ReviewRow,
    lock=True,
)
#: the latest first; reader: empty for a caller who reads all
list_reviews = Query(
    """
    select * from coding_reviews where tenant_id = :tenant
        and (updated_at < :before or (updated_at = :before and job_id > :after))
        and (:reader = '' or requester = :reader or owner = :reader)
        and (:codebase_id = '' or codebase_id = :codebase_id) and (:state = '' or state = :state)
    order by updated_at desc, job_id limit :limit
    """,
    ReviewRow,
    types={"before": BIG, "limit": BIG},
    scan=True,
)
# An execute instead of an append, see ReviewService._insert_and_announce_review.
insert_review = Write(
    f"insert into coding_reviews ({', '.join(_COLUMNS)}) values (:tenant, {', '.join(f':{name}' for name in _COLUMNS[1:])})",
    types=_COUNT_TYPES | {"created_at": BIG},
)
update_review = Write(
    """
    update coding_reviews set task_id = :task_id, codebase_id = :codebase_id, context_id = :context_id,
        worker_id = :worker_id, owner = :owner, requester = :requester, title = :title, state = :state, branch = :branch,
        target = :target, base = :base, head = :head, revision = :revision, files = :files, additions = :additions,
        deletions = :deletions, conflicts = :conflicts, pull_request = :pull_request,
        delivery_task_id = :delivery_task_id, error = :error, reviewer = :reviewer, updated_at = :updated_at
    where tenant_id = :tenant and job_id = :job_id
    """,
    types=_COUNT_TYPES,
)
list_files = Query(
    """
    select * from coding_review_files
    where tenant_id = :tenant and job_id = :job_id and number > :after order by number limit :limit
    """,
    ReviewFileRow,
    types={"after": BIG, "limit": BIG},
)
select_file_by_path = Query(
    """
    select * from coding_review_files
    where tenant_id = :tenant and job_id = :job_id and path = :path order by number limit 1
    """,
    ReviewFileRow,
    scan=True,
)
delete_files = Write("delete from coding_review_files where tenant_id = :tenant and job_id = :job_id")
list_comments = Query(
    """
    select * from coding_review_comments
    where tenant_id = :tenant and job_id = :job_id and number > :after order by number limit :limit
    """,
    CommentRow,
    types={"after": BIG, "limit": BIG},
)
list_waiting_comments = Query(
    """
    select * from coding_review_comments
    where tenant_id = :tenant and job_id = :job_id and number > :after and follow_up_id is null
    order by number limit :limit
    """,
    CommentRow,
    types={"after": BIG, "limit": BIG},
)
count_waiting_comments = Query(
    """
    select count(*) as comments from coding_review_comments
    where tenant_id = :tenant and job_id = :job_id and follow_up_id is null
    """,
    int,
)
select_last_comment_number = Query(
    "select coalesce(max(number), 0) as number from coding_review_comments where tenant_id = :tenant and job_id = :job_id",
    int,
)
select_comment = Query(
    """
    select * from coding_review_comments
    where tenant_id = :tenant and comment_id = :comment_id and job_id = :job_id
    """,
    CommentRow,
    lock=True,
)
delete_comment = Write(
    "delete from coding_review_comments where tenant_id = :tenant and comment_id = :comment_id",
)
mark_comments_sent = Write(
    """
    update coding_review_comments set follow_up_id = :follow_up_id
    where tenant_id = :tenant and job_id = :job_id and follow_up_id is null
    """
)
#: an unfinished job of a session
select_unfinished_job = Query(
    """
    select task_id from tasks
    where tenant_id = :tenant and completed_at is null and task_id <> :task_id
        and (context_id = :context_id or task_id = :job_id) limit 1
    """,
    str,
    scan=True,
)
