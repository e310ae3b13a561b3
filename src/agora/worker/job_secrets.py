"""Secrets of a job: given to its agent alone, and masked in whatever the worker sends to the server.

What is masked is the secret as it is; an agent that prints it in another form (reversed, in base64) is not noticed.
"""

from __future__ import annotations

import contextlib
from collections.abc import Mapping, Sequence
from typing import Any

from agora_sdk import AgoraError, InputRequired, PermanentFailure, Postponed, TaskRun
from agora_sdk.client import AgoraClient

__all__ = ["HAS_SECRETS", "MaskedRun", "SecretMask", "mask_exception", "read_secrets"]

MASK = "***"
HAS_SECRETS = "has_secrets"  #: in the payload of a job that has some


async def read_secrets(client: AgoraClient, run: TaskRun) -> dict[str, str]:
    """The secrets of a job, which this worker holds. Raises PermanentFailure where they cannot be had."""
    try:
        return dict((await client.codebase.read_job_secrets(run.task_id, run.fencing_token)).secrets)
    except AgoraError as error:
        if error.status == 409:
            raise PermanentFailure(str(error)) from error
        raise


class SecretMask:
    """Replaces secrets in texts. Long ones first: one may be a part of another."""

    def __init__(self, secrets: Sequence[str]) -> None:
        self._secrets = sorted({secret for secret in secrets if secret}, key=len, reverse=True)

    def __bool__(self) -> bool:
        return bool(self._secrets)

    def mask_text(self, text: str) -> str:
        """A text without the secrets."""
        for secret in self._secrets:
            text = text.replace(secret, MASK)
        return text

    def mask_value(self, value: Any) -> Any:
        """JSON without the secrets, in names too."""
        if isinstance(value, str):
            return self.mask_text(value)
        if isinstance(value, Mapping):
            return {self.mask_text(str(name)): self.mask_value(part) for name, part in value.items()}
        return [self.mask_value(part) for part in value] if isinstance(value, list | tuple) else value

    def count_open_characters(self, text: str) -> int:
        """Length of the longest end of a text that a secret may begin with: what follows decides."""
        return max((_count_overlap(text, secret) for secret in self._secrets), default=0)


def _count_overlap(text: str, secret: str) -> int:
    """Length of the longest end of a text with which a secret begins, without being whole."""
    sizes = range(min(len(text), len(secret) - 1), 0, -1)
    return next((size for size in sizes if text.endswith(secret[:size])), 0)


class MaskedRun:
    """A task run that writes no secrets. An end of the output that may be half a secret is held back until more comes.

    rest: what an earlier run of the same task held back.
    """

    def __init__(self, run: TaskRun, mask: SecretMask, rest: str = "") -> None:
        self._masked_run, self._mask, self._rest = run, mask, rest

    def __getattr__(self, name: str) -> Any:
        return getattr(self._masked_run, name)

    async def write(self, text: str) -> None:
        """Append to the task's output."""
        text = self._mask.mask_text(self._rest + text)
        held = self._mask.count_open_characters(text)
        self._rest = text[len(text) - held :]
        if rest := text[: len(text) - held]:
            await self._masked_run.write(rest)

    def take_rest(self) -> str:
        """What is held back, for the run that goes on with the task."""
        rest, self._rest = self._rest, ""
        return rest

    async def flush_rest(self) -> None:
        """Write what was held back; nothing more comes."""
        if rest := self.take_rest():
            with contextlib.suppress(AgoraError):  # the lease may be gone with the job
                await self._masked_run.write(rest)

    async def save(self, checkpoint: dict[str, Any]) -> None:
        """Store a checkpoint."""
        await self._masked_run.save(self._mask.mask_value(checkpoint))

    async def artifact(self, parts: Sequence[Mapping[str, Any]], **options: Any) -> None:
        """Hand over an artifact."""
        await self._masked_run.artifact(self._mask.mask_value(list(parts)), **options)


def mask_exception(error: Exception, mask: SecretMask) -> Exception:
    """The same error without secrets, of those kinds whose words reach the server."""
    if isinstance(error, InputRequired):
        data, schema = mask.mask_value(error.data), mask.mask_value(error.schema)
        return InputRequired(mask.mask_text(error.question), auth=error.auth, data=data, schema=schema)
    if isinstance(error, Postponed):
        return Postponed(mask.mask_text(error.reason), error.seconds)
    if isinstance(error, PermanentFailure):
        return PermanentFailure(mask.mask_text(str(error)))
    return error
