"""Options of the docker engine."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from agora.runtimes.builds.tree import Bounds
from agora.runtimes.process.options import BUILD_VARIABLES, build_search_path

__all__ = ["Options"]


@dataclass(frozen=True, slots=True)
class Options:
    """root: directory of what the engine keeps beside the containers: logs, notes, builds. installation: id of the server.

    host: URL of the Docker Engine; None: where Docker's own client would look. sources: directories whose content may be
    built. ports: first and last of this machine that may be published. publish: address they are published at.
    python_image, node_image: what sources without a Dockerfile are built on. pull: ``always`` asks the registry each time,
    with the credentials of whoever asks; ``missing`` takes what is there. read_only: whether root file systems are.
    build_timeout: seconds. builds: how many at once. keep_builds: seconds that an unused one is kept.
    log_size: bytes of output kept for an instance. pids: processes of an instance that names no limit.
    scratch: bytes of ``/tmp``. private_networks: whether repositories may be at private addresses.
    """

    root: Path
    installation: str
    host: str | None = None
    sources: tuple[Path, ...] = ()
    ports: tuple[int, int] = (20_000, 29_999)
    publish: str = "127.0.0.1"
    python_image: str = "python:3.12-slim"
    node_image: str = "node:22-slim"
    pull: Literal["always", "missing"] = "always"
    read_only: bool = True
    build_timeout: float = 900.0
    builds: int = 2
    keep_builds: float = 7 * 86_400.0
    bounds: Bounds = field(default_factory=Bounds)
    log_size: int = 10 * 1024**2
    pids: int = 512
    scratch: int = 64 * 1024**2
    private_networks: bool = False
    git_variables: Mapping[str, str] = field(default_factory=lambda: _git_variables())


def _git_variables() -> Mapping[str, str]:
    """Collect the variables that git needs of the server's environment to fetch repositories."""

    passed = {name: os.environ[name] for name in BUILD_VARIABLES if name in os.environ}
    return {"PATH": build_search_path(), **passed}
