"""Codebases that are added at the request of the server: a path on this machine, or a repository to clone.

A path must be below one of the directories that the worker's owner allows, by default the home directory. A clone is
made below the worker's state directory. The token for it is only in the environment of git: in no argument, file or
URL.
"""

from __future__ import annotations

import asyncio
import base64
import logging
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from agora_sdk import AgoraError, TaskRun
from agora_sdk.client import AgoraClient

from .codebases import Codebase
from .job_secrets import SecretMask
from .subprocesses import run_command

__all__ = ["PENDING", "REGISTRATION_TYPE", "adopt_codebase", "clone_repository", "inspect_path"]

logger = logging.getLogger("agora.worker")

REGISTRATION_TYPE = "register_codebase"  #: task type of a registration request
PENDING = "__pending__"  #: name of codebases without a worker, in the capability of workers that accept them
CLONE_SECONDS = 1800.0
MAX_REASON_CHARACTERS = 480


async def adopt_codebase(
    run: TaskRun, client: AgoraClient, worker_id: str, roots: Sequence[Path], clones: Path
) -> Codebase | None:
    """Answer a registration task: confirm the codebase, or decline it with the reason. None if declined. Raises
    AgoraError."""
    payload: Mapping[str, Any] = run.payload
    codebase_id, token = str(payload.get("codebase_id")), run.fencing_token
    try:
        if payload.get("git_url"):
            credential = await client.codebase.read_credential(codebase_id, run.task_id, token)
            path = clones / codebase_id
            await clone_repository(credential.git_url, path, branch=credential.branch, token=credential.token)
        else:
            path = inspect_path(str(payload.get("path")), roots)
        codebase = Codebase.inspect(path, str(payload.get("name")))
        await client.codebase.confirm(
            codebase_id, run.task_id, token, worker_id, str(codebase.path), repository=codebase.repository
        )
    except (ValueError, AgoraError) as error:
        # 404 and 409 concern this codebase; anything else is temporary, and the task is retried.
        if isinstance(error, AgoraError) and error.status not in (404, 409):
            raise
        logger.info("%s is declined: %s", codebase_id, error)
        await client.codebase.decline(codebase_id, run.task_id, token, str(error)[:MAX_REASON_CHARACTERS])
        return None
    return codebase


def inspect_path(name: str, roots: Sequence[Path]) -> Path:
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
    url: str, path: Path, *, branch: str | None = None, token: str | None = None, protocols: str = "https"
) -> None:
    """Clone a repository, unless it is already cloned there. Raises ValueError with git's message."""
    if (path / ".git").exists():
        return
    # Renamed when complete: a clone that is killed leaves a part of the repository, which must not count as cloned.
    partial = path.with_name(f"{path.name}.partial")
    await asyncio.to_thread(shutil.rmtree, partial, ignore_errors=True)
    path.parent.mkdir(parents=True, exist_ok=True)
    words = ["git", "clone", "--quiet", *(["--branch", branch] if branch else []), "--", url, str(partial)]
    # Asked for a password, the program "true" answers nothing: git fails instead of waiting for a person.
    environment = {"GIT_TERMINAL_PROMPT": "0", "GIT_ALLOW_PROTOCOL": protocols, "GIT_ASKPASS": "true"}
    secrets = list[str]()
    if token is not None:
        secrets = [token, base64.b64encode(f"x-access-token:{token}".encode()).decode()]
        environment |= {
            "GIT_CONFIG_COUNT": "1",
            "GIT_CONFIG_KEY_0": f"http.{url}.extraHeader",
            "GIT_CONFIG_VALUE_0": f"Authorization: Basic {secrets[1]}",
        }
    result = await run_command(words, path.parent, timeout=CLONE_SECONDS, environment=environment)
    if result.exit_code:
        await asyncio.to_thread(shutil.rmtree, partial, ignore_errors=True)
        # Masked before it is cut, which could leave a part of a secret.
        words_of_git = SecretMask(secrets).mask_text(result.output.strip())[-300:]
        raise ValueError(f"git clone of {url} failed: {words_of_git}")
    await asyncio.to_thread(shutil.rmtree, path, ignore_errors=True)
    partial.rename(path)
