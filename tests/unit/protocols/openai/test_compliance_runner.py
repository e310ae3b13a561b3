"""The runner of Open Responses' compliance suite: reports, and a missing suite."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from scripts import openresponses


def test_report_is_summarized_as_a_score() -> None:
    outcomes = {"basic-response": "passed", "tool-calling": "failed", "websocket-response": "failed"}
    results = [{"id": name, "status": status, "errors": ["no"]} for name, status in outcomes.items()]
    score = openresponses.Score.from_report("npm says something\n" + json.dumps({"results": results}))
    assert (score.passed, score.failed, score.missing) == (
        ("basic-response",),
        ("tool-calling",),
        ("websocket-response",),
    )
    assert str(score) == "Open Responses: 1 of 2 tests pass; 1 are about what is not offered"
    assert score.reasons[0] == "tool-calling: no"


def test_missing_suite_error_explains_the_fix(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(openresponses.sys, "prefix", str(tmp_path))
    assert openresponses.main(["--repository", str(tmp_path / "nothing")]) == 2
    assert "AGORA_OPENRESPONSES" in capsys.readouterr().err


@pytest.mark.long
@pytest.mark.timeout(600)
def test_suite_passes_over_http() -> None:
    try:
        tree = openresponses.checkout(None)
    except openresponses.Unavailable as reason:
        pytest.skip(str(reason))
    score = openresponses.run(tree, openresponses.install(tree))
    assert not score.failed, score.reasons
    assert len(score.passed) >= 10
