"""Run the compliance suite of Open Responses against a real server. Usage: openresponses.py [--repository REPOSITORY]

It needs the suite's repository: a clone of https://github.com/openresponses/openresponses, made once in the
environment, or the repository named by --repository or AGORA_OPENRESPONSES (a checkout or a bare one), and Node 22 or
newer. The server is ``agora serve``, the model an ordinary agent (tests/openai_agent.py). The exit code is 0 if only
tests of unsupported features fail: WebSockets.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent))

from scripts import conformance_mcp
from scripts.conformance_mcp import Unavailable

from tests.blackbox.server import ServerProcess
from tests.openai_agent import NAME
from tests.processes import spawn_tethered

__all__ = ["Score", "checkout", "main", "run"]

REPOSITORY = "https://github.com/openresponses/openresponses.git"
REQUIREMENTS = ("zod@3.25.76", "tsx@4.23.15")
PROGRAM = "bin/compliance-test.ts"
NOT_OFFERED = ("websocket-",)  #: prefixes of the test ids of optional, unsupported features
SECONDS = 300


@dataclass(frozen=True)
class Score:
    """Test ids by outcome. reasons: of failures."""

    passed: tuple[str, ...]
    missing: tuple[str, ...]
    failed: tuple[str, ...]
    reasons: tuple[str, ...] = ()

    @classmethod
    def from_report(cls, report: str) -> Score:
        """Parse the suite's JSON report."""
        results = json.loads(report[report.index("{") :])["results"]
        failed = [result for result in results if result["status"] == "failed"]
        missing = tuple(result["id"] for result in failed if result["id"].startswith(NOT_OFFERED))
        return cls(
            tuple(result["id"] for result in results if result["status"] == "passed"),
            missing,
            tuple(result["id"] for result in failed if result["id"] not in missing),
            tuple(f"{result['id']}: {'; '.join(result.get('errors') or ())}" for result in failed),
        )

    def __str__(self) -> str:
        ran = len(self.passed) + len(self.failed)
        return (
            f"Open Responses: {len(self.passed)} of {ran} tests pass; {len(self.missing)} are about what is not offered"
        )


def _home() -> Path:
    return Path(sys.prefix) / "share" / "agora-openresponses"


def checkout(repository: str | None) -> Path:
    """Check out the suite, if missing. Raises Unavailable."""
    tree = _home()
    if (tree / PROGRAM).exists():
        return tree
    source = repository or os.environ.get("AGORA_OPENRESPONSES") or REPOSITORY
    tree.parent.mkdir(parents=True, exist_ok=True)
    command = ["git", "clone", "--quiet", "--depth=1", source, str(tree)]
    environment = os.environ | {"GIT_TERMINAL_PROMPT": "0"}
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=600, env=environment)
    if done.returncode:
        raise Unavailable(
            f"The suite could not be cloned from {source}: {done.stderr.strip()[-300:]}\n"
            "Clone it where there is a network, and name it with --repository or AGORA_OPENRESPONSES."
        )
    return tree


def install(tree: Path) -> list[str]:
    """Install the suite's dependencies. Returns the command that runs it. Raises Unavailable."""
    node = Path(conformance_mcp.node())
    stamp = tree / "node_modules" / ".agora-installed"
    if not stamp.exists():
        # its own package.json includes the whole web site
        (tree / "package.json").write_text('{"private": true, "type": "module"}')
        (tree / "bun.lock").unlink(missing_ok=True)
        environment = os.environ | {"PATH": f"{node.parent}{os.pathsep}{os.environ.get('PATH', '')}"}
        command = [str(node.with_name("npm")), "install", "--no-audit", "--no-fund", *REQUIREMENTS]
        done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=tree, env=environment)
        if done.returncode:
            raise Unavailable(f"npm could not install what the suite needs: {done.stderr.strip()[-500:]}")
        stamp.touch()
    return [str(node), "--import", "tsx", PROGRAM]


@contextmanager
def serving() -> Iterator[tuple[str, str]]:
    """Run ``agora serve`` with the agent. Yields the URL and a key."""
    with tempfile.TemporaryDirectory() as directory, ExitStack() as stack:
        server = ServerProcess(Path(directory) / "data")
        stack.callback(server.close)
        server.start()
        environment = server.environment | {"PYTHONPATH": str(Path(__file__).parent.parent)}
        command = [sys.executable, "-m", "tests.openai_agent", server.url]
        agent = spawn_tethered(command, stdout=subprocess.PIPE, env=environment)
        assert agent.stdout is not None
        stack.callback(agent.stdout.close)
        stack.callback(agent.wait, 20)
        stack.callback(agent.terminate)
        if not agent.stdout.readline().strip():
            raise RuntimeError("the agent did not start")
        yield server.url, server.admin_token


def run(tree: Path, command: list[str]) -> Score:
    """Run the suite once."""
    with serving() as (url, key):
        arguments = [*command, "--json", "--base-url", f"{url}/v1", "--api-key", key, "--model", NAME]
        done = subprocess.run(arguments, capture_output=True, text=True, check=False, cwd=tree, timeout=SECONDS)
    if "{" not in done.stdout:
        raise RuntimeError(f"the suite gave no report:\n{done.stderr[-2000:]}")
    return Score.from_report(done.stdout)


def main(arguments: list[str] | None = None) -> int:
    """Run the suite and print the score. Returns 2 if it cannot run."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--repository", help="a checkout of the suite, or a bare repository")
    options = parser.parse_args(arguments)
    try:
        tree = checkout(options.repository)
        score = run(tree, install(tree))
    except Unavailable as error:
        print(error, file=sys.stderr)
        return 2
    print(score)
    for reason in score.reasons:
        print(f"  {reason}")
    return 1 if score.failed else 0


if __name__ == "__main__":
    sys.exit(main())
