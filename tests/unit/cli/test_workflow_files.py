"""Workflow files: parsing, and errors with their position."""

from __future__ import annotations

import io
import json
from pathlib import Path

import pytest

from agora.cli.workflow_file import read_workflow_arguments
from agora_sdk.errors import InvalidRequest

GOOD = """
name: nightly
input: {date: 2026-03-01, on: yes, sure: true, none: null}
assigned_agents: [Ada]
steps:
  - extract
  - [transform, Bob]
  - step: load
    payload: &more {to: "${input.date}"}
    for_each: ["a", 2]
  - name: report
    payload:
      <<: *more
      kind: short
"""


def test_yaml_and_json_are_equivalent(tmp_path: Path) -> None:
    (tmp_path / "w.yaml").write_text(GOOD)
    document = read_workflow_arguments(str(tmp_path / "w.yaml"), {})
    assert (document["workflow_name"], document["assigned_agents"]) == ("nightly", ["Ada"])
    assert document["input"] == {"date": "2026-03-01", "on": "yes", "sure": True, "none": None}
    assert document["steps"][3] == {"name": "report", "payload": {"to": "${input.date}", "kind": "short"}}
    (tmp_path / "w.json").write_text(json.dumps({"workflow_name": "x", "steps": ["a"]}))
    assert read_workflow_arguments(str(tmp_path / "w.json"), {"workflow_name": "y", "priority": None}) == {
        "workflow_name": "y",
        "steps": ["a"],
    }
    for text in (GOOD, json.dumps({"name": "x", "steps": ["a"]})):
        assert read_workflow_arguments("-", {}, io.StringIO(text))["steps"]


BAD = {
    "": [("", "an object with 'name' and 'steps' is expected")],
    "- a": [("", "an object with 'name' and 'steps' is expected")],
    "name: [x": [("line 1, column 9", "is not YAML")],
    "name: x\nsteps:\n  - name: a\n    name: b": [("line 4, column 5", "'name' is listed twice")],
    "!!python/object/apply:os.getcwd []": [("line 1, column 1", "could not determine a constructor")],
    "[a]: b": [("line 1, column 1", "unhashable key")],
    "name: x": [("steps", "required")],
    "name: x\nsteps: []": [("steps", "at least 1")],
    "steps: [a]\nretries: 3": [("retries", "unknown; there are workflow_name"), ("workflow_name", "required")],
    "name: x\nsteps: [a]\ninput: {1: 2}": [("input.1", "string")],
    """
name: x
steps:
  - name: first
    depend_on: []
    for_each: 3
  - approval: true
  - name: inner
    workflow: [{name: deep, retries: -1}]
  - name: both
    approval: true
    agent: Ada
""": [
        ("steps[0] (first).for_each", ""),
        ("steps[0] (first).depend_on", "unknown"),
        ("steps[1].name", "required"),
        ("steps[2] (inner).workflow[0] (deep).retries", "greater than or equal to 0"),
        ("steps[3] (both)", "an approval step has no agent"),
    ],
}


@pytest.mark.parametrize(("text", "faults"), BAD.items())
def test_every_error_is_reported_with_its_position(text: str, faults: list[tuple[str, str]], tmp_path: Path) -> None:
    (tmp_path / "w.yaml").write_text(text)
    with pytest.raises(InvalidRequest, match=r"w\.yaml is not a valid workflow") as caught:
        read_workflow_arguments(str(tmp_path / "w.yaml"), {})
    found = {fault["field"]: fault["message"] for fault in caught.value.errors}
    assert found.keys() == dict(faults).keys()
    for place, message in faults:
        assert message in found[place]


@pytest.mark.parametrize("content", [None, b"\xff\xfe\x00"])
def test_unreadable_file_is_refused(content: bytes | None, tmp_path: Path) -> None:
    if content is not None:
        (tmp_path / "w.json").write_bytes(content)
    with pytest.raises(InvalidRequest) as caught:
        read_workflow_arguments(str(tmp_path / "w.json"), {})
    assert caught.value.errors[0]["message"] in ("cannot be read: No such file or directory", "is not UTF-8 text")


def test_invalid_json_is_refused(tmp_path: Path) -> None:
    (tmp_path / "w.json").write_text("{]")
    with pytest.raises(InvalidRequest) as caught:
        read_workflow_arguments(str(tmp_path / "w.json"), {})
    assert "is not JSON" in caught.value.errors[0]["message"]
