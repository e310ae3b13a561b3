"""The supported MCP clients: configuration file and entry format of each."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

__all__ = ["MCP_CLIENTS", "McpClient", "ServerEntry"]


@dataclass(frozen=True, slots=True)
class ServerEntry:
    """The configuration entry: a command with its environment, or a URL with headers."""

    command: tuple[str, ...] = ()
    environment: Mapping[str, str] = field(default_factory=dict)
    url: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)


Form = Callable[[ServerEntry], dict[str, Any]]


@dataclass(frozen=True, slots=True)
class McpClient:
    """An MCP client. user, project: its files; keys: path of the servers in them.

    comments: whether the file may have comments. variable: reference to an environment variable in a value, with ``%s``
    for its name; if None, the file must not contain a credential. http: None if only commands are supported.
    most_tools: limit of tools over all servers; None if unlimited or beyond reach.
    """

    name: str
    title: str
    user: str | None
    keys: tuple[str, ...]
    stdio: Form
    http: Form | None
    project: str | None = None
    mac: str | None = None
    comments: bool = False
    variable: str | None = None
    most_tools: int | None = None

    @property
    def scopes(self) -> tuple[str, ...]:
        """Scopes whose configuration can be written; the default first."""
        scopes_by_preference = ("project", "user") if self.name in PROJECT_SCOPED_CLIENTS else ("user", "project")
        return tuple(scope for scope in scopes_by_preference if self.config_file(scope) is not None)

    def config_file(self, scope: str, platform: str = sys.platform) -> Path | None:
        """Return the file of a scope, if any: the user's own, or that of the project in this directory.

        platform: as Python names it.
        """
        if scope == "project":
            return Path(self.project) if self.project else None
        template = self.mac if platform == "darwin" and self.mac else self.user
        if template is None:
            return None
        config = os.environ.get("XDG_CONFIG_HOME") or "~/.config"
        codex = os.environ.get("CODEX_HOME") or "~/.codex"
        return Path(template.format(config=config, codex=codex)).expanduser()

    @property
    def is_toml(self) -> bool:
        return self.name == "codex"


PROJECT_SCOPED_CLIENTS = frozenset({"claude-code", "vscode", "opencode"})


def _format_command_entry(entry: ServerEntry) -> dict[str, Any]:
    """Build an entry of the ``mcpServers`` format that most clients share."""
    command, *arguments = entry.command
    environment = {"env": dict(entry.environment)} if entry.environment else {}
    return {"command": command, "args": arguments, **environment}


def _format_typed_command_entry(entry: ServerEntry) -> dict[str, Any]:
    return {"type": "stdio", **_format_command_entry(entry)}


def _build_url_entry_formatter(key: str, kind: str | None = None) -> Form:
    """Build a formatter of URL entries with that key, and a type if the client requires one."""

    def format_url_entry(entry: ServerEntry) -> dict[str, Any]:
        headers = {"headers": dict(entry.headers)} if entry.headers else {}
        return {**({"type": kind} if kind else {}), key: entry.url, **headers}

    return format_url_entry


def _format_opencode_entry(entry: ServerEntry) -> dict[str, Any]:
    environment = {"environment": dict(entry.environment)} if entry.environment else {}
    return {"type": "local", "command": list(entry.command), **environment}


def _format_codex_entry(entry: ServerEntry) -> dict[str, Any]:
    """An entry for Codex, which passes environment variables by name and reads the token from one of them."""
    if entry.url:
        token = {"bearer_token_env_var": "AGORA_TOKEN"} if "Authorization" in entry.headers else {}
        return {"url": entry.url, **token}
    command, *arguments = entry.command
    literal_variables = {name: value for name, value in entry.environment.items() if name != "AGORA_TOKEN"}
    token_variable = {"env_vars": ["AGORA_TOKEN"]} if "AGORA_TOKEN" in entry.environment else {}
    return {
        "command": command,
        "args": arguments,
        **token_variable,
        **({"env": literal_variables} if literal_variables else {}),
    }


VSCODE_EXTENSION_SETTINGS = "saoudrizwan.claude-dev/settings/cline_mcp_settings.json"
MACOS_APPLICATION_SUPPORT = "~/Library/Application Support"
MCP_SERVERS = ("mcpServers",)

MCP_CLIENTS: Mapping[str, McpClient] = {
    host.name: host
    for host in (
        McpClient(
            "claude-desktop",
            "Claude Desktop",
            "{config}/Claude/claude_desktop_config.json",
            MCP_SERVERS,
            _format_command_entry,
            None,
            mac=f"{MACOS_APPLICATION_SUPPORT}/Claude/claude_desktop_config.json",
        ),
        McpClient(
            "claude-code",
            "Claude Code",
            "~/.claude.json",
            MCP_SERVERS,
            _format_typed_command_entry,
            _build_url_entry_formatter("url", "http"),
            project=".mcp.json",
            variable="${%s}",
        ),
        McpClient(
            "cursor",
            "Cursor",
            "~/.cursor/mcp.json",
            MCP_SERVERS,
            _format_command_entry,
            _build_url_entry_formatter("url"),
            project=".cursor/mcp.json",
            variable="${env:%s}",
            most_tools=40,
        ),
        McpClient(
            "vscode",
            "VS Code",
            "{config}/Code/User/mcp.json",
            ("servers",),
            _format_typed_command_entry,
            _build_url_entry_formatter("url", "http"),
            project=".vscode/mcp.json",
            mac=f"{MACOS_APPLICATION_SUPPORT}/Code/User/mcp.json",
            comments=True,
            variable="${env:%s}",
            most_tools=128,
        ),
        McpClient(
            "windsurf",
            "Windsurf",
            "~/.codeium/windsurf/mcp_config.json",
            MCP_SERVERS,
            _format_command_entry,
            _build_url_entry_formatter("serverUrl"),
            variable="${env:%s}",
            most_tools=100,
        ),
        McpClient(
            "zed",
            "Zed",
            "{config}/zed/settings.json",
            ("context_servers",),
            _format_command_entry,
            _build_url_entry_formatter("url"),
            mac="~/.config/zed/settings.json",
            comments=True,
        ),
        McpClient(
            "codex",
            "Codex CLI",
            "{codex}/config.toml",
            ("mcp_servers",),
            _format_codex_entry,
            _format_codex_entry,
            project=".codex/config.toml",
            variable="%s",
        ),
        McpClient(
            "gemini",
            "Gemini CLI",
            "~/.gemini/settings.json",
            MCP_SERVERS,
            _format_command_entry,
            _build_url_entry_formatter("httpUrl"),
            project=".gemini/settings.json",
            comments=True,
            variable="${%s}",
        ),
        McpClient(
            "opencode",
            "opencode",
            "{config}/opencode/opencode.json",
            ("mcp", "servers"),
            _format_opencode_entry,
            _build_url_entry_formatter("url", "remote"),
            project=".opencode/opencode.json",
            mac="~/.config/opencode/opencode.json",
            comments=True,
            variable="{env:%s}",
        ),
        McpClient(
            "cline",
            "Cline",
            "{config}/Code/User/globalStorage/" + VSCODE_EXTENSION_SETTINGS,
            MCP_SERVERS,
            _format_command_entry,
            _build_url_entry_formatter("url", "streamableHttp"),
            mac=f"{MACOS_APPLICATION_SUPPORT}/Code/User/globalStorage/{VSCODE_EXTENSION_SETTINGS}",
        ),
        McpClient(
            "generic",
            "any other client",
            None,
            MCP_SERVERS,
            _format_command_entry,
            _build_url_entry_formatter("url", "http"),
        ),
    )
}
