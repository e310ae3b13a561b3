"""Workflow commands against a real server."""

from __future__ import annotations

import json
import os
import pty
import re
import signal
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from agora_sdk import Agent, PermanentFailure, TaskRun
from tests.processes import spawn_tethered
from tests.unit.cli.background_agents import at_work
from tests.unit.cli.conftest import AGORA, Agora, Served

PIPELINE = """
name: cli_pipeline
input: {parts: [1, 2, 3], gate: true}
steps:
  - {name: extract, agent: CliHand, payload: {parts: "${input.parts}"}}
  - name: transform
    agent: CliHand
    depends_on: [extract]
    for_each: "${steps.extract.result.parts}"
    payload: {part: "${item}"}
  - name: gate
    approval: true
    message: Shall it go on?
    depends_on: [transform]
    when: input.gate
  - name: inner
    depends_on: [gate]
    workflow:
      - {name: load, agent: CliHand}
"""


class Hand(Agent):
    """Executes its tasks, unless told to fail."""

    name = "CliHand"
    max_concurrent_tasks = 4

    async def on_task(self, task: TaskRun) -> Any:
        if task.task_type == "burn":
            raise PermanentFailure("it burnt")
        await task.report(50)
        return task.payload


@pytest.fixture
def hand(served: Served) -> Iterator[None]:
    with at_work(served, Hand):
        yield


@pytest.fixture
def pipeline(tmp_path: Path) -> str:
    (tmp_path / "pipeline.yaml").write_text(PIPELINE)
    return str(tmp_path / "pipeline.yaml")


def test_workflow_is_created_and_watched_to_its_end(hand: None, agora: Agora, pipeline: str) -> None:
    seen = agora("workflow", "create", pipeline, "--input", "gate=false", "--name", "cli_named", "--watch")
    first, *changes = seen.stdout.splitlines()
    workflow_id = first.split()[1]
    assert first == f"running {workflow_id}"
    assert changes[-1] == f"{workflow_id} completed"
    names = [line.split()[1] for line in changes[:-1] if not line.startswith("wf_")]
    assert set(names) == {"extract", "transform", "gate", "inner"}
    assert "3 of 3 parts" in seen.stdout
    assert "skipped" in seen.stdout
    tree = agora("workflow", "status", workflow_id).stdout
    assert tree.splitlines()[0].split()[:2] == ["cli_named", "completed"]
    assert re.search(r"extract +completed .*100%.* s  CliHand", tree)
    assert re.search(r"load +completed", tree), "the steps of the workflow within it"
    chart = agora("workflow", "timeline", workflow_id).stdout
    assert {"extract", "transform[0]", "transform[2]"} <= set(chart.split())
    assert agora("workflow", "diagram", workflow_id).stdout.startswith(("flowchart", "graph"))
    assert "cli_named" in agora("workflow", "list").stdout


def test_workflow_output_as_json(hand: None, answer: Agora, agora: Agora, pipeline: str) -> None:
    receipt = answer("workflow", "create", pipeline, "--input", '{"gate": false}', "--priority", "high")
    watched = agora("workflow", "status", receipt["workflow_id"], "--watch", "--json").stdout.splitlines()
    last = json.loads(watched[-1])
    assert (last["workflow_id"], last["status"]) == (receipt["workflow_id"], "completed")
    told = answer("workflow", "status", receipt["workflow_id"])
    assert (told["status"], told["input"]["gate"]) == ("completed", False)
    assert "mermaid" in answer("workflow", "diagram", receipt["workflow_id"])
    assert answer("workflow", "timeline", receipt["workflow_id"])["spans"]


def test_exit_code_reports_the_failure_of_a_workflow(hand: None, agora: Agora, tmp_path: Path) -> None:
    (tmp_path / "burn.json").write_text(
        '{"name": "cli_burn", "steps": [{"name": "burn", "agent": "CliHand"}, "never"]}'
    )
    seen = agora("workflow", "create", str(tmp_path / "burn.json"), "--watch", exit_code=1)
    assert "it burnt" in seen.stdout
    workflow_id = seen.stdout.split()[1]
    assert agora("workflow", "status", workflow_id, "--watch", exit_code=1).stdout.endswith("failed\n")
    assert "it burnt" in agora("workflow", "status", workflow_id).stdout
    agora("workflow", "status", "wf_" + "0" * 32, "--watch", exit_code=4)
    agora("workflow", "status", "wf_" + "0" * 32, exit_code=4)


def test_errors_of_a_file_are_shown_as_a_table(agora: Agora, tmp_path: Path) -> None:
    (tmp_path / "wrong.yaml").write_text(
        "name: x\nsteps:\n  - {name: a, depends_on: [b]}\n  - {name: b, depends_on: [a]}"
    )
    refused = agora("workflow", "create", str(tmp_path / "wrong.yaml"), exit_code=2)
    assert refused.stdout == ""
    assert "where" in refused.stderr
    assert "cycle" in refused.stderr.lower()
    (tmp_path / "wrong.yaml").write_text("name: x\nsteps: [{name: a, retrys: 3}, {nam: b}]")
    refused = agora("workflow", "create", str(tmp_path / "wrong.yaml"), exit_code=2)
    assert re.search(r"steps\[0\] \(a\)\.retrys +unknown", refused.stderr)
    assert re.search(r"steps\[1\]\.name +Field required", refused.stderr)
    as_json = agora("workflow", "create", str(tmp_path / "wrong.yaml"), "--json", exit_code=2)
    assert len(json.loads(as_json.stderr)["errors"]) == 3


def test_unreadable_file_is_reported_without_a_table_of_places(agora: Agora, tmp_path: Path) -> None:
    refused = agora("workflow", "create", str(tmp_path / "nothing.yaml"), exit_code=2)
    assert "nothing.yaml cannot be read: No such file or directory." in " ".join(refused.stderr.split())
    assert "where" not in refused.stderr
    (tmp_path / "list.yaml").write_text("[1]")
    refused = agora("workflow", "create", str(tmp_path / "list.yaml"), exit_code=2)
    assert "an object with 'name' and 'steps' is expected" in " ".join(refused.stderr.split())
    assert "where" not in refused.stderr


def test_terminal_shows_a_tree_until_the_end(hand: None, agora: Agora, answer: Agora, pipeline: str) -> None:
    workflow_id = answer("workflow", "create", pipeline)["workflow_id"]
    with _on_a_terminal("workflow", "status", workflow_id, "--watch") as screen:
        screen.wait_for("Shall it go on?")
        answer("workflow", "approve", workflow_id, "gate")
        screen.wait_for("completed")
        assert screen.process.wait(60) == 0
    assert "\x1b[" in screen.text, "it is drawn anew in place"
    assert "cli_pipeline" in screen.text


def test_ctrl_c_ends_watch_cleanly(agora: Agora, answer: Agora, tmp_path: Path) -> None:
    (tmp_path / "w.yaml").write_text("{name: cli_waits, steps: [{name: ask, approval: true}]}")
    workflow_id = answer("workflow", "create", str(tmp_path / "w.yaml"))["workflow_id"]
    with _on_a_terminal("workflow", "status", workflow_id, "--watch") as screen:
        screen.wait_for("waits for approval")
        screen.process.send_signal(signal.SIGINT)
        assert screen.process.wait(60) == 0
    assert answer("workflow", "cancel", workflow_id)["status"] == "cancelled"


class _on_a_terminal:  # noqa: N801  (reads as what it does)
    """Runs a command with a terminal as output, and records what it wrote."""

    def __init__(self, *words: str) -> None:
        self._words = words
        self._changed = threading.Condition()
        self.text = ""

    def __enter__(self) -> _on_a_terminal:
        ours, theirs = pty.openpty()
        environ = os.environ | {"TERM": "xterm", "COLUMNS": "120", "LINES": "40", "PYTHONIOENCODING": "utf-8"}
        self.process = spawn_tethered([*AGORA, *self._words], stdout=theirs, stdin=theirs, env=environ)
        os.close(theirs)
        self._ours = ours
        self._reader = threading.Thread(target=self._read)
        self._reader.start()
        return self

    def __exit__(self, *exception: object) -> None:
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        self._reader.join(10)
        os.close(self._ours)

    def wait_for(self, text: str) -> None:
        with self._changed:
            assert self._changed.wait_for(lambda: text in self.text, 60), self.text

    def _read(self) -> None:
        while True:
            try:
                part = os.read(self._ours, 65536)
            except OSError:  # it has closed its end
                return
            with self._changed:
                self.text += part.decode("utf-8", "replace")
                self._changed.notify_all()
