"""The coding agents that the worker supports: how to start, find and install each of them."""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

__all__ = ["AGENTS", "CodingAgent", "list_installed_agents"]


@dataclass(frozen=True, slots=True)
class CodingAgent:
    """A coding agent that speaks the Agent Client Protocol.

    command: start command, whose first word is looked up in PATH. credential_files, credential_variables: files below
    the home directory and environment variables; one of them exists once the agent is logged in. install, login:
    commands for the user. environment: variables added to the worker's own environment.
    """

    name: str
    title: str
    command: tuple[str, ...]
    credential_files: tuple[str, ...]
    credential_variables: tuple[str, ...]
    install: str
    login: str
    environment: Mapping[str, str]

    def find_executable(self) -> str | None:
        """Return the path of its program; None if it is not installed."""
        return shutil.which(self.command[0])

    def find_credential(self, environment: Mapping[str, str], home: Path) -> str | None:
        """Return the variable or file with its credential; None without one."""
        for variable in self.credential_variables:
            if environment.get(variable):
                return variable
        for name in self.credential_files:
            if (home / name).exists():
                return f"~/{name}"
        return None

    def derive_account_name(self, environment: Mapping[str, str], home: Path) -> str | None:
        """Return an opaque name of its credential's account: equal for equal credentials, on any machine."""
        source = self.find_credential(environment, home)
        if source is None:
            return None
        try:
            secret = (home / source[2:]).read_bytes() if source.startswith("~/") else environment[source].encode()
        except OSError:
            return None
        # Slow hash, truncated: the name does not allow a brute-force attack on credentials that people chose.
        digest = hashlib.scrypt(secret, salt=b"agora provider account", n=2**14, r=8, p=1, dklen=12)
        return f"{self.name}:{digest.hex()}"


AGENTS: Mapping[str, CodingAgent] = {
    agent.name: agent
    for agent in (
        CodingAgent(
            "opencode",
            "OpenCode",
            # The log is the only place where it reports a usage limit: over the protocol it retries without a message.
            ("opencode", "acp", "--print-logs", "--log-level", "WARN"),
            (".local/share/opencode/auth.json", ".config/opencode/opencode.json"),
            ("ANTHROPIC_API_KEY", "OPENAI_API_KEY", "GOOGLE_GENERATIVE_AI_API_KEY", "OPENCODE_CONFIG_CONTENT"),
            "npm install -g opencode-ai",
            "opencode auth login",
            {"OPENCODE_DISABLE_AUTOUPDATE": "1"},
        ),
        CodingAgent(
            "claude",
            "Claude Code",
            ("claude-agent-acp",),
            (".claude/.credentials.json",),
            ("ANTHROPIC_API_KEY", "CLAUDE_CODE_OAUTH_TOKEN", "ANTHROPIC_AUTH_TOKEN"),
            "npm install -g @anthropic-ai/claude-code @agentclientprotocol/claude-agent-acp  (Node 22 or newer)",
            "claude, then /login",
            # An update during a job would replace the running program, perhaps by one of another protocol version.
            {"DISABLE_AUTOUPDATER": "1"},
        ),
        CodingAgent(
            "codex",
            "Codex",
            ("codex-acp",),
            (".codex/auth.json",),
            ("OPENAI_API_KEY", "CODEX_API_KEY"),
            "npm install -g @openai/codex @agentclientprotocol/codex-acp",
            "codex login",
            # In its default mode its own model decides on permissions, and no person is asked.
            {"INITIAL_AGENT_MODE": "workspace-write"},
        ),
        CodingAgent(
            "gemini",
            "Gemini CLI",
            ("gemini", "--acp"),
            (".gemini/oauth_creds.json",),
            ("GEMINI_API_KEY", "GOOGLE_API_KEY"),
            "npm install -g @google/gemini-cli",
            "gemini, then /auth",
            {},
        ),
    )
}


def list_installed_agents() -> list[CodingAgent]:
    """List the agents whose program is in PATH, in order of preference."""
    return [agent for agent in AGENTS.values() if agent.find_executable() is not None]
