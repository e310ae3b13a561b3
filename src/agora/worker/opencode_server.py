"""Use of a running OpenCode server (``opencode serve``) instead of a separate agent process.

The server does the work, so it must see the worker's directories: it runs on the same machine, or mounts them at the
same paths. Permissions follow its own configuration: nobody is asked.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

__all__ = ["build_attach_command"]

DEFAULT_PORT = "4096"  #: default of ``opencode serve``
_HOST = re.compile(r"[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?|\[[0-9A-Fa-f:]+\]")


def build_attach_command(environment: Mapping[str, str]) -> str | None:
    """Build the command line that sends a prompt to the server named by OPENCODE_HOST and OPENCODE_PORT; None without
    either.

    Raises ValueError for an invalid host or port.
    """
    host, port = environment.get("OPENCODE_HOST", ""), environment.get("OPENCODE_PORT", "")
    if not host and not port:
        return None
    host, port = host or "localhost", port or DEFAULT_PORT
    # It becomes a part of a command line: white space or braces in it would change the command.
    if not _HOST.fullmatch(host):
        raise ValueError(f"OPENCODE_HOST is the name or address of a host, not {host[:100]!r}.")
    if not port.isdecimal() or not 0 < int(port) < 65_536:
        raise ValueError(f"OPENCODE_PORT is a port, not {port[:100]!r}.")
    return f"opencode run --attach http://{host}:{port} --dir {{directory}} {{prompt}}"
