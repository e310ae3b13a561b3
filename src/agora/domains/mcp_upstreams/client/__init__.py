"""Upstream MCP servers: one persistent connection to each, its listing, and calls of its tools.

``port`` is what services and controllers know; ``pool`` implements it. The protocol's SDK is imported with the first
upstream, not before. Nothing of services enters, nothing of the store, nothing of HTTP on our side.
"""
