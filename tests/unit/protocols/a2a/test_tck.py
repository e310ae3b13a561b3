"""The runner of A2A's technology compatibility kit: reports, explained failures, and a missing kit."""

from __future__ import annotations

from pathlib import Path

import pytest
from scripts import tck_a2a


def test_missing_kit_error_explains_the_fix(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(tck_a2a.sys, "prefix", str(tmp_path))
    assert tck_a2a.main(["1.0", "--repository", str(tmp_path / "nothing")]) == 2
    assert "AGORA_A2A_TCK" in capsys.readouterr().err
    with pytest.raises(SystemExit):
        tck_a2a.main(["2.0"])


def test_failures_of_a_report_are_compared_with_the_page(tmp_path: Path) -> None:
    report = tmp_path / "report.xml"
    known = "TestGrpcStatusCodes::test_version_not_supported_returns_unimplemented"
    classname, _, name = known.partition("::")
    report.write_text(
        "<testsuites><testsuite>"
        f'<testcase classname="tests.{classname}" name="{name}"><failure/></testcase>'
        '<testcase classname="tests.Other" name="test_a"/>'
        '<testcase classname="tests.Other" name="test_b[jsonrpc]"><error/></testcase>'
        '<testcase classname="tests.Other" name="test_c"><skipped type="pytest.xfail"/></testcase>'
        '<testcase classname="tests.Other" name="test_d"><skipped type="pytest.skip"/></testcase>'
        "</testsuite></testsuites>"
    )
    score = tck_a2a.Score("1.0")
    tck_a2a.read_report(report, score)
    assert (score.passed, score.skipped, score.xfailed) == (1, 1, ["Other::test_c"])
    assert [name for name in score.failed if name not in tck_a2a.explained()] == ["Other::test_b[jsonrpc]"]
    assert str(score) == "A2A TCK 1.0: 1 of 4 tests pass, 1 recommended ones fail (1 do not apply)"
    assert len(tck_a2a.explained()) == 2
