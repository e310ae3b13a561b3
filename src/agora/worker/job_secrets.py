"""Secrets of a job: given only to its agent, and masked in everything that the worker sends to the server.

Only the literal secret is masked; an encoded secret (reversed, base64) is not detected.
"""

from __future__ import annotations

import contextlib
from collections.abc import Mapping, Sequence
from typing import Any

from agora_sdk import AgoraError, InputRequired, PermanentFailure, Postponed, Rejected, TaskRun
from agora_sdk.client import AgoraClient

__all__ = ["HAS_SECRETS_KEY", "MaskedRun", "SecretMask", "mask_exception", "read_secrets"]

MASK = "***"
HAS_SECRETS_KEY = "has_secrets"  #: key in the payload of a job with secrets


async def read_secrets(client: AgoraClient, run: TaskRun) -> dict[str, str]:
    """Read the secrets of a job that this worker holds. Raises PermanentFailure if they are unavailable."""
    try:
        return dict((await client.codebase.read_job_secrets(run.task_id, run.fencing_token)).secrets)
    except AgoraError as error:
        # The secrets are gone for good: another attempt would not get them either.
        if error.status == 409:
            raise PermanentFailure(str(error)) from error
        raise


class SecretMask:
    """Replaces secrets in texts. Longest first, because one may be a part of another."""

    def __init__(self, secrets: Sequence[str]) -> None:
        self._secrets = sorted({secret for secret in secrets if secret}, key=len, reverse=True)

    def __bool__(self) -> bool:
        return bool(self._secrets)

    def mask_text(self, text: str) -> str:
        """Mask secrets in a text."""
        for secret in self._secrets:
            text = text.replace(secret, MASK)
        return text

    def mask_value(self, value: Any) -> Any:
        """Mask secrets in JSON, including names."""
        if isinstance(value, str):
            return self.mask_text(value)
        if isinstance(value, Mapping):
            return {self.mask_text(str(name)): self.mask_value(part) for name, part in value.items()}
        return [self.mask_value(part) for part in value] if isinstance(value, list | tuple) else value

    def count_secret_prefix(self, text: str) -> int:
        """Return the length of the longest suffix of a text that may be the beginning of a secret."""
        return max((_count_overlap(text, secret) for secret in self._secrets), default=0)


def _count_overlap(text: str, secret: str) -> int:
    """Return the length of the longest suffix of a text that is a proper prefix of a secret."""
    sizes = range(min(len(text), len(secret) - 1), 0, -1)
    return next((size for size in sizes if text.endswith(secret[:size])), 0)


class MaskedRun:
    """A task run that masks secrets. A suffix of the output that may be the beginning of a secret is held back until more text
    follows.

    rest: text held back by an earlier run of the same task.
    """

    def __init__(self, run: TaskRun, mask: SecretMask, rest: str = "") -> None:
        self._run, self._mask, self._withheld_text = run, mask, rest

    def __getattr__(self, name: str) -> Any:
        # Only what is overridden below is masked: a method of TaskRun that sends text must be added there.
        return getattr(self._run, name)

    async def write(self, text: str) -> None:
        """Append to the task's output."""
        text = self._mask.mask_text(self._withheld_text + text)
        withheld_size = self._mask.count_secret_prefix(text)
        self._withheld_text = text[len(text) - withheld_size :]
        if rest := text[: len(text) - withheld_size]:
            await self._run.write(rest)

    def take_withheld_text(self) -> str:
        """Return the held-back text, for the run that continues the task."""
        rest, self._withheld_text = self._withheld_text, ""
        return rest

    async def write_withheld_text(self) -> None:
        """Write the held-back text at the end."""
        if rest := self.take_withheld_text():
            with contextlib.suppress(AgoraError):  # the lease may have been lost
                await self._run.write(rest)

    async def save(self, checkpoint: dict[str, Any]) -> None:
        """Store a checkpoint."""
        await self._run.save(self._mask.mask_value(checkpoint))

    async def artifact(self, parts: Sequence[Mapping[str, Any]], **options: Any) -> None:
        """Store an artifact."""
        await self._run.artifact(self._mask.mask_value(list(parts)), **options)


def mask_exception(error: Exception, mask: SecretMask) -> Exception:
    """Return the error without secrets: the text of every error reaches the server."""
    if isinstance(error, InputRequired):
        data, schema = mask.mask_value(error.data), mask.mask_value(error.schema)
        return InputRequired(mask.mask_text(error.question), auth=error.auth, data=data, schema=schema)
    if isinstance(error, Postponed):
        return Postponed(mask.mask_text(error.reason), error.seconds)
    text = mask.mask_text(str(error))
    if isinstance(error, PermanentFailure):
        return PermanentFailure(text)
    if isinstance(error, Rejected):
        return Rejected(text)
    if isinstance(error, AgoraError):
        # Its class determines whether the task is tried again.
        error.detail, error.fix = mask.mask_text(error.detail), error.fix and mask.mask_text(error.fix)
        # Both leave the worker, too: the problem document contains ``extra``, and a log shows ``args``.
        error.extra, error.args = mask.mask_value(error.extra), (error.detail,)
        return error
    # Not of its own class, whose constructor may need more than a text.
    return error if text == str(error) else RuntimeError(f"{type(error).__name__}: {text}")
