"""Local host: the engines that the server's settings allow, and its host id."""

from __future__ import annotations

import importlib.util
import ipaddress
import os
import re
import socket
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from agora.clock import new_id
from agora.core.lazy import Lazy
from agora.net.atomic_files import replace_file
from agora.runtimes import process
from agora.runtimes.container_urls import rewrite_loopback_url
from agora.runtimes.local_host import LocalHost
from agora.runtimes.port import Runtime
from agora.settings import ConfigurationError, Settings

if TYPE_CHECKING:
    from agora.runtimes import docker, kubernetes

__all__ = ["create_local_host"]

DOCKER_OPTIONS: Lazy[type[docker.Options]] = Lazy("agora.runtimes.docker:Options")
DOCKER_RUNTIME: Lazy[type[docker.DockerRuntime]] = Lazy("agora.runtimes.docker:DockerRuntime")
KUBERNETES_OPTIONS: Lazy[type[kubernetes.Options]] = Lazy("agora.runtimes.kubernetes:Options")
KUBERNETES_RUNTIME: Lazy[type[kubernetes.KubernetesRuntime]] = Lazy("agora.runtimes.kubernetes:KubernetesRuntime")

HOST_ID = re.compile(r"host_[0-9a-f]{32}")
INVALID_HOST_CHARACTERS = re.compile(r"[^A-Za-z0-9._-]+")


def create_local_host(settings: Settings, docker_sockets: Sequence[Path] | None = None) -> LocalHost:
    """Create the local host with the engines for instances on this server. Engines start at their first use.

    docker_sockets: where a Docker engine is looked for, None for the places of Docker's own client. Raises
    ConfigurationError.
    """
    host_id = _load_or_create_host_id(settings.data_dir / "host-id")
    url = settings.public_url or f"{settings.scheme}://127.0.0.1:{settings.port}"
    return LocalHost(
        host_id=host_id,
        name=settings.host_name or _read_machine_name() or host_id[-12:],
        engines=_create_engines(
            settings, host_id, _list_docker_sockets() if docker_sockets is None else docker_sockets
        ),
        sources=_list_source_roots(settings),
        backups=settings.data_dir / "backups",
        url=url,
        url_by_engine=_map_server_urls_by_engine(settings, url),
        region=settings.host_region or None,
    )


def _create_engines(settings: Settings, host_id: str, docker_sockets: Sequence[Path]) -> dict[str, Runtime]:
    """Create the engines by name. The first one reports the host's capacity."""
    engines: dict[str, Runtime] = {}
    first, last = (int(part) for part in settings.instance_ports.split("-"))
    # Ports below 1024 need privileges that an instance does not have.
    if not 1024 <= first <= last <= 65_535:
        raise ConfigurationError("instance_ports: give two ports from 1024 to 65535, such as 20000-29999")
    sources = _list_source_roots(settings)
    if settings.process_engine:
        options = process.Options(
            settings.data_dir / "runtime",
            host_id,
            sources,
            ports=(first, last),
            private_networks=settings.instance_private_networks,
            backup_size=settings.backup_size_limit,
        )
        engines["process"] = process.ProcessRuntime(options)
    if _has_docker(settings.docker_host, docker_sockets):
        engines["docker"] = _create_docker_runtime(settings, host_id, sources, (first, last))
    if settings.kubernetes != "none":
        engines["kubernetes"] = _create_kubernetes_runtime(settings, host_id)
    return engines


def _list_source_roots(settings: Settings) -> tuple[Path, ...]:
    return (settings.data_dir / "sources", *settings.instance_sources)


def _create_docker_runtime(
    settings: Settings, host_id: str, sources: tuple[Path, ...], ports: tuple[int, int]
) -> Runtime:
    try:
        ipaddress.ip_address(settings.docker_publish)
    except ValueError:
        raise ConfigurationError("docker_publish: give an IP address, such as 127.0.0.1") from None
    options = DOCKER_OPTIONS.get()(
        settings.data_dir / "docker",
        host_id,
        None if settings.docker_host == "auto" else settings.docker_host,
        sources,
        ports,
        settings.docker_publish,
        settings.docker_python_image,
        settings.docker_node_image,
        settings.docker_pull,
        settings.docker_read_only,
        private_networks=settings.instance_private_networks,
        backup_size=settings.backup_size_limit,
    )
    return DOCKER_RUNTIME.get()(options)


def _create_kubernetes_runtime(settings: Settings, host_id: str) -> Runtime:
    options = KUBERNETES_OPTIONS.get()(
        settings.data_dir / "kubernetes",
        host_id,
        settings.kubernetes,
        settings.kubernetes_context,
        settings.kubernetes_namespace,
        settings.kubernetes_node_address,
        settings.kubernetes_storage,
        settings.kubernetes_storage_class,
    )
    return KUBERNETES_RUNTIME.get()(options)


def _has_docker(host: str, sockets: Sequence[Path]) -> bool:
    """Whether a Docker engine is configured or found. A configured engine counts even if it does not answer."""
    if host != "auto":
        return host != "none"
    installed = importlib.util.find_spec("aiodocker") is not None
    return installed and ("DOCKER_HOST" in os.environ or any(map(_is_socket, sockets)))


def _is_socket(path: Path) -> bool:
    try:
        return path.is_socket()
    except OSError:  # not accessible to this process, as under ProtectHome of systemd
        return False


def _list_docker_sockets() -> tuple[Path, ...]:
    """List the sockets that Docker's own client would try."""
    personal = Path(os.environ.get("XDG_RUNTIME_DIR", f"/run/user/{os.getuid()}"))
    return (Path("/run/docker.sock"), Path("/var/run/docker.sock"), personal / "docker.sock")


def _map_server_urls_by_engine(settings: Settings, url: str) -> dict[str, str]:
    """Build the server's URLs for engines whose instances do not share this machine's loopback."""
    return {
        "docker": settings.docker_server_url or rewrite_loopback_url(url),
        "kubernetes": settings.kubernetes_server_url or url,
    }


def _read_machine_name() -> str:
    return INVALID_HOST_CHARACTERS.sub("-", socket.gethostname().split(".")[0])[:64].strip("-._")


def _load_or_create_host_id(path: Path) -> str:
    """Load this server's host id, which is stored with its data: instances are assigned by it. A new server creates it.

    Raises ConfigurationError for a damaged file.
    """
    try:
        host_id = path.read_text("ascii").strip()
    except FileNotFoundError:
        host_id = new_id("host")
        path.parent.mkdir(parents=True, exist_ok=True)
        # Atomically: a half-written id would make the server refuse to start.
        replace_file(path, host_id + "\n")
    # Not replaced by a new one: the instances of the old id would be taken for lost.
    if not HOST_ID.fullmatch(host_id):
        raise ConfigurationError(f"{path} is damaged: restore it, or remove it if no instance runs.")
    return host_id
