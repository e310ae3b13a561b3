"""Debian packages that tests need, installed by one process at a time. Usage: python -m tests.system_packages
PACKAGE...

Workers of pytest and the tests of other languages run in parallel. apt-get waits for the lock of dpkg, but not for that
of its package lists: two processes that update the lists would fail. Therefore a separate lock is held. As a program it
does nothing without ``AGORA_REQUIRE=all``.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

__all__ = ["can_install", "download_package", "install_packages"]

LOCK = Path("/var/lock") / f"agora-packages-{os.geteuid()}"
POLICY = Path("/usr/sbin/policy-rc.d")  # exit code 101: services of new packages are not started
TIMEOUT = 600.0  # timeout of one apt-get call in seconds


def can_install() -> bool:
    """Whether this process may install Debian packages."""
    return os.geteuid() == 0 and shutil.which("apt-get") is not None


def install_packages(*names: str) -> str:
    """Install packages whose services are not started. Returns the end of apt-get's output if that failed, else ''."""
    if not can_install():
        return "only root can install packages of Debian"
    options = ("-o", "DPkg::Lock::Timeout=300", "-y", "-qq", "--no-install-recommends")
    with _hold_lock(), _suppress_services():
        return _run_apt(("install", *options, *names))


def download_package(name: str, directory: Path) -> str:
    """Download the file of a package without installing it. Returns the end of apt-get's output if that failed, else ''."""
    with _hold_lock():
        return _run_apt(("download", "-qq", name), directory)


def _run_apt(arguments: Sequence[str], directory: Path | None = None) -> str:
    """Run apt-get, and again with updated package lists if it fails. Returns the end of its output if that fails, else
    ''."""
    environment = os.environ | {"DEBIAN_FRONTEND": "noninteractive"}

    def run(*command: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            ("apt-get", *command), cwd=directory, env=environment, capture_output=True, text=True, timeout=TIMEOUT
        )

    if not run(*arguments).returncode:
        return ""
    run("update", "-qq")
    attempt = run(*arguments)
    return attempt.stderr.strip()[-300:] or "apt-get failed" if attempt.returncode else ""


@contextmanager
def _hold_lock() -> Iterator[None]:
    with open(LOCK, "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


@contextmanager
def _suppress_services() -> Iterator[None]:
    """Prevent packages from starting their services, unless the machine has its own policy."""
    is_ours = not POLICY.exists()
    if is_ours:
        POLICY.write_text("#!/bin/sh\nexit 101\n")
        POLICY.chmod(0o755)
    try:
        yield
    finally:
        if is_ours:
            POLICY.unlink(missing_ok=True)


if __name__ == "__main__":
    if os.environ.get("AGORA_REQUIRE") == "all" and can_install():
        error = install_packages(*sys.argv[1:])
        sys.exit(f"{', '.join(sys.argv[1:])}: {error}" if error else 0)
