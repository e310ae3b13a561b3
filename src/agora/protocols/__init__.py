"""Protocols: wire to operation and back, nothing else.

Each room here speaks one protocol and calls the dispatcher. What may not enter: rules of the marketplace,
the store, an engine, another protocol. What HTTP protocols share (credentials, bodies, problems) is in
:mod:`.http`.
"""
