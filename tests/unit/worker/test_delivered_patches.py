"""Patches of approved branches of a real repository."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path
from typing import cast

import pytest

from agora.worker import delivery
from agora.worker.codebases import Codebase
from agora_sdk import TaskRun
from tests.blackbox.coding_worker import GIT, create_repository


async def test_patch_of_a_large_file_is_refused_unread(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    repository = create_repository(tmp_path / "api", file="x")
    (repository / "large").write_bytes(os.urandom(delivery.MAX_PATCH_BYTES))
    subprocess.run(["git", "add", "."], cwd=repository, check=True)
    subprocess.run([*GIT, "commit", "-qm", "large"], cwd=repository, check=True)
    order = delivery.Delivery("job", "patch", "branch", "HEAD~1", "HEAD", "", "", "", None)

    def read_text(path: Path, **_options: str) -> str:
        raise AssertionError(f"{path} is read")

    monkeypatch.setattr(Path, "read_text", read_text)
    nobody = cast("TaskRun", None)  # which nothing is delivered to
    report = await delivery._store_patch_artifact(order, Codebase.from_directory(repository), nobody)
    assert report.outcome == "failed"
    assert "push the branch instead" in str(report.error)
