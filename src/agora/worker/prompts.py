"""Prompts of the worker itself: after an interruption, a failed check, and a decided permission."""

from __future__ import annotations

__all__ = ["ANEW", "CONTINUE", "DECIDED", "FRESH", "REFUSED", "SEND_BACK"]

ANEW = "The earlier changes for this task are missing: this is a new worktree. Make them again.\n\n"
CONTINUE = "The work was interrupted: {why}. Check what is already done, and continue with this task:\n\n{prompt}"
FRESH = "An earlier session did a part of the work and cannot be reopened. Its transcript:\n\n{transcript}\n\n---\n\n"
SEND_BACK = "The check `{command}` failed with exit code {code}. Fix the cause. Its output:\n\n{output}"
DECIDED = "You asked for permission: {title}. The answer: {answer}. Continue with this task:\n\n{prompt}"
REFUSED = "You asked for permission: {title}. The answer: {answer}. Continue without it, or report what you cannot do."
