"""Networking: outgoing HTTP requests, their egress policy, and limits of the server's own sockets.

Independent of domains and the store.
"""
