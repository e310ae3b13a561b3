"""Prometheus' own programs: from the PATH, else from Debian's package if nothing may be missing."""

from __future__ import annotations

import fcntl
import os
import shutil
import subprocess
import tempfile
from functools import cache
from pathlib import Path

import pytest

from tests.system_packages import download_package

__all__ = ["program"]


@cache
def program(name: str) -> str:
    """Return the path of ``promtool`` or ``prometheus``; skips the test, or fails it with AGORA_REQUIRE=all, if
    missing."""
    found = shutil.which(name) or _unpacked(name)
    if found is None and os.environ.get("AGORA_REQUIRE") == "all":
        _fetch()
        found = _unpacked(name) or pytest.fail(f"no {name}, and 'apt-get download prometheus' did not bring one")
    return found or pytest.skip(f"no {name}: 'apt-get install prometheus' brings it, and so does AGORA_REQUIRE=all")


def _place() -> Path:
    return Path(tempfile.gettempdir()) / f"agora-prometheus-{os.geteuid()}"


def _unpacked(name: str) -> str | None:
    path = _place() / "usr" / "bin" / name
    done = (_place() / "complete").exists() and path.stat().st_uid == os.geteuid()
    return str(path) if done else None


def _fetch() -> None:
    """Unpack Debian's package once for all users of this machine, without installing it."""
    if shutil.which("apt-get") is None or shutil.which("dpkg-deb") is None:
        return
    place = _place()
    place.mkdir(mode=0o700, exist_ok=True)
    with open(place / "lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if (place / "complete").exists():
            return
        download_package("prometheus", place)
        for package in place.glob("prometheus_*.deb"):
            subprocess.run(["dpkg-deb", "--extract", package.name, "."], cwd=place, check=True)
            package.unlink()
            (place / "complete").touch()
