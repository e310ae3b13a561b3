"""Prompts of the worker itself: after an interruption, a failed check, and a decided permission."""

from __future__ import annotations

__all__ = ["ANEW", "CONTINUE", "DECIDED", "FRESH", "REFUSED", "SEND_BACK"]

ANEW = "What was changed for this task before is not here: this is a new worktree. Make those changes again.\n\n"
CONTINUE = "The work was interrupted: {why}. See what is done already, and go on with this task:\n\n{prompt}"
FRESH = (
    "An earlier session did a part of the work and cannot be opened again. Its transcript:\n\n{transcript}\n\n---\n\n"
)
SEND_BACK = "The check `{command}` failed with exit code {code}. Mend the cause. Its output:\n\n{output}"
DECIDED = "You asked for permission: {title}. The answer: {answer}. Go on with this task:\n\n{prompt}"
REFUSED = "You asked for permission: {title}. The answer: {answer}. Go on without it, or say what you cannot do."
