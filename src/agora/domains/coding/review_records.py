"""Records of reviews: rows of their tables."""

from __future__ import annotations

from agora.store.port import Table
from agora.store.records import record

__all__ = ["COMMENTS", "FILES", "REVIEWS", "CommentRow", "ReviewFileRow", "ReviewRow"]


@record
class ReviewRow:
    """A row of ``coding_reviews``."""

    tenant_id: str
    job_id: str
    task_id: str
    codebase_id: str
    context_id: str
    worker_id: str
    owner: str
    requester: str
    title: str
    state: str
    branch: str
    target: str
    base: str
    head: str
    revision: int
    files: int
    additions: int
    deletions: int
    conflicts: str
    pull_request: str | None
    delivery_task_id: str | None
    error: str | None
    reviewer: str | None
    created_at: int
    updated_at: int


REVIEWS = Table("coding_reviews", ReviewRow)


@record
class ReviewFileRow:
    """A row of ``coding_review_files``."""

    tenant_id: str
    job_id: str
    number: int
    path: str
    status: str
    additions: int
    deletions: int
    patch: str
    truncated: int


FILES = Table("coding_review_files", ReviewFileRow)


@record
class CommentRow:
    """A row of ``coding_review_comments``."""

    tenant_id: str
    comment_id: str
    job_id: str
    number: int
    author: str
    path: str
    line: int
    side: str
    code: str
    text: str
    created_at: int
    follow_up_id: str | None


COMMENTS = Table("coding_review_comments", CommentRow)
