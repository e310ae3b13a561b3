"""``agora mcp``: the bridge from an MCP client's standard input and output to a server's ``/mcp``.

``command`` starts it; ``bridge``, ``link`` and ``upstream`` are its layers, from the client's messages down to HTTP;
``server_location`` finds the server or starts one; ``install`` and ``hosts`` edit the client's configuration. Each client
starts its own bridge and waits for it, so nothing here imports the MCP SDK, the contract or the server, except
``embedded``, which runs in a separate process.
"""

from __future__ import annotations

from .command import group

__all__ = ["group"]
