"""The Prometheus expressions of the dashboard and of the alerts."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import yaml

__all__ = ["ALERTS", "DASHBOARD", "alerts", "expressions"]

DEPLOY = Path(__file__).parents[2] / "deploy"
ALERTS = DEPLOY / "prometheus" / "alerts.yaml"
DASHBOARD = DEPLOY / "grafana" / "agora.json"


def alerts() -> Iterator[tuple[str, str]]:
    """Yield name and expression of each alert."""
    for group in yaml.safe_load(ALERTS.read_text("utf-8"))["groups"]:
        for rule in group["rules"]:
            yield rule["alert"], rule["expr"]


def expressions() -> Iterator[tuple[str, str]]:
    """Yield location and expression."""
    yield from alerts()
    for panel in json.loads(DASHBOARD.read_text("utf-8"))["panels"]:
        for target in panel.get("targets", ()):
            yield panel["title"], target["expr"]
