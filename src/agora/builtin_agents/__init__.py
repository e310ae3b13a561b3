"""Residents: agents that live in the server's own process.

Built-in ones, and proxies of agents elsewhere. A resident is an agent like any other: it has a row, a card and an inbox,
and its tasks are claimed with a lease and written under a fencing token. What it does with the marketplace, it does
through the dispatcher, as itself. :mod:`agora.residents.port` is what a resident is written against;
:mod:`agora.residents.host` runs them. Nothing of a protocol, of HTTP or of SQL may enter the port and the host.
"""
