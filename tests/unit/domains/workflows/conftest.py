"""Fixtures of the tests of a workflow's limits: those of a task's limits, whose marketplace they share."""

from __future__ import annotations

from tests.unit.domains.tasks.conftest import app, client, place, unchanged

__all__ = ["app", "client", "place", "unchanged"]
