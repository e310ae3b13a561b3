"""The alerts as Prometheus understands them: its own checker, and what each of them does on made-up series."""

from __future__ import annotations

import subprocess
from pathlib import Path

import yaml

from tests.deploy.prometheus import program
from tests.deploy.prometheus_expressions import ALERTS, alerts

CASES = Path(__file__).with_name("alerts_test.yaml")


def _promtool(*words: str | Path) -> None:
    done = subprocess.run([program("promtool"), *map(str, words)], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr


def test_promtool_takes_the_alerts() -> None:
    _promtool("check", "rules", ALERTS)


def test_they_wake_people_when_they_should_and_else_do_not() -> None:
    _promtool("test", "rules", CASES)


def test_every_alert_is_tried_out() -> None:
    cases = yaml.safe_load(CASES.read_text("utf-8"))["tests"]
    tried = [(one["alertname"], bool(one["exp_alerts"])) for case in cases for one in case.get("alert_rule_test", ())]
    assert {name for name, fires in tried if fires} == {name for name, _ in alerts()}
