"""The clients that are run, pinned, and how each is installed into an environment of its own."""

from __future__ import annotations

import subprocess
import sys
import venv
from dataclasses import dataclass, field
from pathlib import Path

from scripts import conformance_mcp

from .running import PROGRAMS

__all__ = ["CLIENTS", "Client"]

ENVIRONMENTS = Path(sys.prefix) / "share" / "agora-clients"


@dataclass(frozen=True)
class Client:
    """A package that speaks A2A.

    package: as PyPI, or npm where ``npm``, names it. requirements: what is installed; the package itself if left out.
    about: what of it is used. settings: of the server that it is run against, beside the usual ones.
    """

    package: str
    version: str
    program: str
    about: str
    requirements: tuple[str, ...] = ()
    npm: bool = False
    settings: dict[str, str] = field(default_factory=dict)

    @property
    def name(self) -> str:
        return f"{self.package} {self.version}"

    def install(self) -> tuple[list[str], dict[str, str]]:
        """Install it unless it is there; answers the command of its program, and variables of its environment."""
        program = str(PROGRAMS / self.program)
        if self.npm:
            node, package = conformance_mcp.install(f"{self.package}@{self.version}", "package.json")
            return [node, program], {"A2A_JS_HOME": str(Path(package).parent)}
        home = ENVIRONMENTS / f"{self.package.partition('[')[0]}-{self.version}"
        python, stamp = home / "bin" / "python", home / "installed"
        if not stamp.exists():
            venv.create(home, with_pip=True, clear=True)
            wanted = self.requirements or (f"{self.package}=={self.version}",)
            subprocess.run([str(python), "-m", "pip", "install", "-q", *wanted], check=True)
            stamp.touch()
        return [str(python), program], {}


CLIENTS = (
    Client("a2a-sdk", "1.3.0", "a2a_sdk_1.py", "the Python SDK, A2A 1.0", ("a2a-sdk[http-server]==1.3.0",)),
    Client("a2a-sdk", "0.3.26", "a2a_sdk_0_3.py", "the Python SDK, A2A 0.3", ("a2a-sdk[http-server]==0.3.26",)),
    Client("@a2a-js/sdk", "1.3.0", "a2a_js.mjs", "the JavaScript SDK, A2A 1.0", npm=True),
    Client("@a2a-js/sdk", "0.3.14", "a2a_js.mjs", "the JavaScript SDK, A2A 0.3", npm=True),
    Client(
        "google-adk",
        "2.13.0",
        "google_adk.py",
        "`RemoteA2aAgent`; where gRPC is on, with `a2a_grpc_on_cards = false`",
        ("google-adk[a2a]==2.13.0",),
        settings={"a2a_grpc_on_cards": "false"},
    ),
    Client(
        "strands-agents",
        "1.62.0",
        "strands_agents.py",
        "`A2AAgent`, over a2a-sdk 0.3",
        ("strands-agents[a2a]==1.62.0",),
    ),
    Client("crewai", "1.15.30", "crewai_delegation.py", "delegation, over a2a-sdk 0.3", ("crewai[a2a]==1.15.30",)),
    Client(
        "agent-framework-a2a", "1.0.0b261022", "ms_agent_framework.py", "`A2AAgent` of Microsoft's, over a2a-sdk 1.x"
    ),
)
