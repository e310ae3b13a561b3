"""Files of a coding job: files that it adds to its agent's worktree, and paths that it points the agent to."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from pathlib import PurePosixPath
from typing import Any

from agora.core.errors import invalid_field
from agora_sdk.contract.tasks.coding import JOB_TYPE
from agora_sdk.errors import InvalidRequest

__all__ = ["check_job_files"]

FIELD = "files"  #: field of a coding job's payload
MAX_FILES = 50
MAX_PATH_CHARACTERS = 512
MAX_CONTENT_BYTES = 262_144  #: per file
MAX_ID_CHARACTERS = 100
FILE_FIELDS = frozenset({"path", "content", "encoding", "artifact"})


def check_job_files(task_type: str, payload: Mapping[str, Any]) -> None:
    """Check the files of a coding job. Raises InvalidRequest, which names the first invalid one.

    Each is a path in the codebase, or an object: ``path`` with ``content`` (``encoding`` base64 for bytes), or with ``artifact``, an
    object of ``task_id`` and ``artifact_id``.
    """
    if task_type != JOB_TYPE or FIELD not in payload:
        return
    files = payload[FIELD]
    if not isinstance(files, list) or len(files) > MAX_FILES:
        raise _build_invalid_files_error("", f"a list of at most {MAX_FILES} files")
    for index, file in enumerate(files):
        field = f"[{index}]"
        if isinstance(file, Mapping):
            _check_job_file(file, field)
        elif not isinstance(file, str):
            raise _build_invalid_files_error(field, "a path, or an object with path and content or artifact")
        else:
            _check_relative_path(file, field)


def _check_job_file(file: Mapping[str, Any], field: str) -> None:
    if unknown := sorted(set(file) - FILE_FIELDS):
        raise _build_invalid_files_error(
            f"{field}.{unknown[0]}", f"not a field of a file; it has {', '.join(sorted(FILE_FIELDS))}"
        )
    _check_relative_path(file.get("path"), f"{field}.path")
    # By presence, not truth: an empty content makes an empty file.
    if ("content" in file) == ("artifact" in file):
        raise _build_invalid_files_error(field, "give exactly one of content and artifact")
    if "content" in file:
        _check_file_content(file["content"], file.get("encoding", "utf-8"), field)
        return
    artifact = file["artifact"]
    ids = [artifact.get(name) for name in ("task_id", "artifact_id")] if isinstance(artifact, Mapping) else []
    if not ids or not all(isinstance(id, str) and 0 < len(id) <= MAX_ID_CHARACTERS for id in ids):
        raise _build_invalid_files_error(f"{field}.artifact", "an object of task_id and artifact_id")


def _check_file_content(content: Any, encoding: Any, field: str) -> None:
    if encoding not in ("utf-8", "base64"):
        raise _build_invalid_files_error(f"{field}.encoding", "utf-8 or base64")
    if not isinstance(content, str):
        raise _build_invalid_files_error(f"{field}.content", "a text; bytes as base64, with encoding base64")
    try:
        size = len(base64.b64decode(content, validate=True)) if encoding == "base64" else len(content.encode())
    except (binascii.Error, UnicodeEncodeError) as error:
        raise _build_invalid_files_error(f"{field}.content", f"not {encoding}") from error
    if size > MAX_CONTENT_BYTES:
        raise _build_invalid_files_error(
            f"{field}.content", f"at most {MAX_CONTENT_BYTES} bytes; give a larger one as an artifact"
        )


def _check_relative_path(path: Any, field: str) -> None:
    """Require a path that stays below its target directory and is not one of git's own files."""
    if (
        not isinstance(path, str)
        or not 0 < len(path) <= MAX_PATH_CHARACTERS
        or any(ord(letter) < 32 for letter in path)
    ):
        raise _build_invalid_files_error(field, f"a path of at most {MAX_PATH_CHARACTERS} characters")
    parts = PurePosixPath(path).parts
    # A backslash separates directories on Windows, where a worker may run.
    if path.startswith("/") or "\\" in path or ".." in parts or not parts:
        raise _build_invalid_files_error(field, "a relative path below the codebase, without '..'")
    # File systems of Windows and macOS ignore case, and Windows a trailing dot or space: ".GIT." is git's own directory
    # there.
    if any(part.lower().rstrip(". ") == ".git" for part in parts):
        raise _build_invalid_files_error(field, "none of git's own files")


def _build_invalid_files_error(place: str, problem: str) -> InvalidRequest:
    return invalid_field(f"payload.{FIELD}{place}", problem, fix="See the files of a job in the documentation.")
