"""The tested clients, with pinned versions, and their installation into separate environments."""

from __future__ import annotations

import subprocess
import sys
import venv
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from scripts import conformance_mcp

from .running import PROGRAMS

__all__ = ["CLIENTS", "MCP_CLIENTS", "Client", "install_environment"]

ENVIRONMENTS = Path(sys.prefix) / "share" / "agora-clients"


def install_environment(name: str, requirements: Sequence[str]) -> Path:
    """Install packages into an environment of that name, if missing. Returns its interpreter."""
    home = ENVIRONMENTS / name
    python, stamp = home / "bin" / "python", home / "installed"
    if not stamp.exists():
        venv.create(home, with_pip=True, clear=True)
        subprocess.run([str(python), "-m", "pip", "install", "-q", *requirements], check=True)
        stamp.touch()
    return python


@dataclass(frozen=True)
class Client:
    """A package that implements A2A or MCP.

    package: name on PyPI, or on npm with ``npm``. requirements: packages to install; default: the package itself.
    about: the tested part. settings: additional settings of the server. arguments: of its program, after those of all
    programs. variant: distinguishes several tests of one package. A Python program that runs an npm package finds it by
    environment variables.
    """

    package: str
    version: str
    program: str
    about: str
    requirements: tuple[str, ...] = ()
    npm: bool = False
    settings: dict[str, str] = field(default_factory=dict)
    protocol: str = "a2a"
    arguments: tuple[str, ...] = ()
    variant: str = ""

    @property
    def name(self) -> str:
        return f"{self.package} {self.version}{self.variant and f', {self.variant}'}"

    def install(self) -> tuple[list[str], dict[str, str]]:
        """Install the client if missing. Returns the command of its program, and environment variables."""
        program = str(PROGRAMS / self.program)
        if self.npm:
            node, package = conformance_mcp.install(f"{self.package}@{self.version}", "package.json")
            interpreter = sys.executable if program.endswith(".py") else node
            variables = {f"{self.protocol.upper()}_JS_HOME": str(Path(package).parent), "NODE": node}
            return [interpreter, program], variables
        python = install_environment(
            f"{self.protocol}/{self.package.partition('[')[0]}-{self.version}",
            self.requirements or (f"{self.package}=={self.version}",),
        )
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
        "`RemoteA2aAgent`; requires `a2a_grpc_on_cards = false` if the server offers gRPC",
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
    Client("agent-framework-a2a", "1.0.0b261022", "ms_agent_framework.py", "Microsoft's `A2AAgent`, over a2a-sdk 1.x"),
)


def _mcp(package: str, version: str, program: str, about: str, *requirements: str, **more: Any) -> Client:
    return Client(package, version, program, about, requirements, protocol="mcp", **more)


MCP_CLIENTS = (
    _mcp("mcp", "2.3.0", "mcp_sdk_2.py", "the Python SDK with its default protocol version, 2026-07-28"),
    _mcp("mcp", "2.3.0", "mcp_sdk_2.py", "the Python SDK with a session", arguments=("legacy",), variant="2025-11-25"),
    _mcp("mcp", "1.30.0", "mcp_sdk_1.py", "the Python SDK that most frameworks use"),
    _mcp("@modelcontextprotocol/sdk", "1.32.2", "mcp_sdk.mjs", "the TypeScript SDK", npm=True),
    _mcp("@modelcontextprotocol/inspector", "2.12.0", "mcp_inspector.py", "`--cli`, lists with `--strict`", npm=True),
    _mcp("fastmcp", "4.1.6", "mcp_fastmcp.py", "`Client`"),
    _mcp("langchain-mcp-adapters", "0.3.2", "mcp_langchain.py", "`MultiServerMCPClient` and its tools"),
    _mcp("llama-index-tools-mcp", "0.6.0", "mcp_llama_index.py", "`McpToolSpec` over `BasicMCPClient`"),
    _mcp("openai-agents", "0.24.0", "mcp_openai_agents.py", "`MCPServerStreamableHttp` and its tools"),
    _mcp("pydantic-ai-slim", "2.68.0", "mcp_pydantic_ai.py", "`MCPToolset`", "pydantic-ai-slim[mcp]==2.68.0"),
    _mcp("google-adk", "2.13.0", "mcp_google_adk.py", "`McpToolset` and its tools", "google-adk[mcp]==2.13.0"),
    _mcp("mcp-use", "1.7.1", "mcp_use_client.py", "`MCPClient`"),
)
