"""Networking: HTTP requests to others, the egress policy that guards them, and limits of the server's own sockets.

Knows no domain and no store.
"""
