"""Files of a job: written into its worktree, and never outside it, before the agent begins."""

from __future__ import annotations

import base64
import contextlib
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from agora_sdk import PermanentFailure
from agora_sdk.client import AgoraClient
from agora_sdk.errors import NotFound

from .worktree import Workplace

__all__ = ["format_paths_note", "write_file", "write_job_files"]

MAX_ARTIFACT_BYTES = 20_000_000


async def write_job_files(files: Any, place: Workplace, client: AgoraClient) -> list[str]:
    """Write the files of a job and return their paths. Raises PermanentFailure for a file that cannot be read or
    written."""
    written_paths: list[str] = []
    for file in files if isinstance(files, list) else []:
        if not isinstance(file, Mapping):
            continue  # a path of the codebase, which the prompt names
        path = str(file.get("path"))
        content = await _read_content(file, client)
        try:
            # Without a branch of its own, the job works in the owner's checkout, where it replaces no file.
            write_file(place.path, path, content, may_replace=place.branch is not None)
        except (OSError, ValueError) as error:
            raise PermanentFailure(f"The file {path} of the job cannot be written: {error}") from error
        written_paths.append(path)
    return written_paths


def format_paths_note(files: Any) -> str:
    """Describe the files for the prompt; empty without any."""
    paths = [str(file.get("path")) if isinstance(file, Mapping) else str(file) for file in files or []]
    return f"\n\nFiles of this task: {', '.join(paths)}" if paths else ""


def write_file(root: Path, name: str, content: bytes, *, may_replace: bool) -> None:
    """Write a file below a directory. Raises ValueError for a path that leads outside, also through a symbolic link.

    The server has checked the path, but not the content of the repository: each directory is opened relative to its
    parent, without following links. may_replace: whether an existing file may be replaced.
    """
    parts = [part for part in name.split("/") if part not in ("", ".")]
    # Without regard to case: some file systems ignore it, and there .GIT is git's directory as well.
    if not parts or name.startswith("/") or ".." in parts or any(part.lower() == ".git" for part in parts):
        raise ValueError("the path leads outside of the worktree, or to git's own files")
    flags = os.O_WRONLY | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC | (os.O_TRUNC if may_replace else os.O_EXCL)
    directory = os.open(root, os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        for part in parts[:-1]:
            directory = _open_or_create_subdirectory(directory, part)
        descriptor = os.open(parts[-1], flags, 0o644, dir_fd=directory)
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
    finally:
        os.close(directory)


def _open_or_create_subdirectory(directory: int, name: str) -> int:
    """Open a directory below another, which is closed; it is created if missing. Raises OSError for a link."""
    try:
        with contextlib.suppress(FileExistsError):
            os.mkdir(name, 0o755, dir_fd=directory)
        return os.open(name, os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=directory)
    finally:
        os.close(directory)


async def _read_content(file: Mapping[str, Any], client: AgoraClient) -> bytes:
    artifact = file.get("artifact")
    if isinstance(artifact, Mapping):
        return await _read_artifact(client, str(artifact.get("task_id")), str(artifact.get("artifact_id")))
    content = str(file.get("content", ""))
    return base64.b64decode(content) if file.get("encoding") == "base64" else content.encode()


async def _read_artifact(client: AgoraClient, task_id: str, artifact_id: str) -> bytes:
    """Read the text or bytes of an artifact of a task that the worker may see, with its parts in order."""
    pieces: list[bytes] = []
    cursor: str | None = None
    try:
        while True:
            page = await client.task.history(task_id, types=["artifact"], limit=100, cursor=cursor)
            for entry in page.entries:
                data: Any = entry.data
                document = data.get("artifact", {}) if isinstance(data, dict) else {}
                if document.get("artifactId") == artifact_id:
                    content = b"".join(map(_read_part, document.get("parts") or []))
                    # An artifact that is stored again replaces its earlier parts, unless it is appended.
                    pieces = [*pieces, content] if data.get("append") else [content]
            cursor = page.next_cursor
            if cursor is None or sum(map(len, pieces)) > MAX_ARTIFACT_BYTES:
                break
    except NotFound as error:
        raise PermanentFailure(f"The artifact {artifact_id} cannot be read: {error}") from error
    if not pieces:
        raise PermanentFailure(f"{task_id} has no artifact {artifact_id!r} with text or bytes.")
    content = b"".join(pieces)
    if len(content) > MAX_ARTIFACT_BYTES:
        raise PermanentFailure(f"The artifact {artifact_id} is larger than {MAX_ARTIFACT_BYTES} bytes.")
    return content


def _read_part(part: Mapping[str, Any]) -> bytes:
    if isinstance(part.get("text"), str):
        return str(part["text"]).encode()
    return base64.b64decode(part["raw"]) if isinstance(part.get("raw"), str) else b""
