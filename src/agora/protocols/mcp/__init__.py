"""MCP: the marketplace as tools, resources and prompts, in both eras of the protocol.

``endpoint`` receives requests, ``fast_path`` answers the short ones, ``sdk`` passes the rest to the official SDK,
which is imported when first needed. Both use ``server_features``, which does not depend on the caller.
"""
