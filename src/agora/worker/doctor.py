"""What a machine lacks for the worker: which agents are installed, logged in, and how to get the others."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from .agents import AGENTS, CodingAgent

__all__ = ["Report", "examine_agents"]

OLDEST_NODE = 22


@dataclass(frozen=True, slots=True)
class Report:
    """What is known of one part. state: in words. hints: what to do, each a line."""

    name: str
    title: str
    state: str
    is_installed: bool
    is_ready: bool
    hints: tuple[str, ...] = ()

    def to_document(self) -> dict[str, Any]:
        """As JSON."""
        return asdict(self)


def examine_agents(environment: Mapping[str, str], home: Path) -> list[Report]:
    """A report of git, of Node, and of each agent."""
    return [_examine_git(), _examine_node(), *(_examine_agent(agent, environment, home) for agent in AGENTS.values())]


def _examine_agent(agent: CodingAgent, environment: Mapping[str, str], home: Path) -> Report:
    program = agent.find_executable()
    if program is None:
        return Report(agent.name, agent.title, "not installed", False, False, (f"install: {agent.install}",))
    credential = agent.find_credential(environment, home)
    if credential is None:
        hint = f"log in: {agent.login}; or set {' or '.join(agent.credential_variables)}"
        return Report(agent.name, agent.title, f"installed ({program}), no credential found", True, False, (hint,))
    return Report(agent.name, agent.title, f"ready ({program}, credential {credential})", True, True)


def _examine_git() -> Report:
    version = _read_version("git")
    if version is None:
        hint = "install git; without it jobs work in the codebase itself (--isolation none)"
        return Report("git", "git", "not installed", False, False, (hint,))
    return Report("git", "git", version, True, True)


def _examine_node() -> Report:
    version = _read_version("node")
    if version is None:
        return Report("node", "Node", "not installed", False, False, ("needed by Claude Code: Node 22 or newer",))
    is_recent = int(version.removeprefix("v").split(".")[0]) >= OLDEST_NODE
    hints = () if is_recent else (f"Claude Code needs Node {OLDEST_NODE} or newer",)
    return Report("node", "Node", version, True, is_recent, hints)


def _read_version(program: str) -> str | None:
    path = shutil.which(program)
    if path is None:
        return None
    result = subprocess.run([path, "--version"], capture_output=True, text=True, timeout=20)
    return result.stdout.strip() if result.returncode == 0 else None
