"""Words that people type by habit from other tools, and the command that does it here."""

from __future__ import annotations

from typing import Final

__all__ = ["COMMAND_HINTS"]

_STOP = "Press Ctrl-C where 'agora serve' runs; 'make down' stops a server that 'make up' started"

#: word: what to do instead, a sentence without its full stop
COMMAND_HINTS: Final = {
    "down": _STOP,
    "health": "Use 'agora doctor' for this machine and the connection, 'agora admin health' for the server",
    "init": "Use 'agora serve': the first start creates everything it needs",
    "install": "Use 'agora mcp install' to configure an MCP client",
    "list": "Use 'agora agents', 'agora task list' or 'agora instance list'",
    "logs": "Use 'agora watch' for events, 'agora instance logs' for the log of an instance",
    "ls": "Use 'agora agents', 'agora task list' or 'agora instance list'",
    "messages": "Use 'agora inbox'",
    "ps": "Use 'agora agents' or 'agora instance list'",
    "start": "Use 'agora serve'",
    "status": "Use 'agora doctor' for this machine and the connection, 'agora admin health' for the server",
    "stop": _STOP,
    "tasks": "Use 'agora task list'",
    "up": "Use 'agora serve', or 'make up' in a checkout",
    "upgrade": "Use 'agora db upgrade'",
    "version": "Use 'agora --version'",
    "workers": "Use 'agora monitor workers'",
}
