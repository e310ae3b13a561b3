"""The checks of ``agora worker doctor``."""

from __future__ import annotations

from pathlib import Path

import pytest

from agora.worker.doctor import examine_machine


def test_program_that_cannot_be_run_is_reported(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Such as one for another machine; the other checks still run."""
    program = tmp_path / "git"
    program.write_bytes(b"\0")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    reports = {report.name: report for report in examine_machine({}, tmp_path)}
    assert not reports["git"].is_ready
    assert "claude" in reports
