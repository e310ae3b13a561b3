"""Clients of others, each in an environment of its own, against a server process. ``make clients`` records what they do."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from tests.harness import free_port

from .catalogue import CLIENTS, Client
from .page import PAGE, RESULTS, WORKS, read_results, render_page
from .running import run_program, serve_targets

RECORD = bool(os.environ.get("AGORA_RECORD_CLIENTS"))


def test_the_page_shows_the_recorded_results() -> None:
    results = read_results()
    assert list(results) == [client.name for client in CLIENTS]
    assert PAGE.read_text("utf-8") == render_page(results, {client.name: client.about for client in CLIENTS})
    sdks = [results[client.name] for client in CLIENTS if "sdk" in client.package]
    assert all(outcome == WORKS for result in sdks for kind in result.values() for outcome in kind.values())


@pytest.mark.long
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("client", CLIENTS, ids=lambda client: client.name)
def test_a_client(client: Client, tmp_path: Path) -> None:
    command, variables = client.install()
    with serve_targets(tmp_path, a2a_grpc_port=str(free_port()), **client.settings) as targets:
        outcomes = {kind: run_program(command, targets, kind, variables) for kind in targets.agents}
    if RECORD:
        _record(client, outcomes)
    assert outcomes == read_results()[client.name]


def _record(client: Client, outcomes: dict[str, dict[str, str]]) -> None:
    results = (read_results() if RESULTS.exists() else {}) | {client.name: outcomes}
    ordered = {known.name: results[known.name] for known in CLIENTS if known.name in results}
    RESULTS.write_text(json.dumps(ordered, indent=1) + "\n", "utf-8")
    PAGE.write_text(render_page(ordered, {known.name: known.about for known in CLIENTS}), "utf-8")
