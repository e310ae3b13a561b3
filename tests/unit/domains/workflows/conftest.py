"""Fixtures of the tests of workflow limits, shared with those of task limits."""

from __future__ import annotations

from tests.unit.domains.tasks.conftest import app, client, place, unchanged

__all__ = ["app", "client", "place", "unchanged"]
