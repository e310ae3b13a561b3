"""References of images: registry, name, and tag or digest."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

__all__ = ["get_image_registry", "is_image_id", "split_reference", "strip_default_registry"]


def split_reference(reference: str) -> tuple[str, str]:
    """Split an image reference into its name and its tag or digest."""
    if "@" in reference:
        name, _, digest = reference.partition("@")
        return name, digest
    name, colon, tag = reference.rpartition(":")
    return (name, tag) if colon and "/" not in tag else (reference, "latest")


def strip_default_registry(reference: str) -> str:
    """Strip the default registry and namespace from a reference, as the engine does before it looks for an image.

    See https://pkg.go.dev/github.com/distribution/reference#FamiliarName.
    """
    for default in ("docker.io/", "index.docker.io/"):
        reference = reference.removeprefix(default)
    return reference.removeprefix("library/")


def is_image_id(reference: str, image: Mapping[str, Any]) -> bool:
    """Whether the engine has found an image by its id, or the start of it, and not by its name."""
    names = {strip_default_registry(tag) for tag in image.get("RepoTags") or ()}
    start = reference.removeprefix("sha256:")
    return str(image["Id"]).removeprefix("sha256:").startswith(start) and f"{reference}:latest" not in names


def get_image_registry(name: str) -> str:
    """Find the registry of an image; one without a host is on Docker Hub."""
    first, slash, _ = name.partition("/")
    if slash and ("." in first or ":" in first or first == "localhost"):
        return first
    return "https://index.docker.io/v1/"
