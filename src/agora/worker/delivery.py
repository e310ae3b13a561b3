"""Delivery of an approved branch: it is merged, pushed, proposed as a pull request, or stored as a patch.

Each step is idempotent: an attempt after a killed worker detects the steps that are already done. Nothing is forced or
deleted: a merge that conflicts, or would overwrite uncommitted files of the codebase, is not started, and the branch
stays.
"""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from agora_sdk import AgoraError, PermanentFailure, TaskRun
from agora_sdk.client import AgoraClient

from .codebases import Codebase
from .forges import ForgeError, PullRequest, build_git_credentials, require_forge
from .registry import CodebaseRegistry
from .review import read_current_branch
from .subprocesses import CommandError, run_checked, run_command
from .worktree import COMMITTER_IDENTITY

__all__ = ["DELIVERY_TYPE", "deliver_branch"]


DELIVERY_TYPE = "coding.delivery"
PUSH_SECONDS = 600.0
MAX_PATCH_CHARACTERS = 900_000
MAX_PATCH_BYTES = 4 * MAX_PATCH_CHARACTERS  #: as UTF-8; a larger file is not read


@dataclass(frozen=True, slots=True)
class Delivery:
    """An approved branch. head: the reviewed commit."""

    job_id: str
    action: str
    branch: str
    base: str
    head: str
    target: str
    title: str
    body: str
    pull_request: str | None

    @classmethod
    def from_payload(cls, payload: Mapping[str, Any]) -> Delivery:
        """Parse a payload. Raises PermanentFailure for an incomplete one."""
        values = {name: payload.get(name) for name in cls.__slots__}
        required = ("job_id", "action", "branch", "base", "head")
        if not all(isinstance(values[name], str) and values[name] for name in required):
            raise PermanentFailure(f"The payload of a delivery needs {', '.join(required)}.")
        texts = {name: str(value or "") for name, value in values.items()}
        return cls(**texts | {"pull_request": texts["pull_request"] or None})  # type: ignore[arg-type]


@dataclass(frozen=True, slots=True)
class DeliveryReport:
    """The outcome, as ``agora.review.conclude`` takes it."""

    outcome: str
    error: str | None = None
    conflicts: tuple[str, ...] = ()
    pull_request: str | None = None


async def deliver_branch(
    run: TaskRun, client: AgoraClient, registry: CodebaseRegistry, merge_lock: asyncio.Lock
) -> Any:
    """Deliver an approved branch and report the outcome. merge_lock: held while the codebase is
    changed."""
    delivery = Delivery.from_payload(run.payload)
    codebase = await registry.resolve_codebase(client, str(run.payload.get("codebase_id")))
    if codebase is None:
        raise PermanentFailure(f"This worker has no codebase {run.payload.get('codebase_id')!r}.")
    try:
        async with merge_lock:
            report = await _deliver_reviewed_commit(delivery, codebase, run)
    except (CommandError, ForgeError) as error:
        report = DeliveryReport("failed", str(error)[:4000])
    await client.review.conclude(
        delivery.job_id,
        run.task_id,
        run.fencing_token,
        report.outcome,  # type: ignore[arg-type]
        conflicts=list(report.conflicts),
        pull_request=report.pull_request,
        error=report.error,
    )
    if report.outcome == "failed":
        raise PermanentFailure(report.error or "The delivery has failed.")
    return {"outcome": report.outcome, "branch": delivery.branch, "commit": delivery.head} | (
        {"pull_request": report.pull_request} if report.pull_request else {}
    )


async def _deliver_reviewed_commit(delivery: Delivery, codebase: Codebase, run: TaskRun) -> DeliveryReport:
    head = await run_checked(["git", "rev-parse", "--verify", f"refs/heads/{delivery.branch}"], codebase.path)
    if head != delivery.head:
        # Reviewed and delivered commits must be the same: the agent could have committed after the approval.
        return DeliveryReport(
            "failed", f"{delivery.branch} is at {head} and not at {delivery.head}, which was approved."
        )
    match delivery.action:
        case "merge":
            return await _merge_branch(delivery, codebase)
        case "push":
            await _push_branch(delivery, codebase)
            return DeliveryReport("pushed")
        case "pull_request":
            return await _push_and_open_pull_request(delivery, codebase)
        case "patch":
            return await _store_patch_artifact(delivery, codebase, run)
    return DeliveryReport("failed", f"The worker knows no delivery {delivery.action!r}.")


# -- merging ----------------------------------------------------------------------------------------------


async def _merge_branch(delivery: Delivery, codebase: Codebase) -> DeliveryReport:
    path, current = codebase.path, await read_current_branch(codebase.path)
    target = delivery.target or current
    if not target:
        return DeliveryReport("failed", f"{path} is at no branch: name the target.")
    tip = await run_checked(["git", "rev-parse", "--verify", f"refs/heads/{target}"], path)
    if (await run_command(["git", "merge-base", "--is-ancestor", delivery.head, tip], path)).exit_code == 0:
        return DeliveryReport("merged")  # by an earlier attempt
    # Merged in the object database first: a conflict is found without touching the checkout.
    command = ["git", "merge-tree", "--write-tree", "--name-only", "-z", tip, delivery.head]
    merged = await run_command(command, path, separates_errors=True)
    fields = merged.output.split("\0")
    if merged.exit_code == 1:
        names = fields[1 : fields.index("", 1)] if "" in fields[1:] else fields[1:]
        return DeliveryReport("conflicted", conflicts=tuple(dict.fromkeys(names))[:1000])
    if merged.exit_code:
        return DeliveryReport("failed", f"git merge-tree failed: {(merged.output + merged.errors)[:2000]}")
    message = delivery.title or f"Merge {delivery.branch}"
    if target == current:
        return await _merge_into_checkout(delivery, path, message)
    # Moving a branch under a checkout would make its files look like changes that undo the merge.
    if f"branch refs/heads/{target}\n" in await run_checked(["git", "worktree", "list", "--porcelain"], path) + "\n":
        return DeliveryReport(
            "failed", f"{target} is checked out in another worktree; merge there, or push the branch."
        )
    parents = ["-p", tip, "-p", delivery.head]
    commit = await run_checked(["git", *COMMITTER_IDENTITY, "commit-tree", *parents, "-m", message, fields[0]], path)
    # Only if the branch is still at the tip: a commit that was made meanwhile is not lost.
    await run_checked(["git", "update-ref", f"refs/heads/{target}", commit, tip], path)
    return DeliveryReport("merged")


async def _merge_into_checkout(delivery: Delivery, path: Path, message: str) -> DeliveryReport:
    """Merge into the branch that is checked out. Git refuses to overwrite uncommitted changes."""
    if (await run_command(["git", "rev-parse", "--verify", "-q", "MERGE_HEAD"], path)).exit_code == 0:
        return DeliveryReport("failed", f"Somebody merges in {path}: finish that, then approve again.")
    # Never a fast-forward: the same history as that of a target that is not checked out (_merge_branch).
    command = ["git", *COMMITTER_IDENTITY, "merge", "--no-ff", "--no-verify", "-m", message, delivery.head]
    result = await run_command(command, path)
    if result.exit_code == 0:
        return DeliveryReport("merged")
    if (await run_command(["git", "rev-parse", "--verify", "-q", "MERGE_HEAD"], path)).exit_code == 0:
        await run_command(["git", "merge", "--abort"], path)
    return DeliveryReport("failed", f"The merge was refused: {result.output.strip()[:3000]}")


# -- remotes ----------------------------------------------------------------------------------------------


async def _push_branch(delivery: Delivery, codebase: Codebase) -> None:
    """Push the branch, never by force. Raises CommandError."""
    remote = await run_checked(["git", "config", "--get", "remote.origin.url"], codebase.path)
    # By commit and not by branch: what was approved is pushed, even if the branch has moved since the check above.
    command = ["git", "push", "--no-verify", "origin", f"{delivery.head}:refs/heads/{delivery.branch}"]
    environment = {"GIT_TERMINAL_PROMPT": "0", **build_git_credentials(remote)}
    result = await run_command(command, codebase.path, timeout=PUSH_SECONDS, environment=environment)
    if result.exit_code:
        raise CommandError(f"git push failed: {result.output.strip()[-3000:]}")


async def _push_and_open_pull_request(delivery: Delivery, codebase: Codebase) -> DeliveryReport:
    """Push the branch, and open or update its pull request. Raises CommandError, ForgeError."""
    forge = require_forge(codebase.repository)
    await _push_branch(delivery, codebase)
    target = delivery.target or await read_current_branch(codebase.path)
    request = PullRequest(delivery.branch, target, delivery.title or delivery.branch, delivery.body)
    address = await asyncio.to_thread(forge.open_or_update_pull_request, request)
    return DeliveryReport("proposed", pull_request=address)


async def _store_patch_artifact(delivery: Delivery, codebase: Codebase, run: TaskRun) -> DeliveryReport:
    with tempfile.TemporaryDirectory() as directory:
        file = Path(directory) / "patch"
        commit_range = f"{delivery.base}..{delivery.head}"
        await run_checked(["git", "format-patch", "--binary", f"--output={file}", commit_range], codebase.path)
        size = file.stat().st_size
        if size > MAX_PATCH_BYTES:
            return DeliveryReport("failed", f"The patch has {size} bytes: push the branch instead.")
        patch = file.read_text(errors="replace")
    if len(patch) > MAX_PATCH_CHARACTERS:
        return DeliveryReport("failed", f"The patch has {len(patch)} characters: push the branch instead.")
    name = delivery.branch.replace("/", "-") + ".patch"
    # PostgreSQL has no NUL in a text.
    part = {"text": patch.replace("\x00", ""), "mediaType": "text/x-patch", "filename": name}
    try:
        await run.artifact([part], name="patch", artifact_id="patch")
    except AgoraError as error:
        return DeliveryReport("failed", f"The patch is rejected: {error}")
    return DeliveryReport("patched")
