"""Options of the process engine."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from dataclasses import field
from pathlib import Path

from agora.runtimes.builds.tree import Bounds
from agora.value_classes import value_class

__all__ = ["BUILD_VARIABLES", "Options", "build_search_path"]

#: variables of the server that a build needs behind a proxy or with a private registry
BUILD_VARIABLES = (
    *(name for plain in ("http_proxy", "https_proxy", "no_proxy", "all_proxy") for name in (plain, plain.upper())),
    *("SSL_CERT_FILE", "SSL_CERT_DIR", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "NODE_EXTRA_CA_CERTS", "GIT_SSL_CAINFO"),
    *("PIP_INDEX_URL", "PIP_EXTRA_INDEX_URL", "PIP_FIND_LINKS", "PIP_CERT", "PIP_CONFIG_FILE"),
    *("NPM_CONFIG_REGISTRY", "npm_config_registry"),
)


def build_search_path() -> str:
    """Return the server's PATH without its own virtual environment, whose programs are not for instances."""
    environment_bin = Path(sys.prefix) / "bin"
    parts = os.environ.get("PATH", os.defpath).split(os.pathsep)
    return os.pathsep.join(part for part in parts if part.startswith("/") and Path(part) != environment_bin)


@value_class
class Options:
    """root: directory of all files of the engine; one engine at a time. installation: id of the server.

    sources: directories whose content may be built. ports: first and last port that may be allocated, outside the
    system's range for outgoing connections. python: interpreter of builds. path: search path of programs.
    build_variables: variables of the server's environment that are passed to builds; none is passed to instances.
    build_timeout: seconds. builds: maximum number of concurrent builds. keep_builds: seconds for which an unused build
    is kept. stop_timeout: seconds after its grace period within which a guard must end the instance. log_size: bytes of
    output kept per instance. pids: default limit of processes. space: free disk space in
    bytes required to build or start. private_networks: whether repositories may be at private addresses. backup_size: bytes of a
    state that is backed up. cgroup:
    directory of a cgroup (v2) delegated to the server; None: the server's own one, if it is delegated.
    """

    root: Path
    installation: str
    sources: tuple[Path, ...] = ()
    ports: tuple[int, int] = (20_000, 29_999)
    python: str = sys.executable
    path: str = field(default_factory=build_search_path)
    build_variables: tuple[str, ...] = BUILD_VARIABLES
    build_timeout: float = 900.0
    builds: int = 2
    keep_builds: float = 7 * 86_400.0
    stop_timeout: float = 10.0
    bounds: Bounds = field(default_factory=Bounds)
    log_size: int = 10 * 1024**2
    pids: int = 512
    space: int = 64 * 1024**2
    private_networks: bool = False
    backup_size: int = 10 * 1024**3
    cgroup: Path | None = None

    def inherited_variables(self) -> Mapping[str, str]:
        """Return the variables of the server that are passed to builds."""
        return {name: os.environ[name] for name in self.build_variables if name in os.environ}
