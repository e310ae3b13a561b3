"""Location of the MCP inspector, an npm package.

It is searched below ``AGORA_NODE_TOOLS``, else ``build/node-tools``. If nothing may be skipped (``AGORA_REQUIRE``), npm
installs it there, with the Node.js that it needs.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

__all__ = ["command"]

PACKAGES = ("node@22", "@modelcontextprotocol/inspector@2.12.0")
SCRIPT = "node_modules/@modelcontextprotocol/inspector/clients/launcher/build/index.js"
NODE = "node_modules/node/bin/node"
SECONDS = 300


def command() -> tuple[str, ...]:
    """Return the command of its command line; skips the test if it is not installed."""
    default = Path(__file__).parents[4] / "build" / "node-tools"
    directory = Path(os.environ.get("AGORA_NODE_TOOLS") or default)
    if not (directory / SCRIPT).exists() or not (directory / NODE).exists():
        if os.environ.get("AGORA_REQUIRE") != "all":
            pytest.skip(f"the MCP inspector is not installed: npm install --prefix {directory} {' '.join(PACKAGES)}")
        _install(directory)
    return str(directory / NODE), str(directory / SCRIPT), "--cli"


def _install(directory: Path) -> None:
    npm = shutil.which("npm")
    assert npm, "npm is needed to install the MCP inspector"
    directory.mkdir(parents=True, exist_ok=True)
    options = ("install", "--no-audit", "--no-fund", "--prefix", str(directory))
    subprocess.run([npm, *options, *PACKAGES], check=True, timeout=SECONDS, capture_output=True)
