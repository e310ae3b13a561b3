"""Codebases that are added at the request of the server: a path on this machine, or a repository to clone.

A path must be below one of the directories that the worker's owner allows, by default the home directory. A clone is
made below the worker's state directory, within the limits of :class:`ClonePolicy` and by the rules for repositories
that somebody else has named: nothing of the owner's git configuration and credentials. The token for it is only in the
environment of git: in no argument, file or URL.
"""

from __future__ import annotations

import asyncio
import errno
import logging
import os
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from agora.net.egress_policy import AddressRefused, Resolve, is_evidently_private, resolve_host
from agora.net.git_fetching import (
    CONFIGURATION,
    build_git_variables,
    build_size_check_command,
    encode_basic_credentials,
    exceeds_size_limits,
    resolve_pinned_connection_options,
)
from agora_sdk import AgoraError, TaskRun
from agora_sdk.client import AgoraClient

from .codebases import Codebase
from .job_secrets import SecretMask
from .subprocesses import run_command

__all__ = [
    "PENDING_CODEBASE",
    "REGISTRATION_TYPE",
    "ClonePolicy",
    "adopt_or_decline_codebase",
    "clone_repository",
    "require_adoptable_path",
]

logger = logging.getLogger("agora.worker")

REGISTRATION_TYPE = "register_codebase"  #: task type of a registration request
PENDING_CODEBASE = "__pending__"  #: name of codebases without a worker, in the capability of workers that accept them
MAX_REASON_CHARACTERS = 480
BLOCK_BYTES = 512  #: unit of ulimit -f
#: The shell is replaced by git, none of whose files may become larger: history arrives as one file. The signal is
#: ignored for the sake of git's message; git would report the death of its process in no particular words.
LIMITED_SHELL = 'trap "" XFSZ; ulimit -f "$1"; shift; exec "$@"'
RESERVED_DISK_FRACTION = 20  #: a twentieth of the disk stays free
TOO_LARGE_TEXT = os.strerror(errno.EFBIG)


@dataclass(frozen=True, slots=True)
class ClonePolicy:
    """Limits of repositories that others have named. private_networks: whether private and loopback addresses are
    allowed. megabytes: of the history, and of the files of the commit. protocols: URL schemes."""

    private_networks: bool = False
    megabytes: int = 10_000
    files: int = 500_000
    seconds: float = 1800.0
    protocols: Sequence[str] = ("https",)
    resolver: Resolve = resolve_host


async def adopt_or_decline_codebase(
    run: TaskRun, client: AgoraClient, worker_id: str, roots: Sequence[Path], clones: Path, policy: ClonePolicy
) -> Codebase | None:
    """Answer a registration task: confirm the codebase, or decline it with the reason. None if declined. Raises
    AgoraError."""
    payload: Mapping[str, Any] = run.payload
    codebase_id, token = str(payload.get("codebase_id")), run.fencing_token
    clone: Path | None = None
    try:
        if payload.get("git_url"):
            credential = await client.codebase.read_credential(codebase_id, run.task_id, token)
            path = clones / codebase_id
            is_new = await clone_repository(
                credential.git_url, path, policy, branch=credential.branch, token=credential.token
            )
            clone = path if is_new else None
        else:
            path = require_adoptable_path(str(payload.get("path")), roots)
        codebase = Codebase.from_directory(path, str(payload.get("name")))
        await client.codebase.confirm(
            codebase_id, run.task_id, token, worker_id, str(codebase.path), repository=codebase.repository
        )
    except (ValueError, AgoraError) as error:
        # 404 and 409 concern this codebase; anything else is temporary, and the task is retried.
        if isinstance(error, AgoraError) and error.status not in (404, 409):
            raise
        logger.info("%s is declined: %s", codebase_id, error)
        # One from an earlier attempt may be in use: its confirmation may have arrived without an answer.
        if clone is not None:
            await asyncio.to_thread(shutil.rmtree, clone, ignore_errors=True)
        await client.codebase.decline(codebase_id, run.task_id, token, str(error)[:MAX_REASON_CHARACTERS])
        return None
    return codebase


def require_adoptable_path(name: str, roots: Sequence[Path]) -> Path:
    """Check that a path may become a codebase. Raises ValueError with a message for the requester."""
    path = Path(name)
    if not path.is_absolute():
        raise ValueError(f"{name} is not an absolute path.")
    path = path.resolve()
    # The same message for a missing and a forbidden path: do not disclose which paths exist outside the roots.
    if not any(path.is_relative_to(root.resolve()) for root in roots) or not path.is_dir():
        raise ValueError(f"This machine has no directory {name} that may be a codebase.")
    return path


async def clone_repository(
    url: str, path: Path, policy: ClonePolicy, *, branch: str | None = None, token: str | None = None
) -> bool:
    """Clone a repository, unless it is already cloned there. Returns whether it was cloned. Raises ValueError with a
    message for the requester."""
    if (path / ".git").exists():
        return False
    options = CONFIGURATION | await _check_url_and_pin_address(url, policy)
    secrets = [token, encode_basic_credentials(token)] if token is not None else []
    if secrets:
        options[f"http.{url}.extraHeader"] = f"Authorization: Basic {secrets[1]}"
    environment = build_git_variables(options) | {"GIT_ALLOW_PROTOCOL": ":".join(policy.protocols), "LC_ALL": "C"}
    # Renamed when complete: a clone that is killed leaves a part of the repository, which must not count as cloned.
    partial = path.with_name(f"{path.name}.partial")
    await asyncio.to_thread(shutil.rmtree, partial, ignore_errors=True)
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        await _clone_without_files(url, partial, branch, policy, environment, SecretMask(secrets))
        await _check_out_within_limits(url, partial, policy, environment)
    except ValueError:
        await asyncio.to_thread(shutil.rmtree, partial, ignore_errors=True)
        raise
    await asyncio.to_thread(shutil.rmtree, path, ignore_errors=True)
    partial.rename(path)
    return True


async def _check_url_and_pin_address(url: str, policy: ClonePolicy) -> dict[str, str]:
    """Check the protocol and the address of a URL. Returns the options that pin git to the address."""
    parts = urlsplit(url)
    if parts.scheme not in policy.protocols:
        raise ValueError(f"{url} is not allowed: the URL begins with {' or '.join(policy.protocols)}.")
    if policy.private_networks:
        return {}
    host, port = parts.hostname or "", parts.port or 443
    advice = "The worker's owner allows private networks with --clone-private-networks."
    if is_evidently_private(host):
        raise ValueError(f"{host or url} is not a public host. {advice}")
    try:
        return await resolve_pinned_connection_options(host, port, os.environ, policy.resolver)
    except AddressRefused as error:
        raise ValueError(f"{error}. {advice}") from None
    except OSError as error:
        raise ValueError(f"The host {host} is not found: {error.strerror}. Check the URL.") from None


async def _clone_without_files(
    url: str,
    target: Path,
    branch: str | None,
    policy: ClonePolicy,
    environment: Mapping[str, str],
    mask: SecretMask,
) -> None:
    size = await asyncio.to_thread(_compute_size_limit, target.parent, policy)
    words = ["git", "clone", "--quiet", "--no-checkout", *(["--branch", branch] if branch else []), "--", url]
    limited = ["/bin/sh", "-c", LIMITED_SHELL, "sh", str(size // BLOCK_BYTES), *words, str(target)]
    result = await run_command(limited, target.parent, timeout=policy.seconds, environment=environment)
    if not result.exit_code:
        return
    if TOO_LARGE_TEXT in result.output:
        raise _build_size_error(url, size, policy)
    # Masked before it is cut, which could leave a part of a secret.
    words_of_git = mask.mask_text(result.output.strip())[-300:]
    advice = " Give the URL that the server redirects to." if "returned error: 30" in words_of_git else ""
    raise ValueError(f"git clone of {url} failed: {words_of_git}{advice}")


async def _check_out_within_limits(url: str, target: Path, policy: ClonePolicy, environment: Mapping[str, str]) -> None:
    """Write the files of a cloned commit, unless they are too many or too large."""
    size = await asyncio.to_thread(_compute_size_limit, target, policy)
    measure = build_size_check_command(policy.files, size)
    if exceeds_size_limits(
        (await run_command(measure, target, timeout=policy.seconds, environment=environment)).exit_code
    ):
        raise _build_size_error(url, size, policy)
    # Without a commit: an empty repository has none.
    words = ["git", "reset", "--quiet", "--hard"]
    result = await run_command(words, target, timeout=policy.seconds, environment=environment)
    if result.exit_code:
        raise ValueError(f"The files of {url} cannot be written: {result.output.strip()[-300:]}")


def _compute_size_limit(directory: Path, policy: ClonePolicy) -> int:
    """Limit the size of a clone, in bytes: a part of the disk stays free for running jobs."""
    disk = shutil.disk_usage(directory)
    return max(0, min(policy.megabytes * 1_000_000, disk.free - disk.total // RESERVED_DISK_FRACTION))


def _build_size_error(url: str, size: int, policy: ClonePolicy) -> ValueError:
    if size < policy.megabytes * 1_000_000:
        advice = "That is what its disk has free, except a reserve: its owner removes what `agora worker disk` lists."
    else:
        advice = "The worker's owner allows larger repositories with --clone-megabytes."
    return ValueError(f"{url} has more than {size // 1_000_000} MB or {policy.files} files. {advice}")
