"""Options of the docker engine."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import field
from pathlib import Path
from typing import Literal

from agora.runtimes.builds.tree import Bounds
from agora.runtimes.process.options import BUILD_VARIABLES, build_search_path
from agora.value_classes import value_class

__all__ = ["Options"]


@value_class
class Options:
    """root: directory of the engine's own files: logs, notes, builds. installation: id of the server.

    host: URL of the Docker Engine; None: the default of Docker's own client. sources: directories whose content may be
    built. ports: first and last local port that may be published. publish: address of published ports. python_image,
    node_image: base images of sources without a Dockerfile. pull: ``always`` asks the registry each time, with the
    requester's credentials; ``missing`` uses local images. read_only: whether root file systems are read-only.
    build_timeout: seconds. builds: maximum number of concurrent builds. keep_builds: seconds for which an unused build
    is kept. log_size: bytes of output kept per instance. pids: default limit of processes. scratch: size of ``/tmp`` in
    bytes. private_networks: whether repositories may be at private addresses. backup_size: bytes of a
    state that is backed up.
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
    backup_size: int = 10 * 1024**3
    git_variables: Mapping[str, str] = field(default_factory=lambda: _git_variables())


def _git_variables() -> Mapping[str, str]:
    """Collect the variables of the server's environment that git needs to fetch repositories."""

    passed = {name: os.environ[name] for name in BUILD_VARIABLES if name in os.environ}
    return {"PATH": build_search_path(), **passed}
