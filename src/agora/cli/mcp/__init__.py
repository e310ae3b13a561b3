"""``agora mcp``: what stands on the machine of an MCP client.

A bridge from the client's standard input and output to a server's ``/mcp`` (``command`` starts it; ``bridge``, ``link``
and ``upstream`` are its layers, from the client's messages down to HTTP; ``place`` finds the server or starts one),
and the entry in the client's configuration (``install``, ``hosts``). It is started anew by each client, which waits
for it: nothing here imports the protocol's SDK, the contract, or the server, but for ``embedded``, a process of its own.
"""

from __future__ import annotations

from .command import group

__all__ = ["group"]
