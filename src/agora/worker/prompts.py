"""Prompts of the worker itself: after an interruption, a failed check, and a decided permission."""

from __future__ import annotations

__all__ = [
    "ANSWERED_PROMPT",
    "CONTINUATION_PROMPT",
    "FAILED_CHECK_PROMPT",
    "NEW_SESSION_PROMPT",
    "NEW_WORKTREE_NOTE",
    "REFUSED_PROMPT",
]

NEW_WORKTREE_NOTE = "The earlier changes for this task are missing: this is a new worktree. Make them again.\n\n"
CONTINUATION_PROMPT = (
    "The work was interrupted: {why}. Check what is already done, and continue with this task:\n\n{prompt}"
)
NEW_SESSION_PROMPT = (
    "An earlier session did a part of the work and cannot be reopened. Its transcript:\n\n{transcript}\n\n---\n\n"
)
FAILED_CHECK_PROMPT = "The check `{command}` failed with exit code {code}. Fix the cause. Its output:\n\n{output}"
ANSWERED_PROMPT = "You asked for permission: {title}. The answer: {answer}. Continue with this task:\n\n{prompt}"
REFUSED_PROMPT = (
    "You asked for permission: {title}. The answer: {answer}. Continue without it, or report what you cannot do."
)
