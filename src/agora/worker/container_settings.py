"""Limits of a job's container: its image, network, memory, CPU and processes."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Mapping
from typing import Any

__all__ = ["ContainerSettings", "parse_container_changes", "validate_container_settings"]

_NETWORK = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,127}")
_IMAGE = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.:/@-]{0,254}")


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class ContainerSettings:
    """Settings of a container. network: none, bridge, or the name of a network of the engine. cpus: cores. pids:
    maximum of processes."""

    image: str
    network: str = "bridge"
    memory_megabytes: int = 4096
    cpus: float = 2.0
    pids: int = 512


def validate_container_settings(settings: ContainerSettings) -> ContainerSettings:
    """Check the settings and return them. Raises ValueError for an invalid setting, or one that would remove the
    isolation."""
    if not _IMAGE.fullmatch(settings.image):
        raise ValueError(f"--docker-image: {settings.image!r} is not an image name.")
    if settings.network == "host" or not _NETWORK.fullmatch(settings.network):
        raise ValueError(
            f"--docker-network is none, bridge or the name of a network, not {settings.network!r}; a container in the "
            "machine's own network is not isolated."
        )
    if settings.memory_megabytes < 16 or settings.cpus <= 0 or settings.pids < 2:
        raise ValueError("A container needs at least 16 MB of memory, some processor time, and 2 processes.")
    return settings


def parse_container_changes(entry: Any, place: str) -> Mapping[str, Any]:
    """Read a profile's container settings by name. Raises ValueError, which names the place."""
    kinds = {"image": str, "network": str, "memory_megabytes": int, "cpus": int | float, "pids": int}
    if not isinstance(entry, dict) or not set(entry) <= set(kinds):
        raise ValueError(f"{place} may have {', '.join(kinds)}.")
    for name, value in entry.items():
        # bool is a subclass of int: ``true`` would be taken for the number 1.
        if not isinstance(value, kinds[name]) or isinstance(value, bool):
            raise ValueError(f"{place}: {name} is a {'text' if kinds[name] is str else 'number'}.")
    try:
        # A profile may leave the image to the worker, and ContainerSettings requires one.
        validate_container_settings(ContainerSettings(**{"image": "any", **entry}))
    except ValueError as error:
        raise ValueError(f"{place}: {error}") from error
    return dict(entry)
