"""A browser for the tests: the system's Chromium, driven by playwright, and axe-core, which looks for barriers.

Without a Chromium the tests skip; where ``AGORA_REQUIRE=all`` says that nothing may be missing, it is installed first.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from importlib.resources import files
from typing import Any

import pytest

__all__ = ["FLAGS", "barriers", "browser", "executable", "find"]

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-dev-shm-usage",
)
RULES = ("wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice")
SERIOUS = ("serious", "critical")
AXE = """async ([rules, only]) => {
  const found = await axe.run(document, {runOnly: only ? {type: "rule", values: [only]} : {type: "tag", values: rules}, resultTypes: ["violations"]});
  return found.violations.map((v) => ({id: v.id, impact: v.impact, nodes: v.nodes.map((n) => n.html + " " + n.failureSummary)}));
}"""


@cache
def executable() -> str:
    """Where Chromium is; skips or fails the test where there is none."""
    found = find()
    if found is None and os.environ.get("AGORA_REQUIRE") == "all":
        _install()
        found = find()
        if found is None:
            pytest.fail("no Chromium, and 'apt-get install chromium' did not bring one; AGORA_CHROMIUM may name it")
    if found is None:
        pytest.skip("no Chromium on this machine; AGORA_CHROMIUM may name it")
    return found


def find() -> str | None:
    """Where Chromium is, if it is anywhere."""
    return os.environ.get("AGORA_CHROMIUM") or next((path for name in NAMES if (path := shutil.which(name))), None)


def _install() -> None:
    """Once, where a package manager and root are at hand."""
    if os.geteuid() != 0 or not shutil.which("apt-get"):
        return
    environ = os.environ | {"DEBIAN_FRONTEND": "noninteractive"}
    install = ["apt-get", "install", "-y", "--no-install-recommends", "chromium"]
    if subprocess.run(install, env=environ, capture_output=True, timeout=600).returncode:
        subprocess.run(["apt-get", "update"], env=environ, capture_output=True, timeout=300)
        subprocess.run(install, env=environ, capture_output=True, timeout=600)


@contextmanager
def browser() -> Iterator[Any]:
    """A running browser."""
    path = executable()
    sync_api = pytest.importorskip("playwright.sync_api")
    with sync_api.sync_playwright() as driver:
        launched = driver.chromium.launch(executable_path=path, args=list(FLAGS))
        try:
            yield launched
        finally:
            launched.close()


@cache
def _axe() -> str:
    return (files("axe_playwright_python") / "axe.min.js").read_text("utf-8")


def barriers(page: Any, only: str | None = None) -> list[str]:
    """Serious barriers that axe-core finds on a page, by all of its rules or one alone, as text."""
    if not page.evaluate("() => typeof axe === 'object'"):
        page.evaluate(f"() => {{ {_axe()} }}")
    found = page.evaluate(AXE, [list(RULES), only])
    return [f"{each['id']}: {node}" for each in found if each["impact"] in SERIOUS for node in each["nodes"]]
