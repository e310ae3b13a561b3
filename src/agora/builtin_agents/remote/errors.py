"""Errors of remote agents, and whether a retry may help."""

from __future__ import annotations

from typing import Final

from agora_sdk.errors import AgoraError, UpstreamFailed, UpstreamUnavailable

__all__ = ["NOT_CANCELABLE", "TASK_NOT_FOUND", "UNSUPPORTED_OPERATION", "RemoteError", "build_malformed_answer_error"]

#: reasons of A2A 1.0, section 3.3.2, that are handled
TASK_NOT_FOUND: Final = "TASK_NOT_FOUND"
UNSUPPORTED_OPERATION: Final = "UNSUPPORTED_OPERATION"
NOT_CANCELABLE: Final = "TASK_NOT_CANCELABLE"


class RemoteError(Exception):
    """A failed call. detail: a sentence that is also shown to the requester.

    transient: transient, a retry may help. away: no connection was made. reason: the A2A error reason, if any.
    """

    def __init__(self, detail: str, *, transient: bool = False, away: bool = False, reason: str | None = None) -> None:
        super().__init__(detail)
        self.detail, self.transient, self.away, self.reason = detail, transient, away, reason

    def to_agora_error(self, name: str) -> AgoraError:
        """Convert to the error of an operator's call. name: of the agent, or its URL."""
        kind = UpstreamUnavailable if self.transient or self.away else UpstreamFailed
        return kind(f"{name}: {self.detail}", fix="Check that it is running and that its URL is correct.")


def build_malformed_answer_error(description: str) -> RemoteError:
    """Build the error of an answer that is not valid A2A."""
    return RemoteError(f"Its answer is not A2A: {description}.")
