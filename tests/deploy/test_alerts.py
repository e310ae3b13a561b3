"""Prometheus alerts: checked by promtool, and evaluated on synthetic series."""

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


def test_promtool_accepts_the_alerts() -> None:
    _promtool("check", "rules", ALERTS)


def test_alerts_fire_only_when_they_should() -> None:
    _promtool("test", "rules", CASES)


def test_every_alert_has_a_test() -> None:
    cases = yaml.safe_load(CASES.read_text("utf-8"))["tests"]
    tried = [(one["alertname"], bool(one["exp_alerts"])) for case in cases for one in case.get("alert_rule_test", ())]
    assert {name for name, fires in tried if fires} == {name for name, _ in alerts()}
