"""Registration of pending codebases: workers are asked in turn until one confirms that it has the path or the clone.

The question is a task, ``register_codebase``, that requires the capability ``codebase:__pending__``. A worker that
declines is not asked again; when all have declined, the codebase is refused with their reasons, and its task fails. If
a worker dies without an answer, the next one is asked; if none is left, the codebase is refused. Jobs for the codebase
wait meanwhile, because no worker has its capability.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta

from agora.clock import SECOND, new_id, to_datetime
from agora.core.call import Call, decode_json, encode_json
from agora.core.errors import not_found
from agora.core.ports import CREDENTIAL_SEALER
from agora.domains.tasks import queries as tasks
from agora.domains.tasks.access import lock_held_task
from agora.domains.tasks.draft import TaskDraft
from agora.domains.tasks.queues import build_queue_name
from agora.domains.tasks.records import TaskRow, WorkerRow
from agora.domains.tasks.service import TaskService
from agora.domains.tasks.transitions import end_task, reassign_task
from agora.store.port import write_record
from agora.value_classes import value_class
from agora_sdk.contract import codebases as contract
from agora_sdk.contract.fields import JsonObject, TaskStatus
from agora_sdk.errors import Conflict, InvalidRequest, field_error

from . import queries as statements
from .records import CODEBASES, CodebaseRow
from .worker_capabilities import MAX_SILENCE_SECONDS, ONLINE_SECONDS, build_codebase_capability

__all__ = [
    "NewCodebase",
    "build_codebase_row",
    "confirm_codebase",
    "create_pending_and_ask_workers",
    "decline_codebase",
    "decrypt_clone_credential",
    "reassign_or_refuse_question",
]

PENDING_CODEBASE = "__pending__"  #: worker id of a codebase without a worker
REGISTRATION_TYPE = "register_codebase"  #: type of the task that asks workers
QUESTION_SECONDS = 600  #: lifetime of the question
MAX_WORKERS = 100  #: maximum number of workers asked


@value_class(kw_only=True)
class NewCodebase:
    """Request to register a codebase."""

    name: str
    path: str | None
    repository: str | None
    description: str
    git_url: str | None
    branch: str | None
    git_token: str | None
    agent_config: Mapping[str, str]


def build_codebase_row(call: Call, request: NewCodebase, worker: WorkerRow | None) -> CodebaseRow:
    """Build the row of a new codebase; without a worker it is pending."""
    codebase_id = new_id("cb")
    place = f"{request.git_url}#{request.branch or ''}" if request.git_url else request.path
    return CodebaseRow(
        tenant_id=call.caller.tenant,
        codebase_id=codebase_id,
        worker_id=PENDING_CODEBASE if worker is None else worker.worker_id,
        owner=call.caller.subject if worker is None else worker.owner,
        name=request.name,
        path=str(place),
        repository=request.repository,
        description=request.description,
        registered_at=call.now,
        updated_at=call.now,
        stand_ins="[]",
        watching=1,
        watch_interval=5,
        state="ready",
        problem=None,
        git_url=request.git_url,
        branch=request.branch,
        sealed_token=None,
        agent_config=encode_json(dict(request.agent_config)),
        registration_task=None,
        declined="[]",
        review_limit=0,
    )


async def create_pending_and_ask_workers(call: Call, request: NewCodebase, worker: WorkerRow | None) -> CodebaseRow:
    """Create a pending codebase and ask workers for it. Idempotent while it is pending.

    worker: the only one to ask; None: any. Raises InvalidRequest, Conflict if no worker is available.
    """
    if (request.path is None) == (request.git_url is None) or (request.git_url is None and request.branch is not None):
        raise InvalidRequest(
            "A codebase is at a path of a worker's machine, or is cloned from git_url (with branch).",
            fix="Give path, or git_url.",
            errors=[field_error("path", "give exactly one of path and git_url")],
        )
    row = build_codebase_row(call, request, None)
    # All pending codebases share one worker id, so the unique key of worker and path makes a location pending once.
    existing = await call.tx.one(statements.select_codebase_by_path, worker_id=PENDING_CODEBASE, path=row.path)
    if existing is not None and existing.owner != call.caller.subject:
        raise Conflict(
            "Another caller has already requested that location.", fix="See GET /v1/agent/codebases for its state."
        )
    if existing is not None:
        if await _is_question_open(call, existing):
            return existing
        # Refused, or its question has expired: the new request replaces it.
        await call.tx.execute(statements.delete_codebase, codebase_id=existing.codebase_id)
    # Otherwise any worker of the marketplace that takes the question could read the token.
    if request.git_token is not None and worker is None:
        raise InvalidRequest(
            "A token is passed only to a worker that you name.",
            fix="Give worker_id, too.",
            errors=[field_error("git_token", "needs worker_id")],
        )
    if worker is None and not await _find_undeclined_workers(call, ()):
        raise Conflict(
            "No worker that takes codebases is online.",
            fix="Start one there: agora worker run --codebases DIR. Or name a worker of yours: worker_id.",
        )
    if request.git_token is not None:
        sealer = call.context.ports.get(CREDENTIAL_SEALER)
        row.sealed_token = sealer.seal(request.git_token.encode(), _seal_context(row))
    values = {"name": request.name, "path": request.path, "git_url": request.git_url, "branch": request.branch}
    payload: JsonObject = {"codebase_id": row.codebase_id, **{key: text for key, text in values.items() if text}}
    receipt = await TaskService(call).assign(
        REGISTRATION_TYPE,
        payload,
        None if worker is None else f"worker:{worker.worker_id}",
        to_datetime(call.now) + timedelta(seconds=QUESTION_SECONDS),
        required_capabilities=[build_codebase_capability(PENDING_CODEBASE)],
        # Each worker that is asked is an attempt.
        max_attempts=MAX_WORKERS,
    )
    row.state, row.registration_task = "pending", receipt.task_id
    call.tx.append(CODEBASES, row)
    return row


async def confirm_codebase(
    call: Call, row: CodebaseRow, worker: WorkerRow, task: tuple[str, int], path: str, repository: str | None
) -> CodebaseRow:
    """Assign a codebase to the worker that has confirmed it. task: id and fencing token of the question.

    Raises NotFound, StaleLease, Conflict.
    """
    await _lock_held_question(call, row, *task)
    # A clone may have been placed where another codebase of the worker is.
    other = await call.tx.one(statements.select_codebase_by_path, worker_id=worker.worker_id, path=path)
    if other is not None and other.codebase_id != row.codebase_id:
        raise Conflict(
            f"{path} is {other.codebase_id} of this worker already.",
            fix="Decline it, and name that codebase as the reason.",
        )
    row.worker_id, row.owner, row.path, row.repository = worker.worker_id, worker.owner, path, repository
    row.state, row.registration_task, row.problem = "ready", None, None
    await call.tx.execute(
        statements.confirm_codebase,
        codebase_id=row.codebase_id,
        worker_id=worker.worker_id,
        owner=worker.owner,
        path=path,
        repository=repository,
        now=call.now,
    )
    data = {"codebase_id": row.codebase_id, "name": row.name, "state": row.state}
    call.emit("agora.codebase.updated", data, subject=row.codebase_id, audience=(worker.owner,))
    return row


async def decline_codebase(call: Call, row: CodebaseRow, task_id: str, token: int, reason: str) -> CodebaseRow:
    """Record that a worker has declined: ask the next one, or refuse the codebase. Raises NotFound, StaleLease."""
    draft = await _lock_held_question(call, row, task_id, token)
    is_asked_alone = _is_asked_alone(row, draft.row)
    # An agent may claim without a worker; it is then remembered by its id.
    row.declined = encode_json([*decode_json(row.declined), draft.row.worker or draft.row.holder])
    row.problem = _join_reasons(row.problem, reason)
    candidates = [] if is_asked_alone else await _find_undeclined_workers(call, decode_json(row.declined))
    if candidates:
        await _reassign_question(call, row, draft, candidates[0], reason)
    else:
        await _refuse_codebase_and_end_question(call, row, draft)
    return row


async def reassign_or_refuse_question(call: Call, codebase_id: str) -> bool:
    """Ask another worker in place of a silent one, or refuse a codebase whose question can no longer be answered.

    Returns whether anything has changed.
    """
    row = await call.tx.one(statements.lock_codebase, codebase_id=codebase_id)
    if row is None or row.state != "pending":
        return False
    # The codebase is locked before its task, as in _lock_codebase and _lock_held_question.
    task = await call.tx.one(tasks.lock_task, task_id=row.registration_task or "")
    if task is None or task.completed_at is not None:
        end = "gone" if task is None else task.status
        row.problem = _join_reasons(row.problem, f"The task that asked workers is {end}.")
        await _refuse_codebase_and_end_question(call, row, None)
        return True
    # A worker that holds the question loses it by its lease; a named one has until the question's deadline.
    if task.holder is not None or _is_asked_alone(row, task):
        return False
    draft, asked_worker = TaskDraft(call, task), (task.assignee or "").removeprefix("worker:")
    candidates = await _find_undeclined_workers(call, decode_json(row.declined))
    seen = [worker for worker in candidates if worker.last_seen >= call.now - MAX_SILENCE_SECONDS * SECOND]
    if asked_worker and seen and all(worker.worker_id != asked_worker for worker in seen):
        await _reassign_question(call, row, draft, seen[0], f"{asked_worker} is silent; another worker is asked")
        return True
    if candidates:  # seen recently: it may still answer
        return False
    row.problem = _join_reasons(row.problem, "No worker that could be asked is online any more.")
    await _refuse_codebase_and_end_question(call, row, draft)
    return True


def _is_asked_alone(row: CodebaseRow, task: TaskRow) -> bool:
    """Whether the question is only for the worker that the caller has named."""
    # Only after a refusal is a question addressed to one worker after the other: without one, the caller has named it.
    return task.assignee is not None and not decode_json(row.declined)


def _join_reasons(problem: str | None, reason: str) -> str:
    return "; ".join(filter(None, (problem, reason)))[:2000]


async def _reassign_question(call: Call, row: CodebaseRow, draft: TaskDraft, worker: WorkerRow, reason: str) -> None:
    """Assign the question of a codebase to one worker."""
    await write_record(call.tx, statements.update_declined, row)
    lane = f"worker:{worker.worker_id}"
    await reassign_task(draft, build_queue_name(lane, REGISTRATION_TYPE), worker.owner, lane, reason)


async def _refuse_codebase_and_end_question(call: Call, row: CodebaseRow, draft: TaskDraft | None) -> None:
    """Refuse a codebase that no worker has. draft: its question, None if that has ended."""
    row.state, row.registration_task = "refused", None
    await write_record(call.tx, statements.refuse_codebase, row, now=call.now)
    call.target = row.codebase_id
    if draft is not None:
        await end_task(draft, TaskStatus.FAILED, error=f"No worker takes {row.name}: {row.problem}")


async def decrypt_clone_credential(
    call: Call, row: CodebaseRow, task_id: str, token: int
) -> contract.CodebaseCredential:
    """Decrypt the clone credential for the worker that is being asked. Raises NotFound, StaleLease, Conflict."""
    await _lock_held_question(call, row, task_id, token)
    if row.git_url is None:
        raise Conflict(f"{row.codebase_id} is a path and is not cloned.", fix="Check whether the path exists.")
    try:
        sealer = call.context.ports.get(CREDENTIAL_SEALER)
        opened = sealer.open(bytes(row.sealed_token), _seal_context(row)).decode() if row.sealed_token else None
    except ValueError as error:
        raise Conflict(
            "The token was encrypted with another key of the server.", fix="Remove the codebase, and register it again."
        ) from error
    return contract.CodebaseCredential(
        codebase_id=row.codebase_id, git_url=row.git_url, branch=row.branch, token=opened
    )


async def _is_question_open(call: Call, row: CodebaseRow) -> bool:
    """Whether workers are still being asked for a codebase: its task has not ended."""
    if row.state != "pending" or row.registration_task is None:
        return False
    task = await call.tx.one(tasks.select_task, task_id=row.registration_task)
    return task is not None and task.completed_at is None


async def _lock_held_question(call: Call, row: CodebaseRow, task_id: str, token: int) -> TaskDraft:
    """Lock the question of a codebase, held by the caller. Raises NotFound, StaleLease."""
    if row.registration_task != task_id:
        raise not_found(
            "task_id", f"{task_id} does not ask for {row.codebase_id}.", fix="Give the task that you have claimed."
        )
    draft = await lock_held_task(call, task_id, token)
    call.target = row.codebase_id
    return draft


async def _find_undeclined_workers(call: Call, declined: Sequence[str | None]) -> list[WorkerRow]:
    """Find online workers that take codebases and have not declined."""
    seen_since = call.now - ONLINE_SECONDS * SECOND
    rows = await call.tx.all(statements.select_workers_to_ask, seen_since=seen_since, limit=MAX_WORKERS)
    return [row for row in rows if row.worker_id not in declined and row.owner not in declined]


def _seal_context(row: CodebaseRow) -> str:
    # Authenticated with the ciphertext: a token copied to another row cannot be decrypted.
    return f"{row.tenant_id}/codebase/{row.codebase_id}"
