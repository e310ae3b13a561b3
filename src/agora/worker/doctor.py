"""Checks of the machine for the worker: installed and logged-in agents, and containers."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from .agents import AGENTS, CodingAgent

__all__ = ["ComponentReport", "examine_docker", "examine_machine"]

MIN_NODE_VERSION = 22
SUBPROCESS_OPTIONS: Any = {
    "capture_output": True,
    "text": True,
    "timeout": 600,
    "stdin": subprocess.DEVNULL,
}  #: seconds
DAEMON_FIELD_BY_LIMIT = {"memory": "MemoryLimit", "processor time": "CPUCfsQuota", "processes": "PidsLimit"}


@dataclass(frozen=True, slots=True)
class ComponentReport:
    """Report on one component. state: description. hints: what to do, one line each."""

    name: str
    title: str
    state: str
    is_installed: bool
    is_ready: bool
    hints: tuple[str, ...] = ()

    def to_document(self) -> dict[str, Any]:
        """Serialize as JSON."""
        return asdict(self)


def examine_machine(environment: Mapping[str, str], home: Path, image: str | None = None) -> list[ComponentReport]:
    """Report on git, Node, Docker and each agent. image: container image, which is tried out."""
    agents = [_examine_agent(agent, environment, home) for agent in AGENTS.values()]
    return [_examine_git(), _examine_node(), examine_docker(image), *agents]


def examine_docker(image: str | None) -> ComponentReport:
    """Check whether ``--isolation docker`` works: the command line, the engine, and a container of the image if one is
    given."""
    if shutil.which("docker") is None:
        hint = "needed by --isolation docker only: https://docs.docker.com/engine/install/"
        return ComponentReport("docker", "Docker", "not installed", False, False, (hint,))
    try:
        information = subprocess.run(["docker", "info", "--format", "{{json .}}"], **SUBPROCESS_OPTIONS)
        engine = json.loads(information.stdout or "{}")
    except (subprocess.TimeoutExpired, ValueError):
        engine = {}
    if not engine.get("ServerVersion"):
        hint = "start the engine, and let this user use it (docker info)"
        return ComponentReport("docker", "Docker", "installed, the engine does not answer", True, False, (hint,))
    hints = [f"without a limit of {name}" for name, key in DAEMON_FIELD_BY_LIMIT.items() if not engine.get(key)]
    state = f"engine {engine['ServerVersion']}"
    if image is None:
        return ComponentReport("docker", "Docker", state, True, True, (*hints, "to try an image: --docker-image"))
    user = f"{os.getuid()}:{os.getgid()}"
    # As restricted as a job: an image may work for root only.
    words = ["docker", "run", "--rm", "--init", "--network", "none", "--user", user, "--cap-drop", "ALL"]
    try:
        trial = subprocess.run([*words, "--entrypoint", "/bin/sh", image, "-c", "command -v git"], **SUBPROCESS_OPTIONS)
    except subprocess.TimeoutExpired:
        return ComponentReport(
            "docker", "Docker", f"{state}, no container of {image} in time", True, False, tuple(hints)
        )
    # 1 and 127 mean that ``command -v`` found no git: the container itself works.
    if trial.returncode not in (0, 1, 127):
        problem = trial.stderr.strip().splitlines()[-1:] or [f"exit code {trial.returncode}"]
        return ComponentReport("docker", "Docker", f"{state}, {image} does not run", True, False, (*hints, *problem))
    if trial.returncode:
        hints.append(f"{image} has no git: agents cannot look at the repository's history")
    return ComponentReport("docker", "Docker", f"ready ({state}, {image})", True, True, tuple(hints))


def _examine_agent(agent: CodingAgent, environment: Mapping[str, str], home: Path) -> ComponentReport:
    program = agent.find_executable()
    if program is None:
        return ComponentReport(agent.name, agent.title, "not installed", False, False, (f"install: {agent.install}",))
    credential = agent.find_credential(environment, home)
    if credential is None:
        hint = f"log in: {agent.login}; or set {' or '.join(agent.credential_variables)}"
        return ComponentReport(
            agent.name, agent.title, f"installed ({program}), no credential found", True, False, (hint,)
        )
    return ComponentReport(agent.name, agent.title, f"ready ({program}, credential {credential})", True, True)


def _examine_git() -> ComponentReport:
    version = _read_version_or_none("git")
    if version is None:
        hint = "install git; without it jobs work in the codebase itself (--isolation none)"
        return ComponentReport("git", "git", "not installed", False, False, (hint,))
    return ComponentReport("git", "git", version, True, True)


def _examine_node() -> ComponentReport:
    version = _read_version_or_none("node")
    if version is None:
        return ComponentReport(
            "node", "Node", "not installed", False, False, ("needed by Claude Code: Node 22 or newer",)
        )
    is_recent = int(version.removeprefix("v").split(".")[0]) >= MIN_NODE_VERSION
    hints = () if is_recent else (f"Claude Code needs Node {MIN_NODE_VERSION} or newer",)
    return ComponentReport("node", "Node", version, True, is_recent, hints)


def _read_version_or_none(program: str) -> str | None:
    path = shutil.which(program)
    if path is None:
        return None
    try:
        result = subprocess.run([path, "--version"], capture_output=True, text=True, timeout=20)
    except (OSError, subprocess.TimeoutExpired):
        return None
    return result.stdout.strip() if result.returncode == 0 else None
