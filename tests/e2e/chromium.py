"""A browser for the tests: the system's Chromium, driven by playwright, and axe-core, which finds accessibility
violations.

The headless shell is preferred: it needs half the CPU time of the desktop browser, whose headless mode was seen to stop
answering for minutes beside other load (a page that does not close, a page whose scripts do not run). Without Chromium
the tests are skipped; with ``AGORA_REQUIRE=all`` the shell is installed first.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from importlib.resources import files
from typing import Any

import pytest

from tests.system_packages import install_packages

__all__ = ["FLAGS", "barriers", "browser", "executable", "find"]

SHELL = "chromium-headless-shell"  # name of the program and of its package
NAMES = (SHELL, "chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
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
    """Return the path of Chromium; skips or fails the test if it is missing."""
    required = os.environ.get("AGORA_REQUIRE") == "all"
    if required and "AGORA_CHROMIUM" not in os.environ and not shutil.which(SHELL):
        install_packages(SHELL)
    path = find()
    if path is not None:
        return path
    if required:
        pytest.fail(f"no Chromium, and 'apt-get install {SHELL}' did not bring one; AGORA_CHROMIUM may name it")
    pytest.skip(f"no Chromium: apt-get install {SHELL}, or AGORA_CHROMIUM names one")


def find() -> str | None:
    """Find the path of an installed Chromium."""
    return os.environ.get("AGORA_CHROMIUM") or next((path for name in NAMES if (path := shutil.which(name))), None)


@contextmanager
def browser() -> Iterator[Any]:
    """Run a browser."""
    path = executable()
    sync_api = pytest.importorskip("playwright.sync_api", reason="no playwright: pip install -r requirements/test.txt")
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
    """Return serious accessibility violations found by axe-core on a page, by all rules or a single one, as text."""
    if not page.evaluate("() => typeof axe === 'object'"):
        page.evaluate(f"() => {{ {_axe()} }}")
    found = page.evaluate(AXE, [list(RULES), only])
    return [f"{each['id']}: {node}" for each in found if each["impact"] in SERIOUS for node in each["nodes"]]
