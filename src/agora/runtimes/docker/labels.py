"""Names and labels of the containers, volumes, networks and images of one installation."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any

from agora.runtimes.errors import Unknown
from agora.runtimes.port import Handle
from agora.runtimes.spec import NAME, Spec

__all__ = ["BUILD_PREFIX", "ResourceLabels", "build_label_filter", "read_container_generation", "read_container_handle"]

LABEL_PREFIX = "io.agora"
INSTALLATION, INSTANCE, GENERATION = (
    f"{LABEL_PREFIX}.installation",
    f"{LABEL_PREFIX}.instance",
    f"{LABEL_PREFIX}.generation",
)
TENANT, LABELS, PORTS, PUBLISHED = (
    f"{LABEL_PREFIX}.tenant",
    f"{LABEL_PREFIX}.labels",
    f"{LABEL_PREFIX}.ports",
    f"{LABEL_PREFIX}.published",
)
BUILD_PREFIX = "agora-build-"  #: of the names of images built here, of any installation
BUILD, GROUP = f"{LABEL_PREFIX}.build", f"{LABEL_PREFIX}.group"


class ResourceLabels:
    """Names of an installation's resources. They are derived from ids, so that a second attempt finds those of the
    first."""

    def __init__(self, installation: str) -> None:
        self.installation = installation
        self._installation_hash = hashlib.sha256(installation.encode()).hexdigest()[:12]

    def container_name(self, instance_id: str, generation: int) -> str:
        return f"agora-{self._installation_hash}-{_require_valid_instance_id(instance_id)}-{generation}"

    def volume_name(self, instance_id: str) -> str:
        return f"agora-{self._installation_hash}-{_require_valid_instance_id(instance_id)}"

    def network_name(self, group: str | None) -> str:
        """Name of the network of a co-location group, or of the shared one for instances without a group."""
        return f"agora-{self._installation_hash}" + (f"-with-{group}" if group else "")

    def image_name(self, key: str) -> str:
        return f"{BUILD_PREFIX}{self._installation_hash}:{key}"

    @property
    def installation_label(self) -> dict[str, str]:
        return {INSTALLATION: self.installation}

    def instance_labels(self, instance_id: str) -> dict[str, str]:
        return self.installation_label | {INSTANCE: instance_id}

    def container_labels(self, spec: Spec, ports: Mapping[str, int], address: str, build: str) -> dict[str, str]:
        """Build the labels of a container, with all data that adoption needs."""
        return self.instance_labels(spec.instance_id) | {
            GENERATION: str(spec.generation),
            TENANT: spec.tenant,
            LABELS: json.dumps(dict(spec.labels)),
            PORTS: json.dumps(dict(ports)),
            PUBLISHED: address,
            BUILD: build,
            GROUP: spec.co_location or "",
        }


def build_label_filter(labels: Mapping[str, str], **more: list[str]) -> dict[str, str]:
    """Build a query's filter for resources with these labels."""
    return {"filters": json.dumps({"label": [f"{name}={value}" for name, value in labels.items()], **more})}


def read_container_generation(container: Mapping[str, Any]) -> int:
    """Read the generation of a listed container."""
    return int(container["Labels"][GENERATION])


def read_container_handle(container: Mapping[str, Any]) -> Handle:
    """Read the handle of a listed or inspected container."""
    labels = container.get("Labels") or container["Config"]["Labels"]
    ports: dict[str, int] = json.loads(labels[PORTS])
    host = labels[PUBLISHED]
    address = f"http://{f'[{host}]' if ':' in host else host}:{next(iter(ports.values()))}" if ports else None
    return Handle(
        "docker", labels[INSTANCE], int(labels[GENERATION]), ports, address, {"container": str(container["Id"])}
    )


def _require_valid_instance_id(instance_id: str) -> str:
    if not NAME.fullmatch(instance_id):
        raise Unknown(f"{instance_id[:100]!r} is not an instance id.")
    return instance_id
