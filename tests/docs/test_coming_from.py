"""The migration page for users of other programs names only routes, commands, settings and files that exist."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import typer.main
from scripts.reference import commands_of

from agora.cli.agenthub import build_application as build_agenthub
from agora.cli.app import build_application
from agora.settings import Settings
from agora_sdk.contract import operations

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "how-to" / "coming-from.md"
METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")
#: routes of protocols that belong to no operation
OTHER = {"POST /", "GET /.well-known/agent-card.json", "GET /health", "GET /health/ready", "GET /health/detail", "GET /monitor",
         "GET /a2a/{agent}/.well-known/agent-card.json", "POST /v1/message:send", "GET /mcp/v1/tools", "POST /mcp/v1/rpc",
         "POST /agent/message", "POST /agents/{agent_id}/agent/message"}  # fmt: skip
PARAMETER = re.compile(r"\{[^}]*\}")


def _named() -> Iterator[str]:
    """Return the code in the second column of the page's tables."""
    for line in PAGE.read_text("utf-8").splitlines():
        cells = line.split(" | ")
        if line.startswith("| ") and len(cells) >= 2:
            yield from re.findall(r"`([^`]+)`", cells[1])


def test_every_named_route_command_setting_and_file_exists() -> None:
    routes = {f"{route.method} {PARAMETER.sub('{}', route.path)}" for each in operations() for route in each.routes}
    routes |= {PARAMETER.sub("{}", path) for path in OTHER}
    commands = {" ".join(path) for path, _ in commands_of(typer.main.get_command(build_application()))}
    commands |= {" ".join(path) for path, _ in commands_of(typer.main.get_command(build_agenthub()), ("agenthub",))}
    commands |= {"codetether", "codetether worker"}
    targets = set(re.findall(r"^([a-z][a-z-]*):", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE))
    names = list(_named())
    assert len(names) > 80  # otherwise the tables were not read
    for name in names:
        first = name.split(" ")[0]
        if first in METHODS:
            assert PARAMETER.sub("{}", name) in routes, name
        elif first in ("agora", "agenthub", "codetether"):
            assert name in commands, name
        elif first == "make":
            assert name.removeprefix("make ") in targets, name
        elif name.startswith("AGORA_"):
            assert name.removeprefix("AGORA_").lower() in Settings.model_fields, name
        else:
            assert (ROOT / name).exists(), name
