"""Run the A2A Technology Compatibility Kit against a real server. Usage: tck_a2a.py [VERSION ...]

It needs the TCK's repository: a clone of https://github.com/a2aproject/a2a-tck, made once in the environment, or the
repository named by --repository or AGORA_A2A_TCK (a checkout or a bare one). Its requirements are installed into a
separate environment. The server is ``agora serve`` with the settings below, the agent an ordinary one (tck_agent.py).
Each version is run twice: with the unchanged kit, and with the patches of tck_patches. Failures are compared with the
explanations in docs/reference/a2a-conformance.md: the exit code is 0 if nothing else fails.
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
import tomllib
import xml.etree.ElementTree as ElementTree
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent))

from tests.blackbox.server import ServerProcess
from tests.harness import free_port
from tests.processes import spawn_tethered

__all__ = ["Score", "Unavailable", "checkout", "explained", "run", "serving"]

REPOSITORY = "https://github.com/a2aproject/a2a-tck.git"
BRANCHES = {"1.0": "1.0-dev", "0.3": "0.3.x"}
ROOT = Path(__file__).parent.parent
EXPLAINED = ROOT / "docs" / "reference" / "a2a-conformance.md"
PATCHES = Path(__file__).with_name("tck_patches")
STREAMING_TIMEOUT = "2"
OPTIONS = {
    "1.0": ["tests/compatibility", "--transport=jsonrpc,http_json,grpc"],
    "0.3": [
        "tests/mandatory",
        "tests/optional",
        "--transport-strategy=prefer_jsonrpc",
        "--transports=jsonrpc,rest",
        "--test-scope=all",
    ],
}
AGENT = "TCK"
#: Settings of the server: the agent for the kit's gRPC client, which names none, local webhooks, and no rate limit,
#: because the kit makes many calls in a short time.
SETTINGS = {"a2a_grpc_agent": AGENT, "a2a_private_networks": "true", "builtin_agents": "true", "rate_basic": "1000000"}
URL_OPTION = {"1.0": "--sut-host", "0.3": "--sut-url"}


class Unavailable(Exception):
    """The TCK cannot run here; the message gives the reason and the fix."""


@dataclass
class Score:
    """Tests of a version by outcome. xfailed: failed requirements that are only recommended."""

    version: str
    passed: int = 0
    failed: list[str] = field(default_factory=list)
    skipped: int = 0
    xfailed: list[str] = field(default_factory=list)
    output: str = ""

    def __str__(self) -> str:
        ran = self.passed + len(self.failed) + len(self.xfailed)
        more = f", {len(self.xfailed)} recommended ones fail" if self.xfailed else ""
        return f"A2A TCK {self.version}: {self.passed} of {ran} tests pass{more} ({self.skipped} do not apply)"


def _home() -> Path:
    return Path(sys.prefix) / "share" / "agora-a2a-tck"


def checkout(version: str, repository: str | None) -> Path:
    """Check out the TCK's branch for a version, if missing."""
    tree = _home() / version
    if (tree / "pyproject.toml").exists():
        return tree
    source = repository or os.environ.get("AGORA_A2A_TCK") or REPOSITORY
    tree.parent.mkdir(parents=True, exist_ok=True)
    command = [
        "git",
        "clone",
        "--quiet",
        "--depth=1",
        "--single-branch",
        "--branch",
        BRANCHES[version],
        source,
        str(tree),
    ]
    environment = os.environ | {"GIT_TERMINAL_PROMPT": "0"}
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=600, env=environment)
    if done.returncode:
        reason = done.stderr.strip()[-300:]
        raise Unavailable(
            f"The A2A TCK could not be cloned from {source}: {reason}\n"
            "Clone it where there is a network, and name it with --repository or AGORA_A2A_TCK."
        )
    return tree


def patched(tree: Path, version: str) -> Path:
    """Copy the work tree and apply our patches, each of which explains its reason."""
    copy = _home() / f"{version}-patched"
    shutil.rmtree(copy, ignore_errors=True)
    shutil.copytree(tree, copy, ignore=shutil.ignore_patterns(".git", "__pycache__"))
    for patch in sorted((PATCHES / version).glob("*.patch")):
        # Not inside this repository: git must not find it.
        environment = os.environ | {"GIT_CEILING_DIRECTORIES": str(copy.parent)}
        subprocess.run(["git", "apply", str(patch)], cwd=copy, env=environment, check=True)
    return copy


def interpreter(tree: Path, version: str) -> Path:
    """Create a Python environment with the TCK's requirements."""
    home = _home() / f"venv-{version}"
    python, stamp = home / "bin" / "python", home / "installed"
    if not stamp.exists():
        wanted = tomllib.loads((tree / "pyproject.toml").read_text("utf-8"))["project"]["dependencies"]
        for command in (
            [sys.executable, "-m", "venv", str(home)],
            [str(python), "-m", "pip", "install", "-q", *wanted],
        ):
            done = subprocess.run(command, capture_output=True, text=True, check=False)
            if done.returncode:
                raise Unavailable(f"What the A2A TCK requires could not be installed: {done.stderr.strip()[-500:]}")
        stamp.touch()
    return python


@contextlib.contextmanager
def serving(*, required: bool = False) -> Iterator[tuple[str, str]]:
    """Run ``agora serve`` with the kit's agent. Yields the agent's address, and a caller's token.

    required: whether local callers need a credential, too. Apart from the settings, it is an ordinary server.
    """
    with tempfile.TemporaryDirectory() as directory, contextlib.ExitStack() as stack:
        settings = SETTINGS | {"a2a_grpc_port": str(free_port()), "auth_required": str(required).lower()}
        server = ServerProcess(Path(directory) / "data", **settings)
        stack.callback(server.close)
        server.start()
        command = [sys.executable, str(Path(__file__).with_name("tck_agent.py")), server.url, STREAMING_TIMEOUT]
        environment = server.environment | {"AGORA_TOKEN": server.admin_token if required else ""}
        agent = spawn_tethered(command, stdout=subprocess.PIPE, text=True, env=environment)
        assert agent.stdout is not None
        stack.callback(agent.stdout.close)
        stack.callback(agent.wait, 20)
        stack.callback(agent.terminate)
        if not agent.stdout.readline().strip():
            raise RuntimeError("the agent did not start")
        yield f"http://localhost:{server.port}/a2a/{AGENT}", server.admin_token


def run(version: str, tree: Path, python: Path, url: str, more: list[str], token: str = "") -> Score:
    """Run the tests of a version. token: the credential that the patched kit for 0.3 sends."""
    with tempfile.TemporaryDirectory() as directory:
        report = Path(directory) / "report.xml"
        given = [f"{URL_OPTION[version]}={url}", f"--junitxml={report}", "--tb=short", "-q", *more]
        command = [str(python), "-m", "pytest", *OPTIONS[version], *given]
        environment = os.environ | {"TCK_STREAMING_TIMEOUT": STREAMING_TIMEOUT, "PYTHONPATH": str(tree)}
        if token:
            environment["TCK_AUTHORIZATION"] = f"Bearer {token}"
        done = subprocess.run(
            command, capture_output=True, text=True, check=False, cwd=tree, env=environment, timeout=1800
        )
        score = Score(version, output=done.stdout + done.stderr)
        if not report.exists():
            raise RuntimeError(f"the TCK gave no report:\n{score.output[-2000:]}")
        read_report(report, score)
    return score


def read_report(report: Path, score: Score) -> None:
    for case in ElementTree.parse(report).getroot().iter("testcase"):
        name = f"{case.get('classname', '').rpartition('.')[2]}::{case.get('name')}"
        skipped = case.find("skipped")
        if case.find("failure") is not None or case.find("error") is not None:
            score.failed.append(name)
        elif skipped is not None and skipped.get("type") == "pytest.xfail":
            score.xfailed.append(name)
        elif skipped is not None:
            score.skipped += 1
        else:
            score.passed += 1


def explained() -> set[str]:
    """Return the names of the tests whose failure is explained in the documentation."""
    return set(re.findall(r"`([\w\[\]./:-]+::[\w\[\]./: -]+)`", EXPLAINED.read_text("utf-8")))


def main(arguments: list[str] | None = None) -> int:
    """Print the score of each version. Returns the exit code."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("versions", nargs="*", default=list(BRANCHES), help=" or ".join(BRANCHES), metavar="VERSION")
    parser.add_argument("--repository", help="where to clone the TCK from")
    parser.add_argument("--verbose", action="store_true", help="print the TCK's own output")
    parser.add_argument("--only", help="run only tests that match this expression of pytest")
    options = parser.parse_args(arguments)
    if unknown := set(options.versions) - BRANCHES.keys():
        parser.error(f"there is no version {', '.join(unknown)}")
    try:
        ready = []
        for version in options.versions:
            tree = checkout(version, options.repository)
            ready.append((version, tree, interpreter(tree, version)))
    except Unavailable as error:
        print(error, file=sys.stderr)
        return 2
    known, unexpected = explained(), False
    more = ["-k", options.only] if options.only else []
    for version, tree, python in ready:
        for title, kit in (("as it is", tree), ("patched", patched(tree, version))):
            # The patched kit for 0.3 has a credential, so the declared schemes of the card are required.
            required = version == "0.3" and kit is not tree
            with serving(required=required) as (agent, token):
                # The unpatched kit for 0.3 supports agents only at a host's root: there it reaches the front agent.
                at_root = version == "0.3" and kit is tree
                url = agent.rpartition("/a2a/")[0] if at_root else agent
                score = run(version, kit, python, url, more, token if required else "")
            if options.verbose:
                print(score.output)
            print(f"{score}, with the kit {title}")
            if kit is tree:
                continue
            for name in score.failed:
                print(f"  fails{' as explained' if name in known else ''}: {name}")
                unexpected = unexpected or name not in known
    return 1 if unexpected else 0


if __name__ == "__main__":
    sys.exit(main())
