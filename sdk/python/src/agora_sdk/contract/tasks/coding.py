"""Translation of request documents of coding agents' clients and workers to arguments of the task operations."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

__all__ = [
    "CLEANING_TYPE",
    "DELIVERY_TYPE",
    "JOB_TYPE",
    "coding_task_to_arguments",
    "worker_claim_to_arguments",
    "worker_output_to_arguments",
    "worker_renewal_to_arguments",
    "worker_status_to_arguments",
]

JOB_TYPE = "coding.job"
CLEANING_TYPE = "coding.cleaning"  #: removal of worktrees from the worker's disk
DELIVERY_TYPE = "coding.delivery"  #: delivery of an approved branch: merge, push, pull request or patch
#: fields of a job's payload; the others belong to the task
PAYLOAD = ("title", "prompt", "codebase_id", "codebase", "agent_type", "files", "scopes", "profile")
#: arguments with another name
RENAMED = {"target_agent_name": "assignee", "deadline_at": "deadline", "model": "required_model"}
LOW, HIGH, URGENT = 0, 1, 10  #: priorities as numbers: below 0 low, 0 normal, 1 to 9 high, from 10 urgent


def coding_task_to_arguments(document: Any) -> Any:
    """Translate a coding task (``prompt``, with title, codebase_id, agent_type ...) to arguments of
    ``agora.task.assign``.

    It requires the capability ``codebase:ID``, which workers with the codebase have.
    """
    if not isinstance(document, Mapping) or "prompt" not in document or "task_type" in document:
        return document
    arguments = {RENAMED.get(name, name): value for name, value in document.items() if name not in PAYLOAD}
    payload = {name: document[name] for name in PAYLOAD if document.get(name) is not None}
    required = arguments.get("required_capabilities") or []
    codebase = document.get("codebase_id") or document.get("codebase")
    if isinstance(codebase, str) and isinstance(required, list) and not document.get("target_agent_name"):
        arguments["required_capabilities"] = list(dict.fromkeys([*required, f"codebase:{codebase}"]))
    profile = document.get("profile")
    if isinstance(profile, str) and isinstance(required, list):
        needed = arguments.get("required_capabilities") or required
        arguments["required_capabilities"] = list(dict.fromkeys([*needed, f"profile:{profile}"]))
    priority = arguments.get("priority")
    if isinstance(priority, int) and not isinstance(priority, bool):
        arguments["priority"] = _priority_word(priority)
    present = {name: value for name, value in arguments.items() if value is not None}
    return {"task_type": JOB_TYPE, "payload": payload, **present}


def _priority_word(number: int) -> str:
    if number >= URGENT:
        return "urgent"
    return "high" if number >= HIGH else "normal" if number >= LOW else "low"


def worker_status_to_arguments(document: Any) -> Any:
    """Translate the status ``running`` to ``in_progress``. The credential, not ``worker_id``, determines who may
    write."""
    if not isinstance(document, Mapping):
        return document
    rest = {name: value for name, value in document.items() if name != "worker_id"}
    return rest | {"status": "in_progress"} if rest.get("status") == "running" else rest


def worker_output_to_arguments(document: Any) -> Any:
    """Translate a worker's ``{worker_id, output}`` to arguments of ``agora.task.append``."""
    if not isinstance(document, Mapping) or "output" not in document or "content" in document:
        return document
    rest = {name: value for name, value in document.items() if name not in ("worker_id", "output")}
    return rest | {"content": document["output"]}


def worker_claim_to_arguments(document: Any) -> Any:
    """Translate a claim with ``worker_id`` instead of ``worker``."""
    if not isinstance(document, Mapping) or "worker_id" not in document or "worker" in document:
        return document
    rest = {name: value for name, value in document.items() if name != "worker_id"}
    return rest | {"worker": document["worker_id"]}


def worker_renewal_to_arguments(document: Any) -> Any:
    """Translate a worker's task heartbeat; its ``worker_id`` is redundant beside the fencing token."""
    if not isinstance(document, Mapping) or "worker_id" not in document:
        return document
    return {name: value for name, value in document.items() if name != "worker_id"}
