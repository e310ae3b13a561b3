"""Third-party A2A and MCP clients, each in a separate environment, against a server process. ``make clients`` records
the results."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pytest

from tests.blackbox.server import ServerProcess
from tests.harness import free_port
from tests.oidc.provider import provider

from .catalogue import CLIENTS, MCP_CLIENTS, Client
from .page import MCP_RESULTS, PAGE, RESULTS, WORKS, read_results, render_page
from .running import PROGRAMS, run_program, serve_mcp_target, serve_targets

__all__ = ["provider"]

RECORD = bool(os.environ.get("AGORA_RECORD_CLIENTS"))


def test_page_shows_the_recorded_results() -> None:
    results = read_results()
    assert list(results) == [client.name for client in CLIENTS]
    sdks = [results[client.name] for client in CLIENTS if "sdk" in client.package]
    assert all(outcome == WORKS for result in sdks for kind in result.values() for outcome in kind.values())
    mcp = read_results(MCP_RESULTS)
    assert list(mcp) == [client.name for client in MCP_CLIENTS]
    assert not [
        (name, *each) for name, result in mcp.items() for each in result.items() if each[1].startswith("failed")
    ]
    assert PAGE.read_text("utf-8") == _render()


@pytest.fixture(scope="module")
def mcp_target(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    with serve_mcp_target(tmp_path_factory.mktemp("mcp")) as server:
        yield server


@pytest.fixture(scope="module")
def protected(provider: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    """A server whose users sign in at the provider."""
    port = free_port()
    settings = {"public_url": f"http://127.0.0.1:{port}", "oidc_issuers": provider, "oidc_client_id": "agora"}
    directory = tmp_path_factory.mktemp("protected") / "data"
    with closing(ServerProcess(directory, port=port, auth_required="true", **settings)) as server:
        yield server.start()


@pytest.mark.long
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("client", CLIENTS, ids=lambda client: client.name)
def test_a2a_client_matches_its_recorded_results(client: Client, tmp_path: Path) -> None:
    command, variables = client.install()
    with serve_targets(tmp_path, a2a_grpc_port=str(free_port()), **client.settings) as targets:
        outcomes = {
            kind: run_program([*command, url, kind, targets.receiver], variables)
            for kind, url in targets.agents.items()
        }
    if RECORD:
        _record(client, outcomes)
    assert outcomes == read_results()[client.name]


@pytest.mark.timeout(1800)
@pytest.mark.parametrize(
    "client",
    # A client that is already installed is run each time; others are installed first.
    [MCP_CLIENTS[0], *(pytest.param(client, marks=pytest.mark.long) for client in MCP_CLIENTS[1:])],
    ids=lambda client: client.name,
)
def test_mcp_client_matches_its_recorded_results(
    client: Client, mcp_target: ServerProcess, protected: ServerProcess
) -> None:
    if client is MCP_CLIENTS[0]:
        assert version(client.package) == client.version
        command, variables = [sys.executable, str(PROGRAMS / client.program)], dict[str, str]()
    else:
        command, variables = client.install()
    token = mcp_target.register(f"Client {client.name}".replace("/", " ")).token
    outcomes = run_program([*command, mcp_target.url, token, protected.url, *client.arguments], variables)
    if RECORD:
        _record_mcp(client, outcomes)
    assert outcomes == read_results(MCP_RESULTS)[client.name]


def _record(client: Client, outcomes: dict[str, dict[str, str]]) -> None:
    _write(RESULTS, CLIENTS, client, outcomes)


def _record_mcp(client: Client, outcomes: dict[str, str]) -> None:
    _write(MCP_RESULTS, MCP_CLIENTS, client, outcomes)


def _write(path: Path, clients: Sequence[Client], client: Client, outcomes: Mapping[str, Any]) -> None:
    results = (read_results(path) if path.exists() else {}) | {client.name: outcomes}
    ordered = {known.name: results[known.name] for known in clients if known.name in results}
    path.write_text(json.dumps(ordered, indent=1) + "\n", "utf-8")
    PAGE.write_text(_render(), "utf-8")


def _render() -> str:
    about_a2a, about_mcp = ({client.name: client.about for client in clients} for clients in (CLIENTS, MCP_CLIENTS))
    return render_page(read_results(), read_results(MCP_RESULTS), about_a2a, about_mcp)
