"""What can go wrong with an agent elsewhere, and whether another try may help."""

from __future__ import annotations

from typing import Final

from agora_sdk.errors import AgoraError, UpstreamFailed, UpstreamUnavailable

__all__ = ["NOT_CANCELABLE", "TASK_NOT_FOUND", "UNSUPPORTED_OPERATION", "RemoteError", "malformed_answer"]

#: reasons of A2A 1.0, section 3.3.2, that are acted upon
TASK_NOT_FOUND: Final = "TASK_NOT_FOUND"
UNSUPPORTED_OPERATION: Final = "UNSUPPORTED_OPERATION"
NOT_CANCELABLE: Final = "TASK_NOT_CANCELABLE"


class RemoteError(Exception):
    """A call that came to nothing. detail: a sentence about what happened, for the requester too.

    passing: it may go by itself. away: nothing was reached at all. reason: of A2A, where the agent gave one.
    """

    def __init__(self, detail: str, *, passing: bool = False, away: bool = False, reason: str | None = None) -> None:
        super().__init__(detail)
        self.detail, self.passing, self.away, self.reason = detail, passing, away, reason

    def as_error(self, name: str) -> AgoraError:
        """For whoever asked an operator's operation. name: of the agent, or its URL."""
        kind = UpstreamUnavailable if self.passing or self.away else UpstreamFailed
        return kind(f"{name}: {self.detail}", fix="Look whether it runs, and whether its URL is right.")


def malformed_answer(what: str) -> RemoteError:
    """It answered with what is no A2A."""
    return RemoteError(f"Its answer is not A2A: {what}.")
